//! Decides from all evidence whether a sprint is over, and how it ended.
//!
//! There are up to three witnesses: the runner's own end record, the job script's
//! `exit.json` when the runner could not speak, and the scheduler. An end is believed only when
//! nothing contradicts it: the files lie where the agent writes too, and a queue may give an empty
//! answer. What the runner says of its own work counts most; of what was done to the job from outside,
//! the scheduler knows more. Where a scheduler cannot tell two ends apart, the sentence names both.

use super::SprintId;
use super::action::Action;
use super::advice::Advice;
use super::job::{EndKind, JobEnd, JobState, SchedulerKind, Seen};
use super::sprint::{Ending, Reason};

/// What the runner recorded of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerEnd {
    /// `completed` or not.
    pub completed: bool,
    /// It waits for an answer, and goes on in a later job.
    pub parked: bool,
    /// Its own reason; none when it was stopped from outside.
    pub reason: Option<Reason>,
    /// The signal that stopped it.
    pub signal: Option<String>,
    /// For a person: the job's words.
    pub detail: String,
    /// What to do next.
    pub advice: Option<Advice>,
    /// Processes that it could not end.
    pub processes_left: u32,
}

/// What the job script recorded of a runner that recorded nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptEnd {
    /// `runner_missing`, `noexec` or anything else for a killed runner.
    pub reason: String,
    /// Its wait status.
    pub status: i32,
    /// Processes that could not be ended.
    pub processes_left: u32,
}

/// Everything that is known.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The sprint.
    pub sprint: &'a SprintId,
    /// Which kind of scheduler speaks.
    pub scheduler: SchedulerKind,
    /// Somebody here asked for the end.
    pub cancel_asked: bool,
    /// Some runner of the sprint's present job has started.
    pub runner_started: bool,
    /// The node, when known.
    pub host: Option<&'a str>,
    /// The step that was told of last.
    pub step: Option<&'a str>,
    /// The end record of the last incarnation, if it belongs to the sprint's present job.
    pub runner: Option<&'a RunnerEnd>,
    /// Steps without which no run is complete, or which have begun, and of which no end is recorded.
    pub missing_ends: &'a [String],
    /// `exit.json`.
    pub script: Option<&'a ScriptEnd>,
    /// The scheduler, when it was asked and answered.
    pub seen: Option<&'a Seen>,
    /// Whether a file says that another job holds the sprint, or only the accounting was heard. Then an end
    /// of the known one is believed only when it has been told for long enough.
    pub is_contested: bool,
    /// Whether the sprint's files could be read, to the end of the journal. What was not read
    /// proves nothing.
    pub files_read: bool,
    /// Whether the sprint's present job has left its claim: then it has begun.
    pub claimed: bool,
    /// Whether some poll has seen the job at work, or the accounting says that it took time.
    pub at_work: bool,
    /// Whether this poll brought new lines: then the runner was at work a moment ago.
    pub new_lines: bool,
    /// Seconds since anything in the sprint's files changed, when it was asked for.
    pub quiet_seconds: Option<u64>,
    /// How many healthy polls in a row, this one not counted, found nothing to go on.
    pub empty_polls: u32,
    /// Since how many seconds, by the cluster's clock.
    pub empty_seconds: i64,
    /// Since how many seconds it is not clear whether the job is there. What is unclear does not count
    /// as missing.
    pub unclear_seconds: i64,
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It goes on.
    Alive,
    /// Nothing can be said yet, and nothing is wrong.
    Wait,
    /// Nothing can be said, though all answered: the poll counts towards a verdict.
    Empty,
    /// Nothing can be said, because not all answered, or they contradict each other. It counts by itself.
    Unclear,
    /// The job is over, and the sprint waits for an answer.
    Parked,
    /// It is over.
    Over(Ending),
}

