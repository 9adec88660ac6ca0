//! What has been spent, and what is reserved: dollars, tokens, time, GPU time.
//!
//! A GPU second is one GPU that a job had for one second. A job's time is what the accounting
//! said at its end; before that, and where there is none, it is what its journal tells. Each job
//! counts once: a requeue goes on in its row, a resubmission has a row of its own.
//!
//! The times of a journal are those of a node, which this machine's clock need not agree with.
//! So a job took what passed there between its first and its last line, or what passed here since
//! its beginning was heard of, whichever is more; never from a time there to a time here.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Change, Store, StoreError, TERMINAL};
use crate::bundle::formats::Money;
use crate::domain::{EventName, LoopId, SprintId, TaskId};

/// What something has cost so far, and what is put aside for what still runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// US dollars at list prices.
    pub cost_usd: f64,
    /// Whether that is not exact.
    pub estimated: bool,
    /// When some of it is not known at all, because its record is gone: the dollars that count in its place.
    pub unknown_usd: Option<f64>,
    /// All tokens: read, written, cached.
    pub tokens: u64,
    /// Seconds that jobs ran, one after the other or side by side.
    pub wall_seconds: u64,
    /// GPUs times seconds.
    pub gpu_seconds: u64,
    /// Whether some job ran, or may run, with a number of GPUs that is not known: then
    /// `gpu_seconds` is too low.
    pub gpu_unknown: bool,
    /// Dollars that sprints which are not over may still spend, where a budget bounds them.
    pub reserved_usd: f64,
    /// GPU seconds that sprints which are not over may still use.
    pub reserved_gpu_seconds: u64,
}

