//! Speaks to schedulers: what goes at the head of a job script, how a job is
//! submitted, what all jobs are doing, how one is ended.
//!
//! A scheduler here runs nothing itself. It contributes sections to a script and reads
//! the answers, so that one round trip can carry everything that a cluster has to tell.

mod answers;
#[cfg(test)]
mod answers_tests;
mod gpus;
mod local;
mod local_shell;
mod look_up;
mod offer;
mod sge;
mod sge_offer;
mod sge_options;
mod sge_shell;
mod sge_text;
mod shell;
mod slurm;
mod slurm_offer;
mod slurm_options;
mod slurm_shell;
#[cfg(test)]
mod slurm_tests;
mod slurm_text;
mod surroundings;
#[cfg(test)]
mod surroundings_tests;
#[cfg(test)]
mod testing;
mod when;

use std::collections::BTreeMap;

use crate::domain::options::OptionProblem;
use crate::domain::{JobId, JobOptions, SchedulerKind, Seen, Used};
use crate::remote::{Reply, Script};

pub use gpus::gpus_asked;
pub use offer::{Offer, Queue};
pub use surroundings::OWN_VARIABLES;

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

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: JobId,
    /// Its name. A number is given anew when all were used or their store was made anew: what a scheduler
    /// says of a number belongs to this job when it also says this name. Empty when it is not known.
    pub name: String,
    /// How many seconds ago its sprint was made. What was submitted long before that is another job.
    pub age: i64,
}

/// What a scheduler says of the jobs that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Every one of them.
    pub seen: BTreeMap<JobId, Seen>,
    /// Why the answer of the queue is not sound, though it answered. The jobs that it lists are there all
    /// the same. That a job is not on the list, says nothing; an end that the accounting tells of is
    /// believed when it has been told for a while.
    pub doubt: Option<String>,
}

/// A poll that tells nothing: the earlier states stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PollError(pub String);

/// A job in the queue that carries a name as we give it, and that nobody has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its id.
    pub id: JobId,
    /// Its name: `rl-SPRINT-ATTEMPT`.
    pub name: String,
    /// The scheduler's word for its state.
    pub state: String,
}

/// The section with what the queue says.
const SECTION: &str = "jobs";
/// The section with what the accounting says.
const ACCOUNTED: &str = "accounting";

/// The exit status of a submission whose program is not on the login node: nothing was run.
pub const NOT_THERE: i32 = shell::NOT_THERE;

/// The exit status of a submission that would need the login shell's environment, which did not come.
pub const NO_LOGIN: i32 = surroundings::NO_LOGIN;

/// The exit status of a look-up when the queue answered and lists no such job, and the accounting gave no
/// whole answer.
pub const QUEUE_ALONE: i32 = shell::QUEUE_ALONE;

/// Both sections of a look, one behind the other; nothing when there is no answer of the queue.
fn text_of(reply: &Reply) -> Option<String> {
    let queue = reply.section(SECTION)?.text().into_owned();
    let accounting =
        reply.section(ACCOUNTED).map(|section| section.text().into_owned()).unwrap_or_default();
    Some(format!("{queue}\n{accounting}"))
}

/// So many seconds a scheduler's command may take at most, of a request that may take this many. The
/// rest is for the way, and for what else is read.
const fn queue_seconds(command_timeout: u64) -> u64 {
    let rest = command_timeout / 6;
    let rest = if rest < 1 {
        1
    } else if rest > 60 {
        60
    } else {
        rest
    };
    let left = command_timeout.saturating_sub(rest);
    if left < 1 { 1 } else { left }
}

/// The `command_timeout` that lets a controller be heard that takes as long as this MessageTimeout of
/// its site allows; nothing when the one that is set does.
pub fn longer_timeout(message_timeout: u64, command_timeout: u64) -> Option<u64> {
    let wanted = message_timeout.saturating_add(60);
    let enough = (wanted.saturating_mul(6)).div_ceil(5).min(wanted.saturating_add(60));
    (queue_seconds(command_timeout) < message_timeout.saturating_add(20))
        .then(|| enough.div_ceil(10).saturating_mul(10))
}

/// How long the accounting may take of a look that others wait for.
const SHORT_ACCOUNTING_SECONDS: u64 = 15;

