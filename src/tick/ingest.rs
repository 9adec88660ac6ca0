//! Takes in what a cluster told of one sprint, and decides whether the sprint is over.

use super::gather::Gathered;
use crate::bundle::formats::{self, ExitFile, Money};
use crate::bundle::journal::{self, Entry, Reached, RunEnd, RunOutcome};
use crate::bundle::reduce::MAX_DETAIL;
use crate::bundle::transfer::SprintFiles;
use crate::domain::finding::{Finding as Found, MAX_FIGURES};
use crate::domain::settle::{Evidence, Finding, RunnerEnd, ScriptEnd, judge};
use crate::domain::text::number_of;
use crate::domain::text::one_line;
use crate::domain::transition::Event;
use crate::domain::{
    Advice, Ending, JobId, JobState, Metric, Reason, SchedulerKind, Seen, Source, SprintId, State,
    Status, task, text,
};
use crate::store::{Change, JournalPiece, SprintRow, StoreError, job_name};

/// What is to be asked further before a sprint can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// Nothing.
    Whole,
    /// What its calls have cost that have not told it. Nothing of its end is settled before.
    NeedsUntold,
}

/// Takes it in. It may be taken in twice.
pub fn ingest(
    change: &Change<'_>,
    id: &SprintId,
    gathered: &Gathered,
) -> Result<Ingested, StoreError> {
    let Some(mut row) = change.sprint(id)? else { return Ok(Ingested::Whole) };
    // A parked sprint has no job: nothing of it can change here.
    if row.state.status().is_terminal() || matches!(row.state, State::Parked { .. }) {
        return Ok(Ingested::Whole);
    }
    let files = gathered.files.get(id);
    let mut notes: Vec<String> = Vec::new();
    let mut new_lines = 0;
    if let Some(files) = files {
        let from_start = files.altered || row.journal_offset == 0;
        let reached = if from_start { Reached::default() } else { change.reached(id)? };
        let (lines, skipped) = journal::take(&files.journal, reached, &gathered.masker);
        if skipped > 0 {
            notes.push(format!("{} of the journal could not be read", number_of(skipped, "line")));
        }
        let known = files.known();
        let moved = files.offset != row.journal_offset || known != row.journal_prefix;
        if moved || files.altered {
            let whole = from_start;
            let piece = JournalPiece {
                lines: &lines,
                offset: files.offset,
                prefix: &known,
                altered: files.altered,
                whole,
            };
            new_lines = change.ingest(id, &piece)?.new_lines;
            // What the journal told may have changed the state.
            let Some(told) = change.sprint(id)? else { return Ok(Ingested::Whole) };
            row = told;
        }
        notes.extend(files.problems.iter().cloned());
    }
    if let Some(earlier) = &row.repeats {
        notes.push(format!("its idea repeats that of {earlier}: the job is ended"));
    }
    if row.journal_altered {
        notes.push(
            "the journal was altered by something else than the runner: its figures count as the agent's, and of two costs the larger".to_owned(),
        );
    }
    let claim = of_claim(&row, gathered);
    let of_known = row.state.live_job().and_then(|job| gathered.jobs.as_ref()?.get(job));
    let is_there =
        matches!(of_known, Some(Seen::State(state)) if !matches!(state, JobState::Ended(_)));
    let unclear;
    let (mut row, seen) = match &claim {
        // What the scheduler says of the job that it gave us goes before what stands in a file.
        _ if is_there || of_known.is_none() => (row, of_known),
        // The known one has found the claim taken, and ended at once.
        Claim::Another(job) | Claim::Unknown(job)
            if (matches!(claim, Claim::Another(_)) || matches!(of_known, Some(Seen::State(_))))
                && !has_begun(change, &row, gathered)? =>
        {
            change.adopt(id, job)?;
            let Some(row) = change.sprint(id)? else { return Ok(Ingested::Whole) };
            // It is asked for in the next poll.
            (row, None)
        }
        Claim::Another(job) => {
            unclear =
                Seen::Accounted(format!("job {job}, which has its name, is still in the queue"));
            (row, Some(&unclear))
        }
        Claim::Ours | Claim::Unknown(_) => (row, of_known),
    };
    let is_contested = !matches!(claim, Claim::Ours);
    match seen {
        Some(Seen::State(state)) => {
            let (words, ended) = words(state);
            change.job_words(id, row.attempt, &words, ended)?;
            // A job that goes on after all has used more than that.
            let used =
                row.state.live_job().and_then(|job| gathered.used.get(job)).filter(|_| ended);
            change.job_used(id, row.attempt, used)?;
            match state {
                JobState::Running | JobState::Suspended => {
                    change.job_runs(id, row.attempt)?;
                    row = in_state(row, change.apply(id, Event::Runs)?);
                }
                JobState::Ending => change.job_runs(id, row.attempt)?,
                // The scheduler was asked first: a job that has told something since runs.
                // Or it has told that its run was over: it was put back into the queue.
                JobState::Waiting(_) | JobState::Held(_) | JobState::Stuck(_)
                    if new_lines == 0
                        || change.last_mark(id)?.is_some_and(|line| line.is_run_end()) =>
                {
                    row = in_state(row, change.apply(id, Event::Queued)?);
                }
                _ => {}
            }
            if let JobState::Stuck(why) = state {
                change.tell_of_stuck(&row, why)?;
            }
            if matches!(
                state,
                JobState::Held(_)
                    | JobState::Stuck(_)
                    | JobState::NeverStarts(_)
                    | JobState::Waiting(_)
            ) && !matches!(state, JobState::Waiting(why) if why.is_empty())
            {
                notes.push(words);
            }
        }
        Some(Seen::Accounted(why) | Seen::Unclear(why)) => {
            notes.push(text::line(&format!("the state of the job is unknown: {why}")))
        }
        Some(Seen::Absent) | None => {}
    }
    let ingested = settle(change, &row, gathered, seen, is_contested, new_lines > 0, &mut notes)?;
    change.set_note(id, &notes.join("; "))?;
    Ok(ingested)
}

