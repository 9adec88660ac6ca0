//! What the answers to orders (submit, end a job) say for certain.
//!
//! Hidden here: the closed lists of words that mean "refused", "not sent" and "there is no such
//! job". They are strings of SLURM 22.05 to 24.11 and of Grid Engine 8.1.9. Whatever is on no
//! list proves nothing: a job may exist, and a cancel may not have been heard.

use super::Submission;
use super::shell::{Apart, NOT_THERE, useful};
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
    "controller in standby mode",
    "controller is in standby mode",
    "slurm temporarily unable to accept job",
    "unable to create job record, try again",
    "system submissions disabled",
    // A limit on how many jobs are in the queue at once: there is room later.
    "maxsubmitjob",
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
    "more than one",
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
        let word = line.strip_prefix("Submitted batch job ").and_then(|rest| rest.split_whitespace().next()).unwrap_or(line);
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
        let word = line.strip_prefix("Your job ").and_then(|rest| rest.split_whitespace().next()).unwrap_or(line);
        JobId::parse(word).filter(|id| id.as_str() == id.number())
    };
    judge("qsub", status, answer, id_of, |text| match () {
        () if says(text, SGE_UNCLEAR) => Verdict::Unclear,
        () if says(text, SGE_NOT_SENT) => Verdict::NotSent,
        // What else says that the message did not get through stands in the same words.
        () if text.contains("unable to send message to qmaster") || text.contains("commlib error") => Verdict::Unclear,
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
    let id = apart.out.lines().rev().find_map(|line| id_of(line.trim()));
    match (status, id) {
        (0, Some(id)) => Submission::Accepted(id),
        (0, None) => Submission::Unclear(format!("{program} gave no job id: {said}")),
        (_, Some(id)) => Submission::Unclear(format!("{program} named job {id}, but ended with exit status {status}: {said}")),
        (NOT_THERE, None) => Submission::Refused(said),
        _ if said.is_empty() => Submission::Unclear(format!("{program} ended with exit status {status} and said nothing")),
        // Ended by a signal or a deadline, or it could not be run whole: who knows when.
        (124..=254, None) => Submission::Unclear(format!("{program} ended with exit status {status}: {said}")),
        _ => match verdict(&format!("{}\n{}", apart.said, apart.out).to_lowercase()) {
            Verdict::NotSent => Submission::NotSent(said),
            Verdict::Refused => Submission::Refused(said),
            Verdict::Unclear => Submission::Unclear(said),
        },
    }
}

/// Reads what came of asking for the end of a job: each program's exit status, in a line
/// `!STATUS`, and behind it what it said.
///
/// # Errors
/// Why it is not certain that the scheduler heard it.
pub(super) fn of_cancel(status: i32, answer: &str) -> Result<(), String> {
    let mut heard = true;
    let mut parts: Vec<(i32, String)> = Vec::new();
    for line in answer.lines() {
        match line.strip_prefix('!').map(str::parse) {
            Some(Ok(status)) => parts.push((status, String::new())),
            _ => {
                if let Some((_, said)) = parts.last_mut() {
                    said.push_str(line);
                    said.push('\n');
                }
            }
        }
    }
    if parts.is_empty() {
        heard = status == 0;
    }
    for (status, said) in &parts {
        heard &= *status == 0 || says_gone(said);
    }
    if heard {
        return Ok(());
    }
    let words: Vec<&str> = answer.lines().filter(|line| !line.starts_with('!')).collect();
    Err(match useful(&words.join("\n")) {
        said if said.is_empty() && status == 124 => "the scheduler did not answer in time".to_owned(),
        said if said.is_empty() => format!("exit status {status}"),
        said => said,
    })
}

/// Whether it was said that there is no such job, and nothing that makes it doubtful.
fn says_gone(said: &str) -> bool {
    let lower = said.to_lowercase();
    says(&lower, GONE) && !says(&lower, SLURM_UNCLEAR) && !says(&lower, SGE_UNCLEAR) && !lower.contains("permission denied") && !lower.contains("commlib")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Submission {
        Submission::Accepted(JobId::parse(text).expect("an id"))
    }

    fn is_unclear(submission: &Submission) -> bool {
        matches!(submission, Submission::Unclear(_))
    }

    #[test]
    fn the_answer_of_sbatch() {
        assert_eq!(of_sbatch(0, "4\n"), id("4"));
        assert_eq!(of_sbatch(0, "40;rllab\n"), id("40;rllab"));
        assert_eq!(of_sbatch(0, "Your quota: 80 GB of 100\nsbatch: checking\n812\n\nHave 1 nice day\n"), id("812"));
        assert_eq!(of_sbatch(0, "Submitted batch job 77\n"), id("77"));
        // A number among the complaints is no id.
        assert_eq!(of_sbatch(0, "812\n\n!0\n99\n"), id("812"));
        assert!(is_unclear(&of_sbatch(0, "\n!0\n99\n")));
        for text in ["", "hello", "12.batch", "-4", "4 jobs"] {
            assert!(is_unclear(&of_sbatch(0, text)), "{text:?}");
        }
        assert!(is_unclear(&of_sbatch(1, "812\n")));
    }

    #[test]
    fn only_a_connect_failure_and_what_may_pass_was_not_sent() {
        for text in [
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
            "\n!1\nsbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
            "sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source\n",
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy\n",
            "sbatch: error: AssocMaxSubmitJobLimit\n",
        ] {
            assert!(matches!(of_sbatch(1, text), Submission::NotSent(_)), "{text}");
        }
    }

    #[test]
    fn what_sbatch_is_not_known_to_mean_is_unclear() {
        let failed = "sbatch: error: Batch job submission failed: ";
        for words in [
            "Socket timed out on send/recv operation",
            "Zero Bytes were transmitted or received",
            "Unable to contact slurm controller (receive failure)",
            "Unable to contact slurm controller (send failure)",
            "Unable to contact slurm controller (shutdown failure)",
            "Unable to contact slurm controller",
            "Header lengths are longer than data received",
            "Insane message length",
            "Protocol authentication error",
            "Unspecified error",
            "Communication connection failure",
            "Connection refused",
            "Unexpected message received",
            "Slurm internal error, contact system administrator",
            "words of a version to come",
            // A controller may have it before the next one is asked.
            "Socket timed out on send/recv operation\nsbatch: error: Unable to contact slurm controller (connect failure)",
            "Unable to contact slurm controller (receive failure)\nsbatch: error: Invalid partition name specified",
        ] {
            let submission = of_sbatch(1, &format!("{failed}{words}\n"));
            assert!(is_unclear(&submission), "{words}: {submission:?}");
        }
        for status in [1, 2, 124, 126, 127, 137, 143, 140] {
            assert!(is_unclear(&of_sbatch(status, "")), "{status}");
        }
        assert!(is_unclear(&of_sbatch(127, "sbatch: line 7: log-usage: command not found\n")));
    }

    #[test]
    fn the_refusals_of_sbatch_are_a_closed_list() {
        let refused =
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n";
        assert_eq!(
            of_sbatch(1, refused),
            Submission::Refused("invalid partition specified: nope; Batch job submission failed: Invalid partition name specified".to_owned())
        );
        for (status, text) in [
            (255, "sbatch: unrecognized option '--nosuch=1'\nTry \"sbatch --help\" for more information\n"),
            (1, "sbatch: error: Batch script is empty!\n"),
            (1, "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n"),
            (1, "sbatch: error: Batch job submission failed: Invalid qos specification\n"),
            (1, "sbatch: error: Batch job submission failed: Requested node configuration is not available\n"),
            (1, "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)\n"),
            (1, "sbatch: error: Memory specification can not be satisfied\n"),
            (1, "sbatch: error: Batch job submission failed: User's group not permitted to use this partition\n"),
            (1, "sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification\n"),
            (1, "sbatch: error: Batch job submission failed: Access/permission denied\n"),
            (1, "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n"),
        ] {
            let submission = of_sbatch(status, text);
            assert!(matches!(submission, Submission::Refused(_)), "{text}: {submission:?}");
        }
        assert!(matches!(of_sbatch(93, "sbatch was not found on the front end\n"), Submission::Refused(text) if text.contains("front end")));
    }

    #[test]
    fn the_answer_of_qsub() {
        assert_eq!(of_qsub(0, "3\n"), id("3"));
        assert_eq!(of_qsub(0, "Note: use -l gpu for 2 GPUs\n9000001\n"), id("9000001"));
        assert_eq!(of_qsub(0, "Your job 77 (\"sp-a1b2c3\") has been submitted\n"), id("77"));
        for text in ["28.1-3:1\n", "", "ok", "3;x", "\n!0\n3\n"] {
            assert!(is_unclear(&of_qsub(0, text)), "{text:?}");
        }
    }

    #[test]
    fn failures_of_qsub_tell_whether_a_job_may_exist() {
        let refused_connection = "error: commlib error: got select error (Connection refused)\nUnable to run job: unable to send message to qmaster using port 1 on host \"localhost\": got send error\nExiting.\n";
        assert!(matches!(of_qsub(1, refused_connection), Submission::NotSent(_)));
        let limit = "Unable to run job: job rejected: Only 3 jobs are allowed per user (current job count: 3)\nExiting.\n";
        assert!(matches!(of_qsub(25, limit), Submission::NotSent(_)));
        for text in [
            "Unable to run job: unable to send message to qmaster using port 27644 on host \"localhost\": got send error.\nExiting.\n",
            "error: commlib error: got select error (Connection reset by peer)\n",
            "Unable to run job: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).\nExiting.\n",
            "Unable to run job: something that nobody has seen.\nExiting.\n",
            "",
        ] {
            assert!(is_unclear(&of_qsub(1, text)), "{text}");
        }
        assert!(is_unclear(&of_qsub(137, "")));
        assert_eq!(
            of_qsub(1, "Unable to run job: job rejected: the requested project \"nope\" does not exist\nExiting.\n"),
            Submission::Refused("Unable to run job: job rejected: the requested project \"nope\" does not exist".to_owned())
        );
        for text in [
            "Unable to read script file because of error: invalid option argument \"-gres\"\n",
            "Unable to run job: unknown resource \"nosuch\".\nExiting.\n",
            "qsub: Unknown option --nosuch\n",
            "Unable to run job: denied: host \"x\" is not a submit host.\nExiting.\n",
        ] {
            assert!(matches!(of_qsub(1, text), Submission::Refused(_)), "{text}");
        }
    }

    #[test]
    fn a_cancel_counts_when_it_was_heard() {
        for (status, text) in [
            (0, "\n!0\n\n\n!0\n\n"),
            (1, "\n!0\n\n\n!1\nscancel: error: Kill job error on job id 5: Invalid job id specified\n"),
            (98, "\n!0\n\n\n!98\nscancel: error: Kill job error on job id 5: Job/step already completing or completed\n"),
            (1, "\n!1\ndenied: job \"rl-sp-a1b2c3-1\" does not exist\ndenied: job \"5\" does not exist\n"),
            (0, ""),
        ] {
            assert_eq!(of_cancel(status, text), Ok(()), "{text}");
        }
        for (status, text) in [
            (140, "\n!140\nscancel: error: Kill job error on job id 5: Socket timed out on send/recv operation\n\n!1\nscancel: error: Kill job error on job id 5: Invalid job id specified\n"),
            (98, "\n!98\nscancel: error: slurm_kill_job2: Unable to contact slurm controller (connect failure)\n"),
            (1, "\n!1\nscancel: error: Kill job error on job id 5: Access/permission denied\n"),
            (124, "\n!124\n\n"),
            (1, "error: commlib error: got select error (Connection refused)\n"),
            (1, "\n!1\nwords of a version to come\n"),
        ] {
            assert!(of_cancel(status, text).is_err(), "{text}");
        }
        assert_eq!(of_cancel(1, "\n!1\nscancel: error: Access/permission denied\n"), Err("Access/permission denied".to_owned()));
    }
}
