//! What is certain of a job and what is not: answers of the scheduler that mean nothing, jobs that
//! exist all the same, a cancel that has to reach every job of a name. The scheduler is a few lines
//! of shell.

use super::submissions::{database, edited, job, program, scheduler_says, slurm};
use super::text;
use crate::harness::Project;

const FAILED: &str = "sbatch: error: Batch job submission failed: ";

/// How often this program was called, with these words among its arguments.
fn calls(project: &Project, name: &str, words: &str) -> usize {
    let calls = std::fs::read_to_string(project.path("calls")).unwrap_or_default();
    calls
        .lines()
        .filter(|call| call.starts_with(&format!("{name} ")) && call.contains(words))
        .count()
}

fn forget_calls(project: &Project) {
    let _ = std::fs::remove_file(project.path("calls"));
}

fn run(project: &Project, idea: &str) -> serde_json::Value {
    let _ = project.run(&["sprint", "run", idea, "-s", "s"]);
    let listed = project.run(&["--json", "sprint", "list"]).success().json()["sprints"].clone();
    let id = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| text(one, "idea") == idea)
        .map(|one| text(one, "id").to_owned())
        .unwrap();
    project.show(&id)
}

#[test]
fn words_that_are_not_certain_are_neither_a_refusal_nor_sent_twice() {
    for words in [
        "Unable to contact slurm controller (receive failure)",
        "Unable to contact slurm controller (send failure)",
        "Unable to contact slurm controller (shutdown failure)",
        "Header lengths are longer than data received",
        "Insane message length",
        "Protocol authentication error",
        "Unspecified error",
        "words that no version has said yet",
    ] {
        // The job exists: a look by name finds it, in the same request.
        let project = slurm("", "");
        scheduler_says(&project, "sbatch", &format!("{FAILED}{words}\n"), 1);
        project.write("named.says", "4711\n");
        let sprint = run(&project, "there");
        assert_eq!(
            (text(&sprint, "status"), text(&sprint, "job_id")),
            ("submitted", "4711"),
            "{words}: {sprint:#}"
        );
        assert_eq!(
            (calls(&project, "sbatch", "--parsable"), calls(&project, "squeue", " -u ")),
            (1, 1),
            "{words}"
        );
        // Nobody knows: it stays in doubt, and is not over.
        let project = slurm("", "");
        scheduler_says(&project, "sbatch", &format!("{FAILED}{words}\n"), 1);
        let sprint = run(&project, "in doubt");
        assert_eq!(text(&sprint, "status"), "submitting", "{words}: {sprint:#}");
        assert!(text(&sprint, "note").contains("a job may exist"), "{sprint:#}");
    }
}

#[test]
fn a_refusal_is_final_when_a_healthy_look_finds_no_job() {
    let refusal = format!("{FAILED}Invalid account or account/partition combination specified\n");
    let project = slurm("", "");
    scheduler_says(&project, "sbatch", &refusal, 1);
    let sprint = run(&project, "no");
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "submit_failed"),
        "{sprint:#}"
    );
    assert_eq!(calls(&project, "squeue", " -u "), 1);

    // There is a job all the same.
    let project = slurm("", "");
    scheduler_says(&project, "sbatch", &refusal, 1);
    project.write("named.says", "4711\n");
    assert_eq!(text(&run(&project, "yes"), "job_id"), "4711");

    // The queue does not answer, or complains and exits with 0.
    for (said, status) in [
        ("squeue: error: slurm_receive_msg: Zero Bytes were transmitted or received\n", 1),
        ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n", 0),
    ] {
        let project = slurm("", "");
        scheduler_says(&project, "sbatch", &refusal, 1);
        program(&project, "squeue", &format!("printf '%s' '{said}' >&2; exit {status}"));
        let sprint = run(&project, "who knows");
        assert_eq!(text(&sprint, "status"), "submitting", "{said}: {sprint:#}");
        assert!(text(&sprint, "note").contains("Invalid account"), "{sprint:#}");
    }
}

