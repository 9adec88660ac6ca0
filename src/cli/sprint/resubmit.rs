//! `researchloop sprint resubmit`

use clap::Args;

use super::dry_run;
use super::submit::submit_and_tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::request::{SprintArgs, warn_of_options};
use crate::cli::ui::Ui;
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, NewSprintSpec};

#[derive(Debug, Args)]
pub struct ResubmitArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    #[command(flatten)]
    sprint: SprintArgs,
}

/// Runs the same idea again, as a new sprint.
pub fn run(app: &App, ui: &Ui, args: &ResubmitArgs) -> Result {
    let mut store = app.store()?;
    let old = find::sprint(&store, &args.id)?;
    let new = args.sprint.request()?;
    let request = sprint::request_again(app, &store, &old, &new)?;
    warn_of_options(app, ui, &old.study, &request)?;
    if args.sprint.dry_run {
        return match (&request.tweak, &old.idea) {
            (None, Some(idea)) => {
                let spec = NewSprintSpec::new(&old.study, idea, request);
                dry_run::show(ui, sprint::dry_run(app, &spec)?)
            }
            _ => Err(Problem::new(
                ProblemKind::Usage,
                format!(
                    "--dry-run: the script of {} is made from what lies on its cluster",
                    old.id
                ),
            )),
        };
    }
    if let (Some(_), Some(parent)) = (&request.tweak, &old.parent) {
        find::sprint(&store, parent)?;
    }
    let resubmitted = sprint::resubmit(app, &mut store, &old, &new)?;
    if let Some(task) = &resubmitted.done_task {
        ui.status(&format!(
            "{task} is done, and stays so with its verdict: the repeat adds to its figures"
        ));
    }
    submit_and_tell(app, ui, &resubmitted.id, args.sprint.watch)
}
