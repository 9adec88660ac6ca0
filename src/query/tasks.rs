//! The backlog: lists of tasks, one task with everything around it, and what waits for what.

use crate::app::App;
use crate::domain::{NeedState, Status, TaskId, TaskState};
use crate::find;
use crate::problem::Problem;
use crate::store::{Need, SprintRow, Store, TaskFilter, TaskRow};
use crate::task::{graph as drawn, tree};
use crate::view::{self, RelatedTask, ShownTask, TaskGraph, TaskList, TaskNeed, TaskNext};

/// Which tasks are wanted.
#[derive(Debug, Clone, Copy)]
pub struct TasksQuestion<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// In one of these states; in any that is not over when there is none.
    pub states: &'a [TaskState],
    /// In any state.
    pub all: bool,
    /// At most this many.
    pub limit: u32,
}

/// Lists tasks, in the order in which they are taken.
pub fn tasks(app: &App, question: TasksQuestion<'_>) -> Result<TaskList, Problem> {
    let study = question.study;
    if let Some(study) = study {
        app.config.study(study)?;
    }
    let states: Vec<TaskState> = match question.states {
        [] if question.all => Vec::new(),
        [] => TaskState::ALL.iter().copied().filter(|state| state.is_open()).collect(),
        states => states.to_vec(),
    };
    let store = app.store()?;
    let rows = store.tasks(&TaskFilter { study, states: &states, limit: Some(question.limit) })?;
    let needs = store.needs_of_study(study)?;
    let counts = store.task_counts(study)?;
    let is_wanted = |state: &TaskState| question.all || states.contains(state);
    Ok(TaskList {
        tasks: rows.iter().map(|row| view::task(row, &needs)).collect(),
        total: counts.iter().filter(|(state, _)| is_wanted(state)).map(|(_, count)| count).sum(),
        counts,
    })
}

/// One task, by its id or the beginning of one.
pub fn task(app: &App, id: &str) -> Result<ShownTask, Problem> {
    let store = app.store()?;
    let row = find::task(&store, id)?;
    let id = &row.id;
    let (needs, needed_by) = (store.needs_of(id)?, store.needed_by(id)?);
    let (children, sprints) = (store.task_children(id)?, store.sprints_of_task(id)?);
    let mut open_issues = Vec::new();
    for sprint in &sprints {
        if let Some(open) = store.open_issues(&sprint.id)? {
            open_issues.push((sprint.id.clone(), open));
        }
    }
    let related = |id: &TaskId, need: &Need| -> Result<RelatedTask, Problem> {
        let row = store.task(id)?;
        Ok(RelatedTask {
            need: TaskNeed { id: id.clone(), condition: need.condition, state: need.state },
            task: row.map(|row| view::task(&row, &[])),
        })
    };
    Ok(ShownTask {
        next: next(&store, &row, &needs, &needed_by, &children, sprints.last())?,
        needs: needs.iter().map(|need| related(&need.needs, need)).collect::<Result<_, _>>()?,
        needed_by: needed_by
            .iter()
            .map(|need| related(&need.task, need))
            .collect::<Result<_, _>>()?,
        task: view::task_whole(
            &row,
            &needs,
            &needed_by,
            &children,
            sprints.iter().map(view::sprint).collect(),
            &store.money_of_task(id)?,
        ),
        children: children.iter().map(|child| view::task(child, &[])).collect(),
        open_issues,
    })
}

/// What can be done next.
fn next(
    store: &Store,
    row: &TaskRow,
    needs: &[Need],
    needed_by: &[Need],
    children: &[TaskRow],
    last: Option<&SprintRow>,
) -> Result<TaskNext, Problem> {
    let id = &row.id;
    Ok(match row.state {
        TaskState::Ready => TaskNext::Begin,
        TaskState::Running => {
            row.sprint().map_or(TaskNext::WaitForHolder, |sprint| TaskNext::Watch { sprint })
        }
        TaskState::Claimed => TaskNext::WaitForHolder,
        TaskState::Waiting => TaskNext::RetriedLater,
        TaskState::Blocked => {
            let open = needs.iter().find(|need| need.state != NeedState::Met);
            match (open, &row.parent) {
                (Some(need), _) if need.state == NeedState::Unknown => {
                    TaskNext::Judge { task: need.needs.clone() }
                }
                (Some(need), _) => TaskNext::ShowNeeded { task: need.needs.clone() },
                (None, Some(parent)) => TaskNext::ShowParent { task: parent.clone() },
                (None, None) => TaskNext::ShowGraph,
            }
        }
        TaskState::Parent => {
            let ended = children.iter().filter(|part| !part.state.is_open()).count();
            TaskNext::EndsWithParts { ended, parts: children.len() }
        }
        TaskState::Dead => TaskNext::RetryOrCancel,
        TaskState::Skipped => {
            match store.missing(id)?.into_iter().find(|need| need.state == NeedState::Never) {
                Some(need) => TaskNext::DropNeed { task: need.task, needs: need.needs },
                None => TaskNext::ShowGraph,
            }
        }
        TaskState::Done
            if row.verdict.is_none()
                && needed_by.iter().any(|need| need.state == NeedState::Unknown) =>
        {
            TaskNext::Judge { task: id.clone() }
        }
        TaskState::Done => match last.filter(|sprint| sprint.state.status() == Status::Completed) {
            Some(sprint) => TaskNext::ShowResult { sprint: sprint.id.clone() },
            None => TaskNext::ShowNext,
        },
        TaskState::Cancelled => TaskNext::Retry,
    })
}

/// What waits for what, of one study or all of them.
pub fn graph(app: &App, study: Option<&str>) -> Result<TaskGraph, Problem> {
    let (rows, needs) = all(app, study)?;
    Ok(TaskGraph {
        tasks: rows.iter().map(|row| view::task(row, &needs)).collect(),
        tree: tree::lines(&rows, &needs),
    })
}

/// A language in which other programs read graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Mermaid.
    Mermaid,
    /// Graphviz.
    Dot,
}

/// What waits for what, for another program.
pub fn drawing(app: &App, study: Option<&str>, drawing: Drawing) -> Result<String, Problem> {
    let (rows, needs) = all(app, study)?;
    Ok(match drawing {
        Drawing::Mermaid => drawn::mermaid(&rows, &needs),
        Drawing::Dot => drawn::dot(&rows, &needs),
    })
}

fn all(app: &App, study: Option<&str>) -> Result<(Vec<TaskRow>, Vec<Need>), Problem> {
    if let Some(study) = study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    Ok((store.tasks_by_age(study)?, store.needs_of_study(study)?))
}