/// A job that nothing knows any more is given up after so many healthy polls ...
const LOST_POLLS: u32 = 3;
/// ... over at least so many seconds.
const LOST_SECONDS: i64 = 120;
/// The accounting may tell of a job so many seconds after its end: SGE writes it up to 15 s later.
const ACCOUNTING_LAG_SECONDS: i64 = 20;
/// Files of a node that has ended its job may take this long to be seen elsewhere: NFS
/// clients believe what they know of a folder for up to a minute.
const FILE_LAG_SECONDS: i64 = 60;
/// Who has written to the sprint's files since less than this is at work.
const LIVELY_SECONDS: u64 = 60;
/// A recorded end stands after so many seconds in which the job was not in a healthy queue and the
/// accounting gave no answer, or in which the scheduler was cleaning up behind it.
const NO_ACCOUNTING_SECONDS: i64 = 600;
/// The accounting may have missed the end of a job. After so many seconds the end that it recorded itself
/// stands against it.
const STALE_RECORD_SECONDS: i64 = 3600;
/// After so many seconds a job that has left the queue is judged without its files.
const NO_FILES_SECONDS: i64 = 86_400;

/// The exit status of a runner that could not record its end itself.
const COULD_NOT_RECORD: i32 = 74;

/// Whether something is given up of which so many healthy looks before this one, over so many seconds of
/// the cluster's clock, have found nothing.
pub fn is_given_up(empty_polls: u32, empty_seconds: i64) -> bool {
    empty_polls + 1 >= LOST_POLLS && empty_seconds >= LOST_SECONDS
}

/// Judges.
pub fn judge(evidence: &Evidence<'_>) -> Finding {
    match is_gone(evidence) {
        Gone::Not(finding) => finding,
        Gone::Ended(end) => of_job_that_is_gone(evidence, Some(end)),
        Gone::Missing => of_job_that_is_gone(evidence, None),
    }
}

/// Whether the job no longer exists.
enum Gone<'a> {
    /// It is there, or that is not certain yet.
    Not(Finding),
    /// The scheduler says how it ended.
    Ended(&'a JobEnd),
    /// Nothing has known it for long enough.
    Missing,
}

fn is_gone<'a>(evidence: &Evidence<'a>) -> Gone<'a> {
    let is_recorded = evidence.runner.is_some() || evidence.script.is_some();
    // One empty answer of a queue is none: the job may be on its way back into it.
    let has_news = evidence.new_lines && evidence.runner.is_none();
    let is_lively = (has_news
        || evidence.quiet_seconds.is_some_and(|quiet| quiet < LIVELY_SECONDS))
        && evidence.empty_seconds.max(evidence.unclear_seconds) < NO_FILES_SECONDS;
    let waits = |over: bool| if over { Gone::Missing } else { Gone::Not(Finding::Empty) };
    match evidence.seen {
        None => Gone::Not(Finding::Wait),
        Some(Seen::State(JobState::Ended(_))) if evidence.is_contested && is_lively => {
            Gone::Not(Finding::Wait)
        }
        // It may be on its way back into the queue, or another one may be at work in its place.
        Some(Seen::State(JobState::Ended(end)))
            if (evidence.is_contested || (may_come_back(end) && !evidence.cancel_asked))
                && !is_given_up(evidence.empty_polls, evidence.empty_seconds) =>
        {
            Gone::Not(Finding::Empty)
        }
        Some(Seen::State(JobState::Ended(end))) => Gone::Ended(end),
        Some(Seen::State(JobState::NeverStarts(words))) => {
            Gone::Not(match evidence.empty_seconds >= LOST_SECONDS {
                true => Finding::Over(never_starts(evidence, words)),
                false => Finding::Empty,
            })
        }
        // A node that does not answer keeps a job in this state for days.
        Some(Seen::State(JobState::Ending)) if is_recorded => {
            waits(evidence.empty_seconds >= NO_ACCOUNTING_SECONDS)
        }
        Some(Seen::State(_)) => Gone::Not(Finding::Alive),
        Some(Seen::Absent | Seen::Accounted(_) | Seen::Unclear(_)) if is_lively => {
            Gone::Not(Finding::Wait)
        }
        Some(Seen::Absent) if never_ran(evidence) => {
            waits(evidence.empty_seconds >= ACCOUNTING_LAG_SECONDS)
        }
        Some(Seen::Absent) => waits(
            is_given_up(evidence.empty_polls, evidence.empty_seconds)
                && !files_are_missing(evidence),
        ),
        Some(Seen::Accounted(_) | Seen::Unclear(_))
            if evidence.unclear_seconds >= patience(evidence) =>
        {
            Gone::Missing
        }
        Some(Seen::Accounted(_) | Seen::Unclear(_)) => Gone::Not(Finding::Unclear),
    }
}

