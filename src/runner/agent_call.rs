//! One call of the agent: what it is started with, what it tells, and what it has cost.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::journal::{Journal, is_no_space, open_plain, replace};
use super::leftovers;
use super::step::StepContext;
use super::supervisor::{Activity, ERRORS_TOLD, Ended, Process, ProcessEvent, Stopped};
use crate::bundle::formats::{Calling, Money, StateFile};
use crate::bundle::journal::Entry;
use crate::claude::{self, Call, Exit, Fold, Notice, OwnLimit, Session, Unbegun, Verdict};
use crate::domain::complaint;
use crate::domain::text::one_line;
use crate::platform::{clock, process};

/// Lines about tools and texts that one step may add to the journal. The stream's file
/// has all of them.
const MAX_EVENTS: u32 = 4000;
/// The program's first event comes within seconds. One that has said nothing for so long says nothing at all.
const PATIENCE: Duration = Duration::from_secs(600);
/// In a short job it is a third of the time that is left, so that it can be tried again, but no less than this.
pub const LEAST_PATIENCE: Duration = Duration::from_secs(20);
/// A variable of the agent's environment that says otherwise, in seconds.
const PATIENCE_VARIABLE: &str = "RESEARCHLOOP_FIRST_EVENT_SECONDS";
/// So much of the last message is kept, in bytes.
const LAST_WORDS: usize = 16 << 10;

/// What one call of the agent leaves for the next ones of the run.
#[derive(Debug)]
pub struct CallMemory {
    /// Tools that calls have listed and that are not offered to later ones.
    withheld: Vec<String>,
    /// What lay where tools leave schedules, before the run.
    schedules: Vec<String>,
}

impl CallMemory {
    /// The memory of a run that has made no call.
    pub fn new(schedules: Vec<String>) -> Self {
        Self { withheld: Vec::new(), schedules }
    }

    /// Remembers tools that are not to be offered again.
    fn withhold(&mut self, tools: &[String]) {
        for tool in tools {
            if !self.withheld.contains(tool) {
                self.withheld.push(tool.clone());
            }
        }
    }
}

/// A session: its id, and whether the agent has confirmed it.
pub type SessionId = (String, bool);

/// What is asked in a call.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The prompt.
    pub text: &'a str,
    /// Which call of the step it is, from 1.
    pub number: u32,
    /// What the answer must look like.
    pub schema: Option<&'a str>,
}

/// What came of one call of the agent.
#[derive(Debug)]
pub struct Called {
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was ended by us.
    pub stopped: Option<Stopped>,
    /// The answer that follows the schema.
    pub structured: Option<serde_json::Value>,
    /// The session that should have gone on is not known to the agent.
    pub session_is_lost: bool,
    /// What the program says of damage to the session that has gone on.
    pub damage: Option<String>,
    /// Since when nothing was heard, and for how long; none when there was an event.
    pub unheard: Option<(String, Duration)>,
    /// The last message, when the call was no failure, or what a dialog would have asked.
    pub last_words: String,
}

impl Called {
    /// The outcome of a call that was not made, for want of money.
    fn without_money() -> Self {
        Self {
            verdict: out_of_money("what the sprint may cost is spent"),
            stopped: None,
            structured: None,
            session_is_lost: false,
            damage: None,
            unheard: None,
            last_words: String::new(),
        }
    }
}

fn out_of_money(detail: &str) -> Verdict {
    Verdict::OwnLimit { which: OwnLimit::Budget, detail: detail.to_owned() }
}

/// How long the first event may take.
fn patience(environment: &[(String, String)], left: Duration) -> Duration {
    let given = environment
        .iter()
        .find(|(name, _)| name == PATIENCE_VARIABLE)
        .and_then(|(_, value)| value.trim().parse().ok());
    given.map_or_else(|| (left / 3).clamp(LEAST_PATIENCE, PATIENCE), Duration::from_secs)
}

/// What each call is told beside its prompt: the same in all, because a session keeps the first.
fn standing_instructions(dir: &str) -> String {
    format!(
        "You run unattended inside a cluster job, in the directory {dir}, which is the current directory. Nobody reads or answers your messages, and \
         nothing wakes you: when your turn ends, this step is over and whatever still runs is ended. So there are no timers, wake-ups, reminders or \
         background commands; run things in the foreground, and end your turn only when the step is done."
    )
}