#[test]
fn what_was_not_sent_is_looked_for_all_the_same() {
    let project = slurm("", "");
    scheduler_says(
        &project,
        "sbatch",
        &format!("{FAILED}Unable to contact slurm controller (connect failure)\n"),
        1,
    );
    project.write("named.says", "4711\n");
    let sprint = run(&project, "there");
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "job_id")),
        ("submitted", "4711"),
        "{sprint:#}"
    );
    std::fs::remove_file(project.path("named.says")).unwrap();
    let sprint = run(&project, "not there");
    assert_eq!(text(&sprint, "status"), "pending", "{sprint:#}");
    assert!(calls(&project, "squeue", " -u ") == 2, "one look each");
}

#[test]
fn a_number_that_another_program_prints_is_no_job() {
    let project = slurm("", "");
    let sbatch = std::fs::read_to_string(project.path("bin/sbatch")).unwrap();
    project.write("bin/sbatch", sbatch + "echo 99 >&2\n");
    let sprint = run(&project, "an idea");
    assert_eq!(text(&sprint, "job_id"), "101", "{sprint:#}");
    project.write("queue", "");
    program(&project, "squeue", "echo 7777 >&2; exit 0");
    scheduler_says(&project, "sbatch", &format!("{FAILED}Unspecified error\n"), 1);
    let sprint = run(&project, "another");
    assert_eq!(text(&sprint, "status"), "submitting", "{sprint:#}");
    project.run(&["tick"]);
    assert_eq!(text(&project.show(text(&sprint, "id")), "status"), "submitting", "{sprint:#}");
}

#[test]
fn the_accounting_comes_last_and_waits_only_now_and_then() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "");
    // What the cluster's clock allows, and in which order things are asked.
    program(&project, "timeout", "shift; exec \"$@\"");
    program(&project, "reader", "exec \"$RL_TEST_PROGRAM\" \"$@\"");
    project.write(
        "bin/reader",
        std::fs::read_to_string(project.path("bin/reader"))
            .unwrap()
            .replace("$RL_TEST_PROGRAM", crate::harness::program().to_str().unwrap()),
    );
    database(&project)
        .execute(
            "UPDATE sprints SET runner = ?1 WHERE id = ?2",
            [project.path("bin/reader").to_str().unwrap(), &id],
        )
        .unwrap();
    let mut allowed = Vec::new();
    for _ in 0..4 {
        forget_calls(&project);
        project.run(&["tick"]).success();
        let called = std::fs::read_to_string(project.path("calls")).unwrap();
        let order: Vec<&str> = called
            .lines()
            .filter_map(|call| call.split(' ').next())
            .filter(|name| *name != "timeout")
            .collect();
        assert_eq!(order, ["squeue", "reader", "sacct"], "{called}");
        let of = |name: &str| {
            called.lines().find_map(|call| {
                call.strip_prefix("timeout ")?
                    .split_once(&format!(" {name} "))?
                    .0
                    .parse::<u64>()
                    .ok()
            })
        };
        assert!(of("squeue").is_some_and(|seconds| (190..=200).contains(&seconds)), "{called}");
        allowed.push(of("sacct").unwrap());
    }
    assert_eq!(allowed, [15, 15, 60, 15]);
}

/// So many sprints of which nobody knows whether they were sent.
fn in_doubt(project: &Project, count: usize) -> Vec<String> {
    scheduler_says(
        project,
        "sbatch",
        &format!("{FAILED}Socket timed out on send/recv operation\n"),
        1,
    );
    let ids =
        (0..count).map(|n| text(&run(project, &format!("idea {n}")), "id").to_owned()).collect();
    database(project).execute_batch("DELETE FROM facts WHERE name LIKE 'breaker:%'").unwrap();
    forget_calls(project);
    ids
}

#[test]
fn one_look_answers_for_all_submissions_in_doubt() {
    let project = slurm("max_concurrent_jobs = 50", "");
    let ids = in_doubt(&project, 12);
    let queue: String =
        ids.iter().enumerate().map(|(n, id)| format!("{}|RUNNING|rl-{id}-1\n", 500 + n)).collect();
    project.write("queue", queue.clone() + "7|RUNNING|somebody else's\n");
    project.run(&["tick"]);
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(text(&project.show(id), "job_id"), (500 + n).to_string());
    }
    // One look for the doubts, one poll; no submission.
    assert_eq!(
        (
            calls(&project, "sbatch", ""),
            calls(&project, "squeue", ""),
            calls(&project, "squeue", "--noheader")
        ),
        (0, 2, 2)
    );
    assert!(calls(&project, "sacct", "--name=") == 1);
}

