//! Takes in what a cluster told of one sprint, and decides whether the sprint is over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::gather::Gathered;
use crate::bundle::formats::{self, ExitFile};
use crate::bundle::journal::{self, Entry};
use crate::domain::finding::{Finding as Found, MAX_FIGURES};
use crate::domain::settle::{Evidence, Finding, RunnerEnd, ScriptEnd, judge};
use crate::domain::transition::Event;
use crate::domain::{JobId, JobState, Metric, Reason, SchedulerKind, Seen, State, Status};
use crate::store::{Change, JournalPiece, StoreError};

/// Takes it in. It may be taken in twice.
pub fn ingest(change: &Change<'_>, id: &str, gathered: &Gathered) -> Result<(), StoreError> {
    let Some(row) = change.sprint(id)? else { return Ok(()) };
    // A parked sprint has no job: nothing of it can change here.
    if row.state.status().is_terminal() || matches!(row.state, State::Parked { .. }) {
        return Ok(());
    }
    let files = gathered.files.get(id);
    let mut notes: Vec<String> = Vec::new();
    let mut new_lines = 0;
    if let Some(files) = files {
        let bytes = STANDARD.decode(&files.journal).unwrap_or_default();
        let (lines, skipped) = journal::parse(&bytes);
        if skipped > 0 {
            notes.push(format!("{skipped} line(s) of the journal could not be read"));
        }
        let known = files.known();
        let moved = files.offset != row.journal_offset || known != row.journal_prefix;
        if moved || files.altered {
            new_lines = change.ingest(id, &JournalPiece { lines: &lines, offset: files.offset, prefix: &known, altered: files.altered })?.new_lines;
        }
        notes.extend(files.problems.iter().cloned());
    }
    // What the journal told may have changed the state.
    let Some(row) = change.sprint(id)? else { return Ok(()) };
    if let Some(earlier) = &row.repeats {
        notes.push(format!("its idea repeats that of {earlier}: the job is ended"));
    }
    if row.journal_altered {
        notes.push("the journal was altered after it was written: what was read first counts".to_owned());
    }
    let seen = row.state.job().and_then(|job| gathered.jobs.as_ref()?.get(job));
    match seen {
        Some(Seen::State(state)) => {
            let (words, ended) = words(state);
            change.job_words(id, row.attempt, &words, ended)?;
            // A job that goes on after all has used more than that.
            let used = row.state.job().and_then(|job| gathered.used.get(job)).filter(|_| ended);
            change.job_used(id, row.attempt, used)?;
            match state {
                JobState::Running | JobState::Suspended => {
                    change.job_runs(id, row.attempt)?;
                    change.apply(id, Event::Runs)?;
                }
                JobState::Ending => change.job_runs(id, row.attempt)?,
                // The scheduler was asked first: a job that has told something since runs.
                JobState::Waiting(_) | JobState::Held(_) if new_lines == 0 => drop(change.apply(id, Event::Queued)?),
                _ => {}
            }
            if matches!(state, JobState::Held(_) | JobState::NeverStarts(_) | JobState::Waiting(_))
                && !matches!(state, JobState::Waiting(why) if why.is_empty())
            {
                notes.push(words);
            }
        }
        Some(Seen::Unclear(why)) => notes.push(format!("the accounting gave no answer: {why}")),
        Some(Seen::Absent) | None => {}
    }
    settle(change, id, gathered, seen, new_lines > 0, &mut notes)?;
    change.set_note(id, &notes.join("; "))
}

fn words(state: &JobState) -> (String, bool) {
    match state {
        JobState::Waiting(why) if why.is_empty() => ("waits in the queue".to_owned(), false),
        JobState::Waiting(why) => (format!("waits in the queue: {why}"), false),
        JobState::Held(why) => (format!("held in the queue: {why}"), false),
        JobState::NeverStarts(why) => (format!("never starts: {why}"), false),
        JobState::Running => ("runs".to_owned(), false),
        JobState::Suspended => ("suspended".to_owned(), false),
        JobState::Ending => ("is ending".to_owned(), false),
        JobState::Ended(end) => (end.words.clone(), true),
        JobState::Other(word) => (format!("unknown word: {word}"), false),
    }
}

