//! A notice in words. What a model wrote in it is shortened and made harmless.

use serde_json::Value;

use crate::domain::action::Action;
use crate::domain::text::paragraph;
use crate::domain::{MessageKind, NoticeKind};

/// What a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// One line.
    pub title: String,
    /// Some lines.
    pub message: String,
    /// 3, or 4 when somebody should do something.
    pub priority: u8,
    /// The name of an emoji, as ntfy knows them.
    pub tag: &'static str,
}

/// The longest idea and the longest other text, in characters.
const IDEA: usize = 300;
const TEXT: usize = 500;
/// So many issues of a review are quoted.
const MOST_QUOTES: usize = 3;

/// Puts a notice into words; `say` has those of the door for an action. Unknown kinds are told as
/// they are.
pub fn told(kind: &str, data: &Value, say: fn(&Action) -> String) -> Told {
    let get = |name: &str, most: usize| clean(data[name].as_str().unwrap_or_default(), most);
    let study = [get("study", 60), get("study_name", 60)]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let (sprint, idea) = (get("sprint_id", 20), get("idea", IDEA));
    let at =
        |what: &str| if study.is_empty() { what.to_owned() } else { format!("{study}: {what}") };
    let lines = |lines: &[String]| {
        lines.iter().filter(|line| !line.is_empty()).cloned().collect::<Vec<_>>().join("\n")
    };
    let cost = data["cost_usd"]
        .as_f64()
        .filter(|cost| *cost > 0.0)
        .map(|cost| format!("{}${cost:.2}", if data["cost_estimated"] == true { "≈" } else { "" }));
    let unknown = get("cost_unknown", TEXT);
    let cost = if unknown.is_empty() {
        cost.unwrap_or_default()
    } else {
        format!("what it has cost is not known: {unknown}")
    };
    let (what, message, priority, tag) = match NoticeKind::parse(kind) {
        Some(NoticeKind::Started) => (format!("{sprint} started"), lines(&[idea]), 3, "rocket"),
        Some(NoticeKind::Completed) => {
            let open = clean(data["open_issues"]["text"].as_str().unwrap_or_default(), 160);
            if open.is_empty() {
                (
                    format!("{sprint} completed"),
                    lines(&[get("summary", TEXT), idea, cost]),
                    3,
                    "white_check_mark",
                )
            } else {
                let quotes = data["open_issues"]["quotes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                let said: Vec<String> = quotes
                    .take(MOST_QUOTES)
                    .map(|quote| {
                        format!("the reviewer: “{}”", clean(quote, 200).replace('\n', " "))
                    })
                    .collect();
                let next = format!("next: {}", say(&Action::ShowSprint { sprint: sprint.clone() }));
                (
                    format!("{sprint} completed, {open}"),
                    lines(&[said.join("\n"), next, get("summary", TEXT), idea, cost]),
                    4,
                    "warning",
                )
            }
        }
        Some(NoticeKind::Failed) => {
            let reason = get("reason", 40).replace('_', " ");
            let hint = get("hint", TEXT);
            let next = if hint.is_empty() { String::new() } else { format!("next: {hint}") };
            (
                format!("{sprint} failed: {reason}"),
                lines(&[
                    get("detail", TEXT),
                    next,
                    if unknown.is_empty() { String::new() } else { cost },
                    idea,
                ]),
                4,
                "x",
            )
        }
        Some(NoticeKind::Stuck) => (
            format!("{sprint} cannot start as things are"),
            lines(&[get("detail", TEXT), format!("next: {}", get("hint", TEXT)), idea]),
            4,
            "hourglass",
        ),
        Some(NoticeKind::GpusIdle) => (
            format!("the GPUs of {sprint} are idle"),
            lines(&[get("detail", TEXT), format!("next: {}", get("hint", TEXT)), idea]),
            4,
            "zzz",
        ),
        Some(NoticeKind::LoopEnded) => {
            let id = get("loop_id", 20);
            (
                format!("{id} ended"),
                lines(&[get("detail", TEXT), get("text", TEXT), get("hint", TEXT)]),
                3,
                "checkered_flag",
            )
        }
        Some(NoticeKind::LoopNote) => {
            let id = get("loop_id", 20);
            (
                format!("{id} may not end as it should"),
                lines(&[get("detail", TEXT), get("hint", TEXT)]),
                4,
                "warning",
            )
        }
        Some(NoticeKind::Question) => {
            let id = get("message_id", 20);
            let reply = if id.is_empty() {
                String::new()
            } else {
                say(&Action::Reply { message: Some(id) })
            };
            let what = if get_kind(data) == Some(MessageKind::Approval) {
                "proposes an idea"
            } else {
                "asks"
            };
            let choices: Vec<String> = data["choices"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one.as_str())
                .take(10)
                .map(|one| clean(one, 60))
                .collect();
            (
                format!("{sprint} {what}"),
                lines(&[get("text", TEXT), choices.join(" | "), reply]),
                4,
                "question",
            )
        }
        Some(NoticeKind::TaskDead) => {
            let id = get("task_id", 20);
            (
                format!("{id} has failed for good"),
                lines(&[
                    get("detail", TEXT),
                    get("text", TEXT),
                    idea,
                    format!("next: {}", say(&Action::ShowTask { task: id.clone() })),
                ]),
                4,
                "skull",
            )
        }
        None => (
            clean(kind, 60),
            lines(&[get("text", TEXT), get("detail", TEXT)]),
            3,
            "information_source",
        ),
    };
    // ntfy shows "triggered" for an empty message.
    let message = if message.is_empty() { what.clone() } else { message };
    Told { title: at(what.trim()), message, priority, tag }
}

/// What kind of message a notice tells of.
fn get_kind(data: &Value) -> Option<MessageKind> {
    data["kind"].as_str().and_then(MessageKind::parse)
}

/// `most` characters, and the mark of a cut.
fn clean(text: &str, most: usize) -> String {
    paragraph(text, most.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_words(kind: &str, data: &Value) -> Told {
        told(kind, data, |action| match action {
            Action::ShowSprint { sprint } => format!("look at {sprint}"),
            Action::Reply { message: Some(message) } => format!("answer {message}"),
            _ => String::new(),
        })
    }

    #[test]
    fn each_kind_says_what_happened_and_what_to_do() {
        let data = json!({ "study": "研究", "sprint_id": "sp-a1b2c3", "idea": "try β", "reason": "time_limit", "detail": "too slow", "hint": "give it --time", "cost_usd": 1.5 });
        let failed = in_words("failed", &data);
        assert_eq!(
            (failed.title.as_str(), failed.priority, failed.tag),
            ("研究: sp-a1b2c3 failed: time limit", 4, "x")
        );
        assert_eq!(failed.message, "too slow\nnext: give it --time\ntry β");
        let started =
            in_words("started", &json!({ "study": "s", "sprint_id": "sp-1", "idea": null }));
        assert_eq!(
            (started.title.as_str(), started.message.as_str()),
            ("s: sp-1 started", "sp-1 started")
        );
        let question = in_words(
            "question",
            &json!({ "sprint_id": "sp-1", "message_id": "m-000001", "text": "which one?", "choices": ["a", "b"] }),
        );
        assert_eq!(question.message, "which one?\na | b\nanswer m-000001");
        assert_eq!(in_words("something_new", &json!({ "text": "x" })).message, "x");
        assert_eq!(in_words("", &Value::Null).tag, "information_source");
    }

    #[test]
    fn what_is_open_in_the_last_review_is_said_with_the_reviewers_words() {
        let open = json!({ "step": "red_team_round_2", "count": 1, "text": "1 critical issue is open", "quotes": ["test rows\u{1b}[2J are\nin training"] });
        let told = in_words(
            "completed",
            &json!({ "study": "s", "sprint_id": "sp-a1b2c3", "summary": "a new best", "open_issues": open }),
        );
        assert_eq!(
            (told.title.as_str(), told.priority, told.tag),
            ("s: sp-a1b2c3 completed, 1 critical issue is open", 4, "warning")
        );
        assert_eq!(
            told.message,
            "the reviewer: “test rows[2J are in training”\nnext: look at sp-a1b2c3\na new best"
        );
        assert_eq!(
            in_words("completed", &json!({ "sprint_id": "sp-1", "open_issues": null })).title,
            "sp-1 completed"
        );
        let note = in_words(
            "loop_note",
            &json!({ "loop_id": "loop-1", "detail": "the target x cannot be reached", "hint": "y" }),
        );
        assert_eq!(
            (note.title.as_str(), note.message.as_str()),
            ("loop-1 may not end as it should", "the target x cannot be reached\ny")
        );
    }

    #[test]
    fn what_a_model_wrote_is_short_and_harmless() {
        let long = "é".repeat(2000);
        let told = in_words(
            "completed",
            &json!({ "sprint_id": "sp-1", "summary": format!("a\u{1b}[2J\u{7}\u{202e}{long}"), "idea": long }),
        );
        assert!(
            told.message.starts_with("a[2Jé") && told.message.chars().count() < 900,
            "{}",
            told.message
        );
    }
}