#[test]
fn what_one_look_does_not_find_is_submitted_once_more_behind_a_look_of_its_own() {
    let project = slurm("max_concurrent_jobs = 50", "");
    let ids = in_doubt(&project, 12);
    std::fs::remove_file(project.path("sbatch.says")).unwrap();
    // One of them is in the queue; one has ended, and only the accounting knows it.
    project.write("queue", format!("500|PENDING|rl-{}-1\n", ids[3]));
    project.write("accounting", format!("501|COMPLETED|rl-{}-1\n", ids[5]));
    let executed = project.run(&["tick"]);
    assert_eq!(
        (text(&project.show(&ids[3]), "job_id"), text(&project.show(&ids[5]), "job_id")),
        ("500", "501"),
        "{executed}"
    );
    assert_eq!(
        ids.iter().filter(|id| text(&project.show(id), "status") == "submitting").count(),
        0
    );
    // One look, ten guards, one poll.
    assert_eq!(
        (
            calls(&project, "sbatch", "--parsable"),
            calls(&project, "squeue", ""),
            calls(&project, "sacct", "--name=")
        ),
        (10, 12, 1)
    );
}

#[test]
fn a_look_without_a_healthy_answer_sends_nothing() {
    let project = slurm("max_concurrent_jobs = 50", "");
    let ids = in_doubt(&project, 3);
    program(&project, "squeue", "echo 'squeue: error: Invalid user: me' >&2; exit 0");
    project.run(&["tick"]).says("3 submissions in doubt").says("Invalid user");
    assert_eq!(calls(&project, "sbatch", ""), 0);
    assert!(ids.iter().all(|id| text(&project.show(id), "status") == "submitting"));
}

#[test]
fn a_complaint_of_the_scheduler_is_no_empty_queue_and_one_of_others_is() {
    // (complaint on standard error with exit 0, whether it is the scheduler's)
    for (said, is_its) in [
        ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", true),
        ("squeue: error: Parse error in file /etc/slurm/slurm.conf line 3", true),
        ("squeue: fatal: something new", true),
        ("bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)", false),
        ("perl: warning: Setting locale failed.", false),
        ("Lmod has detected the following error: The following module(s) are unknown: cuda", false),
        ("ERROR: ld.so: object libfoo.so from LD_PRELOAD cannot be preloaded: ignored.", false),
        ("/opt/site/squeue-wrapper: error: cannot write the usage log", false),
        ("error: XDG_RUNTIME_DIR not set in the environment.", false),
        ("squeue: warning: something", false),
    ] {
        let project = slurm("", "");
        let id = project.submit("an idea", &[]);
        program(&project, "squeue", &format!("echo '{said}' >&2; exit 0"));
        for _ in 0..4 {
            project.run(&["tick"]);
            database(&project)
                .execute("UPDATE sprints SET missing_since = missing_since - 100", [])
                .unwrap();
        }
        let sprint = project.show(&id);
        let wanted = if is_its { "submitted" } else { "failed" };
        assert_eq!(text(&sprint, "status"), wanted, "{said}: {sprint:#}");
    }
}

#[test]
fn what_the_accounting_says_is_still_there_is_not_lost() {
    for word in ["RUNNING", "PENDING", "SUSPENDED", "REQUEUED", "A_NEW_WORD"] {
        let project = slurm("", "");
        let id = project.submit("an idea", &[]);
        project.write("queue", "");
        project.write("accounting", format!("101|{word}|0:0|n1|5|cpu=1\n"));
        for _ in 0..5 {
            project.run(&["tick"]).success();
            database(&project)
                .execute("UPDATE sprints SET missing_since = missing_since - 100", [])
                .unwrap();
        }
        let sprint = project.show(&id);
        assert_eq!(text(&sprint, "status"), "submitted", "{word}: {sprint:#}");
        assert!(
            text(&sprint, "note").contains(&format!("the accounting says {word}")),
            "{sprint:#}"
        );
    }
    // An error of the accounting with exit 0 proves nothing either.
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    program(
        &project,
        "sacct",
        "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 0",
    );
    for _ in 0..5 {
        project.run(&["tick"]).success();
        database(&project)
            .execute("UPDATE sprints SET missing_since = missing_since - 100", [])
            .unwrap();
    }
    assert_eq!(text(&project.show(&id), "status"), "submitted");
}

