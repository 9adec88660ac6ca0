//! What a model does to its own job: the job still tells the truth.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{is_alive, playing, remote_dir, step, text};
use crate::harness::Project;

/// Plays a scenario to its end.
#[track_caller]
fn end(scenario: &str, arguments: &[&str]) -> (Project, String, Value) {
    let project = playing(scenario, "");
    let id = project.submit("does it end?", arguments);
    let sprint = project.finish(&id, 60);
    (project, id, sprint)
}

fn journal(project: &Project, id: &str) -> String {
    std::fs::read_to_string(remote_dir(project, id).join(".researchloop/run.jsonl")).unwrap_or_default()
}

#[test]
fn what_a_step_leaves_running_ends_with_the_step() {
    let (project, id, sprint) = end("research:orphan,red_team:exit=3", &["--rounds", "1"]);
    assert_eq!(text(&sprint, "status"), "failed", "{sprint:#}");
    let lines = journal(&project, &id);
    let place = |what: &str| lines.find(what).unwrap_or_else(|| panic!("{what} is missing: {lines}"));
    assert!(place("1 process(es) were still running") < place("\"verdict\":\"yes\""), "{lines}");
    let orphan = std::fs::read_to_string(remote_dir(&project, &id).join("orphan.pid")).unwrap();
    assert!(!is_alive(orphan.trim()));
}

#[test]
fn a_model_that_removes_the_journal_does_not_change_how_the_sprint_ended() {
    let (project, id, sprint) = end("research:forget,report:forget", &["--rounds", "1"]);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(sprint["cost_usd"].as_f64().unwrap() > 0.1, "{sprint:#}");
    assert_eq!(["research", "fix_round_1", "report", "summarize"].map(|name| step(&sprint, name)), ["yes"; 4], "{sprint:#}");
    assert!(journal(&project, &id).contains("was not in its place any more"));
}

/// A small file system of its own, for as long as the value lives.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn new(path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=100m", "none"]).arg(path).status().unwrap();
        assert!(mounted.success(), "this test mounts a small file system: it needs root");
        Self(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_though_something_takes_every_block_that_becomes_free() {
    let project = playing("research:fill_on,research:slow=3,research:noise", "");
    let _disk = SmallDisk::new(&project.path("cluster"));
    let id = project.submit("fill it", &["--time", "60s"]);
    let sprint = project.finish(&id, 90);
    assert_eq!((text(&sprint, "status"), text(&sprint, "reason")), ("failed", "disk_full"), "{sprint:#}");
}
