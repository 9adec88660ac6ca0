//! The step that makes a plan: one call, whose answer is left in `plan.json` for the laptop.
//!
//! Nothing of the plan is judged here. The laptop reads it as the work of a model, shows it to a
//! person, and makes tasks of it.

use std::io;

use serde_json::Value;

use super::conversation::{Answer, Conversation, Text, render};
use super::journal::replace;
use super::run::Run;
use super::run_failure::RunFailure;
use super::step::{Lacks, Outcome, over, repair};
use crate::bundle::PLAN_FILE;
use crate::bundle::answers::{self, MAX_PLAN};
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::formats::Money;
use crate::domain::written::Node;
use crate::domain::{Advice, Reason};
use crate::pipeline::{self, Step};

/// Makes the plan.
pub fn make(
    run: &mut Run,
    step: &Step,
    resumed: bool,
    spent: &mut Money,
) -> io::Result<(Outcome, Option<RunFailure>)> {
    let schema = run.bundle.plan.as_ref().map(|plan| plan.schema.to_string());
    let instructions = match render(run, "plan", &run.values(step)) {
        Ok(text) => text,
        Err(failure) => {
            return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
        }
    };
    if !resumed {
        let _ = std::fs::remove_file(run.work.join(PLAN_FILE));
    }
    let mut text = if resumed { Text::Again } else { Text::Whole };
    let mut conversation = Conversation::new(run, step);
    let mut asked = false;
    let mut plan = loop {
        let wanted = schema.as_deref().map(|schema| (schema, PLAN_FILE));
        let structured = match conversation.call(run, step, &instructions, text, wanted, spent)? {
            Answer::Over(outcome, failure) => return over(run, outcome, failure),
            Answer::Delivered { structured, .. } => structured,
        };
        match read(run, structured.as_ref()) {
            Ok(plan) => break plan,
            Err(lacks) if !asked => {
                asked = true;
                lacks.tell(run)?;
                text = Text::Other(repair(run, step, &lacks));
            }
            Err(lacks) => {
                let why = if lacks.missing.is_empty() {
                    lacks.unusable.join("; ")
                } else {
                    format!("no structured answer, and no {PLAN_FILE}")
                };
                let failure = RunFailure::new(
                    Reason::MissingOutput,
                    format!("there is no plan: {why}, also when asked again"),
                    Advice::AskAgain,
                );
                return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
            }
        }
    };
    // Its texts become tasks.
    run.journal.masker.json(&mut plan);
    replace(&run.dir, PLAN_FILE, format!("{plan:#}\n").as_bytes())?;
    run.step_note = plan["tasks"]
        .as_array()
        .map(|tasks| format!("{} task(s)", tasks.len()))
        .unwrap_or_default();
    Ok((Outcome::Verdict(pipeline::Verdict::Yes, None), None))
}

/// The plan of an answer, or else of the file that may take its place.
fn read(run: &Run, structured: Option<&Value>) -> Result<Value, Lacks> {
    let answer = structured.map(|answer| answers::tasks(&Node::from(answer)));
    if let Some(Ok(plan)) = answer {
        return Ok(plan);
    }
    let problem =
        match Folder::open(&run.work).and_then(|folder| folder.read(PLAN_FILE, MAX_PLAN + 1)) {
            Ok(bytes) => match answers::plan(&bytes) {
                Ok(plan) => return Ok(plan),
                Err(problem) => format!("{PLAN_FILE} {problem}"),
            },
            Err(Refused::Missing) => match answer {
                Some(Err(problem)) => format!("the structured answer {problem}"),
                _ => return Err(Lacks { missing: vec![PLAN_FILE.to_owned()], ..Lacks::default() }),
            },
            Err(odd) => format!("{PLAN_FILE} {odd}"),
        };
    Err(Lacks { unusable: vec![problem], ..Lacks::default() })
}
