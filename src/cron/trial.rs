//! Tries what cron will do, in an environment as poor as cron's: no agent, no passphrase, no
//! terminal, a short PATH.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{CronError, command_of};
use crate::app::App;
use crate::platform::process;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// Why ticks from cron would not work, a sentence each; what to do follows after a line break.
    pub problems: Vec<String>,
    /// What is different there but may do no harm.
    pub warnings: Vec<String>,
}

/// Checks every cluster that a study uses, and runs one tick.
pub fn trial(app: &App) -> Result<Trial, CronError> {
    let mut trial = Trial::default();
    let words = command_of(app)?;
    let (program, config) = (&words[0], &words[2]);
    let ours = |arguments: &[&str]| {
        let mut command = poor(program);
        command.arg("--config").arg(config).args(arguments);
        command.output().map_err(|error| CronError::Path(format!("{}: {error}", program.display())))
    };
    let mut used: Vec<&str> = app.config.studies.iter().map(|study| study.cluster.as_str()).collect();
    used.sort_unstable();
    used.dedup();
    for cluster in used {
        let output = ours(&["--json", "cluster", "check", cluster])?;
        match serde_json::from_slice::<serde_json::Value>(&output.stdout) {
            Ok(answer) => trial.problems.extend(failed_checks(cluster, &answer)),
            // The configuration cannot be read there, or something as fundamental.
            Err(_) => {
                trial.problems.push(said(&output.stderr));
                return Ok(trial);
            }
        }
    }
    if trial.problems.is_empty() {
        // What cron runs, without the log: then it would be told twice.
        let output = ours(&["tick", "--quiet"])?;
        let said = said(&output.stderr);
        match output.status.success() {
            false => trial.problems.push(format!("a tick failed: {said}")),
            true if !said.is_empty() => trial.warnings.push(said),
            true => {}
        }
    }
    let mut missing: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            name.starts_with("RESEARCHLOOP_") && !matches!(name.as_str(), "RESEARCHLOOP_CRON" | "RESEARCHLOOP_CONFIG" | "RESEARCHLOOP_BIN")
        })
        .collect();
    missing.sort();
    if !missing.is_empty() {
        trial.warnings.push(format!("set here, and not in cron: {}", missing.join(", ")));
    }
    Ok(trial)
}

/// The program in an environment like cron's.
fn poor(program: &PathBuf) -> Command {
    // Without a session of its own it could ask on the terminal.
    let mut command = process::command("setsid");
    command.arg("-w").arg(program).env_clear().current_dir(std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")));
    for name in ["HOME", "LOGNAME", "USER"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("SHELL", "/bin/sh").env("PATH", "/usr/bin:/bin").env("RESEARCHLOOP_CRON", "1").stdin(Stdio::null());
    command
}

/// What keeps a tick from working: the way to the cluster, and its scheduler.
fn failed_checks(cluster: &str, answer: &serde_json::Value) -> Vec<String> {
    let mut problems = Vec::new();
    for check in answer["clusters"].as_array().into_iter().flatten().flat_map(|one| one["checks"].as_array().into_iter().flatten()) {
        let what = check["check"].as_str().unwrap_or_default();
        if !matches!(what, "connection" | "scheduler") || check["ok"].as_bool() == Some(true) {
            continue;
        }
        let hint = check["hint"].as_str().map(|hint| format!("\n{hint}")).unwrap_or_default();
        problems.push(format!("{cluster}: {what}: {}{hint}", said(check["detail"].as_str().unwrap_or_default().as_bytes())));
    }
    problems
}

fn said(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(1000).collect::<String>().trim().trim_start_matches("error: ").to_owned()
}
