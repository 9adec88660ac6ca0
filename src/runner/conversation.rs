//! Talks to the agent about one step: finds words for it, knows its session, calls it again where
//! that helps, and brings it what people say.

use std::io;
use std::time::Duration;

use super::agent_call::{LEAST_PATIENCE, call, silent};
use super::mailbox;
use super::run::Run;
use super::run_failure::{self, RunFailure};
use super::step::Outcome;
use super::supervisor::Stopped;
use crate::bundle::folder::{Entry as Found, Folder};
use crate::bundle::formats::{InboxFile, Money};
use crate::bundle::journal::Entry;
use crate::bundle::prompts::{self, Values};
use crate::claude::{Unbegun, Verdict};
use crate::domain::text::one_line;
use crate::domain::{Advice, Reason};
use crate::pipeline::{self, Step};
use crate::platform::random;

/// How long after the agent was killed a signal for the whole job may still come.
const SIGNAL_LAG: Duration = Duration::from_secs(2);
/// So many files are named to a session that begins in the middle of the work.
const MAX_FILES: usize = 100;

/// A prompt from a template, or why there is none.
pub fn render(run: &Run, skill: &str, values: &Values<'_>) -> Result<String, RunFailure> {
    prompts::render(&run.bundle.templates, skill, values).map_err(|error| {
        RunFailure::new(Reason::StepFailed, error.to_string(), Advice::CorrectTemplate)
    })
}

/// What is said to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The step's instructions.
    Whole,
    /// The same for a session that was interrupted in the middle of them.
    Again,
    /// Something else.
    Other(String),
}

/// What came of talking to the agent.
pub enum Answer {
    /// The call succeeded; something that was promised may be missing.
    Delivered {
        /// `Done`, `MissingOutput` or `Waits`.
        verdict: Verdict,
        /// The end of its last message.
        last_words: String,
        /// The answer that follows the schema.
        structured: Option<serde_json::Value>,
    },
    /// The step is over.
    Over(Outcome, Option<RunFailure>),
}

/// The conversation of one step: knows its session, and tries again after passing failures.
pub struct Conversation {
    own_session: Option<(String, bool)>,
    /// The session of this step was replaced by a new one, which knows nothing of the work so far.
    anew: bool,
    /// The agent was killed before, while nobody asked this job to stop.
    killed: bool,
    /// Nothing was heard of it before.
    silent: bool,
    delays: std::vec::IntoIter<u64>,
    calls: u32,
}

impl Conversation {
    /// A conversation that has not begun.
    pub fn new(run: &Run, step: &Step) -> Self {
        Self {
            own_session: step.fresh_session.then(|| (random::uuid(), false)),
            anew: false,
            killed: false,
            silent: false,
            delays: run.bundle.agent.retry_delays.clone().into_iter(),
            calls: 0,
        }
    }

