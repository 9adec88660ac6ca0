//! Makes the job script: the scheduler's lines, the bundle, the runner.
//!
//! The script is private and whole: it can be submitted by hand. It holds no secret,
//! because schedulers keep copies of scripts. What it holds of our texts is quoted or in
//! base64, so that nothing in an idea, a context or a name is ever shell text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::OWN_FOLDER;
use super::formats::Bundle;
use super::prompts::{self, Values};
use crate::pipeline::{self, Action};

/// What the script needs besides the bundle.
#[derive(Debug, Clone)]
pub struct ScriptFacts<'a> {
    /// The scheduler's lines, whole.
    pub directives: &'a [String],
    /// The sprint's directory on the cluster, as one word of shell text.
    pub dir: &'a str,
    /// The runner on the cluster, as one word of shell text.
    pub runner: &'a str,
    /// Which submission of the sprint this is, from 1.
    pub attempt: u32,
    /// The job's id, as shell text.
    pub job_id: &'a str,
}

/// Shell functions that tell whether a program or a folder is ours alone. Every script that starts the
/// runner uses them.
pub const OURS: &str = include_str!("../../templates/job/ours.sh");

/// How long the lines of the bundle are. Some tools that read job scripts have bounds
/// for a line.
const WIDTH: usize = 1000;

/// Returns the script.
pub fn render(bundle: &Bundle, facts: &ScriptFacts<'_>) -> String {
    let json = serde_json::to_vec(bundle).unwrap_or_default();
    let encoded = STANDARD.encode(json);
    let mut packed = String::with_capacity(encoded.len() + encoded.len() / WIDTH + 2);
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % WIDTH == 0 {
            packed.push('\n');
        }
        packed.push(character);
    }
    let directives: String = facts.directives.iter().map(|line| format!("{line}\n")).collect();
    include_str!("../../templates/job/run_sprint.sh")
        .replacen("#%DIRECTIVES%\n", &directives, 1)
        .replacen("%SPRINT%", &bundle.sprint_id, 2)
        .replacen("%ATTEMPT%", &facts.attempt.to_string(), 1)
        .replacen("%DIR%", facts.dir, 1)
        .replacen("%JOB_ID%", facts.job_id, 1)
        .replacen("#%OURS%\n", OURS, 1)
        .replacen("%RUNNER%", facts.runner, 1)
        .replacen("%VERSION%", env!("CARGO_PKG_VERSION"), 2)
        .replacen("%BUNDLE%", &packed, 1)
}

/// The script as a person wants to read it: the bundle is only counted.
pub fn without_bundle(script: &str) -> String {
    let mark = "RESEARCHLOOP_BUNDLE";
    let (Some(start), Some(end)) =
        (script.find(&format!("{mark}' ")), script.rfind(&format!("\n{mark}\n")))
    else {
        return script.to_owned();
    };
    let first = script[start..].find('\n').map_or(script.len(), |at| start + at + 1);
    if first > end {
        return script.to_owned();
    }
    format!("{}({} bytes of base64)\n{}", &script[..first], end - first, &script[end + 1..])
}

/// The prompts of the first visit of each step, as far as they are known before the job:
/// the step's title and the text.
///
/// # Errors
/// What is wrong with the pipeline or a template.
pub fn first_prompts(bundle: &Bundle, dir: &str) -> Result<Vec<(String, String)>, String> {
    let definition = pipeline::parse(&bundle.pipeline)
        .map_err(|problems| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })?
        .definition;
    let plan = pipeline::plan(&definition, &bundle.values()).map_err(|error| error.to_string())?;
    let mut prompts = Vec::new();
    for step in plan.steps.iter().map(|planned| &planned.step).filter(|step| step.visit == 1) {
        let request = bundle.idea_request.as_ref();
        let values = Values {
            study_context: &bundle.context,
            idea: bundle.idea.as_deref().unwrap_or("(the idea that the job finds)"),
            done_when: &bundle.done_when,
            sprint_dir: dir,
            round: 1,
            guidance: request.map_or("", |request| request.guidance.as_str()),
            earlier: request.map_or(&[], |request| &request.earlier),
            sprint_id: &bundle.sprint_id,
            instruction: bundle.tweak.as_ref().map_or("", |tweak| tweak.instruction.as_str()),
            plan: bundle.plan.as_ref().map_or("", |plan| plan.prompt.as_str()),
            ask_dir: &format!("{OWN_FOLDER}/ask"),
            max_rounds: bundle
                .settings
                .get("red_team_max_rounds")
                .and_then(|rounds| rounds.parse().ok())
                .unwrap_or(0),
            ..Values::default()
        };
        let text = match &step.action {
            Action::Skill(name)
            | Action::Idea(name)
            | Action::Plan(name)
            | Action::Review(name) => prompts::render(&bundle.templates, name, &values)
                .map_err(|error| error.to_string())?,
            Action::Evaluate(_) => bundle
                .evaluator
                .as_ref()
                .map(|evaluator| evaluator.command.clone())
                .unwrap_or_default(),
            Action::Verify(_) => bundle.verify.clone(),
            Action::Prompt(text) | Action::Shell(text) => text.clone(),
        };
        prompts.push((step.title.clone(), text));
    }
    Ok(prompts)
}
