//! `researchloop sprint run`

use clap::Args;

use super::dry_run;
use super::submit::submit_and_tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::request::{SprintArgs, warn_of_context, warn_of_hours, warn_of_options};
use crate::cli::ui::Ui;
use crate::cli::{input, text, which};
use crate::problem::{Problem, ProblemKind};
use crate::query;
use crate::sprint::{self, Handle, NewSprintSpec};

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The research idea; `-` reads it from standard input
    #[arg(required_unless_present = "task", conflicts_with = "task")]
    idea: Option<String>,
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
    /// Work on this task of the backlog
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    #[command(flatten)]
    sprint: SprintArgs,
}

/// Runs one idea as a sprint.
pub fn run(app: &App, ui: &Ui, args: &RunArgs) -> Result {
    let task = match &args.task {
        Some(task) => Some(query::task(app, task)?.task),
        None => None,
    };
    if let (Some(task), Some(study)) = (&task, &args.study)
        && task.study_name != *study
    {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!(
                "{} belongs to the study {}, not to {study}",
                task.id,
                text::clean(&task.study_name)
            ),
        ));
    }
    let idea = match (&task, args.idea.as_deref()) {
        (Some(task), _) => task.idea.clone(),
        (None, Some("-")) => input::stdin("the idea")?,
        (None, idea) => idea.unwrap_or_default().to_owned(),
    };
    let study = match &task {
        Some(task) => task.study_name.clone(),
        None => which::study(app, args.study.as_deref())?,
    };
    let study = study.as_str();
    warn_of_hours(ui, args.sprint.job.time.as_deref());
    let spec = NewSprintSpec {
        task: task.as_ref().map(|task| &task.id),
        ..NewSprintSpec::new(study, &idea, args.sprint.request()?)
    };
    warn_of_options(app, ui, study, &spec.request)?;
    if args.sprint.dry_run {
        return dry_run::show(ui, &sprint::dry_run(app, &spec)?);
    }
    let made = Handle::make(app, &spec)?;
    let id = &made.sprint.row.id;
    warn_of_context(app, ui, study)?;
    if let Some(earlier) = &made.repeats {
        let command = match earlier.starts_with("t-") {
            true => format!("`researchloop sprint run --task {earlier}`"),
            false => format!("`researchloop sprint resubmit {earlier}`"),
        };
        ui.warning(&format!(
            "{id}: the same idea as {earlier}; {command} makes another attempt at the same task"
        ));
    }
    submit_and_tell(app, ui, made.sprint, args.sprint.watch)
}