/// Makes one call of the agent. What it costs is added to the step, and to what the run has spent.
pub fn call(
    context: &mut StepContext<'_>,
    request: Request<'_>,
    own_session: &mut Option<SessionId>,
) -> io::Result<Called> {
    let label = &context.step.label;
    let name =
        if request.number == 1 { label.clone() } else { format!("{label}.{}", request.number) };
    let name = format!("{name}.{}", context.journal.incarnation());
    let steps = context.job.paths.own.join("steps");
    std::fs::create_dir_all(&steps)?;
    replace(&steps, &format!("{name}.prompt.md"), request.text.as_bytes())?;

    let state = &context.progress.state;
    let (session, known) =
        own_session.clone().unwrap_or_else(|| (state.session_id.clone(), state.session_known));
    let left = context.job.bundle.agent.max_cost_usd.map(|max| max - state.spent.cost_usd);
    if left.is_some_and(|left| left <= 0.0) {
        return Ok(Called::without_money());
    }
    let command = Command::of(context, request.schema, &session, known, left, &steps, &name);
    context.progress.state.calling = Some(command.calling.clone());
    context.progress.save(context.journal)?;

    let schema = request.schema;
    let mut listener = Listener {
        fold: if schema.is_some() {
            Fold::new().expecting_structured_output()
        } else {
            Fold::new()
        },
        shown: (!context.journal.masker.is_empty()).then(Fold::new),
        journal: context.journal,
        state: &mut context.progress.state,
        aside: own_session.is_some(),
        own_session,
        session: &session,
        calling: &command.calling,
        patience: command.patience,
        began: clock::instant(),
        greeted: false,
        events: 0,
        no_space: false,
    };
    let began_at = clock::stamp(clock::now());
    let process = Process {
        words: &command.words,
        environment: &command.environment,
        dir: &context.job.paths.work,
        input: open_plain(File::options().read(true), &steps.join(format!("{name}.prompt.md")))?,
        stream: &command.stream,
        errors: &steps.join(format!("{name}.err")),
        deadline: command.deadline,
    };
    let ended = context.supervisor.run(process, |event| listener.hear(event))?;
    let Listener { fold, greeted, began, .. } = listener;
    let unheard = (!fold.has_spoken()).then(|| (began_at, clock::since(began)));
    let is_uncounted = account(context, &fold, left, &ended, command.calling)?;
    let stopped = match ended.stopped {
        Some(Stopped::Signal(name)) => Some(Stopped::Signal(name)),
        // Nothing can be kept any more, and the room that is left is for the end.
        _ if context.journal.disk_was_full() => Some(Stopped::DiskFull),
        other => other.filter(|why| !matches!(why, Stopped::Lingered | Stopped::Silent)),
    };
    leftovers::remove(&context.job.paths.work, &context.calls.schedules, context.journal)?;
    let errors = context.journal.masker.tail(&ended.errors, ERRORS_TOLD - 100);
    let missing = context.outputs().missing();
    // A process that we ended because it lingered after its result is judged by the result.
    let exit = if ended.stopped == Some(Stopped::Lingered) { Exit::Code(0) } else { ended.exit };
    let verdict = match &unheard {
        _ if is_uncounted => out_of_money(
            "what the call has cost cannot be counted: Claude told neither dollars nor tokens",
        ),
        Some((since, time)) if ended.stopped == Some(Stopped::Silent) => silent(since, *time),
        _ => fold.verdict(exit, &missing, &errors),
    };
    let session_is_lost =
        known && !greeted && (fold.result_seen() && is_ended(&verdict) || is_no_session(&verdict));
    let damage =
        fold.damage().or_else(|| claude::is_session_damage(&errors).then_some(errors.as_str()));
    let masker = &context.journal.masker;
    Ok(Called {
        stopped,
        structured: fold.structured_output().cloned(),
        session_is_lost,
        damage: damage
            .filter(|_| known)
            .map(|damage| one_line(&complaint::telling(&masker.text(damage)), 200)),
        unheard,
        last_words: masker.text(&last_words(&fold)).into_owned(),
        verdict,
    })
}

