//! Words of the stream made fit to be shown: one line, short, harmless to a terminal.
//!
//! Hides how much of a tool's input is worth showing. Everything here was written by
//! a model or by what it read; none of it may move a cursor or reverse a line.

use serde_json::Value;

use crate::domain::text::one_line;

/// How long a line for a person may be, in characters.
pub(super) const LINE: usize = 200;
/// How long the name of a model, a tool or a reason may be.
pub(super) const WORD: usize = 80;

/// The first line that says something, as [`one_line`] makes it.
pub(super) fn first_line(text: &str, most: usize) -> String {
    text.lines().map(|line| one_line(line, most)).find(|line| !line.is_empty()).unwrap_or_default()
}

/// What a tool is about to do, in one line: `Write report.md`, `Bash $ python train.py`.
/// Only the part of its input that tells a reader something; unknown tools give their name.
pub(super) fn brief(name: &str, input: &Value) -> String {
    let name = one_line(name, WORD);
    let text = |key| input.get(key).and_then(Value::as_str).unwrap_or_default();
    let about = match name.as_str() {
        "Bash" | "PowerShell" => match first_line(text("command"), WORD) {
            command if command.is_empty() => command,
            command => format!("$ {command}"),
        },
        "Read" | "Write" | "Edit" | "MultiEdit" => file_name(text("file_path")),
        "NotebookEdit" | "NotebookRead" => file_name(text("notebook_path")),
        "Grep" | "Glob" => first_line(text("pattern"), WORD),
        "WebSearch" | "ToolSearch" => first_line(text("query"), WORD),
        // What follows a question mark may be a token.
        "WebFetch" => first_line(text("url").split(['?', '#']).next().unwrap_or_default(), WORD),
        "Task" | "Agent" => first_line(text("description"), WORD),
        "Skill" => first_line(text("skill"), WORD),
        _ => String::new(),
    };
    if about.is_empty() { name } else { format!("{name} {about}") }
}

fn file_name(path: &str) -> String {
    one_line(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default(), WORD)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reader_sees_what_a_tool_is_about_to_do() {
        for (name, input, expected) in [
            (
                "Write",
                json!({"file_path": "/a/b/report.md", "content": "secret"}),
                "Write report.md",
            ),
            ("Read", json!({"file_path": "x.py"}), "Read x.py"),
            ("Bash", json!({"command": "\n  cd src\npython train.py"}), "Bash $ cd src"),
            ("WebSearch", json!({"query": "lora rank"}), "WebSearch lora rank"),
            ("WebFetch", json!({"url": "https://h/p?token=abc"}), "WebFetch https://h/p"),
            ("Task", json!({"description": "read papers", "prompt": "long"}), "Task read papers"),
            ("mcp__db__query", json!({"sql": "select 1"}), "mcp__db__query"),
            ("Bash", json!("not an object"), "Bash"),
            ("Write", json!({"file_path": 7}), "Write"),
            ("Write", json!({"file_path": "///"}), "Write"),
        ] {
            assert_eq!(brief(name, &input), expected);
        }
        let long = brief("Bash", &json!({"command": "x".repeat(500)}));
        assert_eq!(long, format!("Bash $ {}…", "x".repeat(79)));
    }

    #[test]
    fn a_shown_line_is_one_line_and_cannot_drive_a_terminal() {
        assert_eq!(first_line("\n\u{7}\n second \nthird", LINE), "second");
    }
}
