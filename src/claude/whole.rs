//! Whether the program says that the conversation it goes on with is not whole.
//!
//! No field is known for it, and versions word it in their own ways: it takes a word for the conversation
//! and one for the damage, in an event of the program itself, never in what a model or a tool said.

use serde_json::Value;

/// Words for the conversation, in lower case.
const OF_IT: &[&str] = &["session", "transcript", "conversation", "history"];
/// Words for what is wrong with it.
const DAMAGE: &[&str] = &[
    "truncat",
    "incomplete",
    "not complete",
    "corrupt",
    "damaged",
    "malformed",
    "partial",
    "unreadable",
    "missing",
    "dropped",
    "not whole",
    "cut off",
    "could not be read",
    "could not be loaded",
    "could not be restored",
    "couldn't be",
    "cannot be read",
    "failed to load",
    "failed to read",
    "failed to parse",
    "unparsable",
    "unparseable",
];

/// Other programs have sessions and histories as well.
const OTHERS: &[&str] = &[
    "mcp",
    "session id",
    "session_id",
    "session-id",
    "session bus",
    "session_bus",
    "dbus",
    "session.json",
    "shell history",
    "history file",
];

/// Whether a line of what the program says means that.
pub fn is_damage(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.lines().any(|line| {
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        has(OF_IT) && has(DAMAGE) && !has(OTHERS)
    })
}

/// What a system event says of damage: in its words, or by a field that is set.
pub(super) fn damage(event: &Value) -> Option<String> {
    let fields = event.as_object()?;
    let subtype = fields.get("subtype").and_then(Value::as_str).unwrap_or_default();
    let told = ["content", "message", "text", "warning", "error", "reason", "detail"];
    let said = told
        .iter()
        .filter_map(|key| fields.get(*key)?.as_str())
        .find(|text| is_damage(text) || is_damage(&format!("{subtype} {}", first(text))));
    if let Some(said) = said {
        return Some(said.to_owned());
    }
    let is_set = |value: &Value| match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
        _ => false,
    };
    fields
        .iter()
        .find(|(key, value)| {
            is_set(value) && is_damage(&format!("{subtype} {key}").replace('_', " "))
        })
        .map(|(key, _)| key.replace('_', " "))
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_program_may_say_it_in_words_or_in_a_field() {
        for event in [
            json!({"type":"system","subtype":"informational","content":"The session transcript was truncated: 12 messages could not be restored"}),
            json!({"type":"system","subtype":"warning","message":"Conversation history is incomplete"}),
            json!({"type":"system","subtype":"init","transcript_truncated":true}),
            json!({"type":"system","subtype":"session_restored","dropped_messages":4}),
        ] {
            assert!(damage(&event).is_some(), "{event}");
        }
        for event in [
            json!({"type":"system","subtype":"informational","content":"Opus 5.5's safeguards stopped the response above · continuing once with that noted"}),
            json!({"type":"system","subtype":"init","session_id":"x","tools":["Bash"],"transcript_truncated":false}),
            json!({"type":"system","subtype":"session_restored","dropped_messages":0}),
            json!({"type":"system","subtype":"status","content":"Output truncated"}),
            json!({"type":"system","subtype":"compact_boundary","content":"Conversation compacted"}),
        ] {
            assert_eq!(damage(&event), None, "{event}");
        }
    }
}
