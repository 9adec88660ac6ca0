//! `researchloop task next`, `claim`, `heartbeat`, `release`, `done`, `fail`.

use clap::Args;

use super::exit::{Exit, Result};
use super::task::{print_json, tell};
use super::ui::Ui;
use super::{find, task_show, text, values};
use crate::app::App;
use crate::domain::{TaskState, duration};
use crate::problem::{Problem, ProblemKind};
use crate::store::{Store, TaskError, TaskRow};
use crate::task::{self, FinishError};
use crate::view;

#[derive(Debug, Args)]
pub struct NextArgs {
    /// Only of this study
    #[arg(short, long)]
    study: Option<String>,
    /// Take it, too
    #[arg(long)]
    claim: bool,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(Debug, Args)]
pub struct WhoArgs {
    /// Who takes it; the user's name otherwise
    #[arg(long = "as", value_name = "NAME")]
    who: Option<String>,
    /// How long the claim holds without a heartbeat: 30m, 2h
    #[arg(long, value_name = "TIME", default_value = "30m")]
    ttl: String,
}

#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The task's id, or the beginning of it
    id: String,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(Debug, Args)]
pub struct HeartbeatArgs {
    /// The task's id, or the beginning of it
    id: String,
    /// The claim's token
    #[arg(long, value_name = "N")]
    token: i64,
    /// How long the claim holds from now on: 30m, 2h
    #[arg(long, value_name = "TIME", default_value = "30m")]
    ttl: String,
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The task's id, or the beginning of it
    id: String,
    /// The claim's token
    #[arg(long, value_name = "N")]
    token: Option<i64>,
}

#[derive(Debug, Args)]
pub struct DoneArgs {
    #[command(flatten)]
    task: TokenArgs,
    /// What came out: supported, refuted or inconclusive
    #[arg(long, value_name = "WORD")]
    verdict: Option<String>,
    /// A remark
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
pub struct FailArgs {
    #[command(flatten)]
    task: TokenArgs,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl WhoArgs {
    fn name(&self) -> Result<String> {
        let name = self.who.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
        let name = text::clean(name.trim());
        match (name.len(), name.starts_with("sp-")) {
            (0, _) if self.who.is_none() => Ok("somebody".to_owned()),
            (1..=100, false) => Ok(name),
            _ => Err(Problem::new(
                ProblemKind::Usage,
                "--as: expected a name of at most 100 bytes, which is not the id of a sprint",
            )),
        }
    }

    fn seconds(&self) -> Result<u64> {
        seconds(&self.ttl)
    }
}

fn seconds(ttl: &str) -> Result<u64> {
    // Elsewhere that is hours, which nobody means here.
    if ttl.trim().bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("--ttl {ttl:?}: expected a time with its unit"),
        )
        .hint("for example 30m or 2h"));
    }
    duration::parse_seconds(ttl)
        .map_err(|error| Problem::new(ProblemKind::Usage, format!("--ttl: {error}")))
}

/// Shows the next task, and takes it when that is wanted.
pub fn next(app: &App, ui: &Ui, args: &NextArgs) -> Result {
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let study = args.study.as_deref();
    let (name, seconds) = (args.who.name()?, args.who.seconds()?);
    let mut store = app.store()?;
    let found = if args.claim {
        // Nobody else can come between the two.
        let change = store.change()?;
        change.end_expired_claims()?;
        let found = change
            .next_task(study)?
            .map(|row| change.claim_task(row.id.as_str(), &name, seconds))
            .transpose()?;
        change.commit()?;
        found
    } else {
        store.next_task(study)?
    };
    let found = match found {
        // What somebody had may be free by now, or make others free.
        None if !args.claim => {
            let change = store.change()?;
            change.end_expired_claims()?;
            change.commit()?;
            store.next_task(study)?
        }
        found => found,
    };
    let Some(row) = found else { return nothing_ready(ui, &store, study) };
    if args.claim {
        return claimed(ui, &store, &row);
    }
    print_json(ui, &store, &row)?;
    if !ui.json {
        ui.line(&format!("{}  {}  {}", row.id, row.priority, text::clean(&row.idea)));
    }
    ui.hint(&format!("`researchloop sprint run --task {0}` starts a sprint for it, `researchloop task claim {0}` takes it", row.id));
    Ok(Exit::Success)
}

fn nothing_ready(ui: &Ui, store: &Store, study: Option<&str>) -> Result {
    let counts = store.task_counts(study)?;
    let open: Vec<_> = counts
        .iter()
        .filter(|(state, _)| task_show::is_open(*state) && *state != TaskState::Parent)
        .collect();
    if ui.json {
        ui.json(&serde_json::json!({ "task": null, "open": open.iter().map(|(_, count)| count).sum::<u64>() }));
    }
    if open.is_empty() {
        ui.status("The backlog is empty.");
        ui.hint("`researchloop task add \"an idea\" -s STUDY` adds a task");
    } else {
        let counts: Vec<String> =
            open.iter().map(|(state, count)| format!("{count} {state}")).collect();
        ui.status(&format!("No task is ready: {}.", counts.join(", ")));
        ui.hint("`researchloop task graph` shows what waits for what");
    }
    Ok(Exit::Waiting)
}

