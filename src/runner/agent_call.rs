//! One call of the agent: what it is started with, what it tells, and what it has cost.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::journal::{is_no_space, open_plain, replace};
use super::leftovers;
use super::outputs::missing;
use super::run::Run;
use super::supervisor::{self, ERRORS_TOLD, Ended, Heard, Process, Stopped, Told};
use super::untold::of_stream;
use crate::bundle::OWN_FOLDER;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{Calling, Money};
use crate::bundle::journal::Entry;
use crate::claude::{self, Call, Exit, Fold, Notice, OwnLimit, Session, Unbegun, Verdict};
use crate::domain::complaint;
use crate::domain::text::one_line;
use crate::pipeline::Step;
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

/// What came of one call of the agent.
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

/// How long the first event may take.
fn patience(run: &Run, left: Duration) -> Duration {
    let given = run
        .environment
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

/// One call of the agent. What it costs is added to `total`, and to what the run has spent.
pub fn call(
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

    let aside = own_session.is_some();
    let (session, known) = match own_session {
        Some((session, known)) => (session.clone(), *known),
        None => (run.state.session_id.clone(), run.state.session_known),
    };
    let left = run.bundle.agent.max_cost_usd.map(|max| max - run.state.spent.cost_usd);
    if left.is_some_and(|left| left <= 0.0) {
        let detail = "what the sprint may cost is spent".to_owned();
        let verdict = Verdict::OwnLimit { which: OwnLimit::Budget, detail };
        return Ok(Called {
            verdict,
            stopped: None,
            structured: None,
            session_is_lost: false,
            damage: None,
            unheard: None,
            last_words: String::new(),
        });
    }
    let instructions = standing_instructions(&run.work_text);
    let call = Call {
        instructions: (!claude::instructs(&run.bundle.agent.command))
            .then_some(instructions.as_str()),
        withheld: &run.withheld,
        model: run.bundle.agent.model.as_deref(),
        max_budget_usd: left,
        json_schema: schema,
        ..Call::new(if known { Session::Resume(&session) } else { Session::New(&session) })
    };
    let mut words: Vec<String> =
        run.bundle.agent.command.iter().map(|word| process::at_home(word)).collect();
    words.extend(claude::arguments(&call));

    let own = step.timeout_seconds.map(Duration::from_secs);
    let deadline = own.and_then(|own| clock::instant().checked_add(own));
    let left_here = own.map_or(run.time.left(), |own| own.min(run.time.left()));
    let seconds_left = left_here.as_secs();
    let patience = patience(run, left_here);
    let mut environment = run.environment.clone();
    for (name, value) in
        claude::environment(seconds_left, &run.temporary.folder.display().to_string())
    {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.to_owned(), value));
        }
    }

    let stream = steps.join(format!("{name}.jsonl"));
    let from = std::fs::symlink_metadata(&stream).map_or(0, |metadata| metadata.len());
    let calling = Calling { stream: format!("{name}.jsonl"), from };
    run.state.calling = Some(calling.clone());
    run.journal.save(&run.state)?;
    let mut fold =
        if schema.is_some() { Fold::new().expecting_structured_output() } else { Fold::new() };
    let mut greeted = false;
    let mut events = 0;
    let mut no_space = false;
    let (began, began_at) = (clock::instant(), clock::stamp(clock::now()));
    let ended: Ended = {
        let process = Process {
            words: &words,
            environment: &environment,
            dir: &run.work,
            input: open_plain(
                File::options().read(true),
                &steps.join(format!("{name}.prompt.md")),
            )?,
            stream: &stream,
            errors: &steps.join(format!("{name}.err")),
            deadline,
            time: run.time,
        };
        let Run { journal, signals, state, .. } = run;
        let mut shown = (!journal.masker.is_empty()).then(Fold::new);
        supervisor::run(process, signals, |told| {
            let notices = match told {
                // What is told is masked before it is shortened. What the run works with stays as it is.
                Told::Line(line) => {
                    let notices = fold.line(line);
                    match &mut shown {
                        Some(shown) => shown.line(&journal.masker.line(line)),
                        None => notices,
                    }
                }
                Told::Warning(text) => {
                    no_space |= journal.write(&Entry::Note { text }).is_err();
                    Vec::new()
                }
                Told::Nothing => {
                    no_space |= journal.tell_standstill().is_err();
                    Vec::new()
                }
            };
            for notice in notices {
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
                if let Some(entry) = entry_of(&notice, &session, aside, &calling)
                    && events < MAX_EVENTS
                {
                    events += 1;
                    no_space |= journal.write(&entry).is_err();
                }
            }
            if no_space {
                Heard::NoSpace
            } else if !fold.has_spoken() && clock::since(began) > patience {
                Heard::Silent
            } else if fold.is_idle() && fold.background_tasks() == 0 {
                Heard::Finished
            } else {
                Heard::Working
            }
        })?
    };
    // At once: whatever goes wrong from here on, this was spent.
    let mut spent = Money::of_call(&fold, &run.state.spent);
    // What nobody can count may have been all that was left.
    let uncounted = left.filter(|_| fold.spent().uncounted);
    spent.cost_usd = spent.cost_usd.max(uncounted.unwrap_or(0.0));
    run.state.spent.add(&spent);
    run.state.calling = None;
    total.add(&spent);
    if ended.stopped == Some(Stopped::DiskFull) {
        run.journal.note_full_disk();
        run.clear_up()?;
    }
    run.learn(fold.unattended());
    let unheard = (!fold.has_spoken()).then(|| (began_at, clock::since(began)));
    let cost = Entry::Cost { spent, call: Some(calling) };
    let told = run.journal.write(&cost);
    let saved = run.journal.save(&run.state);
    run.clear_up()?;
    if told.is_err() {
        // There is room now, where the disk was full.
        run.journal.write(&cost)?;
    }
    saved.or_else(|error| if is_no_space(&error) { Ok(()) } else { Err(error) })?;
    let stopped = match ended.stopped {
        Some(Stopped::Signal(name)) => Some(Stopped::Signal(name)),
        // Nothing can be kept any more, and the room that is left is for the end.
        _ if run.journal.disk_was_full() => Some(Stopped::DiskFull),
        other => other.filter(|why| !matches!(why, Stopped::Lingered | Stopped::Silent)),
    };
    leftovers::remove(run)?;
    let errors = run.journal.masker.tail(&ended.errors, ERRORS_TOLD - 100);
    let missing = missing(run, step);
    // A process that we ended because it lingered after its result is judged by the result.
    let exit = if ended.stopped == Some(Stopped::Lingered) { Exit::Code(0) } else { ended.exit };
    let verdict = match uncounted {
        Some(_) => {
            let detail =
                "what the call has cost cannot be counted: Claude told neither dollars nor tokens"
                    .to_owned();
            Verdict::OwnLimit { which: OwnLimit::Budget, detail }
        }
        None => match &unheard {
            Some((since, time)) if ended.stopped == Some(Stopped::Silent) => silent(since, *time),
            _ => fold.verdict(exit, &missing, &errors),
        },
    };
    let session_is_lost =
        known && !greeted && (fold.result_seen() && is_ended(&verdict) || is_no_session(&verdict));
    let damage =
        fold.damage().or_else(|| claude::is_session_damage(&errors).then_some(errors.as_str()));
    Ok(Called {
        stopped,
        structured: fold.structured_output().cloned(),
        session_is_lost,
        damage: damage
            .filter(|_| known)
            .map(|said| one_line(&complaint::telling(&run.journal.masker.text(said)), 200)),
        unheard,
        last_words: run.journal.masker.text(&last_words(&fold)).into_owned(),
        verdict,
    })
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

/// Takes a call into account in whose middle an earlier runner was killed, from what it had printed.
pub fn account_for_killed(run: &mut Run) -> io::Result<()> {
    let Some(calling) = run.state.calling.take() else { return Ok(()) };
    let steps = Folder::open(&run.dir)
        .and_then(|dir| dir.folder(OWN_FOLDER))
        .and_then(|own| own.folder("steps"));
    let stream = steps.ok().and_then(|steps| of_stream(&steps, &calling, &run.state.spent, false));
    // What cannot be read any more may have been all that was left.
    let left =
        run.bundle.agent.max_cost_usd.map_or(0.0, |max| (max - run.state.spent.cost_usd).max(0.0));
    let spent = stream.unwrap_or(Money { cost_usd: left, estimated: true, ..Money::default() });
    run.state.spent.add(&spent);
    run.journal
        .write(&Entry::Note { text: "a call was interrupted when the runner was killed: what it had printed is taken into account".to_owned() })?;
    run.carried.add(&spent);
    run.journal.write(&Entry::Cost { spent, call: Some(calling) })?;
    run.journal.save(&run.state)
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
