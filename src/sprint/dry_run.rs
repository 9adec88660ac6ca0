//! Shows what a submission would send, and contacts nothing.

use super::create::create;
use super::error::SubmitError;
use super::payload::payload;
use super::request::NewSprintSpec;
use crate::app::App;
use crate::bundle::{context, script};
use crate::problem::{Problem, ProblemKind};
use crate::store::{NewTask, SprintRow, Store};
use crate::view::{DryRun, Prompt};

/// Makes the sprint in a database that is thrown away, and shows what it would send. Its task must be
/// one that could be begun.
pub fn dry_run(app: &App, spec: &NewSprintSpec<'_>) -> Result<DryRun, Problem> {
    // Whether it could be begun: nothing of this change is kept.
    let claimed = |task| app.store()?.change()?.claim_task(task, "nobody", 60);
    let task = spec.task.map(claimed).transpose()?;
    let mut store = Store::in_memory()?.with_clock(app.clock.clone())?;
    let change = store.change()?;
    let copy = task
        .map(|task| {
            let (done_when, verify) = (task.done_when.as_str(), task.verify.as_str());
            change.insert_task(&NewTask {
                done_when,
                verify,
                ..NewTask::new(&task.study, &task.idea, "person")
            })
        })
        .transpose()?;
    change.commit()?;
    let spec = NewSprintSpec { task: copy.as_ref(), ..spec.clone() };
    let id = create(app, &mut store, &spec)?;
    let row = store
        .sprint(&id)?
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("there is no sprint {id}")))?;
    Ok(preview(app, &store, &row)?)
}

fn preview(app: &App, store: &Store, row: &SprintRow) -> Result<DryRun, SubmitError> {
    let study = app.config.study(&row.study)?;
    let cluster = app.cluster_of(row)?;
    let payload = payload(app, store, study, cluster, row)?;
    let runner = format!("{}/.researchloop/bin/SHA256", cluster.working_dir.trim_end_matches('/'));
    let whole = payload.script(cluster, row, &runner, 1);
    let prompts =
        script::first_prompts(&payload.bundle, &row.remote_dir).map_err(SubmitError::File)?;
    Ok(DryRun {
        dry_run: true,
        study_name: row.study.clone(),
        cluster: row.cluster.clone(),
        script_bytes: whole.len(),
        script: script::without_bundle(&whole),
        remote_dir: row.remote_dir.clone(),
        prompts: prompts.into_iter().map(|(step, text)| Prompt { step, text }).collect(),
        environment: cluster.environment.iter().map(|(name, _)| name.clone()).collect(),
        missing_context: payload.missing_context,
        unfilled_context: payload
            .unfilled_context
            .iter()
            .map(|unfilled| context::unfilled_text(unfilled))
            .collect(),
    })
}
