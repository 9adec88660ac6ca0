//! Tasks, what they need, and who has them.

use super::sprints::SprintRow;
use super::{Change, StoreError};

impl Change<'_> {
    /// Ends the claim of a sprint that is over, and lets its task know what came out.
    pub(super) fn settle_task_of(&self, _sprint: &SprintRow) -> Result<(), StoreError> {
        Ok(())
    }
}

pub struct TaskRow {
    pub id: crate::domain::TaskId,
    pub idea: String,
}
pub struct Backlog {
    pub open: u32,
    pub moves_by_itself: bool,
}
impl Change<'_> {
    pub fn next_ready(&self, _study: &str) -> Result<Option<TaskRow>, StoreError> {
        Ok(None)
    }
    pub fn claim_for_sprint(&self, _task: &str, _sprint: &str) -> Result<(), StoreError> {
        Ok(())
    }
    pub fn backlog(&self, _study: &str) -> Result<Backlog, StoreError> {
        Ok(Backlog { open: 0, moves_by_itself: false })
    }
}
