//! The step that reviews the work. Its verdict is the reviewer's structured answer; the file stands in for
//! one that is missing.

use std::io;

use super::prompt;
use crate::bundle::journal::Entry;
use crate::bundle::review::{REVIEW_SCHEMA, critical_issues};
use crate::domain::written::Node;
use crate::pipeline::Evaluator;
use crate::runner::conversation::{Wanted, render};
use crate::runner::step::{StepContext, StepOutcome};

/// Has the work reviewed.
pub fn run(context: &mut StepContext<'_>, skill: &str) -> io::Result<StepOutcome> {
    let step = context.step;
    let instructions = match render(context.job, skill, &context.values()) {
        Ok(text) => text,
        Err(failure) => return Ok(StepOutcome::Failed(failure)),
    };
    let wanted = match &step.evaluator {
        Evaluator::ReviewClear { file } => Some(Wanted { schema: REVIEW_SCHEMA, file }),
        Evaluator::Completed | Evaluator::ExitCode => None,
    };
    let carried_out = match prompt::carry_out(context, &instructions, wanted)? {
        Ok(carried_out) => carried_out,
        Err(end) => return Ok(end),
    };
    let answer = carried_out.structured.as_ref().map(|answer| critical_issues(&Node::from(answer)));
    let issues = match answer {
        Some(Ok(issues)) => Some(issues),
        Some(Err(problem)) => {
            let text = format!("the structured answer {problem}: the review's file counts");
            context.journal.write(&Entry::Note { text })?;
            None
        }
        None => None,
    };
    Ok(carried_out.judged(context, issues))
}