    /// Says something, with what people have to say behind it, until it is heard. `wanted`: the schema
    /// of the answer, and the file that may take its place.
    pub fn call(
        &mut self,
        run: &mut Run,
        step: &Step,
        instructions: &str,
        mut text: Text,
        wanted: Option<(&str, &str)>,
        spent: &mut Money,
    ) -> io::Result<Answer> {
        let over = |failure: Option<RunFailure>| {
            Ok(Answer::Over(Outcome::Verdict(pipeline::Verdict::Error, None), failure))
        };
        loop {
            let news = mailbox::news(&run.own, &run.state);
            let said = match &text {
                Text::Whole => instructions.to_owned(),
                Text::Other(text) if self.anew => format!(
                    "{text}\n\nThe step's instructions, which this session has not seen:\n\n{instructions}"
                ),
                Text::Other(text) => text.clone(),
                Text::Again => {
                    let answered = news.iter().any(|message| message.answers.is_some());
                    let files = if self.anew { files(run) } else { Vec::new() };
                    let values = Values {
                        original: instructions,
                        answered,
                        anew: self.anew,
                        files: &files,
                        ..run.values(step)
                    };
                    prompts::render(&run.bundle.templates, "continue", &values)
                        .unwrap_or_else(|_| instructions.to_owned())
                }
            };
            let said = with_news(run, said, &news);
            self.calls += 1;
            let kills_before = run_failure::memory_kills();
            let called = call(
                run,
                step,
                &said,
                &mut self.own_session,
                self.calls,
                wanted.map(|(schema, _)| schema),
                spent,
            )?;
            if let Some(why @ (Stopped::Signal(_) | Stopped::DiskFull)) = called.stopped {
                return Ok(Answer::Over(Outcome::Stopped(why), None));
            }
            if called.stopped == Some(Stopped::Deadline) {
                // More time would not help one that says nothing.
                if let Some((since, time)) = &called.unheard
                    && (self.silent || *time >= LEAST_PATIENCE)
                {
                    return over(run_failure::failure_of(&silent(since, *time), &step.title));
                }
                if run.time.is_over() {
                    return Ok(Answer::Over(Outcome::Stopped(Stopped::Deadline), None));
                }
                return over(Some(run_failure::too_slow(step)));
            }
            let succeeded = matches!(
                called.verdict,
                Verdict::Done | Verdict::MissingOutput { .. } | Verdict::Waits { .. }
            );
            if let Some(damage) = called.damage.as_ref().filter(|_| succeeded && !self.anew) {
                self.begin_anew(
                    run,
                    &format!("the session is not whole, and will not be used again ({damage})"),
                )?;
            }
            match called.verdict {
                verdict if succeeded => {
                    mailbox::told(&mut run.journal, &mut run.state, &news)?;
                    return Ok(Answer::Delivered {
                        verdict,
                        structured: called.structured,
                        last_words: called.last_words,
                    });
                }
                // A tool that it did not need: what was asked for is in the file that takes its place.
                Verdict::ToolsRefused { .. }
                    if wanted.is_some_and(|(_, file)| {
                        Folder::open(&run.work).is_ok_and(|folder| folder.has_content(file))
                    }) =>
                {
                    mailbox::told(&mut run.journal, &mut run.state, &news)?;
                    let verdict = Verdict::MissingOutput { files: Vec::new(), structured: true };
                    return Ok(Answer::Delivered {
                        verdict,
                        structured: None,
                        last_words: String::new(),
                    });
                }
                // Transcripts are deleted after a while, and a cluster may be cleaned.
                Verdict::NotBegun { .. } if called.session_is_lost && !self.anew => {
                    self.begin_anew(run, "the session is not there any more: a new one begins")?;
                }
                Verdict::DeadEnd { why, ref detail } if !self.anew => {
                    self.begin_anew(
                        run,
                        &format!("the session {}: a new one goes on ({detail})", why.problem()),
                    )?;
                    if !matches!(text, Text::Other(_)) {
                        text = Text::Again;
                    }
                }
                // Not this job was meant, or a signal for all of it has come by now.
                Verdict::Interrupted { ref detail, .. }
                    if !self.killed && run_failure::memory_kills() == kills_before =>
                {
                    self.killed = true;
                    if let Some(why) = run.wait(SIGNAL_LAG) {
                        return Ok(Answer::Over(Outcome::Stopped(why), None));
                    }
                    run.journal.write(&Entry::Retrying { detail: detail.clone(), delay: 0 })?;
                    self.forget_unconfirmed(run);
                    if !matches!(text, Text::Other(_)) {
                        text = Text::Again;
                    }
                }
                Verdict::ModelError { ref detail } | Verdict::NotBegun { ref detail, .. } => {
                    match self.delays.next() {
                        // A wait that outlasts the job would only hold its node.
                        Some(delay) if Duration::from_secs(delay) < run.time.left() => {
                            run.journal
                                .write(&Entry::Retrying { detail: detail.clone(), delay })?;
                            if let Some(why) = run.wait(Duration::from_secs(delay)) {
                                return Ok(Answer::Over(Outcome::Stopped(why), None));
                            }
                            self.forget_unconfirmed(run);
                            match called.verdict {
                                Verdict::NotBegun { why, .. } => {
                                    self.silent |= why == Unbegun::Silent
                                }
                                _ if matches!(text, Text::Other(_)) => {}
                                _ => text = Text::Again,
                            }
                        }
                        _ => return over(run_failure::failure_of(&called.verdict, &step.title)),
                    }
                }
                ref verdict => return over(run_failure::failure_of(verdict, &step.title)),
            }
        }
    }
}

impl Conversation {
    /// A session that was begun and never confirmed can be neither begun again nor resumed.
    fn forget_unconfirmed(&mut self, run: &mut Run) {
        match &mut self.own_session {
            Some((session, false)) => *session = random::uuid(),
            None if !run.state.session_known => run.state.session_id = random::uuid(),
            _ => {}
        }
    }

    /// Gives the step a session that knows nothing yet.
    fn begin_anew(&mut self, run: &mut Run, why: &str) -> io::Result<()> {
        self.anew = true;
        run.journal.write(&Entry::Note { text: why.to_owned() })?;
        match &mut self.own_session {
            Some(own) => *own = (random::uuid(), false),
            None => {
                run.state.session_id = random::uuid();
                run.state.session_known = false;
                run.journal.save(&run.state)?;
            }
        }
        Ok(())
    }
}

/// The files that are there, for a session that begins in the middle of the work.
fn files(run: &Run) -> Vec<String> {
    let listed = Folder::open(&run.work)
        .ok()
        .and_then(|folder| folder.list(MAX_FILES).ok())
        .unwrap_or_default();
    let names = listed.entries.into_iter().filter(|(name, _)| !name.starts_with('.'));
    names
        .map(|(name, entry)| {
            one_line(&name, 200) + if matches!(entry, Found::Folder) { "/" } else { "" }
        })
        .collect()
}

/// A text with what people say behind it.
fn with_news(run: &Run, text: String, news: &[InboxFile]) -> String {
    if news.is_empty() {
        return text;
    }
    let values = Values { messages: news, ..Values::default() };
    let news = prompts::render(&run.bundle.templates, "_messages", &values).unwrap_or_else(|_| {
        news.iter()
            .map(|message| format!("From the person in charge: {}", message.text))
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    format!("{}\n\n{news}", text.trim_end())
}