/// What a call is started with.
struct Command {
    words: Vec<String>,
    environment: Vec<(String, String)>,
    stream: PathBuf,
    calling: Calling,
    deadline: Option<Instant>,
    patience: Duration,
}

impl Command {
    fn of(
        context: &StepContext<'_>,
        schema: Option<&str>,
        session: &str,
        known: bool,
        left: Option<f64>,
        steps: &Path,
        name: &str,
    ) -> Self {
        let (job, agent) = (context.job, &context.job.bundle.agent);
        let instructions = standing_instructions(&job.paths.work_text);
        let call = Call {
            instructions: (!claude::instructs(&agent.command)).then_some(instructions.as_str()),
            withheld: &context.calls.withheld,
            model: agent.model.as_deref(),
            max_budget_usd: left,
            json_schema: schema,
            ..Call::new(if known { Session::Resume(session) } else { Session::New(session) })
        };
        let mut words: Vec<String> =
            agent.command.iter().map(|word| process::at_home(word)).collect();
        words.extend(claude::arguments(&call));

        let timeout = context.step.timeout_seconds.map(Duration::from_secs);
        let deadline = timeout.and_then(|timeout| clock::instant().checked_add(timeout));
        let left_here = timeout.map_or(job.time.left(), |timeout| timeout.min(job.time.left()));
        let seconds_left = left_here.as_secs();
        let mut environment = job.environment.clone();
        for (name, value) in
            claude::environment(seconds_left, &job.temporary.folder.display().to_string())
        {
            if !environment.iter().any(|(known, _)| known == name) {
                environment.push((name.to_owned(), value));
            }
        }

        let stream = steps.join(format!("{name}.jsonl"));
        let from = std::fs::symlink_metadata(&stream).map_or(0, |metadata| metadata.len());
        Self {
            words,
            patience: patience(&job.environment, left_here),
            environment,
            stream,
            calling: Calling { stream: format!("{name}.jsonl"), from },
            deadline,
        }
    }
}

/// Hears what a call prints, and writes down what is worth it.
struct Listener<'a> {
    fold: Fold,
    /// The same, masked: what is told of it.
    shown: Option<Fold>,
    journal: &'a mut Journal,
    state: &'a mut StateFile,
    own_session: &'a mut Option<SessionId>,
    /// The id that the call was made with.
    session: &'a str,
    /// The session is that of this step alone.
    aside: bool,
    calling: &'a Calling,
    patience: Duration,
    began: Instant,
    greeted: bool,
    events: u32,
    no_space: bool,
}

impl Listener<'_> {
    fn hear(&mut self, event: ProcessEvent<'_>) -> Activity {
        let notices = match event {
            // What is told is masked before it is shortened. What the run works with stays as it is.
            ProcessEvent::Line(line) => {
                let notices = self.fold.line(line);
                match &mut self.shown {
                    Some(shown) => shown.line(&self.journal.masker.line(line)),
                    None => notices,
                }
            }
            ProcessEvent::Warning(text) => {
                self.no_space |= self.journal.write(&Entry::Note { text }).is_err();
                Vec::new()
            }
            ProcessEvent::News(entry) => {
                let _ = self.journal.write(&entry);
                Vec::new()
            }
            ProcessEvent::Idle => {
                self.no_space |= self.journal.tell_standstill().is_err();
                Vec::new()
            }
        };
        for notice in notices {
            self.tell(&notice);
        }
        if self.no_space {
            Activity::NoSpace
        } else if !self.fold.has_spoken() && clock::since(self.began) > self.patience {
            Activity::Silent
        } else if self.fold.is_idle() && self.fold.background_tasks() == 0 {
            Activity::Finished
        } else {
            Activity::Working
        }
    }

    fn tell(&mut self, notice: &Notice) {
        if matches!(notice, Notice::Session { .. }) {
            self.greeted = true;
            match self.own_session {
                Some((_, known)) => *known = true,
                None if !self.state.session_known => {
                    self.state.session_known = true;
                    // It is saved again when the call has ended.
                    let saved = self.journal.save(self.state);
                    self.no_space |= saved.is_err_and(|error| is_no_space(&error));
                }
                None => {}
            }
        }
        if let Some(entry) = entry_of(notice, self.session, self.aside, self.calling)
            && self.events < MAX_EVENTS
        {
            self.events += 1;
            self.no_space |= self.journal.write(&entry).is_err();
        }
    }
}

