//! Tasks, what they need, and who has them.
//!
//! Only `open`, `done`, `dead`, `skipped` and `cancelled` are stored. Whether an open task is
//! ready is a question to the view `task_states`, asked when it matters: there is nothing that
//! could be forgotten to be kept right.

mod claims;
mod edit;
mod ends;
mod graph;
mod rows;

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;

pub use edit::{NewTask, TaskEdit};
pub use rows::{Need, TaskFilter, TaskRow};

use super::StoreError;
use crate::domain::TaskId;
use crate::domain::action::Action;
use crate::domain::task_rules::Refusal;
use crate::problem::{Problem, ProblemKind};

/// Why something is not done with a task.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// There is none with this id.
    #[error("there is no task {0}")]
    Unknown(TaskId),
    /// Tasks would wait for each other.
    #[error("these tasks would wait for each other: {}", path(.0))]
    Cycle(Vec<String>),
    /// The token is not that of the claim.
    #[error("{0}")]
    Stale(Refusal),
    /// The task is not in a state for that.
    #[error(transparent)]
    NotNow(#[from] Refusal),
    /// It cannot be meant.
    #[error("{0}")]
    Wrong(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TaskError> for Problem {
    fn from(error: TaskError) -> Self {
        let message = error.to_string();
        match error {
            TaskError::Unknown(_) => Self::new(ProblemKind::NotFound, message)
                .hint(format!("`{}` lists them", Action::ListTasks { all: true })),
            TaskError::Cycle(_) => Self::new(ProblemKind::Conflict, message).hint(format!(
                "nothing was changed; `{}` shows what waits for what",
                Action::GraphTasks
            )),
            TaskError::Stale(refusal) | TaskError::NotNow(refusal) => {
                Self::new(ProblemKind::Conflict, message).hint(refusal.hint)
            }
            TaskError::Wrong(_) => Self::new(ProblemKind::Usage, message),
            TaskError::Store(error) => error.into(),
        }
    }
}

/// For those who cannot be refused: they have asked before.
impl From<TaskError> for StoreError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Store(error) => error,
            other => Self::Unexpected(other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for TaskError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A circle in one line; the middle of a long one is left out.
fn path(tasks: &[String]) -> String {
    if tasks.len() <= 20 {
        return tasks.join(" → ");
    }
    format!(
        "{} → ... ({} more) → {}",
        tasks[..10].join(" → "),
        tasks.len() - 15,
        tasks[tasks.len() - 5..].join(" → ")
    )
}
