//! Standing orders: turn ready tasks, or ideas that a job finds, into sprints, within limits.
//!
//! A loop is advanced in one transaction, from what the database holds at that moment. Counts,
//! money and failures are asked for each time: an end that is given twice, late, or by two ticks at
//! once changes nothing.

mod advance;
mod begin;
#[cfg(test)]
mod budget_tests;
mod control;
mod handle;
mod stop;

pub use advance::{Advanced, advance_all, advance_one, may_begin};
pub use begin::BeginEvent;
pub use control::{Edit, LoopError, Order};
pub use handle::Handle;
