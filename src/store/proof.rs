//! What the journal of a sprint proves: how its run ended, which steps have an end, and which calls
//! have told what they cost.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Change, Store, StoreError};
use crate::bundle::EVALUATE;
use crate::bundle::formats::{Calling, Money};
use crate::bundle::journal::{Costs, Entry, Line, Reached};
use crate::bundle::outcome::{Measurement, measured_in};
use crate::domain::{EventName, JobId, LineKind, Metric, SprintId, StepState};

fn last_mark(connection: &Connection, sprint: &SprintId) -> Result<Option<Line>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached(
            "SELECT line FROM journal WHERE sprint_id = ?1 AND kind IN ('run_started', 'run_ended')
                AND seq > coalesce((SELECT max(journal_from) FROM jobs WHERE sprint_id = ?1), 0) ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([sprint], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

impl Store {
    /// The last line that tells of a run's beginning or end in the sprint's present job. What its
    /// earlier jobs have told, before they were parked, says nothing of it.
    pub fn last_mark(&self, sprint: &SprintId) -> Result<Option<Line>, StoreError> {
        last_mark(&self.connection, sprint)
    }
}

impl Change<'_> {
    /// How far a sprint's journal has come.
    pub fn reached(&self, sprint: &SprintId) -> Result<Reached, StoreError> {
        let (seq, incarnation): (i64, u32) = self
            .transaction
            .prepare_cached("SELECT coalesce(max(seq), 0), coalesce(max(incarnation), 0) FROM journal WHERE sprint_id = ?1")?
            .query_row([sprint], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Reached { seq: u64::try_from(seq).unwrap_or(0), incarnation })
    }

    /// The same as [`Store::last_mark`], as this change sees it.
    pub fn last_mark(&self, sprint: &SprintId) -> Result<Option<Line>, StoreError> {
        last_mark(&self.transaction, sprint)
    }

    /// The lines of these kinds, in order.
    pub(super) fn lines_of(
        &self,
        sprint: &SprintId,
        kinds: &[LineKind],
    ) -> Result<Vec<Line>, StoreError> {
        let list = serde_json::to_string(kinds).unwrap_or_default();
        let mut query = self
            .transaction
            .prepare_cached("SELECT line FROM journal WHERE sprint_id = ?1 AND kind IN (SELECT value FROM json_each(?2)) ORDER BY seq")?;
        let texts: Vec<String> =
            query.query_map((sprint, list), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// The steps without an end that a complete run must have ended: those that no course goes around,
    /// and those that have begun.
    ///
    /// Lines behind the end of the run were written by somebody else.
    pub fn steps_without_end(
        &self,
        sprint: &SprintId,
        end: u64,
    ) -> Result<Vec<String>, StoreError> {
        let mut ended: BTreeMap<String, bool> = BTreeMap::new();
        for line in self
            .lines_of(sprint, &[LineKind::RunStarted, LineKind::StepStarted, LineKind::StepEnded])?
            .into_iter()
            .filter(|line| line.seq < end)
        {
            let label = line.step.clone().unwrap_or_default();
            match line.entry() {
                Some(Entry::RunStarted { certain, .. }) => {
                    for label in certain {
                        ended.entry(label).or_insert(false);
                    }
                }
                Some(Entry::StepStarted { .. }) => {
                    ended.insert(label, false);
                }
                Some(Entry::StepEnded { verdict, .. }) => {
                    ended.insert(label, StepState::of_end(&verdict) != StepState::Interrupted);
                }
                _ => {}
            }
        }
        Ok(ended.into_iter().filter(|(_, ended)| !ended).map(|(label, _)| label).collect())
    }

    /// This figure as the study's own command has measured it, with its runs and their spread, if it
    /// has: only its step tells, after the agent was done, in the run that has ended. What an earlier one
    /// has left may have been written by the agent.
    pub fn as_measured(
        &self,
        sprint: &SprintId,
        metric: &Metric,
        incarnation: u32,
    ) -> Result<Option<Metric>, StoreError> {
        let lines = self.lines_of(sprint, &[LineKind::RunStarted, LineKind::StepEnded])?;
        // Before 0.5.0 the step told the figure alone.
        let is_older = lines.iter().rev().find_map(|line| match line.entry() {
            Some(Entry::RunStarted { version, .. }) => Some(version.starts_with("0.4.")),
            _ => None,
        }) == Some(true);
        Ok(lines.into_iter().filter(|line| line.incarnation == incarnation).find_map(|line| {
            let is_its = line.step.as_deref().is_some_and(|label| {
                label == EVALUATE
                    || label.strip_prefix(EVALUATE).is_some_and(|rest| rest.starts_with("_round_"))
            });
            match line.entry() {
                Some(Entry::StepEnded { verdict, detail, .. })
                    if is_its && StepState::of_end(&verdict) == StepState::Yes =>
                {
                    let Measurement { n, spread, .. } = measured_in(&detail, &metric.name)
                        .filter(|told| told.value == metric.value)?;
                    if is_older && n.is_none() {
                        metric.clone().sound()
                    } else {
                        Metric { n, spread, ..metric.clone() }.sound()
                    }
                }
                _ => None,
            }
        }))
    }

    /// Whether a call has begun and has not told what it cost.
    pub fn has_open_call(&self, sprint: &SprintId) -> Result<bool, StoreError> {
        let (mut open, mut unnamed): (Vec<Calling>, bool) = (Vec::new(), false);
        for entry in self
            .lines_of(sprint, &[LineKind::Agent, LineKind::Cost])?
            .iter()
            .filter_map(Line::entry)
        {
            match entry {
                Entry::Agent { call: Some(call), .. } => open.push(call),
                Entry::Agent { call: None, .. } => unnamed = true,
                Entry::Cost { call: Some(call), .. } => open.retain(|one| *one != call),
                Entry::Cost { call: None, .. } => unnamed = false,
                _ => {}
            }
        }
        Ok(unnamed || !open.is_empty())
    }

    /// What calls have cost of which no line of the journal tells, as far as it can be known. A sum that
    /// is not known is what the sprint's budget leaves.
    pub fn set_untold(&self, sprint: &SprintId, untold: Option<&Money>) -> Result<(), StoreError> {
        let tokens =
            untold.map_or(0, |untold| i64::try_from(untold.sound().tokens()).unwrap_or(i64::MAX));
        let (usd, tokens): (Option<f64>, i64) =
            (untold.map(|untold| untold.sound().cost_usd), tokens);
        self.transaction.execute(
            "UPDATE sprints SET untold_usd = coalesce(?2, max(0.0, coalesce(budget_usd, 0.0) - cost_usd + untold_usd)), untold_tokens = ?3 WHERE id = ?1",
            (sprint, usd, tokens),
        )?;
        self.sum_money(sprint)?;
        self.transaction
            .execute("UPDATE sprints SET cost_estimated = 1 WHERE id = ?1", [sprint])?;
        Ok(())
    }

    /// Notes that, and why, what a sprint has cost is not known. What is counted was set before.
    pub fn set_cost_unknown(&self, sprint: &SprintId, why: &str) -> Result<(), StoreError> {
        self.transaction
            .execute("UPDATE sprints SET cost_unknown = ?2 WHERE id = ?1", (sprint, why))?;
        self.event(Some(sprint), EventName::CostUnknown, &serde_json::json!({ "why": why }))
    }

    /// Takes another job for the sprint's own: the one that holds its claim, and its name in the queue. A
    /// submission whose answer was lost can leave two jobs, of which the second one ends at once.
    pub fn adopt(&self, sprint: &SprintId, told: &JobId) -> Result<(), StoreError> {
        let Some(row) = self.sprint(sprint)? else { return Ok(()) };
        let Some(known) = row.state.live_job() else {
            return Ok(());
        };
        self.transaction
            .execute("UPDATE sprints SET job_id = ?2 WHERE id = ?1", (sprint, told.as_str()))?;
        self.transaction.execute(
            "UPDATE jobs SET job_id = ?3 WHERE sprint_id = ?1 AND attempt = ?2",
            (sprint, row.attempt, told.as_str()),
        )?;
        self.event(
            Some(sprint),
            EventName::JobAdopted,
            &serde_json::json!({ "from": known.as_str(), "to": told.as_str() }),
        )
    }

    /// What a sprint has cost, and what of it each line has told: the ended visits of its steps, what the
    /// step that runs has told so far, and what is known of calls that told nothing. In a journal that was
    /// altered, the larger sum counts.
    pub(super) fn sum_money(&self, sprint: &SprintId) -> Result<(), StoreError> {
        let mut costs = Costs::default();
        let mut estimated = false;
        // A call has begun and not told what it cost: it is under way, or its runner was killed.
        let mut untold = false;
        let mut query = self.transaction.prepare_cached(
            "SELECT seq, line, usd, kind IN ('cost', 'step_ended') FROM journal WHERE sprint_id = ?1 AND kind IN ('step_started', 'agent', 'cost', 'step_ended') ORDER BY seq",
        )?;
        let mut add = self
            .transaction
            .prepare_cached("UPDATE journal SET usd = ?3 WHERE sprint_id = ?1 AND seq = ?2")?;
        let lines: Vec<(i64, String, Option<f64>, bool)> = query
            .query_map([sprint], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<_, _>>()?;
        for (seq, text, before, tells) in lines {
            let entry = serde_json::from_str::<Line>(&text).ok().and_then(|line| line.entry());
            match &entry {
                Some(Entry::Agent { .. }) => estimated |= std::mem::replace(&mut untold, true),
                Some(Entry::Cost { .. }) => untold = false,
                _ => {}
            }
            let usd = entry.map_or(0.0, |entry| costs.add(&entry));
            if tells && before != Some(usd) {
                add.execute((sprint, seq, usd))?;
            }
        }
        let mut sum = costs.total();
        let (altered, before, untold_usd, untold_tokens): (bool, f64, f64, i64) = self.transaction.query_row(
            "SELECT journal_altered, cost_usd, untold_usd, untold_tokens FROM sprints WHERE id = ?1",
            [sprint],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        sum.estimated |= estimated || untold || untold_usd > 0.0;
        sum.cost_usd += untold_usd;
        sum.input_tokens =
            sum.input_tokens.saturating_add(u64::try_from(untold_tokens).unwrap_or(0));
        if altered && before > sum.cost_usd {
            sum.cost_usd = before;
            sum.estimated = true;
        }
        self.set_money(sprint, &sum)
    }
}

#[cfg(test)]
mod tests {
    use crate::bundle::journal::Line;
    use crate::domain::{Metric, Source, SprintId};
    use crate::store::{Ingested, JournalPiece, Store};

    fn id() -> SprintId {
        SprintId::of("sp-000001")
    }

    fn store() -> Store {
        let store = Store::in_memory().expect("a database");
        store
            .connection
            .execute_batch(
                "INSERT INTO sprints (id, study_name, cluster, scheduler, status, job_id, directory, remote_dir, created_at, request, seconds, attempt, budget_usd)
                 VALUES ('sp-000001', 's', 'c', 'slurm', 'running', '7', '', '', '', '{}', 3600, 1, 10.0);
                 INSERT INTO jobs (sprint_id, attempt, name, sent_at) VALUES ('sp-000001', 1, 'a', '');",
            )
            .expect("rows");
        store
    }

    fn line(seq: u64, step: &str, kind: &str, rest: &str) -> Line {
        let text = format!(
            "{{\"v\":1,\"seq\":{seq},\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"step\":\"{step}\",\"visit\":1,\"kind\":\"{kind}\"{rest}}}"
        );
        serde_json::from_str(&text).expect("a line")
    }

    fn money(usd: f64) -> String {
        format!(
            ",\"cost_usd\":{usd},\"estimated\":false,\"input_tokens\":1,\"output_tokens\":1,\"cache_read_tokens\":0,\"cache_write_tokens\":0"
        )
    }

    fn cost(seq: u64, usd: f64) -> Line {
        line(
            seq,
            "research",
            "cost",
            &format!("{},\"stream\":\"research.1.jsonl\",\"from\":0", money(usd)),
        )
    }

    fn ended(seq: u64, step: &str, detail: &str) -> Line {
        line(
            seq,
            step,
            "step_ended",
            &format!(",\"verdict\":\"yes\",\"detail\":\"{detail}\",\"seconds\":5{}", money(0.5)),
        )
    }

    fn run_ended(seq: u64, status: &str) -> Line {
        let rest = format!(
            ",\"status\":\"{status}\",\"reason\":null,\"signal\":null,\"detail\":\"\",\"hint\":\"\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n\",\"summary\":null{}",
            money(0.0)
        );
        line(seq, "", "run_ended", &rest)
    }

    fn begun() -> Vec<Line> {
        vec![
            line(
                1,
                "",
                "run_started",
                ",\"job_id\":\"7\",\"host\":\"n\",\"version\":\"1\",\"pipeline\":\"p\",\"plan\":[[\"research\",\"research\"],[\"fix\",\"fix\"],[\"report\",\"report\"]],\"certain\":[\"research\",\"report\"],\"seconds\":60",
            ),
            line(2, "research", "step_started", ",\"title\":\"research\",\"resumed\":false"),
            line(
                3,
                "research",
                "agent",
                ",\"session_id\":\"x\",\"model\":\"m\",\"version\":\"1\",\"stream\":\"research.1.jsonl\",\"from\":0",
            ),
        ]
    }

    fn take(store: &mut Store, lines: &[Line], altered: bool, whole: bool) -> Ingested {
        let change = store.change().expect("a change");
        let ingested = change
            .ingest(&id(), &JournalPiece { lines, offset: 1, prefix: "", altered, whole })
            .expect("taken in");
        change.commit().expect("kept");
        ingested
    }

    fn usd(store: &Store) -> f64 {
        store.sprint(&id()).expect("read").expect("there").cost_usd
    }

    #[test]
    fn numbers_taken_in_advance_hide_neither_costs_nor_the_end() {
        let mut store = store();
        let squat: Vec<Line> = [
            begun(),
            vec![
                line(4, "", "note", ",\"text\":\"x\""),
                cost(5, 0.0),
                run_ended(6, "completed"),
                run_ended(99, "completed"),
            ],
        ]
        .concat();
        take(&mut store, &squat, false, true);
        // The runner has put back what it wrote, and went on.
        let truth: Vec<Line> =
            [begun(), vec![cost(4, 50.0), ended(5, "research", ""), run_ended(6, "failed")]]
                .concat();
        let ingested = take(&mut store, &truth, true, true);
        assert_eq!(ingested.contradictions, 4);
        assert!(usd(&store) >= 50.0, "{}", usd(&store));
        let change = store.change().expect("a change");
        let end = change.last_mark(&id()).expect("read").expect("there");
        assert_eq!((end.seq, end.body["status"].as_str()), (6, Some("failed")));
        drop(change);
        let row = store.sprint(&id()).expect("read").expect("there");
        assert!(row.journal_altered);
        assert_eq!(store.steps(&id()).expect("read")[0].seconds, 5);
        // What was spent never gets less, whoever writes last; and the same again changes nothing.
        take(&mut store, &[begun(), vec![cost(4, 0.0)]].concat(), true, true);
        assert!(usd(&store) >= 50.0);
        assert_eq!(store.steps(&id()).expect("read")[0].seconds, 0);
        assert_eq!(
            take(&mut store, &[begun(), vec![cost(4, 0.0)]].concat(), false, false),
            Ingested::default()
        );
    }

    #[test]
    fn a_complete_run_has_an_end_of_each_certain_step_and_of_all_that_began() {
        let mut store = store();
        take(&mut store, &begun(), false, false);
        let missing = |store: &mut Store| {
            store.change().expect("a change").steps_without_end(&id(), u64::MAX).expect("read")
        };
        assert_eq!(missing(&mut store), ["report", "research"]);
        take(&mut store, &[ended(4, "research", "")], false, false);
        assert_eq!(missing(&mut store), ["report"]);
        take(
            &mut store,
            &[
                line(5, "fix", "step_started", ",\"title\":\"fix\",\"resumed\":false"),
                ended(6, "report", ""),
            ],
            false,
            false,
        );
        assert_eq!(missing(&mut store), ["fix"]);
        take(&mut store, &[ended(7, "fix", "")], false, false);
        assert!(missing(&mut store).is_empty());
    }

    #[test]
    fn only_the_step_of_the_evaluator_measures() {
        let mut store = store();
        let figure = |value: f64| Metric {
            name: "acc".to_owned(),
            value,
            unit: String::new(),
            better: "higher".to_owned(),
            n: Some(1000),
            spread: Some(1e-9),
            source: Source::Evaluator,
        };
        let told = ["acc = 0.999", "acc = 0.1", "acc = 0.2, n = 5, spread = 0.01"];
        take(
            &mut store,
            &[
                ended(4, "report", told[0]),
                ended(5, "evaluate", told[1]),
                ended(6, "evaluate_round_2", told[2]),
            ],
            false,
            false,
        );
        let change = store.change().expect("a change");
        let measured = |value: f64| {
            change
                .as_measured(&id(), &figure(value), 1)
                .expect("read")
                .map(|metric| (metric.n, metric.spread))
        };
        // How many runs there were is not the agent's to say either.
        assert_eq!(
            (measured(0.999), measured(0.1), measured(0.2)),
            (None, Some((None, None)), Some((Some(5), Some(0.01))))
        );
        // What an earlier run has left is not measured by the one that ended.
        assert_eq!(change.as_measured(&id(), &figure(0.1), 2).expect("read"), None);
    }

    #[test]
    fn a_call_that_never_told_its_cost_counts() {
        let mut store = store();
        take(&mut store, &begun(), false, false);
        assert!(store.change().expect("a change").has_open_call(&id()).expect("read"));
        take(&mut store, &[cost(4, 1.0)], false, false);
        let change = store.change().expect("a change");
        assert!(!change.has_open_call(&id()).expect("read"));
        change
            .set_untold(
                &id(),
                Some(&crate::bundle::formats::Money { cost_usd: 3.0, ..Default::default() }),
            )
            .expect("written");
        change.commit().expect("kept");
        assert!((usd(&store) - 4.0).abs() < 1e-9);
        // What cannot be known is what the budget leaves.
        let change = store.change().expect("a change");
        change.set_untold(&id(), None).expect("written");
        change.commit().expect("kept");
        let row = store.sprint(&id()).expect("read").expect("there");
        assert!((row.cost_usd - 10.0).abs() < 1e-9 && row.cost_estimated, "{}", row.cost_usd);
    }
}
