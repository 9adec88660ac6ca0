//! What people are to be told, each once.

use super::sprints::SprintRow;
use super::{Change, StoreError};
use crate::platform::clock;

impl Change<'_> {
    /// Notes something that people are to be told. The same key is told once.
    pub fn notice(&self, key: &str, kind: &str, data: &serde_json::Value) -> Result<(), StoreError> {
        self.transaction.prepare_cached("INSERT OR IGNORE INTO outbox (key, kind, data, created_at) VALUES (?1, ?2, ?3, ?4)")?.execute((
            key,
            kind,
            data.to_string(),
            clock::now().to_string(),
        ))?;
        Ok(())
    }

    /// Notes what there is to tell of a sprint whose state has changed.
    pub(super) fn tell_of_state(&self, _before: &SprintRow, _after: &SprintRow) -> Result<(), StoreError> {
        Ok(())
    }
}
