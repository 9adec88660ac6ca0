//! Who has a task. A claim is a lease: it ends by itself, and its token grows with every holder,
//! so that one who comes late cannot end another one's work. A sprint's claim ends only with the
//! sprint.

use super::{TaskError, TaskRow};
use crate::domain::task_rules::Reclaim;
use crate::domain::{EventName, SprintId, TaskId};
use crate::store::{Change, StoreError};

impl Change<'_> {
    /// Takes a ready task for a person or an agent, for so many seconds.
    pub fn claim_task(
        &self,
        id: &TaskId,
        holder: &str,
        seconds: u64,
    ) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        row.standing().may_be_claimed(&self.lacking(&row)?)?;
        self.take(id, holder, Some(seconds))?;
        self.known_task(id)
    }

    /// Takes a ready task for a sprint. Asking twice for the same sprint changes nothing.
    pub fn claim_for_sprint(&self, id: &TaskId, sprint: &SprintId) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        if row.sprint().as_ref() != Some(sprint) {
            row.standing().may_be_claimed(&self.lacking(&row)?)?;
            self.take(id, sprint.as_str(), None)?;
        }
        self.set_task_of_sprint(id, sprint)?;
        self.known_task(id)
    }

    /// Takes a task for one more attempt that a person wants.
    pub fn reclaim_for_sprint(&self, id: &TaskId, sprint: &SprintId) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        match row.standing().may_be_reclaimed(&self.lacking(&row)?)? {
            Reclaim::Take => {}
            Reclaim::Reopen => self.reopen(&row)?,
            Reclaim::Repeat => {
                self.set_task_of_sprint(id, sprint)?;
                return Ok(row);
            }
        }
        self.claim_for_sprint(id, sprint)
    }

    fn set_task_of_sprint(&self, id: &TaskId, sprint: &SprintId) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE sprints SET task_id = ?2 WHERE id = ?1", (sprint, id))?;
        Ok(())
    }

    /// Writes the claim. The token grows.
    pub(super) fn take(
        &self,
        id: &TaskId,
        holder: &str,
        seconds: Option<u64>,
    ) -> Result<(), StoreError> {
        let seconds = seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::from(u32::MAX)));
        let token: i64 = self
            .transaction
            .prepare_cached(
                "UPDATE tasks SET claimed_by = ?2, claim_token = claim_token + 1, claim_until = ?4 + ?3 WHERE id = ?1 RETURNING claim_token",
            )?
            .query_row((id, holder, seconds, self.seconds()), |row| row.get(0))?;
        self.event(
            None,
            EventName::TaskClaimed,
            &serde_json::json!({ "task_id": id, "by": holder, "token": token, "seconds": seconds }),
        )
    }

    /// The task, when this is the token of its claim, and the claim still holds.
    pub(super) fn held_with(&self, id: &TaskId, token: i64) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        row.standing().is_held_with(token).map_err(TaskError::Stale)?;
        Ok(row)
    }

    /// Extends a claim by so many seconds from now.
    pub fn heartbeat_task(
        &self,
        id: &TaskId,
        token: i64,
        seconds: u64,
    ) -> Result<TaskRow, TaskError> {
        self.held_with(id, token)?;
        let seconds = i64::try_from(seconds).unwrap_or(i64::from(u32::MAX));
        self.transaction.execute(
            "UPDATE tasks SET claim_until = ?3 + ?2 WHERE id = ?1",
            (id, seconds, self.seconds()),
        )?;
        self.event(
            None,
            EventName::TaskHeartbeat,
            &serde_json::json!({ "task_id": id, "token": token, "seconds": seconds }),
        )?;
        self.known_task(id)
    }

    /// Lets a claim hold for at least so many seconds from now.
    pub fn keep_task(&self, id: &TaskId, token: i64, seconds: u64) -> Result<(), TaskError> {
        let until = self.held_with(id, token)?.claim_until.unwrap_or_default();
        let left = until - self.seconds();
        if left < i64::try_from(seconds).unwrap_or(i64::MAX) {
            self.heartbeat_task(id, token, seconds)?;
        }
        Ok(())
    }

    /// Gives a claim back: nothing is counted.
    pub fn release_task(&self, id: &TaskId, token: Option<i64>) -> Result<TaskRow, TaskError> {
        let row = match token {
            Some(token) => self.held_with(id, token)?,
            None => self.known_task(id)?,
        };
        row.standing().may_be_released(token.is_some())?;
        self.let_go(&row)?;
        self.settle_graph(&row.study)?;
        self.known_task(id)
    }

    /// Ends the claim of a sprint that is deleted. Its task stays.
    pub(in crate::store) fn release_of_sprint(&self, sprint: &SprintId) -> Result<(), StoreError> {
        let Some(task) = self.sprint(sprint)?.and_then(|row| row.task) else { return Ok(()) };
        match self.task(&task)? {
            Some(row) if row.sprint().as_ref() == Some(sprint) => {
                self.let_go(&row)?;
                self.settle_graph(&row.study)
            }
            _ => Ok(()),
        }
    }

    /// Ends the claims of people and agents whose time is over, and lets their studies know: what was
    /// kept from being skipped may be skipped now.
    pub fn end_expired_claims(&self) -> Result<(), StoreError> {
        let ended: Vec<(TaskId, String, String)> = self
            .transaction
            .prepare_cached(
                "UPDATE tasks SET claimed_by = NULL, claim_until = NULL WHERE id IN (
                    SELECT id FROM tasks WHERE claim_until IS NOT NULL AND claim_until <= ?1 AND status = 'open')
                 RETURNING id, study_name, claim_token",
            )?
            .query_map([self.seconds()], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.to_string())))?
            .collect::<Result<_, _>>()?;
        for (id, _, token) in &ended {
            self.event(
                None,
                EventName::TaskClaimExpired,
                &serde_json::json!({ "task_id": id, "token": token }),
            )?;
        }
        let studies: std::collections::BTreeSet<&String> =
            ended.iter().map(|(_, study, _)| study).collect();
        studies.into_iter().try_for_each(|study| self.settle_graph(study))
    }

    fn let_go(&self, row: &TaskRow) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE tasks SET claimed_by = NULL, claim_until = NULL WHERE id = ?1",
            [&row.id],
        )?;
        self.event(
            None,
            EventName::TaskReleased,
            &serde_json::json!({ "task_id": row.id, "by": row.claimed_by }),
        )
    }
}