/// Which job holds the sprint, by a file that the agent can write to. A submission whose answer was lost
/// can leave two jobs, of which the second one ends at once.
enum Claim {
    /// The one that is known, or none yet.
    Ours,
    /// Another one, which the queue lists by our name.
    Another(JobId),
    /// Another one, of which the queue says nothing.
    Unknown(JobId),
}

fn of_claim(row: &SprintRow, gathered: &Gathered) -> Claim {
    let holder = gathered
        .files
        .get(&row.id)
        .and_then(|files| files.claimed_by.as_deref())
        .and_then(JobId::parse);
    let (Some(holder), Some(known)) = (holder, row.state.live_job()) else { return Claim::Ours };
    // A job without a scheduler is known by its process.
    if row.scheduler == SchedulerKind::Local || holder.number() == known.number() {
        return Claim::Ours;
    }
    let name = job_name(&row.id, row.attempt);
    match gathered
        .strays
        .iter()
        .find(|stray| stray.id.number() == holder.number() && stray.name == name)
    {
        Some(stray) => Claim::Another(stray.id.clone()),
        None => Claim::Unknown(holder),
    }
}

/// A job that finds its claim taken takes no longer than this, in seconds.
const LONGEST_TWIN: u64 = 10;

/// Whether the known job is the one that began, by what the scheduler has told of it.
fn has_begun(
    change: &Change<'_>,
    row: &SprintRow,
    gathered: &Gathered,
) -> Result<bool, StoreError> {
    match row.state.live_job().and_then(|job| gathered.used.get(job)) {
        Some(used) => Ok(used.seconds > LONGEST_TWIN),
        None => change.job_ran(&row.id, row.attempt),
    }
}

/// What a scheduler says of a job, and whether the job is over.
fn words(state: &JobState) -> (String, bool) {
    let (words, ended) = match state {
        JobState::Waiting(why) if why.is_empty() => ("waits in the queue".to_owned(), false),
        JobState::Waiting(why) => (format!("waits in the queue: {why}"), false),
        JobState::Held(why) => (format!("held in the queue: {why}"), false),
        JobState::Stuck(why) => (format!("cannot start as things are: {why}"), false),
        JobState::NeverStarts(why) => (format!("never starts: {why}"), false),
        JobState::Running => ("runs".to_owned(), false),
        JobState::Suspended => ("suspended".to_owned(), false),
        JobState::Ending => ("is ending".to_owned(), false),
        JobState::Ended(end) => (end.words.clone(), true),
        JobState::Other(word) => (format!("unknown word: {word}"), false),
    };
    (text::line(&words), ended)
}

/// The row in the state that an event has brought it to, if it has: then nothing was missed since.
fn in_state(row: SprintRow, state: Option<State>) -> SprintRow {
    match state {
        Some(state) => SprintRow {
            state,
            missing_polls: 0,
            missing_since: None,
            unclear_polls: 0,
            unclear_since: None,
            ..row
        },
        None => row,
    }
}

/// How long the name of a signal may be, in characters.
const MAX_SIGNAL: usize = 40;

