//! The tests of what a user notices: the real program, in a folder of its own.

#![expect(clippy::disallowed_methods, reason = "tests start programs and wait for them")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod harness;
mod promises;
mod real;
mod tidy;