#[test]
fn a_clock_that_cannot_be_read_is_no_time() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "");
    project.run(&["tick"]).success();
    program(&project, "date", "echo 'date: no such clock' >&2; exit 1");
    for _ in 0..6 {
        project.run(&["tick"]);
    }
    let (polls, since): (u32, i64) = database(&project)
        .query_row("SELECT missing_polls, missing_since FROM sprints", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert!(polls == 1 && since > 1_000_000_000, "{polls} {since}");
    assert_eq!(text(&project.show(&id), "status"), "submitted");
}

#[test]
fn an_accounting_that_never_answers_leaves_nothing_in_doubt_for_ever() {
    let project = slurm("max_concurrent_jobs = 50", "");
    let ids = in_doubt(&project, 3);
    std::fs::remove_file(project.path("sbatch.says")).unwrap();
    program(
        &project,
        "sacct",
        "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 1",
    );
    let status = |n: usize| text(&project.show(&ids[n]), "status").to_owned();
    // What the queue or a claim names is there, whatever the accounting says.
    project.write("queue", format!("500|RUNNING|n1|None|rl-{}-1\n", ids[0]));
    std::os::unix::fs::symlink("501", project.remote_dir(&ids[1]).join(".researchloop/claim-1"))
        .unwrap();
    project.run(&["tick"]).says("1 submission in doubt").says("Connection refused");
    assert_eq!(
        (text(&project.show(&ids[0]), "job_id"), text(&project.show(&ids[1]), "job_id")),
        ("500", "501")
    );
    assert!(
        status(2) == "submitting" && calls(&project, "sbatch", "--parsable") == 0,
        "an accounting may be late"
    );
    // After ten minutes, a healthy queue without it and a claim that nobody holds are enough.
    let later = || {
        database(&project)
            .execute("UPDATE jobs SET sent_at = '2026-01-01T00:00:00.000Z'", [])
            .unwrap()
    };
    later();
    project.run(&["tick"]);
    assert_eq!(
        (status(2).as_str(), calls(&project, "sbatch", "--parsable")),
        ("submitted", 1),
        "{:#}",
        project.show(&ids[2])
    );

    // One that is to end is not looked for in it for ever either.
    let project = slurm("", "");
    let ids = in_doubt(&project, 1);
    program(
        &project,
        "sacct",
        "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 1",
    );
    let _ = project.run(&["sprint", "cancel", "--no-wait", &ids[0]]);
    project.run(&["tick"]);
    assert_eq!(text(&project.show(&ids[0]), "status"), "cancelling");
    database(&project).execute("UPDATE jobs SET sent_at = '2026-01-01T00:00:00.000Z'", []).unwrap();
    project.run(&["tick"]);
    assert_eq!(text(&project.show(&ids[0]), "status"), "cancelled", "{:#}", project.show(&ids[0]));
    let claim = project.remote_dir(&ids[0]).join(".researchloop/claim-1");
    assert_eq!(
        std::fs::read_link(claim).unwrap().to_str(),
        Some("cancelled"),
        "should it come after all, it ends"
    );
}

#[test]
fn a_claim_names_the_job_when_no_scheduler_answers() {
    for complaint in [
        "echo 'usage: squeue [-h]'",
        "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
    ] {
        let project = slurm("", "");
        let ids = in_doubt(&project, 1);
        program(&project, "squeue", complaint);
        std::os::unix::fs::symlink(
            "501",
            project.remote_dir(&ids[0]).join(".researchloop/claim-1"),
        )
        .unwrap();
        project.run(&["tick"]);
        assert_eq!(text(&project.show(&ids[0]), "job_id"), "501", "{complaint}");
    }
}

