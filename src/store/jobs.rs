//! What is known of each job of a sprint, beside what the scheduler says.

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{Change, Cut, StoreError, waits};
use crate::domain::{EventName, JobId, SprintId, retry};
use crate::platform::clock;

impl Change<'_> {
    /// The job of this attempt.
    pub(super) fn job_of(&self, id: &SprintId, attempt: u32) -> Result<Option<JobId>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT job_id FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<Option<String>> =
            query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found.flatten().as_deref().and_then(JobId::parse))
    }

    /// Remembers how long this job may run: not every job of a sprint may run equally long.
    pub fn set_job_seconds(
        &self,
        id: &SprintId,
        attempt: u32,
        seconds: u64,
    ) -> Result<(), StoreError> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.transaction.execute(
            "UPDATE jobs SET seconds = ?3 WHERE sprint_id = ?1 AND attempt = ?2",
            (id, attempt, seconds),
        )?;
        Ok(())
    }

    /// How long this job may run, when that was remembered.
    pub fn job_seconds(&self, id: &SprintId, attempt: u32) -> Result<Option<u64>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT seconds FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<Option<i64>> =
            query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found.flatten().and_then(|seconds| u64::try_from(seconds).ok()))
    }

    /// When the submission of this job was begun, in seconds since 1970.
    pub fn job_sent(&self, id: &SprintId, attempt: u32) -> Result<Option<i64>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT sent_at FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<String> = query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found.and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_second))
    }

    /// Remembers that a poll has seen the job at work.
    pub fn job_runs(&self, id: &SprintId, attempt: u32) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE jobs SET ran = 1 WHERE sprint_id = ?1 AND attempt = ?2 AND ran = 0",
            )?
            .execute((id, attempt))?;
        Ok(())
    }

    /// Whether any poll has seen the job at work.
    pub fn job_ran(&self, id: &SprintId, attempt: u32) -> Result<bool, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT ran FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        Ok(query.query_row((id, attempt), |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// What is reserved for a sprint from now on, in dollars, and what its next job has less of.
    pub fn set_budget(
        &self,
        id: &SprintId,
        budget_usd: Option<f64>,
        cut: Cut,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET budget_usd = ?2, cut_money = ?3, cut_time = ?4 WHERE id = ?1",
            (id, budget_usd, cut.money, cut.time),
        )?;
        Ok(())
    }

    /// A sprint that was parked could not go on: it is tried again, less and less often.
    pub fn put_off(&self, id: &SprintId, why: &str) -> Result<(), StoreError> {
        self.set_note(id, why)?;
        self.transaction.execute(
            &format!(
                "UPDATE sprints SET resume_tries = resume_tries + 1, resume_next = ?2 + {} WHERE id = ?1",
                waits::after(retry::RESUMES, "resume_tries + 1")
            ),
            (id, self.seconds()),
        )?;
        Ok(())
    }

    /// A runner began in the sprint's newest job.
    ///
    /// Which job a line belongs to follows from the order of the lines. The clocks of this machine
    /// and of the nodes are never compared: each may be wrong by any time.
    pub(super) fn job_began(
        &self,
        sprint: &SprintId,
        seq: u64,
        time: Timestamp,
    ) -> Result<(), StoreError> {
        let is_newest: bool = self
            .transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM jobs WHERE sprint_id = ?1 AND attempt = (SELECT attempt FROM sprints WHERE id = ?1) AND journal_from < ?2)
                    AND NOT EXISTS (SELECT 1 FROM journal WHERE sprint_id = ?1 AND kind = 'run_started' AND seq > ?2)",
            )?
            .query_row((sprint, i64::try_from(seq).unwrap_or(i64::MAX)), |row| row.get(0))?;
        if is_newest && self.begin_job(sprint, seq, time)? {
            self.job_counts_from(sprint, self.seconds())?;
        }
        Ok(())
    }

    /// A runner began with this line in the job that it belongs to. When one did so before, the job went
    /// back to the queue: what ran until the last line before this one counts as well. False when no job
    /// has the line.
    pub(super) fn begin_job(
        &self,
        sprint: &SprintId,
        seq: u64,
        time: Timestamp,
    ) -> Result<bool, StoreError> {
        let began = self
            .transaction
            .prepare_cached(
                "UPDATE jobs SET
                    earlier_seconds = earlier_seconds + max(0, coalesce((SELECT unixepoch(j.time) FROM journal j
                        WHERE j.sprint_id = jobs.sprint_id AND j.seq < ?2 AND j.seq > jobs.journal_from ORDER BY j.seq DESC LIMIT 1)
                        - unixepoch(started_at), 0)),
                    started_at = ?3
                 WHERE sprint_id = ?1 AND attempt = (SELECT max(attempt) FROM jobs WHERE sprint_id = ?1 AND journal_from < ?2)",
            )?
            .execute((sprint, i64::try_from(seq).unwrap_or(i64::MAX), clock::stamp(time)))?;
        Ok(began > 0)
    }

    /// The newest job stood still for so long, as this line tells.
    pub(super) fn job_stood(
        &self,
        sprint: &SprintId,
        seq: u64,
        time: Timestamp,
        seconds: i64,
    ) -> Result<(), StoreError> {
        let moved = self.suspend_job(sprint, seq, time, seconds)?;
        let newest: u32 = self.transaction.query_row(
            "SELECT attempt FROM sprints WHERE id = ?1",
            [sprint],
            |row| row.get(0),
        )?;
        match self.counts_from(sprint)? {
            Some(from) if moved == Some(newest) => {
                self.job_counts_from(sprint, (from + seconds).min(self.seconds()))
            }
            _ => Ok(()),
        }
    }

    /// The job that this line belongs to stood still for so long: it began so much later, as it were. Grid
    /// Engine counts such time, and its job keeps what it has. Returns which job was moved.
    pub(super) fn suspend_job(
        &self,
        sprint: &SprintId,
        seq: u64,
        time: Timestamp,
        seconds: i64,
    ) -> Result<Option<u32>, StoreError> {
        Ok(self
            .transaction
            .prepare_cached(
                "UPDATE jobs SET started_at = max(started_at, min(?3, strftime('%Y-%m-%dT%H:%M:%fZ', started_at, ?4 || ' seconds')))
                 WHERE sprint_id = ?1 AND attempt = (SELECT max(attempt) FROM jobs WHERE sprint_id = ?1 AND journal_from < ?2)
                    AND started_at IS NOT NULL AND (SELECT scheduler FROM sprints WHERE id = ?1) <> 'sge' RETURNING attempt",
            )?
            .query_row(
                (sprint, i64::try_from(seq).unwrap_or(i64::MAX), clock::stamp(time), seconds),
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Forgets when the jobs of a sprint began, as its journal has told: `tell` tells it again. What no
    /// line tells any more stays as it was: the job has taken its time.
    pub(super) fn retell_job_times(
        &self,
        sprint: &SprintId,
        tell: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let known: Vec<(u32, Option<String>, i64)> = self
            .transaction
            .prepare_cached(
                "SELECT attempt, started_at, earlier_seconds FROM jobs WHERE sprint_id = ?1",
            )?
            .query_map([sprint], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        self.transaction.execute(
            "UPDATE jobs SET started_at = NULL, earlier_seconds = 0 WHERE sprint_id = ?1",
            [sprint],
        )?;
        tell()?;
        for (attempt, started_at, earlier) in known {
            self.transaction.execute(
                "UPDATE jobs SET started_at = ?3, earlier_seconds = ?4 WHERE sprint_id = ?1 AND attempt = ?2 AND started_at IS NULL",
                (sprint, attempt, started_at, earlier),
            )?;
        }
        Ok(())
    }

    /// From when on the newest job counts, by the clock of this machine, in seconds since 1970.
    fn job_counts_from(&self, sprint: &SprintId, from: i64) -> Result<(), StoreError> {
        let attempt: u32 = self.transaction.query_row(
            "SELECT attempt FROM sprints WHERE id = ?1",
            [sprint],
            |row| row.get(0),
        )?;
        self.event(
            Some(sprint),
            EventName::JobCounts,
            &serde_json::json!({ "attempt": attempt, "from": from }),
        )
    }

    fn counts_from(&self, sprint: &SprintId) -> Result<Option<i64>, StoreError> {
        let mut query = self.transaction.prepare_cached(
            "SELECT json_extract(data, '$.from') FROM events WHERE sprint_id = ?1 AND kind = 'job_counts'
                AND json_extract(data, '$.attempt') = (SELECT attempt FROM sprints WHERE id = ?1) ORDER BY id DESC LIMIT 1",
        )?;
        Ok(query.query_row([sprint], |row| row.get(0)).optional()?)
    }
}