/// Lets the commands of a scheduler wait so long that all of them together, and the files that are
/// read between them, fit into a request of this many seconds. In a hurry, an accounting that hangs
/// is not waited for.
pub fn be_patient(script: &mut Script, command_timeout: u64, in_a_hurry: bool) {
    let accounting = (command_timeout / 4).max(1);
    let accounting = if in_a_hurry { accounting.min(SHORT_ACCOUNTING_SECONDS) } else { accounting };
    script
        .set("RL_PATIENCE", &queue_seconds(command_timeout).to_string())
        .set("RL_ACCOUNTING_SECONDS", &accounting.to_string())
        .plain("RL_BEGAN=$(date +%s 2>/dev/null </dev/null)");
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

    /// Whether the scheduler takes only one of these two options.
    fn excludes(&self, _one: &str, _other: &str) -> bool {
        false
    }

    /// Lays a later layer of options over earlier ones: what it says counts, under whichever spelling, and
    /// against whatever goes with it no more.
    fn lay(&self, below: &JobOptions, later: &JobOptions) -> JobOptions {
        let (kept, _) = below.without_excluded(later, |one, other| self.excludes(one, other));
        kept.overlaid(later, |key| self.option_name(key))
    }

    /// The lines at the head of the job script, without line breaks. The job's output goes
    /// to `job.log` in the directory in which it is submitted.
    fn directives(&self, job: &JobRequest<'_>) -> Vec<String>;

    /// Shell text that prints the id of each job that carries the name `$RL_NAME`, one a
    /// line, whether it waits, runs or has ended; an id may come twice, and one that is still there comes
    /// last. Exit status 0 means: the answer is complete, or some job was found. [`QUEUE_ALONE`] means: the
    /// queue lists none, and the accounting gave no whole answer. With `$RL_QUEUE_ONLY`, the accounting is
    /// not asked; else for the last `$RL_AGE` minutes.
    fn look_up(&self) -> &'static str;

    /// The same for many names at once: prints what [`Scheduler::found`] reads, of each job in the
    /// queue that carries a name as we give it, and of each job of `$RL_NAMES` (commas between
    /// them) that has ended. The number of scheduler commands does not depend on that of the names.
    fn look_up_all(&self) -> &'static str;

    /// Reads that: the jobs by their names, those first that are still there.
    fn found(&self, text: &str) -> Vec<Stray> {
        let (mut live, dead): (Vec<Stray>, Vec<Stray>) =
            shell::listed(text).map(Stray::from).partition(|one| self.is_live(&one.state));
        live.extend(dead);
        live
    }

    /// Whether a job with this state word in the queue may do something yet. A word that is not
    /// known tells nothing, and is none.
    fn is_live(&self, word: &str) -> bool;

    /// The variables of the account's environment that would be believed more than these options: a
    /// submission does without them. The others are a site's or a user's defaults, and stay.
    fn overruled(&self, _options: &JobOptions) -> Vec<String> {
        Vec::new()
    }

    /// Shell text for `cluster check` that names what of the account's environment and default files
    /// speaks to the scheduler: lines `variable NAME` and `file PATH: WORDS`.
    fn defaults(&self) -> &'static str {
        ":"
    }

    /// Shell text for the job's id, inside of the job. What the scheduler of an outer job has set is none.
    fn job_id(&self) -> &'static str {
        "local-$$"
    }

    /// Shell text that submits `./run_sprint.sh`, with the sprint directory as working
    /// directory, the job's name in `$RL_NAME`, and [`Scheduler::overruled`] in `$RL_OVERRULED`, and prints
    /// what the scheduler says.
    fn submit(&self) -> &'static str;

    /// Reads what [`Scheduler::submit`] printed.
    fn read_submission(&self, status: i32, output: &str) -> Submission;

    /// Adds the section that asks the queue for all these jobs. The number of scheduler commands
    /// does not depend on the number of jobs.
    fn ask(&self, script: &mut Script, jobs: &[Asked]);

    /// Adds the section that asks the accounting for what the queue did not list. It may hang, so it
    /// comes behind everything else that the script has to tell.
    fn ask_accounting(&self, _script: &mut Script, _jobs: &[Asked]) {}

    /// Reads those sections. Every job of `jobs` is in the answer. `now` is the cluster's clock, in seconds
    /// since 1970.
    ///
    /// # Errors
    /// When the scheduler did not answer: nothing can be said of any job.
    fn read(&self, reply: &Reply, jobs: &[Asked], now: Option<i64>) -> Result<Look, PollError>;

    /// Reads from the same sections what ended jobs have used. A job of which the accounting
    /// says nothing is not in the answer.
    fn used(&self, _reply: &Reply, _jobs: &[Asked], _now: Option<i64>) -> BTreeMap<JobId, Used> {
        BTreeMap::new()
    }

    /// The jobs that the queue's section lists under a name as we give it, still there, and not
    /// among these.
    fn strays(&self, reply: &Reply, jobs: &[Asked]) -> Vec<Stray> {
        let Some(section) = reply.section(SECTION) else { return Vec::new() };
        let listed: Vec<Stray> = shell::listed(&section.text()).map(Stray::from).collect();
        listed
            .into_iter()
            .filter(|one| self.is_live(&one.state) && !jobs.iter().any(|job| job.id == one.id))
            .collect()
    }

    /// Shell text that asks the scheduler to end every job of the user that is called `$RL_NAME`,
    /// and the job `$RL_JOB`. That they have ended only a poll proves. It may be run again and
    /// again; a local job that does not listen is killed by a call a minute later.
    fn cancel(&self) -> &'static str;

    /// What a person types on the login node to end this job.
    fn by_hand(&self, job: &JobId) -> String;

    /// Reads what [`Scheduler::cancel`] printed. That there is no such job is fine.
    ///
    /// # Errors
    /// Why it is not certain that the scheduler has heard it: it has to be asked again.
    fn read_cancel(&self, status: i32, output: &str) -> Result<(), String> {
        answers::of_cancel(status, output)
    }

    /// Shell text for `cluster check`: prints one line, the scheduler's name and version;
    /// exit status 0 when it answers.
    fn probe(&self) -> &'static str;

    /// Shell text that prints what the scheduler offers to this user. Exit status 0 when it answers,
    /// [`NOT_THERE`] when its programs are not there.
    fn offer(&self) -> &'static str {
        ":"
    }

    /// Reads what [`Scheduler::offer`] printed.
    fn read_offer(&self, _answer: &str) -> Offer {
        Offer::default()
    }

    /// Shell text that prints how many seconds the scheduler's programs wait for its controller at
    /// this site; nothing where there is no such setting.
    fn message_timeout(&self) -> &'static str {
        ":"
    }
}

