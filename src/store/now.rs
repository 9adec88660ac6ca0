//! What a job does at this moment, as far as its journal has told.

use jiff::Timestamp;

use super::{Running, SprintRow, Store, StoreError};
use crate::bundle::journal::Entry;
use crate::domain::gpus::GpuUse;
use crate::domain::{LineKind, SchedulerKind, SprintId};

impl Store {
    /// The command that runs, in one line, and for how long it has; none when its end was told.
    pub fn command_of(
        &self,
        sprint: &SprintId,
        running: &Running,
    ) -> Result<Option<(String, Option<u64>)>, StoreError> {
        // What tells of a moment says nothing of whether a command goes on.
        let tells = |kind: &LineKind| {
            !matches!(kind, LineKind::Gpus | LineKind::Note | LineKind::Limit | LineKind::Told)
        };
        let kinds: Vec<LineKind> = LineKind::ALL.iter().copied().filter(tells).collect();
        let last = self.journal_last(sprint, &kinds, 1)?.pop();
        let Some((line, command)) = last.and_then(|line| match line.entry()? {
            Entry::Tool { name, brief } if brief.is_empty() => Some((line, name)),
            Entry::Tool { brief, .. } => Some((line, brief)),
            _ => None,
        }) else {
            return Ok(None);
        };
        let later = running.began.map(|began| line.time.duration_since(began).as_secs());
        let later = later.and_then(|later| u64::try_from(later).ok());
        let seconds = later.map(|later| running.seconds.saturating_sub(later));
        Ok(Some((command, seconds)))
    }

    /// What the GPUs of a sprint's job do, or did last. A job that has none of its own may see those of others.
    pub fn gpu_use(&self, row: &SprintRow) -> Result<Option<(Timestamp, GpuUse)>, StoreError> {
        if row.gpus == Some(0) && row.scheduler != SchedulerKind::Local {
            return Ok(None);
        }
        let last = self.journal_last(&row.id, &[LineKind::Gpus], 1)?.pop();
        Ok(last.and_then(|line| match line.entry()? {
            Entry::Gpus { seen, .. } if !seen.gpus.is_empty() => Some((line.time, seen)),
            _ => None,
        }))
    }

    /// How long the jobs of this study's completed sprints took, each with its last job alone: the median of the
    /// newest. None for less than two.
    pub fn usual_seconds(&self, of: &SprintRow) -> Result<Option<u64>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT unixepoch(completed_at) - unixepoch(started_at) FROM sprints
             WHERE study_name = ?1 AND kind = ?2 AND status = 'completed' AND id <> ?3 AND started_at IS NOT NULL
             ORDER BY completed_at DESC LIMIT 20",
        )?;
        let rows = query
            .query_map((&of.study, of.kind.as_str(), &of.id), |row| row.get::<_, Option<i64>>(0))?;
        let times: Vec<Option<i64>> = rows.collect::<Result<_, _>>()?;
        let mut times: Vec<u64> =
            times.into_iter().flatten().filter_map(|time| u64::try_from(time).ok()).collect();
        times.sort_unstable();
        Ok(times.get(times.len() / 2).copied().filter(|_| times.len() >= 2))
    }
}
