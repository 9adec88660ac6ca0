//! What a model does to its own job: the job still tells the truth.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{SmallDisk, is_alive, playing, step, text};
use crate::harness::{Project, program, wait_until};

/// Plays a scenario to its end.
#[track_caller]
fn end(scenario: &str, arguments: &[&str]) -> (Project, String, Value) {
    let project = playing(scenario, "");
    let id = project.submit("does it end?", arguments);
    let sprint = project.finish(&id, 60);
    (project, id, sprint)
}

fn journal(project: &Project, id: &str) -> String {
    std::fs::read_to_string(project.remote_dir(id).join(".researchloop/run.jsonl"))
        .unwrap_or_default()
}

#[test]
fn what_a_step_leaves_running_ends_with_the_step() {
    let (project, id, sprint) = end("research:orphan,red_team:exit=3", &["--rounds", "1"]);
    assert_eq!(text(&sprint, "status"), "failed", "{sprint:#}");
    let lines = journal(&project, &id);
    let place =
        |what: &str| lines.find(what).unwrap_or_else(|| panic!("{what} is missing: {lines}"));
    assert!(place("1 process was still running") < place("\"verdict\":\"yes\""), "{lines}");
    let orphan = std::fs::read_to_string(project.remote_dir(&id).join("orphan.pid")).unwrap();
    assert!(!is_alive(orphan.trim()));
}

#[test]
fn a_model_that_removes_the_journal_does_not_change_how_the_sprint_ended() {
    let (project, id, sprint) = end("research:forget,report:forget", &["--rounds", "1"]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(sprint["cost_usd"].as_f64().unwrap() > 0.1, "{sprint:#}");
    assert_eq!(
        ["research", "fix_round_1", "report", "summarize"].map(|name| step(&sprint, name)),
        ["yes"; 4],
        "{sprint:#}"
    );
    assert!(journal(&project, &id).contains("was missing"));
}

#[test]
fn a_full_disk_is_told_though_something_takes_every_block_that_becomes_free() {
    let project = playing("research:fill_on,research:slow=3,research:noise", "");
    let _disk = SmallDisk::new(&project.path("cluster"), "size=100m");
    let id = project.submit("fill it", &["--time", "60s"]);
    let sprint = project.finish(&id, 90);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "disk_full"),
        "{sprint:#}"
    );
}

#[test]
fn a_disk_that_is_full_behind_a_call_ends_the_sprint_before_the_next_one() {
    let project = playing("research:fill_after_once", "");
    let _disk = SmallDisk::new(&project.path("cluster"), "size=100m");
    let id = project.submit("fill it", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "disk_full"),
        "{sprint:#}"
    );
    let lines = journal(&project, &id);
    assert_eq!(lines.matches("\"kind\":\"step_started\"").count(), 1, "{lines}");
    // What it cost is known, and the step goes on where it was.
    assert!(
        sprint["cost_usd"].as_f64().unwrap() > 0.0 && step(&sprint, "research") == "interrupted",
        "{sprint:#}"
    );
    let dir = project.remote_dir(&id);
    std::fs::remove_file(dir.join("big")).unwrap();
    let lines = again(&project, &id, &dir, 0);
    assert!(lines.contains("\"resumed\":true") && !lines.contains("disk_full"), "{lines}");
}

/// Whether some text of the journal's notes and retries says this.
#[track_caller]
fn assert_told(project: &Project, id: &str, says: &str) {
    let lines = journal(project, id);
    assert!(lines.contains(says), "{says:?} is not told: {lines}");
}

#[test]
fn a_context_that_is_full_goes_on_once_in_a_new_session_that_is_told_what_is_there() {
    let (project, id, sprint) = end("report:replay=prompt_too_long_once", &["--rounds", "0"]);
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "report")),
        ("completed", "yes"),
        "{sprint:#}"
    );
    assert_told(&project, &id, "has become too long");
    let prompt = std::fs::read_to_string(
        project.remote_dir(&id).join(".researchloop/steps/report.2.1.prompt.md"),
    )
    .unwrap();
    assert!(
        prompt.contains("- `findings.md`")
            && prompt.contains("- `results/`")
            && prompt.contains("# Step: report"),
        "{prompt}"
    );
    let (_, _, sprint) = end("report:replay=prompt_too_long", &["--rounds", "0"]);
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "report")),
        ("failed", "error"),
        "{sprint:#}"
    );
}

