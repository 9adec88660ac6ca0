//! Finds a task by its id or the beginning of one.

use super::failure::{Failure, Kind, Result};
use super::text;
use crate::domain::suggestion;
use crate::store::{Store, TaskFilter, TaskRow};

/// Finds a task by its id or the beginning of one.
pub fn find_task(store: &Store, text: &str) -> Result<TaskRow> {
    if let Some(row) = store.task(text)? {
        return Ok(row);
    }
    let beginning = if text.starts_with("t-") { text.to_owned() } else { format!("t-{text}") };
    let fits = beginning.len() > 2 && beginning[2..].bytes().all(|b| b.is_ascii_hexdigit());
    let matches = if fits { store.task_ids_like(&beginning)? } else { Vec::new() };
    match matches.as_slice() {
        [one] => store.task(one)?.ok_or_else(|| Failure::new(Kind::NotFound, format!("there is no task {one}"))),
        [] => {
            let mut failure = Failure::new(Kind::NotFound, format!("there is no task {:?}", text::short(&text::clean(text), 60)));
            let known: Vec<String> =
                store.tasks(&TaskFilter { limit: Some(200), ..TaskFilter::default() })?.iter().map(|row| row.id.to_string()).collect();
            if let Some(near) = suggestion::nearest(text, known.iter().map(String::as_str)) {
                failure = failure.hint(format!("did you mean {near}?"));
            }
            Err(failure.hint("`researchloop task list --all` shows all"))
        }
        many => Err(Failure::new(Kind::Usage, format!("{beginning} is the beginning of several ids: {}", many.join(", ")))),
    }
}
