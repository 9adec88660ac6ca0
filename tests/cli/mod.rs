//! The commands as a user calls them, on this machine, with the scripted agent.

mod backlog_run;
mod commands;
mod cron;
mod dialogue;
mod dialogue_faults;
mod endings;
mod findings;
mod hostile;
mod inside;
mod json;
mod kill;
mod loop_faults;
mod loop_limits;
mod loops;
mod notices;
mod operations;
mod output;
mod plan;
mod refusals;
mod reviewed;
mod sprints;
mod submissions;
mod task_sprints;
mod tasks;

use std::path::{Path, PathBuf};

use crate::harness::Project;

/// A project on this machine whose agent plays this scenario. `more` is added to the cluster.
pub fn playing(scenario: &str, more: &str) -> Project {
    let project = Project::local(more);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let with = config.replace("environment = { ", &format!("environment = {{ RL_SCENARIO = {scenario:?}, "));
    assert_ne!(config, with);
    project.write("researchloop.toml", with);
    project
}

/// The sprint's directory on its cluster, which is this machine.
pub fn remote_dir(project: &Project, id: &str) -> PathBuf {
    PathBuf::from(project.show(id)["remote_dir"].as_str().unwrap())
}

/// Whether a process is there and has not ended.
pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
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
