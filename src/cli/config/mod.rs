//! `researchloop config ...`

pub mod check;

use clap::Subcommand;

use super::Global;
use super::exit::Result;
use super::ui::Ui;

/// Look at the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it, and print what differs from the defaults, with its source
    Check(check::CheckArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &ConfigCommand) -> Result {
    match command {
        ConfigCommand::Check(args) => check::run(global, ui, args),
    }
}
