//! What a model answers in a file, or in the structured answer that such a file stands in for: questions,
//! ideas, plans.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FORMAT_VERSION;
use crate::domain::no_idea::no_idea_of_model;
use crate::domain::written::{self, Got, Node};

/// The largest question or idea that is read.
pub const MAX_SMALL: u64 = 64 << 10;
/// The largest plan.
pub const MAX_PLAN: u64 = 4 << 20;

/// An idea of the job's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The idea.
    pub idea: String,
    /// Why it is worth trying.
    pub why: String,
    /// The earlier sprint or task that it builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builds_on: Option<String>,
}

impl Proposal {
    /// The idea and its reason as one text, which a person is asked about.
    pub fn text(&self) -> String {
        if self.why.is_empty() {
            self.idea.clone()
        } else {
            format!("{}{WHY}{}", self.idea, self.why.replace('\n', " "))
        }
    }

    /// The proposal of such a text, as far as it tells: an idea without a reason may have these words
    /// in itself. So this is only for what was told in no other way.
    pub fn of_text(text: &str) -> Self {
        let (idea, why) = text.rsplit_once(WHY).unwrap_or((text, ""));
        Self { idea: idea.to_owned(), why: why.to_owned(), builds_on: None }
    }
}

/// What an answer to the question for an idea says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdeaAnswer {
    /// An idea.
    Idea(Proposal),
    /// None is left to try, and why.
    NoneLeft(String),
}

/// What stands between an idea and its reason.
const WHY: &str = "\n\nWhy: ";

/// `.researchloop/ask/NAME.json`: what the agent wants to know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskFile {
    /// The question.
    pub question: String,
    /// Answers to choose from; any other is good too.
    pub choices: Vec<String>,
}

/// Reads a question. A small mistake is no reason to go on without an answer.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn ask(bytes: &[u8]) -> Result<AskFile, String> {
    let read = written::documents(bytes, MAX_SMALL)
        .and_then(|documents| written::only(&documents, question));
    read.or_else(|problem| {
        // Nothing but the question: a colon in it makes it no table.
        let text = written::text(bytes);
        let is_question = text.contains(['?', '？', '؟'])
            && !text.contains(['{', '['])
            && bytes.len() as u64 <= MAX_SMALL;
        if is_question { Ok(AskFile { question: text, choices: Vec::new() }) } else { Err(problem) }
    })
}

fn question(node: &Node) -> Result<AskFile, String> {
    let node = node.unlisted();
    check(node)?;
    let question = match node.get(&["question", "ask", "query", "text", "message", "prompt"]) {
        Got::One(Node::Text(text)) => text.clone(),
        Got::One(inner @ Node::Table(_)) if inner.get(&["question", "text"]) != Got::Nothing => {
            return question_in(inner);
        }
        Got::One(other) => {
            return Err(format!("has {} as its question: expected a text", other.kind()));
        }
        Got::Twice(..) => return Err("asks two things".to_owned()),
        Got::Nothing => return Err("has no text `question`".to_owned()),
    };
    let choices = node.one(&["choices", "options", "answers"]).map(choices).unwrap_or_default();
    Ok(AskFile { question, choices })
}

fn question_in(inner: &Node) -> Result<AskFile, String> {
    let Some(Node::Text(text)) = inner.one(&["question", "text"]) else {
        return Err("has no text `question`".to_owned());
    };
    Ok(AskFile {
        question: text.clone(),
        choices: inner.one(&["choices", "options", "answers"]).map(choices).unwrap_or_default(),
    })
}

/// A list of answers. One text is taken apart at bars and line breaks; what is no list of plain values
/// offers nothing.
fn choices(node: &Node) -> Vec<String> {
    let plain = |node: &Node| if matches!(node, Node::List(_)) { None } else { node.plain() };
    match node {
        Node::List(all) => all.iter().filter_map(plain).collect(),
        Node::Text(text) => text.split(['|', '\n']).map(|part| part.trim().to_owned()).collect(),
        other => plain(other).into_iter().collect(),
    }
}

