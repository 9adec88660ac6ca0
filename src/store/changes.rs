//! Everything that changes a sprint. A change of its state writes its event by itself.

use jiff::Timestamp;

use super::sprints::{NewSprint, SprintRow, one};
use super::{Change, StoreError, TERMINAL, waits};
use crate::bundle::formats::Money;
use crate::domain::effect::Facts;
use crate::domain::transition::{self, Event};
use crate::domain::{
    EventName, JobId, Reason, SprintId, SprintKind, State, Status, Used, Waiting, reduce, retry,
};
use crate::platform::clock;

/// The last condition adds nothing, but only with it SQLite uses the index of the open sprints;
/// without, every submission reads the whole table while it holds the lock for writing.
fn jobs_out() -> String {
    format!(
        "SELECT count(*) FROM sprints WHERE cluster = ?1 AND status IN ('submitting', 'submitted', 'running', 'cancelling')
            AND status NOT IN {TERMINAL}"
    )
}

impl Change<'_> {
    /// One sprint, as this change sees it.
    pub fn sprint(&self, id: &SprintId) -> Result<Option<SprintRow>, StoreError> {
        one(&self.transaction, id, self.seconds())
    }

    /// Makes a sprint, `pending`. False when the id is taken.
    pub fn create_sprint(&self, new: &NewSprint<'_>) -> Result<bool, StoreError> {
        self.must_be_whole()?;
        let made = self.transaction.execute(
            "INSERT OR IGNORE INTO sprints (id, study_name, cluster, scheduler, idea, status, directory, remote_dir, parent, request, seconds, created_at,
                kind, task_id, loop_id, budget_usd, gpus, cut_money, cut_time, finds_idea)
             VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?5 IS NULL)",
            rusqlite::params![
                new.id,
                new.study,
                new.cluster,
                new.scheduler.as_str(),
                new.idea,
                new.directory,
                new.remote_dir,
                new.parent,
                new.request,
                i64::try_from(new.seconds).unwrap_or(i64::MAX),
                self.stamp(),
                new.kind.as_str(),
                new.task,
                new.loop_id,
                new.budget_usd,
                new.gpus,
                new.cut.money,
                new.cut.time,
            ],
        )?;
        if made == 1 {
            self.event(Some(new.id), EventName::Created, &serde_json::json!({ "study": new.study, "cluster": new.cluster, "parent": new.parent }))?;
        }
        Ok(made == 1)
    }

    /// Lets an event happen to a sprint. Returns the new state, or nothing when it changed
    /// nothing.
    pub fn apply(&self, id: &SprintId, event: Event) -> Result<Option<State>, StoreError> {
        let Some(row) = self.sprint(id)? else { return Ok(None) };
        let Some(next) = transition::after(&row.state, event) else { return Ok(None) };
        let now = self.stamp();
        let ending = match &next {
            State::Ended { ending, .. } => Some(ending),
            _ => None,
        };
        let status = next.status();
        let stamp = |condition: bool| condition.then_some(now.as_str());
        self.transaction
            .prepare_cached(
                &format!(
"UPDATE sprints SET status = ?2, phase = ?3, job_id = ?4, reason = ?5, detail = ?6, hint = ?7,
                    submitted_at = coalesce(?8, submitted_at), started_at = coalesce(started_at, ?9), completed_at = ?10,
                    cancel_asked_at = coalesce(cancel_asked_at, ?11), missing_polls = 0, missing_since = NULL,
                    unclear_polls = 0, unclear_since = NULL,
                    waits = CASE WHEN ?2 = 'parked' THEN waits ELSE '' END,
                    note = CASE WHEN ?2 IN {TERMINAL} THEN '' ELSE note END
                 WHERE id = ?1"
),
            )?
            .execute((
                id,
                status.as_str(),
                next.phase(),
                next.last_job().map(JobId::as_str),
                ending.and_then(|ending| ending.reason).map(Reason::as_str),
                ending.map_or("", |ending| ending.detail.as_str()),
                ending.map_or("", |ending| ending.hint.as_str()),
                stamp(matches!(next, State::Submitted { .. }) && row.state.last_job().is_none()),
                stamp(status == Status::Running),
                stamp(status.is_terminal()),
                stamp(status == Status::Cancelling),
            ))?;
        self.event(
            Some(id),
            EventName::State,
            &serde_json::json!({
                "from": row.state.status().as_str(), "to": status.as_str(), "phase": next.phase(),
                "job_id": next.last_job().map(JobId::as_str),
                "reason": ending.and_then(|ending| ending.reason).map(Reason::as_str),
                "detail": ending.map(|ending| ending.detail.as_str()).filter(|detail| !detail.is_empty()),
            }),
        )?;
        let effects =
            reduce::state_changed(row.state.status(), &next, row.kind == SprintKind::Tweak);
        self.execute(&SprintRow { state: next.clone(), ..row }, &effects)?;
        Ok(Some(next))
    }

    /// Begins a submission: the sprint is `submitting` and has a job with a unique name.
    /// Returns which submission it is, or nothing when the sprint cannot be submitted now.
    pub fn begin_submission(&self, id: &SprintId, runner: &str) -> Result<Option<u32>, StoreError> {
        self.must_be_whole()?;
        if self.apply(id, Event::SubmissionStarts)?.is_none() {
            return Ok(None);
        }
        let attempt: u32 = self.transaction.query_row(
            "UPDATE sprints SET attempt = attempt + 1, runner = ?2, note = '', waits = '' WHERE id = ?1 RETURNING attempt",
            (id, runner),
            |row| row.get(0),
        )?;
        self.transaction.execute(
            "INSERT OR REPLACE INTO jobs (sprint_id, attempt, name, sent_at, journal_from)
             VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(seq), 0) FROM journal WHERE sprint_id = ?1))",
            (id, attempt, job_name(id, attempt), self.stamp()),
        )?;
        Ok(Some(attempt))
    }

    /// Takes a submission back of which it is certain that nothing was sent.
    pub fn undo_submission(&self, id: &SprintId, attempt: u32) -> Result<(), StoreError> {
        // A sprint that had a job before is one that was parked.
        let event = if attempt > 1 {
            Event::ParksAgain(self.job_of(id, attempt - 1)?)
        } else {
            Event::NothingSent
        };
        if self.apply(id, event)?.is_some() {
            self.transaction
                .execute("UPDATE sprints SET attempt = ?2 - 1 WHERE id = ?1", (id, attempt))?;
            self.transaction
                .execute("DELETE FROM jobs WHERE sprint_id = ?1 AND attempt = ?2", (id, attempt))?;
        }
        Ok(())
    }

    /// The scheduler took the job.
    pub fn accept(
        &self,
        id: &SprintId,
        attempt: u32,
        job: &JobId,
        remote_dir: &str,
    ) -> Result<Option<State>, StoreError> {
        self.transaction.execute(
            "UPDATE jobs SET job_id = ?3, accepted_at = ?4 WHERE sprint_id = ?1 AND attempt = ?2",
            (id, attempt, job.as_str(), self.stamp()),
        )?;
        self.transaction.execute(
            "UPDATE sprints SET remote_dir = ?2, resume_tries = 0, resume_next = 0 WHERE id = ?1",
            (id, remote_dir),
        )?;
        self.apply(id, Event::Accepted(job.clone()))
    }

    /// Remembers what the scheduler said of a job, and its end.
    pub fn job_words(
        &self,
        id: &SprintId,
        attempt: u32,
        words: &str,
        ended: bool,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE jobs SET words = ?3, ended_at = CASE WHEN ?4 THEN coalesce(ended_at, ?5) ELSE ended_at END
                 WHERE sprint_id = ?1 AND attempt = ?2 AND (words <> ?3 OR ?4)",
            )?
            .execute((id, attempt, words, ended, self.stamp()))?;
        Ok(())
    }

    /// Remembers what the accounting says that a job has used; nothing for one that goes on.
    pub fn job_used(
        &self,
        id: &SprintId,
        attempt: u32,
        used: Option<&Used>,
    ) -> Result<(), StoreError> {
        let seconds = used.map(|used| i64::try_from(used.seconds).unwrap_or(i64::MAX));
        self.transaction
            .prepare_cached(
                "UPDATE jobs SET ran_seconds = ?3, gpus = coalesce(?4, gpus) WHERE sprint_id = ?1 AND attempt = ?2
                 AND (ran_seconds IS NOT ?3 OR gpus IS NOT coalesce(?4, gpus))",
            )?
            .execute((id, attempt, seconds, used.and_then(|used| used.gpus)))?;
        Ok(())
    }

    /// Counts a healthy poll in which nothing knew the job, or begins to count anew.
    pub fn count_missing(
        &self,
        id: &SprintId,
        cluster_time: Option<i64>,
    ) -> Result<(), StoreError> {
        match cluster_time {
            Some(time) => self
                .transaction
                .prepare_cached("UPDATE sprints SET missing_polls = missing_polls + 1, missing_since = coalesce(missing_since, ?2) WHERE id = ?1")?
                .execute((id, time))?,
            None => self
                .transaction
                .prepare_cached(
                    "UPDATE sprints SET missing_polls = 0, missing_since = NULL, unclear_polls = 0, unclear_since = NULL
                     WHERE id = ?1 AND (missing_polls > 0 OR unclear_polls > 0)",
                )?
                .execute([id])?,
        };
        Ok(())
    }

    /// Counts a poll in which it was not clear whether the job is there.
    pub fn count_unclear(&self, id: &SprintId, cluster_time: i64) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE sprints SET unclear_polls = unclear_polls + 1, unclear_since = coalesce(unclear_since, ?2) WHERE id = ?1")?
            .execute((id, cluster_time))?;
        Ok(())
    }

    /// Sets how many healthy looks in a row have missed something, and since when.
    pub fn set_missing(
        &self,
        id: &SprintId,
        polls: u32,
        since: Option<i64>,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET missing_polls = ?2, missing_since = ?3 WHERE id = ?1",
            (id, polls, since),
        )?;
        Ok(())
    }

    /// Remembers which runner its job uses.
    pub fn set_runner(&self, id: &SprintId, runner: &str) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE sprints SET runner = ?2 WHERE id = ?1", (id, runner))?;
        Ok(())
    }

    /// Remembers that the scheduler was told to stop the job.
    pub fn set_cancel_sent(&self, id: &SprintId) -> Result<(), StoreError> {
        self.transaction
            .execute("UPDATE sprints SET cancel_sent = ?2 WHERE id = ?1", (id, self.seconds()))?;
        Ok(())
    }

    /// Remembers what the last tick had to say.
    pub fn set_note(&self, id: &SprintId, note: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE sprints SET note = ?2, waits = '' WHERE id = ?1 AND note <> ?2",
            )?
            .execute((id, note))?;
        Ok(())
    }

    /// Remembers which limit keeps a parked sprint from going on.
    pub fn hold(&self, id: &SprintId, limit: &str) -> Result<(), StoreError> {
        self.set_note(id, &Waiting::sentence(limit))?;
        self.transaction
            .prepare_cached("UPDATE sprints SET waits = ?2 WHERE id = ?1")?
            .execute((id, limit))?;
        Ok(())
    }

    /// The results are here, or one more try has failed.
    pub fn results(&self, id: &SprintId, fetched: bool) -> Result<(), StoreError> {
        self.transaction.execute(
            &format!(
                "UPDATE sprints SET results_at = CASE WHEN ?2 THEN ?3 END, results_tries = results_tries + 1, results_next = ?4 + {} WHERE id = ?1",
                waits::after(retry::RESULTS, "results_tries + 1")
            ),
            (id, fetched, self.stamp(), self.seconds()),
        )?;
        self.event(
            Some(id),
            if fetched { EventName::Results } else { EventName::ResultsFailed },
            &serde_json::json!({}),
        )
    }

    /// What the sprint has cost, and what else its end tells.
    pub fn set_money(&self, id: &SprintId, money: &Money) -> Result<(), StoreError> {
        let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.transaction
            .prepare_cached(
                "UPDATE sprints SET cost_usd = ?2, cost_estimated = ?3, input_tokens = ?4, output_tokens = ?5, cached_tokens = ?6 WHERE id = ?1",
            )?
            .execute((
                id,
                if money.cost_usd.is_finite() { money.cost_usd } else { 0.0 },
                money.estimated,
                count(money.input_tokens),
                count(money.output_tokens),
                count(money.cache_read_tokens.saturating_add(money.cache_write_tokens)),
            ))?;
        Ok(())
    }

    /// Facts that the journal tells of a sprint. `None` leaves what is known.
    pub fn set_facts(&self, id: &SprintId, facts: &Facts) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE sprints SET session_id = coalesce(?2, session_id), host = coalesce(?3, host), resets_at = coalesce(?4, resets_at) WHERE id = ?1",
            )?
            .execute((id, &facts.session_id, &facts.host, facts.resets_at))?;
        Ok(())
    }

    /// Forgets these facts: they are told again.
    pub(super) fn forget_facts(&self, id: &SprintId) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET session_id = NULL, host = NULL, resets_at = NULL WHERE id = ?1",
            [id],
        )?;
        Ok(())
    }

    /// What a sprint that has completed says of itself in short.
    pub fn set_summary(&self, id: &SprintId, summary: &str) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE sprints SET summary = ?2 WHERE id = ?1", (id, summary))?;
        Ok(())
    }

    /// Its first run began at this time, which may be before it was heard of.
    pub(super) fn set_started_at(&self, id: &SprintId, time: Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET started_at = ?2 WHERE id = ?1",
            (id, clock::stamp(time)),
        )?;
        Ok(())
    }

    /// Its idea is that of this earlier sprint or task.
    pub(super) fn set_repeats(&self, id: &SprintId, earlier: &str) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE sprints SET repeats = ?2 WHERE id = ?1", (id, earlier))?;
        Ok(())
    }

    /// Forgets a sprint. Its events stay, and so do its task and what it has cost.
    pub fn delete_sprint(&self, id: &SprintId) -> Result<(), StoreError> {
        self.release_of_sprint(id)?;
        self.keep_money_of(id)?;
        self.transaction.execute("DELETE FROM sprints WHERE id = ?1", [id])?;
        self.event(Some(id), EventName::Deleted, &serde_json::json!({}))
    }

    /// How many sprints of a cluster may have a job.
    pub fn jobs_out(&self, cluster: &str) -> Result<u32, StoreError> {
        Ok(self.transaction.query_row(&jobs_out(), [cluster], |row| row.get(0))?)
    }
}

/// The name that a job carries in the queue.
pub fn job_name(sprint: &SprintId, attempt: u32) -> String {
    format!("rl-{sprint}-{attempt}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_submission_does_not_read_every_sprint() {
        let store = Store::in_memory().expect("a database");
        let mut plan = store
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {}", jobs_out()))
            .expect("a query");
        let steps: Vec<String> = plan
            .query_map(["here"], |row| row.get(3))
            .expect("a plan")
            .collect::<Result<_, _>>()
            .expect("steps");
        assert!(
            steps.iter().all(|step| step.starts_with("SEARCH") && step.contains("sprints_open")),
            "{steps:?}"
        );
    }
}
