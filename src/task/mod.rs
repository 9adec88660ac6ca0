//! What can be done with the tasks of a backlog, beyond one change of the database.

mod finish;
pub mod graph;
mod import;
mod json;
pub mod tree;

pub use finish::{FinishError, finish};
pub use import::{Draft, FIELDS, ImportError, create_all, read};
