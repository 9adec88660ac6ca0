//! Ends a task by hand: its command must succeed here first.

use std::path::Path;
use std::time::Duration;

use crate::app::App;
use crate::domain::{TaskId, TaskStatus, Verdict};
use crate::find;
use crate::platform::process::{self, Captured};
use crate::problem::Problem;
use crate::store::{Store, StoreError, TaskError, TaskRow};
use crate::view::{self, OneTask};

/// How much of a command's output is told.
const TAIL_BYTES: usize = 2000;
/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(3600);

/// Why a task is not done.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The task, its claim, or the database.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// There is no such task.
    #[error("{}", .0.message)]
    Unknown(Problem),
    /// Its command says no.
    #[error("`{command}` {how}, so {id} is not done{}", if .output.is_empty() { String::new() } else { format!(":\n{output}") })]
    Verify {
        /// Which task.
        id: TaskId,
        /// The command.
        command: String,
        /// `ended with 1`, `cannot be started: ...`.
        how: String,
        /// The end of what it printed.
        output: String,
    },
}

impl From<StoreError> for FinishError {
    fn from(error: StoreError) -> Self {
        Self::Task(error.into())
    }
}

/// Says that the task of this id, or of this beginning of one, is done.
pub fn done(
    app: &App,
    id: &str,
    token: Option<i64>,
    verdict: Option<Verdict>,
    note: &str,
) -> Result<OneTask, FinishError> {
    let mut store = app.store()?;
    let id = find::task(&store, id).map_err(FinishError::Unknown)?.id;
    let row = finish(app, &mut store, &id, token, verdict, note)?;
    Ok(OneTask { task: view::task(&row, &store.needs_of(&row.id)?) })
}

/// Says that a task is done. A command that a person gave with it runs first, in the project's
/// folder; nothing else may run here.
fn finish(
    app: &App,
    store: &mut Store,
    id: &TaskId,
    token: Option<i64>,
    verdict: Option<Verdict>,
    note: &str,
) -> Result<TaskRow, FinishError> {
    let change = store.change()?;
    let row = change.may_finish_task(id, token, verdict)?;
    let is_done = row.status == TaskStatus::Done;
    if let Some(token) = token.filter(|_| !row.verify.is_empty()) {
        // Nobody else gets the task while its command runs.
        change.keep_task(id, token, LIMIT.as_secs() + 60)?;
        change.commit()?;
    } else {
        drop(change);
    }
    if !row.verify.is_empty() && !is_done {
        verify(&app.config.root, &row)?;
    }
    // It may have taken long: whoever has the task now is asked once more.
    let change = store.change()?;
    let row = change.finish_task(id, token, verdict, note)?;
    change.commit()?;
    Ok(row)
}

fn verify(root: &Path, row: &TaskRow) -> Result<(), FinishError> {
    let failed = |how: String, output: String| {
        Err(FinishError::Verify { id: row.id.clone(), command: row.verify.clone(), how, output })
    };
    let mut command = process::command("bash");
    command.arg("-c").arg(&row.verify).current_dir(root).env("RESEARCHLOOP_TASK", row.id.as_str());
    let mut said: Vec<u8> = Vec::new();
    let ended = process::run_captured(command, Vec::new(), LIMIT, |line| {
        said.extend_from_slice(line);
        said.push(b'\n');
        said.drain(..said.len().saturating_sub(TAIL_BYTES));
    });
    let how = match &ended {
        Ok(Captured { status: Some(status), .. }) if status.success() => return Ok(()),
        Ok(Captured { status: Some(status), .. }) => status
            .code()
            .map_or("was ended by a signal".to_owned(), |code| format!("ended with {code}")),
        Ok(Captured { status: None, .. }) => {
            format!("did not end within {} minutes", LIMIT.as_secs() / 60)
        }
        Err(error) => return failed(format!("cannot be started: {error}"), String::new()),
    };
    let errors = ended.map(|ended| ended.errors).unwrap_or_default();
    said.extend_from_slice(errors.as_bytes());
    let tail = &said[said.len().saturating_sub(TAIL_BYTES)..];
    failed(how, String::from_utf8_lossy(tail).trim().to_owned())
}
