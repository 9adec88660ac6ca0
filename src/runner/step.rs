//! Runs one step of the pipeline: calls the agent, again where that helps, and judges it.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::time::Duration;

use super::conversation::{Answer, Conversation, Text, render};
use super::run::{Asks, Run};
use super::run_failure::{self, RunFailure};
use super::supervisor::{self, ERRORS_TOLD, Heard, Process, Stopped, Told};
use super::{idea, last_words, mailbox, outputs, plan};
use crate::bundle::folder::Folder;
use crate::bundle::formats::Money;
use crate::bundle::journal::{Entry, Question};
use crate::bundle::outcome::{self, Measurement};
use crate::bundle::prompts::{self, Values};
use crate::claude::{Exit, Verdict};
use crate::domain::complaint;
use crate::domain::open_issues::quotes;
use crate::domain::text::one_line;
use crate::domain::{Advice, Reason};
use crate::pipeline::{self, Action, Evaluator, Step};
use crate::platform::clock;

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
    Verdict(pipeline::Verdict, Option<RunFailure>),
    /// The run must end now, and the step goes on when these are answered.
    Parked(Vec<Question>),
    /// The run must end now.
    Stopped(Stopped),
}

/// Runs the step to its verdict.
pub fn run(run: &mut Run, step: &Step, resumed: bool) -> io::Result<Outcome> {
    let started = clock::instant();
    let kills_before = run_failure::memory_kills();
    run.journal.step = Some((step.label.clone(), step.visit));
    run.journal.write(&Entry::StepStarted { title: step.title.clone(), resumed })?;
    let carried = std::mem::take(&mut run.carried);
    let mut spent = if resumed { carried } else { Money::default() };
    run.step_note.clear();
    run.step_issues.clear();
    let (mut outcome, mut failure) = match &step.action {
        Action::Shell(text) | Action::Evaluate(text) | Action::Verify(text) => {
            shell(run, step, text)?
        }
        Action::Idea(_) => idea::run(run, step, resumed, &mut spent)?,
        Action::Plan(_) => plan::make(run, step, resumed, &mut spent)?,
        Action::Skill(_) | Action::Prompt(_) | Action::Review(_) => {
            ask(run, step, resumed, &mut spent)?
        }
    };
    // What a failing step says of itself is often a consequence: look for the cause.
    if let Some(said) = &failure
        && (matches!(
            said.reason,
            Reason::StepFailed | Reason::MissingOutput | Reason::ToolsRefused
        ) || said.advice == Advice::SeeWhoEndedIt)
    {
        let killed = run_failure::memory_kills() > kills_before;
        if run_failure::is_disk_full(&run.dir) {
            run.journal.note_full_disk();
        } else if killed && said.reason != Reason::ToolsRefused {
            failure = Some(RunFailure::new(
                Reason::OutOfMemory,
                format!(
                    "the kernel killed a process of {} because the job used more memory than it had asked for",
                    step.title
                ),
                Advice::MoreMemory,
            ));
        }
    } else if failure.is_some() && run_failure::memory_kills() > kills_before {
        let text =
            "the kernel killed a process because the job used more memory than it had asked for"
                .to_owned();
        run.journal.write(&Entry::Note { text })?;
    }
    if run.journal.disk_was_full()
        && !matches!(outcome, Outcome::Stopped(Stopped::Signal(_)) | Outcome::Parked(_))
    {
        // Nothing of the step runs any more, and nothing comes after it: what is left of the disk is for the end.
        run.journal.make_room();
        (outcome, failure) = (Outcome::Stopped(Stopped::DiskFull), None);
    }
    let (verdict, detail) = match (&outcome, &failure) {
        (Outcome::Stopped(why), _) => ("interrupted", stopped_text(*why)),
        (Outcome::Parked(_), _) => ("interrupted", "waits for an answer".to_owned()),
        (Outcome::Verdict(verdict, _), Some(failure)) => (verdict.as_str(), failure.detail.clone()),
        (Outcome::Verdict(verdict, _), None) => {
            (verdict.as_str(), std::mem::take(&mut run.step_note))
        }
    };
    let issues = if matches!(outcome, Outcome::Verdict(..)) {
        std::mem::take(&mut run.step_issues)
    } else {
        Vec::new()
    };
    run.journal.write(&Entry::StepEnded {
        verdict: verdict.to_owned(),
        detail,
        issues,
        seconds: clock::since(started).as_secs(),
        spent,
    })?;
    run.journal.step = None;
    Ok(match outcome {
        Outcome::Verdict(verdict, _) => Outcome::Verdict(verdict, failure),
        other @ (Outcome::Stopped(_) | Outcome::Parked(_)) => other,
    })
}

