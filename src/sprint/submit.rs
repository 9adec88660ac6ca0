//! Submits a sprint: one connection, one request; two when the runner has to be sent.
//!
//! The row says `submitting` before anything is sent. Whatever happens then, the next try
//! looks for a job of this name first, on the cluster, in the same request that would submit.

use super::budget::{NextJob, allowance_for_next_job};
use super::doubt;
use super::error::SubmitError;
use super::install_runner::RunnerHere;
use super::payload::{JobPayload, prepare};
use super::send::{Mode, Sent, look, send};
use super::submitted::{Deferral, Submitted, record};
use crate::app::{App, holder, is_gone};
use crate::config::Cluster;
use crate::domain::{SprintId, State, Waiting};
use crate::platform::private;
use crate::remote::Remote;
use crate::store::{Change, LeaseOutcome, OWNER, SprintRow, Store};

/// Submits the sprint. `remote` leads to its cluster.
pub fn submit(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
) -> Result<Submitted, SubmitError> {
    submit_known(app, store, remote, id, false)
}

/// The same, when one look at all submissions in doubt has found no job of this sprint's a moment ago.
pub fn submit_looked_up(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
) -> Result<Submitted, SubmitError> {
    submit_known(app, store, remote, id, true)
}

fn submit_known(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
    looked_up: bool,
) -> Result<Submitted, SubmitError> {
    let not_due = |why: &str| Ok(Submitted::deferred(Deferral::NotDue, why));
    let Some(row) = store.sprint(id)? else { return not_due("there is no such sprint") };
    let cluster = app.cluster_of(&row)?;
    // Made before anything changes: what cannot be made is not begun.
    let made = prepare(app, store, cluster, &row);

    let lease_name = format!("submit:{id}");
    let change = store.change()?;
    let lease = match change.take_lease(&lease_name, &holder(), cluster.lease_seconds(), is_gone)? {
        LeaseOutcome::Taken(lease) => lease,
        LeaseOutcome::Held(other) => return not_due(&format!("{other} is submitting it")),
    };
    let Some(row) = change.sprint(id)? else { return not_due("there is no such sprint") };
    let mode = match row.state {
        State::Submitting => Mode::Again,
        State::Cancelling { job: None, .. } if row.was_submitted() => Mode::LookOnly,
        State::Pending | State::Parked { .. } => Mode::Fresh,
        _ => return not_due(&format!("it is {}", row.state.status())),
    };
    // To look for a job takes no more than its cluster and its name: that the study is gone by
    // now, or a file of this machine, does not keep it from being found.
    let mut made = if mode == Mode::Fresh { Ok(made?) } else { made };
    let mut attempt = row.attempt;
    if let Ok((payload, _)) = &mut made {
        if mode == Mode::Fresh {
            attempt = match begin(app, &change, cluster, &row, payload)? {
                Begun::Attempt(attempt) => attempt,
                Begun::Deferred(deferred) => {
                    change.give_back(&lease)?;
                    change.commit()?;
                    return Ok(deferred);
                }
            };
        } else if let Some(seconds) = change.job_seconds(id, attempt)? {
            payload.bundle.seconds = seconds;
        }
    }
    let is_old = doubt::is_old(change.job_sent(id, attempt)?, change.now());
    change.commit()?;
    // Before anything is sent: an older copy of the database would not know of it. Without the folder,
    // the results make it.
    let folder = app.artifacts(id);
    let _ = private::make_folder(&folder);
    let _ =
        private::write_new(&folder.join(OWNER), app.config.db_path.as_os_str().as_encoded_bytes());

    // An earlier request is looked up once, before anything is sent again.
    let runner = made.as_ref().ok().map(|(_, runner)| runner);
    let known = match mode {
        Mode::Fresh => Ok(None),
        // The request that submits looks at the queue once more.
        Mode::Again if looked_up && made.is_ok() => Ok(None),
        _ => look(app, remote, cluster, &row, runner, attempt, mode, looked_up, is_old),
    };
    let outcome = match (known, &mut made) {
        (Ok(Some(known)), _) => Some(Ok(known)),
        (Err(error), _) => Some(Err(error)),
        (Ok(None), Err(_)) => None,
        (Ok(None), Ok((payload, runner))) => {
            let mut send = |runner: &RunnerHere, with_runner| {
                send(app, remote, cluster, &row, payload, runner, attempt, mode, with_runner)
            };
            let mut sent = send(runner, false);
            if let Ok(Sent::OtherMachine(other)) = sent {
                *runner = other;
                sent = send(runner, false);
            }
            if let Ok(Sent::NeedsRunner) = sent {
                sent = send(runner, true);
            }
            Some(sent)
        }
    };
    let change = store.change()?;
    let result = match (outcome, made) {
        (Some(outcome), _) => record(&change, &row, attempt, mode == Mode::Fresh, outcome),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => not_due("there is nothing to send"),
    };
    change.give_back(&lease)?;
    change.commit()?;
    result
}

/// Whether a submission has begun.
enum Begun {
    /// As the sprint's attempt of this number.
    Attempt(u32),
    /// It has to wait.
    Deferred(Submitted),
}

/// Begins a submission, when there is room for its job, and something left that its job may use.
/// Otherwise says why it has to wait.
fn begin(
    app: &App,
    change: &Change<'_>,
    cluster: &Cluster,
    row: &SprintRow,
    payload: &mut JobPayload,
) -> Result<Begun, SubmitError> {
    let id = &row.id;
    let max = cluster.max_concurrent_jobs;
    if change.jobs_out(cluster.name.as_str())? >= max {
        change.set_note(id, "waits for a free slot")?;
        return Ok(Begun::Deferred(Submitted::deferred(
            Deferral::NoSlot,
            format!(
                "{max} of {max} allowed jobs of the cluster {} are queued or running",
                cluster.name
            ),
        )));
    }
    if row.was_submitted() {
        // Its earlier jobs have used some of what the limits leave.
        let study = app.config.study(&row.study)?;
        let (allowance, cut) = match allowance_for_next_job(change, study, row)? {
            NextJob::May(allowance, cut) => (allowance, cut),
            NextJob::Held(why) => {
                // It is told once; the note says it as long as it is so.
                let is_told = row.limit_reason() == Some(why.as_str());
                change.hold(id, &why)?;
                let why = Waiting::sentence(&why);
                let because = if is_told { Deferral::NotDue } else { Deferral::StaysParked };
                return Ok(Begun::Deferred(Submitted::deferred(because, why)));
            }
        };
        change.set_budget(id, allowance.budget_usd, cut)?;
        payload.bound(allowance);
    }
    let attempt = change.begin_submission(id, "")?.unwrap_or(row.attempt + 1);
    change.set_job_seconds(id, attempt, payload.bundle.seconds)?;
    Ok(Begun::Attempt(attempt))
}
