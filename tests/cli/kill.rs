//! The program itself is killed: nothing is lost, and no job is started twice.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::playing;
use crate::harness::{patience, program};

#[test]
fn kill_9_while_submitting_never_gives_two_jobs_or_a_lost_sprint() {
    let project = playing("*:exit=3", "max_concurrent_jobs = 50");
    // The first one places the runner, which takes longer than everything else.
    let first = project.submit("whole", &[]);
    let mut killed = 0;
    for round in 0..14_u64 {
        let mut child = project
            .command(program())
            .args(["sprint", "run", &format!("idea {round}"), "-s", "s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 11));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
    }
    assert!(killed >= 3, "only {killed} were still at work when they were killed");

    let started = Instant::now();
    let sprints = loop {
        let _ = project.run(&["tick"]);
        let list = project.run(&["--json", "sprint", "list", "-n", "100"]).success().json();
        let sprints = list["sprints"].as_array().unwrap().clone();
        if sprints.iter().all(|sprint| sprint["status"] == "failed") {
            break sprints;
        }
        assert!(started.elapsed() < patience(60), "{list:#}");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(sprints.iter().any(|sprint| sprint["id"] == first.as_str()));

    // Each job leaves a record with its name: rl-, the sprint's id, the attempt.
    let mut jobs: BTreeMap<String, u32> = BTreeMap::new();
    for folder in std::fs::read_dir(project.path("home/.researchloop/local")).unwrap() {
        let record =
            std::fs::read_to_string(folder.unwrap().path().join("record")).unwrap_or_default();
        if let Some(name) = record.split_whitespace().nth(5) {
            *jobs.entry(name.chars().skip(3).take(9).collect()).or_default() += 1;
        }
    }
    for sprint in &sprints {
        let id = sprint["id"].as_str().unwrap();
        assert_eq!(jobs.remove(id), Some(1), "jobs of {sprint:#}");
        assert_eq!(sprint["reason"], "step_failed", "{sprint:#}");
    }
    assert!(jobs.is_empty(), "jobs that no sprint knows: {jobs:?}");
}
