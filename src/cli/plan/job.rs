//! `researchloop plan --job`: asks in a job, and waits for the answer.

use super::{PlanArgs, RawPlan, from_file};
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::request::{JobArgs, warn_of_options};
use crate::cli::sprint::{submit, tell};
use crate::cli::ui::Ui;
use crate::cli::{text, watch};
use crate::domain::SprintId;
use crate::plan::{self, LeftError, Waited};
use crate::problem::{Problem, ProblemKind};
use crate::sprint::Handle;
use crate::tick::Follower;
use crate::view::Begun;

/// Asks in a job, and waits for the answer. An exit where there is none yet, or never will be.
pub fn ask(
    app: &App,
    ui: &Ui,
    study: &str,
    goal: &str,
    args: &PlanArgs,
) -> Result<std::result::Result<RawPlan, Exit>> {
    let job = JobArgs {
        option: args.option.clone(),
        time: Some(args.time.clone()),
        ..JobArgs::default()
    };
    warn_of_options(app, ui, study, &job.request()?)?;
    let sprint = plan::request(app, study, goal, job.request()?)?;
    let id = sprint.row.id.clone();
    wait_for_it(app, ui, study, sprint).map_err(|mut problem| {
        if !problem.message.contains(id.as_str()) {
            problem.message = format!("{id}: {}", problem.message);
        }
        problem
    })
}

/// Submits the sprint, and waits until it has ended.
fn wait_for_it(
    app: &App,
    ui: &Ui,
    study: &str,
    sprint: Handle,
) -> Result<std::result::Result<RawPlan, Exit>> {
    watch::Interrupt::catch();
    let submission = submit(app, ui, sprint)?;
    let id = &submission.sprint.row.id.clone();
    ui.part(&Begun::from(&submission.sprint.row));
    let exit = match tell(ui, &submission)? {
        Exit::Success => watch::wait_for_plan(app, ui, Follower::after(app, submission)?)?,
        other => other,
    };
    match (exit, plan::waited(app, id)?) {
        (Exit::Success, Waited::Completed) => Ok(Ok(plan_of(app, ui, id, study)?)),
        (_, Waited::Ended(problem)) if ui.json => {
            let hints = problem.hints.iter().map(|hint| text::clean(hint)).collect();
            Err(Problem { hints, ..problem })
        }
        (exit, Waited::Completed | Waited::Ended(_)) => Ok(Err(exit)),
        (exit, Waited::NotYet(waiting)) => {
            ui.answer(&waiting);
            let study = text::shell_word(study);
            ui.hint(&format!(
                "`researchloop plan -s {study} --from {id}` takes the plan when {id} has completed"
            ));
            Ok(Err(if exit == Exit::Success { Exit::Waiting } else { exit }))
        }
    }
}

/// The plan that a sprint has left.
pub fn plan_of(app: &App, ui: &Ui, id: &SprintId, study: &str) -> Result<RawPlan> {
    let left = plan::left_by(app, id, study, |follower| watch::poll_first(ui, follower))
        .map_err(|error| refusal(error, id, study))?;
    Ok(RawPlan {
        value: from_file(&left.file)?,
        cost: Some(left.cost),
        from: Some(id.to_string()),
        file: Some(left.file),
    })
}

fn refusal(error: LeftError, id: &SprintId, study: &str) -> Problem {
    match error {
        LeftError::Problem(problem) => problem,
        LeftError::OtherKind => {
            Problem::new(ProblemKind::Usage, format!("{id} was asked for no plan")).hint(format!(
                "`researchloop plan \"GOAL\" -s {} --job` asks for one",
                text::shell_word(study)
            ))
        }
        LeftError::OtherStudy(other) => Problem::new(
            ProblemKind::Usage,
            format!("{id} has made a plan for the study {}, not for {study}", text::clean(&other)),
        ),
        LeftError::Unfinished(status) => {
            Problem::new(ProblemKind::Conflict, format!("{id} has no plan: it is {status}"))
                .hint(format!("`researchloop sprint show {id}` shows its state"))
        }
    }
}