fn settle(
    change: &Change<'_>,
    row: &SprintRow,
    gathered: &Gathered,
    seen: Option<&Seen>,
    is_contested: bool,
    new_lines: bool,
    notes: &mut Vec<String>,
) -> Result<Ingested, StoreError> {
    let id = &row.id;
    let files = gathered.files.get(id);
    let mark = change.last_mark(id)?;
    let runner_started = mark.is_some();
    let end_seq = mark.as_ref().map_or(0, |line| line.seq);
    let ended_in = mark.as_ref().map(|line| line.incarnation);
    let ended_at = mark.as_ref().filter(|line| line.is_run_end()).map(|line| line.time);
    let run_end = mark.and_then(|line| match line.entry() {
        Some(Entry::RunEnded(end)) => Some(*end),
        _ => None,
    });
    let runner = run_end.as_ref().map(|end| RunnerEnd {
        completed: end.outcome() == Some(RunOutcome::Completed),
        parked: end.outcome() == Some(RunOutcome::Parked) && !end.questions.is_empty(),
        reason: end.reason.as_deref().map(|word| Reason::parse(word).unwrap_or(Reason::StepFailed)),
        signal: end.signal.as_deref().map(|name| one_line(name, MAX_SIGNAL)),
        detail: with_reset_time(
            text::paragraph(&end.detail, MAX_DETAIL),
            task::believed_reset(end.resets_at, change.now().as_second()),
        ),
        advice: Advice::parse(&end.hint),
        processes_left: end.processes_left,
    });
    let script = files.and_then(|files| files.exit.as_deref()).and_then(|text| {
        match formats::read::<ExitFile>("exit.json", text.as_bytes()) {
            // Of an earlier job of the sprint it says nothing about this one.
            Ok(exit) if row.state.live_job().is_none_or(|job| is_of(&exit, job, row.scheduler)) => {
                Some(ScriptEnd {
                    reason: exit.reason,
                    status: exit.status,
                    processes_left: exit.processes_left,
                })
            }
            Ok(_) => None,
            Err(error) => {
                notes.push(error.to_string());
                None
            }
        }
    });
    let is_complete = runner.as_ref().is_some_and(|runner| runner.completed);
    let missing_ends =
        if is_complete { change.steps_without_end(id, end_seq)? } else { Vec::new() };
    let at_work = change.job_ran(id, row.attempt)?
        || row
            .state
            .live_job()
            .and_then(|job| gathered.used.get(job))
            .is_some_and(|used| used.seconds > 0);
    let evidence = Evidence {
        sprint: id,
        scheduler: row.scheduler,
        cancel_asked: row.cancel_asked_at.is_some(),
        runner_started,
        host: row.host.as_deref(),
        step: row.state.phase(),
        runner: runner.as_ref(),
        missing_ends: &missing_ends,
        script: script.as_ref(),
        seen,
        // One witness may be wrong.
        is_contested: is_contested || gathered.is_doubtful,
        files_read: files.is_some_and(|files| files.readable && !files.more),
        claimed: files.is_some_and(|files| files.claimed),
        at_work,
        new_lines,
        quiet_seconds: files.and_then(|files| files.quiet_seconds),
        empty_polls: row.missing_polls,
        empty_seconds: row
            .missing_since
            .zip(gathered.time)
            .map_or(0, |(since, time)| time.saturating_sub(since)),
        unclear_seconds: row
            .unclear_since
            .zip(gathered.time)
            .map_or(0, |(since, time)| time.saturating_sub(since)),
    };
    let finding = judge(&evidence);
    if runner.is_some()
        && matches!(finding, Finding::Alive | Finding::Wait | Finding::Empty | Finding::Unclear)
    {
        notes.push("finishing: the end of the run is recorded, and the scheduler has not yet said that the job is gone".to_owned());
    }
    match finding {
        Finding::Alive => change.count_missing(id, None)?,
        Finding::Wait => {}
        // Without a clock it does not count.
        Finding::Empty => {
            gathered.time.map_or(Ok(()), |time| change.count_missing(id, Some(time)))?
        }
        Finding::Unclear => {
            if matches!(seen, Some(Seen::Accounted(_))) {
                change.set_missing(id, 0, None)?;
            }
            gathered.time.map_or(Ok(()), |time| change.count_unclear(id, time))?;
        }
        Finding::Parked | Finding::Over(_) => {
            match untold(change, row, files, runner_started, at_work, run_end.is_some())? {
                Untold::Nothing => {}
                Untold::Ask => return Ok(Ingested::NeedsUntold),
                Untold::Known(money) => change.set_untold(id, Some(&money))?,
                Untold::Unknown => {
                    change.set_untold(id, None)?;
                    let why = files
                        .and_then(|files| files.problems.first())
                        .map_or("its files could not be read", String::as_str);
                    let counts = match row.budget_usd {
                        Some(budget) => {
                            format!("the rest of its budget of ${budget:.2} counts as spent")
                        }
                        None => "no budget bounds it, so nothing more counts".to_owned(),
                    };
                    change.set_cost_unknown(id, &format!("{why}; {counts}"))?;
                }
            }
            let Finding::Over(mut ending) = finding else {
                change.park(row, &run_end.map(|end| end.questions).unwrap_or_default())?;
                return Ok(Ingested::Whole);
            };
            // Nothing went wrong: there is nothing to do.
            if let Some(why) = change.none_left(id)?.filter(|_| ending.status != Status::Completed)
            {
                ending = Ending::cancelled(format!("its job has no idea left to try: {why}"));
            }
            if let Some(earlier) =
                row.repeats.as_deref().filter(|_| ending.status == Status::Cancelled)
            {
                let also = if ending.detail.is_empty() {
                    String::new()
                } else {
                    format!("; {}", ending.detail)
                };
                ending.detail = format!("its idea repeats that of {earlier}{also}");
            }
            // Before the end: with it, the sprint's task looks for the verdict.
            if ending.status == Status::Completed
                && let Some(end) = &run_end
            {
                outcome(
                    change,
                    row,
                    end,
                    ended_in.filter(|_| !is_contested && !row.journal_altered),
                )?;
            }
            change.apply(id, Event::Over(ending))?;
            if let Some(time) = ended_at.filter(|_| !row.journal_altered) {
                change.set_completed_at(id, time)?;
            }
        }
    }
    Ok(Ingested::Whole)
}

