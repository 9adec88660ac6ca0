//! The journals of runs as they come in. What follows from a line is decided by `bundle::reduce`.

use super::{Change, SprintRow, Store, StoreError};
use crate::bundle::journal::{self, Line};
use crate::bundle::reduce::{self, Known};
use crate::domain::effect::Effect;
use crate::domain::line_kind::Weight;
use crate::domain::transition::Event;
use crate::domain::{EventName, LineKind, LoopId, Masker, Phase, SprintId, State, Status};
use crate::platform::clock;

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
    match line.weight() {
        Weight::Needed | Weight::Frame => true,
        Weight::Decides => at <= MAX_KEPT,
        Weight::Talk => at <= MAX_TALK && text.len() <= MAX_TALK_LINE,
    }
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

/// What came of storing a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    New,
    /// It is there already.
    Known,
    /// Another one of its number was there.
    Altered,
    /// It is not kept, and what follows from it is left. Whether another one of its number was there, and is
    /// no more.
    Left {
        altered: bool,
    },
}

/// What is known while lines of a sprint are taken in.
#[derive(Debug)]
struct Taking<'a> {
    row: &'a SprintRow,
    known: Known,
    /// How many bytes of its journal are kept; as far as it matters.
    stored: u64,
}

/// A line as it is stored.
fn text_of(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

/// What came of taking in a piece.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingested {
    /// How many lines were new.
    pub new_lines: usize,
    /// How many lines contradict one that was known, or are not there any more.
    pub contradictions: usize,
}

