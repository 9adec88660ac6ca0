//! The commands as a user calls them, on this machine, with the scripted agent.

mod again;
mod against;
mod answers;
mod backlog_run;
mod believed;
mod commands;
mod cron;
mod database;
mod dialogue;
mod dialogue_faults;
mod doubts;
mod endings;
mod findings;
mod gpus;
mod hostile;
mod ideas;
mod inside;
mod json;
mod kill;
mod loop_faults;
mod loop_limits;
mod loops;
mod notices;
mod operations;
mod ours;
mod output;
mod pages;
mod places;
mod plan;
mod private;
mod profile;
mod refusals;
mod reviewed;
mod screens;
mod secrets;
mod sessions;
mod short;
mod sprints;
mod submissions;
mod suspension;
mod task_sprints;
mod tasks;
mod watching;
mod widths;
mod written;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::Project;

/// A project on this machine whose agent plays this scenario. `more` is added to the cluster.
pub fn playing(scenario: &str, more: &str) -> Project {
    let project = Project::local(more);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let with = config
        .replace("environment = { ", &format!("environment = {{ RL_SCENARIO = {scenario:?}, "));
    assert_ne!(config, with);
    project.write("researchloop.toml", with);
    project
}

/// Asserts that a command ends well although nobody reads what it prints.
#[track_caller]
pub fn is_not_troubled_by_a_reader_that_goes_away(project: &Project, arguments: &[&str]) {
    let mut child = project.spawn(arguments);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("panicked"),
        "{arguments:?}: {} {said}",
        output.status
    );
}

/// Whether a process is there and has not ended.
pub fn is_alive(pid: &str) -> bool {
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A text of the JSON output; empty for null.
pub fn text<'a>(value: &'a serde_json::Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The state of one step; empty when there is no such step.
pub fn step<'a>(sprint: &'a serde_json::Value, name: &str) -> &'a str {
    let steps = sprint["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).map_or("", |step| text(step, "state"))
}

/// A small file system of its own, for as long as the value lives.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn new(path: &Path, options: &str) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(path)
            .status()
            .unwrap();
        assert!(mounted.success(), "this test mounts a small file system: it needs root");
        Self(path.to_owned())
    }

    /// At `small` in the project's folder, where the configuration then puts the database.
    pub fn for_database(project: &Project, options: &str, name: &str) -> Self {
        let disk = Self::new(&project.path("small"), options);
        let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
        project.write("researchloop.toml", format!("db_path = \"small/{name}\"\n{config}"));
        disk
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
