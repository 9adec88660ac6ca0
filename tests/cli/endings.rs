//! Every way in which a sprint can end on this machine: told apart, with reason and hint.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{SmallDisk, is_alive, playing, step, text};
use crate::harness::{Project, wait_until};

/// Plays a scenario to its end.
#[track_caller]
fn end(scenario: &str, arguments: &[&str]) -> (Project, String, Value) {
    let project = playing(scenario, "");
    let id = project.submit("does it end?", arguments);
    let sprint = project.finish(&id, 60);
    (project, id, sprint)
}

/// Asserts a failure with this reason, whose sentence and hint hold these words, and that
/// `sprint show` and `sprint watch` tell it to a person too.
#[track_caller]
fn failed(
    scenario: &str,
    arguments: &[&str],
    reason: &str,
    says: &str,
    hint: &str,
) -> (Project, String, Value) {
    let (project, id, sprint) = end(scenario, arguments);
    assert_failed(&project, &id, &sprint, reason, says, hint);
    (project, id, sprint)
}

#[track_caller]
fn assert_failed(
    project: &Project,
    id: &str,
    sprint: &Value,
    reason: &str,
    says: &str,
    hint: &str,
) {
    assert_eq!((text(sprint, "status"), text(sprint, "reason")), ("failed", reason), "{sprint:#}");
    assert!(text(sprint, "error").contains(says), "{says:?} is not said: {sprint:#}");
    assert!(text(sprint, "hint").contains(hint), "{hint:?} is not said: {sprint:#}");
    assert!(!text(sprint, "hint").contains(" ID"), "the id stands for itself: {sprint:#}");
    assert_eq!(sprint["summary"], Value::Null);
    project.run(&["sprint", "show", id]).success().says(reason).says("next:");
    project.run(&["sprint", "watch", id]).code(1);
}

#[test]
fn a_sprint_completes() {
    let (project, id, sprint) = end("", &[]);
    assert_eq!(
        (text(&sprint, "status"), &sprint["reason"], &sprint["error"]),
        ("completed", &Value::Null, &Value::Null)
    );
    assert!(text(&sprint, "summary").contains("stand-in"), "{sprint:#}");
    assert!(sprint["cost_usd"].as_f64().unwrap() > 0.1, "{sprint:#}");
    for name in ["research", "fix_round_1", "report", "summarize"] {
        assert_eq!(step(&sprint, name), "yes", "{name}");
    }
    for file in [
        "report.md",
        "findings.md",
        "summary.txt",
        "red_team_round_1.md",
        "results/figure.svg",
        "results/metrics.json",
    ] {
        assert!(project.path(&format!("artifacts/{id}/{file}")).is_file(), "{file}");
    }
    project.run(&["sprint", "watch", &id]).success().says("completed");
    project.run(&["tick"]).success().says("Nothing to do");
}

#[test]
fn research_that_fails_ends_the_sprint_before_the_report() {
    let (project, id, sprint) =
        failed("research:exit=3", &[], "step_failed", "research failed", "sprint log");
    assert_eq!((step(&sprint, "research"), step(&sprint, "report")), ("error", "waiting"));
    assert!(!project.remote_dir(&id).join("report.md").exists());
    project.run(&["sprint", "log", &id, "--step", "research"]).success().says("research");
}

#[test]
fn a_missing_login_is_told_with_what_to_do() {
    failed("research:replay=not_logged_in", &[], "login", "could not log in", "claude setup-token");
}

#[test]
fn a_usage_limit_tells_when_it_is_reset() {
    let (_, _, sprint) = failed(
        "research:usage_limit=3600",
        &[],
        "usage_limit",
        "usage limit",
        "sprint resubmit sp-",
    );
    let resets = text(&sprint, "resets_at");
    assert!(resets.ends_with('Z') && text(&sprint, "error").contains(resets), "{sprint:#}");
}

#[test]
fn an_overloaded_model_is_asked_again_and_then_given_up() {
    let (project, id, _) =
        failed("research:transient", &[], "model_error", "after retries", "sprint resubmit");
    let log = project.run(&["--json", "sprint", "log", &id]).success();
    assert_eq!(log.stdout.matches("\"retrying\"").count(), 1, "{log}");
}

