//! Talks to the agent about one step: finds words for it, knows its session, calls it again where
//! that helps, and brings it what people say.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::agent::{self, Ended, Heard, Process, Stopped};
use super::dialogue;
use super::ending::{self, Failure};
use super::journal::{is_no_space, open_plain, replace};
use super::run::Run;
use super::step::Outcome;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{InboxFile, Money};
use crate::bundle::journal::Entry;
use crate::bundle::prompts::{self, Values};
use crate::claude::{self, Call, Exit, Fold, Notice, OwnLimit, Session, Verdict};
use crate::domain::Reason;
use crate::pipeline::Step;
use crate::platform::{clock, random};

/// Lines about tools and texts that one step may add to the journal. The stream's file
/// has all of them.
const MAX_EVENTS: u32 = 4000;

/// A prompt from a template, or why there is none.
pub fn render(run: &Run, skill: &str, values: &Values<'_>) -> Result<String, Failure> {
    prompts::render(&run.bundle.templates, skill, values)
        .map_err(|error| Failure::new(Reason::StepFailed, error.to_string(), "correct the template in the project's templates/skills"))
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
        /// `Done` or `MissingOutput`.
        verdict: Verdict,
        /// The answer that follows the schema.
        structured: Option<serde_json::Value>,
    },
    /// The step is over.
    Over(Outcome, Option<Failure>),
}

/// The conversation of one step: knows its session, and tries again after passing failures.
pub struct Talk {
    own_session: Option<(String, bool)>,
    delays: std::vec::IntoIter<u64>,
    calls: u32,
}

impl Talk {
    /// A conversation that has not begun.
    pub fn new(run: &Run, step: &Step) -> Self {
        Self { own_session: step.fresh_session.then(|| (random::uuid(), false)), delays: run.bundle.agent.retry_delays.clone().into_iter(), calls: 0 }
    }

    /// Says something, with what people have to say behind it, until it is heard.
    pub fn call(
        &mut self,
        run: &mut Run,
        step: &Step,
        instructions: &str,
        mut text: Text,
        schema: Option<&str>,
        spent: &mut Money,
    ) -> io::Result<Answer> {
        let over = |failure: Option<Failure>| Ok(Answer::Over(Outcome::Verdict("error", None), failure));
        let mut renewed = false;
        loop {
            let news = dialogue::news(&run.own, &run.state);
            let said = match &text {
                Text::Whole => instructions.to_owned(),
                Text::Other(text) => text.clone(),
                Text::Again => {
                    let answered = news.iter().any(|message| message.answers.is_some());
                    let values = Values { original: instructions, answered, ..run.values(step) };
                    prompts::render(&run.bundle.templates, "continue", &values).unwrap_or_else(|_| instructions.to_owned())
                }
            };
            let said = with_news(run, said, &news);
            self.calls += 1;
            let called = call(run, step, &said, &mut self.own_session, self.calls, schema, spent)?;
            if let Some(why @ (Stopped::Signal(_) | Stopped::DiskFull)) = called.stopped {
                return Ok(Answer::Over(Outcome::Stopped(why), None));
            }
            if called.stopped == Some(Stopped::Deadline) {
                if clock::instant() >= run.deadline {
                    return Ok(Answer::Over(Outcome::Stopped(Stopped::Deadline), None));
                }
                return over(Some(ending::too_slow(step)));
            }
            match called.verdict {
                verdict @ (Verdict::Done | Verdict::MissingOutput { .. }) => {
                    dialogue::told(&mut run.journal, &mut run.state, &news)?;
                    return Ok(Answer::Delivered { verdict, structured: called.structured });
                }
                // Transcripts are deleted after a while, and a cluster may be cleaned.
                Verdict::Failed { .. } if called.session_is_lost && !renewed => {
                    renewed = true;
                    run.journal.write(&Entry::Note { text: "the session is not there any more: a new one begins".to_owned() })?;
                    match &mut self.own_session {
                        Some(own) => *own = (random::uuid(), false),
                        None => {
                            run.state.session_id = random::uuid();
                            run.state.session_known = false;
                            run.journal.save(&run.state)?;
                        }
                    }
                }
                Verdict::ModelError { ref detail } => match self.delays.next() {
                    Some(delay) => {
                        run.journal.write(&Entry::Retrying { detail: detail.clone(), delay })?;
                        if let Some(why) = run.wait(Duration::from_secs(delay)) {
                            return Ok(Answer::Over(Outcome::Stopped(why), None));
                        }
                        text = Text::Again;
                    }
                    None => return over(ending::failure_of(&called.verdict, &step.title)),
                },
                ref verdict => return over(ending::failure_of(verdict, &step.title)),
            }
        }
    }
}

