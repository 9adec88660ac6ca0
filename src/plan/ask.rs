//! One call of Claude Code on this machine, in an empty folder, without rights: it is asked for a
//! text, and nothing that it says is run.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::schema;
use crate::app::App;
use crate::bundle::context::{self, ContextError};
use crate::bundle::formats::{Money, PlanOrder};
use crate::claude::{self, Call, Exit, Fold, Permissions, Session, Verdict};
use crate::config::{Study, UnknownName};
use crate::platform::process::{self, Captured};
use crate::platform::random;
use crate::store::{Store, StoreError, TaskFilter};

/// How long the call may take.
const LIMIT: Duration = Duration::from_secs(900);
/// The most that is told of earlier ideas, and of the backlog, in bytes each.
const MOST_TOLD: usize = 32 * 1024;
const PROMPT: &str = include_str!("../../templates/plan.md");

/// What came of the call.
#[derive(Debug)]
pub(super) struct Asked {
    /// The answer, or why there is none.
    pub plan: Result<Value, PlanError>,
    /// What it cost, also when nothing came of it.
    pub spent: Money,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// This machine is not the place for it.
    #[error("this looks like the login node of a cluster: `{0}` is here, and this is not a job")]
    LoginNode(&'static str),
    /// The study or its cluster.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// What the study should know.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The call.
    #[error("Claude made no plan: {0}")]
    Claude(String),
    /// This machine.
    #[error("{0}")]
    Machine(String),
}

/// The scheduler's command that tells that this machine is a login node, unless this is a job.
pub(super) fn login_node_tool() -> Option<&'static str> {
    let in_job =
        ["SLURM_JOB_ID", "JOB_ID", "PBS_JOBID"].iter().any(|name| std::env::var_os(name).is_some());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_here =
        |tool: &&str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    ["squeue", "qstat"].into_iter().find(is_here).filter(|_| !in_job)
}

/// What a job is given that is to make a plan of this study.
pub(super) fn order(
    app: &App,
    store: &Store,
    study: &Study,
    goal: &str,
) -> Result<PlanOrder, PlanError> {
    let cluster = app.config.cluster(study.cluster.as_str())?;
    let context = context::assemble(&app.config, cluster, study, app.clock.now())?;
    Ok(PlanOrder { prompt: prompt(store, study, &context.text, goal)?, schema: schema() })
}

/// Asks for a plan of this study. `max_usd` is what the study has left.
pub(super) fn ask(
    app: &App,
    store: &Store,
    study: &Study,
    goal: &str,
    max_usd: Option<f64>,
) -> Result<Asked, PlanError> {
    let cluster = app.config.cluster(study.cluster.as_str())?;
    let PlanOrder { prompt, schema } = order(app, store, study, goal)?;
    let schema = schema.to_string();
    let call = Call {
        model: study.model.as_deref(),
        max_budget_usd: study.max_cost_usd.into_iter().chain(max_usd).reduce(f64::min),
        permissions: Permissions::Mode("dontAsk"),
        json_schema: Some(&schema),
        ..Call::new(Session::Unsaved)
    };
    let words: Vec<String> = app
        .config
        .claude_command_for(study, cluster)
        .iter()
        .map(|word| process::at_home(word))
        .collect();
    let Some((program, own)) = words.split_first() else {
        return Err(PlanError::Claude("`claude_command` is empty".to_owned()));
    };
    let folder = PrivateFolder::new()?;
    // A relative program is one of the project's folder, as in its configuration.
    let program =
        if program.contains('/') { app.config.root.join(program) } else { PathBuf::from(program) };
    let mut command = process::command(&program);
    // A job is a place of its own; this is somebody's machine.
    command.args(without_rights(own)).args(claude::arguments(&call)).current_dir(&folder.0);
    for (name, value) in claude::environment(LIMIT.as_secs(), &folder.0.display().to_string()) {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RESEARCHLOOP_"))
    {
        command.env_remove(name);
    }
    let mut fold = Fold::new().expecting_structured_output();
    let ended = match process::run_captured(command, prompt.into_bytes(), LIMIT, |line| {
        drop(fold.line(line))
    }) {
        Ok(Captured { status: Some(status), errors }) => {
            use std::os::unix::process::ExitStatusExt as _;
            let exit = status
                .signal()
                .map_or_else(|| Exit::Code(status.code().unwrap_or(-1)), Exit::Signal);
            Some(fold.verdict(exit, &[], &errors))
        }
        Ok(Captured { status: None, .. }) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(PlanError::Claude(format!(
                "there is no program {}: is Claude Code installed here?",
                program.display()
            )));
        }
        Err(error) => return Err(PlanError::Claude(format!("{}: {error}", program.display()))),
    };
    let plan = match (ended, fold.structured_output()) {
        (Some(Verdict::Done), Some(plan)) => Ok(plan.clone()),
        (Some(verdict), _) => Err(PlanError::Claude(verdict.detail())),
        (None, _) => Err(PlanError::Claude(format!(
            "there was no answer within {} minutes",
            LIMIT.as_secs() / 60
        ))),
    };
    Ok(Asked { plan, spent: Money::of_call(&fold, &Money::default()) })
}

