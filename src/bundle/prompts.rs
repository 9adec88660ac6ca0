//! Renders prompts. Strict: a name that has no value is an error, not an empty text.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, context};

use super::FORMAT_VERSION;
use super::formats::{EarlierIdea, InboxFile};

/// Why a prompt cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the prompt template {template} cannot be rendered: {problem}")]
pub struct PromptError {
    /// Its file name.
    pub template: String,
    /// Where and why.
    pub problem: String,
}

/// What a prompt may name.
#[derive(Debug, Clone, Default)]
pub struct Values<'a> {
    /// The study's context; may be empty.
    pub study_context: &'a str,
    /// The idea.
    pub idea: &'a str,
    /// When the work is done, in a person's words; may be empty.
    pub done_when: &'a str,
    /// The sprint's directory.
    pub sprint_dir: &'a str,
    /// Which round, from 1.
    pub round: u32,
    /// How many rounds there can be.
    pub max_rounds: u32,
    /// Files that were promised but are not there (`repair`).
    pub missing: &'a [String],
    /// Files that are there and cannot be used, with the reasons, a sentence each (`repair`).
    pub unusable: &'a [String],
    /// What is wrong with the questions that were left, a sentence each (`repair`).
    pub wrong: &'a [String],
    /// What it had ended its turn to wait for; may be empty (`repair`).
    pub waits: &'a str,
    /// What its last message asked; may be empty (`repair`).
    pub asked: &'a str,
    /// The instructions that were interrupted (`continue`).
    pub original: &'a str,
    /// Whether they were interrupted by a question of the agent's own (`continue`).
    pub answered: bool,
    /// Whether a session goes on that knows nothing of the work so far (`continue`).
    pub anew: bool,
    /// What lies in the directory, for such a session (`continue`).
    pub files: &'a [String],
    /// What people say: answers and notes (`_messages`).
    pub messages: &'a [InboxFile],
    /// Where a question for a person is left.
    pub ask_dir: &'a str,
    /// What the user wants of ideas (`idea`).
    pub guidance: &'a str,
    /// Earlier ideas and what came of them (`idea`).
    pub earlier: &'a [EarlierIdea],
    /// Why the last idea was rejected; empty the first time (`idea`).
    pub refused: &'a str,
    /// What is to be done in the directory of a finished sprint (`tweak`).
    pub instruction: &'a str,
    /// What a plan is asked for with, whole (`plan`).
    pub plan: &'a str,
    /// The sprint.
    pub sprint_id: &'a str,
}

/// Renders the skill of this name.
pub fn render(
    templates: &BTreeMap<String, String>,
    skill: &str,
    values: &Values<'_>,
) -> Result<String, PromptError> {
    let template = format!("{skill}.md.j2");
    let environment = environment(templates)?;
    render_one(&environment, &template, values).map_err(|error| failed(&template, &error))
}

/// Renders every template, once with everything that a prompt may name and once with as little as
/// there may be: what is wrong with one is found before a job needs it.
pub fn check(templates: &BTreeMap<String, String>) -> Result<(), PromptError> {
    let environment = environment(templates)?;
    let missing = ["report.md".to_owned()];
    let earlier = [EarlierIdea {
        id: "sp-000000".to_owned(),
        idea: "x".to_owned(),
        outcome: "x".to_owned(),
        statement: "x".to_owned(),
        mark: String::new(),
    }];
    let message = |question: Option<&str>| InboxFile {
        v: FORMAT_VERSION,
        id: "m-000000".to_owned(),
        answers: question.map(str::to_owned),
        question: question.map(str::to_owned),
        text: "x".to_owned(),
    };
    let messages = [message(Some("x")), message(None)];
    let full = Values {
        study_context: "x",
        idea: "x",
        done_when: "x",
        sprint_dir: "/x",
        round: 2,
        max_rounds: 2,
        missing: &missing,
        unusable: &missing,
        wrong: &missing,
        waits: "x",
        asked: "x",
        original: "x",
        answered: true,
        anew: true,
        files: &missing,
        messages: &messages,
        ask_dir: "x",
        guidance: "x",
        earlier: &earlier,
        refused: "x",
        instruction: "x",
        plan: "x",
        sprint_id: "sp-000000",
    };
    // Nobody repairs nothing, or brings no message.
    let least =
        Values { round: 1, missing: &missing, messages: &messages[1..], ..Values::default() };
    for name in templates.keys() {
        for values in [&full, &least] {
            render_one(&environment, name, values).map_err(|error| failed(name, &error))?;
        }
    }
    Ok(())
}

