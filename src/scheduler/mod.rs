//! Speaks to schedulers: what goes at the head of a job script, how a job is
//! submitted, what all jobs are doing, how one is ended.
//!
//! A scheduler here runs nothing itself. It contributes sections to a script and reads
//! the answers, so that one round trip can carry everything that a cluster has to tell.

mod gpus;
mod local;
mod local_shell;
mod sge;
mod sge_options;
mod sge_shell;
mod sge_text;
mod shell;
mod slurm;
mod slurm_options;
mod slurm_shell;
mod slurm_text;

use std::collections::BTreeMap;

use crate::domain::options::OptionProblem;
use crate::domain::{JobId, JobOptions, SchedulerKind, Seen, Used};
use crate::remote::{Reply, Script};

pub use gpus::gpus_asked;

/// The scheduler of this kind.
pub fn scheduler(kind: SchedulerKind) -> &'static dyn Scheduler {
    match kind {
        SchedulerKind::Slurm => &slurm::Slurm,
        SchedulerKind::Sge => &sge::Sge,
        SchedulerKind::Local => &local::Local,
    }
}

/// What a job asks for.
#[derive(Debug, Clone)]
pub struct JobRequest<'a> {
    /// The job's unique name: letters, digits and dashes.
    pub name: &'a str,
    /// How long it may run, in seconds.
    pub seconds: u64,
    /// Everything else, already checked by [`Scheduler::check_options`].
    pub options: &'a JobOptions,
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The scheduler took it.
    Accepted(JobId),
    /// Nothing was sent, or there was no room for it in the queue: it may be sent again.
    NotSent(String),
    /// The scheduler may have taken it: look it up by name first.
    Unclear(String),
    /// The scheduler said no: sending it again would not help.
    Refused(String),
}

/// A poll that tells nothing: the earlier states stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PollError(pub String);

/// Lets the commands of a scheduler wait so long that all of them together, and the files that are
/// read behind them, fit into a request of this many seconds.
pub fn be_patient(script: &mut Script, command_timeout: u64) {
    script
        .set("RL_QUEUE_SECONDS", &(command_timeout * 10 / 24).max(1).to_string())
        .set("RL_ACCOUNTING_SECONDS", &(command_timeout / 4).max(1).to_string());
}

/// One kind of scheduler.
pub trait Scheduler: Sync {
    /// Lists everything that is wrong with the options, in their order.
    fn check_options(&self, options: &JobOptions) -> Vec<OptionProblem>;

    /// Lists what the scheduler may know at this site, but what looks like a slip.
    fn doubtful_options(&self, _options: &JobOptions) -> Vec<OptionProblem> {
        Vec::new()
    }

    /// The option that this key stands for: one has several spellings.
    fn option_name<'k>(&self, key: &'k str) -> &'k str {
        key
    }

    /// The lines at the head of the job script, without line breaks. The job's output goes
    /// to `job.log` in the directory in which it is submitted.
    fn directives(&self, job: &JobRequest<'_>) -> Vec<String>;

    /// Shell text that prints the id of each job that carries the name `$RL_NAME`, one a
    /// line, whether it waits, runs or has ended; an id may come twice, and lines that are no
    /// ids may stand between. Exit status 0 means: the answer is complete.
    fn look_up(&self) -> &'static str;

    /// Shell text that submits `./run_sprint.sh`, with the sprint directory as working
    /// directory and the job's name in `$RL_NAME`, and prints what the scheduler says.
    fn submit(&self) -> &'static str;

    /// Reads what [`Scheduler::submit`] printed.
    fn read_submission(&self, status: i32, output: &str) -> Submission;

    /// Adds the sections that ask for all these jobs. The number of scheduler commands
    /// does not depend on the number of jobs.
    fn ask(&self, script: &mut Script, jobs: &[JobId]);

    /// Reads those sections. Every job of `jobs` is in the answer.
    ///
    /// # Errors
    /// When the scheduler did not answer: nothing can be said of any job.
    fn read(&self, reply: &Reply, jobs: &[JobId]) -> Result<BTreeMap<JobId, Seen>, PollError>;

    /// Reads from the same sections what ended jobs have used. A job of which the accounting
    /// says nothing is not in the answer.
    fn used(&self, _reply: &Reply, _jobs: &[JobId]) -> BTreeMap<JobId, Used> {
        BTreeMap::new()
    }

    /// Shell text that asks the scheduler to end the job `$RL_JOB`, with the sprint directory
    /// as working directory. Its exit status proves nothing: only a poll does. It may be run
    /// again and again; a local job that does not listen is killed by a call a minute later.
    fn cancel(&self) -> &'static str;

    /// Shell text for `cluster check`: prints one line, the scheduler's name and version;
    /// exit status 0 when it answers.
    fn probe(&self) -> &'static str;
}
