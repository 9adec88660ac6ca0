//! Finds a task by its id or the beginning of one.

use super::exit::Result;
use super::find::{self, Ids};
use crate::problem::{Problem, ProblemKind};
use crate::store::{Store, TaskRow};

/// Finds a task by its id or the beginning of one.
pub fn find_task(store: &Store, text: &str) -> Result<TaskRow> {
    let ids = Ids {
        prefix: "t-",
        what: "task",
        list: "researchloop task list --all",
        like: &|beginning| store.task_ids_like(beginning),
    };
    let id = find::id(&ids, text)?;
    store
        .task(&id)?
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("there is no task {id}")))
}
