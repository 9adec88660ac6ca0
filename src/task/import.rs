//! Many tasks at once, from a file: all of them, or none, and all mistakes together.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::task::{MAX_ATTEMPTS, check_idea, check_text, parse_need};
use crate::domain::{Condition, Priority, StudyName, TaskId, suggestion};
use crate::store::{Change, NewTask, TaskError};

/// The largest file, in bytes.
const MAX_BYTES: usize = 4_000_000;
/// For so many mistakes, the nearest key is looked for.
const MAX_NEAR: usize = 100;
/// The most tasks of one file.
const MAX_TASKS: usize = 10_000;

/// A task that somebody has written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// How others of the same file name it.
    pub key: Option<String>,
    /// The idea.
    pub idea: String,
    /// Keys of the file or ids.
    pub needs: Vec<(String, Condition)>,
    /// How urgent it is.
    pub priority: Priority,
    /// A key of the file or an id.
    pub parent: Option<String>,
    /// When it is done, in words.
    pub done_when: String,
    /// A command that must succeed.
    pub verify: String,
    /// How often it may fail.
    pub max_attempts: u32,
}

impl Draft {
    /// An idea, with nothing else said.
    pub fn new(idea: &str) -> Self {
        Self {
            key: None,
            idea: idea.to_owned(),
            needs: Vec::new(),
            priority: Priority::P1,
            parent: None,
            done_when: String::new(),
            verify: String::new(),
            max_attempts: MAX_ATTEMPTS,
        }
    }
}

/// Why none of the tasks was made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is wrong with them, one sentence each.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
    /// The database, or a task that is there already.
    #[error(transparent)]
    Task(#[from] TaskError),
}

/// Reads a list of tasks from YAML or JSON.
///
/// # Errors
/// All problems that can be seen in the file alone.
pub fn read(text: &str) -> Result<Vec<Draft>, Vec<String>> {
    if text.len() > MAX_BYTES {
        return Err(vec![format!(
            "the file has {} bytes; at most {MAX_BYTES} are read",
            text.len()
        )]);
    }
    let Value::Array(items) = parse(text).map_err(|problem| vec![problem])? else {
        return Err(vec!["expected a list of tasks, each with at least `idea`".to_owned()]);
    };
    if items.len() > MAX_TASKS {
        return Err(vec![format!(
            "the file has {} tasks; at most {MAX_TASKS} are read",
            items.len()
        )]);
    }
    let mut problems = Vec::new();
    let drafts: Vec<Draft> =
        items.iter().enumerate().map(|(place, item)| draft(place, item, &mut problems)).collect();
    if problems.is_empty() { Ok(drafts) } else { Err(problems) }
}

