//! Runs one step of the pipeline: calls the agent, again where that helps, and judges it.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::agent::{self, Ended, Heard, Process, Stopped};
use super::ending::{self, Failure};
use super::journal::{open_plain, replace};
use super::run::Run;
use crate::bundle::EVALUATE;
use crate::bundle::folder::Folder;
use crate::bundle::formats::Money;
use crate::bundle::journal::Entry;
use crate::bundle::outcome::{self, Measurement};
use crate::bundle::prompts::{self, Values};
use crate::claude::{self, Call, Exit, Fold, Notice, OwnLimit, Session, Verdict};
use crate::domain::finding::plain;
use crate::domain::{Metric, Reason, Source};
use crate::pipeline::{self, Action, Evaluator, Step};
use crate::platform::{clock, random};

/// Lines about tools and texts that one step may add to the journal. The stream's file
/// has all of them.
const MAX_EVENTS: u32 = 4000;
/// A review longer than this is judged by its end.
const MAX_REVIEW: u64 = 10 << 20;

/// The last lines of a command that are kept in the journal, of each of its outputs.
const OUTPUT_LINES: usize = 10;
/// How long each may be, in characters.
const MAX_OUTPUT_LINE: usize = 300;
/// How long the line may be that an evaluator's figure stands in.
const MAX_LAST_LINE: usize = 4000;
/// How many of them a failure shows.
const SHOWN_LINES: usize = 3;

/// What came of a step.
#[derive(Debug)]
pub enum Outcome {
    /// A verdict for the pipeline, and why it is not a good one.
    Verdict(&'static str, Option<Failure>),
    /// The run must end now.
    Stopped(Stopped),
}

/// What came of one call of the agent.
struct Called {
    verdict: Verdict,
    stopped: Option<Stopped>,
    spent: Money,
}

/// Runs the step to its verdict. The money that it cost is added to the run's.
pub fn run(run: &mut Run, step: &Step, resumed: bool) -> io::Result<Outcome> {
    let started = clock::instant();
    let kills_before = ending::memory_kills();
    run.journal.step = Some((step.label.clone(), step.visit));
    run.journal.write(&Entry::StepStarted { title: step.title.clone(), resumed })?;
    let mut spent = Money::default();
    run.step_note.clear();
    let (outcome, mut failure) = match &step.action {
        Action::Shell(text) => shell(run, step, text)?,
        Action::Skill(_) | Action::Prompt(_) => ask(run, step, resumed, &mut spent)?,
    };
    // What a failing step says of itself is often a consequence: look for the cause.
    if failure.is_some() {
        if run.journal.disk_was_full() || ending::is_disk_full(&run.dir) {
            failure = Some(ending::disk_full(&run.dir));
        } else if ending::memory_kills() > kills_before {
            failure = Some(Failure::new(
                Reason::OutOfMemory,
                format!("the kernel killed a process of {} because the job used more memory than it had asked for", step.title),
                "ask for more memory, for example -o mem=32G, and run `researchloop sprint resubmit ID`",
            ));
        }
    }
    if let Some(failure) = &mut failure {
        failure.hint = failure.hint.replace("--step STEP", &format!("--step {}", step.label));
    }
    let (verdict, detail) = match (&outcome, &failure) {
        (Outcome::Stopped(why), _) => ("interrupted", stopped_text(*why)),
        (Outcome::Verdict(verdict, _), Some(failure)) => (*verdict, failure.detail.clone()),
        (Outcome::Verdict(verdict, _), None) => (*verdict, std::mem::take(&mut run.step_note)),
    };
    run.journal.write(&Entry::StepEnded { verdict: verdict.to_owned(), detail, seconds: started.elapsed().as_secs(), spent })?;
    run.state.spent.add(&spent);
    run.journal.step = None;
    Ok(match outcome {
        Outcome::Verdict(verdict, _) => Outcome::Verdict(verdict, failure),
        stopped @ Outcome::Stopped(_) => stopped,
    })
}

fn stopped_text(why: Stopped) -> String {
    match why {
        Stopped::Signal(name) => format!("the job was asked to stop (signal {name})"),
        Stopped::Deadline => "the time was over".to_owned(),
        Stopped::Lingered => "the agent did not end after its result".to_owned(),
        Stopped::DiskFull => "the disk was full".to_owned(),
    }
}

/// Asks the agent, repairs a missing file once, and tries again after passing failures.
fn ask(run: &mut Run, step: &Step, resumed: bool, spent: &mut Money) -> io::Result<(Outcome, Option<Failure>)> {
    let instructions = match prompt(run, step) {
        Ok(text) => text,
        Err(problem) => {
            let hint = "correct the template in the project's templates/skills";
            return Ok((Outcome::Verdict("error", None), Some(Failure::new(Reason::StepFailed, problem, hint))));
        }
    };
    let mut text = if resumed { again(run, &instructions) } else { instructions.clone() };
    let mut own_session = step.fresh_session.then(|| (random::uuid(), false));
    let mut repaired = false;
    let mut delays = run.bundle.agent.retry_delays.clone().into_iter();
    let mut call_number = 0;
    loop {
        call_number += 1;
        let called = call(run, step, &text, &mut own_session, call_number, spent)?;
        spent.add(&called.spent);
        if let Some(why @ (Stopped::Signal(_) | Stopped::DiskFull)) = called.stopped {
            return Ok((Outcome::Stopped(why), None));
        }
        if called.stopped == Some(Stopped::Deadline) {
            if clock::instant() >= run.deadline {
                return Ok((Outcome::Stopped(Stopped::Deadline), None));
            }
            let seconds = step.timeout_seconds.unwrap_or(0);
            let failure = Failure::new(Reason::StepFailed, format!("{} took longer than its {seconds} s", step.title), "raise the step's timeout");
            return Ok((Outcome::Verdict("error", None), Some(failure)));
        }
        match &called.verdict {
            Verdict::Done => {
                let (verdict, note) = judge(run, step, pipeline::Outcome::Done);
                run.step_note = note;
                return Ok((Outcome::Verdict(verdict, None), None));
            }
            Verdict::MissingOutput { files, .. } if !repaired => {
                repaired = true;
                run.journal.write(&Entry::Note { text: format!("{} is missing: asked for it again", files.join(", ")) })?;
                let values = Values { missing: files, ..values(run, step) };
                text = prompts::render(&run.bundle.templates, "repair", &values)
                    .unwrap_or_else(|_| format!("Write these files now: {}", files.join(", ")));
            }
            Verdict::ModelError { detail } => match delays.next() {
                Some(delay) => {
                    run.journal.write(&Entry::Retrying { detail: detail.clone(), delay })?;
                    if let Some(why) = run.wait(Duration::from_secs(delay)) {
                        return Ok((Outcome::Stopped(why), None));
                    }
                    text = again(run, &instructions);
                }
                None => return Ok((Outcome::Verdict("error", None), ending::failure_of(&called.verdict, &step.title))),
            },
            verdict => return Ok((Outcome::Verdict("error", None), ending::failure_of(verdict, &step.title))),
        }
    }
}

fn values<'a>(run: &'a Run, step: &Step) -> Values<'a> {
    Values {
        study_context: &run.bundle.context,
        idea: run.bundle.idea.as_deref().unwrap_or_default(),
        sprint_dir: &run.dir_text,
        round: step.visit,
        max_rounds: run.bundle.settings.get("red_team_max_rounds").and_then(|rounds| rounds.parse().ok()).unwrap_or(0),
        missing: &[],
        original: "",
    }
}

