//! The graph of tasks as other programs draw it: Mermaid and Graphviz.
//!
//! Ideas may hold anything. In both formats a label is a quoted text in which only letters, digits
//! and harmless marks stay as they are.

use std::fmt::Write as _;

use crate::domain::text::one_line;
use crate::domain::{Condition, TaskId, TaskState};
use crate::store::{Need, TaskRow};

/// How much of an idea a box shows, in characters.
const LABEL_CHARS: usize = 60;

/// The first characters of an idea, in one line, without anything that turns the writing.
pub fn label(idea: &str) -> String {
    one_line(idea, LABEL_CHARS)
}

/// The state for people, with what came out.
pub fn state_text(row: &TaskRow) -> String {
    match row.verdict {
        Some(verdict) if row.state == TaskState::Done => format!("done ({})", verdict.as_str()),
        _ => row.state.to_string(),
    }
}

fn colors(state: TaskState) -> (&'static str, &'static str) {
    match state {
        TaskState::Ready => ("#d0ebff", "#1971c2"),
        TaskState::Running | TaskState::Claimed => ("#fff3bf", "#e67700"),
        TaskState::Done => ("#d3f9d8", "#2b8a3e"),
        TaskState::Dead => ("#ffe3e3", "#c92a2a"),
        TaskState::Waiting => ("#fff4e6", "#d9480f"),
        TaskState::Blocked => ("#f1f3f5", "#868e96"),
        TaskState::Parent => ("#f3f0ff", "#6741d9"),
        TaskState::Skipped | TaskState::Cancelled => ("#ffffff", "#adb5bd"),
    }
}

/// For Mermaid: every mark as the entity of its number.
fn mermaid_text(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | ',' | '.' | '-' | '…') {
            safe.push(c);
        } else {
            let _ = write!(safe, "#{};", u32::from(c));
        }
    }
    safe
}

/// For Graphviz: within quotes, backslashes begin escapes, and ampersands entities.
fn dot_text(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            c => safe.push(c),
        }
    }
    safe
}

fn node(id: &TaskId) -> String {
    id.as_str().replace('-', "_")
}

/// As a Mermaid flowchart. An arrow leads from what is needed to what needs it; a dotted line from
/// a parent to its parts.
pub fn mermaid(rows: &[TaskRow], needs: &[Need]) -> String {
    let mut out = String::from("flowchart TD\n");
    for row in rows {
        let (open, close) = if row.state == TaskState::Parent { ("[[", "]]") } else { ("[", "]") };
        let _ = writeln!(
            out,
            "    {}{open}\"{}<br/>{}\"{close}:::{}",
            node(&row.id),
            mermaid_text(&format!("{} {}", row.id, state_text(row))),
            mermaid_text(&label(&row.idea)),
            row.state
        );
    }
    for need in needs {
        let when = if need.condition == Condition::Done {
            String::new()
        } else {
            format!("|{}|", need.condition)
        };
        let _ = writeln!(out, "    {} -->{when} {}", node(&need.needs), node(&need.task));
    }
    for (row, parent) in rows.iter().filter_map(|row| Some((row, row.parent.as_ref()?))) {
        let _ = writeln!(out, "    {} -.-> {}", node(parent), node(&row.id));
    }
    for state in TaskState::ALL {
        let (fill, stroke) = colors(*state);
        let _ = writeln!(out, "    classDef {state} fill:{fill},stroke:{stroke},color:#212529");
    }
    out
}

/// As a Graphviz graph.
pub fn dot(rows: &[TaskRow], needs: &[Need]) -> String {
    let mut out = String::from(
        "digraph tasks {\n    node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];\n    edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for row in rows {
        let (fill, stroke) = colors(row.state);
        let shape = if row.state == TaskState::Parent { ", shape=folder" } else { "" };
        let _ = writeln!(
            out,
            "    {} [label=\"{}\\n{}\", fillcolor=\"{fill}\", color=\"{stroke}\"{shape}];",
            node(&row.id),
            dot_text(&format!("{} {}", row.id, state_text(row))),
            dot_text(&label(&row.idea))
        );
    }
    for need in needs {
        let when = if need.condition == Condition::Done {
            String::new()
        } else {
            format!(" [label=\"{}\"]", need.condition)
        };
        let _ = writeln!(out, "    {} -> {}{when};", node(&need.needs), node(&need.task));
    }
    for (row, parent) in rows.iter().filter_map(|row| Some((row, row.parent.as_ref()?))) {
        let _ = writeln!(
            out,
            "    {} -> {} [style=dashed, arrowhead=none];",
            node(parent),
            node(&row.id)
        );
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_idea_stays_a_label() {
        let hostile = "a\"]; click x \"javascript:alert(1)\" <script>&lt;`b`\n}\u{202e}c\\ #quot; %%{init}%% | --> y";
        let mermaid = mermaid_text(&label(hostile));
        assert!(
            !mermaid
                .contains(['"', '<', '>', '[', ']', '`', '\n', '|', '{', '}', '%', '\\', '(', '&']),
            "{mermaid}"
        );
        assert!(mermaid.starts_with("a#34;#93;#59; click x #34;javascript#58;alert"), "{mermaid}");
        assert_eq!(dot_text(&label("a\"; b\\N &lt; <c>\n}")), "a\\\"; b\\\\N &amp;lt; &lt;c&gt; }");
        assert_eq!(label(&"x".repeat(100)).chars().count(), LABEL_CHARS);
    }
}