#[test]
fn a_number_of_the_sites_own_beside_the_id_is_no_job() {
    for says in
        ["250000\n", "4711\n250000\n", "Remaining core hours of project p123:\n250000\n4711\n"]
    {
        let project = slurm("", "");
        let sbatch = std::fs::read_to_string(project.path("bin/sbatch")).unwrap();
        program(
            &project,
            "sbatch",
            &format!("{}\nprintf '{says}'", sbatch.split_once('\n').unwrap().1),
        );
        // Nobody lists it yet: which number is its own, nobody knows.
        let sprint = run(&project, "nobody knows");
        assert_eq!(
            (text(&sprint, "status"), text(&sprint, "job_id")),
            ("submitting", ""),
            "{says:?}: {sprint:#}"
        );
        project.write("named.says", "4712\n");
        let sprint = run(&project, "an idea");
        assert_eq!(
            (text(&sprint, "status"), text(&sprint, "job_id")),
            ("submitted", "4712"),
            "{says:?}: {sprint:#}"
        );
    }
}

#[test]
fn what_is_said_on_standard_error_is_no_data() {
    let project = slurm("", "");
    for name in ["date", "id", "sed", "awk", "head", "tail", "readlink", "timeout", "cat"] {
        let real = ["/usr/bin", "/bin"]
            .map(|folder| format!("{folder}/{name}"))
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .unwrap();
        project.write(&format!("bin/{name}"), format!("#!/bin/sh\necho 'ERROR: ld.so: object libx.so from LD_PRELOAD cannot be preloaded: ignored.' >&2\necho 7777 >&2\nexec {real} \"$@\"\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.path(&format!("bin/{name}")), mode).unwrap();
    }
    let id = project.submit("an idea", &[]);
    assert_eq!(text(&project.show(&id), "job_id"), "101");
    project.write("queue", "");
    project.run(&["tick"]).success();
    let since: Option<i64> = database(&project)
        .query_row("SELECT missing_since FROM sprints", [], |row| row.get(0))
        .unwrap();
    assert!(since.is_some_and(|since| since > 1_000_000_000), "the clock was read: {since:?}");
    // A look-up finds no job of that number.
    scheduler_says(&project, "sbatch", &format!("{FAILED}Unspecified error\n"), 1);
    assert_eq!(text(&run(&project, "another"), "status"), "submitting");
    project.run(&["cluster", "check"]).says("slurm 22.05");
}

#[test]
fn a_job_that_holds_its_claim_exists_though_no_list_shows_it() {
    for cancel in [true, false] {
        let project = slurm("", "");
        project.write(
            "sbatch.says",
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
        );
        project.write("sbatch.status", "1");
        project.run(&["sprint", "run", "an idea", "-s", "s"]).code(6);
        let id =
            text(&project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0], "id")
                .to_owned();
        assert_eq!(text(&project.show(&id), "status"), "submitting");
        // It has arrived all the same, and works.
        let own = project.remote_dir(&id).join(".researchloop");
        std::os::unix::fs::symlink("102", own.join("claim-1")).unwrap();
        std::fs::remove_file(project.path("sbatch.says")).unwrap();
        let sent = calls(&project, "sbatch", "--parsable");
        if cancel {
            let _ = project.run(&["sprint", "cancel", "--no-wait", &id]);
        }
        let _ = project.run(&["tick"]);
        let sprint = project.show(&id);
        assert_eq!(
            (text(&sprint, "job_id"), text(&sprint, "status")),
            ("102", if cancel { "cancelling" } else { "submitted" }),
            "{sprint:#}"
        );
        assert_eq!(calls(&project, "sbatch", "--parsable"), sent, "nothing is sent a second time");
        assert!(
            !cancel || calls(&project, "scancel", &format!("--name=rl-{id}-1")) > 0,
            "it is told to end"
        );
    }
}

#[test]
fn a_cancel_reaches_every_job_of_the_name() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    let claim = project.remote_dir(&id).join(".researchloop/claim-1");
    project.write("queue", "101|PENDING||Priority\n");
    project.run(&["sprint", "cancel", "--no-wait", &id]).code(6);
    assert_eq!(
        (
            calls(&project, "scancel", &format!("--name=rl-{id}-1")),
            calls(&project, "scancel", " 101")
        ),
        (1, 1)
    );
    // It never ran: a second job of its name finds that out by itself.
    assert_eq!(std::fs::read_link(&claim).unwrap().to_str(), Some("cancelled"));
    let script = job(&project, 1).unwrap();
    project.write("second.sh", script);
    let second = std::process::Command::new("bash")
        .arg(project.path("second.sh"))
        .env("SLURM_JOB_ID", "555")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stdout);
    assert!(second.status.success() && said.contains("was cancelled before it ran"), "{said}");

    // One that has begun keeps its claim.
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    let claim = project.remote_dir(&id).join(".researchloop/claim-1");
    std::os::unix::fs::symlink("101", &claim).unwrap();
    project.write("queue", "101|RUNNING|n1|None\n");
    project.run(&["sprint", "cancel", "--no-wait", &id]).code(6);
    assert_eq!(std::fs::read_link(&claim).unwrap().to_str(), Some("101"));
}

