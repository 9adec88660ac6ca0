//! `researchloop loop ...`

mod begin;
mod edit;
mod list;
mod order;
mod resume;
mod show;
mod start;
mod stop;

use clap::Subcommand;

use super::Global;
use super::exit::Result;
use super::ui::Ui;

/// Turn tasks and ideas into sprints, one after the other, within limits
#[derive(Debug, Subcommand)]
pub enum LoopCommand {
    /// Start a loop on a study
    Start(start::StartArgs),
    /// List loops, the running ones first
    #[command(visible_alias = "status")]
    List(list::ListArgs),
    /// Show one loop: what it did, what it has used, why it ended
    Show(show::ShowArgs),
    /// Change what a loop does from now on
    Edit(edit::EditArgs),
    /// Stop a loop; jobs that run go on, unless --now
    Stop(stop::StopArgs),
    /// Let a loop that has ended run again; what it has done and used counts on
    Resume(edit::EditArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: LoopCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        LoopCommand::Start(args) => start::run(&app, ui, &args),
        LoopCommand::List(args) => list::run(&app, ui, &args),
        LoopCommand::Show(args) => show::run(&app, ui, &args),
        LoopCommand::Edit(args) => edit::run(&app, ui, &args),
        LoopCommand::Stop(args) => stop::run(&app, ui, &args),
        LoopCommand::Resume(args) => resume::run(&app, ui, &args),
    }
}