/// Takes a task.
pub fn claim(app: &App, ui: &Ui, args: &ClaimArgs) -> Result {
    let (name, seconds) = (args.who.name()?, args.who.seconds()?);
    let mut store = app.store()?;
    let row = find::task(&store, &args.id)?;
    let change = store.change()?;
    let row = change.claim_task(row.id.as_str(), &name, seconds)?;
    change.commit()?;
    claimed(ui, &store, &row)
}

fn claimed(ui: &Ui, store: &Store, row: &TaskRow) -> Result {
    if ui.json {
        ui.json(&serde_json::json!({ "token": row.claim_token, "task": view::task(row, &store.needs_of(row.id.as_str())?) }));
        return Ok(Exit::Success);
    }
    ui.line(&format!(
        "{}  token {}  {}  {}",
        row.id,
        row.claim_token,
        row.priority,
        text::clean(&row.idea)
    ));
    let id = &row.id;
    ui.status(&format!(
        "{id}: {} has it until {}",
        text::clean(row.claimed_by.as_deref().unwrap_or_default()),
        until(row)
    ));
    ui.hint(&format!(
        "`researchloop task done {id} --token {0}` when it is done, `researchloop task heartbeat {id} --token {0}` to keep it longer",
        row.claim_token
    ));
    Ok(Exit::Success)
}

fn until(row: &TaskRow) -> String {
    row.claim_until
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// Prolongs a claim.
pub fn heartbeat(app: &App, ui: &Ui, args: &HeartbeatArgs) -> Result {
    let seconds = seconds(&args.ttl)?;
    let mut store = app.store()?;
    let row = find::task(&store, &args.id)?;
    let change = store.change()?;
    let row = change.heartbeat_task(row.id.as_str(), args.token, seconds)?;
    change.commit()?;
    tell(ui, &store, &row, &format!("yours until {}", until(&row)))
}

/// Gives a claim back.
pub fn release(app: &App, ui: &Ui, args: &TokenArgs) -> Result {
    let mut store = app.store()?;
    let row = find::task(&store, &args.id)?;
    let change = store.change()?;
    let row = change.release_task(row.id.as_str(), args.token)?;
    change.commit()?;
    tell(ui, &store, &row, &format!("given back; it is {}", row.state))
}

/// Ends a task well.
pub fn done(app: &App, ui: &Ui, args: &DoneArgs) -> Result {
    let verdict = args
        .verdict
        .as_deref()
        .map(|word| values::verdict(word, "supported, refuted or inconclusive"))
        .transpose()?;
    let mut store = app.store()?;
    let row = find::task(&store, &args.task.id)?;
    let spinner = ui.spinner(&format!("verifying {}", row.id));
    let finished =
        task::finish(app, &mut store, row.id.as_str(), args.task.token, verdict, &args.note);
    spinner.finish_and_clear();
    let row = finished.map_err(|error| match error {
        FinishError::Task(error) => error.into(),
        FinishError::Verify { ref id, .. } => {
            let hint = format!("correct what it complains about, or give the task another command: `researchloop task edit {id} --verify ...`");
            Problem::failed(text::clean_lines(&error.to_string()).join("\n")).hint(hint)
        }
    })?;
    tell(
        ui,
        &store,
        &row,
        &row.verdict
            .map_or_else(|| "done".to_owned(), |verdict| format!("done ({})", verdict.as_str())),
    )
}

/// Ends a task badly.
pub fn fail(app: &App, ui: &Ui, args: &FailArgs) -> Result {
    let mut store = app.store()?;
    let row = find::task(&store, &args.task.id)?;
    let change = store.change()?;
    let row = change.fail_task(row.id.as_str(), args.task.token, &args.reason)?;
    change.commit()?;
    let what = match row.state {
        TaskState::Dead => format!(
            "dead after {}: `researchloop task retry {}` tries it again",
            text::number_of(row.failures, "failure"),
            row.id
        ),
        _ => {
            let again = jiff::Timestamp::from_second(row.retry_at)
                .map(|time| time.to_string())
                .map_err(|error| Problem::from(TaskError::Wrong(error.to_string())))?;
            format!(
                "failed {} of {}; it can be tried again from {again} on",
                row.failures,
                text::number_of(row.max_attempts, "time")
            )
        }
    };
    tell(ui, &store, &row, &what)
}
