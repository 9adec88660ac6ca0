//! The journals of runs as they come in, and the steps that they tell of.

use rusqlite::OptionalExtension as _;

use super::changes::Facts;
use super::{Change, Store, StoreError};
use crate::bundle::formats::Money;
use crate::bundle::journal::{Entry, Line};
use crate::domain::idea::bounded;
use crate::domain::open_issues::StepEnd;
use crate::domain::transition::Event;
use crate::domain::{EventName, Phase};
use crate::platform::clock;

/// A step takes at most ten years: what a journal says may be anything.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;
/// A pipeline has at most so many steps that are planned.
const MAX_STEPS: usize = 2000;

/// Up to this place of a journal everything in it is kept.
const MAX_TALK: u64 = 8 << 20;
/// Up to this place, what decides about a sprint is kept. Behind it only how steps and runs begin and end.
const MAX_KEPT: u64 = 32 << 20;
/// So much of a journal is kept in all.
const MAX_STORED: u64 = 64 << 20;
/// How long a line of talk may be to be kept.
const MAX_TALK_LINE: usize = 64 << 10;

/// Whether a line that ends at this place of the journal is kept. What an agent does and says may be
/// without end, and is read of few; its money, its steps and its end are not many.
fn is_kept(line: &Line, text: &str, at: u64) -> bool {
    match line.kind() {
        "run_started" | "step_started" | "step_ended" | "run_ended" => true,
        "agent" | "cost" | "idea" | "told" | "signal" => at <= MAX_KEPT,
        _ => at <= MAX_TALK && text.len() <= MAX_TALK_LINE,
    }
}

/// Whether a step's name is one of ours: it is shown, and may come from anywhere.
fn is_label(label: &str) -> bool {
    label.len() <= 100 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// New lines, and where they end.
#[derive(Debug)]
pub struct JournalPiece<'a> {
    /// The lines, in the order of the file.
    pub lines: &'a [Line],
    /// Where the next read goes on.
    pub offset: u64,
    /// SHA-256 of everything before that place.
    pub prefix: &'a str,
    /// Whether what stood there before was not what had been read.
    pub altered: bool,
    /// Whether these are the lines from the beginning of the file. What was known behind them comes again
    /// with the next piece, or was not the runner's.
    pub whole: bool,
}

/// What came of taking in a piece.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingested {
    /// How many lines were new.
    pub new_lines: usize,
    /// How many lines contradict one that was known, or are not there any more.
    pub contradictions: usize,
}

/// One step of a sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// File-safe name.
    pub label: String,
    /// For people.
    pub title: String,
    /// `waiting`, `running`, or its verdict.
    pub state: String,
    /// In one line.
    pub detail: String,
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

impl StepRow {
    /// As far as it tells whether something is open in a review.
    pub fn end(&self) -> StepEnd<'_> {
        StepEnd { label: &self.label, state: &self.state, detail: &self.detail }
    }
}

