//! Submits a sprint: one connection, one request; two when the runner has to be sent.
//!
//! The row says `submitting` before anything is sent. Whatever happens then, the next try
//! looks for a job of this name first, on the cluster, in the same request that would submit.

use super::breaker;
use super::budget;
use super::doubt;
use super::error::SubmitError;
use super::lost::mark_lost;
use super::payload::{JobPayload, prepare};
use super::send::{Mode, Sent, look, send};
use crate::app::{App, holder, is_gone};
use crate::config::Cluster;
use crate::domain::transition::Event;
use crate::domain::{Ending, JobId, Reason, State};
use crate::platform::{clock, private};
use crate::remote::{Remote, RemoteError};
use crate::scheduler::Submission;
use crate::store::{Change, OWNER, SprintRow, Store, StoreError};

/// What came of it.
#[derive(Debug)]
pub enum Submitted {
    /// The scheduler has the job.
    Job(JobId),
    /// All slots of the cluster are in use: it waits for a later tick.
    Waits(String),
    /// A job may exist: a later tick looks it up.
    Unclear(String),
    /// Nothing was sent: it waits for a later tick.
    NotSent(String),
    /// The cluster gave no answer. It waits for a later tick; a job may exist when the request
    /// [may have run](RemoteError::may_have_run).
    NoAnswer(RemoteError),
    /// A sprint that was parked cannot go on now. It stays parked, and a later tick tries again.
    PutOff(String),
    /// The scheduler refused it; the sprint has failed.
    Refused(String),
    /// Somebody else is submitting it, or it is not there to be submitted.
    NotNow(String),
}

/// Submits the sprint. `remote` leads to its cluster.
pub fn submit(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &str,
) -> Result<Submitted, SubmitError> {
    submit_known(app, store, remote, id, false)
}

/// The same, when one look at all submissions in doubt has found no job of this sprint's a moment ago.
pub fn submit_looked_up(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &str,
) -> Result<Submitted, SubmitError> {
    submit_known(app, store, remote, id, true)
}

fn submit_known(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &str,
    looked_up: bool,
) -> Result<Submitted, SubmitError> {
    let not_now = |text: &str| Ok(Submitted::NotNow(text.to_owned()));
    let Some(row) = store.sprint(id)? else { return not_now("there is no such sprint") };
    let cluster = app.cluster_of(&row)?;
    // Made before anything changes: what cannot be made is not begun.
    let made = prepare(app, store, cluster, &row);

    let lease_name = format!("submit:{id}");
    let now = clock::now().as_second();
    let seconds =
        i64::try_from(cluster.command_timeout * 3 + cluster.connect_timeout + 60).unwrap_or(600);
    let change = store.change()?;
    let lease = match change.take_lease(&lease_name, &holder(), now, seconds, is_gone)? {
        Ok(lease) => lease,
        Err(other) => return not_now(&format!("{other} is submitting it")),
    };
    let Some(row) = change.sprint(id)? else { return not_now("there is no such sprint") };
    let mode = match row.state {
        State::Submitting => Mode::Again,
        State::Cancelling { job: None, .. } if row.attempt > 0 => Mode::LookOnly,
        State::Pending | State::Parked { .. } => Mode::Fresh,
        _ => return not_now(&format!("it is {}", row.state.status())),
    };
    // To look for a job takes no more than its cluster and its name: that the study is gone by
    // now, or a file of this machine, does not keep it from being found.
    let mut made = if mode == Mode::Fresh { Ok(made?) } else { made };
    let mut attempt = row.attempt;
    if let Ok((payload, _)) = &mut made {
        if mode == Mode::Fresh {
            attempt = match begin(app, &change, cluster, &row, payload)? {
                Ok(attempt) => attempt,
                Err(waits) => {
                    change.give_back(&lease)?;
                    change.commit()?;
                    return Ok(waits);
                }
            };
        } else if let Some(seconds) = change.job_seconds(id, attempt)? {
            payload.bundle.seconds = seconds;
        }
    }
    let is_old = doubt::is_old(change.job_sent(id, attempt)?);
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
    let outcome = match (known, &made) {
        (Ok(Some(known)), _) => Some(Ok(known)),
        (Err(error), _) => Some(Err(error)),
        (Ok(None), Err(_)) => None,
        (Ok(None), Ok((payload, runner))) => {
            Some(match send(app, remote, cluster, &row, payload, runner, attempt, mode, false) {
                Ok(Sent::NeedsRunner) => {
                    send(app, remote, cluster, &row, payload, runner, attempt, mode, true)
                }
                outcome => outcome,
            })
        }
    };
    let change = store.change()?;
    let result = match (outcome, made) {
        (Some(outcome), _) => record(&change, &row, attempt, mode == Mode::Fresh, outcome),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => not_now("there is nothing to send"),
    };
    change.give_back(&lease)?;
    change.commit()?;
    result
}

