//! Talks to the agent about one step: finds words for it, knows its session, calls it again where
//! that helps, and brings it what people say.

use std::io;
use std::time::Duration;

use super::agent_call::{Called, LEAST_PATIENCE, Request, SessionId, call, silent};
use super::job_context::JobContext;
use super::run_failure::{self, RunFailure};
use super::step::{StepContext, StepOutcome};
use super::supervisor::Stopped;
use crate::bundle::folder::{Entry as FileKind, Folder};
use crate::bundle::formats::InboxFile;
use crate::bundle::journal::Entry;
use crate::bundle::prompts::{self, Values};
use crate::claude::{Unbegun, Verdict};
use crate::domain::text::one_line;
use crate::domain::{Advice, Reason};
use crate::platform::random;

/// How long after the agent was killed a signal for the whole job may still come.
const SIGNAL_LAG: Duration = Duration::from_secs(2);
/// So many files are named to a session that begins in the middle of the work.
const MAX_FILES: usize = 100;

/// A prompt from a template, or why there is none.
pub fn render(job: &JobContext, skill: &str, values: &Values<'_>) -> Result<String, RunFailure> {
    prompts::render(&job.bundle.templates, skill, values).map_err(|error| {
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

impl Text {
    /// What is said to an agent that was interrupted: its instructions again, unless it was told
    /// something else.
    fn again(&mut self) {
        if !matches!(self, Self::Other(_)) {
            *self = Self::Again;
        }
    }
}

/// What the answer must look like.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// A JSON schema.
    pub schema: &'a str,
    /// The file that may take its place.
    pub file: &'a str,
}

/// What came of talking to the agent.
#[derive(Debug)]
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
    Over(StepOutcome),
}

/// The conversation of one step: knows its session, and tries again after passing failures.
#[derive(Debug)]
pub struct Conversation {
    own_session: Option<SessionId>,
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
    pub fn new(context: &StepContext<'_>) -> Self {
        Self {
            own_session: context.step.fresh_session.then(|| (random::uuid(), false)),
            anew: false,
            killed: false,
            silent: false,
            delays: context.job.bundle.agent.retry_delays.clone().into_iter(),
            calls: 0,
        }
    }

    /// Says something, with what people have to say behind it, until it is heard.
    pub fn call(
        &mut self,
        context: &mut StepContext<'_>,
        instructions: &str,
        mut text: Text,
        wanted: Option<Wanted<'_>>,
    ) -> io::Result<Answer> {
        loop {
            let news = context.mailbox.news(&context.progress.state.told);
            let prompt = self.prompt(context, instructions, &text, &news);
            self.calls += 1;
            let kills_before = run_failure::memory_kills();
            let request = Request {
                text: &prompt,
                number: self.calls,
                schema: wanted.map(|wanted| wanted.schema),
            };
            let called = call(context, request, &mut self.own_session)?;
            if let Some(why) = called.stopped {
                return Ok(Answer::Over(self.stopped(context, why, &called)));
            }
            let succeeded = matches!(
                called.verdict,
                Verdict::Done | Verdict::MissingOutput { .. } | Verdict::Waits { .. }
            );
            if let Some(damage) = called.damage.as_ref().filter(|_| succeeded && !self.anew) {
                let why =
                    format!("the session is not whole, and will not be used again ({damage})");
                self.restart_session(context, &why)?;
            }
            if succeeded {
                context.progress.acknowledge(context.journal, &news)?;
                return Ok(Answer::Delivered {
                    verdict: called.verdict,
                    structured: called.structured,
                    last_words: called.last_words,
                });
            }
            // A tool that it did not need: what was asked for is in the file that takes its place.
            if matches!(called.verdict, Verdict::ToolsRefused { .. })
                && wanted.is_some_and(|wanted| {
                    Folder::open(&context.job.paths.work)
                        .is_ok_and(|folder| folder.has_content(wanted.file))
                })
            {
                context.progress.acknowledge(context.journal, &news)?;
                let verdict = Verdict::MissingOutput { files: Vec::new(), structured: true };
                return Ok(Answer::Delivered {
                    verdict,
                    structured: None,
                    last_words: String::new(),
                });
            }
            if let Some(end) = self.retry(context, called, &mut text, kills_before)? {
                return Ok(Answer::Over(end));
            }
        }
    }

    /// What is said, in words, with what people say behind it.
    fn prompt(
        &self,
        context: &StepContext<'_>,
        instructions: &str,
        text: &Text,
        news: &[InboxFile],
    ) -> String {
        let prompt = match text {
            Text::Whole => instructions.to_owned(),
            Text::Other(text) if self.anew => format!(
                "{text}\n\nThe step's instructions, which this session has not seen:\n\n{instructions}"
            ),
            Text::Other(text) => text.clone(),
            Text::Again => {
                let answered = news.iter().any(|message| message.answers.is_some());
                let files = if self.anew { files(context.job) } else { Vec::new() };
                let values = Values {
                    original: instructions,
                    answered,
                    anew: self.anew,
                    files: &files,
                    ..context.values()
                };
                prompts::render(&context.job.bundle.templates, "continue", &values)
                    .unwrap_or_else(|_| instructions.to_owned())
            }
        };
        with_news(context.job, prompt, news)
    }

    /// The end of the step when we have ended the call.
    fn stopped(&self, context: &StepContext<'_>, why: Stopped, called: &Called) -> StepOutcome {
        if why != Stopped::Deadline {
            return StepOutcome::Stopped(why);
        }
        // More time would not help one that says nothing.
        if let Some((since, time)) = &called.unheard
            && (self.silent || *time >= LEAST_PATIENCE)
        {
            return StepOutcome::failed(run_failure::failure_of(
                &silent(since, *time),
                &context.step.title,
            ));
        }
        if context.job.time.is_over() {
            return StepOutcome::Stopped(Stopped::Deadline);
        }
        StepOutcome::Failed(run_failure::too_slow(context.step))
    }

    /// Prepares another call after one that has failed, or returns the end of the step.
    fn retry(
        &mut self,
        context: &mut StepContext<'_>,
        called: Called,
        text: &mut Text,
        kills_before: u64,
    ) -> io::Result<Option<StepOutcome>> {
        match called.verdict {
            // Transcripts are deleted after a while, and a cluster may be cleaned.
            Verdict::NotBegun { .. } if called.session_is_lost && !self.anew => {
                let why = "the session no longer exists: a new one begins";
                self.restart_session(context, why)?;
            }
            Verdict::DeadEnd { why, ref detail } if !self.anew => {
                let why = format!("the session {}: a new one goes on ({detail})", why.problem());
                self.restart_session(context, &why)?;
                text.again();
            }
            // Not this job was meant, or a signal for all of it has come by now.
            Verdict::Interrupted { ref detail, .. }
                if !self.killed && run_failure::memory_kills() == kills_before =>
            {
                self.killed = true;
                if let Some(why) = context.supervisor.wait(context.journal, SIGNAL_LAG) {
                    return Ok(Some(StepOutcome::Stopped(why)));
                }
                context.journal.write(&Entry::Retrying { detail: detail.clone(), delay: 0 })?;
                self.forget_unconfirmed(context);
                text.again();
            }
            Verdict::ModelError { ref detail } | Verdict::NotBegun { ref detail, .. } => {
                // A wait that outlasts the job would only hold its node.
                let delay = self
                    .delays
                    .next()
                    .filter(|delay| Duration::from_secs(*delay) < context.job.time.left());
                let Some(delay) = delay else {
                    let failure = run_failure::failure_of(&called.verdict, &context.step.title);
                    return Ok(Some(StepOutcome::failed(failure)));
                };
                context.journal.write(&Entry::Retrying { detail: detail.clone(), delay })?;
                let delay = Duration::from_secs(delay);
                if let Some(why) = context.supervisor.wait(context.journal, delay) {
                    return Ok(Some(StepOutcome::Stopped(why)));
                }
                self.forget_unconfirmed(context);
                match called.verdict {
                    Verdict::NotBegun { why, .. } => self.silent |= why == Unbegun::Silent,
                    _ => text.again(),
                }
            }
            ref verdict => {
                let failure = run_failure::failure_of(verdict, &context.step.title);
                return Ok(Some(StepOutcome::failed(failure)));
            }
        }
        Ok(None)
    }

    /// A session that was begun and never confirmed can be neither begun again nor resumed.
    fn forget_unconfirmed(&mut self, context: &mut StepContext<'_>) {
        let state = &mut context.progress.state;
        match &mut self.own_session {
            Some((session, false)) => *session = random::uuid(),
            None if !state.session_known => state.session_id = random::uuid(),
            _ => {}
        }
    }

    /// Gives the step a session that knows nothing yet.
    fn restart_session(&mut self, context: &mut StepContext<'_>, why: &str) -> io::Result<()> {
        self.anew = true;
        context.journal.write(&Entry::Note { text: why.to_owned() })?;
        match &mut self.own_session {
            Some(own) => {
                *own = (random::uuid(), false);
                Ok(())
            }
            None => context.progress.restart_session(context.journal),
        }
    }
}

/// The files that are there, for a session that begins in the middle of the work.
fn files(job: &JobContext) -> Vec<String> {
    let listed = Folder::open(&job.paths.work)
        .ok()
        .and_then(|folder| folder.list(MAX_FILES).ok())
        .unwrap_or_default();
    let names = listed.entries.into_iter().filter(|(name, _)| !name.starts_with('.'));
    names
        .map(|(name, entry)| {
            one_line(&name, 200) + if matches!(entry, FileKind::Folder) { "/" } else { "" }
        })
        .collect()
}

/// A text with what people say behind it.
fn with_news(job: &JobContext, text: String, news: &[InboxFile]) -> String {
    if news.is_empty() {
        return text;
    }
    let values = Values { messages: news, ..Values::default() };
    let news = prompts::render(&job.bundle.templates, "_messages", &values).unwrap_or_else(|_| {
        news.iter()
            .map(|message| format!("From the person in charge: {}", message.text))
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    format!("{}\n\n{news}", text.trim_end())
}
