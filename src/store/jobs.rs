//! What is known of each job of a sprint, beside what the scheduler says.

use rusqlite::OptionalExtension as _;

use super::{Change, Cut, StoreError, waits};
use crate::domain::JobId;

impl Change<'_> {
    /// The job of this attempt.
    pub(super) fn job_of(&self, id: &str, attempt: u32) -> Result<Option<JobId>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT job_id FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<Option<String>> =
            query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found.flatten().as_deref().and_then(JobId::parse))
    }

    /// Remembers how long this job may run: not every job of a sprint may run equally long.
    pub fn set_job_seconds(&self, id: &str, attempt: u32, seconds: u64) -> Result<(), StoreError> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.transaction.execute(
            "UPDATE jobs SET seconds = ?3 WHERE sprint_id = ?1 AND attempt = ?2",
            (id, attempt, seconds),
        )?;
        Ok(())
    }

    /// How long this job may run, when that was remembered.
    pub fn job_seconds(&self, id: &str, attempt: u32) -> Result<Option<u64>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT seconds FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<Option<i64>> =
            query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found.flatten().and_then(|seconds| u64::try_from(seconds).ok()))
    }

    /// When the submission of this job was begun, in seconds since 1970.
    pub fn job_sent(&self, id: &str, attempt: u32) -> Result<Option<i64>, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT sent_at FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        let found: Option<String> = query.query_row((id, attempt), |row| row.get(0)).optional()?;
        Ok(found
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_second))
    }

    /// Remembers that a poll has seen the job at work.
    pub fn job_runs(&self, id: &str, attempt: u32) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE jobs SET ran = 1 WHERE sprint_id = ?1 AND attempt = ?2 AND ran = 0",
            )?
            .execute((id, attempt))?;
        Ok(())
    }

    /// Whether any poll has seen the job at work.
    pub fn job_ran(&self, id: &str, attempt: u32) -> Result<bool, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT ran FROM jobs WHERE sprint_id = ?1 AND attempt = ?2")?;
        Ok(query.query_row((id, attempt), |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// What is reserved for a sprint from now on, in dollars, and what its next job has less of.
    pub fn set_budget(
        &self,
        id: &str,
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
    pub fn put_off(&self, id: &str, why: &str) -> Result<(), StoreError> {
        self.set_note(id, why)?;
        self.transaction.execute(
            &format!(
                "UPDATE sprints SET resume_tries = resume_tries + 1, resume_next = ?2 + {} WHERE id = ?1",
                waits::RESUMES.sql("resume_tries + 1")
            ),
            (id, self.seconds()),
        )?;
        Ok(())
    }
}