/// Whether SLURM puts such a job back into its queue at most sites.
fn may_come_back(end: &JobEnd) -> bool {
    end.kind == EndKind::NodeFailed || end.words.starts_with("PREEMPTED")
}

/// How long it may be unclear whether a job that the queue does not list is gone, in seconds.
fn patience(evidence: &Evidence<'_>) -> i64 {
    let is_its_own = evidence
        .runner
        .is_some_and(|runner| runner.completed || runner.parked || runner.reason.is_some());
    match evidence.seen {
        Some(Seen::Accounted(_)) if is_its_own => STALE_RECORD_SECONDS,
        // It may be on its way back into the queue.
        Some(Seen::Accounted(_)) => NO_FILES_SECONDS,
        _ if evidence.runner.is_some() || evidence.script.is_some() => NO_ACCOUNTING_SECONDS,
        // Its claim is taken: should it be there after all, it ends at once.
        _ if never_ran(evidence) => NO_ACCOUNTING_SECONDS,
        _ if evidence.cancel_asked => STALE_RECORD_SECONDS,
        _ => NO_FILES_SECONDS,
    }
}

fn of_job_that_is_gone(evidence: &Evidence<'_>, job_end: Option<&JobEnd>) -> Finding {
    let script = evidence.script.filter(|_| evidence.files_read);
    match (evidence.runner, script, job_end) {
        // The script speaks only of a runner that is gone without its last word: a record beside it
        // was not the last word.
        (Some(runner), None, _) => with_runner_end(evidence, runner, job_end),
        // More may come of the files than was read.
        (None, ..) if evidence.new_lines && evidence.empty_polls == 0 => Finding::Empty,
        (_, Some(script), _) => Finding::Over(contradicted(
            evidence,
            match Reason::parse(&script.reason) {
                Some(Reason::RunnerMissing) => runner_missing(evidence),
                Some(Reason::Noexec) => noexec(evidence),
                _ => killed(evidence, job_end, script.processes_left, Some(script.status)),
            },
        )),
        (None, None, Some(end)) => without_record(evidence, end),
        (None, None, None) if never_ran(evidence) => {
            Finding::Over(Ending::cancelled("cancelled before it ran"))
        }
        (None, None, None) => Finding::Over(if evidence.cancel_asked {
            not_verified(evidence)
        } else {
            lost(evidence)
        }),
    }
}

/// Whether nothing at all speaks for it that a job that was to be cancelled has ever begun. Its claim
/// alone may lie on the node and not be seen here yet.
fn never_ran(evidence: &Evidence<'_>) -> bool {
    evidence.cancel_asked
        && evidence.files_read
        && !evidence.runner_started
        && !evidence.claimed
        && !evidence.at_work
        && evidence.runner.is_none()
        && evidence.script.is_none()
}

/// Whether the files say nothing because they could not be read, and one must wait for them.
fn files_are_missing(evidence: &Evidence<'_>) -> bool {
    !evidence.files_read && evidence.empty_seconds < NO_FILES_SECONDS
}

