//! `researchloop task add`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{input, values, which};
use crate::domain::TaskState;
use crate::domain::task::MAX_ATTEMPTS;
use crate::task::{self, NewTask};
use crate::view::AddedTask;

#[derive(Debug, Args)]
pub struct AddArgs {
    /// The idea; `-` reads it from standard input
    idea: String,
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
    /// A task that must have ended before, and how: done (default), supported, refuted, failed or any
    #[arg(long, value_name = "ID[:HOW]")]
    needs: Vec<String>,
    /// How urgent it is: p0, p1 or p2
    #[arg(short, long, default_value = "p1")]
    priority: String,
    /// The task that it is a part of
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// When it counts as done, in words
    #[arg(long, value_name = "TEXT")]
    done_when: Option<String>,
    /// A command for bash that must succeed before it is done
    #[arg(long, value_name = "COMMAND")]
    verify: Option<String>,
    /// How often it may fail
    #[arg(long, value_name = "N", default_value_t = MAX_ATTEMPTS)]
    max_attempts: u32,
}

/// Adds one.
pub fn run(app: &App, ui: &Ui, args: &AddArgs) -> Result {
    let needs = values::needs(&args.needs)?;
    let priority = values::priority(&args.priority)?;
    let idea = input::given(&args.idea, "the idea")?;
    let study = which::study(app, args.study.as_deref())?;
    let new = NewTask {
        priority,
        done_when: args.done_when.as_deref().unwrap_or_default(),
        verify: args.verify.as_deref().unwrap_or_default(),
        max_attempts: args.max_attempts,
        ..NewTask::new(&study, &idea, "person")
    };
    let added = task::add(app, &new, &needs, args.parent.as_deref())?;
    ui.answer(&added);
    let id = &added.task.id;
    ui.status(&format!("{id}: {}", added.task.state));
    if let Some(earlier) = &added.same_as {
        ui.warning(&format!(
            "{id}: the same idea as {earlier}; if that was not meant: `researchloop task cancel {id}`"
        ));
    }
    if added.task.state == TaskState::Ready {
        ui.hint(&format!("`researchloop sprint run --task {id}` starts a sprint for it"));
    }
    Ok(Exit::Success)
}

impl Render for AddedTask {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        vec![self.task.id.to_string()]
    }
}
