//! The shape of a loop.

use serde::Serialize;

use super::LoopNext;
use crate::domain::auto_loop::Limits;
use crate::domain::{
    LoopId, LoopStatus, OpenIssues, Reason, SprintId, Status, StopRule, TaskId, Verdict,
};
use crate::store::{LoopRow, LoopSprint, Spent, Store, StoreError, completed_count};

/// The answer about one loop.
#[derive(Debug, Clone, Serialize)]
pub struct OneLoop {
    /// The loop.
    #[serde(rename = "loop")]
    pub auto_loop: Loop,
}

/// The answer of a list of loops.
#[derive(Debug, Clone, Serialize)]
pub struct Loops {
    /// The running ones first.
    pub loops: Vec<Loop>,
}

/// The answer about one loop that is looked at.
#[derive(Debug, Clone, Serialize)]
pub struct ShownLoop {
    /// The loop.
    #[serde(rename = "loop")]
    pub auto_loop: Loop,
    /// The best value that its sprints have brought; null when none counts.
    pub best: Option<BestOfLoop>,
    /// Its sprints that ask a person whether their idea is to be worked on.
    #[serde(skip)]
    pub proposals: Vec<SprintId>,
    /// What can be done next.
    #[serde(skip)]
    pub next: LoopNext,
    /// When it was looked at.
    #[serde(skip)]
    pub now: jiff::Timestamp,
}

/// The best value of a loop's sprints, by the metric of its target, else of the study.
#[derive(Debug, Clone, Serialize)]
pub struct BestOfLoop {
    /// The metric.
    pub metric: String,
    /// The value; of repeats the mean.
    pub value: f64,
    /// The newest sprint that has it.
    pub sprint_id: SprintId,
    /// The value that ends the loop.
    pub target: Option<f64>,
    /// Whether that is reached by this value. Whether it counts is for the loop's next tick to decide.
    pub is_reached: bool,
    /// The values of its sprints, in the order of time.
    pub values: Vec<f64>,
}

/// A loop.
#[derive(Debug, Clone, Serialize)]
pub struct Loop {
    /// `loop-` and six hexadecimal digits.
    pub id: LoopId,
    /// The same: its name in Python.
    pub loop_id: LoopId,
    /// The study.
    pub study_name: String,
    /// `running`, `stopped` or `completed`.
    pub status: LoopStatus,
    /// Which rule ended it: a word of a closed list.
    pub reason: Option<StopRule>,
    /// Why it ended: a sentence.
    pub detail: String,
    /// What the last tick had to say about it.
    pub note: String,
    /// What ideas are wanted.
    pub context: String,
    /// Its limits.
    pub limits: Limits,
    /// Sprints that have completed.
    pub completed_count: u32,
    /// Sprints that are to complete.
    pub total_count: u32,
    /// Sprints that are not over.
    pub live_count: usize,
    /// The newest sprint that is not over.
    pub current_sprint_id: Option<SprintId>,
    /// US dollars at list prices, of all its sprints.
    pub cost_usd: f64,
    /// Whether the cost is not exact.
    pub cost_estimated: bool,
    /// Whether some of it is not known at all, because its record is gone.
    pub cost_unknown: bool,
    /// The dollars that count in its place.
    pub cost_unknown_usd: f64,
    /// US dollars that its running sprints may still spend.
    pub reserved_usd: f64,
    /// All tokens.
    pub tokens: u64,
    /// GPUs times hours.
    pub gpu_hours: f64,
    /// Whether some job's GPUs are not known.
    pub gpu_unknown: bool,
    /// Hours that its jobs ran.
    pub wall_hours: f64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// The same: its name in Python.
    pub stopped_at: Option<String>,
    /// Its sprints, oldest first.
    pub sprints: Vec<SprintOfLoop>,
}

/// A sprint of a loop.
#[derive(Debug, Clone, Serialize)]
pub struct SprintOfLoop {
    /// Its id.
    pub id: SprintId,
    /// As in [`Sprint`](super::Sprint).
    pub status: Status,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// `supported`, `refuted` or `inconclusive`.
    pub verdict: Option<Verdict>,
    /// What its last review has against that, without the reviewer's words.
    pub open_issues: Option<OpenIssues>,
    /// The idea, once there is one.
    pub idea: Option<String>,
    /// The task.
    pub task_id: Option<TaskId>,
    /// US dollars.
    pub cost_usd: f64,
    /// Whether the cost is not exact.
    pub cost_estimated: bool,
    /// Whether some of it is not known at all, because its record is gone.
    pub cost_unknown: bool,
    /// The dollars that count in its place.
    pub cost_unknown_usd: f64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub completed_at: Option<String>,
}

/// Shows a loop with its sprints and its money.
pub fn loop_found(store: &Store, row: &LoopRow) -> Result<Loop, StoreError> {
    Ok(auto_loop(row, &store.loop_sprints(&row.id)?, &store.money_of_loop(&row.id)?))
}

/// Shows a loop.
fn auto_loop(row: &LoopRow, sprints: &[LoopSprint], money: &Spent) -> Loop {
    let hours = |seconds: u64| f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 3600.0;
    Loop {
        id: row.id.clone(),
        loop_id: row.id.clone(),
        study_name: row.study.clone(),
        status: row.status,
        reason: row.reason,
        detail: row.detail.clone(),
        note: row.note.clone(),
        context: row.guidance.clone(),
        limits: row.limits.clone(),
        completed_count: completed_count(row, sprints),
        total_count: row.limits.count,
        live_count: sprints.iter().filter(|sprint| !sprint.status.is_terminal()).count(),
        current_sprint_id: sprints
            .iter()
            .rev()
            .find(|sprint| !sprint.status.is_terminal())
            .map(|sprint| sprint.id.clone()),
        cost_usd: money.cost_usd,
        cost_estimated: money.estimated,
        cost_unknown: money.unknown_usd.is_some(),
        cost_unknown_usd: money.unknown_usd.unwrap_or(0.0),
        reserved_usd: money.reserved_usd,
        tokens: money.tokens,
        gpu_hours: hours(money.gpu_seconds),
        gpu_unknown: money.gpu_unknown,
        wall_hours: hours(money.wall_seconds),
        created_at: row.created_at.clone(),
        ended_at: row.ended_at.clone(),
        stopped_at: row.ended_at.clone(),
        sprints: sprints
            .iter()
            .map(|sprint| SprintOfLoop {
                id: sprint.id.clone(),
                status: sprint.status,
                reason: sprint.reason,
                verdict: sprint.verdict,
                open_issues: sprint.open_issues.clone(),
                idea: sprint.idea.clone(),
                task_id: sprint.task.clone(),
                cost_usd: sprint.cost_usd,
                cost_estimated: sprint.cost_estimated,
                cost_unknown: sprint.unknown_usd.is_some(),
                cost_unknown_usd: sprint.unknown_usd.unwrap_or(0.0),
                created_at: sprint.created_at.clone(),
                completed_at: sprint.completed_at.clone(),
            })
            .collect(),
    }
}
