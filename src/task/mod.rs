//! What can be done with the tasks of a backlog.

mod claim;
mod edit;
mod finish;
pub mod graph;
mod import;
mod json;
mod take_in;
pub mod tree;

pub use claim::{Claim, claim, fail, heartbeat, next, release};
pub use edit::{add, cancel, edit, retry};
pub use finish::{FinishError, done};
pub use import::{Draft, FIELDS, read};
pub use take_in::{create, import, refused, repeats};

pub use crate::store::{NewTask, TaskEdit};