/// Reads `idea.json`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn idea(bytes: &[u8]) -> Result<IdeaAnswer, String> {
    written::only(&written::documents(bytes, MAX_SMALL)?, proposal)
}

/// Reads a structured answer that is an idea.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with what it is.
pub fn proposal(node: &Node) -> Result<IdeaAnswer, String> {
    const IDEAS: &[&str] = &["idea", "hypothesis", "proposal", "researchidea", "question"];
    let node = match node.unlisted() {
        Node::List(_) => return Err("holds several ideas, where one is expected".to_owned()),
        node => node,
    };
    check(node)?;
    // Its fields may lie in a table of their own.
    let node = match node.one(&["idea", "proposal", "answer"]) {
        Some(inner @ Node::Table(_)) => inner,
        _ => node,
    };
    // A reason that is missing is no reason to lose an idea.
    let text = |keys: &[&str]| node.one(keys).and_then(Node::plain);
    let why = text(&["why", "reason", "rationale", "motivation", "because"]).unwrap_or_default();
    let is_none_left = node.one(&["noneleft", "noideasleft", "noidealeft"]).and_then(Node::plain);
    let is_none_left = is_none_left
        .is_some_and(|word| matches!(word.trim().to_lowercase().as_str(), "true" | "yes" | "1"));
    let said = match node.get(IDEAS) {
        Got::One(Node::Text(text)) => text.as_str(),
        _ => "",
    };
    // Who names an idea has one left.
    if is_none_left && no_idea_of_model(said).is_some() {
        return Ok(IdeaAnswer::NoneLeft(if why.trim().is_empty() {
            "it gives no reason".to_owned()
        } else {
            why
        }));
    }
    let idea = match node.get(IDEAS) {
        Got::One(Node::Text(text)) => text.clone(),
        Got::One(other) => {
            return Err(format!("has {} as its idea: expected a text", other.kind()));
        }
        Got::Twice(..) => return Err("has two ideas, where one is expected".to_owned()),
        Got::Nothing => return Err("has no text `idea`".to_owned()),
    };
    Ok(IdeaAnswer::Idea(Proposal {
        idea,
        why,
        builds_on: text(&["buildson", "basedon", "buildsupon"]),
    }))
}

/// Reads `plan.json`, as far as to see that there are tasks in it. The laptop reads the rest.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn plan(bytes: &[u8]) -> Result<Value, String> {
    written::only(&written::documents(bytes, MAX_PLAN)?, tasks)
}

/// The same of a structured answer.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with what it is.
pub fn tasks(node: &Node) -> Result<Value, String> {
    check(node)?;
    let inner = match node.one(&["plan"]) {
        Some(inner @ (Node::Table(_) | Node::List(_))) => inner,
        _ => node,
    };
    let list = if let Node::List(_) = inner { Some(inner) } else { inner.one(&["tasks"]) };
    match list {
        Some(Node::List(tasks))
            if tasks.iter().all(|task| matches!(task, Node::Table(_))) && !tasks.is_empty() =>
        {
            node.json()
        }
        Some(Node::List(tasks)) if tasks.is_empty() => Err("has no task".to_owned()),
        Some(Node::List(_)) => Err("has tasks that are not objects".to_owned()),
        Some(other) => Err(format!("has {} as its tasks: expected a list", other.kind())),
        None => Err("has no list `tasks`".to_owned()),
    }
}

