//! `researchloop task fail`

use clap::Args;

use super::TokenArgs;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::domain::TaskState;
use crate::domain::text::number_of;
use crate::task;
use crate::view::FailedTask;

#[derive(Debug, Args)]
pub struct FailArgs {
    #[command(flatten)]
    task: TokenArgs,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Ends the task badly.
pub fn run(app: &App, ui: &Ui, args: &FailArgs) -> Result {
    let failed = task::fail(app, &args.task.id, args.task.token, &args.reason)?;
    ui.answer(&failed);
    let FailedTask { task, again_at } = &failed;
    let what = match task.state {
        TaskState::Dead => format!(
            "dead after {}: `researchloop task retry {}` tries it again",
            number_of(task.failures, "failure"),
            task.id
        ),
        _ => format!(
            "failed {} of {}; it can be tried again from {again_at} on",
            task.failures,
            number_of(task.max_attempts, "time")
        ),
    };
    ui.status(&format!("{}: {what}", task.id));
    Ok(Exit::Success)
}

impl Render for FailedTask {}
