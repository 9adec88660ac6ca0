//! For how long a job and its steps have been running, as this machine has seen it.
//!
//! The rule is that of [`super::money`]: a time of a node is only taken from another time of that node.
//! So a job runs as long as it counts, and a step as much less as it began after its job did.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::money::{RAN, filled};
use super::{Store, StoreError};
use crate::domain::SprintId;

/// For how long something has been running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The job: since it began, or began anew after it went back to the queue.
    pub seconds: u64,
    /// When that was, by the clock of its node: another time of that node is as much later.
    pub began: Option<Timestamp>,
    /// The present visit of each step that runs, by its name.
    pub steps: BTreeMap<String, u64>,
}

impl Store {
    /// For how long the sprint's job has been running. Nothing when none runs, or when it has told
    /// nothing yet.
    pub fn running(&self, sprint: &SprintId) -> Result<Option<Running>, StoreError> {
        let sql = format!(
            "{} SELECT max(0, r.wall - r.earlier), r.started_at, t.label, (SELECT unixepoch(o.time) - unixepoch(r.started_at) FROM journal o
                WHERE o.sprint_id = r.id AND o.seq > r.journal_from AND o.kind = 'step_started' AND json_extract(o.line, '$.step') = t.label
                ORDER BY o.seq DESC LIMIT 1)
             FROM ran r LEFT JOIN steps t ON t.sprint_id = r.id AND t.state = 'running'
             WHERE r.newest AND r.status IN ('running', 'cancelling') AND r.started_at IS NOT NULL",
            filled(RAN, "s.id = ?2", "")
        );
        let mut query = self.connection.prepare_cached(&sql)?;
        let mut rows = query.query((self.seconds(), sprint))?;
        let mut running: Option<Running> = None;
        while let Some(row) = rows.next()? {
            let seconds: u64 = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
            let began = row.get::<_, String>(1)?.parse().ok();
            let running =
                running.get_or_insert_with(|| Running { seconds, began, steps: BTreeMap::new() });
            if let (Some(step), Some(later)) =
                (row.get::<_, Option<String>>(2)?, row.get::<_, Option<i64>>(3)?)
            {
                let later = u64::try_from(later).unwrap_or(0);
                running.steps.insert(step, seconds.saturating_sub(later));
            }
        }
        Ok(running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;

    /// A job that was heard of ten minutes ago, on a node whose clock is two hours behind. Its second
    /// step began a minute after it.
    fn store(kind: &str) -> Store {
        let now = "2026-01-01T12:10:00Z".parse().expect("a time");
        let store = Store::in_memory()
            .expect("a database")
            .with_clock(Clock::standing(now))
            .expect("a clock");
        store
            .connection
            .execute_batch(&format!(
                "INSERT INTO sprints (id, study_name, cluster, scheduler, status, directory, remote_dir, created_at, request, seconds, attempt, started_at)
                    VALUES ('sp-000001', 's', 'c', 'slurm', '{kind}', '', '', '', '{{}}', 7200, 2, '2026-01-01T08:00:00Z');
                 INSERT INTO jobs (sprint_id, attempt, name, sent_at, started_at, earlier_seconds, journal_from) VALUES
                    ('sp-000001', 1, 'a', '', '2026-01-01T08:00:00Z', 0, 0), ('sp-000001', 2, 'b', '', '2026-01-01T10:00:00Z', 300, 2);
                 INSERT INTO events (time, sprint_id, kind, data) VALUES
                    ('', 'sp-000001', 'job_counts', '{{\"attempt\":2,\"from\":' || unixepoch('2026-01-01T12:00:00Z') || '}}');
                 INSERT INTO journal (sprint_id, seq, incarnation, kind, time, line) VALUES
                    ('sp-000001', 1, 1, 'step_started', '2026-01-01T08:00:01Z', '{{\"step\":\"research\"}}'),
                    ('sp-000001', 3, 2, 'run_started', '2026-01-01T10:00:00Z', '{{}}'),
                    ('sp-000001', 4, 2, 'step_started', '2026-01-01T10:01:00Z', '{{\"step\":\"research\"}}');
                 INSERT INTO steps (sprint_id, position, label, title, state, started_at) VALUES
                    ('sp-000001', 0, 'research', 'research', 'running', '2026-01-01T08:00:01Z'),
                    ('sp-000001', 1, 'report', 'report', 'waiting', NULL);"
            ))
            .expect("rows");
        store
    }

    #[test]
    fn a_nodes_clock_that_is_wrong_by_hours_changes_nothing() {
        for status in ["running", "cancelling"] {
            let running =
                store(status).running(&SprintId::of("sp-000001")).expect("read").expect("it runs");
            assert_eq!(running.seconds, 600);
            assert_eq!(running.steps, BTreeMap::from([("research".to_owned(), 540)]));
        }
    }

    #[test]
    fn what_waits_or_is_over_does_not_run() {
        for status in ["submitted", "parked", "completed"] {
            assert_eq!(store(status).running(&SprintId::of("sp-000001")).expect("read"), None);
        }
    }
}
