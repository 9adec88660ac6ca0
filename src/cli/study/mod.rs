//! `researchloop study ...`

mod findings;
mod init;
mod leaderboard;
mod list;
mod open;
mod set;
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
    /// Show a study as a page in your browser: leaderboard, findings, sprints
    Open(open::OpenArgs),
    /// Begin a study: write its CLAUDE.md and program.md, and add it to the configuration
    Init(init::InitArgs),
    /// Change settings of a study in the configuration file; comments and layout stay
    Set(set::SetArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &StudyCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        StudyCommand::List => list::run(&app, ui),
        StudyCommand::Show(args) => show::run(&app, ui, args),
        StudyCommand::Leaderboard(args) => leaderboard::run(&app, ui, args),
        StudyCommand::Findings(args) => findings::run(&app, ui, args),
        StudyCommand::Open(args) => open::run(&app, ui, args),
        StudyCommand::Init(args) => init::run(&app, ui, args),
        StudyCommand::Set(args) => set::run(&app, ui, args),
    }
}
