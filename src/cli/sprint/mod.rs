//! `researchloop sprint ...`

mod cancel;
mod delete;
mod dry_run;
mod fetch;
mod list;
mod log;
mod resubmit;
mod run;
mod show;
mod submit;
mod tweak;
mod watch;

use clap::Subcommand;

pub use cancel::CancelArgs;
pub use list::{ListArgs, table};
pub use log::LogArgs;
pub use run::RunArgs;
pub use submit::{submit, tell};

use super::Global;
use super::exit::Result;
use super::ui::Ui;
use super::which::WhichArgs;

/// Run and watch sprints, fetch their results
#[derive(Debug, Subcommand)]
pub enum SprintCommand {
    /// Run one idea as a sprint
    Run(RunArgs),
    /// List sprints, newest first
    List(ListArgs),
    /// Show one sprint: its state, its cost, and what to do next
    Show(WhichArgs),
    /// Show a live screen until the sprint ends; Ctrl-C leaves the job running
    Watch(WhichArgs),
    /// Print what happened, line by line
    Log(LogArgs),
    /// Fetch the sprint's files to this machine
    Fetch(fetch::FetchArgs),
    /// End the sprint and everything that it has started
    Cancel(CancelArgs),
    /// Ask for a small change of a finished sprint, in its directory and its session
    Tweak(tweak::TweakArgs),
    /// Run the same idea again, as a new sprint
    Resubmit(resubmit::ResubmitArgs),
    /// Forget a sprint and its files on this machine
    Delete(delete::DeleteArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: SprintCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        SprintCommand::Run(args) => run::run(&app, ui, &args),
        SprintCommand::List(args) => list::run(&app, ui, &args),
        SprintCommand::Show(args) => show::run(&app, ui, &args),
        SprintCommand::Watch(args) => watch::run(&app, ui, &args),
        SprintCommand::Log(args) => log::run(&app, ui, &args),
        SprintCommand::Fetch(args) => fetch::run(&app, ui, &args),
        SprintCommand::Cancel(args) => cancel::run(&app, ui, &args),
        SprintCommand::Tweak(args) => tweak::run(&app, ui, &args),
        SprintCommand::Resubmit(args) => resubmit::run(&app, ui, &args),
        SprintCommand::Delete(args) => delete::run(&app, ui, &args),
    }
}