#[test]
fn a_cancel_that_was_not_heard_is_asked_again() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "101|RUNNING|n1|None\n");
    for (said, status, heard) in [
        (
            "scancel: error: Kill job error on job id 101: Socket timed out on send/recv operation\n",
            140,
            false,
        ),
        ("scancel: error: Unable to contact slurm controller (connect failure)\n", 0, false),
        ("words of a version to come\n", 1, false),
        ("scancel: error: Kill job error on job id 101: Invalid job id specified\n", 1, true),
        ("", 0, true),
    ] {
        database(&project).execute("UPDATE sprints SET cancel_sent = 0", []).unwrap();
        program(&project, "scancel", &format!("printf '%s' '{said}' >&2; exit {status}"));
        let _ = project.run(&["sprint", "cancel", "--no-wait", &id]);
        let _ = project.run(&["tick"]);
        let sent: i64 = database(&project)
            .query_row("SELECT cancel_sent FROM sprints", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sent > 0, heard, "{said}");
    }
}

#[test]
fn a_job_that_never_starts_is_taken_out_until_that_was_heard() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "101|PENDING||DependencyNeverSatisfied\n");
    program(
        &project,
        "scancel",
        "echo 'scancel: error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
    );
    for _ in 0..2 {
        project.run(&["tick"]);
        database(&project)
            .execute("UPDATE sprints SET missing_since = missing_since - 200", [])
            .unwrap();
    }
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "never_starts"),
        "{sprint:#}"
    );
    program(&project, "scancel", "exit 0");
    database(&project).execute("UPDATE sprints SET results_next = 0", []).unwrap();
    forget_calls(&project);
    project.run(&["tick"]);
    assert!(calls(&project, "scancel", &format!("--name=rl-{id}-1")) == 1, "it is told once more");
    project.run(&["tick"]);
    assert!(calls(&project, "scancel", "--name=") == 1, "it was heard");
}

#[test]
fn a_job_that_cannot_start_as_things_are_is_told_of_and_stays() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    for reason in [
        "InvalidAccount",
        "InvalidQOS",
        "PartitionTimeLimit",
        "PartitionNodeLimit",
        "QOSMaxCpuPerJobLimit",
        "AssocMaxWallDurationPerJobLimit",
    ] {
        project.write("queue", format!("101|PENDING||{reason}|rl-{id}-1\n"));
        for _ in 0..4 {
            project.run(&["tick"]);
            database(&project)
                .execute("UPDATE sprints SET missing_since = missing_since - 200000", [])
                .unwrap();
        }
        let sprint = project.show(&id);
        assert_eq!(text(&sprint, "status"), "submitted", "{reason}: {sprint:#}");
        assert!(
            text(&sprint, "note").contains(&format!("cannot start as things are: {reason}")),
            "{sprint:#}"
        );
        project.run(&["status"]).says(&reason[..10]);
    }
    assert_eq!(calls(&project, "scancel", ""), 0, "nobody has ended it");
    let notices: Vec<String> = {
        let database = database(&project);
        let mut query = database.prepare("SELECT data FROM outbox WHERE kind = 'stuck'").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert!(
        matches!(&notices[..], [one] if one.contains("InvalidAccount") && one.contains("cancel_sprint") && one.contains(&id)),
        "{notices:?}"
    );
    // The account is back.
    project.write("queue", format!("101|RUNNING|n1|None|rl-{id}-1\n"));
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "running");
}