fn stopped_text(why: Stopped) -> String {
    match why {
        Stopped::Signal(name) => format!("the job was asked to stop (signal {name})"),
        Stopped::Deadline => "the time was over".to_owned(),
        Stopped::Lingered => "the agent did not end after its result".to_owned(),
        Stopped::DiskFull => "the disk was full".to_owned(),
        Stopped::Silent => "nothing was heard of the agent".to_owned(),
    }
}

/// Asks the agent, and repairs a missing file once.
fn ask(
    run: &mut Run,
    step: &Step,
    resumed: bool,
    spent: &mut Money,
) -> io::Result<(Outcome, Option<RunFailure>)> {
    let instructions = match &step.action {
        Action::Prompt(text) => Ok(text.clone()),
        Action::Skill(name) | Action::Idea(name) | Action::Plan(name) | Action::Review(name) => {
            render(run, name, &run.values(step))
        }
        Action::Shell(_) | Action::Evaluate(_) | Action::Verify(_) => Ok(String::new()),
    };
    let instructions = match instructions {
        Ok(text) => text,
        Err(failure) => {
            return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
        }
    };
    let mut conversation = Conversation::new(run, step);
    let mut text = if resumed { Text::Again } else { Text::Whole };
    // What it is told once, and not again.
    let (mut repaired, mut corrected, mut woken, mut answered) = (false, false, false, false);
    // Whether all that was promised is there, and only more was asked for.
    let mut has_all = false;
    let mut kept = String::new();
    let mut astray = mailbox::astray(run);
    loop {
        let (verdict, said) =
            match conversation.call(run, step, &instructions, text, None, spent)? {
                // The work is done, and what it has left is what there is.
                Answer::Over(
                    outcome @ (Outcome::Verdict(..) | Outcome::Stopped(Stopped::Deadline)),
                    failure,
                ) if has_all && outputs::missing(run, step).is_empty() => {
                    let why = match (failure, &outcome) {
                        (Some(failure), _) => failure.detail,
                        (None, Outcome::Stopped(why)) => stopped_text(*why),
                        (None, _) => String::new(),
                    };
                    run.journal.write(&Entry::Note {
                        text: format!("it could not be asked again: {why}"),
                    })?;
                    (Verdict::Done, std::mem::take(&mut kept))
                }
                Answer::Over(outcome, failure) => return over(run, outcome, failure),
                Answer::Delivered { verdict, last_words, .. } => (verdict, last_words),
            };
        let mut wrong = match run.questions()? {
            Asks::Parked(parked) => return Ok((parked, None)),
            Asks::Wrong(problems) => problems,
            Asks::Nothing => Vec::new(),
        };
        let before = std::mem::replace(&mut astray, mailbox::astray(run));
        let new = astray.iter().filter(|found| !before.contains(found));
        wrong.extend(
            new.map(|(name, _)| {
                format!("`{name}` is not in that folder: nobody looks for it there")
            }),
        );
        let asked = last_words::question(&said)
            .filter(|asked| asked.matters || !verdict.missing().is_empty());
        let mut lacks = if repaired { Lacks::default() } else { Lacks::of(run, step, &verdict) };
        repaired |= !lacks.is_nothing();
        // A command that it had left is gone; what it was for is there.
        let is_done = match &verdict {
            Verdict::Waits { files, timer, .. } => files.is_empty() && !timer,
            verdict => *verdict == Verdict::Done,
        };
        if let Verdict::Waits { detail, .. } = &verdict
            && !is_done
            && !std::mem::replace(&mut woken, true)
        {
            lacks.waits.clone_from(detail);
        }
        // It ended its turn for an answer that would never come.
        if !wrong.is_empty() && !std::mem::replace(&mut corrected, true) {
            lacks.wrong = wrong;
        } else if let Some(asked) = &asked
            && !std::mem::replace(&mut answered, true)
        {
            lacks.asked.clone_from(&asked.text);
        }
        if !lacks.is_nothing() {
            has_all = is_done && (lacks.asked.is_empty() || !step.produces.is_empty());
            kept = said;
            lacks.tell(run)?;
            text = Text::Other(repair(run, step, &lacks));
            continue;
        }
        if is_done {
            let verdict = judge(run, step, pipeline::Outcome::Done);
            if let Some(asked) = asked {
                // It is shown in a narrow column.
                let note = std::mem::take(&mut run.step_note);
                run.step_note = format!(
                    "it asks: {}{}{note}",
                    asked.sentence,
                    if note.is_empty() { "" } else { "; " }
                );
            }
            return Ok((Outcome::Verdict(verdict, None), None));
        }
        let mut failure = run_failure::failure_of(&verdict, &step.title);
        if let Some(failure) = &mut failure {
            for odd in verdict.missing().iter().filter_map(|file| outputs::oddity(run, file)) {
                failure.detail.push_str(&format!("; {odd}"));
            }
            if let Some(asked) = asked {
                failure
                    .detail
                    .push_str(&format!("; its last message asks: \u{201c}{}\u{201d}", asked.text));
                failure.advice = Advice::AnswerInWords;
            }
        }
        return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), failure));
    }
}

