//! Tasks, as `--json` shows them.

use serde::Serialize;

use super::{Sprint, Usage};
use crate::domain::{
    Condition, NeedState, OpenIssues, Priority, SprintId, TaskId, TaskState, Verdict,
};
use crate::store::{Need, Spent, TaskRow};

/// A task. In a list, what needs it, its parts and its attempts are left out.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// `t-` and six hexadecimal digits.
    pub id: TaskId,
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
    pub parent: Option<TaskId>,
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
    pub children: Option<Vec<TaskId>>,
    /// Its attempts, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sprints: Option<Vec<Sprint>>,
    /// What all its attempts have used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Usage>,
}

impl Task {
    /// Whether somebody or a sprint has it now.
    pub fn is_held(&self) -> bool {
        matches!(self.state, TaskState::Running | TaskState::Claimed)
    }

    /// Where it stands, for people: with what came out.
    pub fn state_text(&self) -> String {
        match self.verdict {
            Some(verdict) if self.state == TaskState::Done => {
                format!("done ({})", verdict.as_str())
            }
            _ => self.state.to_string(),
        }
    }
}

/// The answer about one task.
#[derive(Debug, Clone, Serialize)]
pub struct OneTask {
    /// The task.
    pub task: Task,
}

/// Several tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Tasks {
    /// In the order in which they were named.
    pub tasks: Vec<Task>,
}

/// The answer of a change: of the one task that was named, or of all of them.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum ChangedTasks {
    /// One was named.
    One(Box<OneTask>),
    /// Several were.
    Many(Tasks),
}

impl ChangedTasks {
    /// The tasks, as they are now.
    pub fn tasks(&self) -> &[Task] {
        match self {
            Self::One(one) => std::slice::from_ref(&one.task),
            Self::Many(many) => &many.tasks,
        }
    }
}

/// A task that was just added.
#[derive(Debug, Clone, Serialize)]
pub struct AddedTask {
    /// The task.
    pub task: Task,
    /// What has had the same idea before: a sprint's or a task's id.
    #[serde(skip)]
    pub same_as: Option<String>,
}

/// The answer of a list of tasks.
#[derive(Debug, Clone, Serialize)]
pub struct TaskList {
    /// In the order in which they are taken.
    pub tasks: Vec<Task>,
    /// How many there are of the states that were asked for.
    #[serde(skip)]
    pub total: u64,
    /// How many tasks stand how, whatever was asked for.
    #[serde(skip)]
    pub counts: Vec<(TaskState, u64)>,
}

/// A task, and the token of the claim on it.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimedTask {
    /// What whoever has it shows.
    pub token: i64,
    /// The task.
    pub task: Task,
}

/// The answer to what is to be begun next.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum NextTask {
    /// This one.
    Found(OneTask),
    /// This one, and it was taken.
    Claimed(ClaimedTask),
    /// None can be begun now.
    Nothing(NothingReady),
}

/// No task can be begun now.
#[derive(Debug, Clone, Serialize)]
pub struct NothingReady {
    /// Null.
    pub task: (),
    /// How many are not over.
    pub open: u64,
    /// How these stand.
    #[serde(skip)]
    pub counts: Vec<(TaskState, u64)>,
}

/// A task that has failed once more.
#[derive(Debug, Clone, Serialize)]
pub struct FailedTask {
    /// The task.
    pub task: Task,
    /// From when on it can be tried again, RFC 3339.
    #[serde(skip)]
    pub again_at: String,
}

/// The answer about a file of tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The study.
    pub study_name: String,
    /// In the order of the file.
    pub tasks: Vec<ImportedTask>,
}

/// A task of a file.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedTask {
    /// Its id.
    pub id: TaskId,
    /// Its name in the file.
    pub key: Option<String>,
}

/// A task of a list whose idea was had before.
#[derive(Debug, Clone)]
pub struct SameIdea {
    /// The task, by its name or its place in the list.
    pub name: String,
    /// What had the idea before: an id, or another task of the list.
    pub earlier: String,
}

/// The answer about one task and everything around it.
#[derive(Debug, Clone)]
pub struct ShownTask {
    /// The task.
    pub task: Task,
    /// What can be done next.
    pub next: TaskNext,
    /// What it needs.
    pub needs: Vec<RelatedTask>,
    /// What waits for it.
    pub needed_by: Vec<RelatedTask>,
    /// Its parts.
    pub children: Vec<Task>,
    /// What the last reviews have against results of its attempts: the sprint, and what.
    pub open_issues: Vec<(SprintId, OpenIssues)>,
}

/// A task on the other side of a need.
#[derive(Debug, Clone)]
pub struct RelatedTask {
    /// The need.
    pub need: TaskNeed,
    /// The task, when it is known.
    pub task: Option<Task>,
}

/// What can be done next about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskNext {
    /// Begin a sprint, or take it.
    Begin,
    /// Follow the sprint that works on it.
    Watch {
        /// The sprint.
        sprint: SprintId,
    },
    /// Whoever has it says when it is done.
    WaitForHolder,
    /// It is tried again by itself.
    RetriedLater,
    /// Say what came out of a task: others wait for that.
    Judge {
        /// That task.
        task: TaskId,
    },
    /// Look at the task that it needs.
    ShowNeeded {
        /// That task.
        task: TaskId,
    },
    /// Look at the task that it is a part of.
    ShowParent {
        /// That task.
        task: TaskId,
    },
    /// Look at what waits for what.
    ShowGraph,
    /// It ends with its parts.
    EndsWithParts {
        /// How many have ended.
        ended: usize,
        /// How many there are.
        parts: usize,
    },
    /// Find out why it failed, then try it again or cancel it.
    RetryOrCancel,
    /// Let a task do without another one.
    DropNeed {
        /// The one that needs.
        task: TaskId,
        /// The one that is needed.
        needs: TaskId,
    },
    /// Read what came out.
    ShowResult {
        /// The sprint.
        sprint: SprintId,
    },
    /// Look at what is next.
    ShowNext,
    /// Open it again.
    Retry,
}

/// What waits for what.
#[derive(Debug, Clone, Serialize)]
pub struct TaskGraph {
    /// Oldest first.
    pub tasks: Vec<Task>,
    /// The same as an indented list.
    #[serde(skip)]
    pub tree: Vec<TreeLine>,
}

/// A line of an indented list of tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeLine {
    /// What stands in front of the task.
    pub branch: String,
    /// Which of the tasks.
    pub place: usize,
    /// How it belongs to the task above, and what else it needs: `part`, `if refuted`,
    /// `also needs t-0a1b2c`. Empty when it just comes after that.
    pub needs: String,
}

/// A need, seen from one of its sides.
#[derive(Debug, Clone, Serialize)]
pub struct TaskNeed {
    /// The task on the other side.
    pub id: TaskId,
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
    let own = needs.iter().filter(|need| need.task == row.id);
    Task {
        id: row.id.clone(),
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
        children: Some(children.iter().map(|child| child.id.clone()).collect()),
        sprints: Some(sprints),
        spent: Some(spent.into()),
        ..task(row, needs)
    }
}

fn other_side(id: &TaskId, need: &Need) -> TaskNeed {
    TaskNeed { id: id.clone(), condition: need.condition, state: need.state }
}