impl Asked {
    /// Whether what was submitted then, by the cluster's clock, may be this job. A time that cannot be read
    /// says nothing against it.
    fn may_be_of(&self, submitted: &str, now: Option<i64>) -> bool {
        match (when::seconds(submitted), now) {
            (Some(submitted), Some(now)) => submitted + when::NOT_CERTAIN >= now - self.age,
            _ => true,
        }
    }

    /// The number and the name, as the shell texts take them.
    fn word(&self) -> String {
        format!("{}={}", self.id.number(), self.name)
    }
}

impl From<shell::Listed<'_>> for Stray {
    fn from(listed: shell::Listed<'_>) -> Self {
        Self { id: listed.id, name: listed.name.to_owned(), state: listed.word.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_timeout_leaves_time_for_a_slow_controller() {
        // As most sites have it, and as some do.
        assert_eq!((longer_timeout(10, 240), longer_timeout(100, 240)), (None, None));
        for (message_timeout, command_timeout) in [(200, 240), (300, 240), (10, 12), (86_400, 240)]
        {
            let longer = longer_timeout(message_timeout, command_timeout).expect("too short");
            assert!(queue_seconds(longer) >= message_timeout + 60, "{longer}");
            assert_eq!(longer_timeout(message_timeout, longer), None);
        }
        assert_eq!(longer_timeout(200, 240), Some(320));
        for command_timeout in [1, 2, 5, 12, 240, 86_400] {
            assert!(
                queue_seconds(command_timeout) >= 1
                    && queue_seconds(command_timeout) <= command_timeout
            );
        }
    }
}
