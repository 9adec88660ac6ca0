//! What came of a submission, and how it is written down.

use super::breaker;
use super::error::SubmitError;
use super::lost::mark_lost;
use super::send::Sent;
use crate::domain::action::Action;
use crate::domain::transition::Event;
use crate::domain::{Ending, JobId, Reason};
use crate::remote::RemoteError;
use crate::scheduler::Submission;
use crate::store::{Change, SprintRow, StoreError};

/// What came of a submission.
#[derive(Debug)]
pub enum Submitted {
    /// The scheduler has the job.
    Accepted {
        /// Its id.
        job: JobId,
    },
    /// Nothing is lost: a later tick goes on from here.
    Deferred {
        /// For people.
        why: String,
        /// What it waits for.
        because: Deferral,
    },
    /// The scheduler refused it, or it can never be sent; the sprint has failed.
    Refused {
        /// For people.
        why: String,
    },
}

/// Why a submission is left to a later tick.
#[derive(Debug)]
pub enum Deferral {
    /// All slots of the cluster are in use.
    NoSlot,
    /// A job may exist: it is looked up.
    InDoubt,
    /// Nothing was sent, or the scheduler is certain to have no job.
    NotSent,
    /// The cluster gave no answer; a job may exist when the request
    /// [may have run](RemoteError::may_have_run).
    NoAnswer(RemoteError),
    /// A parked sprint cannot go on now, and stays parked.
    StaysParked,
    /// Somebody else is submitting it, or it is not there to be submitted.
    NotDue,
}

impl Deferral {
    /// Whether the job may be there all the same.
    pub fn may_have_job(&self) -> bool {
        match self {
            Self::InDoubt => true,
            Self::NoAnswer(error) => error.may_have_run(),
            Self::NoSlot | Self::NotSent | Self::StaysParked | Self::NotDue => false,
        }
    }
}

impl Submitted {
    pub(super) fn deferred(because: Deferral, why: impl Into<String>) -> Self {
        Self::Deferred { why: why.into(), because }
    }
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
    let id = &row.id;
    change.accept(id, attempt, job, dir)?;
    if !runner.is_empty() {
        change.set_runner(id, runner)?;
    }
    breaker::worked(change, &row.cluster, &row.study)
}

/// Writes down what came of it. `row` is the sprint as it was before.
pub(super) fn record(
    change: &Change<'_>,
    row: &SprintRow,
    attempt: u32,
    fresh: bool,
    outcome: Result<Sent, RemoteError>,
) -> Result<Submitted, SubmitError> {
    let id = &row.id;
    let resubmit = Action::ResubmitSprint { sprint: id.to_string(), more: None };
    let refuse = |why: String, hint: String| -> Result<Submitted, SubmitError> {
        // Of a sprint that goes on, a session, finished steps and their money would be lost.
        if attempt > 1 {
            change.undo_submission(id, attempt)?;
            change.put_off(id, &format!("cannot go on now: {why}"))?;
            return Ok(Submitted::deferred(Deferral::StaysParked, why));
        }
        change.apply(id, Event::Over(Ending::failed(Reason::SubmitFailed, why.clone(), hint)))?;
        Ok(Submitted::Refused { why })
    };
    let unclear = |why: String| -> Result<Submitted, SubmitError> {
        change.set_note(id, &format!("a job may exist: {why}"))?;
        Ok(Submitted::deferred(Deferral::InDoubt, why))
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
            Ok(Submitted::Accepted { job })
        }
        Ok(Sent::Told { submission: Submission::Refused(why), .. }) => refuse(
            why,
            format!(
                "correct what the scheduler complains about (job options, account, partition), then `{resubmit}`"
            ),
        ),
        // Something is wrong with the folders there, and an earlier request may have brought a job.
        Ok(Sent::Problem(why)) if !fresh => unclear(why),
        Ok(Sent::Problem(why)) => refuse(
            why,
            format!("`{}` looks at the cluster; then `{resubmit}`", Action::CheckClusters),
        ),
        Ok(Sent::NoLinks(why)) => refuse(
            why,
            format!(
                "choose a `working_dir` on a file system that has symbolic links (FAT and exFAT have none), then `{resubmit}`"
            ),
        ),
        Ok(Sent::Told { submission: Submission::NotSent(why), .. }) if fresh => {
            change.undo_submission(id, attempt)?;
            change.set_note(id, &why)?;
            Ok(Submitted::deferred(Deferral::NotSent, why))
        }
        Ok(Sent::Told {
            submission: Submission::NotSent(why) | Submission::Unclear(why), ..
        }) => unclear(why),
        Ok(Sent::Nothing) => {
            change.apply(
                id,
                Event::Over(Ending::cancelled("cancelled before a job was submitted")),
            )?;
            Ok(Submitted::deferred(Deferral::NotDue, "it is cancelled"))
        }
        Ok(Sent::Gone(time)) => {
            change.undo_submission(id, attempt)?;
            change.put_off(id, "cannot go on now: its directory is not there")?;
            change.set_missing(id, row.missing_polls, row.missing_since)?;
            if mark_lost(change, row, time)? {
                return Ok(Submitted::Refused {
                    why: "its directory is gone from the cluster".to_owned(),
                });
            }
            Ok(Submitted::deferred(Deferral::StaysParked, "its directory is not there"))
        }
        Ok(Sent::NeedsRunner | Sent::OtherMachine(_)) => refuse(
            "the runner could not be placed".to_owned(),
            format!("`{}`, then `{resubmit}`", Action::SetUpCluster { cluster: None }),
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
            Ok(Submitted::deferred(Deferral::NoAnswer(error.clone()), error.to_string()))
        }
    }
}
