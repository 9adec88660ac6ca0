//! `researchloop task ...`

mod add;
mod cancel;
mod claim;
mod done;
mod edit;
mod fail;
mod graph;
mod heartbeat;
mod import;
mod lines;
mod list;
mod next;
mod release;
mod retry;
mod show;
mod who;

use clap::{Args, Subcommand};

use super::Global;
use super::exit::Result;
use super::ui::Ui;

pub use import::{lines_of, tell_repeats};

/// The backlog: ideas, what they need, and who works on them
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Add an idea to the backlog
    Add(add::AddArgs),
    /// List tasks in the order in which they are taken
    List(list::ListArgs),
    /// Show one task: what it needs, what waits for it, its attempts, what to do next
    Show(show::ShowArgs),
    /// Change tasks, or what they need
    Edit(edit::EditArgs),
    /// Show the task that is to be begun next
    Next(next::NextArgs),
    /// Take a ready task for a while; prints the claim's token
    Claim(claim::ClaimArgs),
    /// Extend a claim
    Heartbeat(heartbeat::HeartbeatArgs),
    /// Give a claim back; nothing is counted
    Release(TokenArgs),
    /// Say that a task is done; its command must succeed here first
    Done(done::DoneArgs),
    /// Say that a task failed
    Fail(fail::FailArgs),
    /// Open tasks again, and forget how often they have failed
    Retry(ManyArgs),
    /// Cancel tasks, with their parts
    Cancel(cancel::CancelArgs),
    /// Add the tasks of a YAML or JSON file, all or none
    Import(import::ImportArgs),
    /// Show what waits for what
    Graph(graph::GraphArgs),
}

#[derive(Debug, Args)]
pub struct ManyArgs {
    /// The tasks' ids, or the beginnings of them: all are changed, or none
    #[arg(required = true, value_name = "ID")]
    pub(super) ids: Vec<String>,
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The task's id, or a unique prefix of it
    pub(super) id: String,
    /// The claim's token
    #[arg(long, value_name = "N")]
    pub(super) token: Option<i64>,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &TaskCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        TaskCommand::Add(args) => add::run(&app, ui, args),
        TaskCommand::List(args) => list::run(&app, ui, args),
        TaskCommand::Show(args) => show::run(&app, ui, args),
        TaskCommand::Edit(args) => edit::run(&app, ui, args),
        TaskCommand::Next(args) => next::run(&app, ui, args),
        TaskCommand::Claim(args) => claim::run(&app, ui, args),
        TaskCommand::Heartbeat(args) => heartbeat::run(&app, ui, args),
        TaskCommand::Release(args) => release::run(&app, ui, args),
        TaskCommand::Done(args) => done::run(&app, ui, args),
        TaskCommand::Fail(args) => fail::run(&app, ui, args),
        TaskCommand::Retry(args) => retry::run(&app, ui, args),
        TaskCommand::Cancel(args) => cancel::run(&app, ui, args),
        TaskCommand::Import(args) => import::run(&app, ui, args),
        TaskCommand::Graph(args) => graph::run(&app, ui, args),
    }
}
