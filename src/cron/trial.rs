//! Tries what cron will do: the very line, in the shell and with the variables that the crontab gives
//! it, and without what a session has: no agent, no passphrase, no terminal, a short PATH.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::line::{before_line, command, find};
use super::settings::Settings;
use super::{CronError, Log, command_of, log_path};
use crate::app::{App, CRON_TRIAL};
use crate::claude;
use crate::config::Transport;
use crate::domain::text::paragraph;
use crate::platform::process;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// Why ticks from cron would not work, a sentence each; what to do follows after a line break.
    pub problems: Vec<String>,
    /// What is different there but may do no harm.
    pub warnings: Vec<String>,
    /// The PATH that cron gives the line.
    pub path: String,
}

/// Checks every cluster that a study uses, and runs the line with this marker of the crontab that is
/// to be.
pub fn trial(app: &App, crontab: &[u8], marker: &str) -> Result<Trial, CronError> {
    let here = Here::new(crontab, marker)?;
    let mut trial =
        Trial { path: here.settings.of("PATH").to_string_lossy().into_owned(), ..Trial::default() };
    let words = command_of(app)?;
    let (program, config) = (&words[0], &words[2]);
    let mut used: Vec<&str> =
        app.config.studies.iter().map(|study| study.cluster.as_str()).collect();
    used.sort_unstable();
    used.dedup();
    for cluster in used {
        let mut check = here.command(program.as_os_str());
        check.arg("--config").arg(config).args(["--json", "cluster", "check", cluster]);
        let output = check
            .output()
            .map_err(|error| CronError::Path(format!("{}: {error}", program.display())))?;
        match serde_json::from_slice::<serde_json::Value>(&output.stdout) {
            Ok(answer) => trial.problems.extend(failed_checks(cluster, &answer)),
            // The configuration cannot be read there, or something as fundamental.
            Err(_) => {
                trial.problems.push(said(&output.stderr));
                return Ok(trial);
            }
        }
    }
    trial.problems.extend(missing_agents(app, &here)?);
    if let Some(word) = app.config.notify_command.as_ref().and_then(|words| words.first())
        && here.settings.find(word, &app.config.root).is_none()
    {
        trial.problems.push(format!("notify_command: {word:?} is not found, and no notice would be sent: it is not on the PATH {}", trial.path));
    }
    // A tick that has nothing to say does not touch it.
    if let Err(error) = Log::at(&log_path(app)).check() {
        trial.problems.push(format!("cannot write {}: {error}", log_path(app).display()));
    }
    if trial.problems.is_empty() {
        run_line(&here, find(crontab, marker).unwrap_or_default(), &log_path(app), &mut trial)?;
    }
    let mut missing: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            name.starts_with("RESEARCHLOOP_")
                && !matches!(
                    name.as_str(),
                    "RESEARCHLOOP_CRON" | "RESEARCHLOOP_CONFIG" | "RESEARCHLOOP_BIN"
                )
                && here.settings.all().all(|(known, _)| known != name)
        })
        .collect();
    missing.sort();
    if !missing.is_empty() {
        trial.warnings.push(format!("set here, and not in cron: {}", missing.join(", ")));
    }
    Ok(trial)
}

/// The surroundings of the line.
struct Here {
    settings: Settings,
    detach: PathBuf,
}

impl Here {
    fn new(crontab: &[u8], marker: &str) -> Result<Self, CronError> {
        let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
        let user = ["LOGNAME", "USER"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok())
            .unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let detach = std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/bin")])
            .map(|folder| folder.join("setsid"))
            .find(|path| path.is_file());
        let detach = detach.ok_or_else(|| {
            CronError::Path("there is no program `setsid` on the PATH".to_owned())
        })?;
        Ok(Self { settings: Settings::behind(before_line(crontab, marker), &user, &home), detach })
    }

    /// A program in that environment. In a session of its own, for it could ask on the terminal otherwise.
    fn command(&self, program: &OsStr) -> Command {
        let mut command = process::command(&self.detach);
        let home = PathBuf::from(self.settings.of("HOME"));
        command.arg("-w").arg(program).env_clear().envs(self.settings.all());
        command.env(CRON_TRIAL, "1").stdin(Stdio::null()).current_dir(if home.is_dir() {
            home
        } else {
            PathBuf::from("/")
        });
        command
    }
}

