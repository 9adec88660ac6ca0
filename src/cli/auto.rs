//! `researchloop auto`: whether everything goes on by itself, without a word about ticks.

use clap::Subcommand;

use super::Global;
use super::cron::{CronCommand, InstallArgs};
use super::exit::Result;
use super::ui::Ui;

/// Let everything go on by itself while you are away, by cron
#[derive(Debug, Subcommand)]
pub enum AutoCommand {
    /// Begin: clusters are checked and sprints go on every few minutes, as long as this machine is awake
    On(InstallArgs),
    /// Stop: jobs that run go on, and nothing new is begun
    Off,
    /// Show whether it is on, when it last ran, and what went wrong since
    Status,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: AutoCommand) -> Result {
    let command = match command {
        AutoCommand::On(args) => CronCommand::Install(args),
        AutoCommand::Off => CronCommand::Remove,
        AutoCommand::Status => CronCommand::Show,
    };
    super::cron::run(global, ui, &command)
}
