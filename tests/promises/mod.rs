//! What the documentation promises is so.

mod backlog;
mod cli_reference;
mod configuration_reference;
mod document;
mod generated;
mod hints;
mod readme;
