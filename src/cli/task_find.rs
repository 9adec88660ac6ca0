//! Finds a task by its id or the beginning of one.

use super::failure::{Failure, Kind, Result};
use super::find::{self, Ids};
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
    store.task(&id)?.ok_or_else(|| Failure::new(Kind::NotFound, format!("there is no task {id}")))
}
