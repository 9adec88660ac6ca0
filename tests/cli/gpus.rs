//! What the GPUs of a job do, by a stand-in for `nvidia-smi`; and what a screen shows of a job that runs.

use serde_json::Value;

use super::{is_alive, playing};
use crate::harness::{Project, wait_until, write_program};

/// A project whose agent waits at its first step, with this as `nvidia-smi`.
fn with_smi(script: &str) -> Project {
    let mut project = playing("research:gate", "warn_idle_gpus = 3");
    let asked = project.path("asked");
    let text = format!("#!/bin/sh\necho \"$@\" >>'{}'\n{script}\n", asked.display());
    write_program(&project.path("bin/nvidia-smi"), &text);
    project.put_bin_first();
    project
}

fn lines(project: &Project, id: &str) -> Vec<Value> {
    let log = project.run(&["--json", "sprint", "log", id]).success();
    let lines = log.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "gpus").collect()
}

#[test]
fn what_gpus_do_stands_in_the_journal_and_in_show() {
    let busy = "echo '0, NVIDIA A100-SXM4-80GB, 91, 40960, 81920'; echo '1, NVIDIA A100-SXM4-80GB, 71, 20480, 81920'";
    let project = with_smi(busy);
    let id = project.submit("an idea", &[]);
    wait_until("GPUs are told", 60, || {
        project.run(&["tick"]);
        project.show(&id)["gpus"].is_object()
    });
    let shown = project.show(&id);
    assert_eq!(shown["gpus"]["gpus"][1]["use_percent"], 71, "{shown}");
    assert_eq!(shown["gpus"]["gpus"][0]["memory_mb"], 40960, "{shown}");
    let screen = project.run(&["show", &id]).success();
    assert!(
        screen
            .stdout
            .contains("GPUs:        2 × NVIDIA A100-SXM4-80GB, 81 % used, 60.0 of 160 GB ("),
        "{screen}"
    );
    project.let_go(&id);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    let screen = project.run(&["show", &id]).success();
    assert!(screen.stdout.contains("2 × NVIDIA A100-SXM4-80GB, 81 % used on average"), "{screen}");
    let asked = std::fs::read_to_string(project.path("asked")).unwrap();
    assert!(asked.contains("--query-gpu=") && !asked.contains("--id="), "{asked}");
}

#[test]
fn idle_gpus_are_told_once_for_all_the_time_that_they_are_idle() {
    let project = with_smi("echo '0, Tesla T4, 0, 3, 15360'");
    let id = project.submit("an idea", &[]);
    let is_long = |line: &Value| line["idle_too_long"] == true;
    wait_until("they are idle for long", 60, || {
        project.run(&["tick"]);
        lines(&project, &id).iter().any(is_long)
    });
    let shown = project.run(&["sprint", "log", &id]).success();
    assert!(shown.stdout.contains("GPUs: Tesla T4, 0 % used, 0.0 of 15 GB"), "{shown}");
    project.let_go(&id);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    assert_eq!(lines(&project, &id).iter().filter(|line| is_long(line)).count(), 1);
    // A job on this machine is nobody's share of GPUs.
    let inbox = project.run(&["--json", "status"]).success();
    assert!(!inbox.stdout.contains("gpus_idle"), "{inbox}");
}

#[test]
fn a_program_that_hangs_or_babbles_or_is_not_there_costs_the_job_nothing() {
    for script in [
        "exec sleep 3000",
        "sleep 3000",
        "yes garbage",
        "printf '\\033[2J\\n0, , ,\\n'; exit 9",
        "kill -9 $$",
    ] {
        let project = with_smi(script);
        let id = project.submit("an idea", &[]);
        wait_until("it is asked", 60, || project.path("asked").exists());
        project.let_go(&id);
        let sprint = project.finish(&id, 120);
        assert_eq!(sprint["status"], "completed", "{script}: {sprint}");
        assert!(sprint["gpus"].is_null(), "{script}: {sprint}");
        let log = project.run(&["sprint", "log", &id]).success();
        for word in ["still running", "could not be ended", "GPU"] {
            assert!(!log.stdout.contains(word), "{script}: {log}");
        }
    }
    let left = std::process::Command::new("pgrep").args(["-fx", "sleep 3000"]).output().unwrap();
    let left = String::from_utf8_lossy(&left.stdout).into_owned();
    assert!(!left.lines().any(is_alive), "left behind: {left}");
    let project = playing("", "");
    let id = project.submit("an idea", &[]);
    assert!(project.finish(&id, 60)["gpus"].is_null());
}

#[test]
fn a_job_looks_at_the_gpus_that_it_was_given() {
    for (visible, expected) in [("2,3", Some("--id=2,3")), ("", None), ("NoDevFiles", None)] {
        let mut project = with_smi("echo '2, Tesla T4, 50, 3, 15360'");
        project.set("CUDA_VISIBLE_DEVICES", visible);
        let id = project.submit("an idea", &[]);
        project.let_go(&id);
        assert_eq!(project.finish(&id, 60)["status"], "completed");
        let asked = std::fs::read_to_string(project.path("asked")).unwrap_or_default();
        match expected {
            Some(list) => assert!(asked.contains(list), "{visible}: {asked}"),
            None => assert_eq!(asked, "", "{visible}"),
        }
    }
}
