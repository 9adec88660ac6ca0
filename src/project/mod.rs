//! What can be done with a project: check its configuration.

mod check;

pub use check::{check, check_options};
