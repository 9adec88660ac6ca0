//! Finds what somebody means by an id or its beginning.

use std::borrow::Borrow;
use std::fmt::Display;

use crate::domain::action::Action;
use crate::domain::{MessageId, suggestion, text};
use crate::problem::{Problem, ProblemKind};
use crate::store::{LoopRow, MessageRow, SprintRow, Store, StoreError, TaskRow};

/// The most of an unknown id that is told, in characters.
const MOST_TOLD: usize = 60;

/// A kind of thing that has an id.
struct Ids<'a, Id> {
    /// `sp-`, `loop-`, ...
    prefix: &'static str,
    /// For people: `sprint`, `loop`, ...
    what: &'static str,
    /// What lists them all.
    list: Action,
    /// Ids that begin with a text, at most ten.
    like: &'a dyn Fn(&str) -> Result<Vec<Id>, StoreError>,
}

/// The sprint with this id.
pub fn sprint(store: &Store, given: &str) -> Result<SprintRow, Problem> {
    let ids = Ids {
        prefix: "sp-",
        what: "sprint",
        list: Action::ListSprints,
        like: &|beginning| store.ids_like(beginning),
    };
    let id = whole(&ids, given)?;
    store.sprint(&id)?.ok_or_else(|| gone("sprint", &id))
}

/// The loop with this id.
pub fn auto_loop(store: &Store, given: &str) -> Result<LoopRow, Problem> {
    let ids = Ids {
        prefix: "loop-",
        what: "loop",
        list: Action::ListLoops,
        like: &|beginning| store.loop_ids_like(beginning),
    };
    let id = whole(&ids, given)?;
    store.one_loop(&id)?.ok_or_else(|| gone("loop", &id))
}

/// The task with this id.
pub fn task(store: &Store, given: &str) -> Result<TaskRow, Problem> {
    let ids = Ids {
        prefix: "t-",
        what: "task",
        list: Action::ListTasks { all: true },
        like: &|beginning| store.task_ids_like(beginning),
    };
    let id = whole(&ids, given)?;
    store.task(&id)?.ok_or_else(|| gone("task", &id))
}

/// The message with this id. None when the id is a sprint's.
pub fn message(store: &Store, given: &str) -> Result<Option<MessageRow>, Problem> {
    if let Ok(id) = MessageId::new(given)
        && let Some(message) = store.message(&id)?
    {
        return Ok(Some(message));
    }
    let digits = given.strip_prefix("m-").unwrap_or(given);
    let matches =
        if is_hex(digits) { store.messages_like(&format!("m-{digits}"))? } else { Vec::new() };
    let is_sprint = is_sprint(store, given)?;
    match matches.as_slice() {
        [] if is_sprint => Ok(None),
        [one] if !is_sprint => Ok(store.message(one)?),
        [] => {
            let known = store.messages(true)?;
            let mut problem = unknown("message", given);
            if let Some(near) =
                suggestion::nearest(given, known.iter().map(|message| message.id.as_str()))
            {
                problem = problem.hint(format!("did you mean {near}?"));
            }
            Err(problem.hint(format!(
                "`{}` shows all; a sprint's id sends it a note",
                Action::ListMessages
            )))
        }
        many => {
            let sprints = if is_sprint { ", and of a sprint's" } else { "" };
            Err(Problem::new(
                ProblemKind::Usage,
                format!("{given} is the prefix of several ids: {}{sprints}", many.join(", ")),
            ))
        }
    }
}

/// Whether this is the id of a sprint, or the beginning of one.
pub fn is_sprint(store: &Store, given: &str) -> Result<bool, StoreError> {
    Ok(given.starts_with("sp-")
        || is_hex(given) && !store.ids_like(&format!("sp-{given}"))?.is_empty())
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The whole id. The prefix may be left out, and the end while it is unambiguous.
fn whole<Id: Clone + Borrow<str>>(ids: &Ids<'_, Id>, given: &str) -> Result<Id, Problem> {
    let beginning = if given.starts_with(ids.prefix) {
        given.to_owned()
    } else {
        format!("{}{given}", ids.prefix)
    };
    let rest = beginning.get(ids.prefix.len()..).unwrap_or_default();
    let matches = if is_hex(rest) { (ids.like)(&beginning)? } else { Vec::new() };
    match matches.as_slice() {
        [id] => Ok(id.clone()),
        [] => {
            let mut problem = unknown(ids.what, given);
            // Only a few ids come back at a time: those that share the most with it are asked for first.
            let lengths = if is_hex(rest) && beginning.len() < 20 {
                ids.prefix.len()..beginning.len()
            } else {
                ids.prefix.len()..ids.prefix.len() + 1
            };
            for length in lengths.rev() {
                let some = (ids.like)(beginning.get(..length).unwrap_or(ids.prefix))?;
                if let Some(near) = suggestion::nearest(&beginning, some.iter().map(Borrow::borrow))
                {
                    problem = problem.hint(format!("did you mean {near}?"));
                    break;
                }
            }
            Err(problem.hint(format!("`{}` lists them; -n N lists more", ids.list)))
        }
        many => match many.iter().find(|id| (*id).borrow() == beginning) {
            Some(id) => Ok(id.clone()),
            None => Err(Problem::new(
                ProblemKind::Usage,
                format!("{beginning} is the prefix of several ids: {}", many.join(", ")),
            )),
        },
    }
}

fn unknown(what: &str, given: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no {what} {:?}", told(given)))
}

/// What somebody has given, as it is told when it is not known.
pub fn told(given: &str) -> String {
    let given = text::line(given);
    if given.chars().count() > MOST_TOLD {
        given.chars().take(MOST_TOLD - 1).chain(['…']).collect()
    } else {
        given
    }
}

/// It was there a moment ago.
fn gone(what: &str, id: &impl Display) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no {what} {id}"))
}
