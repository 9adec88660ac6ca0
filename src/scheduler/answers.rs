//! What the answers to orders (submit, end a job) say for certain.
//!
//! Hidden here: the closed lists of words that mean "refused", "not sent" and "there is no such
//! job". They are strings of SLURM 22.05 to 24.11 and of Grid Engine 8.1.9. Whatever is on no
//! list proves nothing: a job may exist, and a cancel may not have been heard.

use super::Submission;
use super::shell::{Apart, NOT_THERE, useful};
use super::surroundings::NO_LOGIN;
use crate::domain::JobId;

/// What a list of words is about. All in lower case.
type Words = &'static [&'static str];

/// The controller may have what was sent to it.
const SLURM_UNCLEAR: Words = &[
    "timed out",
    "time out",
    "timeout on",
    "zero bytes were transmitted",
    "receive failure",
    "send failure",
    "shutdown failure",
    "connection reset",
    "broken pipe",
    "failed to send entire message",
    "header lengths are longer",
    "insane message length",
    "unexpected message",
];

/// Nothing arrived, or it was turned away because of what there is at this moment.
const SLURM_NOT_SENT: Words = &[
    "unable to contact slurm controller (connect failure)",
    "could not establish a configuration source",
    "fetch_config: dns srv lookup failed",
    "unable to process configuration file",
    "error while loading shared libraries",
    "controller in standby mode",
    "controller is in standby mode",
    "unable to create job record, try again",
    "system submissions disabled",
    // A limit on how many jobs are in the queue at once: there is room later.
    "maxsubmitjob",
    "grpsubmitjob",
    "grp_submit_job",
    "grp_sub_job",
    "max_submit_job",
];

/// The controller, or sbatch itself, said no to this job.
const SLURM_REFUSED: Words = &[
    // sbatch, before anything is sent.
    "batch script is empty",
    "batch script contains",
    "this does not look like a batch script",
    "unable to open file",
    "invalid directive found in batch script",
    "script arguments not permitted",
    "unrecognized option",
    "invalid option",
    "option requires an argument",
    "requires an argument",
    "doesn't allow an argument",
    "is ambiguous",
    "invalid argument",
    "invalid --",
    "invalid number of",
    "invalid numeric value",
    "is not a valid ",
    "failed to validate job spec",
    "failed to validate number",
    "cannot specify both",
    "cli_filter plugin terminated",
    // The controller.
    "invalid partition",
    "no partition specified",
    "not permitted to use this partition",
    "requested nodes not in this partition",
    "requested partition configuration not available",
    "required partition not available",
    "required node not available",
    "requested node configuration is not available",
    "node count specification invalid",
    "cpu count specification invalid",
    "task count specification invalid",
    "task distribution specification invalid",
    "more processors requested than permitted",
    "requested more tasks than available",
    "cannot request more threads per core",
    "job size specification needs to be provided",
    "memory required by task is not available",
    "memory specification can not be satisfied",
    "invalid account",
    "invalid qos",
    "invalid node name",
    "invalid user id",
    "invalid group id",
    "invalid wckey",
    "invalid feature",
    "invalid preferred feature",
    "invalid license",
    "invalid dependency",
    "invalid generic resource",
    "invalid gres",
    "duplicate generic resource",
    "requested gres option unsupported",
    "invalid trackable resource",
    "invalid tres",
    "invalid time",
    "invalid job array",
    "invalid core specification",
    "invalid count specification",
    "invalid memory specification",
    "invalid switch specification",
    "invalid cluster name",
    "invalid directory",
    "job dependency problem",
    "circular job dependency",
    "requested time limit is invalid",
    "time limit specification required",
    "job violates accounting/qos policy",
    "access/permission denied",
    "access denied to requested reservation",
    "requested reservation is invalid",
    "requested reservation not usable now",
    "reservation is invalid",
    "burst buffer permission denied",
    "burst buffer request invalid",
    "burst buffer resource limit exceeded",
    "pathname of a file, directory or other parameter too long",
    "immediate execution impossible",
    "requested operation not supported on this system",
    "only batch jobs are accepted",
    "has breached requested qos usage threshold",
    "multiple partition job request not supported",
    "job --batch option is invalid",
];

/// The master may have what was sent to it: one that hangs takes messages without an answer.
const SGE_UNCLEAR: Words = &[
    "connection reset",
    "broken pipe",
    "got read error",
    "failed receiving gdi request",
    "receive timeout",
    "timeout error",
    "timed out",
    "time out",
];

const SGE_NOT_SENT: Words = &[
    "got select error (connection refused)",
    "got select error (no route to host)",
    "unable to contact qmaster",
    // What surrounds the program is missing.
    "unable to initialize environment",
    "set the environment variable sge_",
    "could not get environment variable sge_",
    "error while loading shared libraries",
    "can't resolve host",
    // A limit on how many jobs are in the queue at once: there is room later.
    "jobs are allowed per user",
    "jobs are allowed per cluster",
    "max_u_jobs",
    "max_jobs",
    "job is rejected temporarily",
    "jsv temporarily rejected job",
];

const SGE_REFUSED: Words = &[
    "job rejected",
    "job was rejected because",
    "job is rejected",
    "jsv rejected job",
    "jsv rejects job",
    "unable to read script file",
    "denied: ",
    "unknown option",
    "unknown resource",
    "unknown queue",
    "unknown hold list",
    "invalid option argument",
    "option must have",
    "option contains errors",
    "no suitable queues",
    "does not exist",
    "is not a valid object name",
    "invalid priority",
    "argument to -n option",
    "a path or filename may not exceed",
    "is not a time value",
    "is not a memory value",
    "is not an integer value",
    "is not a double value",
    "invalid format of",
    "wrong date/time format",
    "wrong mail options list format",
];

