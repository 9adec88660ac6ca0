//! Takes tasks for a while, and gives them back.

use super::edit::one;
use crate::app::App;
use crate::domain::TaskState;
use crate::find;
use crate::problem::Problem;
use crate::store::{Store, TaskError, TaskRow};
use crate::view::{self, ClaimedTask, FailedTask, NextTask, NothingReady, OneTask};

/// Who takes a task, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// A name.
    pub who: &'a str,
    /// How long the claim holds without a heartbeat.
    pub seconds: u64,
}

/// Finds the task that is to be begun next, and takes it when there is a claim.
pub fn next(app: &App, study: Option<&str>, claim: Option<Claim<'_>>) -> Result<NextTask, Problem> {
    if let Some(study) = study {
        app.config.study(study)?;
    }
    let mut store = app.store()?;
    if let Some(claim) = claim {
        // Nobody else can come between the two.
        let change = store.change()?;
        change.end_expired_claims()?;
        let row = change
            .next_task(study)?
            .map(|row| change.claim_task(&row.id, claim.who, claim.seconds))
            .transpose()?;
        change.commit()?;
        return match row {
            Some(row) => Ok(NextTask::Claimed(claimed(&store, &row)?)),
            None => nothing_ready(&store, study),
        };
    }
    let row = match store.next_task(study)? {
        // What somebody had may be free by now, or make others free.
        None => {
            let change = store.change()?;
            change.end_expired_claims()?;
            change.commit()?;
            store.next_task(study)?
        }
        row => row,
    };
    match row {
        Some(row) => Ok(NextTask::Found(one(&store, &row)?)),
        None => nothing_ready(&store, study),
    }
}

fn nothing_ready(store: &Store, study: Option<&str>) -> Result<NextTask, Problem> {
    let mut counts = store.task_counts(study)?;
    counts.retain(|(state, _)| state.is_open() && *state != TaskState::Parent);
    let open = counts.iter().map(|(_, count)| count).sum();
    Ok(NextTask::Nothing(NothingReady { task: (), open, counts }))
}

/// Takes a task.
pub fn claim(app: &App, id: &str, claim: Claim<'_>) -> Result<ClaimedTask, Problem> {
    let mut store = app.store()?;
    let id = find::task(&store, id)?.id;
    let change = store.change()?;
    let row = change.claim_task(&id, claim.who, claim.seconds)?;
    change.commit()?;
    claimed(&store, &row)
}

fn claimed(store: &Store, row: &TaskRow) -> Result<ClaimedTask, Problem> {
    let OneTask { task } = one(store, row)?;
    Ok(ClaimedTask { token: row.claim_token, task })
}

/// Extends a claim.
pub fn heartbeat(app: &App, id: &str, token: i64, seconds: u64) -> Result<OneTask, Problem> {
    let mut store = app.store()?;
    let id = find::task(&store, id)?.id;
    let change = store.change()?;
    let row = change.heartbeat_task(&id, token, seconds)?;
    change.commit()?;
    one(&store, &row)
}

/// Gives a claim back; nothing is counted.
pub fn release(app: &App, id: &str, token: Option<i64>) -> Result<OneTask, Problem> {
    let mut store = app.store()?;
    let id = find::task(&store, id)?.id;
    let change = store.change()?;
    let row = change.release_task(&id, token)?;
    change.commit()?;
    one(&store, &row)
}

/// Counts a failure of a task.
pub fn fail(app: &App, id: &str, token: Option<i64>, reason: &str) -> Result<FailedTask, Problem> {
    let mut store = app.store()?;
    let id = find::task(&store, id)?.id;
    let change = store.change()?;
    let row = change.fail_task(&id, token, reason)?;
    change.commit()?;
    let again_at = jiff::Timestamp::from_second(row.retry_at)
        .map_err(|error| TaskError::Wrong(error.to_string()))?
        .to_string();
    Ok(FailedTask { task: view::task(&row, &store.needs_of(&row.id)?), again_at })
}
