//! What a sprint is, between two changes.

use super::job::JobId;
use super::string_enum::string_enum;

string_enum! {
    /// Where a sprint stands.
    Status {
        /// Waits for a slot, or for its first submission.
        Pending = "pending",
        /// A job may exist: never submitted again before a healthy look-up by name.
        Submitting = "submitting",
        /// In the scheduler's queue.
        Submitted = "submitted",
        /// Its job runs.
        Running = "running",
        /// Waits for something outside, without a job.
        Parked = "parked",
        /// Asked to end; the end is not proven yet.
        Cancelling = "cancelling",
        /// Done, with results.
        Completed = "completed",
        /// Ended without success.
        Failed = "failed",
        /// Ended because somebody here asked for it.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Whether nothing more can happen to the sprint.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job of the sprint may exist on a cluster.
    pub fn may_have_job(self) -> bool {
        matches!(self, Self::Submitting | Self::Submitted | Self::Running | Self::Cancelling)
    }
}

string_enum! {
    /// Why a sprint did not succeed. A closed list: programs may match on it.
    Reason {
        /// A step of the pipeline ended badly for a reason of its own.
        StepFailed = "step_failed",
        /// Claude is not logged in where the job runs, or the login was refused.
        Login = "login",
        /// The account's usage limit was reached.
        UsageLimit = "usage_limit",
        /// The model's service failed, after retries.
        ModelError = "model_error",
        /// Tools were refused, and the step's result is missing.
        ToolsRefused = "tools_refused",
        /// A step said it was done but did not write what it promised.
        MissingOutput = "missing_output",
        /// The job's time was over.
        TimeLimit = "time_limit",
        /// The job was cancelled by somebody else, on the cluster.
        CancelledOutside = "cancelled_outside",
        /// The job used more memory than it had asked for.
        OutOfMemory = "out_of_memory",
        /// The runner inside the job was killed.
        RunnerKilled = "runner_killed",
        /// The runner was not there when the job started.
        RunnerMissing = "runner_missing",
        /// The runner may not be executed where it lies.
        Noexec = "noexec",
        /// A disk was full.
        DiskFull = "disk_full",
        /// The node went away.
        NodeFailed = "node_failed",
        /// The job can never start as it was asked for.
        NeverStarts = "never_starts",
        /// The cluster knows nothing of the job any more.
        Lost = "lost",
        /// The scheduler refused the job, or it could not be sent.
        SubmitFailed = "submit_failed",
    }
}

string_enum! {
    /// What a sprint is for.
    SprintKind {
        /// It works on an idea.
        Research = "research",
        /// It changes what an earlier one has left.
        Tweak = "tweak",
        /// It makes a plan.
        Plan = "plan",
    }
}

/// The step of the pipeline that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase(pub String);

/// How a sprint ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// One of the terminal statuses.
    pub status: Status,
    /// Why, unless it completed. `cancelled` needs none.
    pub reason: Option<Reason>,
    /// One sentence for a person.
    pub detail: String,
    /// What to do next; empty when there is nothing to say.
    pub hint: String,
}

impl Ending {
    /// Done, with results.
    pub fn completed() -> Self {
        Self { status: Status::Completed, reason: None, detail: String::new(), hint: String::new() }
    }

    /// Ended without success.
    pub fn failed(reason: Reason, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            status: Status::Failed,
            reason: Some(reason),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    /// Ended because somebody here asked for it.
    pub fn cancelled(detail: impl Into<String>) -> Self {
        Self { status: Status::Cancelled, reason: None, detail: detail.into(), hint: String::new() }
    }
}

/// What has to come before a parked sprint goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The answer of a person.
    Answer,
    /// More room below a limit: all is answered. Why, for people.
    Limit(String),
    /// The next tick.
    Tick,
}

impl Waiting {
    /// What is said of a sprint that a limit keeps from going on.
    pub fn sentence(limit: &str) -> String {
        format!("does not go on: {limit}")
    }
}

/// Where a sprint stands, with what belongs to that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// See [`Status::Pending`].
    Pending,
    /// See [`Status::Submitting`].
    Submitting,
    /// See [`Status::Submitted`].
    Submitted {
        /// The job in the queue.
        job: JobId,
    },
    /// See [`Status::Running`].
    Running {
        /// The job.
        job: JobId,
        /// The step that runs, once the runner has told.
        phase: Option<Phase>,
    },
    /// See [`Status::Parked`].
    Parked {
        /// The job that parked itself, if there was one. It is over.
        last_job: Option<JobId>,
        /// What has to come before it goes on.
        waits: Waiting,
    },
    /// See [`Status::Cancelling`].
    Cancelling {
        /// The job, once its id is known.
        job: Option<JobId>,
        /// The step that ran when the end was asked for.
        phase: Option<Phase>,
    },
    /// Terminal.
    Ended {
        /// The last job, if there was one.
        job: Option<JobId>,
        /// How.
        ending: Ending,
    },
}

impl State {
    /// The status that belongs to this state.
    pub fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Submitting => Status::Submitting,
            Self::Submitted { .. } => Status::Submitted,
            Self::Running { .. } => Status::Running,
            Self::Parked { .. } => Status::Parked,
            Self::Cancelling { .. } => Status::Cancelling,
            Self::Ended { ending, .. } => ending.status,
        }
    }

    /// The job that may be in the queue, or run.
    pub fn live_job(&self) -> Option<&JobId> {
        match self {
            Self::Submitted { job } | Self::Running { job, .. } => Some(job),
            Self::Cancelling { job, .. } => job.as_ref(),
            Self::Pending | Self::Submitting | Self::Parked { .. } | Self::Ended { .. } => None,
        }
    }

    /// The job that is known, whether it is over or not.
    pub fn last_job(&self) -> Option<&JobId> {
        match self {
            Self::Parked { last_job: job, .. } | Self::Ended { job, .. } => job.as_ref(),
            _ => self.live_job(),
        }
    }

    /// The step that runs.
    pub fn phase(&self) -> Option<&str> {
        match self {
            Self::Running { phase, .. } | Self::Cancelling { phase, .. } => {
                phase.as_ref().map(|phase| phase.0.as_str())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(*status));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
        assert_eq!(Status::parse("running (research)"), None);
    }
}
