//! What came out of sprints: verdicts and figures.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;

use super::ids::id_in;
use super::{Change, Store, StoreError};
use crate::bundle::journal::{Entry, Line};
use crate::domain::leaderboard::Told;
use crate::domain::noise::Measured;
use crate::domain::open_issues::{StepEnd, open_issues};
use crate::domain::{
    Finding, LoopId, Metric, OpenIssues, Source, SprintId, StepState, TaskId, Verdict, figure_name,
};

/// One value of a metric: what the evaluator measured, else what the agent claims.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRow {
    /// The sprint.
    pub sprint_id: SprintId,
    /// The loop that made it.
    pub loop_id: Option<LoopId>,
    /// The task that it was an attempt at.
    pub task: Option<TaskId>,
    /// The idea.
    pub idea: Option<String>,
    /// Finite.
    pub value: f64,
    /// May be empty.
    pub unit: String,
    /// `higher`, `lower` or empty, as the sprint says.
    pub better: String,
    /// Independent runs.
    pub n: Option<u32>,
    /// Their standard deviation.
    pub spread: Option<f64>,
    /// Who says it.
    pub source: Source,
    /// What the agent claims, when the evaluator has measured too.
    pub claimed: Option<f64>,
    /// The unit of that; may be empty.
    pub claimed_unit: String,
    /// What the sprint found of its idea.
    pub verdict: Option<Verdict>,
    /// What its last review has against it, without the reviewer's words.
    pub open_issues: Option<OpenIssues>,
    /// RFC 3339.
    pub completed_at: String,
}

impl MetricRow {
    /// The same, for those who rank and judge it.
    pub fn told(&self) -> Told<'_> {
        Told {
            task: self.task.as_ref().map(|task| (task, self.idea.as_deref().unwrap_or_default())),
            is_measured: self.source == Source::Evaluator,
            measured: Measured { value: self.value, n: self.n, spread: self.spread },
            unit: &self.unit,
            claimed: self.claimed.map(|claimed| (claimed, self.claimed_unit.as_str())),
            is_doubted: self.open_issues.is_some(),
        }
    }
}

/// What a sprint found, with the sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// The sprint.
    pub sprint_id: SprintId,
    /// The task that it was an attempt at.
    pub task: Option<TaskId>,
    /// The idea.
    pub idea: Option<String>,
    /// The summary.
    pub summary: Option<String>,
    /// What it found.
    pub finding: Finding,
    /// What its last review has against it.
    pub open_issues: Option<OpenIssues>,
    /// RFC 3339.
    pub completed_at: String,
}

impl Change<'_> {
    /// The same as [`Store::open_issues`], as this change sees it.
    pub fn open_issues(&self, sprint: &SprintId) -> Result<Option<OpenIssues>, StoreError> {
        open_issues_of(&self.transaction, sprint)
    }

    /// The same as [`Store::metric_names`], as this change sees it.
    pub fn metric_names(&self, study: &str) -> Result<Vec<(String, u64)>, StoreError> {
        names(&self.transaction, study)
    }

    /// The same as [`Store::metric_history`], as this change sees it.
    pub fn metric_history(&self, study: &str, metric: &str) -> Result<Vec<MetricRow>, StoreError> {
        history(&self.transaction, study, metric)
    }

    /// Remembers what a sprint found, in the place of what was known of it.
    pub fn put_finding(
        &self,
        sprint: &SprintId,
        study: &str,
        finding: &Finding,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO findings (sprint_id, study_name, verdict, confidence, statement, numbers) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                sprint,
                study,
                finding.verdict.as_str(),
                finding.confidence,
                &finding.statement,
                serde_json::to_string(&finding.numbers).unwrap_or_else(|_| "{}".to_owned()),
            ))?;
        Ok(())
    }

    /// Remembers what of a sprint's finding and figures could not be used.
    pub fn put_unusable(&self, sprint: &SprintId, problems: &[String]) -> Result<(), StoreError> {
        let list = serde_json::to_string(problems).unwrap_or_else(|_| "[]".to_owned());
        self.transaction
            .prepare_cached("UPDATE sprints SET unusable = ?2 WHERE id = ?1")?
            .execute((sprint, list))?;
        Ok(())
    }

    /// The same as [`Store::unusable`], as this change sees it.
    pub(super) fn unusable(&self, sprint: &SprintId) -> Result<Vec<String>, StoreError> {
        unusable(&self.transaction, sprint)
    }

    /// Remembers a sprint's figures, in the place of those that were known.
    pub fn put_metrics(&self, sprint: &SprintId, metrics: &[Metric]) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("DELETE FROM metrics WHERE sprint_id = ?1")?
            .execute([sprint])?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT OR IGNORE INTO metrics (sprint_id, name, source, value, unit, better, n, spread) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for metric in metrics {
            insert.execute((
                sprint,
                &metric.name,
                metric.source.as_str(),
                metric.value,
                &metric.unit,
                &metric.better,
                metric.n,
                metric.spread,
            ))?;
        }
        Ok(())
    }
}