fn with_runner_end(
    evidence: &Evidence<'_>,
    runner: &RunnerEnd,
    job_end: Option<&JobEnd>,
) -> Finding {
    if runner.completed {
        return Finding::Over(if !is_good_end(evidence, job_end) {
            contradicted(
                evidence,
                match job_end {
                    _ if evidence.cancel_asked => not_verified(evidence),
                    Some(end) => of_end(evidence, end),
                    None => unrecorded(evidence, ""),
                },
            )
        } else if evidence.missing_ends.is_empty() {
            Ending::completed()
        } else {
            contradicted(
                evidence,
                unrecorded(evidence, job_end.map_or("", |end| end.words.as_str())),
            )
        });
    }
    if runner.parked {
        return if evidence.cancel_asked {
            Finding::Over(killed(evidence, job_end, runner.processes_left, None))
        } else {
            Finding::Parked
        };
    }
    let Some(reason) = runner.reason else {
        return Finding::Over(killed(evidence, job_end, runner.processes_left, None));
    };
    // A step that failed may have failed because the job ran out of memory, which only the scheduler
    // tells.
    if reason == Reason::StepFailed && job_end.is_some_and(|end| end.kind == EndKind::OutOfMemory) {
        return Finding::Over(out_of_memory(evidence, job_end));
    }
    let hint = runner
        .advice
        .unwrap_or_else(|| Advice::of_reason(reason))
        .sentence(evidence.sprint, evidence.step);
    Finding::Over(Ending::failed(reason, said(&runner.detail), hint))
}

/// The words of a job, marked as such: whatever wrote beside the runner may have written them.
fn said(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!("the job says: {detail}") }
}

/// Whether the scheduler's word fits a job that did all it had to do. One that we have asked to end may
/// have been done a moment before.
fn is_good_end(evidence: &Evidence<'_>, job_end: Option<&JobEnd>) -> bool {
    job_end.is_none_or(|end| match end.kind {
        EndKind::Completed => end.exit_code.is_none_or(|code| code == 0) && end.signal.is_none(),
        EndKind::Cancelled => evidence.cancel_asked,
        // The kernel has killed some process of the job, and the rest went on: SLURM says so of the whole.
        EndKind::OutOfMemory => end.exit_code.is_none_or(|code| code == 0) && end.signal.is_none(),
        _ => false,
    })
}

/// An ending against which the journal speaks: says so.
fn contradicted(evidence: &Evidence<'_>, ending: Ending) -> Ending {
    if !evidence.runner.is_some_and(|runner| runner.completed) {
        return ending;
    }
    let against = match evidence.missing_ends {
        [] => "but the job's end does not fit".to_owned(),
        missing => format!("but has no end of {}", missing.join(", ")),
    };
    let detail =
        if ending.detail.is_empty() { String::new() } else { format!("{}; ", ending.detail) };
    Ending { detail: format!("{detail}its journal says that it completed, {against}"), ..ending }
}

/// A job that was ended from outside, of which we know what was left of it.
fn killed(
    evidence: &Evidence<'_>,
    job_end: Option<&JobEnd>,
    processes_left: u32,
    runner_status: Option<i32>,
) -> Ending {
    if evidence.cancel_asked {
        // The script finds processes by a mark in their environment, which they can shed; the runner
        // also finds them because it is their parent.
        if runner_status.is_some() && processes_left == 0 {
            return not_verified(evidence);
        }
        let node = evidence.host.unwrap_or("the node");
        return Ending::cancelled(match processes_left {
            0 => String::new(),
            left => format!("job ended; {left} of its processes on {node} could not be ended"),
        });
    }
    let words = job_end.map_or("", |end| end.words.as_str());
    match job_end.map(|end| end.kind) {
        Some(EndKind::TimeLimit) => time_limit(evidence, words),
        Some(EndKind::OutOfMemory) => out_of_memory(evidence, job_end),
        Some(EndKind::NodeFailed) => node_failed(evidence, words),
        Some(EndKind::Cancelled) => cancelled_outside(evidence, words),
        _ if runner_status == Some(COULD_NOT_RECORD) => Ending::failed(
            Reason::RunnerKilled,
            "the runner could not start, or could not record its end",
            format!(
                "the end of job.log says why: `{}`; then `{}`",
                fetch(evidence),
                resubmit(evidence)
            ),
        ),
        _ if runner_status.is_some() => runner_killed(evidence, words),
        _ => match evidence.scheduler {
            SchedulerKind::Slurm => cancelled_outside(evidence, words),
            SchedulerKind::Sge => Ending::failed(
                Reason::CancelledOutside,
                format!(
                    "the job was stopped on the cluster; Grid Engine cannot tell qdel from a limit of the queue{}",
                    quoted(words)
                ),
                format!(
                    "ask who used qdel, or whether the queue has limits of its own (qconf -sq); then `{}`",
                    resubmit(evidence)
                ),
            ),
            SchedulerKind::Local => Ending::failed(
                Reason::CancelledOutside,
                "the job was stopped by a signal from outside",
                format!("run it again with `{}`", resubmit(evidence)),
            ),
        },
    }
}