fn prompt(run: &Run, step: &Step) -> Result<String, String> {
    match &step.action {
        Action::Prompt(text) => Ok(text.clone()),
        Action::Skill(name) => prompts::render(&run.bundle.templates, name, &values(run, step)).map_err(|error| error.to_string()),
        Action::Shell(_) => Err("a shell step has no prompt".to_owned()),
    }
}

/// The same instructions for a session that was interrupted in the middle of them.
fn again(run: &Run, instructions: &str) -> String {
    let values =
        Values { original: instructions, idea: run.bundle.idea.as_deref().unwrap_or_default(), sprint_dir: &run.dir_text, ..Values::default() };
    prompts::render(&run.bundle.templates, "continue", &values).unwrap_or_else(|_| instructions.to_owned())
}

/// One call of the agent.
fn call(run: &mut Run, step: &Step, text: &str, own_session: &mut Option<(String, bool)>, number: u32, spent: &Money) -> io::Result<Called> {
    let name = if number == 1 { step.label.clone() } else { format!("{}.{number}", step.label) };
    let name = format!("{name}.{}", run.journal.incarnation());
    let steps: PathBuf = run.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    replace(&steps, &format!("{name}.prompt.md"), text.as_bytes())?;

    let (session, known) = match own_session {
        Some((session, known)) => (session.clone(), *known),
        None => (run.state.session_id.clone(), run.state.session_known),
    };
    let left = run.bundle.agent.max_cost_usd.map(|max| max - run.state.spent.cost_usd - spent.cost_usd);
    if left.is_some_and(|left| left <= 0.0) {
        let detail = "what the sprint may cost is spent".to_owned();
        return Ok(Called { verdict: Verdict::OwnLimit { which: OwnLimit::Budget, detail }, stopped: None, spent: Money::default() });
    }
    let call = Call {
        model: run.bundle.agent.model.as_deref(),
        max_budget_usd: left,
        ..Call::new(if known { Session::Resume(&session) } else { Session::New(&session) })
    };
    let mut words = run.bundle.agent.command.clone();
    words.extend(claude::arguments(&call));

    let now = clock::instant();
    let step_deadline = step.timeout_seconds.and_then(|seconds| now.checked_add(Duration::from_secs(seconds)));
    let deadline = step_deadline.map_or(run.deadline, |own| own.min(run.deadline));
    let seconds_left = deadline.saturating_duration_since(now).as_secs();
    let mut environment = run.environment.clone();
    for (name, value) in claude::environment(seconds_left, &run.temporary.display().to_string()) {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.to_owned(), value));
        }
    }

    let mut fold = Fold::new();
    let mut events = 0;
    let mut trouble = None;
    let ended: Ended = {
        let process = Process {
            words: &words,
            environment: &environment,
            dir: &run.dir,
            input: open_plain(File::options().read(true), &steps.join(format!("{name}.prompt.md")))?,
            stream: &steps.join(format!("{name}.jsonl")),
            errors: &steps.join(format!("{name}.err")),
            deadline,
        };
        let Run { journal, signals, state, .. } = run;
        agent::run(process, signals, |line| {
            for notice in fold.line(line) {
                if matches!(notice, Notice::Session { .. }) {
                    match own_session {
                        Some((_, known)) => *known = true,
                        None if !state.session_known => {
                            state.session_known = true;
                            trouble = journal.save(state).err().or(trouble.take());
                        }
                        None => {}
                    }
                }
                if let Some(entry) = entry_of(&notice)
                    && events < MAX_EVENTS
                {
                    events += 1;
                    trouble = journal.write(&entry).err().or(trouble.take());
                }
            }
            if fold.is_idle() && fold.background_tasks() == 0 { Heard::Finished } else { Heard::Working }
        })?
    };
    if let Some(error) = trouble {
        return Err(error);
    }
    if ended.stopped == Some(Stopped::DiskFull) {
        run.journal.note_full_disk();
    }
    run.journal.write(&Entry::Cost { spent: money(&fold) })?;
    let missing = missing(run, step);
    // A process that we ended because it lingered after its result is judged by the result.
    let exit = if ended.stopped == Some(Stopped::Lingered) { Exit::Code(0) } else { ended.exit };
    let verdict = fold.verdict(exit, &missing, &ended.errors);
    Ok(Called { verdict, stopped: ended.stopped.filter(|why| *why != Stopped::Lingered), spent: money(&fold) })
}