impl Store {
    /// The steps of a sprint, in their order.
    pub fn steps(&self, sprint: &str) -> Result<Vec<StepRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT label, title, state, detail, started_at, ended_at, seconds, cost_usd, tokens, cost_estimated FROM steps WHERE sprint_id = ?1 ORDER BY position",
        )?;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        let rows = query.query_map([sprint], |row| {
            Ok(StepRow {
                label: row.get(0)?,
                title: row.get(1)?,
                state: row.get(2)?,
                detail: row.get(3)?,
                started_at: row.get(4)?,
                ended_at: row.get(5)?,
                seconds: count(row.get(6)?),
                cost_usd: row.get(7)?,
                tokens: count(row.get(8)?),
                cost_estimated: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lines of a sprint's journal behind this number, at most so many.
    pub fn journal_after(
        &self,
        sprint: &str,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT line FROM journal WHERE sprint_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let rows = query
            .query_map((sprint, i64::try_from(seq).unwrap_or(i64::MAX), limit), |row| {
                row.get::<_, String>(0)
            })?;
        let texts: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// The last lines of these kinds, oldest first.
    pub fn journal_last(
        &self,
        sprint: &str,
        kinds: &[&str],
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        let list = serde_json::to_string(kinds).unwrap_or_default();
        let mut query = self.connection.prepare_cached(
            "SELECT line FROM journal WHERE sprint_id = ?1 AND kind IN (SELECT value FROM json_each(?2)) ORDER BY seq DESC LIMIT ?3",
        )?;
        let rows = query.query_map((sprint, list, limit), |row| row.get::<_, String>(0))?;
        let texts: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(texts.iter().rev().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }
}

impl Change<'_> {
    /// Takes in a piece of a journal. Lines may come twice or out of order.
    ///
    /// The agent can write to the file, too. The runner puts back what it wrote, so of two lines of one
    /// number the later one counts, and what lies behind the end of a whole file was not the runner's.
    /// What was spent never gets less by it.
    pub fn ingest(&self, sprint: &str, piece: &JournalPiece<'_>) -> Result<Ingested, StoreError> {
        let mut ingested = Ingested::default();
        let mut stored = if piece.offset > MAX_KEPT { self.stored(sprint)? } else { 0 };
        let texts: Vec<String> = piece
            .lines
            .iter()
            .map(|line| serde_json::to_string(line).unwrap_or_default())
            .collect();
        let mut at =
            piece.offset.saturating_sub(texts.iter().map(|text| text.len() as u64 + 1).sum());
        for (line, text) in piece.lines.iter().zip(texts) {
            at = at.saturating_add(text.len() as u64 + 1);
            if !is_kept(line, &text, at) {
                continue;
            }
            if at > MAX_KEPT {
                stored += text.len() as u64;
                if stored > MAX_STORED {
                    continue;
                }
            }
            let seq = i64::try_from(line.seq).unwrap_or(i64::MAX);
            let new = self
                .transaction
                .prepare_cached("INSERT OR IGNORE INTO journal (sprint_id, seq, incarnation, time, kind, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute((sprint, seq, line.incarnation, clock::stamp(line.time), line.kind(), &text))?;
            if new == 0 {
                let known: String = self.transaction.query_row(
                    "SELECT line FROM journal WHERE sprint_id = ?1 AND seq = ?2",
                    (sprint, seq),
                    |row| row.get(0),
                )?;
                if known == text {
                    continue;
                }
                ingested.contradictions += 1;
                self.transaction
                    .prepare_cached("UPDATE journal SET incarnation = ?3, time = ?4, kind = ?5, line = ?6 WHERE sprint_id = ?1 AND seq = ?2")?
                    .execute((sprint, seq, line.incarnation, clock::stamp(line.time), line.kind(), &text))?;
            }
            ingested.new_lines += 1;
            self.follow(sprint, line)?;
        }
        if piece.whole
            && let Some(end) = piece.lines.iter().map(|line| line.seq).max()
        {
            ingested.contradictions += self
                .transaction
                .prepare_cached("DELETE FROM journal WHERE sprint_id = ?1 AND seq > ?2")?
                .execute((sprint, i64::try_from(end).unwrap_or(i64::MAX)))?;
        }
        let altered = piece.altered || ingested.contradictions > 0;
        self.transaction
            .prepare_cached("UPDATE sprints SET journal_offset = ?2, journal_prefix = ?3, journal_altered = max(journal_altered, ?4) WHERE id = ?1")?
            .execute((sprint, i64::try_from(piece.offset).unwrap_or(i64::MAX), piece.prefix, altered))?;
        if altered {
            self.event(
                Some(sprint),
                EventName::JournalAltered,
                &serde_json::json!({ "contradictions": ingested.contradictions }),
            )?;
        }
        if ingested.contradictions > 0 {
            self.sum_steps(sprint)?;
        }
        if ingested.new_lines > 0 {
            self.sum_money(sprint)?;
        }
        Ok(ingested)
    }

    /// Adds up anew what the steps of a sprint took. A line that was followed may not stand any more.
    fn sum_steps(&self, sprint: &str) -> Result<(), StoreError> {
        let told =
            "SELECT line FROM journal WHERE sprint_id = ?1 AND kind = 'step_ended' ORDER BY seq";
        let lines: Vec<String> = self
            .transaction
            .prepare_cached(told)?
            .query_map([sprint], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.transaction.execute("UPDATE steps SET seconds = 0, cost_usd = 0, tokens = 0, cost_estimated = 0 WHERE sprint_id = ?1", [sprint])?;
        for line in lines.iter().filter_map(|text| serde_json::from_str::<Line>(text).ok()) {
            if let Some(Entry::StepEnded { seconds, spent, .. }) = line.entry() {
                self.add_to_step(
                    sprint,
                    line.step.as_deref().unwrap_or_default(),
                    seconds,
                    &spent,
                )?;
            }
        }
        Ok(())
    }

    fn add_to_step(
        &self,
        sprint: &str,
        label: &str,
        seconds: u64,
        spent: &Money,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE steps SET seconds = seconds + ?3, cost_usd = cost_usd + ?4, tokens = tokens + ?5,
                    cost_estimated = max(cost_estimated, ?6) WHERE sprint_id = ?1 AND label = ?2",
            )?
            .execute((
                sprint,
                label,
                i64::try_from(seconds.min(MAX_SECONDS)).unwrap_or(0),
                spent.sound().cost_usd,
                i64::try_from(spent.sound().tokens()).unwrap_or(0),
                spent.estimated,
            ))?;
        Ok(())
    }

    /// How many bytes of its journal are kept.
    fn stored(&self, sprint: &str) -> Result<u64, StoreError> {
        let sum: i64 = self.transaction.query_row(
            "SELECT coalesce(sum(length(line)), 0) FROM journal WHERE sprint_id = ?1",
            [sprint],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// A sprint was over at this time, which may be long before we heard of it.
    pub fn set_completed_at(&self, sprint: &str, time: jiff::Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET completed_at = ?2 WHERE id = ?1 AND completed_at IS NOT NULL",
            (sprint, clock::stamp(time)),
        )?;
        Ok(())
    }

    /// Keeps the tables of steps and sprints in step with a new line.
    fn follow(&self, sprint: &str, line: &Line) -> Result<(), StoreError> {
        let label = line.step.as_deref().unwrap_or_default();
        if !is_label(label) {
            return Ok(());
        }
        let time = clock::stamp(line.time);
        match line.entry() {
            Some(Entry::RunStarted { host, plan, .. }) => {
                for (position, (label, title)) in
                    plan.iter().filter(|(label, _)| is_label(label)).take(MAX_STEPS).enumerate()
                {
                    self.transaction
                        .prepare_cached("INSERT OR IGNORE INTO steps (sprint_id, position, label, title, state) VALUES (?1, ?2, ?3, ?4, 'waiting')")?
                        .execute((sprint, i64::try_from(position).unwrap_or(0) * 1000, label, title))?;
                }
                self.set_facts(sprint, &Facts { host: Some(&host), ..Facts::default() })?;
                self.apply(sprint, Event::Runs)?;
                self.job_began(sprint, line)?;
                if line.incarnation == 1 {
                    // Not when we heard of it, but when it was.
                    self.transaction.execute(
                        "UPDATE sprints SET started_at = ?2 WHERE id = ?1",
                        (sprint, &time),
                    )?;
                }
            }
            Some(Entry::StepStarted { title, .. }) => {
                self.transaction
                    .prepare_cached(
                        "INSERT INTO steps (sprint_id, position, label, title, state, started_at)
                         VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM steps WHERE sprint_id = ?1 AND state <> 'waiting'), ?2, ?3, 'running', ?4)
                         ON CONFLICT DO UPDATE SET state = 'running', title = ?3, started_at = coalesce(started_at, ?4), ended_at = NULL, detail = ''",
                    )?
                    .execute((sprint, label, &title, &time))?;
                self.apply(sprint, Event::StepBegan(Phase(label.to_owned())))?;
            }
            Some(Entry::StepEnded { verdict, detail, seconds, spent, .. }) => {
                self.transaction
                    .prepare_cached("UPDATE steps SET state = ?3, detail = ?4, ended_at = ?5 WHERE sprint_id = ?1 AND label = ?2")?
                    .execute((sprint, label, &verdict, &detail, &time))?;
                self.add_to_step(sprint, label, seconds, &spent)?;
            }
            // It becomes an argument of a later call.
            Some(Entry::Agent { session_id, aside, .. })
                if is_label(&session_id) && !session_id.starts_with('-') =>
            {
                let has_one = self.sprint(sprint)?.is_some_and(|row| row.session_id.is_some());
                // A reviewer's own session does not know what was done: it is better than none.
                let session_id = (!aside || !has_one).then_some(session_id.as_str());
                self.set_facts(sprint, &Facts { session_id, ..Facts::default() })?;
            }
            Some(Entry::Idea { text, .. }) => {
                let idea = bounded(&text, 4000);
                if !idea.is_empty() && self.set_idea(sprint, &idea)? {
                    self.event(Some(sprint), EventName::Idea, &serde_json::json!({}))?;
                    // The idea is a task from now on, and this sprint the first attempt at it.
                    if let Some(row) = self.sprint(sprint)?.filter(|row| row.task.is_none()) {
                        // A person who has agreed to it knows what there was.
                        let agreed: bool = self.transaction.query_row(
                            "SELECT EXISTS (SELECT 1 FROM messages WHERE sprint_id = ?1 AND kind = 'approval' AND answer IS NOT NULL)",
                            [sprint],
                            |row| row.get(0),
                        )?;
                        if let Some(earlier) = self.repeated_by(&row, &idea)?.filter(|_| !agreed) {
                            self.transaction.execute(
                                "UPDATE sprints SET repeats = ?2 WHERE id = ?1",
                                (sprint, &earlier),
                            )?;
                            self.event(
                                Some(sprint),
                                EventName::IdeaRepeats,
                                &serde_json::json!({ "earlier": earlier }),
                            )?;
                            self.apply(sprint, Event::CancelAsked)?;
                            return Ok(());
                        }
                        self.make_task_of_sprint(
                            &row.study,
                            &idea,
                            row.loop_id.as_deref().unwrap_or("sprint"),
                            sprint,
                        )?;
                    }
                }
            }
            Some(Entry::Suspended { seconds }) => self.job_stood(sprint, line, seconds)?,
            Some(Entry::NoneLeft { why }) => self.event(
                Some(sprint),
                EventName::NoIdeaLeft,
                &serde_json::json!({ "why": bounded(&why, 400) }),
            )?,
            Some(Entry::Told { id }) => self.message_told(sprint, &id)?,
            Some(Entry::RunEnded(end)) => {
                self.set_facts(
                    sprint,
                    &Facts {
                        summary: end.summary.as_deref(),
                        host: Some(&end.host),
                        resets_at: end.resets_at,
                        ..Facts::default()
                    },
                )?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A runner began in the sprint's newest job. When it did so before, the job went back to the
    /// queue: what ran until the last line before this one counts as well.
    ///
    /// Which job a line belongs to follows from the order of the lines. The clocks of this machine
    /// and of the nodes are never compared: each may be wrong by any time.
    fn job_began(&self, sprint: &str, line: &Line) -> Result<(), StoreError> {
        let began = self
            .transaction
            .prepare_cached(
                "UPDATE jobs SET
                    earlier_seconds = earlier_seconds + max(0, coalesce((SELECT unixepoch(j.time) FROM journal j
                        WHERE j.sprint_id = jobs.sprint_id AND j.seq < ?2 AND j.seq > jobs.journal_from ORDER BY j.seq DESC LIMIT 1)
                        - unixepoch(started_at), 0)),
                    started_at = ?3
                 WHERE sprint_id = ?1 AND attempt = (SELECT attempt FROM sprints WHERE id = ?1) AND journal_from < ?2
                    AND NOT EXISTS (SELECT 1 FROM journal l WHERE l.sprint_id = ?1 AND l.kind = 'run_started' AND l.seq > ?2)",
            )?
            .execute((sprint, i64::try_from(line.seq).unwrap_or(i64::MAX), clock::stamp(line.time)))?;
        if began > 0 { self.job_counts_from(sprint, self.seconds()) } else { Ok(()) }
    }

    /// The job stood still for so long: it began so much later, as it were. Grid Engine counts such
    /// time, and its job keeps what it has.
    fn job_stood(&self, sprint: &str, line: &Line, seconds: u64) -> Result<(), StoreError> {
        let seconds = i64::try_from(seconds.min(MAX_SECONDS)).unwrap_or(0);
        let moved = self
            .transaction
            .prepare_cached(
                "UPDATE jobs SET started_at = max(started_at, min(?3, strftime('%Y-%m-%dT%H:%M:%fZ', started_at, ?4 || ' seconds')))
                 WHERE sprint_id = ?1 AND attempt = (SELECT attempt FROM sprints WHERE id = ?1 AND scheduler <> 'sge') AND journal_from < ?2
                    AND started_at IS NOT NULL",
            )?
            .execute((sprint, i64::try_from(line.seq).unwrap_or(i64::MAX), clock::stamp(line.time), seconds))?;
        match self.counts_from(sprint)? {
            Some(from) if moved > 0 => {
                self.job_counts_from(sprint, (from + seconds).min(self.seconds()))
            }
            _ => Ok(()),
        }
    }

    /// From when on the newest job counts, by the clock of this machine, in seconds since 1970.
    fn job_counts_from(&self, sprint: &str, from: i64) -> Result<(), StoreError> {
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

    fn counts_from(&self, sprint: &str) -> Result<Option<i64>, StoreError> {
        let mut query = self.transaction.prepare_cached(
            "SELECT json_extract(data, '$.from') FROM events WHERE sprint_id = ?1 AND kind = 'job_counts'
                AND json_extract(data, '$.attempt') = (SELECT attempt FROM sprints WHERE id = ?1) ORDER BY id DESC LIMIT 1",
        )?;
        Ok(query.query_row([sprint], |row| row.get(0)).optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::journal::parse;
    use crate::domain::SprintId;
    use crate::store::NewSprint;

    fn line(seq: u64, kind: &str, more: &str) -> Line {
        let text = format!(
            r#"{{"v":1,"seq":{seq},"time":"2026-01-02T03:04:05Z","incarnation":1,"kind":"{kind}"{more}}}"#
        );
        parse(text.as_bytes()).0.remove(0)
    }

    #[test]
    fn of_a_talkative_journal_what_decides_is_kept() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let id = SprintId::new("sp-000001").expect("an id");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        let mut seq = 0;
        let mut kept = |offset: u64, kind: &str, text: usize| {
            seq += 1;
            let lines = [line(seq, kind, &format!(r#","text":"{}""#, "x".repeat(text)))];
            change
                .ingest(
                    id.as_str(),
                    &JournalPiece {
                        lines: &lines,
                        offset,
                        prefix: "x",
                        altered: false,
                        whole: false,
                    },
                )
                .expect("taken in")
                .new_lines
                == 1
        };
        for (offset, kind, is_kept) in [
            (1 << 20, "said", true),
            (1 << 20, "a_new_kind", true),
            (9 << 20, "said", false),
            (9 << 20, "tool", false),
            (9 << 20, "a_new_kind", false),
            (9 << 20, "cost", true),
            (33 << 20, "cost", false),
            (200 << 20, "step_ended", true),
            (200 << 20, "run_ended", true),
        ] {
            assert_eq!(kept(offset, kind, 10), is_kept, "{kind} at {offset}");
        }
        assert!(!kept(1 << 20, "said", 100_000), "one that is too long");
        // However much of it there is, the database has an end.
        let many = (0..100).filter(|_| kept(200 << 20, "step_started", 1 << 20)).count();
        assert!((60..65).contains(&many), "{many} MiB");
    }

    #[test]
    fn the_session_of_a_sprint_is_the_one_that_the_run_goes_on_with() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let id = SprintId::new("sp-000001").expect("an id");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        let known = |seq: u64, session: &str, more: &str| {
            let lines = [line(
                seq,
                "agent",
                &format!(r#","session_id":"{session}","model":"m","version":"1"{more}"#),
            )];
            change
                .ingest(
                    id.as_str(),
                    &JournalPiece {
                        lines: &lines,
                        offset: seq,
                        prefix: "x",
                        altered: false,
                        whole: false,
                    },
                )
                .expect("taken in");
            change
                .sprint(id.as_str())
                .expect("read")
                .and_then(|row| row.session_id)
                .unwrap_or_default()
        };
        assert_eq!(known(1, "own-1", r#","aside":true"#), "own-1", "better than none");
        assert_eq!(known(2, "shared", ""), "shared");
        assert_eq!(known(3, "own-2", r#","aside":true"#), "shared");
        assert_eq!(known(4, "anew", ""), "anew");
    }

    #[test]
    fn a_time_at_the_end_of_all_times_is_a_time() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let id = SprintId::new("sp-000001").expect("an id");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        for time in ["9999-12-30T21:59:59.9Z", "-009999-01-02T01:59:59Z"] {
            let more = r#","job_id":"7","host":"n","version":"0","pipeline":"p","plan":[],"seconds":18446744073709551615"#;
            let mut line = line(1, "run_started", more);
            line.time = time.parse().expect("a time");
            assert!(matches!(line.entry(), Some(Entry::RunStarted { .. })));
            change
                .ingest(
                    id.as_str(),
                    &JournalPiece {
                        lines: &[line],
                        offset: 1,
                        prefix: "x",
                        altered: false,
                        whole: false,
                    },
                )
                .expect("taken in");
        }
    }
}