/// Which sprints are summed up.
#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    All,
    Sprint(&'a SprintId),
    Task(&'a TaskId),
    Loop(&'a LoopId),
    Study(&'a str),
}

/// What each job took. `?1` is the time, in seconds since 1970; `{which}` names sprints.
/// `{terminal}` is [`TERMINAL`].
pub(super) const RAN: &str = "
WITH ran AS (
    SELECT j.sprint_id AS id, s.status AS status, j.started_at AS started_at, j.journal_from AS journal_from, j.earlier_seconds AS earlier, j.attempt = s.attempt AS newest, coalesce(j.seconds, s.seconds) AS seconds, coalesce(j.gpus, s.gpus) AS gpus, coalesce(j.ran_seconds, j.earlier_seconds +
        CASE WHEN j.started_at IS NULL THEN 0 ELSE max(0, min(coalesce(j.seconds, s.seconds), CASE
            WHEN l.kind = 'run_ended' THEN unixepoch(l.time) - unixepoch(j.started_at)
            ELSE max(coalesce(unixepoch(l.time) - unixepoch(j.started_at), 0), coalesce(CASE
                WHEN s.status IN {terminal} AND j.attempt = s.attempt THEN unixepoch(coalesce(s.completed_at, j.ended_at))
                WHEN j.ended_at IS NOT NULL THEN unixepoch(j.ended_at)
                WHEN s.status IN ('running', 'cancelling') AND j.attempt = s.attempt THEN ?1
            END - coalesce((SELECT json_extract(e.data, '$.from') FROM events e WHERE e.sprint_id = j.sprint_id AND e.kind = 'job_counts'
                AND json_extract(e.data, '$.attempt') = j.attempt ORDER BY e.id DESC LIMIT 1), unixepoch(j.started_at)), 0))
        END)) END) AS wall
    FROM sprints s JOIN jobs j ON j.sprint_id = s.id LEFT JOIN journal l ON l.sprint_id = j.sprint_id AND l.seq = (
        SELECT max(o.seq) FROM journal o WHERE o.sprint_id = j.sprint_id AND o.seq > j.journal_from AND o.seq <= coalesce(
            (SELECT n.journal_from FROM jobs n WHERE n.sprint_id = j.sprint_id AND n.attempt = j.attempt + 1), 9223372036854775807))
    WHERE {which}
)";

/// What each sprint's jobs took, all together.
const SUMS: &str = "{ran}, job_sums AS (
    SELECT id, sum(wall) AS wall, sum(wall * coalesce(gpus, 0)) AS gpu_seconds, max((wall > 0 OR started_at IS NOT NULL) AND gpus IS NULL) AS unknown,
        sum(CASE WHEN newest THEN wall ELSE 0 END) AS newest_wall, max(CASE WHEN newest THEN seconds END) AS newest_seconds
    FROM ran GROUP BY id
)
SELECT {group}, coalesce(sum(s.cost_usd), 0.0), coalesce(max(s.cost_estimated), 0),
    coalesce(sum(s.input_tokens + s.output_tokens + s.cached_tokens), 0),
    coalesce(sum(r.wall), 0), coalesce(sum(r.gpu_seconds), 0),
    coalesce(max(coalesce(r.unknown, 0) OR (s.status NOT IN {terminal} AND s.gpus IS NULL)), 0),
    coalesce(sum(CASE WHEN s.status IN {terminal} THEN 0.0 ELSE max(0.0, coalesce(s.budget_usd, 0.0) - s.cost_usd) END), 0.0),
    coalesce(sum(CASE WHEN s.status IN {terminal} THEN 0 ELSE coalesce(s.gpus, 0) * max(0,
        CASE WHEN s.status IN ('submitting', 'submitted', 'running', 'cancelling') THEN coalesce(r.newest_seconds, s.seconds) - coalesce(r.newest_wall, 0)
        ELSE s.seconds END) END), 0),
    sum(CASE WHEN s.cost_unknown <> '' THEN s.untold_usd END)
FROM sprints s LEFT JOIN job_sums r ON r.id = s.id WHERE {which}";

/// The same columns of sprints that were deleted.
const FORGOTTEN: &str = "
SELECT {group}, coalesce(sum(s.cost_usd), 0.0), coalesce(max(s.cost_estimated), 0), coalesce(sum(s.tokens), 0), coalesce(sum(s.wall_seconds), 0),
    coalesce(sum(s.gpu_seconds), 0), coalesce(max(s.gpu_unknown), 0), 0.0, 0,
    sum(CASE WHEN s.cost_unknown THEN s.unknown_usd END)
FROM forgotten s WHERE {which}";

/// A query of sums over these sprints.
pub(super) fn filled(sql: &str, which: &str, group: &str) -> String {
    sql.replace("{ran}", RAN)
        .replace("{which}", which)
        .replace("{group}", group)
        .replace("{terminal}", TERMINAL)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Spent> {
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    Ok(Spent {
        cost_usd: row.get(1)?,
        estimated: row.get(2)?,
        tokens: count(row.get(3)?),
        wall_seconds: count(row.get(4)?),
        gpu_seconds: count(row.get(5)?),
        gpu_unknown: row.get(6)?,
        reserved_usd: row.get(7)?,
        reserved_gpu_seconds: count(row.get(8)?),
        unknown_usd: row.get(9)?,
    })
}

fn spent(connection: &Connection, of: Of<'_>, now: i64) -> Result<Spent, StoreError> {
    let (which, value) = match of {
        Of::All => ("?2 IS NULL", None),
        Of::Sprint(id) => ("s.id = ?2", Some(id.as_str())),
        Of::Task(id) => ("s.task_id = ?2", Some(id.as_str())),
        Of::Loop(id) => ("s.loop_id = ?2", Some(id.as_str())),
        Of::Study(name) => ("s.study_name = ?2", Some(name)),
    };
    let sum = |sql: &str| -> Result<Spent, StoreError> {
        let sql = filled(sql, which, "NULL");
        Ok(connection.prepare_cached(&sql)?.query_row((now, value), read)?)
    };
    let mut sums = sum(SUMS)?;
    // A new sprint may have the id of one that is gone.
    if !matches!(of, Of::Sprint(_)) {
        sums.add(&sum(FORGOTTEN)?);
    }
    Ok(sums)
}

impl Spent {
    /// Adds another sum to it.
    pub fn add(&mut self, other: &Self) {
        self.cost_usd += other.cost_usd;
        self.estimated |= other.estimated;
        self.unknown_usd = match (self.unknown_usd, other.unknown_usd) {
            (Some(one), Some(another)) => Some(one + another),
            (one, another) => one.or(another),
        };
        self.tokens += other.tokens;
        self.wall_seconds += other.wall_seconds;
        self.gpu_seconds += other.gpu_seconds;
        self.gpu_unknown |= other.gpu_unknown;
        self.reserved_usd += other.reserved_usd;
        self.reserved_gpu_seconds += other.reserved_gpu_seconds;
    }
}

impl Store {
    /// Of everything.
    pub fn money(&self) -> Result<Spent, StoreError> {
        spent(&self.connection, Of::All, self.seconds())
    }

    /// Of one sprint, with all of its jobs.
    pub fn money_of_sprint(&self, id: &SprintId) -> Result<Spent, StoreError> {
        spent(&self.connection, Of::Sprint(id), self.seconds())
    }

    /// Of all attempts at a task.
    pub fn money_of_task(&self, id: &TaskId) -> Result<Spent, StoreError> {
        spent(&self.connection, Of::Task(id), self.seconds())
    }

    /// Of all sprints of a loop, whether it was resumed or not.
    pub fn money_of_loop(&self, id: &LoopId) -> Result<Spent, StoreError> {
        spent(&self.connection, Of::Loop(id), self.seconds())
    }

    /// Of a study.
    pub fn money_of_study(&self, name: &str) -> Result<Spent, StoreError> {
        spent(&self.connection, Of::Study(name), self.seconds())
    }

    /// Of each study that has sprints, by name.
    pub fn money_by_study(&self) -> Result<Vec<(String, Spent)>, StoreError> {
        let mut sums: BTreeMap<String, Spent> = BTreeMap::new();
        for source in [SUMS, FORGOTTEN] {
            let sql =
                format!("{} GROUP BY s.study_name", filled(source, "?2 IS NULL", "s.study_name"));
            let mut query = self.connection.prepare_cached(&sql)?;
            let rows = query
                .query_map((self.seconds(), None::<&str>), |row| Ok((row.get(0)?, read(row)?)))?;
            for row in rows {
                let (name, spent): (String, Spent) = row?;
                sums.entry(name).or_default().add(&spent);
            }
        }
        Ok(sums.into_iter().collect())
    }

    /// What was spent since this time, by study, as far as it was told: only dollars. All of a
    /// deleted sprint counts at its end: its single calls are no longer known.
    pub fn spent_since(&self, since: jiff::Timestamp) -> Result<Vec<(String, Spent)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT study_name, sum(cost), max(estimated), sum(unknown) FROM (
                SELECT s.study_name, coalesce(j.usd, CASE j.kind WHEN 'step_ended' THEN max(0.0, coalesce(json_extract(j.line, '$.cost_usd'), 0.0)) END, 0.0) AS cost, coalesce(json_extract(j.line, '$.estimated'), 0) = 1 AS estimated,
                    NULL AS unknown FROM sprints s JOIN journal j ON j.sprint_id = s.id
                WHERE (s.completed_at IS NULL OR s.completed_at >= ?1) AND j.kind IN ('cost', 'step_ended') AND j.time >= ?1
                UNION ALL
                SELECT study_name, untold_usd, 1, CASE WHEN cost_unknown <> '' THEN untold_usd END FROM sprints
                WHERE completed_at >= ?1 AND (untold_usd > 0 OR cost_unknown <> '')
                UNION ALL
                SELECT study_name, cost_usd, cost_estimated, CASE WHEN cost_unknown THEN unknown_usd END FROM forgotten WHERE spent_at >= ?1)
             GROUP BY study_name",
        )?;
        let rows = query.query_map([since.to_string()], |row| {
            Ok((
                row.get(0)?,
                Spent {
                    cost_usd: row.get(1)?,
                    estimated: row.get(2)?,
                    unknown_usd: row.get(3)?,
                    ..Spent::default()
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Change<'_> {
    /// Of all sprints of a loop, as this change sees them.
    pub fn money_of_loop(&self, id: &LoopId) -> Result<Spent, StoreError> {
        spent(&self.transaction, Of::Loop(id), self.seconds())
    }

    /// Sprints of a study of which it is not known how many GPUs they had, at most five.
    pub fn gpu_unknown_sprints(&self, study: &str) -> Result<Vec<SprintId>, StoreError> {
        let sql =
            format!("{} GROUP BY s.id ORDER BY s.rowid", filled(SUMS, "s.study_name = ?2", "s.id"));
        let mut query = self.transaction.prepare_cached(&sql)?;
        let rows = query
            .query_map((self.seconds(), study), |row| Ok((row.get(0)?, read(row)?.gpu_unknown)))?;
        let all: Vec<(SprintId, bool)> = rows.collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|(_, unknown)| *unknown).map(|(id, _)| id).take(5).collect())
    }

    /// Keeps what a sprint has cost that is about to be deleted. That of unknown GPUs is given up:
    /// nobody could go on otherwise.
    pub(super) fn keep_money_of(&self, id: &SprintId) -> Result<(), StoreError> {
        let spent = spent(&self.transaction, Of::Sprint(id), self.seconds())?;
        let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.transaction.execute(
            "INSERT INTO forgotten (sprint_id, study_name, task_id, loop_id, cost_usd, cost_estimated, tokens, wall_seconds, gpu_seconds, gpu_unknown, status,
                cost_unknown, unknown_usd, spent_at)
             SELECT id, study_name, task_id, loop_id, ?2, ?3, ?4, ?5, ?6, 0, status, ?7, ?8, completed_at FROM sprints WHERE id = ?1 AND attempt > 0",
            (
                id,
                spent.cost_usd,
                spent.estimated,
                count(spent.tokens),
                count(spent.wall_seconds),
                count(spent.gpu_seconds),
                spent.unknown_usd.is_some(),
                spent.unknown_usd.unwrap_or(0.0),
            ),
        )?;
        Ok(())
    }

    /// Books what a call outside of any sprint has cost.
    pub fn book_money(&self, study: &str, what: &str, money: &Money) -> Result<(), StoreError> {
        let money = money.sound();
        self.transaction.execute(
            "INSERT INTO forgotten (sprint_id, study_name, cost_usd, cost_estimated, tokens, wall_seconds, gpu_seconds, gpu_unknown, spent_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6)",
            (what, study, money.cost_usd, money.estimated, i64::try_from(money.tokens()).unwrap_or(i64::MAX), self.stamp()),
        )?;
        self.event(
            None,
            EventName::Spent,
            &serde_json::json!({ "study": study, "what": what, "cost_usd": money.cost_usd }),
        )
    }

    /// Of a sprint, as this change sees it.
    pub fn money_of_sprint(&self, id: &SprintId) -> Result<Spent, StoreError> {
        spent(&self.transaction, Of::Sprint(id), self.seconds())
    }

    /// Of a study, as this change sees it.
    pub fn money_of_study(&self, name: &str) -> Result<Spent, StoreError> {
        spent(&self.transaction, Of::Study(name), self.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock;

    fn store() -> Store {
        let store = Store::in_memory().expect("a database");
        store
            .connection
            .execute_batch(
                "INSERT INTO sprints (id, study_name, cluster, scheduler, status, directory, remote_dir, created_at, request, seconds,
                    attempt, cost_usd, input_tokens, gpus, budget_usd, loop_id, task_id, started_at, completed_at) VALUES
                    -- One that was resubmitted: the accounting knows its first job, the journal its second.
                    ('sp-000001', 'grok', 'c', 'slurm', 'completed', '', '', '', '{}', 3600, 2, 1.5, 10, 2, 5.0, 'loop-000001', 't-000001', '', '2026-01-01T02:10:00Z'),
                    -- One that runs since 10 minutes, requeued once after 5.
                    ('sp-000002', 'grok', 'c', 'slurm', 'running', '', '', '', '{}', 3600, 1, 0.5, 5, 4, 2.0, 'loop-000001', NULL, '', NULL),
                    -- One that waits.
                    ('sp-000003', 'other', 'c', 'sge', 'pending', '', '', '', '{}', 3600, 0, 0, 0, 1, NULL, NULL, NULL, NULL, NULL),
                    -- One with a number of GPUs that nobody knows.
                    ('sp-000004', 'third', 'c', 'sge', 'failed', '', '', '', '{}', 3600, 1, 0.25, 0, NULL, NULL, NULL, NULL, '', '2026-01-01T09:00:00Z');
                 INSERT INTO jobs (sprint_id, attempt, name, sent_at, started_at, ended_at, earlier_seconds, gpus, ran_seconds) VALUES
                    ('sp-000001', 1, 'a', '', '2026-01-01T00:00:00Z', '2026-01-01T01:59:00Z', 0, 1, 100),
                    ('sp-000001', 2, 'b', '', '2026-01-01T02:00:00.500Z', '2026-01-01T08:00:00Z', 0, NULL, NULL),
                    ('sp-000002', 1, 'c', '', '2026-01-01T00:00:00Z', NULL, 300, NULL, NULL),
                    ('sp-000004', 1, 'd', '', '2026-01-01T00:00:00Z', '2026-01-01T09:00:00Z', 0, NULL, NULL);",
            )
            .expect("rows");
        store
    }

    fn at(store: &Store, of: Of<'_>, time: &str) -> Spent {
        let (which, value) = match of {
            Of::Sprint(id) => ("s.id = ?2", id.as_str()),
            Of::Loop(id) => ("s.loop_id = ?2", id.as_str()),
            Of::Study(name) => ("s.study_name = ?2", name),
            _ => ("1", ""),
        };
        let now = time.parse::<jiff::Timestamp>().expect("a time").as_second();
        store.connection.query_row(&filled(SUMS, which, "NULL"), (now, value), read).expect("a sum")
    }

    #[test]
    fn each_job_counts_once_with_what_is_known_best() {
        let store = store();
        let now = "2026-01-01T00:10:00Z";
        let first = at(&store, Of::Sprint(&SprintId::of("sp-000001")), now);
        // 100 s with one GPU, as the accounting says; then ten minutes with the two that were asked for.
        assert_eq!((first.wall_seconds, first.gpu_seconds), (100 + 600, 100 + 1200));
        assert_eq!(
            (first.reserved_usd, first.reserved_gpu_seconds, first.gpu_unknown),
            (0.0, 0, false)
        );
        let second = at(&store, Of::Sprint(&SprintId::of("sp-000002")), now);
        assert_eq!((second.wall_seconds, second.gpu_seconds), (300 + 600, 4 * 900));
        assert_eq!((second.reserved_usd, second.reserved_gpu_seconds), (1.5, 4 * (3600 - 900)));
        // Nobody looked for a day: a job cannot have run longer than it may.
        assert_eq!(
            at(&store, Of::Sprint(&SprintId::of("sp-000002")), "2026-01-02T00:00:00Z").wall_seconds,
            300 + 3600
        );
        let both = at(&store, Of::Loop(&LoopId::of("loop-000001")), now);
        assert_eq!((both.cost_usd, both.tokens, both.gpu_seconds), (2.0, 15, 1300 + 3600));
        let waiting = at(&store, Of::Study("other"), now);
        assert_eq!(
            (waiting.gpu_seconds, waiting.reserved_gpu_seconds, waiting.gpu_unknown),
            (0, 3600, false)
        );
        let unknown = at(&store, Of::Study("third"), now);
        assert_eq!(
            (unknown.wall_seconds, unknown.gpu_seconds, unknown.gpu_unknown),
            (3600, 0, true)
        );
        assert_eq!(at(&store, Of::Study("none"), now), Spent::default());
    }

    #[test]
    fn the_sums_of_the_studies_are_the_whole() {
        let store = store();
        let by_study = store.money_by_study().expect("sums");
        assert_eq!(
            by_study.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["grok", "other", "third"]
        );
        let whole = store.money().expect("a sum");
        assert_eq!(
            by_study.iter().map(|(_, spent)| spent.gpu_seconds).sum::<u64>(),
            whole.gpu_seconds
        );
        assert!(
            (by_study.iter().map(|(_, spent)| spent.cost_usd).sum::<f64>() - whole.cost_usd).abs()
                < 1e-9
        );
        assert!(whole.gpu_unknown);
    }

    #[test]
    fn what_a_deleted_sprint_has_cost_counts_on() {
        let mut store = store();
        let sums = |store: &Store| {
            let (task, of_loop) = (
                store.money_of_task(&TaskId::of("t-000001")).expect("a sum"),
                store.money_of_loop(&LoopId::of("loop-000001")).expect("a sum"),
            );
            (
                task,
                of_loop,
                store.money_of_study("grok").expect("a sum"),
                store.money().expect("a sum"),
                store.money_by_study().expect("sums"),
            )
        };
        // One that is over, so that time changes nothing.
        store
            .connection
            .execute("UPDATE sprints SET status = 'completed', completed_at = '2026-01-01T00:05:00Z' WHERE id = 'sp-000002'", [])
            .expect("set");
        let before = sums(&store);
        for id in ["sp-000001", "sp-000004"] {
            let change = store.change().expect("a change");
            change.delete_sprint(&SprintId::of(id)).expect("deleted");
            change.commit().expect("kept");
        }
        let after = sums(&store);
        // A number that nobody knows is given up with the sprint: nothing could be limited otherwise.
        assert!(before.3.gpu_unknown && !after.3.gpu_unknown);
        assert_eq!(Spent { gpu_unknown: true, ..after.3 }, before.3);
        assert_eq!((after.0, after.1, after.2), (before.0, before.1, before.2));
        assert!(before.0.cost_usd > 1.0 && before.4.len() == 3, "{before:?}");
        // One that never had a job leaves nothing, and none is counted as itself.
        let change = store.change().expect("a change");
        change.delete_sprint(&SprintId::of("sp-000003")).expect("deleted");
        change.commit().expect("kept");
        assert_eq!(store.money_by_study().expect("sums").len(), 2);
        assert_eq!(
            store.money_of_sprint(&SprintId::of("sp-000001")).expect("a sum"),
            Spent::default()
        );
    }

    #[test]
    fn a_requeued_job_keeps_the_time_of_its_earlier_incarnation() {
        use crate::bundle::journal::Line;
        use crate::store::JournalPiece;
        let mut store = store();
        store
            .connection
            .execute_batch(
                "UPDATE sprints SET status = 'submitted', job_id = '7' WHERE id = 'sp-000002';
                 UPDATE jobs SET started_at = NULL, earlier_seconds = 0 WHERE sprint_id = 'sp-000002';",
            )
            .expect("rows");
        let line = |seq: u64, incarnation: u32, time: &str, kind: &str, rest: &str| -> Line {
            let text = format!(
                "{{\"v\":1,\"seq\":{seq},\"time\":\"{time}\",\"incarnation\":{incarnation},\"kind\":\"{kind}\"{rest}}}"
            );
            serde_json::from_str(&text).expect("a line")
        };
        let started = ",\"version\":\"0\",\"pipeline\":\"research\",\"host\":\"n1\",\"seconds\":3600,\"job_id\":\"7\",\"plan\":[]";
        let lines = [
            line(1, 1, "2026-01-01T00:00:00Z", "run_started", started),
            line(2, 1, "2026-01-01T00:05:00Z", "signal", ",\"name\":\"TERM\""),
            line(3, 2, "2026-01-01T03:00:00Z", "run_started", started),
        ];
        for _ in 0..2 {
            let change = store.change().expect("a change");
            change
                .ingest(
                    &SprintId::of("sp-000002"),
                    &JournalPiece {
                        lines: &lines,
                        offset: 1,
                        prefix: "",
                        altered: false,
                        whole: false,
                    },
                )
                .expect("taken in");
            change.commit().expect("kept");
        }
        // A minute after it was heard of, by the clock of this machine.
        let soon = (clock::now() + jiff::SignedDuration::from_secs(60)).to_string();
        let spent = at(&store, Of::Sprint(&SprintId::of("sp-000002")), &soon);
        assert!(
            (300 + 60..300 + 70).contains(&spent.wall_seconds),
            "the hours in the queue do not count: {spent:?}"
        );
        assert_eq!(spent.gpu_seconds, 4 * spent.wall_seconds);
        // What the accounting says at the end goes before that; a job that goes on takes it back.
        let change = store.change().expect("a change");
        change
            .job_used(
                &SprintId::of("sp-000002"),
                1,
                Some(&crate::domain::Used { gpus: Some(3), seconds: 1000 }),
            )
            .expect("written");
        change.commit().expect("kept");
        assert_eq!(at(&store, Of::Sprint(&SprintId::of("sp-000002")), &soon).gpu_seconds, 3000);
        let change = store.change().expect("a change");
        change.job_used(&SprintId::of("sp-000002"), 1, None).expect("written");
        change.commit().expect("kept");
        assert_eq!(
            at(&store, Of::Sprint(&SprintId::of("sp-000002")), &soon).wall_seconds,
            spent.wall_seconds
        );
    }

    /// A job that runs for 20 minutes by the clock of its node, stands still for five of them, and is
    /// heard of to its end. This machine's clock says something else.
    fn heard(node: &str, scheduler: &str) -> Spent {
        let mut store = store();
        store
            .connection
            .execute(
                "UPDATE sprints SET status = 'submitted', job_id = '7', attempt = 0, scheduler = ?1, completed_at = NULL WHERE id = 'sp-000002'",
                [scheduler],
            )
            .expect("set");
        store
            .connection
            .execute("DELETE FROM jobs WHERE sprint_id = 'sp-000002'", [])
            .expect("set");
        // As a submission writes it: by the clock of this machine.
        store
            .connection
            .execute_batch(&format!(
                "UPDATE sprints SET attempt = 1 WHERE id = 'sp-000002';
                 INSERT INTO jobs (sprint_id, attempt, name, sent_at) VALUES ('sp-000002', 1, 'c', '{}')",
                clock::stamp(clock::now())
            ))
            .expect("rows");
        let began: jiff::Timestamp = node.parse().expect("a time");
        let line = |seq: u64, minutes: i64, rest: &str| -> crate::bundle::journal::Line {
            let time = began + jiff::SignedDuration::from_mins(minutes);
            serde_json::from_str(&format!(
                "{{\"v\":1,\"seq\":{seq},\"time\":\"{time}\",\"incarnation\":1,{rest}}}"
            ))
            .expect("a line")
        };
        let lines = [
            line(
                1,
                0,
                "\"kind\":\"run_started\",\"version\":\"0\",\"pipeline\":\"p\",\"host\":\"n1\",\"seconds\":3600,\"job_id\":\"7\",\"plan\":[]",
            ),
            line(2, 10, "\"kind\":\"suspended\",\"seconds\":300"),
            line(3, 20, "\"kind\":\"said\",\"text\":\"done\""),
        ];
        let change = store.change().expect("a change");
        change
            .ingest(
                &SprintId::of("sp-000002"),
                &crate::store::JournalPiece {
                    lines: &lines,
                    offset: 1,
                    prefix: "",
                    altered: false,
                    whole: false,
                },
            )
            .expect("taken in");
        change.commit().expect("kept");
        at(&store, Of::Sprint(&SprintId::of("sp-000002")), &clock::now().to_string())
    }

    #[test]
    fn a_jobs_time_is_known_though_the_clocks_of_two_machines_disagree_by_days() {
        for node in ["2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2050-01-01T00:00:00Z"] {
            assert_eq!(heard(node, "slurm").wall_seconds, 15 * 60, "{node}");
            // Grid Engine counts the time in which a job is suspended.
            assert_eq!(heard(node, "sge").gpu_seconds, 4 * 20 * 60, "{node}");
        }
    }
}