fn finding(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Finding> {
    let verdict: String = row.get(from)?;
    let numbers: String = row.get(from + 3)?;
    Ok(Finding {
        verdict: Verdict::parse(&verdict).unwrap_or(Verdict::Inconclusive),
        confidence: row.get(from + 1)?,
        statement: row.get(from + 2)?,
        numbers: serde_json::from_str::<BTreeMap<String, f64>>(&numbers).unwrap_or_default(),
    })
}

fn names(connection: &rusqlite::Connection, study: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT m.name, count(DISTINCT s.id) FROM metrics m JOIN sprints s ON s.id = m.sprint_id
         WHERE s.study_name = ?1 AND s.status = 'completed' AND s.kind = 'research' GROUP BY m.name ORDER BY 2 DESC, 1 LIMIT 200",
    )?;
    let rows = query.query_map([study], |row| {
        Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The steps of a sprint `s` that review, as a JSON list. Of one that has not completed there are none:
/// it has no result that something could be open of.
pub(super) const REVIEWS: &str =
    "(SELECT json_group_array(json_array(t.label, t.state, t.detail, t.critical)) FROM steps t
    WHERE s.status = 'completed' AND t.sprint_id = s.id AND t.label >= 'red_team' AND t.label < 'red_teamz')";

/// What the last of them has against a sprint.
pub(super) fn open_in(reviews: &str) -> Option<OpenIssues> {
    let reviews: Vec<(String, String, String, Option<u32>)> =
        serde_json::from_str(reviews).unwrap_or_default();
    open_issues(reviews.iter().map(|(label, state, detail, critical)| StepEnd {
        label,
        state: StepState::of(state),
        detail,
        critical: *critical,
    }))
}

/// What a sprint that is over has open, in the words of its last review.
fn open_issues_of(
    connection: &rusqlite::Connection,
    sprint: &SprintId,
) -> Result<Option<OpenIssues>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("SELECT {REVIEWS} FROM sprints s WHERE s.id = ?1"))?;
    let reviews: Option<String> = query.query_row([sprint], |row| row.get(0)).optional()?;
    let Some(open) = reviews.as_deref().and_then(open_in) else { return Ok(None) };
    let mut query = connection.prepare_cached(
        "SELECT line FROM journal WHERE sprint_id = ?1 AND kind = 'step_ended' AND json_extract(line, '$.step') = ?2 ORDER BY seq DESC LIMIT 1",
    )?;
    let line: Option<String> =
        query.query_row((sprint, &open.step), |row| row.get(0)).optional()?;
    let entry = line
        .and_then(|line| serde_json::from_str::<Line>(&line).ok())
        .and_then(|line| line.entry());
    Ok(Some(match entry {
        Some(Entry::StepEnded { issues, .. }) => open.quoting(&issues),
        _ => open,
    }))
}

/// The names under which the sprints of a study have told the figure of this name.
fn spellings(
    connection: &rusqlite::Connection,
    study: &str,
    metric: &str,
) -> Result<String, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT DISTINCT m.name FROM sprints s JOIN metrics m ON m.sprint_id = s.id WHERE s.study_name = ?1")?;
    let names: Vec<String> =
        query.query_map([study], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let same: Vec<&String> =
        names.iter().filter(|name| figure_name::is_same(name, metric)).collect();
    Ok(serde_json::to_string(&same).unwrap_or_default())
}

