//! Finds what a user means by an id or its beginning.

use super::exit::Result;
use super::text;
use crate::domain::suggestion;
use crate::problem::{Problem, ProblemKind};
use crate::store::StoreError;

/// A kind of thing that has an id.
pub struct Ids<'a> {
    /// `sp-`, `loop-`, ...
    pub prefix: &'static str,
    /// For people: `sprint`, `loop`, ...
    pub what: &'static str,
    /// The command that lists them all.
    pub list: &'static str,
    /// Ids that begin with a text, at most ten.
    pub like: &'a dyn Fn(&str) -> std::result::Result<Vec<String>, StoreError>,
}

/// The whole id. The prefix may be left out, and the end while it is unambiguous.
pub fn id(ids: &Ids<'_>, given: &str) -> Result<String> {
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