/// The user's own words without those that give the agent rights.
fn without_rights(words: &[String]) -> Vec<&String> {
    let mut values = 0;
    let mut kept = Vec::new();
    for word in words {
        let name = word.split('=').next().unwrap_or_default();
        if !word.starts_with('-') && values > 0 {
            values -= 1;
            continue;
        }
        values = match name {
            "--allowedTools" | "--allowed-tools" if name == word => usize::MAX,
            "--permission-mode" | "--permission-prompt-tool" if name == word => 1,
            _ => 0,
        };
        let gives =
            ["--allowedTools", "--allowed-tools", "--permission-mode", "--permission-prompt-tool"]
                .contains(&name);
        if !gives
            && !matches!(
                name,
                "--dangerously-skip-permissions" | "--allow-dangerously-skip-permissions"
            )
        {
            kept.push(word);
        }
    }
    kept
}

fn prompt(store: &Store, study: &Study, context: &str, goal: &str) -> Result<String, PlanError> {
    let mut text =
        format!("{PROMPT}\n## Study {}\n\n{}\n\n{context}\n", study.name, study.description);
    let tried = store.known_ideas(study.name.as_str())?;
    section(
        &mut text,
        "What was tried",
        tried.iter().map(|idea| {
            let outcome = idea.verdict.map_or(idea.status.as_str(), |verdict| verdict.as_str());
            format!(
                "- {} ({outcome}): {} {}",
                idea.id,
                brief(&idea.idea, 300),
                brief(&idea.statement, 200)
            )
        }),
    );
    let tasks = store.tasks(&TaskFilter {
        study: Some(study.name.as_str()),
        states: &[],
        limit: Some(500),
    })?;
    section(
        &mut text,
        "The backlog",
        tasks
            .iter()
            .map(|task| format!("- {} ({}): {}", task.id, task.state, brief(&task.idea, 200))),
    );
    text.push_str(&format!("\n## The goal\n\n{goal}\n"));
    Ok(text)
}

fn section(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let mut room = MOST_TOLD;
    let lines: Vec<String> = lines
        .take_while(|line| {
            room = room.saturating_sub(line.len() + 1);
            room > 0
        })
        .collect();
    if !lines.is_empty() {
        text.push_str(&format!("\n## {heading}\n\n{}\n", lines.join("\n")));
    }
}

fn brief(text: &str, most: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// An empty folder that vanishes: nothing of the user's is near the call.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn new() -> Result<Self, PlanError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = std::env::temp_dir().join(format!("rl-plan-{}", random::hex(6)));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| {
            PlanError::Machine(format!("cannot make the folder {}: {error}", path.display()))
        })?;
        Ok(Self(path))
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
