//! What a reviewer answers: each critical issue with its place, its grounds, and what would settle it.

use serde::{Deserialize, Serialize};

use crate::domain::text::one_line;
use crate::domain::written::Node;

/// What the structured answer of a review must look like. An empty list says that nothing critical is left.
pub const REVIEW_SCHEMA: &str = r#"{"type":"object","properties":{"critical_issues":{"type":"array","maxItems":50,"items":{"type":"object","properties":{"what":{"type":"string","minLength":3,"maxLength":500},"where":{"type":"string","maxLength":200},"evidence":{"type":"string","maxLength":1000},"settle":{"type":"string","maxLength":500}},"required":["what","where","evidence","settle"],"additionalProperties":false}}},"required":["critical_issues"],"additionalProperties":false}"#;

/// At most this many issues of an answer are kept.
const MAX_ISSUES: usize = 50;

/// Something that could change a conclusion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalIssue {
    /// What is wrong.
    pub what: String,
    /// File and line, or the number that it concerns; may be empty.
    #[serde(rename = "where", default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// How the reviewer knows; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// What would settle it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settle: String,
}

impl CriticalIssue {
    /// The issue in one line: what, and where.
    pub fn line(&self) -> String {
        if self.place.is_empty() {
            self.what.clone()
        } else {
            format!("{} ({})", self.what, self.place)
        }
    }
}

/// Reads the structured answer of a review. An issue stays one, however it is written.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with what it is.
pub fn critical_issues(node: &Node) -> Result<Vec<CriticalIssue>, String> {
    match node.one(&["criticalissues"]) {
        Some(Node::List(issues)) => Ok(issues.iter().take(MAX_ISSUES).map(issue).collect()),
        Some(other) => Err(format!("has {} as its issues: expected a list", other.kind())),
        None => Err("has no list `critical_issues`".to_owned()),
    }
}

fn issue(node: &Node) -> CriticalIssue {
    let text = |keys: &[&str], max| {
        node.one(keys).and_then(Node::plain).map(|text| one_line(&text, max)).unwrap_or_default()
    };
    let issue = CriticalIssue {
        what: match node {
            Node::Table(_) => text(&["what"], 500),
            other => other.plain().map(|text| one_line(&text, 500)).unwrap_or_default(),
        },
        place: text(&["where"], 200),
        evidence: text(&["evidence"], 1000),
        settle: text(&["settle"], 500),
    };
    match issue.what.is_empty() {
        true => CriticalIssue { what: "an issue that is not named".to_owned(), ..issue },
        false => issue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: serde_json::Value) -> Result<Vec<CriticalIssue>, String> {
        critical_issues(&Node::from(&answer))
    }

    #[test]
    fn an_issue_stays_one_however_it_is_written() {
        assert_eq!(read(serde_json::json!({ "critical_issues": [] })), Ok(Vec::new()));
        let issues = read(serde_json::json!({ "critical_issues": [
            { "what": "The test set\nleaks", "where": "train.py:12", "evidence": "\u{1b}[31mrow 7", "settle": "split anew" },
            "no control", {}, 7, null,
        ]}))
        .expect("read");
        let lines: Vec<String> = issues.iter().map(CriticalIssue::line).collect();
        let nameless = "an issue that is not named";
        assert_eq!(
            lines,
            ["The test set leaks (train.py:12)", "no control", nameless, "7", nameless]
        );
        assert!(!issues[0].evidence.contains('\u{1b}'), "{issues:?}");
        for answer in [
            serde_json::json!({}),
            serde_json::json!({ "critical_issues": "none" }),
            serde_json::json!({ "critical_issues": null }),
            serde_json::json!([]),
        ] {
            assert!(read(answer.clone()).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_schema_names_what_is_read() {
        let schema: serde_json::Value = serde_json::from_str(REVIEW_SCHEMA).expect("JSON");
        let fields = &schema["properties"]["critical_issues"]["items"]["properties"];
        let issue = CriticalIssue {
            what: "a".to_owned(),
            place: "b".to_owned(),
            evidence: "c".to_owned(),
            settle: "d".to_owned(),
        };
        let written = serde_json::to_value(&issue).expect("JSON");
        for (name, value) in written.as_object().expect("an object") {
            assert!(!fields[name].is_null(), "{name}");
            assert!(value.is_string());
        }
        let answer = serde_json::json!({ "critical_issues": [written] });
        assert_eq!(read(answer), Ok(vec![issue]));
    }
}