#[test]
fn an_agent_that_is_killed_alone_goes_on_once() {
    let (project, id, sprint) = end("report:replay=sigkill_in_tool_once", &["--rounds", "0"]);
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "report")),
        ("completed", "yes"),
        "{sprint:#}"
    );
    assert_told(&project, &id, "stopped by SIGKILL");
    // It was paid for all the same.
    assert_eq!(sprint["cost_estimated"], true, "{sprint:#}");
    let (_, _, sprint) = end("report:replay=sigkill_in_tool", &["--rounds", "0"]);
    assert_eq!(text(&sprint, "status"), "failed", "{sprint:#}");
}

#[test]
fn a_call_without_a_result_uses_up_money_as_well() {
    let (_, _, sprint) = end("research:replay=sigkill_in_tool", &["--max-cost", "0.0001"]);
    assert_eq!(text(&sprint, "status"), "failed", "{sprint:#}");
    assert!(
        sprint["cost_usd"].as_f64().unwrap() > 0.0001 && sprint["cost_estimated"] == true,
        "{sprint:#}"
    );
    assert!(text(&sprint, "error").contains("budget"), "the second call was not made: {sprint:#}");
}

#[test]
fn a_wait_that_is_longer_than_the_job_is_no_reason_to_hold_its_node() {
    let project = playing("research:transient", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project
        .write("researchloop.toml", config.replace("retry_delays = [0]", "retry_delays = [80000]"));
    let id = project.submit("wait", &["--time", "1h"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "model_error"),
        "{sprint:#}"
    );
}

#[test]
fn a_new_session_that_must_repair_is_told_the_whole_step() {
    let (project, id, sprint) = end(
        "research:no_output_file_once,repair:replay=resume_unknown_session_once",
        &["--rounds", "0"],
    );
    assert_told(&project, &id, "the session no longer exists");
    let prompt = std::fs::read_to_string(
        project.remote_dir(&id).join(".researchloop/steps/research.3.1.prompt.md"),
    )
    .unwrap();
    assert!(prompt.contains("# Step: repair") && prompt.contains("# Step: research"), "{prompt}");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
}

/// Kills the runner of a sprint when its agent has greeted in this step, and waits for the end. Its
/// folder for temporary files does not outlive it.
fn killed_in(label: &str, scenario: &str) -> (Project, String, std::path::PathBuf, Value) {
    let project = playing(scenario, "");
    let id = project.submit("die", &["--rounds", "0"]);
    let dir = project.remote_dir(&id);
    wait_until("the agent has greeted", 20, || {
        journal(&project, &id).lines().any(|line| {
            line.contains("\"kind\":\"agent\"") && line.contains(&format!("\"step\":\"{label}\""))
        })
    });
    let of_process = |file: &str, says: &str| {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut read = processes.map(|process| {
            (process.file_name(), std::fs::read(process.path().join(file)).unwrap_or_default())
        });
        let (process, text) =
            read.find(|(_, text)| String::from_utf8_lossy(text).contains(says)).unwrap();
        (process.into_string().unwrap(), String::from_utf8_lossy(&text).into_owned())
    };
    let (runner, _) = of_process("cmdline", &format!("job-run\0{}", dir.display()));
    let (_, environment) = of_process("environ", &format!("RESEARCHLOOP_JOB={id}."));
    let temporary = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix("CLAUDE_CODE_TMPDIR="))
        .unwrap()
        .to_owned();
    assert!(Path::new(&temporary).is_dir(), "{temporary}");
    assert!(Command::new("kill").args(["-9", &runner]).status().unwrap().success());
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "reason"), "runner_killed", "{sprint:#}");
    assert!(!Path::new(&temporary).exists(), "{temporary} is still there");
    (project, id, dir, sprint)
}