#[test]
fn an_overloaded_model_that_recovers_is_no_failure() {
    let (project, id, sprint) = end("research:transient_once", &[]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(
        project.run(&["--json", "sprint", "log", &id]).success().stdout.contains("\"retrying\"")
    );
}

#[test]
fn refused_tools_are_no_success() {
    failed(
        "research:replay=permission_denied_dontask",
        &[],
        "tools_refused",
        "not allowed",
        "--dangerously-skip-permissions",
    );
}

#[test]
fn a_promised_file_that_never_comes_is_a_failure() {
    let (_, _, sprint) =
        failed("report:no_output_file", &[], "missing_output", "report.md", "--step");
    assert_eq!(step(&sprint, "report"), "error");
}

#[test]
fn a_promised_file_is_asked_for_once_more() {
    let (project, id, sprint) = end("report:no_output_file_once", &[]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    project.run(&["sprint", "log", &id]).success().says("report.md is missing");
}

#[test]
fn what_stands_in_for_the_promised_file_is_not_it() {
    // The agent leaves it so when it is asked again.
    for kind in ["symlink", "fifo", "dir", "empty"] {
        let scenario = format!("report:instead={kind},repair:no_output_file");
        let (project, id, _) =
            failed(&scenario, &["--rounds", "0"], "missing_output", "report.md", "");
        let fetched = project.path(&format!("artifacts/{id}/report.md"));
        assert!(
            !fetched.is_dir() && std::fs::read(&fetched).unwrap_or_default().is_empty(),
            "{kind}"
        );
        if kind == "symlink" {
            let target = project.remote_dir(&id).join(".test-agent/elsewhere");
            assert_eq!(
                std::fs::read_to_string(target).unwrap(),
                "not yours\n",
                "nothing is written through a link"
            );
        }
    }
}

#[test]
fn the_text_of_an_error_becomes_no_summary() {
    let (project, id, sprint) = end("summarize:error_text_summary", &["--rounds", "0"]);
    assert_eq!(
        (text(&sprint, "status"), &sprint["summary"]),
        ("failed", &Value::Null),
        "{sprint:#}"
    );
    assert!(!project.path(&format!("artifacts/{id}/summary.txt")).exists());
    assert!(
        project.path(&format!("artifacts/{id}/report.md")).exists(),
        "what was written before it counts"
    );
}

#[test]
fn the_time_limit_is_told_by_the_runner_itself() {
    for scenario in ["research:hang", "research:hang_hard"] {
        let (project, id, sprint) =
            failed(scenario, &["--time", "4s"], "time_limit", "time", "--time");
        // The line to paste has the larger time in it.
        let next = format!("next: `researchloop sprint resubmit {id} --time 1m` gives it twice");
        project.run(&["show", &id]).success().says(&next);
        assert_eq!(step(&sprint, "research"), "interrupted");
    }
}

#[test]
fn an_agent_that_stays_after_its_result_is_judged_by_the_result() {
    for scenario in ["research:hold_pipe", "research:noise"] {
        let (_, _, sprint) = end(scenario, &["--rounds", "0"]);
        assert_eq!(text(&sprint, "status"), "completed", "{scenario}: {sprint:#}");
    }
}

#[test]
fn a_full_disk_is_told_though_nothing_can_be_written() {
    let project = playing("research:fill_disk", "");
    let _disk = SmallDisk::new(&project.path("cluster"), "size=100m");
    let id = project.submit("fill it", &[]);
    let sprint = project.finish(&id, 60);
    assert_failed(&project, &id, &sprint, "disk_full", "no space left", "free space");
}

#[test]
fn a_killed_runner_is_told_and_nothing_of_it_is_left() {
    let (project, id, _) = failed(
        "research:orphan,research:kill_runner",
        &[],
        "runner_killed",
        "killed",
        "sprint log sp-",
    );
    let orphan = std::fs::read_to_string(project.remote_dir(&id).join("orphan.pid")).unwrap();
    assert!(!is_alive(orphan.trim()), "the orphan {orphan} lives");
}

#[test]
fn a_signal_from_outside_is_not_our_cancel() {
    failed(
        "research:kill_parent_term",
        &[],
        "cancelled_outside",
        "from outside",
        "sprint resubmit",
    );
}

/// Starts a sprint whose job script waits at its first line until `go` is there.
fn held_at_the_start(project: &mut Project) -> (String, std::path::PathBuf) {
    project.write(
        "hold.sh",
        "case $0 in *run_sprint.sh) while [ ! -e ~/go ]; do sleep 0.05; done ;; esac\n",
    );
    project.set("BASH_ENV", &project.path("hold.sh").display().to_string());
    let id = project.submit("wait", &[]);
    let bin = project.path("cluster/.researchloop/bin");
    let runner = std::fs::read_dir(bin).unwrap().next().unwrap().unwrap().path();
    (id, runner)
}

#[test]
fn a_runner_that_is_gone_when_the_job_starts_is_told() {
    let mut project = playing("", "");
    let (id, runner) = held_at_the_start(&mut project);
    std::fs::remove_file(&runner).unwrap();
    project.write("home/go", "");
    wait_until("the job has ended", 20, || {
        project.remote_dir(&id).join(".researchloop/exit.json").exists()
    });
    let sprint = project.finish(&id, 60);
    assert_failed(&project, &id, &sprint, "runner_missing", "was not there", "cluster setup");
    assert!(runner.exists(), "a look at the sprint needs it, and puts it back");
}

#[test]
fn a_runner_that_may_not_be_executed_is_told() {
    let mut project = playing("", "");
    let (id, runner) = held_at_the_start(&mut project);
    std::fs::set_permissions(&runner, std::fs::Permissions::from_mode(0o600)).unwrap();
    project.write("home/go", "");
    // Any look at the sprint puts the runner right again: the job must have seen it first.
    wait_until("the job has ended", 20, || {
        project.remote_dir(&id).join(".researchloop/exit.json").exists()
    });
    let sprint = project.finish(&id, 60);
    assert_failed(&project, &id, &sprint, "noexec", "may not be executed", "working_dir");
}

#[test]
fn cancel_ends_the_job_and_all_that_it_has_started() {
    let project = playing("research:orphan,research:hang", "");
    let id = project.submit("leave something", &[]);
    let pid_file = project.remote_dir(&id).join("orphan.pid");
    wait_until("the agent has left an orphan", 20, || {
        std::fs::read_to_string(&pid_file).is_ok_and(|pid| pid.ends_with('\n'))
    });
    let orphan = std::fs::read_to_string(&pid_file).unwrap().trim().to_owned();
    assert!(is_alive(&orphan));
    project.run(&["sprint", "cancel", &id]).success().says("nothing that it started is left");
    assert!(!is_alive(&orphan), "the orphan {orphan} lives");
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), &sprint["reason"]),
        ("cancelled", &Value::Null),
        "{sprint:#}"
    );
    project.run(&["sprint", "cancel", &id]).code(4).says("already cancelled");
    project.run(&["sprint", "watch", &id]).code(1);
    let again = project.run(&["--json", "sprint", "resubmit", &id]).success().json();
    assert_eq!(text(&project.show(text(&again, "sprint_id")), "parent"), id);
}

