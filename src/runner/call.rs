//! One call of the agent: what it is started with, what it tells, and what it has cost.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::agent::{self, ERRORS_TOLD, Ended, Heard, Process, Stopped, Told};
use super::delivered::missing;
use super::journal::{is_no_space, open_plain, replace};
use super::run::Run;
use super::untold::of_stream;
use crate::bundle::OWN_FOLDER;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{Calling, Money};
use crate::bundle::journal::Entry;
use crate::claude::{self, Call, Exit, Fold, Notice, OwnLimit, Session, Verdict};
use crate::pipeline::Step;
use crate::platform::{clock, process};

/// Lines about tools and texts that one step may add to the journal. The stream's file
/// has all of them.
const MAX_EVENTS: u32 = 4000;

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
    let mut words: Vec<String> = run.bundle.agent.command.iter().map(|word| process::at_home(word)).collect();
    words.extend(claude::arguments(&call));

    let own = step.timeout_seconds.map(Duration::from_secs);
    let deadline = own.and_then(|own| clock::instant().checked_add(own));
    let seconds_left = own.map_or(run.time.left(), |own| own.min(run.time.left())).as_secs();
    let mut environment = run.environment.clone();
    for (name, value) in claude::environment(seconds_left, &run.temporary.folder.display().to_string()) {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.to_owned(), value));
        }
    }

    let stream = steps.join(format!("{name}.jsonl"));
    let from = std::fs::symlink_metadata(&stream).map_or(0, |metadata| metadata.len());
    let calling = Calling { stream: format!("{name}.jsonl"), from };
    run.state.calling = Some(calling.clone());
    run.journal.save(&run.state)?;
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
            stream: &stream,
            errors: &steps.join(format!("{name}.err")),
            deadline,
            time: run.time,
        };
        let Run { journal, signals, state, .. } = run;
        let mut shown = (!journal.masker.is_empty()).then(Fold::new);
        agent::run(process, signals, |told| {
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
                if let Some(entry) = entry_of(&notice, &calling)
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
        other => other.filter(|why| *why != Stopped::Lingered),
    };
    let missing = missing(run, step);
    // A process that we ended because it lingered after its result is judged by the result.
    let exit = if ended.stopped == Some(Stopped::Lingered) { Exit::Code(0) } else { ended.exit };
    let verdict = match uncounted {
        Some(_) => {
            let detail = "what the call has cost cannot be counted: Claude told neither dollars nor tokens".to_owned();
            Verdict::OwnLimit { which: OwnLimit::Budget, detail }
        }
        None => fold.verdict(exit, &missing, &run.journal.masker.tail(&ended.errors, ERRORS_TOLD - 100)),
    };
    Ok(Called { verdict, stopped, structured: fold.structured_output().cloned(), session_is_lost: known && !greeted && fold.result_seen() })
}

/// Takes a call into account in whose middle an earlier runner was killed, from what it had printed.
pub fn account_for_killed(run: &mut Run) -> io::Result<()> {
    let Some(calling) = run.state.calling.take() else { return Ok(()) };
    let steps = Folder::open(&run.dir).and_then(|dir| dir.folder(OWN_FOLDER)).and_then(|own| own.folder("steps"));
    let stream = steps.ok().and_then(|steps| of_stream(&steps, &calling, &run.state.spent, false));
    // What cannot be read any more may have been all that was left.
    let left = run.bundle.agent.max_cost_usd.map_or(0.0, |max| (max - run.state.spent.cost_usd).max(0.0));
    let spent = stream.unwrap_or(Money { cost_usd: left, estimated: true, ..Money::default() });
    run.state.spent.add(&spent);
    run.journal
        .write(&Entry::Note { text: "a call was interrupted when the runner was killed: what it had printed is taken into account".to_owned() })?;
    run.carried.add(&spent);
    run.journal.write(&Entry::Cost { spent, call: Some(calling) })?;
    run.journal.save(&run.state)
}

fn entry_of(notice: &Notice, calling: &Calling) -> Option<Entry> {
    match notice {
        Notice::Session { session_id, model, version } => {
            Some(Entry::Agent { session_id: session_id.clone(), model: model.clone(), version: version.clone(), call: Some(calling.clone()) })
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
