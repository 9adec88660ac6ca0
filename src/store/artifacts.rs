//! Which files of a sprint lie on this machine.

use super::{Change, Store, StoreError};
use crate::domain::SprintId;

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Below the sprint's folder in the artifact directory.
    pub path: String,
    /// In bytes.
    pub size: u64,
}

impl Store {
    /// The files of a sprint, by name.
    pub fn artifacts(&self, sprint: &SprintId) -> Result<Vec<Artifact>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT path, size FROM artifacts WHERE sprint_id = ?1 ORDER BY path",
        )?;
        let rows = query.query_map([sprint], |row| {
            Ok(Artifact {
                path: row.get(0)?,
                size: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Change<'_> {
    /// Remembers a file.
    pub fn put_artifact(&self, sprint: &SprintId, path: &str, size: u64) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO artifacts (sprint_id, path, size, fetched_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((sprint, path, i64::try_from(size).unwrap_or(i64::MAX), self.stamp()))?;
        Ok(())
    }
}
