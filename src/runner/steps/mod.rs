//! The kinds of steps: runs one to its end, and writes down how it ended.

mod evaluate;
mod idea;
mod lacks;
mod plan;
mod prompt;
mod review;
mod shell;

use std::io;
use std::path::Path;

use serde_json::Value;

use super::mailbox::Asks;
use super::run_failure::{self, RunFailure};
use super::step::{Judged, StepContext, StepOutcome};
use super::supervisor::Stopped;
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::journal::Entry;
use crate::bundle::review::CriticalIssue;
use crate::domain::open_issues::quotes;
use crate::domain::written::Node;
use crate::domain::{Advice, Reason};
use crate::pipeline::{self, Action, Evaluator, Outcome, Verdict};
use crate::platform::clock;

/// A review longer than this is judged by its end.
const MAX_REVIEW: u64 = 10 << 20;

/// Runs the step to its end.
pub fn run(context: &mut StepContext<'_>) -> io::Result<StepOutcome> {
    let step = context.step;
    let started = clock::instant();
    let kills_before = run_failure::memory_kills();
    context.journal.step = Some((step.label.clone(), step.visit));
    context
        .journal
        .write(&Entry::StepStarted { title: step.title.clone(), resumed: context.resumed })?;
    let end = match &step.action {
        Action::Prompt(text) => prompt::run(context, text)?,
        Action::Skill(skill) => prompt::run_skill(context, skill)?,
        Action::Shell(text) | Action::Verify(text) => shell::run(context, text)?,
        Action::Idea(skill) => idea::run(context, skill)?,
        Action::Plan(skill) => plan::run(context, skill)?,
        Action::Evaluate(text) => evaluate::run(context, text)?,
        Action::Review(skill) => review::run(context, skill)?,
    };
    let end = with_cause(context, end, kills_before)?;
    let (verdict, detail) = match &end {
        StepOutcome::Stopped(why) => ("interrupted", stopped_text(*why)),
        StepOutcome::Parked(_) => ("interrupted", "waits for an answer".to_owned()),
        StepOutcome::Failed(failure) => (Verdict::Error.as_str(), failure.detail.clone()),
        StepOutcome::Judged(judged) => (judged.verdict.as_str(), judged.note.clone()),
    };
    let (critical, issues, critical_issues) = match &end {
        StepOutcome::Judged(judged) => {
            (judged.critical, judged.issues.clone(), judged.critical_issues.clone())
        }
        _ => Default::default(),
    };
    context.journal.write(&Entry::StepEnded {
        verdict: verdict.to_owned(),
        detail,
        critical,
        issues,
        critical_issues,
        seconds: clock::since(started).as_secs(),
        spent: context.spent,
    })?;
    context.journal.step = None;
    Ok(end)
}

/// Looks for the cause of a failure: what a failing step says of itself is often a consequence.
fn with_cause(
    context: &mut StepContext<'_>,
    mut end: StepOutcome,
    kills_before: u64,
) -> io::Result<StepOutcome> {
    const KILLED: &str = "because the job used more memory than it had asked for";
    if let StepOutcome::Failed(failure) = &mut end {
        let is_vague = matches!(
            failure.reason,
            Reason::StepFailed | Reason::MissingOutput | Reason::ToolsRefused
        ) || failure.advice == Advice::SeeWhoEndedIt;
        let killed = run_failure::memory_kills() > kills_before;
        if is_vague && run_failure::is_disk_full(&context.job.paths.dir) {
            context.journal.note_full_disk();
        } else if is_vague && killed && failure.reason != Reason::ToolsRefused {
            *failure = RunFailure::new(
                Reason::OutOfMemory,
                format!("the kernel killed a process of {} {KILLED}", context.step.title),
                Advice::MoreMemory,
            );
        } else if !is_vague && killed {
            let text = format!("the kernel killed a process {KILLED}");
            context.journal.write(&Entry::Note { text })?;
        }
    }
    if context.journal.disk_was_full()
        && !matches!(end, StepOutcome::Stopped(Stopped::Signal(_)) | StepOutcome::Parked(_))
    {
        // Nothing of the step runs any more, and nothing comes after it: what is left of the disk is
        // for the end.
        context.journal.make_room();
        end = StepOutcome::Stopped(Stopped::DiskFull);
    }
    Ok(end)
}

