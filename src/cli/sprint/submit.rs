//! Submits a sprint that was just made, and tells what came of it.

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cli::watch::{self, Interrupt};
use crate::domain::State;
use crate::problem::Problem;
use crate::sprint::{Deferral, Handle, NewSubmission, Submitted};
use crate::tick::Follower;
use crate::view::Begun;

/// Submits a sprint that was just made, and tells what came of it.
pub fn submit_and_tell(app: &App, ui: &Ui, sprint: Handle, then_watch: bool) -> Result {
    if then_watch {
        Interrupt::catch();
    }
    let submission = submit(app, ui, sprint)?;
    let id = submission.sprint.row.id.clone();
    ui.answer(&Begun::from(&submission.sprint.row));
    let exit = tell(ui, &submission)?;
    if then_watch && exit == Exit::Success {
        return watch::watch(app, ui, Follower::after(app, submission)?);
    }
    if exit == Exit::Success {
        ui.hint(&format!("`researchloop sprint watch {id}` shows how it goes"));
    }
    Ok(exit)
}

impl Render for Begun {
    fn quiet(&self, _ui: &Ui) -> Vec<String> {
        vec![self.sprint_id.to_string()]
    }
}

/// Submits a sprint that was just made. The connection can be used for what comes next.
pub fn submit(app: &App, ui: &Ui, sprint: Handle) -> Result<NewSubmission> {
    let spinner = ui.spinner(&format!("submitting {} to {}", sprint.row.id, sprint.row.cluster));
    let submission = sprint.submit(app);
    spinner.finish_and_clear();
    submission
}

/// Tells what came of it. [`Exit::Waiting`] when the job is not known to be there.
pub fn tell(ui: &Ui, submission: &NewSubmission) -> Result {
    let (row, submitted) = (&submission.sprint.row, &submission.submitted);
    let id = &row.id;
    match submitted {
        Submitted::Accepted { job } => {
            ui.status(&format!(
                "{id}: submitted to {} as {} job {job}",
                row.cluster,
                row.scheduler.as_str()
            ));
            Ok(Exit::Success)
        }
        Submitted::Deferred { why, because: Deferral::NoSlot } => {
            ui.status(&format!("{id}: waits: {why}; a later `researchloop tick` submits it"));
            Ok(Exit::Success)
        }
        Submitted::Deferred { why, because } if because.may_have_job() => {
            ui.warning(&format!(
                "{id}: it is not known whether the job was taken: {}",
                text::clean(why)
            ));
            ui.hint("`researchloop tick` looks it up; it is never submitted twice");
            Ok(Exit::Waiting)
        }
        Submitted::Deferred { why, .. } => {
            ui.warning(&format!("{id}: not submitted yet: {why}"));
            ui.hint("it stays pending: `researchloop tick` tries again");
            Ok(Exit::Waiting)
        }
        Submitted::Refused { why } => {
            let mut failure = Problem::failed(format!(
                "{id}: the job was rejected: {}",
                text::clean_lines(why).join("\n")
            ));
            if let State::Ended { ending, .. } = &row.state {
                failure = failure.hint(ending.hint.clone());
            }
            Err(failure)
        }
    }
}