fn money(fold: &Fold) -> Money {
    let spent = fold.spent();
    Money {
        cost_usd: spent.cost_usd.unwrap_or(0.0),
        estimated: spent.estimated || spent.cost_usd.is_none(),
        input_tokens: spent.input_tokens,
        output_tokens: spent.output_tokens,
        cache_read_tokens: spent.cache_read_tokens,
        cache_write_tokens: spent.cache_write_tokens,
    }
}

fn entry_of(notice: &Notice) -> Option<Entry> {
    match notice {
        Notice::Session { session_id, model, version } => {
            Some(Entry::Agent { session_id: session_id.clone(), model: model.clone(), version: version.clone() })
        }
        Notice::Tool { name, brief } => Some(Entry::Tool { name: name.clone(), brief: brief.clone() }),
        Notice::Text(text) => Some(Entry::Said { text: text.clone() }),
        Notice::Limit(limit) => {
            Some(Entry::Limit { status: limit.status.as_str().to_owned(), window: limit.kind.clone(), resets_at: limit.resets_at })
        }
        // What a call has cost is told once, when it has ended.
        Notice::Result { .. } | Notice::ToolFailed { .. } | Notice::BackgroundTasks(_) => None,
        Notice::Retrying { .. } | Notice::Denied { .. } | Notice::ModelChanged { .. } | Notice::Compacted => {
            Some(Entry::Note { text: notice.to_string() })
        }
    }
}

/// The promised files that are not there, or are empty, or are no regular files.
fn missing(run: &Run, step: &Step) -> Vec<String> {
    match Folder::open(&run.dir) {
        Ok(folder) => step.produces.iter().filter(|file| !folder.has_content(file)).cloned().collect(),
        Err(_) => step.produces.clone(),
    }
}

