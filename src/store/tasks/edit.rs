//! Makes tasks, changes them, and changes what they need.

use super::{TaskError, TaskRow};
use crate::domain::task::{self, check_idea, check_idea_text, check_text};
use crate::domain::{Condition, EventName, Priority, SprintId, TaskId};
use crate::platform::random;
use crate::store::{Change, StoreError};

/// A task that is to be.
#[derive(Debug, Clone)]
pub struct NewTask<'a> {
    /// The study.
    pub study: &'a str,
    /// The idea.
    pub idea: &'a str,
    /// How urgent it is.
    pub priority: Priority,
    /// When it counts as done, in words. May be empty.
    pub done_when: &'a str,
    /// A command that must succeed before it is done. May be empty. Only a person or a file of one
    /// may give one.
    pub verify: &'a str,
    /// `person`, `file`, `plan`, `sprint` or a loop's id.
    pub made_by: &'a str,
    /// How often it may fail.
    pub max_attempts: u32,
}

impl<'a> NewTask<'a> {
    /// An idea of a study, with nothing else said.
    pub fn new(study: &'a str, idea: &'a str, made_by: &'a str) -> Self {
        Self {
            study,
            idea,
            priority: Priority::P1,
            done_when: "",
            verify: "",
            made_by,
            max_attempts: task::MAX_ATTEMPTS,
        }
    }
}

/// What is to be changed of a task. `None` leaves it.
///
/// A door names the tasks by what somebody has typed, and the store by their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEdit<'a, Id = TaskId> {
    /// The idea.
    pub idea: Option<&'a str>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// The task that it is a part of, or none.
    pub parent: Option<Option<&'a Id>>,
    /// When it is done, in words.
    pub done_when: Option<&'a str>,
    /// The command that must succeed.
    pub verify: Option<&'a str>,
    /// How often it may fail.
    pub max_attempts: Option<u32>,
    /// What it needs from now on, or with another condition.
    pub needs: &'a [(Id, Condition)],
    /// What it does not need any more.
    pub drop_needs: &'a [Id],
}

impl<Id> Default for TaskEdit<'_, Id> {
    fn default() -> Self {
        Self {
            idea: None,
            priority: None,
            parent: None,
            done_when: None,
            verify: None,
            max_attempts: None,
            needs: &[],
            drop_needs: &[],
        }
    }
}