/// Takes down what a call has cost, and ends what it has left running. Returns whether nobody can
/// count the cost, so that it may have been all that was left.
fn account(
    context: &mut StepContext<'_>,
    fold: &Fold,
    left: Option<f64>,
    ended: &Ended,
    calling: Calling,
) -> io::Result<bool> {
    // At once: whatever goes wrong from here on, this was spent.
    let state = &mut context.progress.state;
    let mut spent = Money::of_call(fold, &state.spent);
    let uncounted = left.filter(|_| fold.spent().uncounted);
    spent.cost_usd = spent.cost_usd.max(uncounted.unwrap_or(0.0));
    state.spent.add(&spent);
    state.calling = None;
    context.spent.add(&spent);
    if ended.stopped == Some(Stopped::DiskFull) {
        context.journal.note_full_disk();
        context.supervisor.clear_up(context.journal)?;
    }
    context.calls.withhold(fold.unattended());
    let cost = Entry::Cost { spent, call: Some(calling) };
    let told = context.journal.write(&cost);
    let saved = context.progress.save(context.journal);
    context.supervisor.clear_up(context.journal)?;
    if told.is_err() {
        // There is room now, where the disk was full.
        context.journal.write(&cost)?;
    }
    saved.or_else(|error| if is_no_space(&error) { Ok(()) } else { Err(error) })?;
    Ok(uncounted.is_some())
}

/// The verdict on a call of which nothing was heard.
pub fn silent(since: &str, time: Duration) -> Verdict {
    let time = crate::domain::duration::human(time.as_secs());
    Verdict::NotBegun {
        why: Unbegun::Silent,
        detail: format!("nothing heard from Claude since {since} ({time})"),
    }
}

fn is_ended(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotBegun { why: Unbegun::Ended, .. })
}

fn is_no_session(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotBegun { why: Unbegun::NoSession, .. })
}

/// The end of the last message. A question for a dialog that nobody sees is one as well.
fn last_words(fold: &Fold) -> String {
    let said = fold.result_text().unwrap_or_default();
    let from = (said.len().saturating_sub(LAST_WORDS)..=said.len())
        .find(|at| said.is_char_boundary(*at))
        .unwrap_or_default();
    match fold.question() {
        Some(question) if !said.contains('?') => format!("{}\n\n{question}", &said[from..]),
        _ => said[from..].to_owned(),
    }
}

/// The line for a notice. `session`: the id that the call was made with. Some versions name another one in a
/// call that goes on with a session, under which nothing can be resumed: this one has worked.
fn entry_of(notice: &Notice, session: &str, aside: bool, calling: &Calling) -> Option<Entry> {
    match notice {
        Notice::Session { model, version, .. } => Some(Entry::Agent {
            session_id: session.to_owned(),
            model: model.clone(),
            version: version.clone(),
            aside,
            call: Some(calling.clone()),
        }),
        Notice::Tool { name, brief } => {
            Some(Entry::Tool { name: name.clone(), brief: brief.clone() })
        }
        Notice::Text(text) => Some(Entry::Said { text: text.clone() }),
        Notice::Limit(limit) => Some(Entry::Limit {
            status: limit.status.as_str().to_owned(),
            window: limit.kind.clone(),
            resets_at: limit.resets_at,
        }),
        // What a call has cost is told once, when it has ended.
        Notice::Result { .. } | Notice::ToolFailed { .. } | Notice::BackgroundTasks(_) => None,
        Notice::Retrying { .. }
        | Notice::Denied { .. }
        | Notice::ModelChanged { .. }
        | Notice::Compacted => Some(Entry::Note { text: notice.to_string() }),
    }
}
