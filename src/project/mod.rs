//! What can be done with a project: begin one, check its configuration, demonstrate one.

mod check;
pub mod demo;
mod init;
mod last_look;

pub use check::{check, check_options};
pub use init::{init, new_file};
pub use last_look::last_look;
