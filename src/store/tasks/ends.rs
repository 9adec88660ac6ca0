//! How tasks end: done, failed, dead, cancelled, and back again.

use rusqlite::OptionalExtension as _;

use super::{TaskError, TaskRow};
use crate::domain::reduce::{self, Failure, SprintEnd, TaskEnd};
use crate::domain::task::{self, check_text};
use crate::domain::task_rules::{Retry, is_for_another_try, quoted_idea};
use crate::domain::{
    EventName, LoopId, LoopStatus, MessageKind, NoticeKind, SprintId, State, TaskId, TaskStatus,
    Verdict,
};
use crate::store::{Change, NewMessage, SprintRow, StoreError};

/// A sprint that a message or a notice is about.
#[derive(Debug, Clone, Copy)]
struct TaskSprint<'a> {
    /// Its id.
    id: &'a SprintId,
    /// The loop that made it.
    loop_id: Option<&'a LoopId>,
    /// When the limit that ended it is reset, in seconds since 1970.
    resets_at: Option<i64>,
}

impl Change<'_> {
    /// Whether a task can be ended by hand: with the token of its claim, or without one when nobody
    /// has it.
    pub fn may_end_task(&self, id: &TaskId, token: Option<i64>) -> Result<TaskRow, TaskError> {
        if let Some(token) = token {
            return self.held_with(id, token);
        }
        let row = self.known_task(id)?;
        row.standing().may_be_ended(&self.lacking(&row)?)?;
        Ok(row)
    }

    /// The same for one that is to be done. It may be so already, when only what came out is not known.
    pub fn may_finish_task(
        &self,
        id: &TaskId,
        token: Option<i64>,
        verdict: Option<Verdict>,
    ) -> Result<TaskRow, TaskError> {
        let known = self.known_task(id)?;
        let is_judged = token.is_none() && known.standing().lacks_only(verdict);
        if is_judged { Ok(known) } else { self.may_end_task(id, token) }
    }

    /// A person or an agent says that it is done. Its command must have succeeded before.
    pub fn finish_task(
        &self,
        id: &TaskId,
        token: Option<i64>,
        verdict: Option<Verdict>,
        note: &str,
    ) -> Result<TaskRow, TaskError> {
        let note = check_text("the note", note).map_err(TaskError::Wrong)?;
        let row = self.may_finish_task(id, token, verdict)?;
        let note = if note.is_empty() && row.status == TaskStatus::Done {
            row.detail.clone()
        } else {
            note
        };
        self.task_over(&row, TaskStatus::Done, verdict, &note)?;
        if let Some(verdict) = verdict {
            self.answer_messages_of_task(id, MessageKind::Verdict, verdict.as_str())?;
        }
        self.settle_graph(&row.study)?;
        self.known_task(id)
    }

    /// A person or an agent says that it failed.
    pub fn fail_task(
        &self,
        id: &TaskId,
        token: Option<i64>,
        reason: &str,
    ) -> Result<TaskRow, TaskError> {
        let reason = check_text("the reason", reason).map_err(TaskError::Wrong)?;
        let row = self.may_end_task(id, token)?;
        self.task_failed(&row, false, &reason, None)?;
        self.settle_graph(&row.study)?;
        self.known_task(id)
    }

    /// Calls a task off, with everything that it is made of.
    pub fn cancel_task(&self, id: &TaskId, reason: &str) -> Result<TaskRow, TaskError> {
        let reason = check_text("the reason", reason).map_err(TaskError::Wrong)?;
        let row = self.known_task(id)?;
        let mut all = vec![row.clone()];
        let mut next = 0;
        while next < all.len() {
            let parts = self.children(&all[next].id)?;
            all.extend(parts);
            next += 1;
        }
        let busy = all.iter().find_map(|task| Some((&task.id, task.sprint()?)));
        let busy = busy.as_ref().map(|(task, sprint)| (*task, sprint));
        row.standing().may_be_cancelled(busy)?;
        for task in all.iter().filter(|task| {
            matches!(task.status, TaskStatus::Open | TaskStatus::Skipped) || task.id == row.id
        }) {
            self.task_over(task, TaskStatus::Cancelled, None, &reason)?;
        }
        for task in &all {
            self.death_is_answered(&task.id, "cancel")?;
        }
        self.settle_graph(&row.study)?;
        self.known_task(id)
    }

    /// Opens a task again that is over, or lets one begin that waits for its time. What it has
    /// failed before is forgotten.
    pub fn retry_task(&self, id: &TaskId) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        let parts = self.children(id)?;
        let stored: Vec<TaskStatus> = parts.iter().map(|part| part.status).collect();
        match row.standing().may_be_retried(&stored, &self.lacking(&row)?)? {
            Retry::Task => self.reopen(&row)?,
            Retry::Parts => {
                for part in parts.iter().filter(|part| is_for_another_try(part.status)) {
                    self.retry_task(&part.id)?;
                }
                self.settle_graph(&row.study)?;
            }
        }
        self.known_task(id)
    }

    pub(super) fn reopen(&self, row: &TaskRow) -> Result<(), StoreError> {
        let id = &row.id;
        self.transaction.execute(
            "UPDATE tasks SET status = 'open', verdict = NULL, detail = '', failures = 0, infra_failures = 0, retry_at = 0, claimed_by = NULL,
                claim_until = NULL, ended_at = NULL WHERE id = ?1",
            [id],
        )?;
        self.death_is_answered(id, "retry")?;
        self.event(
            None,
            EventName::TaskRetried,
            &serde_json::json!({ "task_id": id, "from": row.state.as_str() }),
        )?;
        self.settle_graph(&row.study)
    }

    /// A person has decided on a dead task: nobody is asked about it any more.
    fn death_is_answered(&self, id: &TaskId, answer: &str) -> Result<(), StoreError> {
        self.answer_messages_of_task(id, MessageKind::Verdict, answer)?;
        self.answer_messages_of_task(id, MessageKind::Dead, answer)
    }

    /// How many open tasks of a study wait for a verdict that nobody knows.
    pub fn waits_for_verdicts(&self, study: &str) -> Result<u64, StoreError> {
        let count: i64 = self.transaction.query_row(
            "SELECT count(DISTINCT n.task) FROM need_states n JOIN tasks t ON t.id = n.task
             WHERE t.study_name = ?1 AND t.status = 'open' AND n.state = 'unknown'",
            [study],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Asks for each verdict of the study that tasks wait for and nobody has been asked for.
    pub(super) fn ask_for_verdicts(&self, study: &str) -> Result<(), StoreError> {
        let ids: Vec<TaskId> = self
            .transaction
            .prepare_cached(
                "SELECT DISTINCT n.needs FROM need_states n JOIN tasks t ON t.id = n.task
                 WHERE t.study_name = ?1 AND t.status = 'open' AND n.state = 'unknown'
                    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.task_id = n.needs AND m.kind = 'verdict')",
            )?
            .query_map([study], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            if let Some(row) = self.task(&id)? {
                let why =
                    if row.detail.is_empty() { "nobody has said it" } else { row.detail.as_str() };
                self.ask_for_verdict(&row, why, None)?;
            }
        }
        Ok(())
    }

    /// Asks a person for a verdict that no program could read, when other tasks wait for it.
    fn ask_for_verdict(
        &self,
        row: &TaskRow,
        why: &str,
        loop_id: Option<&LoopId>,
    ) -> Result<(), StoreError> {
        let id = &row.id;
        let waiting: i64 = self.transaction.query_row(
            "SELECT count(*) FROM task_needs n JOIN tasks t ON t.id = n.task
             WHERE n.needs = ?1 AND n.on_state IN ('supported', 'refuted') AND t.status IN ('open', 'skipped')",
            [id],
            |row| row.get(0),
        )?;
        if waiting == 0 {
            return Ok(());
        }
        let waiting = u64::try_from(waiting).unwrap_or(0);
        let text = row.standing().asks_for_verdict(&row.idea, why, waiting);
        let choices = [Verdict::Supported, Verdict::Refuted, Verdict::Inconclusive]
            .map(|verdict| verdict.as_str().to_owned());
        self.tell_of_task(MessageKind::Verdict, row, loop_id, &text, &choices)
    }

    /// A message that belongs to the task: none of its sprints waits for an answer.
    fn tell_of_task(
        &self,
        kind: MessageKind,
        row: &TaskRow,
        loop_id: Option<&LoopId>,
        text: &str,
        choices: &[String],
    ) -> Result<(), StoreError> {
        let (study, task) = (row.study.as_str(), Some(&row.id));
        self.put_message(&NewMessage {
            kind,
            study,
            sprint: None,
            task,
            loop_id,
            name: None,
            text,
            choices,
        })?;
        Ok(())
    }

    /// Ends the claim of a sprint that is over, and lets its task know what came out.
    pub(in crate::store) fn settle_task_of(&self, sprint: &SprintRow) -> Result<(), StoreError> {
        let State::Ended { ending, .. } = &sprint.state else { return Ok(()) };
        let Some(row) = sprint.task.as_ref().map(|task| self.task(task)).transpose()?.flatten()
        else {
            return Ok(());
        };
        let id = &sprint.id;
        if row.sprint().as_ref() != Some(id) {
            return Ok(());
        }
        let about = TaskSprint {
            id,
            loop_id: sprint.loop_id.as_ref(),
            resets_at: ending
                .reason
                .and_then(|reason| task::reset_time(reason, sprint.resets_at, self.seconds())),
        };
        let verdict: Option<String> = self
            .transaction
            .query_row("SELECT verdict FROM findings WHERE sprint_id = ?1", [id], |row| row.get(0))
            .optional()?;
        let end = reduce::end_of_task(&SprintEnd {
            id,
            ending,
            scheduler: sprint.scheduler,
            is_exhausted: sprint.is_exhausted(),
            ends_with_its_loop: self.ends_with_its_loop(sprint)?,
            verdict: verdict.as_deref().and_then(Verdict::parse),
            unusable: &self.unusable(id)?,
        });
        match end {
            TaskEnd::Done { verdict, detail } => {
                self.task_over(&row, TaskStatus::Done, verdict, &detail)?;
                if verdict.is_none() {
                    self.ask_for_verdict(&row, &detail, sprint.loop_id.as_ref())?;
                }
            }
            TaskEnd::Released => {
                self.transaction.execute(
                    "UPDATE tasks SET claimed_by = NULL, claim_until = NULL WHERE id = ?1",
                    [&row.id],
                )?;
                self.event(
                    Some(id),
                    EventName::TaskReleased,
                    &serde_json::json!({ "task_id": row.id, "by": id }),
                )?;
            }
            TaskEnd::Cancelled { detail } => {
                self.task_over(&row, TaskStatus::Cancelled, None, &detail)?;
            }
            TaskEnd::Failed { is_infrastructure, detail } => {
                self.task_failed(&row, is_infrastructure, &detail, Some(about))?;
            }
        }
        self.settle_graph(&row.study)
    }

    /// Whether the loop of a cancelled sprint has ended, or had when the sprint was to end: it may
    /// have been resumed before the job was gone.
    fn ends_with_its_loop(&self, sprint: &SprintRow) -> Result<bool, StoreError> {
        let found: Option<(String, String)> = self
            .transaction
            .query_row(
                "SELECT status, judged_from FROM loops WHERE id = ?1",
                [&sprint.loop_id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((status, resumed)) = found else { return Ok(false) };
        let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let asked = sprint.cancel_asked_at.as_deref().and_then(time);
        Ok(LoopStatus::parse(&status) != Some(LoopStatus::Running)
            || asked.is_some_and(|asked| time(&resumed).is_some_and(|resumed| asked < resumed)))
    }

    fn task_over(
        &self,
        row: &TaskRow,
        status: TaskStatus,
        verdict: Option<Verdict>,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE tasks SET status = ?2, verdict = ?3, detail = ?4, ended_at = ?5, claimed_by = NULL, claim_until = NULL WHERE id = ?1",
            (&row.id, status.as_str(), verdict.map(Verdict::as_str), detail, self.stamp()),
        )?;
        self.event(
            row.sprint().as_ref(),
            EventName::of_task(status),
            &serde_json::json!({
                "task_id": row.id, "from": row.state.as_str(), "by": row.claimed_by, "verdict": verdict.map(Verdict::as_str), "detail": detail,
            }),
        )
    }

    /// Counts a failure. The task is tried again later, or it is dead.
    fn task_failed(
        &self,
        row: &TaskRow,
        infra: bool,
        detail: &str,
        sprint: Option<TaskSprint<'_>>,
    ) -> Result<(), StoreError> {
        let id = &row.id;
        let reset_in =
            sprint.and_then(|sprint| sprint.resets_at).map_or(0, |time| time - self.seconds());
        let counts = (row.failures, row.infra_failures);
        let jitter = task::jitter(id, row.failures + row.infra_failures);
        let Failure { failures, infra_failures, wait, is_dead } =
            reduce::failed(counts, row.max_attempts, infra, jitter, reset_in);
        self.transaction.execute(
            "UPDATE tasks SET failures = ?2, infra_failures = ?3, detail = ?4, retry_at = ?6 + ?5, retry_wait = ?5, claimed_by = NULL, claim_until = NULL
             WHERE id = ?1",
            (id, failures, infra_failures, detail, wait, self.seconds()),
        )?;
        let data = serde_json::json!({
            "task_id": id, "failures": failures, "infra_failures": infra_failures, "infrastructure": infra, "detail": detail, "wait_seconds": wait,
        });
        self.event(sprint.map(|sprint| sprint.id), EventName::TaskFailed, &data)?;
        if is_dead {
            self.task_over(row, TaskStatus::Dead, None, detail)?;
            self.tell_of_death(row, failures + infra_failures, detail, sprint)?;
        }
        Ok(())
    }

    /// One message for a person, who alone can decide what becomes of it.
    fn tell_of_death(
        &self,
        row: &TaskRow,
        failures: u32,
        detail: &str,
        sprint: Option<TaskSprint<'_>>,
    ) -> Result<(), StoreError> {
        let id = &row.id;
        let idea = quoted_idea(&row.idea);
        let text = row.standing().tells_of_death(&row.idea, failures, detail);
        self.tell_of_task(
            MessageKind::Dead,
            row,
            sprint.and_then(|sprint| sprint.loop_id),
            &text,
            &[],
        )?;
        let deaths: i64 = self.transaction.query_row(
            "SELECT count(*) FROM messages WHERE task_id = ?1 AND kind = 'dead'",
            [id],
            |row| row.get(0),
        )?;
        self.notice(
            &format!("dead:{id}:{deaths}"),
            NoticeKind::TaskDead,
            &serde_json::json!({ "task_id": id, "study": row.study, "idea": idea, "detail": detail, "failures": failures, "sprint_id": sprint.map(|sprint| sprint.id) }),
        )
    }
}