impl Change<'_> {
    /// The task, or an error that says that there is none.
    pub(super) fn known_task(&self, id: &TaskId) -> Result<TaskRow, TaskError> {
        self.task(id)?.ok_or_else(|| TaskError::Unknown(id.clone()))
    }

    /// Makes a task that needs nothing and is no part of another one.
    ///
    /// Several can be made and linked in one change; [`Change::settle_edges`] comes at the end.
    pub fn insert_task(&self, new: &NewTask<'_>) -> Result<TaskId, TaskError> {
        check_idea(new.idea).map_err(TaskError::Wrong)?;
        self.insert_any_task(new)
    }

    fn insert_any_task(&self, new: &NewTask<'_>) -> Result<TaskId, TaskError> {
        let idea = check_idea_text(new.idea).map_err(TaskError::Wrong)?;
        let done_when = check_text("`done_when`", new.done_when).map_err(TaskError::Wrong)?;
        let verify = check_text("`verify`", new.verify).map_err(TaskError::Wrong)?;
        if !verify.is_empty() && !matches!(new.made_by, "person" | "file") {
            return Err(TaskError::Wrong(
                "a command to verify a task comes from a person only".to_owned(),
            ));
        }
        if !(1..=100).contains(&new.max_attempts) {
            return Err(TaskError::Wrong(format!(
                "{} attempts: expected 1 to 100",
                new.max_attempts
            )));
        }
        // Ids are short, so that people can type them: one may be taken.
        loop {
            let Ok(id) = TaskId::new(&random::short_id("t")) else { continue };
            let made = self
                .transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO tasks (id, study_name, idea, priority, done_when, verify, made_by, max_attempts, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute((
                    &id,
                    new.study,
                    &idea,
                    new.priority.number(),
                    &done_when,
                    &verify,
                    new.made_by,
                    new.max_attempts,
                    self.stamp(),
                ))?;
            if made == 1 {
                self.event(None, EventName::TaskCreated, &serde_json::json!({ "task_id": id, "study": new.study, "made_by": new.made_by }))?;
                return Ok(id);
            }
        }
    }

    /// Makes one task whole: what it needs, what it is a part of.
    pub fn add_task(
        &self,
        new: &NewTask<'_>,
        needs: &[(TaskId, Condition)],
        parent: Option<&TaskId>,
    ) -> Result<TaskRow, TaskError> {
        let id = self.insert_task(new)?;
        for (needed, condition) in needs {
            self.link_need(&id, needed, *condition)?;
        }
        if let Some(parent) = parent {
            self.link_parent(&id, Some(parent))?;
        }
        self.settle_edges(new.study)?;
        self.known_task(&id)
    }

    /// Lets a task need another one of its study. [`Change::settle_edges`] must follow.
    pub fn link_need(
        &self,
        id: &TaskId,
        needed: &TaskId,
        condition: Condition,
    ) -> Result<(), TaskError> {
        let (row, other) = (self.known_task(id)?, self.known_task(needed)?);
        same_study(&row, &other)?;
        self.transaction
            .prepare_cached("INSERT INTO task_needs (task, needs, on_state) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET on_state = ?3")?
            .execute((id, needed, condition.as_str()))?;
        Ok(())
    }

    /// Makes a task a part of another one, or of none. [`Change::settle_edges`] must follow.
    pub fn link_parent(&self, id: &TaskId, parent: Option<&TaskId>) -> Result<(), TaskError> {
        if let Some(parent) = parent {
            let (row, above) = (self.known_task(id)?, self.known_task(parent)?);
            same_study(&row, &above)?;
            let has_parts = self.has_parts(parent)?;
            above.standing().may_get_parts(has_parts, &self.lacking(&above)?)?;
        }
        self.transaction.execute("UPDATE tasks SET parent = ?2 WHERE id = ?1", (id, parent))?;
        Ok(())
    }

    /// Changes a task.
    pub fn edit_task(&self, id: &TaskId, edit: &TaskEdit<'_>) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        let idea = edit.idea.map(check_idea).transpose().map_err(TaskError::Wrong)?;
        let done_when = edit
            .done_when
            .map(|text| check_text("`done_when`", text))
            .transpose()
            .map_err(TaskError::Wrong)?;
        let verify = edit
            .verify
            .map(|text| check_text("`verify`", text))
            .transpose()
            .map_err(TaskError::Wrong)?;
        if edit.max_attempts.is_some_and(|most| !(1..=100).contains(&most)) {
            return Err(TaskError::Wrong("a task may be tried 1 to 100 times".to_owned()));
        }
        let rewrites = idea.is_some()
            || edit.parent.is_some()
            || !edit.needs.is_empty()
            || !edit.drop_needs.is_empty();
        row.standing().may_be_edited(rewrites, done_when.is_some() || verify.is_some())?;
        self.transaction.execute(
            "UPDATE tasks SET idea = coalesce(?2, idea), priority = coalesce(?3, priority), done_when = coalesce(?4, done_when),
                verify = coalesce(?5, verify), max_attempts = coalesce(?6, max_attempts) WHERE id = ?1",
            (id, &idea, edit.priority.map(Priority::number), &done_when, &verify, edit.max_attempts),
        )?;
        for needed in edit.drop_needs {
            if self
                .transaction
                .execute("DELETE FROM task_needs WHERE task = ?1 AND needs = ?2", (id, needed))?
                == 0
            {
                return Err(TaskError::Wrong(format!("{id} does not need {needed}")));
            }
        }
        for (needed, condition) in edit.needs {
            self.link_need(id, needed, *condition)?;
        }
        if let Some(parent) = edit.parent {
            self.link_parent(id, parent)?;
        }
        self.event(
            None,
            EventName::TaskEdited,
            &serde_json::json!({
                "task_id": id, "idea": idea, "priority": edit.priority.map(Priority::as_str), "parent": edit.parent, "done_when": done_when,
                "verify": verify, "max_attempts": edit.max_attempts, "drop_needs": edit.drop_needs,
                "needs": edit.needs.iter().map(|(needed, condition)| format!("{needed}:{condition}")).collect::<Vec<_>>(),
            }),
        )?;
        self.settle_edges(&row.study)?;
        self.known_task(id)
    }

    /// Makes the task of a sprint that has an idea and no task: its first attempt is that sprint.
    /// The idea may come from a job: it is cut rather than refused.
    pub fn make_task_of_sprint(
        &self,
        study: &str,
        idea: &str,
        made_by: &str,
        sprint: &SprintId,
    ) -> Result<TaskId, StoreError> {
        let idea = task::bounded(idea, task::MAX_IDEA);
        let idea = if check_idea_text(&idea).is_err() { "(no idea)" } else { idea.as_str() };
        let id = self.insert_any_task(&NewTask::new(study, idea, made_by))?;
        self.take(&id, sprint.as_str(), None)?;
        self.transaction.execute("UPDATE sprints SET task_id = ?2 WHERE id = ?1", (sprint, &id))?;
        Ok(id)
    }
}

fn same_study(row: &TaskRow, other: &TaskRow) -> Result<(), TaskError> {
    if row.study == other.study {
        return Ok(());
    }
    Err(TaskError::Wrong(format!(
        "{} belongs to the study {}, not to {}: tasks of different studies do not wait for each other",
        other.id, other.study, row.study
    )))
}