fn parse(text: &str) -> Result<Value, String> {
    // JSON is nearly YAML; its own reader is quicker, and takes tabs.
    if text.trim_start().starts_with('[') {
        match super::json::read(text) {
            Ok(value) => return Ok(value),
            Err(error) if error.is_data() => return Err(error.to_string()),
            Err(_) => {}
        }
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        error.without_snippet().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

/// What a task in a file may say.
pub const FIELDS: [&str; 8] =
    ["key", "idea", "needs", "priority", "parent", "done_when", "verify", "max_attempts"];

fn draft(place: usize, item: &Value, problems: &mut Vec<String>) -> Draft {
    let mut draft = Draft::new("");
    let Value::Object(fields) = item else {
        problems.push(format!("task {}: expected a mapping with at least `idea`", place + 1));
        return draft;
    };
    draft.key = fields.get("key").and_then(text_of);
    let name = name_of(place, draft.key.as_deref());
    let mut wrong = |what: String| problems.push(format!("{name}: {what}"));
    for (field, value) in fields {
        if !FIELDS.contains(&field.as_str()) {
            let near = suggestion::nearest(field, FIELDS)
                .map(|near| format!(" (did you mean `{near}`?)"))
                .unwrap_or_default();
            wrong(format!("unknown field {field:?}{near}"));
            continue;
        }
        if value.is_null() {
            continue;
        }
        match (field.as_str(), text_of(value)) {
            ("needs", _) => {
                let list = if let Value::Array(list) = value {
                    list.as_slice()
                } else {
                    std::slice::from_ref(value)
                };
                for need in list {
                    match text_of(need).as_deref().map(parse_need) {
                        Some(Ok((needed, condition))) => {
                            draft.needs.push((needed.to_owned(), condition))
                        }
                        Some(Err(problem)) => wrong(format!("`needs`: {problem}")),
                        None => wrong("`needs`: expected keys or ids".to_owned()),
                    }
                }
            }
            (_, None) => wrong(format!("`{field}`: expected a text")),
            ("key", Some(key)) => {
                if StudyName::new(&key).is_err() || TaskId::new(&key).is_ok() {
                    wrong("`key`: expected letters, digits, dots, dashes, underscores, and nothing that looks like an id".to_owned());
                }
            }
            ("idea", Some(idea)) => match check_idea(&idea) {
                Ok(idea) => draft.idea = idea,
                Err(problem) => wrong(problem),
            },
            ("priority", Some(word)) => match Priority::parse(&word) {
                Some(priority) => draft.priority = priority,
                None => wrong(format!("`priority` {word:?}: expected p0, p1 or p2")),
            },
            ("parent", Some(parent)) => draft.parent = Some(parent),
            ("max_attempts", Some(count)) => match count.parse() {
                Ok(count @ 1..=100) => draft.max_attempts = count,
                _ => wrong(format!("`max_attempts` {count:?}: expected 1 to 100")),
            },
            (field, Some(text)) => match check_text(&format!("`{field}`"), &text) {
                Ok(text) if field == "verify" => draft.verify = text,
                Ok(text) => draft.done_when = text,
                Err(problem) => wrong(problem),
            },
        }
    }
    if fields.get("idea").is_none_or(Value::is_null) {
        wrong("`idea` is missing".to_owned());
    }
    draft
}

/// A single value as text. Quotes are optional in YAML, so `1` is a text, too.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn name_of(place: usize, key: Option<&str>) -> String {
    key.map_or_else(|| format!("task {}", place + 1), |key| format!("task {} ({key:?})", place + 1))
}

/// Makes all of them as a part of a change, in whatever order they name each other. Returns their
/// ids in the order of the drafts.
pub fn create_all(
    change: &Change<'_>,
    study: &str,
    drafts: &[Draft],
    made_by: &str,
) -> Result<Vec<TaskId>, ImportError> {
    let mut problems = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        if let Some(key) = &draft.key
            && let Some(first) = places.insert(key, place)
        {
            problems.push(format!(
                "{}: task {} has the same key",
                name_of(place, Some(key)),
                first + 1
            ));
        }
    }
    let mut ids = Vec::new();
    for draft in drafts {
        let (idea, done_when, verify) =
            (draft.idea.as_str(), draft.done_when.as_str(), draft.verify.as_str());
        let (priority, max_attempts) = (draft.priority, draft.max_attempts);
        ids.push(change.insert_task(&NewTask {
            study,
            idea,
            priority,
            done_when,
            verify,
            made_by,
            max_attempts,
        })?);
    }
    for (place, draft) in drafts.iter().enumerate() {
        let name = name_of(place, draft.key.as_deref());
        let mut resolve = |what: &str, word: &str| -> Result<Option<TaskId>, TaskError> {
            if let Some(other) = places.get(word) {
                return Ok(Some(ids[*other].clone()));
            }
            if let Ok(id) = TaskId::new(word)
                && change.task(&id)?.is_some()
            {
                return Ok(Some(id));
            }
            // With thousands of mistakes, nobody reads the last ones.
            let keys = places.keys().copied().filter(|_| problems.len() < MAX_NEAR);
            let near = suggestion::nearest(word, keys)
                .map(|near| format!(" (did you mean {near:?}?)"))
                .unwrap_or_default();
            problems.push(format!("{name}: `{what}` names {word:?}, which is neither a key of this file nor the id of a task{near}"));
            Ok(None)
        };
        let mut wrong = Vec::new();
        let parent =
            draft.parent.as_ref().map(|parent| resolve("parent", parent)).transpose()?.flatten();
        let mut links = Vec::new();
        for (word, condition) in &draft.needs {
            if let Some(needed) = resolve("needs", word)? {
                if links.iter().any(|(other, _)| *other == needed) {
                    wrong.push(format!("{name}: `needs` names {word:?} twice"));
                }
                links.push((needed, *condition));
            }
        }
        let id = &ids[place];
        let linked =
            links.iter().map(|(needed, condition)| change.link_need(id, needed, *condition));
        for result in
            linked.chain(parent.as_ref().map(|parent| change.link_parent(id, Some(parent))))
        {
            match result {
                Err(TaskError::Store(error)) => return Err(ImportError::Task(error.into())),
                Err(error) => wrong.push(format!("{name}: {error}")),
                Ok(()) => {}
            }
        }
        problems.append(&mut wrong);
    }
    if !problems.is_empty() {
        return Err(ImportError::Problems(problems));
    }
    match change.settle_edges(study) {
        Ok(()) => Ok(ids),
        // By the names that stand in the file.
        Err(TaskError::Cycle(path)) => {
            let named = |id: &String| {
                let place = ids.iter().position(|known| known.as_str() == id);
                place.map_or_else(
                    || id.clone(),
                    |place| {
                        drafts[place].key.clone().unwrap_or_else(|| format!("task {}", place + 1))
                    },
                )
            };
            Err(ImportError::Task(TaskError::Cycle(path.iter().map(named).collect())))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = "- key: 1\n  idea: first\n- idea: >\n    second,\n    longer\n  needs: [1, t-0a0a0a:refuted]\n  priority: p0\n  parent: big\n  verify: make test\n";
        let json = r#"[{"key": "1", "idea": "first"},	{"idea": "second, longer", "needs": ["1", "t-0a0a0a:refuted"], "priority": "p0", "parent": "big", "verify": "make test"}]"#;
        let drafts = read(yaml).expect("read");
        assert_eq!(drafts, read(json).expect("read"));
        assert_eq!(
            drafts[1].needs,
            [("1".to_owned(), Condition::Done), ("t-0a0a0a".to_owned(), Condition::Refuted)]
        );
        assert_eq!(
            read("- idea: x\n  needs: a\n").expect("read")[0].needs,
            [("a".to_owned(), Condition::Done)]
        );
    }

    #[test]
    fn every_mistake_of_a_file_is_told_at_once() {
        let problems =
            read("- key: a/b\n  idea: x\n- ide: y\n- key: c\n  idea: ' '\n  needs: [d:supportd]\n  priority: high\n  max_attempts: 0\n- just text\n- idea:\n")
                .expect_err("wrong");
        let all = problems.join("\n");
        for part in [
            "task 1 (\"a/b\"): `key`",
            "task 2: unknown field \"ide\" (did you mean `idea`?)",
            "task 2: `idea` is missing",
            "task 3 (\"c\"): the idea is empty",
            "did you mean supported?",
            "`priority` \"high\"",
            "`max_attempts` \"0\"",
            "task 4: expected a mapping",
            "task 5: `idea` is missing",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in ["", "idea: x", "- [", "\"text\"", "&a [*a]"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(read("[]").expect("nothing"), []);
    }
}
