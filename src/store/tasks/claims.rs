//! Who has a task. A claim is a lease: it ends by itself, and its token grows with every holder,
//! so that one who comes late cannot end another one's work. A sprint's claim ends only with the
//! sprint.

use super::edit::who_has_it;
use super::{TaskError, TaskRow, not_now};
use crate::domain::action::Action;
use crate::domain::{EventName, NeedState, SprintId, TaskId, TaskState, TaskStatus};
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
        self.must_be_ready(&row)?;
        self.take(id, holder, Some(seconds))?;
        self.known_task(id)
    }

    /// Takes a ready task for a sprint. Asking twice for the same sprint changes nothing.
    pub fn claim_for_sprint(&self, id: &TaskId, sprint: &SprintId) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        if row.sprint().as_ref() != Some(sprint) {
            self.must_be_ready(&row)?;
            self.take(id, sprint.as_str(), None)?;
        }
        self.set_task_of_sprint(id, sprint)?;
        self.known_task(id)
    }

    /// Takes a task for one more attempt that a person wants: also one that has failed, or waits for
    /// its time. One that is done stays done, with its verdict, whatever comes of the repeat: others
    /// may rest on it.
    pub fn reclaim_for_sprint(&self, id: &TaskId, sprint: &SprintId) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        match row.state {
            TaskState::Ready => {}
            TaskState::Done => {
                self.set_task_of_sprint(id, sprint)?;
                return Ok(row);
            }
            TaskState::Dead | TaskState::Cancelled | TaskState::Waiting => {
                self.reopen(&row)?;
            }
            _ => self.must_be_ready(&row)?,
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

    fn must_be_ready(&self, row: &TaskRow) -> Result<(), TaskError> {
        let id = &row.id;
        let show = Action::ShowTask { task: id.to_string() };
        let retry = Action::RetryTask { task: id.to_string() };
        match row.state {
            TaskState::Ready => Ok(()),
            TaskState::Parent => not_now(
                format!("{id} is made of other tasks, and is not worked on itself"),
                format!("`{show}` lists its parts"),
            ),
            TaskState::Running | TaskState::Claimed => not_now(
                format!("{id} is taken: {}", who_has_it(row)),
                format!("`{show}` tells more"),
            ),
            TaskState::Blocked => not_now(
                format!("{id} is blocked: {}", self.why_blocked(row)?),
                format!("`{show}` tells more"),
            ),
            TaskState::Waiting => {
                let until = jiff::Timestamp::from_second(row.retry_at)
                    .map(|time| time.to_string())
                    .unwrap_or_default();
                not_now(
                    format!("{id} has failed ({}), and waits until {until}", row.detail),
                    format!("`{retry}` lets it begin at once"),
                )
            }
            TaskState::Skipped => self.is_skipped(row),
            TaskState::Done | TaskState::Dead | TaskState::Cancelled => {
                not_now(format!("{id} is {}", row.state), format!("`{retry}` opens it again"))
            }
        }
    }

    /// Says that a task is skipped, and what could be done about it.
    pub(super) fn is_skipped<T>(&self, row: &TaskRow) -> Result<T, TaskError> {
        let hint =
            match self.missing(&row.id)?.into_iter().find(|need| need.state == NeedState::Never) {
                Some(need) => {
                    let drop = Action::DropNeed {
                        task: need.task.to_string(),
                        need: Some(need.needs.to_string()),
                    };
                    format!("`{drop}` if it can do without")
                }
                None => format!("`{}` tells more", Action::ShowTask { task: row.id.to_string() }),
            };
        let why = row.detail.strip_prefix("it ").unwrap_or(&row.detail);
        not_now(format!("{} is skipped: it {why}", row.id), hint)
    }

    /// What a blocked task waits for, for people.
    fn why_blocked(&self, row: &TaskRow) -> Result<String, StoreError> {
        let missing = self.missing(&row.id)?;
        let mut parts: Vec<String> = Vec::new();
        for need in missing.iter().take(5) {
            let state = self.task(&need.needs)?.map_or("gone", |other| other.state.as_str());
            let never = match need.state {
                NeedState::Never => ", which can never be".to_owned(),
                NeedState::Unknown => {
                    let judge = Action::JudgeTask { task: None };
                    format!(" without a verdict: `{judge}` says it")
                }
                NeedState::Met | NeedState::Open => String::new(),
            };
            let whose = if need.task == row.id {
                String::new()
            } else {
                format!(" (as {} does, of which it is a part)", need.task)
            };
            parts.push(format!(
                "it needs {} ({}){whose}, which is {state}{never}",
                need.needs, need.condition
            ));
        }
        if missing.len() > 5 {
            parts.push(format!("and {} more", missing.len() - 5));
        }
        Ok(parts.join("; "))
    }

    /// The task, when this is the token of its claim, and the claim still holds. An expired one says
    /// nothing any more: the task may have been rewritten, taken or skipped since.
    pub(super) fn held_with(&self, id: &TaskId, token: i64) -> Result<TaskRow, TaskError> {
        let row = self.known_task(id)?;
        let hint = format!(
            "`{}` tells how it stands; `{}` takes it again",
            Action::ShowTask { task: id.to_string() },
            Action::ClaimTask { task: id.to_string() }
        );
        let stale = |what: String| Err(TaskError::Stale { what, hint: hint.clone() });
        if row.claim_token != token {
            return stale(match (row.claim_token > token, row.is_held()) {
                (true, true) => format!(
                    "token {token} of {id} is stale: the claim expired, and {}",
                    who_has_it(&row)
                ),
                (true, false) => {
                    format!("token {token} of {id} is stale: the task has been claimed since")
                }
                (false, _) => format!("{id} has never had a token {token}"),
            });
        }
        if row.status != TaskStatus::Open {
            return stale(format!("token {token} of {id} is stale: the task is {}", row.status));
        }
        if row.sprint().is_some() {
            return stale(format!("{id}: {}, and says itself how it ends", who_has_it(&row)));
        }
        if row.claimed_by.is_none() || row.state != TaskState::Claimed {
            return stale(format!(
                "token {token} of {id} is stale: that claim has expired, or was given back"
            ));
        }
        Ok(row)
    }

    /// Prolongs a claim by so many seconds from now.
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
        if let Some(sprint) = row.sprint() {
            return not_now(
                format!("{id}: {sprint} works on it"),
                format!("`{}` ends that", Action::CancelSprint { sprint: sprint.to_string() }),
            );
        }
        if token.is_none() && row.state == TaskState::Claimed {
            return not_now(
                format!("{id} is taken: {}", who_has_it(&row)),
                "add the claim's token: --token N",
            );
        }
        if row.claimed_by.is_none() || row.status != TaskStatus::Open {
            return not_now(
                format!("nobody has claimed {id}: it is {}", row.state),
                format!("`{}` tells more", Action::ShowTask { task: id.to_string() }),
            );
        }
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
