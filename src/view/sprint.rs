//! What commands answer that do something with a sprint.

use std::path::PathBuf;

use serde::Serialize;

use super::File;
use crate::domain::{SprintId, State, Status, TaskId};
use crate::store::SprintRow;

/// A sprint that was just made.
#[derive(Debug, Clone, Serialize)]
pub struct Begun {
    /// The sprint.
    pub sprint_id: SprintId,
    /// The study.
    pub study_name: String,
    /// As in [`Sprint`](super::Sprint).
    pub status: &'static str,
    /// The scheduler's id of the job, when it was taken.
    pub job_id: Option<String>,
    /// The task that it is an attempt at.
    pub task_id: Option<TaskId>,
}

impl From<&SprintRow> for Begun {
    fn from(row: &SprintRow) -> Self {
        Self {
            sprint_id: row.id.clone(),
            study_name: row.study.clone(),
            status: row.state.status().as_str(),
            job_id: row.state.last_job().map(ToString::to_string),
            task_id: row.task.clone(),
        }
    }
}

/// What would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct DryRun {
    /// True.
    pub dry_run: bool,
    /// The study.
    pub study_name: String,
    /// The cluster.
    pub cluster: String,
    /// The sprint's directory there.
    pub remote_dir: String,
    /// The job script, without what is packed into it.
    pub script: String,
    /// Its size in bytes.
    pub script_bytes: usize,
    /// Names of the variables that travel beside it.
    pub environment: Vec<String>,
    /// Files of context that are not there.
    pub missing_context: Vec<String>,
    /// The prompt of each step, as far as it is known now.
    pub prompts: Vec<Prompt>,
    /// Files of context of which a part is still a template, a sentence each.
    #[serde(skip)]
    pub unfilled_context: Vec<String>,
}

/// The prompt of a step.
#[derive(Debug, Clone, Serialize)]
pub struct Prompt {
    /// The step.
    pub step: String,
    /// What Claude is told.
    pub text: String,
}

/// What was brought of a sprint.
#[derive(Debug, Clone, Serialize)]
pub struct Fetched {
    /// The sprint.
    pub sprint_id: SprintId,
    /// Where its files are now.
    pub folder: PathBuf,
    /// The files.
    pub files: Vec<File>,
    /// What was left out, a sentence each.
    pub skipped: Vec<String>,
}

/// A sprint that was asked to end.
#[derive(Debug, Clone, Serialize)]
pub struct Cancelled {
    /// Whether it is proven.
    pub cancelled: bool,
    /// As in [`Sprint`](super::Sprint).
    pub status: &'static str,
    /// The sprint.
    pub sprint_id: SprintId,
    /// What is known of the end, or what the scheduler said against it; empty when nothing is to be said.
    pub detail: String,
}

/// What is known of a sprint that was asked to end. `objection`: what its scheduler has against that.
pub fn cancelled(row: &SprintRow, objection: Option<&str>) -> Cancelled {
    let status = row.state.status();
    let detail = match &row.state {
        State::Ended { ending, .. } => &ending.detail,
        _ => objection.unwrap_or_default(),
    };
    Cancelled {
        cancelled: status == Status::Cancelled,
        status: status.as_str(),
        sprint_id: row.id.clone(),
        detail: detail.to_owned(),
    }
}

/// A sprint that is forgotten.
#[derive(Debug, Clone, Serialize)]
pub struct Deleted {
    /// True.
    pub deleted: bool,
    /// The sprint.
    pub sprint_id: SprintId,
}