#[test]
fn criticism_that_never_ends_is_bounded() {
    let (_, _, sprint) = end("red_team:red_team_never_clear", &["--rounds", "2"]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let states =
        ["red_team_round_1", "fix_round_1", "red_team_round_2", "red_team_round_3", "report"]
            .map(|name| step(&sprint, name));
    assert_eq!(states, ["no", "yes", "no", "", "yes"], "{sprint:#}");
}

#[test]
fn the_stop_marker_counts_only_in_its_section() {
    for (scenario, first) in
        [("marker_in_quote", "no"), ("marker_and_issue", "no"), ("marker_only_body", "no")]
    {
        let (_, _, sprint) = end(&format!("red_team_1:{scenario}"), &["--rounds", "1"]);
        assert_eq!(
            (step(&sprint, "red_team_round_1"), step(&sprint, "fix_round_1")),
            (first, "yes"),
            "{scenario}: {sprint:#}"
        );
    }
}

#[test]
fn the_answer_of_a_review_decides_and_what_contradicts_it_costs_a_round() {
    for (scenario, verdict, detail) in [
        ("answer_clear", "yes", "no critical issues"),
        ("answer_against_marker", "no", "1 critical issue"),
        ("answer_against_list", "no", "1 critical issue"),
        // What cannot be read is no answer.
        ("answer_odd", "yes", "no critical issues"),
        ("empty_section", "no", "does not hold the stop marker alone"),
    ] {
        let (project, id, sprint) = end(&format!("red_team_1:{scenario}"), &["--rounds", "1"]);
        assert_eq!(step(&sprint, "red_team_round_1"), verdict, "{scenario}: {sprint:#}");
        let journal = project.remote_dir(&id).join(".researchloop/run.jsonl");
        let journal = std::fs::read_to_string(journal).expect("read");
        let line = journal
            .lines()
            .find(|line| line.contains("\"step_ended\"") && line.contains("red_team_round_1"))
            .expect("there");
        assert!(line.contains(detail), "{scenario}: {line}");
        assert_eq!(
            line.contains(
                r#""critical_issues":[{"what":"The split leaks.","where":"split.py:3"}]"#
            ),
            scenario == "answer_against_marker",
            "{scenario}: {line}"
        );
        if scenario == "answer_against_marker" {
            project.run(&["sprint", "show", &id]).success().says("The split leaks. (split.py:3)");
        }
    }
}

#[test]
fn text_of_a_model_cannot_rewrite_the_terminal() {
    let (project, id, _) = end("*:hostile_text", &["--rounds", "0"]);
    for arguments in [
        &["sprint", "show", &id][..],
        &["sprint", "log", &id],
        &["sprint", "list"],
        &["sprint", "watch", &id],
    ] {
        let output = project.run(arguments);
        assert!(
            !output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'),
            "{arguments:?}: {output}"
        );
    }
}