/// A job that has ended and left no record at all.
fn without_record(evidence: &Evidence<'_>, end: &JobEnd) -> Finding {
    if never_ran(evidence) && end.exit_code.is_none() {
        return Finding::Over(Ending::cancelled("cancelled before it ran"));
    }
    // What the exit code alone tells needs no files: the runner that would read them may not run.
    let is_told = matches!(end.kind, EndKind::NotStarted)
        || (matches!(end.exit_code, Some(126 | 127)) && !evidence.files_read);
    if !is_told && (evidence.empty_seconds < FILE_LAG_SECONDS || files_are_missing(evidence)) {
        return Finding::Empty;
    }
    if is_told && end.kind != EndKind::NotStarted && evidence.empty_polls == 0 {
        return Finding::Empty;
    }
    if evidence.cancel_asked {
        return Finding::Over(not_verified(evidence));
    }
    Finding::Over(of_end(evidence, end))
}

/// What the scheduler's word alone makes of a job that did not say of itself that it failed.
fn of_end(evidence: &Evidence<'_>, end: &JobEnd) -> Ending {
    let words = end.words.as_str();
    match end.kind {
        EndKind::TimeLimit => time_limit(evidence, words),
        EndKind::OutOfMemory => out_of_memory(evidence, Some(end)),
        EndKind::NodeFailed => node_failed(evidence, words),
        EndKind::Cancelled => cancelled_outside(evidence, words),
        // It did not come to the runner: the machines failed, not the work.
        EndKind::NotStarted if lacks_directory(words) => {
            without_directory(evidence, Reason::RunnerMissing, words)
        }
        EndKind::NotStarted => never_starts(evidence, words),
        // The job script's own words for a runner that it could not start. They are all there is
        // when the files cannot be read, because the runner would have to read them.
        EndKind::Completed | EndKind::Failed | EndKind::Killed => match end.exit_code {
            // Nobody killed a runner that ended with a status of its own.
            Some(0 | 1) if end.signal.is_none() => unrecorded(evidence, words),
            None if end.kind == EndKind::Completed => unrecorded(evidence, words),
            Some(126) => noexec(evidence),
            Some(127) => runner_missing(evidence),
            _ => runner_killed(evidence, words),
        },
    }
}

fn resubmit(evidence: &Evidence<'_>) -> Action {
    Action::ResubmitSprint { sprint: evidence.sprint.to_string(), more: None }
}

fn fetch(evidence: &Evidence<'_>) -> Action {
    Action::FetchSprint { sprint: evidence.sprint.to_string(), all: false }
}

fn quoted(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" (the scheduler says: {words})") }
}

fn not_verified(evidence: &Evidence<'_>) -> Ending {
    Ending::cancelled(format!(
        "job ended; processes on {} not verified",
        evidence.host.unwrap_or("its node")
    ))
}

fn runner_missing(evidence: &Evidence<'_>) -> Ending {
    Ending::failed(
        Reason::RunnerMissing,
        "the runner was not there when the job started",
        format!(
            "was the cluster's working_dir cleaned, or is it not shared with the nodes? `{}`, then `{}`",
            Action::SetUpCluster { cluster: None },
            resubmit(evidence)
        ),
    )
}

fn noexec(evidence: &Evidence<'_>) -> Ending {
    Ending::failed(
        Reason::Noexec,
        "the runner may not be executed where it lies",
        format!(
            "choose a `working_dir` on a file system without `noexec`, then `{}`",
            resubmit(evidence)
        ),
    )
}