/// Runs the line as cron does. What it says stands in its log.
fn run_line(here: &Here, line: &[u8], log: &Path, trial: &mut Trial) -> Result<(), CronError> {
    let before = std::fs::metadata(log).map_or(0, |found| found.len());
    let shell = here.settings.of("SHELL");
    let mut run = here.command(&shell);
    run.arg("-c").arg(OsStr::from_bytes(&command(line)));
    let output = run
        .output()
        .map_err(|error| CronError::Path(format!("{}: {error}", Path::new(&shell).display())))?;
    let text = std::fs::read(log).unwrap_or_default();
    // A shorter one was put aside meanwhile.
    let new = usize::try_from(before).ok().and_then(|before| text.get(before..)).unwrap_or(&text);
    let new = String::from_utf8_lossy(new);
    // The time stands in front.
    let logged: Vec<&str> =
        new.lines().filter_map(|line| line.split_once(' ').map(|(_, line)| line)).collect();
    let printed = [output.stderr, output.stdout].concat();
    if output.status.success() {
        trial.warnings.extend(
            logged
                .iter()
                .filter_map(|line| line.strip_prefix("warning: "))
                .map(|line| said(line.as_bytes())),
        );
        trial.warnings.extend(Some(said(&printed)).filter(|said| !said.is_empty()));
    } else {
        let told = logged.iter().filter(|line| {
            line.starts_with("error: ")
                || line.starts_with("warning: ")
                || line.starts_with("hint: ")
        });
        let told: Vec<String> = told
            .map(|line| said(line.as_bytes()))
            .chain(Some(said(&printed)).filter(|said| !said.is_empty()))
            .collect();
        let shell = Path::new(&shell).display();
        trial.problems.push(if told.is_empty() {
            format!("a tick failed: {shell} ended with {}", output.status)
        } else {
            format!("a tick failed: {}", told.join("\n"))
        });
    }
    Ok(())
}

/// Programs of studies whose jobs run on this machine and inherit what cron has.
fn missing_agents(app: &App, here: &Here) -> Result<Vec<String>, CronError> {
    let mut looked: Vec<String> = Vec::new();
    let mut problems = Vec::new();
    for study in &app.config.studies {
        let Ok(cluster) = app.config.cluster(study.cluster.as_str()) else { continue };
        let word = app
            .config
            .claude_command_for(study, cluster)
            .first()
            .map(|word| process::at_home(word))
            .unwrap_or_default();
        // A job has a PATH of its own then.
        let has_path = cluster.environment.iter().any(|(name, _)| name == "PATH");
        // A relative one is one of the sprint's folder.
        let is_relative = word.contains('/') && !word.starts_with('/');
        if cluster.transport != Transport::Local
            || has_path
            || is_relative
            || looked.contains(&word)
        {
            continue;
        }
        let mut look = here.command(OsStr::new("bash"));
        look.args(["-c", claude::LOOK_UP, &word]);
        let output = look.output().map_err(|error| CronError::Path(format!("bash: {error}")))?;
        if !output.status.success() {
            problems.push(format!(
                "{}: claude: {word:?} would not be found by a job that cron's tick submits\nname it by its full path in `claude_command`, or set PATH in your crontab above the line",
                cluster.name
            ));
        }
        looked.push(word);
    }
    Ok(problems)
}

/// What keeps a tick from working: the way to the cluster, and its scheduler.
fn failed_checks(cluster: &str, answer: &serde_json::Value) -> Vec<String> {
    let mut problems = Vec::new();
    for check in answer["clusters"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|one| one["checks"].as_array().into_iter().flatten())
    {
        let what = check["check"].as_str().unwrap_or_default();
        if !matches!(what, "connection" | "scheduler") || check["ok"].as_bool() == Some(true) {
            continue;
        }
        let hint = check["hint"].as_str().map(|hint| format!("\n{hint}")).unwrap_or_default();
        problems.push(format!(
            "{cluster}: {what}: {}{hint}",
            said(check["detail"].as_str().unwrap_or_default().as_bytes())
        ));
    }
    problems
}

fn said(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    paragraph(&text, 1000).trim_start_matches("error: ").to_owned()
}
