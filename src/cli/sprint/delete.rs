//! `researchloop sprint delete`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::Handle;
use crate::view::Deleted;

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The sprint's id, or a unique prefix of it
    id: String,
    /// Remove its directory on the cluster too
    #[arg(long)]
    remote: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Forgets a sprint and its files on this machine.
pub fn run(app: &App, ui: &Ui, args: &DeleteArgs) -> Result {
    let mut sprint = Handle::open(app, &args.id)?;
    sprint.refuse_needed()?;
    let row = sprint.row.clone();
    let what = if args.remote { " and its directory on the cluster" } else { "" };
    if !args.yes
        && !ui.ask(&format!(
            "Delete {}{what}: {}?",
            row.id,
            text::short(&text::clean(row.idea.as_deref().unwrap_or("-")), 60)
        ))
    {
        if ui.can_ask() {
            ui.status("Nothing was deleted.");
            return Ok(Exit::Bad);
        }
        return Err(Problem::new(ProblemKind::Usage, "there is no terminal to ask on")
            .hint("add --yes to delete without asking"));
    }
    ui.answer(&sprint.delete(app, args.remote)?);
    ui.status(&format!(
        "{}: deleted{}",
        row.id,
        if args.remote { ", here and on the cluster" } else { " here" }
    ));
    Ok(Exit::Success)
}

impl Render for Deleted {}
