//! Plans a study: asks Claude once for a graph of tasks, or reads one that somebody has. What comes
//! back is checked like a file of tasks, and no command in it is ever run.

mod ask;
mod here;
mod job;
mod take_in;
mod tree;

use serde_json::{Map, Value, json};

use crate::domain::action::Action;
use crate::domain::no_idea::no_idea_of_model;
use crate::domain::{Condition, suggestion};
use crate::task::{self, Draft};
use crate::view::{PlannedNeed, PlannedTask, PlannedTasks};

pub use ask::PlanError;
pub use here::{Here, KeptPlan, here, must_be_no_login_node};
pub use job::{LeftError, LeftPlan, Waited, left_by, may_begin, named, request, waited};
pub use take_in::{Checked, PlanCost, add, check, of_text};
pub use tree::tree;

/// The most tasks of a plan.
const MAX_TASKS: usize = 100;

/// What the answer must look like.
pub fn schema() -> Value {
    let on: Vec<&str> = Condition::ALL.iter().map(|condition| condition.as_str()).collect();
    json!({
        "type": "object", "required": ["tasks"], "additionalProperties": false,
        "properties": { "tasks": { "type": "array", "minItems": 1, "maxItems": MAX_TASKS, "items": {
            "type": "object", "required": ["key", "idea"], "additionalProperties": false,
            "properties": {
                "key": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,39}$" },
                "idea": { "type": "string", "minLength": 1 },
                "needs": { "type": "array", "items": {
                    "type": "object", "required": ["key"], "additionalProperties": false,
                    "properties": { "key": { "type": "string" }, "on": { "enum": on } },
                } },
                "priority": { "enum": ["p0", "p1", "p2"] },
                "done_when": { "type": "string" },
            },
        } } },
    })
}

/// A plan that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its tasks, in their order.
    pub drafts: Vec<Draft>,
    /// What was left out.
    pub warnings: Vec<String>,
}

/// Reads a plan: `{"tasks": [...]}`, the answer of `plan --json`, or the list alone.
///
/// # Errors
/// Everything that can be seen to be wrong, one sentence each.
pub fn read(value: &Value) -> Result<Plan, Vec<String>> {
    let list =
        [&value["plan"]["tasks"], &value["tasks"], value].into_iter().find_map(Value::as_array);
    let Some(list) = list else {
        return Err(vec![
            "expected {\"tasks\": [...]}, each task with at least `key` and `idea`".to_owned(),
        ]);
    };
    if list.is_empty() {
        return Err(vec!["the plan has no task".to_owned()]);
    }
    if list.len() > MAX_TASKS {
        return Err(vec![format!(
            "the plan has {} tasks; at most {MAX_TASKS} are allowed",
            list.len()
        )]);
    }
    let mut warnings = Vec::new();
    let plain: Vec<Value> =
        list.iter().enumerate().map(|(place, task)| plain(place, task, &mut warnings)).collect();
    let drafts = task::read(&Value::Array(plain).to_string())?;
    let none: Vec<String> = drafts
        .iter()
        .filter_map(|draft| {
            no_idea_of_model(&draft.idea).map(|what| {
                format!("task {:?}: the idea is {what}", draft.key.as_deref().unwrap_or("-"))
            })
        })
        .collect();
    if !none.is_empty() {
        return Err(none);
    }
    Ok(Plan { drafts, warnings })
}

/// What a model may call a field.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("id", "key"),
    ("task", "idea"),
    ("question", "idea"),
    ("description", "idea"),
    ("depends_on", "needs"),
    ("dependencies", "needs"),
    ("requires", "needs"),
];

/// A task of a plan in the form in which people write them. What is odd stays, and is found there; what
/// means nothing is left out.
fn plain(place: usize, task: &Value, warnings: &mut Vec<String>) -> Value {
    let Value::Object(fields) = task else { return task.clone() };
    let key = fields
        .get("key")
        .and_then(Value::as_str)
        .map_or_else(|| (place + 1).to_string(), |key| format!("{key:?}"));
    let mut plain = Map::new();
    for (name, value) in fields {
        let known = |name: &str| task::FIELDS.contains(&name);
        let lower = name.to_lowercase();
        let other = OTHER_NAMES.iter().find(|(other, _)| *other == lower).map(|(_, meant)| *meant);
        let name = match other {
            _ if known(name) => name.as_str(),
            _ if known(&lower) && !fields.contains_key(&lower) => lower.as_str(),
            Some(meant) if !fields.contains_key(meant) && !plain.contains_key(meant) => meant,
            // Perhaps misspelt: what it says must not be lost.
            _ if suggestion::nearest(name, task::FIELDS).is_some() => name.as_str(),
            _ => {
                warnings.push(format!("task {key}: `{name}` is left out: it means nothing here"));
                continue;
            }
        };
        match (name, value) {
            // A command from a model would be run with a person's rights.
            ("verify", _) => {
                warnings.push(format!(
                    "task {key}: `verify` is left out: a command comes from a person only (`{}`)",
                    Action::SetVerify
                ));
            }
            ("needs", Value::Array(needs)) => {
                drop(plain.insert("needs".to_owned(), needs.iter().map(need).collect()))
            }
            ("needs", one @ Value::Object(_)) => drop(plain.insert("needs".to_owned(), need(one))),
            ("priority", value) => drop(plain.insert("priority".to_owned(), priority(value))),
            _ => drop(plain.insert(name.to_owned(), value.clone())),
        }
    }
    Value::Object(plain)
}

