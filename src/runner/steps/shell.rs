//! The step that is a shell text of the pipeline's file.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::time::Duration;

use super::judge;
use crate::bundle::journal::Entry;
use crate::claude::Exit;
use crate::domain::complaint;
use crate::domain::text::one_line;
use crate::domain::{Advice, Reason};
use crate::pipeline::{Outcome, Verdict};
use crate::platform::clock;
use crate::runner::run_failure::{self, RunFailure};
use crate::runner::step::{StepContext, StepOutcome};
use crate::runner::supervisor::{Activity, ERRORS_TOLD, Ended, Process, ProcessEvent, Stopped};

/// The last lines of a command that are kept in the journal, of each of its outputs.
const OUTPUT_LINES: usize = 10;
/// How long each may be, in characters.
const MAX_OUTPUT_LINE: usize = 300;
/// How long the line may be that an evaluator's figure stands in.
const MAX_LAST_LINE: usize = 4000;
/// How many of them a failure shows.
const SHOWN_LINES: usize = 3;

/// What came of a command.
pub struct Finished {
    /// The end of the step.
    pub end: StepOutcome,
    /// The last line that it printed; empty when it was stopped.
    pub last_line: String,
}

/// Runs the command.
pub fn run(context: &mut StepContext<'_>, text: &str) -> io::Result<StepOutcome> {
    Ok(finish(context, text)?.end)
}

/// Runs the command, and keeps the last line that it prints.
pub fn finish(context: &mut StepContext<'_>, text: &str) -> io::Result<Finished> {
    let mut last: VecDeque<String> = VecDeque::new();
    let ended = start(context, text, &mut last)?;
    if ended.stopped == Some(Stopped::DiskFull) {
        context.journal.note_full_disk();
    }
    context.supervisor.clear_up(context.journal)?;
    if let Some(why) = ended.stopped {
        let end = match why {
            Stopped::Deadline if !context.job.time.is_over() => {
                StepOutcome::Failed(run_failure::too_slow(context.step))
            }
            why => StepOutcome::Stopped(why),
        };
        return Ok(Finished { end, last_line: String::new() });
    }
    let end = tell_output(context, &ended, &last)?;
    let title = &context.step.title;
    let failed = |how: String| {
        RunFailure::new(Reason::StepFailed, format!("{title} {how}: {end}"), Advice::SeeStep)
    };
    let (outcome, failure) = match ended.exit {
        Exit::Code(code) => (Outcome::Exit(code), failed(format!("exited with {code}"))),
        Exit::Signal(signal) => (Outcome::Failed, failed(format!("was ended by signal {signal}"))),
    };
    let judged = judge(context, outcome, None);
    let end = if judged.verdict == Verdict::Error {
        StepOutcome::Failed(failure)
    } else {
        StepOutcome::Judged(judged)
    };
    Ok(Finished { end, last_line: last.pop_back().unwrap_or_default() })
}

/// Runs the command to its end, and keeps the last lines that it prints.
fn start(
    context: &mut StepContext<'_>,
    text: &str,
    last: &mut VecDeque<String>,
) -> io::Result<Ended> {
    let (job, step) = (context.job, context.step);
    let steps = job.paths.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    let name = format!("{}.{}", step.label, context.journal.incarnation());
    let mut environment = job.environment.clone();
    environment.extend(step.environment.iter().cloned());
    let process = Process {
        words: &["bash".to_owned(), "-c".to_owned(), text.to_owned()],
        environment: &environment,
        dir: &job.paths.work,
        input: File::open("/dev/null")?,
        stream: &steps.join(format!("{name}.log")),
        errors: &steps.join(format!("{name}.err")),
        deadline: step
            .timeout_seconds
            .and_then(|seconds| clock::instant().checked_add(Duration::from_secs(seconds))),
    };
    let journal = &mut *context.journal;
    context.supervisor.run(process, |event| {
        match event {
            ProcessEvent::Line(line) => {
                let text = String::from_utf8_lossy(line);
                let text = journal.masker.text(&text);
                if !text.trim().is_empty() {
                    last.push_back(one_line(&text, MAX_LAST_LINE));
                    if last.len() > OUTPUT_LINES {
                        last.pop_front();
                    }
                }
            }
            // What cannot be noted is no reason to end a command.
            ProcessEvent::Warning(text) => drop(journal.write(&Entry::Note { text })),
            ProcessEvent::News(entry) => drop(journal.write(&entry)),
            ProcessEvent::Idle => drop(journal.tell_standstill()),
        }
        Activity::Working
    })
}

/// Notes the last lines of both outputs, and returns those that tell what is wrong.
fn tell_output(
    context: &mut StepContext<'_>,
    ended: &Ended,
    last: &VecDeque<String>,
) -> io::Result<String> {
    let errors = context.journal.masker.tail(&ended.errors, ERRORS_TOLD - 100);
    let mut error_lines: Vec<String> = errors
        .lines()
        .map(|line| one_line(line, MAX_OUTPUT_LINE))
        .filter(|line| !line.is_empty())
        .collect();
    error_lines.drain(..error_lines.len().saturating_sub(OUTPUT_LINES));
    let output: Vec<String> = last.iter().map(|line| one_line(line, MAX_OUTPUT_LINE)).collect();
    for text in output.iter().chain(&error_lines) {
        context.journal.write(&Entry::Note { text: format!("| {text}") })?;
    }
    // Programs tell what is wrong near the end, on either of the two.
    let lines = if error_lines.is_empty() { &output } else { &error_lines };
    let telling = one_line(&complaint::telling(&errors), MAX_OUTPUT_LINE);
    let mut end: Vec<&str> =
        lines.iter().rev().take(SHOWN_LINES).rev().map(String::as_str).collect();
    if !telling.is_empty() && !end.contains(&telling.as_str()) {
        end.drain(..end.len().saturating_sub(SHOWN_LINES - 1));
        end.insert(0, &telling);
    }
    Ok(if end.is_empty() { "it printed nothing".to_owned() } else { end.join(" | ") })
}