#[test]
fn a_job_that_was_put_back_into_the_queue_is_not_shown_as_running() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", format!("101|RUNNING|n1|None|rl-{id}-1\n"));
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "running");
    // It has told of its end a moment before it was put back.
    let journal = project.remote_dir(&id).join(".researchloop/run.jsonl");
    let line = |seq: u32, rest: &str| {
        format!(
            "{{\"v\":1,\"seq\":{seq},\"time\":\"2030-01-01T00:00:00Z\",\"incarnation\":1,{rest}}}\n"
        )
    };
    let started = "\"kind\":\"run_started\",\"job_id\":\"101\",\"host\":\"n1\",\"version\":\"0.5.0\",\"pipeline\":\"p\",\"plan\":[],\"seconds\":60";
    let ended = "\"kind\":\"run_ended\",\"status\":\"interrupted\",\"reason\":null,\"signal\":\"TERM\",\"detail\":\"\",\"hint\":\"\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n1\",\"summary\":\"\",\"cost_usd\":0,\"estimated\":false,\"input_tokens\":0,\"output_tokens\":0,\"cache_read_tokens\":0,\"cache_write_tokens\":0";
    std::fs::write(&journal, line(1, started) + &line(2, ended)).unwrap();
    project.write("queue", format!("101|PENDING||BeginTime|rl-{id}-1\n"));
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "submitted", "{sprint:#}");
    assert!(text(&sprint, "note").contains("BeginTime"), "{sprint:#}");
}

#[test]
fn options_of_two_layers_that_exclude_each_other_are_named() {
    let project = slurm("job_options = { mem = \"8G\" }", "job_options = { mem-per-cpu = \"2G\" }");
    project
        .run(&["config", "check"])
        .says("mem-per-cpu")
        .says("\"mem\" of cluster \"c\"")
        .says("study \"s\"");
    let shown =
        project.run(&["sprint", "run", "an idea", "-s", "s", "--dry-run"]).success().stdout.clone();
    assert!(shown.contains("--mem-per-cpu=2G") && !shown.contains("--mem=8G"), "{shown}");
    // The sprint's own word counts most, and two in one layer are refused with both names.
    let shown = project
        .run(&["sprint", "run", "an idea", "-s", "s", "--dry-run", "-o", "mem=1G"])
        .success()
        .stdout
        .clone();
    assert!(shown.contains("--mem=1G") && !shown.contains("--mem-per-cpu"), "{shown}");
    let both = project.run(&[
        "sprint",
        "run",
        "an idea",
        "-s",
        "s",
        "-o",
        "mem=1G",
        "-o",
        "mem-per-gpu=1G",
    ]);
    both.says("mem-per-gpu").says("takes only one of it and \"mem\"");
}

#[test]
fn jobs_of_ours_that_nobody_has_are_told_of_once() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write(
        "queue",
        format!("101|RUNNING|n1|None|rl-{id}-1\n102|PENDING||Priority|rl-{id}-1\n103|RUNNING|n1|None|rl-sp-ffffff-2\n104|COMPLETED|n1|None|rl-sp-eeeeee-1\n105|RUNNING|n1|None|mine\n"),
    );
    let tick = project.run(&["tick"]);
    let told = tick.to_string();
    assert!(
        told.contains("job 102")
            && told.contains(&format!("the job of {id} is 101"))
            && told.contains("`scancel 102`"),
        "{tick}"
    );
    assert!(
        told.contains("job 103")
            && told.contains("another project of yours")
            && !told.contains("job 104")
            && !told.contains("job 105"),
        "{tick}"
    );
    let again = project.run(&["tick"]).to_string();
    assert!(!again.contains("job 102") && !again.contains("job 103"), "once is enough: {again}");
    // A sprint that is over, and whose job goes on.
    let second = project.submit("another", &[]);
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'failed', reason = 'lost', results_at = 'x' WHERE id = ?1",
            [&id],
        )
        .unwrap();
    project.write(
        "queue",
        format!("101|RUNNING|n1|None|rl-{id}-1\n102|RUNNING|n1|None|rl-{second}-1\n"),
    );
    let tick = project.run(&["tick"]).to_string();
    assert!(tick.contains("job 101") && tick.contains(&format!("{id} is failed")), "{tick}");
}

