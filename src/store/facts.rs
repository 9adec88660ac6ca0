//! Small facts with a name.

use rusqlite::OptionalExtension as _;

use super::{Change, Store, StoreError};

impl Store {
    /// A fact that was set.
    pub fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        fact(&self.connection, name)
    }
}

fn fact(connection: &rusqlite::Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

impl Change<'_> {
    /// A fact, as this change sees it.
    pub fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        fact(&self.transaction, name)
    }

    /// Sets a fact, or replaces it.
    pub fn set_fact(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
            .execute((name, value))?;
        Ok(())
    }
}
