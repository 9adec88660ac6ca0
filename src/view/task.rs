//! Tasks, as `--json` shows them.

use serde::Serialize;

use super::{Money, Sprint};
use crate::domain::{Condition, NeedState, Priority, TaskState, Verdict};
use crate::store::{Need, Spent, TaskRow};

/// A task. In a list, what needs it, its parts and its attempts are left out.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// `t-` and six hexadecimal digits.
    pub id: String,
    /// The study.
    pub study_name: String,
    /// The idea.
    pub idea: String,
    /// `ready`, `blocked`, `claimed`, `running`, `waiting`, `parent`, `done`, `dead`, `skipped` or
    /// `cancelled`.
    pub state: TaskState,
    /// `supported`, `refuted` or `inconclusive`, once it is done.
    pub verdict: Option<Verdict>,
    /// Why it is as it is, in a sentence.
    pub detail: Option<String>,
    /// `p0`, `p1` or `p2`.
    pub priority: Priority,
    /// The task that it is a part of.
    pub parent: Option<String>,
    /// What it needs itself.
    pub needs: Vec<TaskNeed>,
    /// When it is done, in words.
    pub done_when: Option<String>,
    /// A command that must succeed before it is done.
    pub verify: Option<String>,
    /// `person`, `file`, `plan`, `sprint` or a loop's id.
    pub made_by: String,
    /// The length of the longest chain of open tasks that waits for it.
    pub depth: u32,
    /// How often it has failed.
    pub failures: u32,
    /// How often the infrastructure has failed it.
    pub infra_failures: u32,
    /// How often it may fail.
    pub max_attempts: u32,
    /// When it is tried again, RFC 3339, while that lies ahead.
    pub retry_at: Option<String>,
    /// Who has it, or had it last: a name or a sprint's id.
    pub claimed_by: Option<String>,
    /// When that claim ends, RFC 3339; nothing for a sprint.
    pub claim_until: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// Who needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<Vec<TaskNeed>>,
    /// Its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<String>>,
    /// Its attempts, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sprints: Option<Vec<Sprint>>,
    /// What all its attempts have used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Money>,
}

/// The answer of a list of tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Tasks {
    /// In the order in which they are taken, or were named.
    pub tasks: Vec<Task>,
}

/// A need, seen from one of its sides.
#[derive(Debug, Clone, Serialize)]
pub struct TaskNeed {
    /// The task on the other side.
    pub id: String,
    /// How what is needed must end: `done`, `supported`, `refuted`, `failed` or `any`.
    pub condition: Condition,
    /// `met`, `open`, `never` or `unknown`.
    pub state: NeedState,
}

/// Seconds since 1970 as RFC 3339.
fn time(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// Shows a task. `needs` may hold those of others, too.
pub fn task(row: &TaskRow, needs: &[Need]) -> Task {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let own = needs.iter().filter(|need| need.task == row.id.as_str());
    Task {
        id: row.id.to_string(),
        study_name: row.study.clone(),
        idea: row.idea.clone(),
        state: row.state,
        verdict: row.verdict,
        detail: text(&row.detail),
        priority: row.priority,
        parent: row.parent.clone(),
        needs: own.map(|need| other_side(&need.needs, need)).collect(),
        done_when: text(&row.done_when),
        verify: text(&row.verify),
        made_by: row.made_by.clone(),
        depth: row.depth,
        failures: row.failures,
        infra_failures: row.infra_failures,
        max_attempts: row.max_attempts,
        retry_at: (row.state == TaskState::Waiting).then(|| time(row.retry_at)).flatten(),
        claimed_by: row.claimed_by.clone(),
        claim_until: row.claim_until.and_then(time),
        created_at: row.created_at.clone(),
        ended_at: row.ended_at.clone(),
        needed_by: None,
        children: None,
        sprints: None,
        spent: None,
    }
}

/// Shows a task with everything around it.
pub fn task_whole(
    row: &TaskRow,
    needs: &[Need],
    needed_by: &[Need],
    children: &[TaskRow],
    sprints: Vec<Sprint>,
    spent: &Spent,
) -> Task {
    Task {
        needed_by: Some(needed_by.iter().map(|need| other_side(&need.task, need)).collect()),
        children: Some(children.iter().map(|child| child.id.to_string()).collect()),
        sprints: Some(sprints),
        spent: Some(spent.into()),
        ..task(row, needs)
    }
}

fn other_side(id: &str, need: &Need) -> TaskNeed {
    TaskNeed { id: id.to_owned(), condition: need.condition, state: need.state }
}
