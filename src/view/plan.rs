//! Plans of a study, as `--json` shows them.

use serde::Serialize;

use super::ImportedTask;
use crate::domain::{Condition, Priority, SprintId};

/// The answer about a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The study.
    pub study_name: String,
    /// Its tasks; a file of them can be read again.
    pub plan: PlannedTasks,
    /// Whether its tasks were added.
    pub written: bool,
    /// What was left out of it, a sentence each.
    pub warnings: Vec<String>,
    /// What it has cost, in US dollars, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// What it can be read from again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The tasks that were added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<ImportedTask>>,
}

/// The tasks of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedTasks {
    /// In their order.
    pub tasks: Vec<PlannedTask>,
}

/// A task of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedTask {
    /// How others of the same plan name it.
    pub key: Option<String>,
    /// The idea.
    pub idea: String,
    /// What it needs.
    pub needs: Vec<PlannedNeed>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is done, in words.
    pub done_when: String,
    /// The task that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// What a task of a plan needs.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedNeed {
    /// A task of the plan, or an id.
    pub key: String,
    /// How it must end.
    pub on: Condition,
}

/// A job that makes a plan, and has not ended yet.
#[derive(Debug, Clone, Serialize)]
pub struct PlanWaiting {
    /// The sprint.
    pub sprint_id: SprintId,
    /// The study.
    pub study_name: String,
    /// As in [`Sprint`](super::Sprint).
    pub status: &'static str,
    /// False.
    pub written: bool,
}
