//! `researchloop config ...`

mod check;

use clap::Subcommand;

use super::Global;
use super::exit::Result;
use super::ui::Ui;

/// Look at the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it, and print every value with its source
    Check,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &ConfigCommand) -> Result {
    match command {
        ConfigCommand::Check => check::run(global, ui),
    }
}
