//! Runs an idea again, as a new sprint.

use super::create::{create, create_in};
use super::error::CreateError;
use super::options::is_same_option;
use super::request::{NewSprintSpec, Request};
use super::tweak::tweak;
use crate::app::App;
use crate::domain::{SprintId, StudyName, TaskId, TaskStatus, task};
use crate::find;
use crate::problem::Problem;
use crate::store::{SprintRow, Store, TaskRow};

/// A sprint that repeats another one.
#[derive(Debug)]
pub struct Resubmitted {
    /// Its id.
    pub id: SprintId,
    /// Its task, when that is done: its verdict stays.
    pub done_task: Option<TaskId>,
}

/// Makes a sprint that repeats another one, with what [`request_again`] has found. A follow-up is asked for
/// again in the directory of the same sprint.
pub fn resubmit(
    app: &App,
    store: &mut Store,
    old: &SprintRow,
    request: Request,
) -> Result<Resubmitted, Problem> {
    let id = match (&request.tweak, &old.parent) {
        (Some(asked), Some(parent)) => {
            let parent = find::sprint(store, parent.as_str())?;
            tweak(app, store, &parent, &asked.instruction, &request)?
        }
        _ => repeat(app, store, old, request)?,
    };
    let task = store.sprint(&id)?.and_then(|row| row.task);
    let task = task.map(|task| store.task(&task)).transpose()?.flatten();
    let done_task = task.filter(|task| task.status == TaskStatus::Done).map(|task| task.id);
    Ok(Resubmitted { id, done_task })
}

/// What a sprint that repeats another one asks for: the same, except for what `new` says.
pub fn request_again(
    app: &App,
    store: &Store,
    old: &SprintRow,
    new: &Request,
) -> Result<Request, CreateError> {
    let mut request = Request::read(&old.request);
    // What was left of a loop's GPU-hours is no wish for this time.
    if let Some(of_loop) = old
        .loop_id
        .as_ref()
        .filter(|_| old.cut.time)
        .map(|id| store.one_loop(id))
        .transpose()?
        .flatten()
    {
        request.seconds = Request::read(&of_loop.request).seconds;
    }
    let cluster = app
        .config
        .study(&old.study)
        .ok()
        .and_then(|study| app.config.cluster(study.cluster.as_str()).ok());
    Ok(request.except(new, |one, other| {
        cluster.map_or(one == other, |cluster| is_same_option(cluster, one, other))
    }))
}

/// Makes a sprint that repeats another one: the same idea, and one
/// more attempt at the same task, which is opened again for it unless it is done.
fn repeat(
    app: &App,
    store: &mut Store,
    old: &SprintRow,
    request: Request,
) -> Result<SprintId, CreateError> {
    // The study may have been renamed since: then the error says so.
    let study = StudyName::new(&old.study).map_err(|error| CreateError::Idea(error.to_string()))?;
    let Some(idea) = old.idea.clone() else {
        return Err(CreateError::Idea(format!(
            "{} ended before its job had found an idea: there is nothing to repeat",
            old.id
        )));
    };
    let same = |row: &TaskRow| row.idea == task::bounded(&idea, task::MAX_IDEA);
    // A task that was rewritten since asks something else: what is repeated gets a task of its own.
    let task = old
        .task
        .as_ref()
        .map(|task| store.task(task))
        .transpose()?
        .flatten()
        .filter(same)
        .map(|row| row.id);
    let wanted = NewSprintSpec {
        parent: Some(&old.id),
        task: task.as_ref(),
        ..NewSprintSpec::new(study.as_str(), &idea, request)
    };
    let Some(task) = wanted.task else { return create(app, store, &wanted) };
    let change = store.change()?;
    let id = create_in(app, &change, &wanted)?;
    change.reclaim_for_sprint(task, &id)?;
    change.commit()?;
    Ok(id)
}