#[test]
fn three_refusals_of_a_kind_hold_up_the_rest() {
    let project = slurm("max_concurrent_jobs = 1", "");
    let first = project.submit("first", &[]);
    let waiting: Vec<String> =
        (0..12).map(|n| text(&run(&project, &format!("idea {n}")), "id").to_owned()).collect();
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'completed', results_at = 'x' WHERE id = ?1",
            [&first],
        )
        .unwrap();
    project.write("bin/sbatch.n", "0");
    let sbatch = std::fs::read_to_string(project.path("bin/sbatch")).unwrap();
    // The same words, but for the number.
    let refusal = "n=$(cat calls.n 2>/dev/null || echo 0); echo $((n + 1)) >calls.n\necho \"sbatch: error: user $n: Invalid account or account/partition combination specified\" >&2; exit 1\n";
    program(&project, "sbatch", refusal);
    forget_calls(&project);
    let refused =
        || waiting.iter().filter(|id| text(&project.show(id), "status") == "failed").count();
    let tick = project
        .run(&["tick"])
        .says("Invalid account")
        .says("3 submissions of study s failed alike");
    assert_eq!((refused(), calls(&project, "sbatch", "--parsable")), (3, 3), "{tick}");
    assert!(
        text(&project.show(waiting.last().unwrap()), "note").contains("so the next one waits"),
        "{:#}",
        project.show(waiting.last().unwrap())
    );
    project.run(&["tick"]).says("failed alike");
    assert_eq!(calls(&project, "sbatch", "--parsable"), 3);
    // One at a time, later and later.
    let rest = |seconds: i64| {
        let set = "UPDATE facts SET value = json_set(value, '$.until', json_extract(value, '$.until') - ?1) WHERE name LIKE 'breaker:%'";
        assert_eq!(database(&project).execute(set, [seconds]), Ok(1));
        project.run(&["tick"])
    };
    rest(61);
    assert_eq!(calls(&project, "sbatch", "--parsable"), 4);
    rest(61);
    assert_eq!(calls(&project, "sbatch", "--parsable"), 4, "now it takes two minutes");
    // A person asks at once; when it works again, the rest follows.
    project.write("bin/sbatch", sbatch);
    std::fs::set_permissions(
        project.path("bin/sbatch"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    edited(&project, "max_concurrent_jobs = 1", "max_concurrent_jobs = 50");
    assert_eq!(text(&run(&project, "by hand"), "status"), "submitted");
    project.run(&["tick"]).success();
    assert!(waiting.iter().all(|id| text(&project.show(id), "status") != "pending"));
}

#[test]
fn a_check_says_when_a_slow_controller_is_never_heard() {
    let mut project = slurm("", "");
    project.write("slurm.conf", "ClusterName=x\n#MessageTimeout=10\nMessageTimeout = 200 # slow\n");
    let conf = project.path("slurm.conf");
    project.set("SLURM_CONF", conf.to_str().unwrap());
    let check = project.run(&["cluster", "check", "c"]);
    let said = check.to_string();
    assert!(
        said.contains("MessageTimeout")
            && said.contains("200 s")
            && said.contains("command_timeout = 320"),
        "{check}"
    );
    assert_eq!(calls(&project, "scontrol", ""), 0, "the file tells it");
    edited(&project, "poll_interval = 1", "poll_interval = 1\ncommand_timeout = 320");
    assert!(!project.run(&["cluster", "check", "c"]).to_string().contains("MessageTimeout"));
}
