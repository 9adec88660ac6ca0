//! `researchloop study ...`

mod findings;
mod init;
mod leaderboard;
mod list;
mod show;

use clap::Subcommand;

use super::Global;
use super::exit::Result;
use super::ui::Ui;

/// List studies, create one
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// List the studies of the configuration
    List,
    /// Show one study and its newest sprints
    Show(show::ShowArgs),
    /// Rank the sprints of a study by its metric, and draw how it developed
    Leaderboard(leaderboard::LeaderboardArgs),
    /// List what the sprints of a study found, newest first
    Findings(findings::FindingsArgs),
    /// Write a CLAUDE.md and a program.md for a new study, and say what to add to the configuration
    Init(init::InitArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &StudyCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        StudyCommand::List => list::run(&app, ui),
        StudyCommand::Show(args) => show::run(&app, ui, args),
        StudyCommand::Leaderboard(args) => leaderboard::run(&app, ui, args),
        StudyCommand::Findings(args) => findings::run(&app, ui, args),
        StudyCommand::Init(args) => init::run(&app, ui, args),
    }
}