fn history(
    connection: &rusqlite::Connection,
    study: &str,
    metric: &str,
) -> Result<Vec<MetricRow>, StoreError> {
    let spellings = spellings(connection, study, metric)?;
    // Of a sprint what the evaluator has measured comes first, and then the name as it is asked for.
    let mut query = connection.prepare_cached(&format!(
        "SELECT s.id, s.loop_id, s.task_id, s.idea, s.completed_at, m.value, m.unit, m.better, m.n, m.spread, m.source, f.verdict, {REVIEWS}
             FROM sprints s JOIN metrics m ON m.sprint_id = s.id LEFT JOIN findings f ON f.sprint_id = s.id
             WHERE s.study_name = ?1 AND m.name IN (SELECT value FROM json_each(?2)) AND s.status = 'completed' AND s.kind = 'research'
             ORDER BY s.completed_at, s.id, m.source <> 'evaluator', m.name <> ?3, m.name",
    ))?;
    let rows =
        query.query_and_then((study, spellings, metric), |row| -> Result<_, StoreError> {
            let sprint_id: SprintId = row.get(0)?;
            Ok(MetricRow {
                loop_id: id_in(row, 1, &sprint_id)?,
                task: id_in(row, 2, &sprint_id)?,
                idea: row.get(3)?,
                completed_at: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                value: row.get(5)?,
                unit: row.get(6)?,
                better: row.get(7)?,
                n: row.get(8)?,
                spread: row.get(9)?,
                source: Source::parse(&row.get::<_, String>(10)?),
                claimed: None,
                claimed_unit: String::new(),
                verdict: row.get::<_, Option<String>>(11)?.as_deref().and_then(Verdict::parse),
                open_issues: open_in(&row.get::<_, String>(12)?),
                sprint_id,
            })
        })?;
    let mut found: Vec<MetricRow> = Vec::new();
    for row in rows {
        let row = row?;
        match found.last_mut().filter(|last| last.sprint_id == row.sprint_id) {
            None => found.push(row),
            Some(measured)
                if measured.source == Source::Evaluator
                    && row.source == Source::Agent
                    && measured.claimed.is_none() =>
            {
                (measured.claimed, measured.claimed_unit) = (Some(row.value), row.unit);
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

fn unusable(
    connection: &rusqlite::Connection,
    sprint: &SprintId,
) -> Result<Vec<String>, StoreError> {
    let mut query = connection.prepare_cached("SELECT unusable FROM sprints WHERE id = ?1")?;
    let list: Option<String> = query.query_map([sprint], |row| row.get(0))?.next().transpose()?;
    Ok(list.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default())
}

impl Store {
    /// What of a sprint's finding and figures could not be used, a sentence each.
    pub fn unusable(&self, sprint: &SprintId) -> Result<Vec<String>, StoreError> {
        unusable(&self.connection, sprint)
    }

    /// What a sprint found.
    pub fn finding(&self, sprint: &SprintId) -> Result<Option<Finding>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT verdict, confidence, statement, numbers FROM findings WHERE sprint_id = ?1",
        )?;
        let mut rows = query.query_map([sprint], |row| finding(row, 0))?;
        Ok(rows.next().transpose()?)
    }

    /// What the last review of a sprint that is over has against its result.
    pub fn open_issues(&self, sprint: &SprintId) -> Result<Option<OpenIssues>, StoreError> {
        open_issues_of(&self.connection, sprint)
    }

    /// A sprint's figures: the evaluator's first, then by name.
    pub fn metrics(&self, sprint: &SprintId) -> Result<Vec<Metric>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT name, value, unit, better, n, spread, source FROM metrics WHERE sprint_id = ?1 ORDER BY source DESC, name")?;
        let rows = query.query_map([sprint], |row| {
            Ok(Metric {
                name: row.get(0)?,
                value: row.get(1)?,
                unit: row.get(2)?,
                better: row.get(3)?,
                n: row.get(4)?,
                spread: row.get(5)?,
                source: Source::parse(&row.get::<_, String>(6)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The findings of a study, newest first.
    pub fn findings(&self, study: &str) -> Result<Vec<FindingRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT s.id, s.task_id, s.idea, s.summary, s.completed_at, f.verdict, f.confidence, f.statement, f.numbers
             FROM findings f JOIN sprints s ON s.id = f.sprint_id WHERE f.study_name = ?1 AND s.status = 'completed'
             ORDER BY s.completed_at DESC, s.id",
        )?;
        let rows = query.query_and_then([study], |row| -> Result<_, StoreError> {
            let sprint_id: SprintId = row.get(0)?;
            Ok(FindingRow {
                task: id_in(row, 1, &sprint_id)?,
                idea: row.get(2)?,
                summary: row.get(3)?,
                completed_at: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                finding: finding(row, 5)?,
                open_issues: None,
                sprint_id,
            })
        })?;
        let mut found: Vec<FindingRow> = rows.collect::<Result<_, StoreError>>()?;
        for row in &mut found {
            row.open_issues = self.open_issues(&row.sprint_id)?;
        }
        Ok(found)
    }

    /// The values of a metric over a study's completed sprints, oldest first, one a sprint.
    /// Follow-ups of finished sprints are left out: their files are those of another sprint.
    pub fn metric_history(&self, study: &str, metric: &str) -> Result<Vec<MetricRow>, StoreError> {
        history(&self.connection, study, metric)
    }

    /// The names of the metrics that a study's sprints have told, the most frequent first, with
    /// how many sprints have each.
    pub fn metric_names(&self, study: &str) -> Result<Vec<(String, u64)>, StoreError> {
        names(&self.connection, study)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SprintId, SprintKind};
    use crate::store::NewSprint;

    fn metric(value: f64, source: Source) -> Metric {
        Metric {
            name: "acc".to_owned(),
            value,
            unit: String::new(),
            better: "higher".to_owned(),
            n: Some(3),
            spread: Some(0.1),
            source,
        }
    }

    fn store_with(sprints: &[(&str, &str, &str, &[Metric])]) -> Store {
        let mut store = Store::in_memory().expect("opened");
        let change = store.change().expect("begun");
        for (id, kind, completed, metrics) in sprints {
            let id = &SprintId::of(id);
            let new = NewSprint {
                kind: SprintKind::parse(kind).expect("a kind"),
                ..NewSprint::example(id)
            };
            assert!(change.create_sprint(&new).expect("made"));
            change.put_metrics(id, metrics).expect("put");
            change.put_metrics(id, metrics).expect("put again");
            change
                .transaction
                .execute("UPDATE sprints SET status = 'completed', completed_at = ?2 WHERE id = ?1 AND ?2 <> ''", (id, completed))
                .expect("ended");
        }
        change.commit().expect("kept");
        store
    }

    #[test]
    fn only_what_has_completed_has_something_open() {
        let mut store = store_with(&[
            ("sp-000001", "research", "2026-01-01T00:00:00Z", &[]),
            ("sp-000002", "research", "", &[]),
        ]);
        let change = store.change().expect("begun");
        for id in ["sp-000001", "sp-000002"] {
            let plan = [("red_team_round_1".to_owned(), "review".to_owned())];
            change.plan_steps(&SprintId::of(id), &plan).expect("planned");
        }
        change
            .raw("UPDATE steps SET state = 'no', detail = '2 critical issues'")
            .expect("reviewed");
        let open =
            |id: &str| change.open_issues(&SprintId::of(id)).expect("read").map(|open| open.text);
        assert_eq!(open("sp-000001").as_deref(), Some("2 critical issues are open"));
        assert_eq!(open("sp-000002"), None);
        change.commit().expect("kept");
        let known = store.known_ideas("s").expect("read");
        let open: Vec<_> =
            known.iter().map(|idea| (&*idea.id, idea.open_issues.is_some())).collect();
        assert_eq!(open, [("sp-000001", true), ("sp-000002", false)]);
    }

    #[test]
    fn a_history_has_one_value_a_completed_sprint_in_order_of_time() {
        let store = store_with(&[
            ("sp-000001", "research", "2026-01-03T00:00:00Z", &[metric(0.9, Source::Agent)]),
            (
                "sp-000002",
                "research",
                "2026-01-02T00:00:00Z",
                &[metric(0.7, Source::Agent), metric(0.6, Source::Evaluator)],
            ),
            ("sp-000003", "research", "", &[metric(0.1, Source::Agent)]),
            ("sp-000004", "tweak", "2026-01-04T00:00:00Z", &[metric(0.2, Source::Agent)]),
        ]);
        let history = store.metric_history("s", "acc").expect("read");
        let told: Vec<_> = history
            .iter()
            .map(|row| (row.sprint_id.as_str(), row.value, row.source, row.claimed))
            .collect();
        assert_eq!(
            told,
            [
                ("sp-000002", 0.6, Source::Evaluator, Some(0.7)),
                ("sp-000001", 0.9, Source::Agent, None)
            ]
        );
        assert_eq!((history[0].n, history[0].spread), (Some(3), Some(0.1)));
        assert_eq!(store.metric_history("s", "loss").expect("read"), []);
        assert_eq!(store.metric_names("s").expect("read"), [("acc".to_owned(), 2)]);
        let sources: Vec<_> = store
            .metrics(&SprintId::of("sp-000002"))
            .expect("read")
            .iter()
            .map(|metric| metric.source)
            .collect();
        assert_eq!(sources, [Source::Evaluator, Source::Agent]);
    }
}
