//! A job that is suspended, and signals that are no end.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{playing, text};
use crate::harness::{Project, let_go, program, wait_until};

/// The processes that work in this folder.
fn at_work(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let here = processes.filter(|process| {
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|place| place == folder)
    });
    here.filter_map(|process| process.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

fn signal(name: &str, processes: &[String]) {
    let _ = Command::new("kill").arg(name).args(processes).stderr(Stdio::null()).status();
}

fn journal(dir: &Path) -> String {
    std::fs::read_to_string(dir.join(".researchloop/run.jsonl")).unwrap_or_default()
}

fn wait_for_agent(dir: &Path) {
    wait_until("the agent works", 60, || {
        journal(dir).contains("\"kind\":\"step_started\"") && at_work(dir).len() >= 3
    });
}

/// An answer of a signal, and a job that stands still for longer than it may run.
#[test]
fn time_in_which_the_job_is_suspended_is_no_time_of_the_job() {
    let project = playing("research:gate", "");
    let id = project.submit("stand still", &["--time", "60s", "--rounds", "0"]);
    let dir = project.remote_dir(&id);
    wait_for_agent(&dir);
    let job = at_work(&dir);
    signal("-STOP", &job);
    std::thread::sleep(std::time::Duration::from_secs(62));
    // It is not gone either.
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "running", "{sprint:#}");
    signal("-CONT", &job);
    let_go(&dir);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}\n{}", journal(&dir));
    let told: Vec<serde_json::Value> = journal(&dir)
        .lines()
        .filter(|line| line.contains("\"kind\":\"suspended\""))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seconds: u64 = told.iter().filter_map(|line| line["seconds"].as_u64()).sum();
    assert!((55..600).contains(&seconds), "{told:?}");
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(log.stdout.contains("the job was suspended for"), "{log}");
    // What nobody could use is not counted, though no scheduler tells how long the job ran.
    let study = project.run(&["--json", "study", "show", "s"]).success().json();
    let text = study.to_string();
    let wall: u64 = text
        .split("\"wall_seconds\":")
        .nth(1)
        .and_then(|rest| rest.split([',', '}']).next()?.parse().ok())
        .unwrap_or_else(|| panic!("{text}"));
    assert!((1..55).contains(&wall), "{study:#}");
}

/// Starts the runner of a job that this scheduler might have started.
fn job_of(scheduler: &str, scenario: &str) -> (Project, std::path::PathBuf, Child) {
    let project = playing("research:exit=3", "");
    let id = project.submit("as if", &["--rounds", "0"]);
    project.finish(&id, 60);
    let made = project.remote_dir(&id).join(".researchloop");
    let dir = project.path("as-if");
    std::fs::create_dir_all(dir.join(".researchloop")).unwrap();
    for (file, from, to) in [
        ("bundle.json", "\"scheduler\":\"local\"", format!("\"scheduler\":\"{scheduler}\"")),
        ("env", "research:exit=3", scenario.to_owned()),
    ] {
        let was = std::fs::read_to_string(made.join(file)).unwrap();
        assert!(was.contains(from), "{was}");
        std::fs::write(dir.join(".researchloop").join(file), was.replace(from, &to)).unwrap();
    }
    let runner = project
        .command(program())
        .arg("job-run")
        .arg(&dir)
        .env("RESEARCHLOOP_JOB_ID", "77")
        .current_dir(&dir)
        .spawn()
        .unwrap();
    (project, dir, runner)
}

#[test]
fn usr1_is_a_warning_in_grid_engine_and_ends_neither_runner_nor_agent() {
    let (_project, dir, mut runner) = job_of("sge", "research:gate");
    wait_for_agent(&dir);
    for _ in 0..2 {
        signal("-USR1", &at_work(&dir));
    }
    let_go(&dir);
    let ended = runner.wait().unwrap();
    let lines = journal(&dir);
    assert_eq!(ended.code(), Some(0), "{lines}");
    assert!(
        lines.contains("\"status\":\"completed\"") && !lines.contains("\"kind\":\"retrying\""),
        "{lines}"
    );
    assert_eq!(lines.matches("signal USR1: Grid Engine is about to suspend").count(), 1, "{lines}");
}

#[test]
fn usr1_that_was_asked_for_in_slurm_still_announces_the_end() {
    let (_project, dir, mut runner) = job_of("slurm", "research:hang");
    wait_for_agent(&dir);
    signal("-USR1", &[runner.id().to_string()]);
    let ended = runner.wait().unwrap();
    let lines = journal(&dir);
    assert_eq!(ended.code(), Some(1), "{lines}");
    assert!(lines.contains("\"signal\":\"USR1\""), "{lines}");
}

#[test]
fn other_signals_stop_a_job_of_grid_engine_also_after_a_warning() {
    for name in ["USR2", "XCPU", "TERM"] {
        let (_project, dir, mut runner) = job_of("sge", "research:hang");
        wait_for_agent(&dir);
        signal("-USR1", &at_work(&dir));
        wait_until("the warning is noted", 30, || journal(&dir).contains("signal USR1"));
        signal(&format!("-{name}"), &[runner.id().to_string()]);
        assert_eq!(runner.wait().unwrap().code(), Some(1));
        assert!(journal(&dir).contains(&format!("\"signal\":\"{name}\"")), "{}", journal(&dir));
    }
}

#[test]
fn a_signal_that_comes_before_the_runner_is_told_by_the_runner() {
    let project = playing("research:hang", "");
    // While the script unpacks what it was given, and only it.
    project.write("bin/base64", "#!/bin/sh\nif grep -q run_sprint.sh /proc/$PPID/cmdline; then kill -USR1 $PPID; fi\nexec /usr/bin/base64 \"$@\"\n");
    std::fs::set_permissions(
        project.path("bin/base64"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut project = project;
    project.set(
        "PATH",
        &format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap()),
    );
    let id = project.submit("early", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    let dir = project.remote_dir(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "cancelled_outside"),
        "{sprint:#}"
    );
    assert!(journal(&dir).contains("\"signal\":\"USR1\""), "{}", journal(&dir));
}
