//! `researchloop cron ...`

mod install;
mod remove;
mod show;

use clap::Subcommand;

pub use install::InstallArgs;

use super::Global;
use super::exit::Result;
use super::ui::Ui;

/// Let cron run `tick`, so that everything goes on while you are away
#[derive(Debug, Subcommand)]
pub enum CronCommand {
    /// Put a line for this project into your crontab, after a try in cron's own environment
    Install(InstallArgs),
    /// Take the line of this project out of your crontab
    Remove,
    /// Show the line, the last good tick, and what went wrong since
    Show,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &CronCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        CronCommand::Install(args) => install::run(&app, ui, args),
        CronCommand::Remove => remove::run(&app, ui),
        CronCommand::Show => show::run(&app, ui),
    }
}
