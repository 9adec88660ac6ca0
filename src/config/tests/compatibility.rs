//! Files of the Python versions load as they are.

use super::*;
use crate::config::INIT_TEMPLATE;

/// Every key that Python 0.1 to 0.3.11 knows.
const EVERY_KEY: &str = r#"
db_path = "researchloop.db"
artifact_dir = "artifacts"
shared_secret = "s"
orchestrator_url = "http://localhost:8080"
claude_command = ""
context = ""
context_paths = []

[[cluster]]
name = "hpc"
host = "login.example.edu"
port = 22
user = "me"
key_path = ""
scheduler_type = "slurm"
working_dir = "/scratch/me"
max_concurrent_jobs = 4
claude_command = "claude --dangerously-skip-permissions"
context = "x"
context_paths = ""

[cluster.environment]
HF_HOME = "/scratch/hf"

[cluster.job_options]
gres = "gpu:1"

[[cluster.preset]]
name = "H100"
gpu = 1
gres = "gpu:1"
mem = "32G"
cpus = 4
cpus-per-task = 4
time = "8:00:00"
time_limit = 8
extra_options = "--x=1"
extra = ""

[[cluster.preset]]
name = "CPU only"

[[study]]
name = "mine"
cluster = "hpc"
description = ""
claude_md_path = ""
context = ""
sprints_dir = "./mine"
claude_command = ""
max_sprint_duration_hours = 8
red_team_max_rounds = 3
allow_loop = true
[study.job_options]
gres = "gpu:2"

[slack]
bot_token = "xoxb"
signing_secret = "s"
channel_id = "C1"
allowed_user_ids = ["U1"]
restrict_to_channel = true

[ntfy]
url = "https://ntfy.sh"
topic = "t"

[dashboard]
enabled = true
host = "0.0.0.0"
port = 8080
password_hash = "h"
"#;

#[test]
fn every_python_key_is_known_and_each_unused_section_is_told_once() {
    let config = good(EVERY_KEY);
    let warnings: Vec<_> = config.warnings.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "[[cluster.preset]] is understood but not used yet",
            "[slack] is understood but not used yet",
            "[dashboard] is understood but not used yet"
        ]
    );
    assert_eq!(config.clusters[0].key_path, None, "an empty path is none");
    for key in crate::config::KEYS.iter().filter(|key| !key.is_new) {
        assert!(EVERY_KEY.contains(key.name), "{} is missing in the test's file", key.name);
    }
}

#[test]
fn a_mistake_in_a_section_that_nothing_uses_is_a_warning() {
    let config = good(
        "[slack]\nbot_tokn = \"xoxb-geheim\"\nrestrict_to_channel = \"yes\"\n[dashboard]\nport = 0\n",
    );
    assert_eq!(config.warnings.len(), 5, "{}", shown(&config.warnings));
    assert!(shown(&config.warnings).contains("did you mean `bot_token`?"));
}

#[test]
fn the_file_that_init_writes_has_no_problems() {
    let project = Project::new(INIT_TEMPLATE);
    project.write("studies/my-study/CLAUDE.md");
    let config = project.load(&[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.warnings.is_empty(), "{}", shown(&config.warnings));
    let study = config.study("my-study").expect("the study");
    assert_eq!(study.cluster.as_str(), "here");
    assert_eq!(config.clusters[0].transport, crate::config::Transport::Local);
}

#[test]
fn the_examples_in_it_are_right_as_well() {
    let lines = INIT_TEMPLATE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    });
    let project = Project::new(lines.map(|line| format!("{line}\n")).collect::<String>());
    project.write("studies/my-study/CLAUDE.md");
    project.write("context.md");
    let config = project.load(&[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.clusters.len(), 3);
    assert_eq!(config.study("my-study").expect("the study").max_cost_usd, Some(20.0));
    let warnings = shown(&config.warnings);
    assert!(
        config.warnings.iter().all(|problem| problem.message.starts_with("`key_path`")),
        "{warnings}"
    );
}