fn settle(
    change: &Change<'_>,
    id: &str,
    gathered: &Gathered,
    seen: Option<&Seen>,
    new_lines: bool,
    notes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let Some(row) = change.sprint(id)? else { return Ok(()) };
    let files = gathered.files.get(id);
    let mark = change.last_mark(id)?;
    let runner_started = mark.is_some();
    let ended_at = mark.as_ref().filter(|line| line.kind() == "run_ended").map(|line| line.time);
    let run_end = mark.and_then(|line| match line.entry() {
        Some(Entry::RunEnded(end)) => Some(*end),
        _ => None,
    });
    // What a journal says may be anything.
    let (found, figures) = match &run_end {
        Some(end) if end.status == "completed" => {
            (end.finding.clone().map(Found::sound), end.metrics.iter().cloned().filter_map(Metric::sound).collect())
        }
        _ => (None, Vec::new()),
    };
    let questions = run_end.as_ref().map(|end| end.questions.clone()).unwrap_or_default();
    let runner = run_end.map(|end| RunnerEnd {
        completed: end.status == "completed",
        parked: end.status == "parked" && !questions.is_empty(),
        reason: end.reason.as_deref().map(|word| Reason::parse(word).unwrap_or(Reason::StepFailed)),
        signal: end.signal,
        detail: with_reset_time(end.detail, end.resets_at),
        hint: end.hint.replace("ID", id),
        processes_left: end.processes_left,
    });
    let script = files.and_then(|files| files.exit.as_deref()).and_then(|text| match formats::read::<ExitFile>("exit.json", text.as_bytes()) {
        // Of an earlier job of the sprint it says nothing about this one.
        Ok(exit) if row.state.job().is_none_or(|job| is_of(&exit, job, row.scheduler)) => {
            Some(ScriptEnd { reason: exit.reason, status: exit.status, processes_left: exit.processes_left })
        }
        Ok(_) => None,
        Err(error) => {
            notes.push(error.to_string());
            None
        }
    });
    let evidence = Evidence {
        scheduler: row.scheduler,
        cancel_asked: row.cancel_asked_at.is_some(),
        runner_started,
        host: row.host.as_deref(),
        runner: runner.as_ref(),
        script: script.as_ref(),
        seen,
        files_read: files.is_some_and(|files| files.readable && !files.more),
        claimed: files.is_some_and(|files| files.claimed),
        at_work: change.job_ran(id, row.attempt)? || row.state.job().and_then(|job| gathered.used.get(job)).is_some_and(|used| used.seconds > 0),
        new_lines,
        empty_polls: row.missing_polls,
        empty_seconds: row.missing_since.map_or(0, |since| gathered.time.saturating_sub(since)),
    };
    match judge(&evidence) {
        Finding::Alive => change.count_missing(id, None),
        Finding::Wait => Ok(()),
        Finding::Empty => change.count_missing(id, Some(gathered.time)),
        Finding::Parked => change.park(&row, &questions),
        Finding::Over(mut ending) => {
            ending.hint = ending.hint.replace("ID", id);
            if let Some(earlier) = row.repeats.as_deref().filter(|_| ending.status == Status::Cancelled) {
                let also = if ending.detail.is_empty() { String::new() } else { format!("; {}", ending.detail) };
                ending.detail = format!("its idea repeats that of {earlier}{also}");
            }
            // Before the end: with it, the sprint's task looks for the verdict.
            if ending.status == Status::Completed {
                if let Some(found) = &found {
                    change.put_finding(id, &row.study, found)?;
                }
                change.put_metrics(id, &figures.into_iter().take(MAX_FIGURES + 1).collect::<Vec<_>>())?;
            }
            change.apply(id, Event::Over(ending))?;
            ended_at.map_or(Ok(()), |time| change.set_completed_at(id, time))
        }
    }
}

/// Whether `exit.json` was written by this job. Without a scheduler it may carry the number of a job
/// that all of this runs in.
fn is_of(exit: &ExitFile, job: &JobId, scheduler: SchedulerKind) -> bool {
    match exit.job_id.strip_prefix("local-") {
        Some(number) if scheduler == SchedulerKind::Local => number == job.number(),
        _ => scheduler == SchedulerKind::Local || exit.job_id == job.number(),
    }
}

fn with_reset_time(detail: String, resets_at: Option<i64>) -> String {
    match resets_at.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        Some(time) => format!("{detail} (resets at {time})"),
        None => detail,
    }
}
