//! Tasks, what they need, and who has them.

use super::sprints::SprintRow;
use super::{Change, StoreError};

impl Change<'_> {
    /// Ends the claim of a sprint that is over, and lets its task know what came out.
    pub(super) fn settle_task_of(&self, _sprint: &SprintRow) -> Result<(), StoreError> {
        Ok(())
    }
}