/// What this program's own start of a local job says when it has started nothing.
pub(super) const LOCAL_REFUSED: &str = "the job script could not be started";

/// There is no such job any more, or it is ending already.
const GONE: Words = &[
    "invalid job id",
    "already completing or completed",
    "does not exist",
    "do not exist",
    "already in deletion",
    "has registered the job",
    "has deleted job",
    "has marked job",
];

fn says(text: &str, words: Words) -> bool {
    words.iter().any(|words| text.contains(words))
}

/// Reads what `sbatch` answered.
pub(super) fn of_sbatch(status: i32, answer: &str) -> Submission {
    let id_of = |line: &str| {
        let word = line
            .strip_prefix("Submitted batch job ")
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or(line);
        JobId::parse(word)
    };
    judge("sbatch", status, answer, id_of, |text| match () {
        () if says(text, SLURM_UNCLEAR) => Verdict::Unclear,
        () if says(text, SLURM_NOT_SENT) => Verdict::NotSent,
        () if says(text, SLURM_REFUSED) => Verdict::Refused,
        () => Verdict::Unclear,
    })
}

/// Reads what `qsub` answered.
pub(super) fn of_qsub(status: i32, answer: &str) -> Submission {
    let id_of = |line: &str| {
        let word = line
            .strip_prefix("Your job ")
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or(line);
        JobId::parse(word).filter(|id| id.as_str() == id.number())
    };
    judge("qsub", status, answer, id_of, |text| match () {
        () if says(text, SGE_UNCLEAR) => Verdict::Unclear,
        () if says(text, SGE_NOT_SENT) => Verdict::NotSent,
        // What else says that the message did not get through stands in the same words.
        () if text.contains("unable to send message to qmaster")
            || text.contains("commlib error") =>
        {
            Verdict::Unclear
        }
        () if says(text, SGE_REFUSED) => Verdict::Refused,
        () => Verdict::Unclear,
    })
}

enum Verdict {
    NotSent,
    Refused,
    Unclear,
}

fn judge(
    program: &str,
    status: i32,
    answer: &str,
    id_of: impl Fn(&str) -> Option<JobId>,
    verdict: impl Fn(&str) -> Verdict,
) -> Submission {
    let apart = Apart::of(answer);
    let said = apart.told();
    // Only what the program printed as its answer is an id, not what stands among its complaints.
    let mut ids: Vec<JobId> = apart.out.lines().filter_map(|line| id_of(line.trim())).collect();
    ids.dedup();
    // A site may print numbers of its own beside it: which one is the job's, its name tells.
    if let [first, second, ..] = &ids[..] {
        return Submission::Unclear(format!(
            "{program} printed more than one number that may be the job's ({first}, {second}): {said}"
        ));
    }
    match (status, ids.pop()) {
        (0, Some(id)) => Submission::Accepted(id),
        (0, None) => Submission::Unclear(format!("{program} gave no job id: {said}")),
        (_, Some(id)) => Submission::Unclear(format!(
            "{program} named job {id}, but ended with exit status {status}: {said}"
        )),
        (NOT_THERE, None) => Submission::Refused(said),
        (NO_LOGIN, None) => Submission::NotSent(said),
        _ if said.is_empty() => Submission::Unclear(format!(
            "{program} ended with exit status {status} and said nothing"
        )),
        // Ended by a signal or a deadline, or it could not be run whole: who knows when.
        (124..=254, None) => {
            Submission::Unclear(format!("{program} ended with exit status {status}: {said}"))
        }
        _ => match verdict(&decisive(&apart)) {
            Verdict::NotSent => Submission::NotSent(said),
            Verdict::Refused => Submission::Refused(said),
            Verdict::Unclear => Submission::Unclear(said),
        },
    }
}

/// What was said, in lower case, without what a program said before it tried again by itself.
fn decisive(apart: &Apart<'_>) -> String {
    let lines = apart.said.lines().chain(apart.out.lines()).map(str::to_lowercase);
    lines.filter(|line| !line.contains("sleeping and retrying")).collect::<Vec<_>>().join("\n")
}

/// Reads what came of asking for the end of a job: each program's exit status, in a line
/// `!STATUS`, and behind it what it said.
///
/// # Errors
/// Why it is not certain that the scheduler heard it.
pub(super) fn of_cancel(status: i32, answer: &str) -> Result<(), String> {
    // What stands before the first status was printed by the first program.
    let (mut parts, mut before): (Vec<(i32, String)>, String) = (Vec::new(), String::new());
    for line in answer.lines() {
        match line.strip_prefix('!').map(str::parse) {
            Some(Ok(status)) => parts.push((status, std::mem::take(&mut before))),
            _ => {
                let said = parts.last_mut().map_or(&mut before, |(_, said)| said);
                said.push_str(line);
                said.push('\n');
            }
        }
    }
    let heard = if parts.is_empty() {
        status == 0
    } else {
        parts.iter().all(|(status, said)| *status == 0 || says_gone(said))
    };
    if heard {
        return Ok(());
    }
    let words: Vec<&str> = answer.lines().filter(|line| !line.starts_with('!')).collect();
    Err(match useful(&words.join("\n")) {
        said if said.is_empty() && status == 124 => {
            "the scheduler did not answer in time".to_owned()
        }
        said if said.is_empty() => format!("exit status {status}"),
        said => said,
    })
}

/// Whether it was said that there is no such job, and nothing that makes it doubtful.
fn says_gone(said: &str) -> bool {
    let lower = said.to_lowercase();
    says(&lower, GONE)
        && !says(&lower, SLURM_UNCLEAR)
        && !says(&lower, SGE_UNCLEAR)
        && !lower.contains("permission denied")
        && !lower.contains("commlib")
}
