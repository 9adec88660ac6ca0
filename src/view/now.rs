//! What a job does at this moment, as far as its journal has told.

use serde::Serialize;

use crate::domain::gpus::GpuUse;
use crate::store::{Running, SprintRow, Store, StoreError};

/// What a job does now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Now {
    /// The command that runs, in one line; null when its end was told, or nothing was told at all.
    pub command: Option<String>,
    /// For how long it has been running.
    pub command_seconds: Option<u64>,
    /// How long the jobs of earlier sprints of the study took that completed: the median of the newest. Null for
    /// less than two.
    pub usual_seconds: Option<u64>,
}

/// What the GPUs of a job did at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GpusAt {
    /// When, RFC 3339.
    pub at: String,
    /// What they did.
    #[serde(flatten)]
    pub seen: GpuUse,
}

/// What the GPUs of a sprint's job do, or did last.
pub fn gpus(store: &Store, row: &SprintRow) -> Result<Option<GpusAt>, StoreError> {
    Ok(store.gpu_use(row)?.map(|(at, seen)| GpusAt { at: at.to_string(), seen }))
}

/// What the job of a sprint does now.
pub fn now(store: &Store, row: &SprintRow, running: &Running) -> Result<Now, StoreError> {
    let (command, command_seconds) = store.command_of(&row.id, running)?.unzip();
    Ok(Now {
        command,
        command_seconds: command_seconds.flatten(),
        usual_seconds: store.usual_seconds(row)?,
    })
}