/// A text with what people say behind it.
fn with_news(run: &Run, text: String, news: &[InboxFile]) -> String {
    if news.is_empty() {
        return text;
    }
    let values = Values { messages: news, ..Values::default() };
    let news = prompts::render(&run.bundle.templates, "_messages", &values)
        .unwrap_or_else(|_| news.iter().map(|message| format!("From the person in charge: {}", message.text)).collect::<Vec<_>>().join("\n\n"));
    format!("{}\n\n{news}", text.trim_end())
}

/// What came of one call of the agent.
struct Called {
    verdict: Verdict,
    stopped: Option<Stopped>,
    structured: Option<serde_json::Value>,
    /// The session that should have gone on is not known to the agent.
    session_is_lost: bool,
}

/// One call of the agent. What it costs is added to `total`, and to what the run has spent.
fn call(
    run: &mut Run,
    step: &Step,
    text: &str,
    own_session: &mut Option<(String, bool)>,
    number: u32,
    schema: Option<&str>,
    total: &mut Money,
) -> io::Result<Called> {
    let name = if number == 1 { step.label.clone() } else { format!("{}.{number}", step.label) };
    let name = format!("{name}.{}", run.journal.incarnation());
    let steps: PathBuf = run.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    replace(&steps, &format!("{name}.prompt.md"), text.as_bytes())?;

    let (session, known) = match own_session {
        Some((session, known)) => (session.clone(), *known),
        None => (run.state.session_id.clone(), run.state.session_known),
    };
    let left = run.bundle.agent.max_cost_usd.map(|max| max - run.state.spent.cost_usd);
    if left.is_some_and(|left| left <= 0.0) {
        let detail = "what the sprint may cost is spent".to_owned();
        let verdict = Verdict::OwnLimit { which: OwnLimit::Budget, detail };
        return Ok(Called { verdict, stopped: None, structured: None, session_is_lost: false });
    }
    let call = Call {
        model: run.bundle.agent.model.as_deref(),
        max_budget_usd: left,
        json_schema: schema,
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

    let grace = run.grace();
    let mut fold = if schema.is_some() { Fold::new().expecting_structured_output() } else { Fold::new() };
    let mut greeted = false;
    let mut events = 0;
    let mut no_space = false;
    let ended: Ended = {
        let process = Process {
            words: &words,
            environment: &environment,
            dir: &run.work,
            input: open_plain(File::options().read(true), &steps.join(format!("{name}.prompt.md")))?,
            stream: &steps.join(format!("{name}.jsonl")),
            errors: &steps.join(format!("{name}.err")),
            deadline,
            grace,
        };
        let Run { journal, signals, state, .. } = run;
        agent::run(process, signals, |line| {
            for notice in fold.line(line) {
                if matches!(notice, Notice::Session { .. }) {
                    greeted = true;
                    match own_session {
                        Some((_, known)) => *known = true,
                        None if !state.session_known => {
                            state.session_known = true;
                            // It is saved again when the call has ended.
                            no_space |= journal.save(state).is_err_and(|error| is_no_space(&error));
                        }
                        None => {}
                    }
                }
                if let Some(entry) = entry_of(&notice)
                    && events < MAX_EVENTS
                {
                    events += 1;
                    no_space |= journal.write(&entry).is_err();
                }
            }
            if no_space {
                Heard::NoSpace
            } else if fold.is_idle() && fold.background_tasks() == 0 {
                Heard::Finished
            } else {
                Heard::Working
            }
        })?
    };
    // At once: whatever goes wrong from here on, this was spent.
    let spent = money(&fold);
    run.state.spent.add(&spent);
    total.add(&spent);
    if ended.stopped == Some(Stopped::DiskFull) {
        run.journal.note_full_disk();
    }
    run.clear_up()?;
    run.journal.write(&Entry::Cost { spent })?;
    run.journal.save(&run.state).or_else(|error| if is_no_space(&error) { Ok(()) } else { Err(error) })?;
    let missing = missing(run, step);
    // A process that we ended because it lingered after its result is judged by the result.
    let exit = if ended.stopped == Some(Stopped::Lingered) { Exit::Code(0) } else { ended.exit };
    let verdict = fold.verdict(exit, &missing, &ended.errors);
    Ok(Called {
        verdict,
        stopped: ended.stopped.filter(|why| *why != Stopped::Lingered),
        structured: fold.structured_output().cloned(),
        session_is_lost: known && !greeted && fold.result_seen(),
    })
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
    match Folder::open(&run.work) {
        Ok(folder) => step.produces.iter().filter(|file| !folder.has_content(file)).cloned().collect(),
        Err(_) => step.produces.clone(),
    }
}