/// Begins a submission, when there is room for its job, and something left that its job may use.
/// Otherwise says why it has to wait.
fn begin(
    app: &App,
    change: &Change<'_>,
    cluster: &Cluster,
    row: &SprintRow,
    payload: &mut JobPayload,
) -> Result<Result<u32, Submitted>, SubmitError> {
    let id = row.id.as_str();
    let max = cluster.max_concurrent_jobs;
    if change.jobs_out(cluster.name.as_str())? >= max {
        change.set_note(id, "waits for a free slot")?;
        return Ok(Err(Submitted::Waits(format!(
            "{max} of {max} allowed jobs of the cluster {} are queued or running",
            cluster.name
        ))));
    }
    if row.attempt > 0 {
        // Its earlier jobs have used some of what the limits leave.
        let study = app.config.study(&row.study)?;
        let (bounds, cut) = match budget::of_next_job(change, study, row)? {
            Ok(found) => found,
            Err(why) => {
                // It is told once; the note says it as long as it is so.
                let is_told = row.note == why;
                change.set_note(id, &why)?;
                return Ok(Err(if is_told {
                    Submitted::NotNow(why)
                } else {
                    Submitted::PutOff(why)
                }));
            }
        };
        change.set_budget(id, bounds.budget_usd, cut)?;
        payload.bound(&bounds);
    }
    let attempt = change.begin_submission(id, "")?.unwrap_or(row.attempt + 1);
    change.set_job_seconds(id, attempt, payload.bundle.seconds)?;
    Ok(Ok(attempt))
}

/// Writes down that the scheduler has this job of the sprint's.
pub(super) fn accept(
    change: &Change<'_>,
    row: &SprintRow,
    attempt: u32,
    job: &JobId,
    dir: &str,
    runner: &str,
) -> Result<(), StoreError> {
    let id = row.id.as_str();
    change.accept(id, attempt, job, dir)?;
    if !runner.is_empty() {
        change.set_runner(id, runner)?;
    }
    breaker::worked(change, &row.cluster, &row.study)
}

/// Writes down what came of it. `row` is the sprint as it was before.
fn record(
    change: &Change<'_>,
    row: &SprintRow,
    attempt: u32,
    fresh: bool,
    outcome: Result<Sent, RemoteError>,
) -> Result<Submitted, SubmitError> {
    let id = row.id.as_str();
    let refuse = |why: String, hint: &str| -> Result<Submitted, SubmitError> {
        // Of a sprint that goes on, a session, finished steps and their money would be lost.
        if attempt > 1 {
            change.undo_submission(id, attempt)?;
            change.put_off(id, &format!("cannot go on now: {why}"))?;
            return Ok(Submitted::PutOff(why));
        }
        change.apply(
            id,
            Event::Over(Ending::failed(Reason::SubmitFailed, why.clone(), hint.replace("ID", id))),
        )?;
        Ok(Submitted::Refused(why))
    };
    let unclear = |why: String| -> Result<Submitted, SubmitError> {
        change.set_note(id, &format!("a job may exist: {why}"))?;
        Ok(Submitted::Unclear(why))
    };
    match &outcome {
        Ok(Sent::Told {
            submission:
                Submission::Refused(words) | Submission::NotSent(words) | Submission::Unclear(words),
            ..
        }) => {
            breaker::failed(change, &row.cluster, &row.study, id, words)?;
        }
        // The folder differs from sprint to sprint; what was said of it does not.
        Ok(Sent::Problem(why) | Sent::NoLinks(why)) => breaker::failed(
            change,
            &row.cluster,
            &row.study,
            id,
            why.split_once(": ").map_or(why, |(_, said)| said),
        )?,
        _ => {}
    }
    match outcome {
        Ok(Sent::Told { submission: Submission::Accepted(job), dir, runner }) => {
            accept(change, row, attempt, &job, &dir, &runner)?;
            Ok(Submitted::Job(job))
        }
        Ok(Sent::Told { submission: Submission::Refused(why), .. }) => refuse(
            why,
            "correct what the scheduler complains about (job options, account, partition), then `researchloop sprint resubmit ID`",
        ),
        // Something is wrong with the folders there, and an earlier request may have brought a job.
        Ok(Sent::Problem(why)) if !fresh => unclear(why),
        Ok(Sent::Problem(why)) => refuse(
            why,
            "`researchloop cluster check` looks at the cluster; then `researchloop sprint resubmit ID`",
        ),
        Ok(Sent::NoLinks(why)) => refuse(
            why,
            "choose a `working_dir` on a file system that has symbolic links (FAT and exFAT have none), then `researchloop sprint resubmit ID`",
        ),
        Ok(Sent::Told { submission: Submission::NotSent(why), .. }) if fresh => {
            change.undo_submission(id, attempt)?;
            change.set_note(id, &why)?;
            Ok(Submitted::NotSent(why))
        }
        Ok(Sent::Told {
            submission: Submission::NotSent(why) | Submission::Unclear(why), ..
        }) => unclear(why),
        Ok(Sent::Nothing) => {
            change.apply(
                id,
                Event::Over(Ending::cancelled("cancelled before a job was submitted")),
            )?;
            Ok(Submitted::NotNow("it is cancelled".to_owned()))
        }
        Ok(Sent::Gone(time)) => {
            change.undo_submission(id, attempt)?;
            change.put_off(id, "cannot go on now: its directory is not there")?;
            change.set_missing(id, row.missing_polls, row.missing_since)?;
            if mark_lost(change, row, time)? {
                return Ok(Submitted::Refused("its directory is gone from the cluster".to_owned()));
            }
            Ok(Submitted::PutOff("its directory is not there".to_owned()))
        }
        Ok(Sent::NeedsRunner) => refuse(
            "the runner could not be placed".to_owned(),
            "`researchloop cluster setup NAME`, then `researchloop sprint resubmit ID`",
        ),
        Err(error) => {
            if error.may_have_run() {
                change.set_note(id, &format!("a job may exist: {error}"))?;
            } else {
                // That nothing was sent is certain.
                if fresh {
                    change.undo_submission(id, attempt)?;
                }
                change.set_note(id, &error.to_string())?;
            }
            Ok(Submitted::NoAnswer(error))
        }
    }
}
