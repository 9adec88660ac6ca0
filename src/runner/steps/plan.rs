//! The step that makes a plan: one call, whose answer is left in `plan.json` for the laptop.
//!
//! Nothing of the plan is judged here. The laptop reads it as the work of a model, shows it to a
//! person, and makes tasks of it.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::lacks::{Lacks, repair};
use super::{answered, over};
use crate::bundle::PLAN_FILE;
use crate::bundle::answers::{self, MAX_PLAN};
use crate::domain::text::number_of;
use crate::domain::{Advice, Reason};
use crate::runner::conversation::{Answer, Conversation, Text, Wanted, render};
use crate::runner::journal::replace;
use crate::runner::run_failure::RunFailure;
use crate::runner::step::{StepContext, StepOutcome};

/// Makes the plan.
pub fn run(context: &mut StepContext<'_>, skill: &str) -> io::Result<StepOutcome> {
    let job = context.job;
    let schema = job.bundle.plan.as_ref().map(|plan| plan.schema.to_string());
    let instructions = match render(job, skill, &context.values()) {
        Ok(text) => text,
        Err(failure) => return Ok(StepOutcome::Failed(failure)),
    };
    if !context.resumed {
        let _ = std::fs::remove_file(job.paths.work.join(PLAN_FILE));
    }
    let mut text = if context.resumed { Text::Again } else { Text::Whole };
    let mut conversation = Conversation::new(context);
    let mut is_repaired = false;
    let mut plan = loop {
        let wanted = schema.as_deref().map(|schema| Wanted { schema, file: PLAN_FILE });
        let structured = match conversation.call(context, &instructions, text, wanted)? {
            Answer::Over(end) => return over(context, end),
            Answer::Delivered { structured, .. } => structured,
        };
        match read(&job.paths.work, structured.as_ref()) {
            Ok(plan) => break plan,
            Err(lacks) if !is_repaired => {
                is_repaired = true;
                lacks.tell(context.journal)?;
                text = Text::Other(repair(context, &lacks));
            }
            Err(lacks) => {
                let why = if lacks.missing.is_empty() {
                    lacks.unusable.join("; ")
                } else {
                    format!("no structured answer, and no {PLAN_FILE}")
                };
                return Ok(StepOutcome::Failed(RunFailure::new(
                    Reason::MissingOutput,
                    format!("there is no plan: {why}, also when asked again"),
                    Advice::AskAgain,
                )));
            }
        }
    };
    // Its texts become tasks.
    context.journal.masker.json(&mut plan);
    replace(&job.paths.dir, PLAN_FILE, format!("{plan:#}\n").as_bytes())?;
    let note =
        plan["tasks"].as_array().map(|tasks| number_of(tasks.len(), "task")).unwrap_or_default();
    Ok(StepOutcome::yes(note))
}

/// The plan of an answer, or else of the file that may take its place.
fn read(work: &Path, structured: Option<&Value>) -> Result<Value, Lacks> {
    answered(work, structured, (PLAN_FILE, MAX_PLAN), answers::tasks, answers::plan).map_err(
        |problem| match problem {
            Some(problem) => Lacks { unusable: vec![problem], ..Lacks::default() },
            None => Lacks { missing: vec![PLAN_FILE.to_owned()], ..Lacks::default() },
        },
    )
}
