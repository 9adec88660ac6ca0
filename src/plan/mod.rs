//! Plans a study: asks Claude once for a graph of tasks, or reads one that somebody has. What comes
//! back is checked like a file of tasks, and no command in it is ever run.

mod ask;
mod tree;

use serde_json::{Map, Value, json};

use crate::domain::Condition;
use crate::task::{self, Draft};

pub use ask::{Asked, PlanError, ask, front_end_tool, order};
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
    let list = [&value["plan"]["tasks"], &value["tasks"], value].into_iter().find_map(Value::as_array);
    let Some(list) = list else {
        return Err(vec!["expected {\"tasks\": [...]}, each task with at least `key` and `idea`".to_owned()]);
    };
    if list.is_empty() {
        return Err(vec!["the plan has no task".to_owned()]);
    }
    if list.len() > MAX_TASKS {
        return Err(vec![format!("the plan has {} tasks; at most {MAX_TASKS} are taken", list.len())]);
    }
    let mut warnings = Vec::new();
    let plain: Vec<Value> = list.iter().enumerate().map(|(place, task)| plain(place, task, &mut warnings)).collect();
    let drafts = task::read(&Value::Array(plain).to_string())?;
    Ok(Plan { drafts, warnings })
}

/// A task of a plan in the form in which people write them. What is odd stays, and is found there.
fn plain(place: usize, task: &Value, warnings: &mut Vec<String>) -> Value {
    let Value::Object(fields) = task else { return task.clone() };
    let mut plain = Map::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            // A command from a model would be run with a person's rights.
            ("verify", _) => {
                let key = fields.get("key").and_then(Value::as_str).map_or_else(|| (place + 1).to_string(), |key| format!("{key:?}"));
                warnings
                    .push(format!("task {key}: `verify` is left out: a command comes from a person only (`researchloop task edit ID --verify CMD`)"));
            }
            ("needs", Value::Array(needs)) => drop(plain.insert("needs".to_owned(), needs.iter().map(need).collect())),
            _ => drop(plain.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(plain)
}

fn need(need: &Value) -> Value {
    match (need["key"].as_str(), need.get("on").and_then(Value::as_str)) {
        (Some(key), Some(on)) => Value::String(format!("{key}:{on}")),
        (Some(key), None) => Value::String(key.to_owned()),
        (None, _) => need.clone(),
    }
}

/// A plan as `--json` prints it and [`read`] takes it.
pub fn as_json(drafts: &[Draft]) -> Value {
    let one = |draft: &Draft| {
        let needs: Vec<Value> = draft.needs.iter().map(|(key, on)| json!({ "key": key, "on": on.as_str() })).collect();
        let mut task = json!({
            "key": draft.key, "idea": draft.idea, "needs": needs, "priority": draft.priority.as_str(), "done_when": draft.done_when,
        });
        if let Some(parent) = &draft.parent {
            task["parent"] = parent.as_str().into();
        }
        task
    };
    json!({ "tasks": drafts.iter().map(one).collect::<Vec<_>>() })
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
            [("base".to_owned(), Condition::Supported), ("t-0a0a0a".to_owned(), Condition::Done), ("base2".to_owned(), Condition::Any)]
        );
        assert_eq!(read(&json!({ "tasks": tasks })), Ok(plan.clone()));
        let printed = json!({ "plan": as_json(&plan.drafts), "written": false });
        assert_eq!(read(&printed), Ok(plan), "what was printed can be read again");
    }

    #[test]
    fn a_command_in_a_plan_is_left_out_with_a_warning() {
        let plan = read(&json!({ "tasks": [{ "key": "a", "idea": "x", "verify": "rm -rf /" }] })).expect("read");
        assert_eq!(plan.drafts[0].verify, "");
        assert!(plan.warnings[0].contains("\"a\"") && plan.warnings[0].contains("left out"), "{:?}", plan.warnings);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let problems = read(&json!([{ "key": "a/b", "idea": "" }, { "idea": "x", "needs": [{ "key": "a", "on": "suported" }], "why": 1 }, 7]))
            .expect_err("wrong");
        let all = problems.join("\n");
        for part in ["`key`", "idea is empty", "did you mean supported?", "unknown field \"why\"", "task 3: expected a mapping"] {
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
