//! What the documentation promises is so.

mod backlog;
mod cli_reference;
mod configuration_reference;
mod database;
mod document;
mod generated;
mod hints;
mod readme;
