//! Adds tasks, changes them, opens them again, and calls them off.

use crate::app::App;
use crate::domain::{Condition, TaskId};
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::store::{Change, NewTask, Store, TaskEdit, TaskError, TaskRow};
use crate::view::{self, AddedTask, ChangedTasks, OneTask};

/// Adds a task. What it needs and is a part of may be given by the beginnings of ids.
pub fn add(
    app: &App,
    new: &NewTask<'_>,
    needs: &[(String, Condition)],
    parent: Option<&str>,
) -> Result<AddedTask, Problem> {
    app.config.study(new.study)?;
    let mut store = app.store()?;
    let needs = whole_needs(&store, needs)?;
    let parent = parent.map(|parent| find::task(&store, parent)).transpose()?;
    let repeats = store.repeats(new.study, [(String::new(), new.idea)])?;
    let change = store.change()?;
    let row = change.add_task(new, &needs, parent.as_ref().map(|parent| &parent.id))?;
    change.commit()?;
    let OneTask { task } = one(&store, &row)?;
    let same_as = match repeats.as_slice() {
        [(_, earlier)] => Some(earlier.clone()),
        _ => None,
    };
    Ok(AddedTask { task, same_as })
}

/// Changes these tasks, all or none. All ids may be beginnings of ids.
pub fn edit(
    app: &App,
    ids: &[String],
    edit: &TaskEdit<'_, String>,
) -> Result<ChangedTasks, Problem> {
    let mut store = app.store()?;
    let needs = whole_needs(&store, edit.needs)?;
    let drop_needs: Vec<TaskId> = edit
        .drop_needs
        .iter()
        .map(|id| Ok(find::task(&store, id)?.id))
        .collect::<Result<_, Problem>>()?;
    let parent = match edit.parent {
        Some(Some(parent)) => Some(Some(find::task(&store, parent)?.id)),
        Some(None) => Some(None),
        None => None,
    };
    let edit = TaskEdit {
        idea: edit.idea,
        priority: edit.priority,
        parent: parent.as_ref().map(Option::as_ref),
        done_when: edit.done_when,
        verify: edit.verify,
        max_attempts: edit.max_attempts,
        needs: &needs,
        drop_needs: &drop_needs,
    };
    change_all(&mut store, ids, |change, id| change.edit_task(id, &edit))
}

/// Opens these tasks again, all or none, and forgets how often they have failed.
pub fn retry(app: &App, ids: &[String]) -> Result<ChangedTasks, Problem> {
    change_all(&mut app.store()?, ids, |change, id| change.retry_task(id))
}

/// Calls these tasks off, all or none, with their parts.
pub fn cancel(app: &App, ids: &[String], reason: &str) -> Result<ChangedTasks, Problem> {
    change_all(&mut app.store()?, ids, |change, id| change.cancel_task(id, reason))
}

/// Changes all of these tasks, or none.
fn change_all(
    store: &mut Store,
    given: &[String],
    change_one: impl Fn(&Change<'_>, &TaskId) -> Result<TaskRow, TaskError>,
) -> Result<ChangedTasks, Problem> {
    let mut ids: Vec<TaskId> = Vec::new();
    for given in given {
        let id = find::task(store, given)?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let change = store.change()?;
    for id in &ids {
        change_one(&change, id)?;
    }
    // As they are when all is done: one may be a part of another one.
    let rows: Vec<TaskRow> = ids
        .iter()
        .map(|id| change.task(id))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    change.commit()?;
    if let ([row], 1) = (rows.as_slice(), given.len()) {
        return Ok(ChangedTasks::One(Box::new(one(store, row)?)));
    }
    let needs = store.needs_of_study(None)?;
    let tasks = rows.iter().map(|row| view::task(row, &needs)).collect();
    Ok(ChangedTasks::Many(view::Tasks { tasks }))
}

/// The answer about one task.
pub(super) fn one(store: &Store, row: &TaskRow) -> Result<OneTask, Problem> {
    Ok(OneTask { task: view::task(row, &store.needs_of(&row.id)?) })
}

/// Needs with whole ids, each task once.
fn whole_needs(
    store: &Store,
    given: &[(String, Condition)],
) -> Result<Vec<(TaskId, Condition)>, Problem> {
    let mut needs: Vec<(TaskId, Condition)> = Vec::new();
    for (id, condition) in given {
        let id = find::task(store, id)?.id;
        if needs.iter().any(|(known, _)| *known == id) {
            let message = format!("--needs names {id} twice");
            return Err(Problem::new(ProblemKind::Usage, message)
                .hint("one task is needed in one way; `any` is met however it ends"));
        }
        needs.push((id, *condition));
    }
    Ok(needs)
}
