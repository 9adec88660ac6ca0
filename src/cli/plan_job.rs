//! `researchloop plan --job`: a sprint of the kind `plan` asks Claude, and its answer comes back with
//! its results.

use std::path::Path;

use super::exit::{Exit, Result};
use super::plan::{PlanArgs, Raw, from_file};
use super::request::{JobArgs, warn_of_options};
use super::sprint::{submit, tell};
use super::ui::Ui;
use super::{action, text, watch};
use crate::app::App;
use crate::bundle::PLAN_FILE;
use crate::config::Study;
use crate::domain::{SprintId, SprintKind, State, Status};
use crate::find;
use crate::plan;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, CreateError, Extent, NewSprintSpec, NewSubmission, Request};
use crate::store::{SprintRow, Store};

/// Asks in a job, and waits for the answer. An exit where there is none yet, or never will be.
pub fn ask(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    study: &Study,
    goal: &str,
    args: &PlanArgs,
) -> Result<std::result::Result<Raw, Exit>> {
    let job = JobArgs {
        option: args.option.clone(),
        time: Some(args.time.clone()),
        ..JobArgs::default()
    };
    warn_of_options(app, ui, study.name.as_str(), &job.request()?)?;
    let order = plan::order(app, store, study, goal)?;
    let wanted = NewSprintSpec::new(
        study.name.as_str(),
        goal,
        Request { plan: Some(order), ..job.request()? },
    );
    let id = sprint::create(app, store, &wanted).map_err(|error| match error {
        CreateError::Idea(text) => CreateError::Idea(text.replace("the idea", "the goal")),
        other => other,
    })?;
    wait_for_it(app, ui, store, study, &id).map_err(|mut failure| {
        if !failure.message.contains(id.as_str()) {
            failure.message = format!("{id}: {}", failure.message);
        }
        failure
    })
}

/// Submits the sprint, and waits until it has ended.
fn wait_for_it(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    study: &Study,
    id: &SprintId,
) -> Result<std::result::Result<Raw, Exit>> {
    let NewSubmission { row, submitted, remote } = submit(app, ui, store, id)?;
    if ui.is_quiet() && !ui.json {
        ui.line(id.as_str());
    }
    let exit = match tell(ui, &row, submitted)? {
        Exit::Success => watch::wait_for_plan(app, ui, store, id, remote)?,
        other => other,
    };
    let row = find::sprint(store, id.as_str())?;
    match (exit, &row.state) {
        (Exit::Success, State::Ended { ending, .. }) if ending.status == Status::Completed => {
            Ok(Ok(plan_of(app, ui, store, &row, study.name.as_str())?))
        }
        (_, State::Ended { ending, .. }) if ui.json => Err(Problem::failed(format!(
            "{id}: {}: {}",
            ending.status,
            text::clean(&ending.detail)
        ))
        .hint(action::line(&ending.hint))),
        (exit, State::Ended { .. }) => Ok(Err(exit)),
        (exit, _) => {
            if ui.json {
                ui.json(&serde_json::json!({ "sprint_id": id.as_str(), "study_name": row.study, "status": row.state.status().as_str(), "written": false }));
            }
            let study = text::shell_word(study.name.as_str());
            ui.hint(&format!(
                "`researchloop plan -s {study} --from {id}` takes the plan when {id} has completed"
            ));
            Ok(Err(if exit == Exit::Success { Exit::Waiting } else { exit }))
        }
    }
}

/// The sprint that `--from` names, unless it names a file.
pub fn named(store: &Store, from: &Path) -> Result<Option<SprintRow>> {
    let Some(id) = from.to_str().filter(|text| !text.contains(['/', '.']) && !from.exists()) else {
        return Ok(None);
    };
    let is_beginning = || !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if id.starts_with("sp-") || is_beginning() && !store.ids_like(&format!("sp-{id}"))?.is_empty() {
        return Ok(Some(find::sprint(store, id)?));
    }
    Ok(None)
}

/// The plan that a sprint has left: the work of a model, and read like one from anywhere.
pub fn plan_of(app: &App, ui: &Ui, store: &mut Store, row: &SprintRow, study: &str) -> Result<Raw> {
    let id = &row.id;
    if row.kind != SprintKind::Plan {
        return Err(Problem::new(ProblemKind::Usage, format!("{id} was asked for no plan")).hint(
            format!(
                "`researchloop plan \"GOAL\" -s {} --job` asks for one",
                text::shell_word(study)
            ),
        ));
    }
    if row.study != study {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!(
                "{id} has made a plan for the study {}, not for {study}",
                text::clean(&row.study)
            ),
        ));
    }
    // The job may be over, and no tick has seen it.
    let row = &watch::look_once(app, ui, store, row)?;
    if row.state.status() != Status::Completed {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{id} has no plan: it is {}", row.state.status()),
        )
        .hint(format!("`researchloop sprint show {id}` tells how it stands")));
    }
    let file = app.artifacts(id.as_str()).join(PLAN_FILE);
    if !file.is_file() {
        let own = app.artifacts(id.as_str());
        sprint::fetch(app, store, row, &own, Extent::Report, |_, _| {})?;
    }
    let cost =
        Some((row.cost_usd, text::cost(row.cost_usd, row.cost_estimated, row.unknown_usd())));
    Ok(Raw { value: from_file(&file)?, cost, from: Some(id.to_string()), file: Some(file) })
}