/// The pipeline's verdict on a step, from how it ended and the file that its evaluator reads.
fn judge(run: &Run, step: &Step, outcome: pipeline::Outcome) -> (&'static str, String) {
    let file = match &step.evaluator {
        Evaluator::ReviewClear { file } => Folder::open(&run.dir).and_then(|folder| folder.tail(file, MAX_REVIEW)).ok(),
        Evaluator::Completed | Evaluator::ExitCode => None,
    };
    let judgement = pipeline::judge(&step.evaluator, outcome, file.as_deref());
    let note = match (&step.evaluator, judgement.note, judgement.issues.len()) {
        (_, Some(note), _) => note.to_owned(),
        (Evaluator::ReviewClear { .. }, None, 0) => "no critical issues".to_owned(),
        (Evaluator::ReviewClear { .. }, None, 1) => "1 critical issue".to_owned(),
        (Evaluator::ReviewClear { .. }, None, count) => format!("{count} critical issues"),
        _ => String::new(),
    };
    (judgement.verdict.as_str(), note)
}

/// Runs a step that is a shell text of the pipeline's file.
fn shell(run: &mut Run, step: &Step, text: &str) -> io::Result<(Outcome, Option<Failure>)> {
    let steps = run.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    let name = format!("{}.{}", step.label, run.journal.incarnation());
    let mut environment = run.environment.clone();
    environment.extend(step.environment.iter().cloned());
    let now = clock::instant();
    let own = step.timeout_seconds.and_then(|seconds| now.checked_add(Duration::from_secs(seconds)));
    let process = Process {
        words: &["bash".to_owned(), "-c".to_owned(), text.to_owned()],
        environment: &environment,
        dir: &run.dir,
        input: File::open("/dev/null")?,
        stream: &steps.join(format!("{name}.log")),
        errors: &steps.join(format!("{name}.err")),
        deadline: own.map_or(run.deadline, |own| own.min(run.deadline)),
    };
    let mut last: VecDeque<String> = VecDeque::new();
    let ended = agent::run(process, &mut run.signals, |line| {
        let text = String::from_utf8_lossy(line);
        if !text.trim().is_empty() {
            last.push_back(plain(&text, MAX_LAST_LINE));
            if last.len() > OUTPUT_LINES {
                last.pop_front();
            }
        }
        Heard::Working
    })?;
    if let Some(why) = ended.stopped {
        return Ok((Outcome::Stopped(why), None));
    }
    let mut said: Vec<String> = ended.errors.lines().map(|line| plain(line, MAX_OUTPUT_LINE)).filter(|line| !line.is_empty()).collect();
    said.drain(..said.len().saturating_sub(OUTPUT_LINES));
    let measured = last.back().cloned().unwrap_or_default();
    let output: Vec<String> = last.iter().map(|line| plain(line, MAX_OUTPUT_LINE)).collect();
    for text in output.iter().chain(&said) {
        run.journal.write(&Entry::Note { text: format!("| {text}") })?;
    }
    // Programs tell what is wrong at the end, on either of the two.
    let mut end: Vec<&str> = said.iter().rev().take(SHOWN_LINES).rev().map(String::as_str).collect();
    if end.is_empty() {
        end = output.iter().rev().take(SHOWN_LINES).rev().map(String::as_str).collect();
    }
    let end = if end.is_empty() { "it printed nothing".to_owned() } else { end.join(" | ") };
    let hint = "see the command's output: `researchloop sprint log ID --step STEP`";
    let failed = |how: String| Failure::new(Reason::StepFailed, format!("{} {how}: {end}", step.title), hint);
    let (outcome, failure) = match ended.exit {
        Exit::Code(code) => (pipeline::Outcome::Exit(code), failed(format!("exited with {code}"))),
        Exit::Signal(signal) => (pipeline::Outcome::Failed, failed(format!("was ended by signal {signal}"))),
    };
    let (verdict, note) = judge(run, step, outcome);
    run.step_note = note;
    if verdict == "yes" && step.state == EVALUATE {
        match outcome::measurement(&measured) {
            Ok(measured) => take_down(run, measured)?,
            Err(problem) => {
                let failure = Failure::new(Reason::StepFailed, format!("{}: the last line of the output {problem}", step.title), hint);
                return Ok((Outcome::Verdict("error", None), Some(failure)));
            }
        }
    }
    Ok((Outcome::Verdict(verdict, None), (verdict == "error").then_some(failure)))
}

/// Keeps what the evaluator measured, also when the run is interrupted before its end.
fn take_down(run: &mut Run, measured: Measurement) -> io::Result<()> {
    let Some(evaluator) = &run.bundle.evaluator else { return Ok(()) };
    let Measurement { value, n, spread } = measured;
    let metric =
        Metric { name: evaluator.metric.clone(), value, unit: String::new(), better: evaluator.better.clone(), n, spread, source: Source::Evaluator };
    run.step_note = format!("{} = {value}", evaluator.metric);
    run.state.measured = metric.sound();
    run.journal.save(&run.state)
}
