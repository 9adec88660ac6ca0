//! Ends a task by hand: its command must succeed here first.

use std::path::Path;
use std::process::Stdio;

use crate::app::App;
use crate::domain::Verdict;
use crate::platform::process;
use crate::store::{Store, TaskError, TaskRow};

/// How much of a command's output is told.
const TAIL_BYTES: usize = 2000;

/// Why a task is not done.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The task, its claim, or the database.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Its command says no.
    #[error("`{command}` {how}, so {id} is not done{}", if .output.is_empty() { String::new() } else { format!(":\n{output}") })]
    Verify {
        /// Which task.
        id: String,
        /// The command.
        command: String,
        /// `ended with 1`, `cannot be started: ...`.
        how: String,
        /// The end of what it printed.
        output: String,
    },
}

/// Says that a task is done. A command that a person gave with it runs first, in the project's
/// folder; nothing else may run here.
pub fn finish(app: &App, store: &mut Store, id: &str, token: Option<i64>, verdict: Option<Verdict>, note: &str) -> Result<TaskRow, FinishError> {
    let row = store.change().map_err(TaskError::from)?.may_end_task(id, token)?;
    if !row.verify.is_empty() {
        verify(&app.config.root, &row)?;
    }
    // It may have taken long: whoever has the task now is asked once more.
    let change = store.change().map_err(TaskError::from)?;
    let row = change.finish_task(id, token, verdict, note)?;
    change.commit().map_err(TaskError::from)?;
    Ok(row)
}

fn verify(root: &Path, row: &TaskRow) -> Result<(), FinishError> {
    let failed = |how: String, output: String| Err(FinishError::Verify { id: row.id.to_string(), command: row.verify.clone(), how, output });
    let run =
        process::command("bash").arg("-c").arg(&row.verify).current_dir(root).env("RESEARCHLOOP_TASK", row.id.as_str()).stdin(Stdio::null()).output();
    match run {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let all = [output.stdout, output.stderr].concat();
            let tail = &all[all.len().saturating_sub(TAIL_BYTES)..];
            let how = output.status.code().map_or("was ended by a signal".to_owned(), |code| format!("ended with {code}"));
            failed(how, String::from_utf8_lossy(tail).trim().to_owned())
        }
        Err(error) => failed(format!("cannot be started: {error}"), String::new()),
    }
}