impl Store {
    /// Lines of a sprint's journal behind this number, at most so many.
    pub fn journal_after(
        &self,
        sprint: &SprintId,
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
        sprint: &SprintId,
        kinds: &[LineKind],
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
    pub fn ingest(
        &self,
        sprint: &SprintId,
        piece: &JournalPiece<'_>,
    ) -> Result<Ingested, StoreError> {
        let mut ingested = Ingested::default();
        let Some(row) = self.sprint(sprint)? else { return Ok(ingested) };
        let mut taking = Taking {
            known: self.known_of(&row, piece.lines)?,
            stored: if piece.offset > MAX_KEPT { self.stored(sprint)? } else { 0 },
            row: &row,
        };
        let texts: Vec<String> = piece.lines.iter().map(text_of).collect();
        let mut at =
            piece.offset.saturating_sub(texts.iter().map(|text| text.len() as u64 + 1).sum());
        for (line, text) in piece.lines.iter().zip(texts) {
            at = at.saturating_add(text.len() as u64 + 1);
            let kept = self.take_line(&mut taking, line, &text, at)?;
            ingested.contradictions +=
                usize::from(matches!(kept, Kept::Altered | Kept::Left { altered: true }));
            ingested.new_lines += usize::from(matches!(kept, Kept::New | Kept::Altered));
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
            self.derive_again(&row)?;
        }
        if ingested != Ingested::default() {
            self.sum_money(sprint)?;
        }
        Ok(ingested)
    }

    /// Takes in lines that have come another way than as a piece of the file, by their numbers, in whatever
    /// order. A line that is known says nothing new; one behind a gap is left, and has to come again.
    /// Returns the number of the last line that is known by now: the cursor of whoever sends them.
    ///
    /// The file decides all the same: what it says otherwise is taken from it. What would not be kept of
    /// it, and everything behind `MAX_TALK` bytes, is taken from nowhere else.
    pub fn append_lines(
        &self,
        sprint: &SprintId,
        text: &[u8],
        masker: &Masker,
    ) -> Result<u64, StoreError> {
        let before = self.reached(sprint)?;
        let mut reached = before.seq;
        let Some(row) = self.sprint(sprint)? else { return Ok(reached) };
        // A parked sprint has no job, nor has one that is over: nothing of them can change.
        if row.state.status().is_terminal() || row.state.status() == Status::Parked {
            return Ok(reached);
        }
        let (mut lines, _) = journal::take(text, before, masker);
        lines.sort_by_key(|line| line.seq);
        let mut taking = Taking { known: self.known_of(&row, &lines)?, stored: 0, row: &row };
        // Not more than was kept lies before them.
        let mut at = self.stored(sprint)?;
        for line in lines.iter().filter(|line| line.seq > before.seq) {
            if line.seq != reached + 1 {
                continue;
            }
            let text = text_of(line);
            at += text.len() as u64 + 1;
            if at > MAX_TALK
                || matches!(self.take_line(&mut taking, line, &text, at)?, Kept::Left { .. })
            {
                break;
            }
            reached = line.seq;
        }
        if reached > before.seq {
            self.sum_money(sprint)?;
        }
        Ok(reached)
    }

    /// Takes in one line, which ends at this place of the journal: the only way in, wherever it comes from.
    fn take_line(
        &self,
        taking: &mut Taking<'_>,
        line: &Line,
        text: &str,
        at: u64,
    ) -> Result<Kept, StoreError> {
        let sprint = &taking.row.id;
        let mut is_kept = is_kept(line, text, at);
        if is_kept && at > MAX_KEPT {
            taking.stored += text.len() as u64;
            is_kept = taking.stored <= MAX_STORED;
        }
        if !is_kept {
            return Ok(Kept::Left { altered: self.drop_other(sprint, line.seq, text)? });
        }
        let kept = self.keep_line(sprint, line, text)?;
        if kept != Kept::Known {
            self.execute(taking.row, &reduce::line(&mut taking.known, line))?;
        }
        Ok(kept)
    }

    /// Stores a line, or puts it in the place of another one of its number.
    fn keep_line(&self, sprint: &SprintId, line: &Line, text: &str) -> Result<Kept, StoreError> {
        let seq = i64::try_from(line.seq).unwrap_or(i64::MAX);
        let values = (sprint, seq, line.incarnation, clock::stamp(line.time), line.kind(), text);
        let new = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO journal (sprint_id, seq, incarnation, time, kind, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(values)?;
        if new > 0 {
            return Ok(Kept::New);
        }
        let known: String = self.transaction.query_row(
            "SELECT line FROM journal WHERE sprint_id = ?1 AND seq = ?2",
            (sprint, seq),
            |row| row.get(0),
        )?;
        if known == text {
            return Ok(Kept::Known);
        }
        let values = (sprint, seq, line.incarnation, clock::stamp(line.time), line.kind(), text);
        self.transaction
            .prepare_cached("UPDATE journal SET incarnation = ?3, time = ?4, kind = ?5, line = ?6 WHERE sprint_id = ?1 AND seq = ?2")?
            .execute(values)?;
        Ok(Kept::Altered)
    }

    /// Takes away another line of this number, which is not this text. Whether there was one.
    fn drop_other(&self, sprint: &SprintId, seq: u64, text: &str) -> Result<bool, StoreError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let dropped = self
            .transaction
            .prepare_cached("DELETE FROM journal WHERE sprint_id = ?1 AND seq = ?2 AND line <> ?3")?
            .execute((sprint, seq, text))?;
        Ok(dropped > 0)
    }

    /// Makes anew what lines say of a sprint, from those that are stored: a line that was followed may not
    /// stand any more. What was done because of it stays done: a state, an idea, a task, a message.
    fn derive_again(&self, row: &SprintRow) -> Result<(), StoreError> {
        let sprint = &row.id;
        self.forget_steps(sprint)?;
        self.forget_facts(sprint)?;
        let mut phase = None;
        self.retell_job_times(sprint, || {
            phase = self.tell_again(row)?;
            Ok(())
        })?;
        match (phase, self.sprint(sprint)?.map(|row| row.state)) {
            (Some(phase), Some(State::Running { .. })) => {
                self.apply(sprint, Event::StepBegan(phase)).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Executes what the lines of a sprint say. Returns which step began last.
    fn tell_again(&self, row: &SprintRow) -> Result<Option<Phase>, StoreError> {
        let sprint = &row.id;
        let mut known = Known { has_idea: true, has_task: true, ..Known::default() };
        let mut phase = None;
        let telling: Vec<LineKind> =
            LineKind::ALL.iter().copied().filter(|kind| kind.weight() > Weight::Talk).collect();
        for line in self.lines_of(sprint, &telling)? {
            for effect in reduce::line(&mut known, &line) {
                match effect {
                    Effect::PlanSteps(_)
                    | Effect::BeginStep { .. }
                    | Effect::EndStep { .. }
                    | Effect::Facts(_)
                    | Effect::Started(_) => self.execute(row, &[effect])?,
                    Effect::BeginJob { seq, time } => drop(self.begin_job(sprint, seq, time)?),
                    Effect::SuspendJob { seq, time, seconds } => {
                        self.suspend_job(sprint, seq, time, seconds)?;
                    }
                    Effect::Apply(Event::StepBegan(began)) => phase = Some(began),
                    _ => {}
                }
            }
        }
        Ok(phase)
    }

    /// What is known of a sprint that these lines may say more of.
    fn known_of(&self, row: &SprintRow, lines: &[Line]) -> Result<Known, StoreError> {
        let mut known = Known {
            has_session: row.session_id.is_some(),
            has_idea: row.idea.is_some(),
            has_task: row.task.is_some(),
            made_by: row.loop_id.as_ref().map_or_else(|| "sprint".to_owned(), LoopId::to_string),
            ..Known::default()
        };
        let finds_one = !known.has_idea && lines.iter().any(|line| line.is_idea());
        if finds_one && !known.has_task {
            known.is_agreed = self.transaction.query_row(
                "SELECT EXISTS (SELECT 1 FROM messages WHERE sprint_id = ?1 AND kind = 'approval' AND answer IS NOT NULL)",
                [&row.id],
                |row| row.get(0),
            )?;
            known.tried = self.tried_ideas(row)?;
        }
        Ok(known)
    }

    /// How many bytes of its journal are kept.
    fn stored(&self, sprint: &SprintId) -> Result<u64, StoreError> {
        let sum: i64 = self.transaction.query_row(
            "SELECT coalesce(sum(length(line)), 0) FROM journal WHERE sprint_id = ?1",
            [sprint],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// A sprint was over at this time, which may be long before we heard of it.
    pub fn set_completed_at(
        &self,
        sprint: &SprintId,
        time: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE sprints SET completed_at = ?2 WHERE id = ?1 AND completed_at IS NOT NULL",
            (sprint, clock::stamp(time)),
        )?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
