//! The steps of a sprint, as its journal tells of them.

use jiff::Timestamp;

use super::{Change, Store, StoreError};
use crate::domain::effect::Took;
use crate::domain::{SprintId, StepState};
use crate::platform::clock;

/// One step of a sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// File-safe name.
    pub label: String,
    /// For people.
    pub title: String,
    /// Where it stands, or its verdict.
    pub state: StepState,
    /// In one line.
    pub detail: String,
    /// How many issues a review found critical, when it has told.
    pub critical: Option<u32>,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// How long it took.
    pub seconds: u64,
    /// What it cost.
    pub cost_usd: f64,
    /// Whether that is not exact.
    pub cost_estimated: bool,
    /// All its tokens.
    pub tokens: u64,
}

impl Store {
    /// The steps of a sprint, in their order.
    pub fn steps(&self, sprint: &SprintId) -> Result<Vec<StepRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT label, title, state, detail, started_at, ended_at, seconds, cost_usd, tokens, cost_estimated, critical FROM steps WHERE sprint_id = ?1 ORDER BY position",
        )?;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        let rows = query.query_map([sprint], |row| {
            Ok(StepRow {
                label: row.get(0)?,
                title: row.get(1)?,
                state: StepState::of(&row.get::<_, String>(2)?),
                detail: row.get(3)?,
                started_at: row.get(4)?,
                ended_at: row.get(5)?,
                seconds: count(row.get(6)?),
                cost_usd: row.get(7)?,
                tokens: count(row.get(8)?),
                cost_estimated: row.get(9)?,
                critical: row.get(10)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Change<'_> {
    /// The steps that can come.
    pub(super) fn plan_steps(
        &self,
        sprint: &SprintId,
        plan: &[(String, String)],
    ) -> Result<(), StoreError> {
        for (position, (label, title)) in plan.iter().enumerate() {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO steps (sprint_id, position, label, title, state) VALUES (?1, ?2, ?3, ?4, 'waiting')")?
                .execute((sprint, i64::try_from(position).unwrap_or(0) * 1000, label, title))?;
        }
        Ok(())
    }

    /// A step began.
    pub(super) fn begin_step(
        &self,
        sprint: &SprintId,
        label: &str,
        title: &str,
        time: Timestamp,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO steps (sprint_id, position, label, title, state, started_at)
                 VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM steps WHERE sprint_id = ?1 AND state <> 'waiting'), ?2, ?3, 'running', ?4)
                 ON CONFLICT DO UPDATE SET state = 'running', title = ?3, started_at = coalesce(started_at, ?4), ended_at = NULL, detail = '', critical = NULL",
            )?
            .execute((sprint, label, title, clock::stamp(time)))?;
        Ok(())
    }

    /// A visit of a step ended.
    pub(super) fn end_step(
        &self,
        sprint: &SprintId,
        label: &str,
        (verdict, detail, critical): (&StepState, &str, Option<u32>),
        time: Timestamp,
        took: &Took,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE steps SET state = ?3, detail = ?4, ended_at = ?5, critical = ?6 WHERE sprint_id = ?1 AND label = ?2")?
            .execute((sprint, label, verdict.as_str(), detail, clock::stamp(time), critical))?;
        self.add_to_step(sprint, label, took)
    }

    /// Nothing of it runs any more, whatever the journal has not told.
    pub(super) fn interrupt_steps(&self, sprint: &SprintId) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE steps SET state = 'interrupted', ended_at = coalesce(ended_at, ?2) WHERE sprint_id = ?1 AND state = 'running'",
            (sprint, self.stamp()),
        )?;
        Ok(())
    }

    /// Forgets all steps of a sprint: they are told again.
    pub(super) fn forget_steps(&self, sprint: &SprintId) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM steps WHERE sprint_id = ?1", [sprint])?;
        Ok(())
    }

    fn add_to_step(&self, sprint: &SprintId, label: &str, took: &Took) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE steps SET seconds = seconds + ?3, cost_usd = cost_usd + ?4, tokens = tokens + ?5,
                    cost_estimated = max(cost_estimated, ?6) WHERE sprint_id = ?1 AND label = ?2",
            )?
            .execute((
                sprint,
                label,
                i64::try_from(took.seconds).unwrap_or(0),
                took.cost_usd,
                i64::try_from(took.tokens).unwrap_or(0),
                took.estimated,
            ))?;
        Ok(())
    }
}