fn stopped_text(why: Stopped) -> String {
    match why {
        Stopped::Signal(name) => format!("the job was asked to stop (signal {name})"),
        Stopped::Deadline => "the time limit was reached".to_owned(),
        Stopped::Lingered => "the agent did not end after its result".to_owned(),
        Stopped::DiskFull => "the disk was full".to_owned(),
        Stopped::Silent => "nothing was heard of the agent".to_owned(),
    }
}

/// The end of a step whose call has failed. What the agent had asked before that is still asked.
fn over(context: &mut StepContext<'_>, end: StepOutcome) -> io::Result<StepOutcome> {
    let may_ask = matches!(
        end,
        StepOutcome::Judged(_)
            | StepOutcome::Failed(_)
            | StepOutcome::Stopped(Stopped::Deadline | Stopped::DiskFull)
    );
    if may_ask
        && let Asks::Parked(questions) =
            context.mailbox.questions(context.journal, context.progress)?
    {
        return Ok(StepOutcome::Parked(questions));
    }
    Ok(end)
}

/// Judges a step by how it ended, by the file that its evaluator reads, and by the structured answer of a
/// review.
fn judge(
    context: &StepContext<'_>,
    outcome: Outcome,
    answer: Option<Vec<CriticalIssue>>,
) -> Judged {
    let evaluator = &context.step.evaluator;
    let file = match evaluator {
        Evaluator::ReviewClear { file } => Folder::open(&context.job.paths.work)
            .and_then(|folder| folder.tail(file, MAX_REVIEW))
            .ok(),
        Evaluator::Completed | Evaluator::ExitCode => None,
    };
    let lines: Option<Vec<String>> =
        answer.as_ref().map(|issues| issues.iter().map(CriticalIssue::line).collect());
    let judgement = pipeline::judge(evaluator, outcome, file.as_deref(), lines.as_deref());
    let is_review = matches!(evaluator, Evaluator::ReviewClear { .. });
    let critical = match (judgement.verdict, u32::try_from(judgement.issues.len())) {
        (Verdict::Yes, _) if is_review => Some(0),
        (Verdict::No, Ok(count)) if is_review && count > 0 && judgement.note.is_none() => {
            Some(count)
        }
        _ => None,
    };
    let note = match (judgement.note, critical) {
        (Some(note), _) => note.to_owned(),
        (None, None) => String::new(),
        (None, Some(0)) => "no critical issues".to_owned(),
        (None, Some(1)) => "1 critical issue".to_owned(),
        (None, Some(count)) => format!("{count} critical issues"),
    };
    Judged {
        verdict: judgement.verdict,
        note,
        critical,
        issues: quotes(&judgement.issues),
        critical_issues: answer.unwrap_or_default(),
    }
}

/// The structured answer, or else that of the file that may take its place, of at most `max` bytes. What
/// is wrong is a sentence; there is none when there is neither of the two.
fn answered<T>(
    work: &Path,
    structured: Option<&Value>,
    (file, max): (&str, u64),
    of_node: impl Fn(&Node) -> Result<T, String>,
    of_file: impl Fn(&[u8]) -> Result<T, String>,
) -> Result<T, Option<String>> {
    let refused = match structured.map(|answer| of_node(&Node::from(answer))) {
        Some(Ok(answer)) => return Ok(answer),
        Some(Err(problem)) => Some(format!("the structured answer {problem}")),
        None => None,
    };
    // One byte more than may be there, so that a longer file is seen to be one.
    match Folder::open(work).and_then(|folder| folder.read(file, max + 1)) {
        Ok(bytes) => of_file(&bytes).map_err(|problem| Some(format!("{file} {problem}"))),
        Err(Refused::Missing) => Err(refused),
        Err(odd) => Err(Some(format!("{file} {odd}"))),
    }
}
