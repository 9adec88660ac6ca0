//! Answers that schedulers were seen to give, and some that nobody has seen.

use super::Submission;
use super::answers::*;
use crate::domain::JobId;

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
    assert_eq!(
        of_sbatch(0, "Your quota: 80 GB of 100\nsbatch: checking\n812\n\nHave 1 nice day\n"),
        id("812")
    );
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
fn of_several_numbers_none_is_taken_for_the_jobs() {
    for out in [
        "59\nRemaining core hours of project p123:\n250000\n",
        "250000\n59\n",
        "Submitted batch job 59\n250000\n",
        "59\n59;hpc\n",
    ] {
        for answer in [out.to_owned(), format!("{out}\n!0\n\n")] {
            assert!(
                matches!(of_sbatch(0, &answer), Submission::Unclear(why) if why.contains("59")),
                "{answer}"
            );
        }
    }
    for out in ["Your job 59 (\"x\") has been submitted\n4711\n", "59\n7\n"] {
        assert!(is_unclear(&of_qsub(0, out)), "{out}");
    }
    // The same one twice is one; what is said of hours is no number.
    assert_eq!(of_sbatch(0, "59\n59\n"), id("59"));
    assert_eq!(of_sbatch(0, "59\nRemaining: 250000 core hours\n"), id("59"));
    assert_eq!(of_sbatch(0, "59\n\n!0\n250000\n"), id("59"), "on standard error, it is no answer");
}

#[test]
fn only_a_connect_failure_and_what_may_pass_was_not_sent() {
    for text in [
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
        "\n!1\nsbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
        "sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source\n",
        "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy\n",
        "sbatch: error: AssocMaxSubmitJobLimit\n",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\nsbatch: error: Batch job submission failed: Unable to create job record, try again\n",
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
        "Resource temporarily unavailable\nSlurm temporarily unable to accept job, sleeping and retrying",
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
    let refused = "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n";
    assert_eq!(
        of_sbatch(1, refused),
        Submission::Refused("invalid partition specified: nope; Batch job submission failed: Invalid partition name specified".to_owned())
    );
    for (status, text) in [
        (
            255,
            "sbatch: unrecognized option '--nosuch=1'\nTry \"sbatch --help\" for more information\n",
        ),
        (1, "sbatch: error: Batch script is empty!\n"),
        (
            1,
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n",
        ),
        (1, "sbatch: error: Batch job submission failed: Invalid qos specification\n"),
        (
            1,
            "sbatch: error: Batch job submission failed: Requested node configuration is not available\n",
        ),
        (
            1,
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)\n",
        ),
        (1, "sbatch: error: Memory specification can not be satisfied\n"),
        (
            1,
            "sbatch: error: Batch job submission failed: User's group not permitted to use this partition\n",
        ),
        (
            1,
            "sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification\n",
        ),
        (1, "sbatch: error: Batch job submission failed: Access/permission denied\n"),
        (1, "sbatch: error: Invalid generic resource (gres) specification\n"),
        (1, "sbatch: error: Batch job submission failed: Invalid feature specification\n"),
        (1, "sbatch: error: Batch job submission failed: Job dependency problem\n"),
        (1, "sbatch: error: Batch job submission failed: Requested reservation is invalid\n"),
        (1, "sbatch: error: Batch job submission failed: Invalid node name specified\n"),
        (1, "sbatch: error: Batch job submission failed: Invalid license specification\n"),
        (1, "sbatch: error: Batch job submission failed: Invalid job array specification\n"),
        (255, "sbatch: error: \"abc\" is not a valid node count\n"),
        (
            255,
            "Invalid time specification (pos=0): zz\nsbatch: error: Invalid --begin specification\n",
        ),
        (1, "sbatch: error: Invalid numeric value \"abc\" for --cpus-per-task.\n"),
        (
            1,
            "sbatch: error: This does not look like a batch script.  The first\nsbatch: error: line must start with #! followed by the path to an interpreter.\n",
        ),
        (
            1,
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n",
        ),
    ] {
        let submission = of_sbatch(status, text);
        assert!(matches!(submission, Submission::Refused(_)), "{text}: {submission:?}");
    }
    assert!(
        matches!(of_sbatch(93, "sbatch was not found on the login node\n"), Submission::Refused(text) if text.contains("login node"))
    );
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
        of_qsub(
            1,
            "Unable to run job: job rejected: the requested project \"nope\" does not exist\nExiting.\n"
        ),
        Submission::Refused(
            "Unable to run job: job rejected: the requested project \"nope\" does not exist"
                .to_owned()
        )
    );
    for text in [
        "Unable to read script file because of error: invalid option argument \"-gres\"\n",
        "Unable to run job: unknown resource \"nosuch\".\nExiting.\n",
        "qsub: Unknown option --nosuch\n",
        "qsub: invalid option argument \"-nosuch\"\n",
        "Unable to run job: Job was rejected because job requests unknown queue \"nope\"\nExiting.\n",
        "Unable to run job: job rejected: the requested parallel environment \"nope\" does not exist\nExiting.\n",
        "Unable to run job: attribute \"h_rt\" is not a time value\nExiting.\n",
        "Unable to run job: job rejected: positive submission priority requires operator privileges\nExiting.\n",
        "Invalid format of date/hour-minute field.\nqsub: Wrong date/time format \"zz\" specified to -a option\n",
        "qsub: Wrong mail options list format \"zz\" specified to -m option\n",
        "qsub: argument to -N option must not contain / \n",
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
        (
            98,
            "\n!0\n\n\n!98\nscancel: error: Kill job error on job id 5: Job/step already completing or completed\n",
        ),
        (
            1,
            "\n!1\nThe job rl-sp-a1b2c3-1 of user(s) me does not exist\ndenied: job \"5\" does not exist\n",
        ),
        (
            1,
            "me has deleted job 20\nme has deleted job 21\ndenied: job \"20\" does not exist\n\n!1\n",
        ),
        (0, ""),
    ] {
        assert_eq!(of_cancel(status, text), Ok(()), "{text}");
    }
    for (status, text) in [
        (
            140,
            "\n!140\nscancel: error: Kill job error on job id 5: Socket timed out on send/recv operation\n\n!1\nscancel: error: Kill job error on job id 5: Invalid job id specified\n",
        ),
        (
            98,
            "\n!98\nscancel: error: slurm_kill_job2: Unable to contact slurm controller (connect failure)\n",
        ),
        (1, "\n!1\nscancel: error: Kill job error on job id 5: Access/permission denied\n"),
        (124, "\n!124\n\n"),
        (1, "error: commlib error: got select error (Connection refused)\n"),
        (1, "\n!1\nwords of a version to come\n"),
    ] {
        assert!(of_cancel(status, text).is_err(), "{text}");
    }
    assert_eq!(
        of_cancel(1, "\n!1\nscancel: error: Access/permission denied\n"),
        Err("Access/permission denied".to_owned())
    );
}
