//! Finds the sprint, loop, task or message that a user means by an id or its beginning.

use super::exit::Result;
use super::text;
use super::values::did_you_mean;
use crate::domain::suggestion;
use crate::problem::{Problem, ProblemKind};
use crate::store::{LoopRow, MessageRow, SprintRow, Store, StoreError, TaskRow};

/// Finds a sprint.
pub fn sprint(store: &Store, text: &str) -> Result<SprintRow> {
    let ids = Ids {
        prefix: "sp-",
        what: "sprint",
        list: "researchloop sprint list",
        like: &|beginning| store.ids_like(beginning),
    };
    ids.row(text, |id| store.sprint(id))
}

/// Finds a loop.
pub fn auto_loop(store: &Store, text: &str) -> Result<LoopRow> {
    let ids = Ids {
        prefix: "loop-",
        what: "loop",
        list: "researchloop loop list",
        like: &|beginning| store.loop_ids_like(beginning),
    };
    ids.row(text, |id| store.one_loop(id))
}

/// Finds a task.
pub fn task(store: &Store, text: &str) -> Result<TaskRow> {
    let ids = Ids {
        prefix: "t-",
        what: "task",
        list: "researchloop task list --all",
        like: &|beginning| store.task_ids_like(beginning),
    };
    ids.row(text, |id| store.task(id))
}

/// Finds a message by its id or the beginning of one. None when the id is a sprint's.
pub fn message(store: &Store, id: &str) -> Result<Option<MessageRow>> {
    if let Some(found) = store.message(id)? {
        return Ok(Some(found));
    }
    let digits = id.strip_prefix("m-").unwrap_or(id);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let matches = if plain { store.messages_like(&format!("m-{digits}"))? } else { Vec::new() };
    let is_sprint = id.starts_with("sp-")
        || !id.starts_with("m-") && plain && !store.ids_like(&format!("sp-{digits}"))?.is_empty();
    match matches.as_slice() {
        [] if is_sprint => Ok(None),
        [one] if !is_sprint => Ok(store.message(one)?),
        [] => {
            let known: Vec<String> =
                store.messages(true)?.into_iter().map(|message| message.id).collect();
            let problem = Problem::new(
                ProblemKind::NotFound,
                format!("there is no message {:?}", text::short(&text::clean(id), 60)),
            );
            let problem = did_you_mean(problem, id, known.iter().map(String::as_str));
            Err(problem.hint("`researchloop inbox --all` shows all; a sprint's id sends it a note"))
        }
        many => {
            let sprints = if is_sprint { ", and of a sprint's" } else { "" };
            Err(Problem::new(
                ProblemKind::Usage,
                format!("{id} is the beginning of several ids: {}{sprints}", many.join(", ")),
            ))
        }
    }
}

/// A kind of thing that has an id.
struct Ids<'a> {
    /// `sp-`, `loop-`, ...
    prefix: &'static str,
    /// For people: `sprint`, `loop`, ...
    what: &'static str,
    /// The command that lists them all.
    list: &'static str,
    /// Ids that begin with a text, at most ten.
    like: &'a dyn Fn(&str) -> std::result::Result<Vec<String>, StoreError>,
}

impl Ids<'_> {
    fn row<T>(
        &self,
        text: &str,
        read: impl Fn(&str) -> std::result::Result<Option<T>, StoreError>,
    ) -> Result<T> {
        let id = id(self, text)?;
        read(&id)?.ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, format!("there is no {} {id}", self.what))
        })
    }
}

/// The whole id. The prefix may be left out, and the end while it is unambiguous.
fn id(ids: &Ids<'_>, given: &str) -> Result<String> {
    let beginning = if given.starts_with(ids.prefix) {
        given.to_owned()
    } else {
        format!("{}{given}", ids.prefix)
    };
    let rest = beginning.get(ids.prefix.len()..).unwrap_or_default();
    let fits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit());
    let found = if fits { (ids.like)(&beginning)? } else { Vec::new() };
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let shown = text::short(&text::clean(given), 60);
            let mut failure =
                Problem::new(ProblemKind::NotFound, format!("there is no {} {shown:?}", ids.what));
            // Only a few ids come back at a time: those that share the most with it are asked for first.
            let lengths = if fits && beginning.len() < 20 {
                ids.prefix.len()..beginning.len()
            } else {
                ids.prefix.len()..ids.prefix.len() + 1
            };
            for length in lengths.rev() {
                let some = (ids.like)(beginning.get(..length).unwrap_or(ids.prefix))?;
                if let Some(near) = suggestion::nearest(&beginning, some.iter().map(String::as_str))
                {
                    failure = failure.hint(format!("did you mean {near}?"));
                    break;
                }
            }
            Err(failure.hint(format!("`{}` lists them; -n N lists more", ids.list)))
        }
        many if many.contains(&beginning) => Ok(beginning),
        many => Err(Problem::new(
            ProblemKind::Usage,
            format!("{beginning} is the beginning of several ids: {}", many.join(", ")),
        )),
    }
}