fn lost(evidence: &Evidence<'_>) -> Ending {
    Ending::failed(
        Reason::Lost,
        format!(
            "the cluster knows nothing of the job: not in the queue, not in the accounting, no record ({LOST_POLLS} polls over {LOST_SECONDS} s)"
        ),
        format!("look in the sprint's directory on the cluster, then `{}`", resubmit(evidence)),
    )
}

fn time_limit(evidence: &Evidence<'_>, words: &str) -> Ending {
    Ending::failed(
        Reason::TimeLimit,
        format!("the job's time was over{}", quoted(words)),
        Advice::MoreTime.sentence(evidence.sprint, None),
    )
}

fn out_of_memory(evidence: &Evidence<'_>, end: Option<&JobEnd>) -> Ending {
    Ending::failed(
        Reason::OutOfMemory,
        format!(
            "the job used more memory than it had asked for{}",
            quoted(end.map_or("", |end| end.words.as_str()))
        ),
        Advice::MoreMemory.sentence(evidence.sprint, None),
    )
}

fn node_failed(evidence: &Evidence<'_>, words: &str) -> Ending {
    Ending::failed(
        Reason::NodeFailed,
        format!("the node went away{}", quoted(words)),
        format!("run it again: `{}`", resubmit(evidence)),
    )
}

fn cancelled_outside(evidence: &Evidence<'_>, words: &str) -> Ending {
    Ending::failed(
        Reason::CancelledOutside,
        format!("the job was cancelled on the cluster, not from here{}", quoted(words)),
        format!(
            "if that was you, nothing is wrong; otherwise ask your administrator; then `{}`",
            resubmit(evidence)
        ),
    )
}

/// How schedulers say that a node does not have the job's directory: SLURM's 0:53, and what Grid Engine's
/// shepherd says (`failed 26`, or the reason of `Eqw`).
const NO_DIRECTORY: [&str; 4] = [
    "output could not be opened",
    "opening input/output file",
    "can't open output file",
    "can't chdir to",
];

fn lacks_directory(words: &str) -> bool {
    NO_DIRECTORY.iter().any(|said| words.contains(said))
}

fn without_directory(evidence: &Evidence<'_>, reason: Reason, words: &str) -> Ending {
    Ending::failed(
        reason,
        format!(
            "the node could not start the job in its directory: it is not there, or may not be written to{}",
            quoted(words)
        ),
        format!(
            "is `working_dir` of the cluster shared with the nodes, under the same path? `{}` tells what it lies on; then `{}`",
            Action::CheckClusters,
            resubmit(evidence)
        ),
    )
}

fn never_starts(evidence: &Evidence<'_>, words: &str) -> Ending {
    if lacks_directory(words) {
        return without_directory(evidence, Reason::NeverStarts, words);
    }
    Ending::failed(
        Reason::NeverStarts,
        format!("the job can never start as it was asked for{}", quoted(words)),
        format!(
            "correct the job options (-o key=value, `job_options` of the study or cluster), then `{}`",
            resubmit(evidence)
        ),
    )
}

fn unrecorded(evidence: &Evidence<'_>, words: &str) -> Ending {
    Ending::failed(
        Reason::RunnerKilled,
        format!("the job ended by itself, but the record of its end is not there{}", quoted(words)),
        format!(
            "was `.researchloop` in the sprint's directory removed? What the job left behind is still there: `{}`",
            fetch(evidence)
        ),
    )
}

fn runner_killed(evidence: &Evidence<'_>, words: &str) -> Ending {
    let detail = match evidence.scheduler {
        SchedulerKind::Slurm => format!("the runner inside the job was killed{}", quoted(words)),
        SchedulerKind::Sge => {
            format!(
                "the runner inside the job was killed; Grid Engine cannot tell which it was: qdel, kill -9, out of memory or a lost node{}",
                quoted(words)
            )
        }
        SchedulerKind::Local => format!(
            "the runner inside the job was killed; it may have been out of memory, or kill -9{}",
            quoted(words)
        ),
    };
    Ending::failed(
        Reason::RunnerKilled,
        detail,
        format!(
            "see the end of job.log in `{}`, then `{}`",
            Action::ReadLog { sprint: evidence.sprint.to_string(), step: None },
            resubmit(evidence)
        ),
    )
}