fn failed(template: &str, error: &minijinja::Error) -> PromptError {
    PromptError { template: template.to_owned(), problem: format!("{error:#}").replace('\n', " ") }
}

fn environment(templates: &BTreeMap<String, String>) -> Result<Environment<'_>, PromptError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Prompts are plain text: nothing in them is escaped.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    for (name, source) in templates {
        environment.add_template(name, source).map_err(|error| failed(name, &error))?;
    }
    Ok(environment)
}

fn render_one(
    environment: &Environment<'_>,
    template: &str,
    values: &Values<'_>,
) -> Result<String, minijinja::Error> {
    environment.get_template(template)?.render(context! {
        study_context => values.study_context,
        idea => values.idea,
        done_when => values.done_when,
        sprint_dir => values.sprint_dir,
        round => values.round,
        max_rounds => values.max_rounds,
        missing => values.missing.to_vec(),
        unusable => values.unusable.to_vec(),
        wrong => values.wrong.to_vec(),
        waits => values.waits,
        asked => values.asked,
        original => values.original,
        answered => values.answered,
        anew => values.anew,
        files => values.files.to_vec(),
        messages => values.messages.iter().map(|message| context! { question => message.question.as_deref(), text => message.text.as_str() }).collect::<Vec<_>>(),
        ask_dir => values.ask_dir,
        guidance => values.guidance,
        earlier => values.earlier.iter().map(|earlier| context! {
            id => earlier.id.as_str(), idea => earlier.idea.as_str(), outcome => earlier.outcome.as_str(), statement => earlier.statement.as_str(),
        }).collect::<Vec<_>>(),
        refused => values.refused,
        instruction => values.instruction,
        plan => values.plan,
        sprint_id => values.sprint_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_an_error_that_names_the_template() {
        let templates = BTreeMap::from([("x.md.j2".to_owned(), "{{ idae }}".to_owned())]);
        let error = render(&templates, "x", &Values::default()).expect_err("strict");
        assert!(error.to_string().contains("x.md.j2"), "{error}");
    }

    #[test]
    fn values_are_never_templates_themselves() {
        let templates = BTreeMap::from([("x.md.j2".to_owned(), "<{{ idea }}>".to_owned())]);
        let values = Values {
            idea: "{{ study_context }} {% raw %} &<",
            study_context: "secret",
            ..Values::default()
        };
        assert_eq!(
            render(&templates, "x", &values).expect("text"),
            "<{{ study_context }} {% raw %} &<>"
        );
    }

    #[test]
    fn every_skill_of_ours_renders() {
        let templates =
            crate::bundle::templates::skills(std::path::Path::new("/nonexistent")).expect("ours");
        let missing = ["report.md".to_owned()];
        let values = Values {
            study_context: "CONTEXT",
            idea: "IDEA",
            done_when: "THE END",
            sprint_dir: "/dir",
            round: 2,
            max_rounds: 3,
            missing: &missing,
            original: "ORIGINAL",
            ..Values::default()
        };
        for name in templates.keys().filter(|name| !name.starts_with('_')) {
            let text =
                render(&templates, name.trim_end_matches(".md.j2"), &values).expect("renders");
            assert!(text.trim().len() > 20, "{name}");
        }
        let research = render(&templates, "research", &values).expect("renders");
        assert!(
            research.contains("IDEA")
                && research.contains("done when this is so: THE END")
                && research.contains("CONTEXT")
                && research.contains("findings.md"),
            "{research}"
        );
        let review = render(&templates, "red_team", &values).expect("renders");
        assert!(
            review.contains("IDEA")
                && review.contains("done when this is so: THE END")
                && review.contains("red_team_round_2.md")
                && review.contains("NO CRITICAL ISSUES"),
            "{review}"
        );
    }
}