/// Starts the runner once more, as a requeued job does, and returns what it adds to the journal.
#[track_caller]
fn again(project: &Project, id: &str, dir: &Path, code: i32) -> String {
    let ended = project
        .command(program())
        .arg("job-run")
        .arg(dir)
        .env("RESEARCHLOOP_JOB_ID", "again")
        .output()
        .unwrap();
    let lines = journal(project, id);
    assert_eq!(ended.status.code(), Some(code), "{ended:?} {lines}");
    lines.lines().filter(|line| line.contains("\"incarnation\":2")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_killed_runner_had_asked_for_is_paid_by_the_next_one() {
    let (project, id, dir, sprint) = killed_in("research", "research:hang_once");
    assert_eq!(sprint["cost_estimated"], true, "{sprint:#}");
    let lines = again(&project, &id, &dir, 0);
    let cost = lines.lines().find(|line| line.contains("\"kind\":\"cost\"")).unwrap();
    let cost: f64 =
        cost.split("\"cost_usd\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!(cost > 0.01, "{lines}");
    // It belongs to the step that it was made in.
    let of_step = |kind: &str| {
        let line = lines
            .lines()
            .find(|line| {
                line.contains(&format!("\"kind\":\"{kind}\""))
                    && line.contains("\"step\":\"research\"")
            })
            .unwrap();
        serde_json::from_str::<Value>(line).unwrap()["cost_usd"].as_f64().unwrap()
    };
    assert!((of_step("cost") - cost).abs() < 1e-9 && of_step("step_ended") >= cost, "{lines}");
    let state = std::fs::read_to_string(dir.join(".researchloop/state.json")).unwrap();
    assert!(state.contains("\"estimated\":true") && !state.contains("calling"), "{state}");
}

#[test]
fn a_folder_for_temporary_files_is_found_though_tmpdir_cannot_be_used() {
    let (project, id, dir, _) = killed_in("research", "research:hang_once");
    let ended = project
        .command(program())
        .arg("job-run")
        .arg(&dir)
        .env("RESEARCHLOOP_JOB_ID", "again")
        .env("TMPDIR", "/proc")
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_told(&project, &id, "/proc is not used for temporary files");
}

#[test]
fn a_state_that_cannot_be_read_is_made_again_from_the_journal() {
    let (project, id, dir, sprint) = killed_in("report", "report:hang_once");
    let state = dir.join(".researchloop/state.json");
    std::fs::write(&state, "{\"v\":1,\"incarn").unwrap();
    let lines = again(&project, &id, &dir, 0);
    assert!(
        lines.contains("from what its journal says") && lines.contains("a call was interrupted"),
        "{lines}"
    );
    assert!(
        !lines.contains("\"step\":\"research\"") && lines.contains("\"resumed\":true"),
        "{lines}"
    );
    let state: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    assert!(
        state["spent"]["cost_usd"].as_f64() > sprint["cost_usd"].as_f64(),
        "{state:#} {sprint:#}"
    );
}

#[test]
fn a_state_of_a_newer_program_is_left_alone() {
    let (project, id, dir, _) = killed_in("research", "research:hang_once");
    let state = dir.join(".researchloop/state.json");
    std::fs::write(&state, "{\"v\":7}").unwrap();
    let lines = again(&project, &id, &dir, 1);
    assert!(lines.contains("format version 7") && !lines.contains("step_started"), "{lines}");
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "{\"v\":7}");
}

#[test]
fn a_file_that_an_earlier_step_wrote_is_not_what_a_later_one_promised() {
    let (_, _, sprint) = end("research:ahead,report:no_output_file", &["--rounds", "0"]);
    assert_eq!(
        (text(&sprint, "reason"), step(&sprint, "report")),
        ("missing_output", "error"),
        "{sprint:#}"
    );
    let (_, _, sprint) = end("research:ahead", &["--rounds", "1"]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
}
