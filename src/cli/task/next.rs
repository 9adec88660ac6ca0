//! `researchloop task next`

use clap::Args;

use super::claim::tell_claim;
use super::who::WhoArgs;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::task::{self, Claim};
use crate::view::{NextTask, NothingReady, OneTask};

#[derive(Debug, Args)]
pub struct NextArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// Take it, too
    #[arg(long)]
    claim: bool,
    #[command(flatten)]
    who: WhoArgs,
}

/// Shows it, and takes it when that is wanted.
pub fn run(app: &App, ui: &Ui, args: &NextArgs) -> Result {
    let (who, seconds) = (args.who.name()?, args.who.seconds()?);
    let claim = args.claim.then_some(Claim { who: &who, seconds });
    let next = task::next(app, args.study.as_deref(), claim)?;
    ui.answer(&next);
    match &next {
        NextTask::Found(OneTask { task }) => {
            ui.hint(&format!("`researchloop sprint run --task {0}` starts a sprint for it, `researchloop task claim {0}` takes it", task.id));
            Ok(Exit::Success)
        }
        NextTask::Claimed(claimed) => {
            tell_claim(ui, claimed);
            Ok(Exit::Success)
        }
        NextTask::Nothing(nothing) => {
            tell_nothing(ui, nothing);
            Ok(Exit::Waiting)
        }
    }
}

fn tell_nothing(ui: &Ui, nothing: &NothingReady) {
    if nothing.counts.is_empty() {
        ui.status("The backlog is empty.");
        ui.hint("`researchloop task add \"an idea\" -s STUDY` adds a task");
    } else {
        let counts: Vec<String> =
            nothing.counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        ui.status(&format!("No task is ready: {}.", counts.join(", ")));
        ui.hint("`researchloop task graph` shows what waits for what");
    }
}

impl Render for NextTask {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        match self {
            Self::Found(OneTask { task }) => {
                vec![format!("{}  {}  {}", task.id, task.priority, text::clean(&task.idea))]
            }
            Self::Claimed(claimed) => claimed.lines(ui),
            Self::Nothing(_) => Vec::new(),
        }
    }
}