/// What a step has left out, or left in a way that nobody can use.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lacks {
    /// Files.
    pub missing: Vec<String>,
    /// Files that are there, each with what is the matter, as sentences.
    pub unusable: Vec<String>,
    /// What is wrong with its questions, as sentences.
    pub wrong: Vec<String>,
    /// What it had ended its turn to wait for.
    pub waits: String,
    /// What its last message asked.
    pub asked: String,
}

impl Lacks {
    fn of(run: &Run, step: &Step, verdict: &Verdict) -> Self {
        let mut lacks = Self { unusable: outputs::unusable(run, step), ..Self::default() };
        for file in verdict.missing() {
            match outputs::oddity(run, file) {
                Some(odd) if lacks.unusable.contains(&odd) => {}
                Some(odd) => lacks.unusable.push(odd),
                None => lacks.missing.push(file.clone()),
            }
        }
        lacks
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Notes that it is asked for again.
    pub(super) fn tell(&self, run: &mut Run) -> io::Result<()> {
        let missing =
            (!self.missing.is_empty()).then(|| format!("{} is missing", self.missing.join(", ")));
        for what in missing.iter().chain(&self.unusable) {
            run.journal.write(&Entry::Note { text: format!("{what}: asked for it again") })?;
        }
        let waits = (!self.waits.is_empty()).then(|| format!("{}: told to go on", self.waits));
        let asked = (!self.asked.is_empty()).then(|| {
            format!("its last message asks: \u{201c}{}\u{201d}: told how to ask", self.asked)
        });
        for text in [waits, asked].into_iter().flatten() {
            run.journal.write(&Entry::Note { text })?;
        }
        Ok(())
    }
}

/// Asks for what a step has left out, or got wrong.
pub(super) fn repair(run: &Run, step: &Step, lacks: &Lacks) -> String {
    let Lacks { missing, unusable, wrong, waits, asked } = lacks;
    let values = Values { missing, unusable, wrong, waits, asked, ..run.values(step) };
    prompts::render(&run.bundle.templates, "repair", &values).unwrap_or_else(|_| {
        let files = if missing.is_empty() {
            String::new()
        } else {
            format!("Write these files now: {}. ", missing.join(", "))
        };
        let odd = if unusable.is_empty() {
            String::new()
        } else {
            format!("Write these files anew: {}. ", unusable.join("; "))
        };
        let questions = if wrong.is_empty() {
            String::new()
        } else {
            format!("Your question could not be taken: {}. ", wrong.join("; "))
        };
        let waits = if waits.is_empty() {
            ""
        } else {
            "Nothing wakes you: go on now, and end your turn when the step is done. "
        };
        let asked = if asked.is_empty() {
            ""
        } else {
            "Nobody reads your messages: decide it yourself, and finish the step."
        };
        format!("{files}{odd}{questions}{waits}{asked}")
    })
}

/// The end of a step whose call has failed. What the agent had asked before that is still asked.
pub(super) fn over(
    run: &mut Run,
    outcome: Outcome,
    failure: Option<RunFailure>,
) -> io::Result<(Outcome, Option<RunFailure>)> {
    if matches!(
        outcome,
        Outcome::Verdict(..) | Outcome::Stopped(Stopped::Deadline | Stopped::DiskFull)
    ) && let Asks::Parked(parked) = run.questions()?
    {
        return Ok((parked, None));
    }
    Ok((outcome, failure))
}

/// The pipeline's verdict on a step, from how it ended and the file that its evaluator reads. What is to
/// be noted of it is remembered for its end.
fn judge(run: &mut Run, step: &Step, outcome: pipeline::Outcome) -> pipeline::Verdict {
    let file = match &step.evaluator {
        Evaluator::ReviewClear { file } => {
            Folder::open(&run.work).and_then(|folder| folder.tail(file, MAX_REVIEW)).ok()
        }
        Evaluator::Completed | Evaluator::ExitCode => None,
    };
    let judgement = pipeline::judge(&step.evaluator, outcome, file.as_deref());
    run.step_note = match (&step.evaluator, judgement.note, judgement.issues.len()) {
        (_, Some(note), _) => note.to_owned(),
        (Evaluator::ReviewClear { .. }, None, 0) if judgement.verdict == pipeline::Verdict::Yes => {
            "no critical issues".to_owned()
        }
        (_, None, 0) => String::new(),
        (Evaluator::ReviewClear { .. }, None, 1) => "1 critical issue".to_owned(),
        (Evaluator::ReviewClear { .. }, None, count) => format!("{count} critical issues"),
        _ => String::new(),
    };
    run.step_issues = quotes(&judgement.issues);
    judgement.verdict
}

/// Runs a step that is a shell text of the pipeline's file.
fn shell(run: &mut Run, step: &Step, text: &str) -> io::Result<(Outcome, Option<RunFailure>)> {
    let steps = run.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    let name = format!("{}.{}", step.label, run.journal.incarnation());
    let mut environment = run.environment.clone();
    environment.extend(step.environment.iter().cloned());
    let process = Process {
        words: &["bash".to_owned(), "-c".to_owned(), text.to_owned()],
        environment: &environment,
        dir: &run.work,
        input: File::open("/dev/null")?,
        stream: &steps.join(format!("{name}.log")),
        errors: &steps.join(format!("{name}.err")),
        deadline: step
            .timeout_seconds
            .and_then(|seconds| clock::instant().checked_add(Duration::from_secs(seconds))),
        time: run.time,
    };
    let mut last: VecDeque<String> = VecDeque::new();
    let Run { journal, signals, .. } = run;
    let ended = supervisor::run(process, signals, |told| {
        match told {
            Told::Line(line) => {
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
            Told::Warning(text) => drop(journal.write(&Entry::Note { text })),
            Told::Nothing => drop(journal.tell_standstill()),
        }
        Heard::Working
    })?;
    if ended.stopped == Some(Stopped::DiskFull) {
        run.journal.note_full_disk();
    }
    run.clear_up()?;
    match ended.stopped {
        Some(Stopped::Deadline) if !run.time.is_over() => {
            return Ok((
                Outcome::Verdict(pipeline::Verdict::Error, None),
                Some(run_failure::too_slow(step)),
            ));
        }
        Some(why) => return Ok((Outcome::Stopped(why), None)),
        None => {}
    }
    let errors = run.journal.masker.tail(&ended.errors, ERRORS_TOLD - 100);
    let mut said: Vec<String> = errors
        .lines()
        .map(|line| one_line(line, MAX_OUTPUT_LINE))
        .filter(|line| !line.is_empty())
        .collect();
    said.drain(..said.len().saturating_sub(OUTPUT_LINES));
    let measured = last.back().cloned().unwrap_or_default();
    let output: Vec<String> = last.iter().map(|line| one_line(line, MAX_OUTPUT_LINE)).collect();
    for text in output.iter().chain(&said) {
        run.journal.write(&Entry::Note { text: format!("| {text}") })?;
    }
    // Programs tell what is wrong near the end, on either of the two.
    let told = if said.is_empty() { &output } else { &said };
    let telling = one_line(&complaint::telling(&errors), MAX_OUTPUT_LINE);
    let mut end: Vec<&str> =
        told.iter().rev().take(SHOWN_LINES).rev().map(String::as_str).collect();
    if !telling.is_empty() && !end.contains(&telling.as_str()) {
        end.drain(..end.len().saturating_sub(SHOWN_LINES - 1));
        end.insert(0, &telling);
    }
    let end = if end.is_empty() { "it printed nothing".to_owned() } else { end.join(" | ") };
    let failed = |how: String| {
        RunFailure::new(Reason::StepFailed, format!("{} {how}: {end}", step.title), Advice::SeeStep)
    };
    let (outcome, failure) = match ended.exit {
        Exit::Code(code) => (pipeline::Outcome::Exit(code), failed(format!("exited with {code}"))),
        Exit::Signal(signal) => {
            (pipeline::Outcome::Failed, failed(format!("was ended by signal {signal}")))
        }
    };
    let verdict = judge(run, step, outcome);
    if verdict == pipeline::Verdict::Yes && matches!(step.action, Action::Evaluate(_)) {
        match outcome::measurement(&measured) {
            Ok(measured) => take_down(run, measured)?,
            Err(problem) => {
                let failure = RunFailure::new(
                    Reason::StepFailed,
                    format!("{}: the last line of the output {problem}", step.title),
                    Advice::SeeStep,
                );
                return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
            }
        }
    }
    Ok((Outcome::Verdict(verdict, None), (verdict == pipeline::Verdict::Error).then_some(failure)))
}

/// Keeps what the evaluator measured, also when the run is interrupted before its end.
fn take_down(run: &mut Run, measured: Measurement) -> io::Result<()> {
    let Some(evaluator) = &run.bundle.evaluator else { return Ok(()) };
    run.step_note = outcome::measured(&evaluator.metric, &measured);
    run.state.measured = measured.figure(evaluator);
    run.state.no_value = run.state.measured.is_none();
    run.journal.save(&run.state)
}