/// How long a summary may be, in characters.
const MAX_SUMMARY: usize = 4000;
/// How many sentences are kept of what could not be used, and how long each may be.
const MAX_UNUSABLE: (usize, usize) = (20, 300);

/// Keeps what came out of a run. What a journal says may be anything.
///
/// A figure is the evaluator's when the run that ended has measured it: `incarnation`. None where the
/// journal cannot be believed that far.
fn outcome(
    change: &Change<'_>,
    row: &SprintRow,
    end: &RunEnd,
    incarnation: Option<u32>,
) -> Result<(), StoreError> {
    let id = &row.id;
    let summary = end.summary.as_deref().map(|text| text::paragraph(text, MAX_SUMMARY));
    if let Some(summary) = summary.filter(|text| !text.is_empty()) {
        change.set_summary(id, &summary)?;
    }
    if let Some(found) = end.finding.clone().map(Found::sound) {
        change.put_finding(id, &row.study, &found)?;
    }
    let unusable: Vec<String> = end
        .unusable
        .iter()
        .map(|text| one_line(text, MAX_UNUSABLE.1))
        .filter(|text| !text.is_empty())
        .take(MAX_UNUSABLE.0)
        .collect();
    change.put_unusable(id, &unusable)?;
    let mut figures: Vec<Metric> =
        end.metrics.iter().cloned().filter_map(Metric::sound).take(MAX_FIGURES + 1).collect();
    for figure in figures.iter_mut().filter(|figure| figure.source == Source::Evaluator) {
        let measured = incarnation
            .map(|incarnation| change.as_measured(id, figure, incarnation))
            .transpose()?
            .flatten();
        match measured {
            Some(measured) => *figure = measured,
            None => figure.source = Source::Agent,
        }
    }
    change.put_metrics(id, &figures)
}

/// What is known of calls that have not told what they cost.
enum Untold {
    Nothing,
    Ask,
    Known(Money),
    Unknown,
}

fn untold(
    change: &Change<'_>,
    row: &SprintRow,
    files: Option<&SprintFiles>,
    runner_started: bool,
    at_work: bool,
    is_recorded: bool,
) -> Result<Untold, StoreError> {
    let id = &row.id;
    let open = change.has_open_call(id)?;
    // A job has run, or may have, and its files are gone that would tell of it. Without the end of its run
    // nobody knows how much was not read of them.
    let is_gone = files.is_none_or(|files| {
        !files.readable
            || (files.claimed && files.claimed_by.is_none() && !files.problems.is_empty())
    });
    if is_gone
        && !is_recorded
        && (runner_started || at_work || files.is_some_and(|files| files.claimed))
    {
        return Ok(Untold::Unknown);
    }
    // A runner accounts for all of its calls before it records an end.
    if !open && (!runner_started || is_recorded) && !row.journal_altered {
        return Ok(Untold::Nothing);
    }
    Ok(match files {
        Some(SprintFiles { untold: Some(money), .. }) if !money.estimated && !open => {
            Untold::Nothing
        }
        Some(SprintFiles { untold: Some(money), .. }) => Untold::Known(*money),
        Some(files) if files.readable && !files.summed => Untold::Ask,
        // A call was begun, and what it has printed is gone.
        Some(files) if files.summed => Untold::Unknown,
        // Without a call that is known to have begun, there was none, or none that cost much.
        _ if !open && !row.journal_altered => Untold::Nothing,
        _ => Untold::Unknown,
    })
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
