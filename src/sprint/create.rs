//! Makes a sprint: everything is checked before anything is written.

use super::budget::{allowance, cut};
use super::error::CreateError;
use super::options::{gpus_on, options_of};
use super::payload::prompts_of;
use super::request::NewSprintSpec;
use crate::app::App;
use crate::config::{Cluster, Study};
use crate::domain::{SprintId, SprintKind, id, task};
use crate::platform::random;
use crate::scheduler;
use crate::store::{Change, Cut, NewSprint, Store};

/// Checks everything that can be checked without the cluster.
pub fn check(app: &App, wanted: &NewSprintSpec<'_>) -> Result<Option<String>, CreateError> {
    let (study, cluster) = app.study_and_cluster(wanted.study)?;
    check_on(app, study, cluster, wanted)
}

fn check_on(
    app: &App,
    study: &Study,
    cluster: &Cluster,
    wanted: &NewSprintSpec<'_>,
) -> Result<Option<String>, CreateError> {
    // What is asked of a finished sprint, or of a plan, may be a question. What is a task or was a sprint
    // already was taken for an idea once.
    let is_new = wanted.request.kind() == SprintKind::Research
        && wanted.task.is_none()
        && wanted.parent.is_none();
    let checked = if is_new { task::check_idea } else { task::check_idea_text };
    let idea = wanted.idea.map(checked).transpose().map_err(CreateError::Idea)?;
    let problems = scheduler::scheduler(cluster.scheduler).check_options(&options_of(
        cluster,
        study,
        &wanted.request,
    ));
    if !problems.is_empty() {
        return Err(CreateError::Options(problems));
    }
    prompts_of(app).map_err(CreateError::Template)?;
    Ok(idea)
}

/// Makes the sprint, `pending`, and takes its task for it. Without one, its idea becomes a task.
pub fn create(
    app: &App,
    store: &mut Store,
    wanted: &NewSprintSpec<'_>,
) -> Result<SprintId, CreateError> {
    let change = store.change()?;
    let id = create_in(app, &change, wanted)?;
    match (wanted.task, wanted.idea) {
        (Some(task), _) => drop(change.claim_for_sprint(task, &id)?),
        // Making a plan is no attempt at anything.
        (None, Some(_)) if wanted.request.plan.is_some() => {}
        (None, Some(idea)) => {
            drop(change.make_task_of_sprint(wanted.study, idea, "sprint", &id)?)
        }
        (None, None) => {}
    }
    change.commit()?;
    Ok(id)
}

/// Makes the sprint as a part of a larger change.
pub fn create_in(
    app: &App,
    change: &Change<'_>,
    wanted: &NewSprintSpec<'_>,
) -> Result<SprintId, CreateError> {
    let study = app.config.study(wanted.study)?;
    let parent = wanted
        .parent
        .filter(|_| wanted.request.tweak.is_some())
        .map(|parent| change.sprint(parent))
        .transpose()?
        .flatten();
    let cluster = match &parent {
        // It works in the directory of that sprint, wherever the study is at home by now.
        Some(parent) => app.cluster_of(parent)?,
        None => app.config.cluster(study.cluster.as_str())?,
    };
    let idea = check_on(app, study, cluster, wanted)?;
    let request = serde_json::to_string(&wanted.request).unwrap_or_default();
    let gpus = gpus_on(cluster, study, &wanted.request);
    let allowance = allowance(change, study, wanted, gpus)?;
    let cut = cut(allowance, study, &wanted.request);
    // Ids are short, so that people can type them: one may be taken.
    loop {
        let Ok(id) = SprintId::new(&random::short_id("sp")) else { continue };
        let directory = id::directory_name(&id, change.now(), idea.as_deref());
        let new = NewSprint {
            id: &id,
            study: study.name.as_str(),
            cluster: cluster.name.as_str(),
            scheduler: cluster.scheduler,
            idea: idea.as_deref(),
            directory: &directory,
            remote_dir: &remote_dir(cluster, study, &directory),
            parent: wanted.parent,
            request: &request,
            seconds: allowance.seconds,
            kind: wanted.request.kind(),
            task: wanted.task,
            loop_id: wanted.loop_id,
            budget_usd: allowance.budget_usd,
            cut: Cut { time: cut.time || wanted.shortened, ..cut },
            gpus,
        };
        if change.create_sprint(&new)? {
            return Ok(id);
        }
    }
}

/// Where a sprint's directory lies on the cluster.
fn remote_dir(cluster: &Cluster, study: &Study, directory: &str) -> String {
    let base = if study.sprints_dir.starts_with(['/', '~']) {
        study.sprints_dir.trim_end_matches('/').to_owned()
    } else {
        format!(
            "{}/{}",
            cluster.working_dir.trim_end_matches('/'),
            study.sprints_dir.trim_matches('/')
        )
    };
    format!("{base}/{directory}")
}