/// A newer version may mean something else.
fn check(node: &Node) -> Result<(), String> {
    match node.one(&["v"]).and_then(Node::plain).and_then(|text| text.parse::<f64>().ok()) {
        Some(version) if version >= f64::from(FORMAT_VERSION + 1) => {
            Err(format!("has format version {version}: expected {FORMAT_VERSION}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_is_read_however_it_is_asked() {
        let asked =
            |text: &str| ask(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        let clean = AskFile {
            question: "May I?".to_owned(),
            choices: vec!["yes".to_owned(), "no".to_owned()],
        };
        for text in [
            r#"{"v":1,"question":"May I?","choices":["yes","no"]}"#,
            "```json\n{'question': 'May I?', 'options': ['yes', 'no',]}\n```",
            "[{Question: \"May I?\", choices: \"yes | no\"}]",
            r#"{"question":{"text":"May I?","choices":["yes","no"]}}"#,
            "question: May I?\nchoices: [\"yes\", \"no\"]\n",
        ] {
            assert_eq!(asked(text), clean, "{text}");
        }
        assert_eq!(asked("May I delete it?\n").question, "May I delete it?\n");
        for (text, why) in [
            ("{\"v\":1,\"quest", "is broken"),
            ("{\"v\":2,\"question\":\"x\"}", "format version 2"),
            ("{\"question\":5}", "a number as its question"),
            ("{\"question\":\"a?\",\"question\":\"b?\"}", "asks two things"),
            ("I would like to know something.", "holds no JSON object"),
        ] {
            let problem = ask(text.as_bytes()).expect_err(text);
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }

    #[test]
    fn none_left_is_an_answer_unless_an_idea_stands_beside_it() {
        for text in [
            r#"{"idea":null,"none_left":true,"why":"all rates"}"#,
            r#"{"none_left":"yes","why":"all rates"}"#,
            "```json\n{\"noneLeft\": true, \"idea\": \"\", \"reason\": \"all rates\"}\n```",
            r#"{"none_left":true,"idea":"I'm sorry, but I have no new idea.","why":"all rates"}"#,
        ] {
            assert_eq!(
                idea(text.as_bytes()),
                Ok(IdeaAnswer::NoneLeft("all rates".to_owned())),
                "{text}"
            );
        }
        for text in [
            r#"{"none_left":false,"idea":"Try a rate of 0.1.","why":""}"#,
            r#"{"none_left":true,"idea":"Try a rate of 0.1.","why":""}"#,
        ] {
            assert!(matches!(idea(text.as_bytes()), Ok(IdeaAnswer::Idea(_))), "{text}");
        }
        assert!(idea(br#"{"idea":null,"why":"?"}"#).is_err());
    }

    #[test]
    fn an_idea_is_one_idea() {
        let clean = Proposal {
            idea: "Try it.".to_owned(),
            why: "It is next.".to_owned(),
            builds_on: Some("sp-000001".to_owned()),
        };
        for text in [
            r#"{"idea":"Try it.","why":"It is next.","builds_on":"sp-000001"}"#,
            "Here:\n```\n{idea: 'Try it.', rationale: 'It is next.', buildsOn: 'sp-000001'}\n```",
            r#"[{"idea":{"idea":"Try it.","why":"It is next.","builds on":"sp-000001"}}]"#,
        ] {
            assert_eq!(idea(text.as_bytes()), Ok(IdeaAnswer::Idea(clean.clone())), "{text}");
        }
        for (text, why) in [
            (r#"[{"idea":"a"},{"idea":"b"}]"#, "several ideas"),
            ("{\"idea\":\"a\"}\n{\"idea\":\"b\"}", "several different things"),
            (r#"{"why":"because"}"#, "no text `idea`"),
            ("I have no idea.", "holds no JSON object"),
        ] {
            let problem = idea(text.as_bytes()).expect_err(text);
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }

    #[test]
    fn a_plan_has_tasks() {
        let clean = serde_json::json!({ "tasks": [{ "key": "a", "idea": "x" }] });
        for text in [
            "{tasks: [{key: 'a', idea: 'x',}]}",
            "The plan:\n```json\n{\"tasks\": [{\"key\": \"a\", \"idea\": \"x\"}]}\n```",
            "tasks:\n- key: a\n  idea: x\n",
        ] {
            assert_eq!(plan(text.as_bytes()), Ok(clean.clone()), "{text}");
        }
        for (text, why) in [
            ("{\"tasks\":[]}", "no task"),
            ("{\"tasks\":[1]}", "not objects"),
            ("{\"a\":1}", "no list `tasks`"),
            ("{\"tasks\":[{", "is broken"),
        ] {
            let problem = plan(text.as_bytes()).expect_err(text);
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(text in "\\PC{0,80}|[{}\\[\\]:,\"'a-z0-9 \\n?]{0,120}") {
            let _ = (ask(text.as_bytes()), idea(text.as_bytes()), plan(text.as_bytes()));
        }
    }
}
