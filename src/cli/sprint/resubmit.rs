//! `researchloop sprint resubmit`

use clap::Args;

use super::dry_run;
use super::submit::submit_and_tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::request::{SprintArgs, warn_of_options};
use crate::cli::ui::Ui;
use crate::sprint::Handle;

#[derive(Debug, Args)]
pub struct ResubmitArgs {
    /// The sprint's id, or a unique prefix of it
    id: String,
    #[command(flatten)]
    sprint: SprintArgs,
}

/// Runs the same idea again, as a new sprint.
pub fn run(app: &App, ui: &Ui, args: &ResubmitArgs) -> Result {
    let old = Handle::open(app, &args.id)?;
    let new = args.sprint.request()?;
    let request = old.request_again(app, &new)?;
    warn_of_options(app, ui, &old.row.study, &request)?;
    if args.sprint.dry_run {
        return dry_run::show(ui, &old.dry_run_again(app, request)?);
    }
    let made = old.resubmit(app, request)?;
    if let Some(task) = &made.done_task {
        ui.status(&format!(
            "{task} is done, and stays so with its verdict: the repeat adds to its figures"
        ));
    }
    submit_and_tell(app, ui, made.sprint, args.sprint.watch)
}