fn need(need: &Value) -> Value {
    let key = ["key", "id", "task"].into_iter().find_map(|name| need.get(name)?.as_str());
    match (key, ["on", "condition", "if"].into_iter().find_map(|name| need.get(name)?.as_str())) {
        (Some(key), Some(on)) => Value::String(format!("{key}:{}", on.to_lowercase())),
        (Some(key), None) => Value::String(key.to_owned()),
        (None, _) => need.clone(),
    }
}

/// `P0`, `0`, `high`: how urgent it is, where that is one thing.
fn priority(value: &Value) -> Value {
    let word = match value {
        Value::String(word) => word.trim().to_lowercase(),
        other => other.to_string(),
    };
    match word.as_str() {
        "p0" | "0" | "high" | "urgent" => "p0".into(),
        "p1" | "1" | "medium" | "normal" => "p1".into(),
        "p2" | "2" | "low" => "p2".into(),
        _ => value.clone(),
    }
}

/// A plan as it is shown, in a form that [`read`] takes.
pub fn shown(drafts: &[Draft]) -> PlannedTasks {
    let need = |(key, on): &(String, Condition)| PlannedNeed { key: key.clone(), on: *on };
    let task = |draft: &Draft| PlannedTask {
        key: draft.key.clone(),
        idea: draft.idea.clone(),
        needs: draft.needs.iter().map(need).collect(),
        priority: draft.priority,
        done_when: draft.done_when.clone(),
        parent: draft.parent.clone(),
    };
    PlannedTasks { tasks: drafts.iter().map(task).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_in_every_form_it_has() {
        let tasks = json!([
            { "key": "base", "idea": "measure", "priority": "p0", "done_when": "a number" },
            { "key": "next", "idea": "try", "needs": [{ "key": "base", "on": "supported" }, { "key": "t-0a0a0a" }, "base2:any"] },
        ]);
        let plan = read(&tasks).expect("a list");
        assert_eq!(plan.drafts.len(), 2);
        assert_eq!(
            plan.drafts[1].needs,
            [
                ("base".to_owned(), Condition::Supported),
                ("t-0a0a0a".to_owned(), Condition::Done),
                ("base2".to_owned(), Condition::Any)
            ]
        );
        assert_eq!(read(&json!({ "tasks": tasks })), Ok(plan.clone()));
        let printed = json!({ "plan": shown(&plan.drafts), "written": false });
        assert_eq!(read(&printed), Ok(plan), "what was printed can be read again");
    }

    #[test]
    fn a_command_in_a_plan_is_left_out_with_a_warning() {
        let plan = read(&json!({ "tasks": [{ "key": "a", "idea": "x", "verify": "rm -rf /" }] }))
            .expect("read");
        assert_eq!(plan.drafts[0].verify, "");
        assert!(
            plan.warnings[0].contains("\"a\"") && plan.warnings[0].contains("left out"),
            "{:?}",
            plan.warnings
        );
    }

    #[test]
    fn what_a_model_calls_its_own_way_is_understood() {
        let plan = read(&json!([
            { "id": "a", "Description": "measure", "priority": "High", "why": "first" },
            { "key": "b", "idea": "try", "depends_on": [{ "id": "a", "if": "Supported" }], "priority": 2 },
        ]))
        .expect("read");
        let clean = read(&json!([
            { "key": "a", "idea": "measure", "priority": "p0" },
            { "key": "b", "idea": "try", "needs": [{ "key": "a", "on": "supported" }], "priority": "p2" },
        ]));
        assert_eq!(Ok(&plan.drafts), clean.as_ref().map(|plan| &plan.drafts));
        assert_eq!(plan.warnings, ["task 1: `why` is left out: it means nothing here"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let problems = read(&json!([{ "key": "a/b", "idea": "" }, { "idea": "x", "needs": [{ "key": "a", "on": "suported" }], "need": "a" }, 7]))
            .expect_err("wrong");
        let all = problems.join("\n");
        for part in [
            "`key`",
            "idea is empty",
            "did you mean supported?",
            "unknown field \"need\"",
            "task 3: expected a mapping",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(read(&json!({ "tasks": [] })).is_err() && read(&json!("x")).is_err());
        assert!(read(&Value::Array(vec![json!({ "key": "a", "idea": "x" }); 101])).is_err());
    }

    #[test]
    fn the_schema_allows_no_command() {
        assert!(!schema().to_string().contains("verify"));
    }
}
