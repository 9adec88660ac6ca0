//! The step that measures the result by the study's own command.

use std::io;

use super::shell::{self, Finished};
use crate::bundle::outcome;
use crate::domain::{Advice, Reason};
use crate::pipeline::Verdict;
use crate::runner::run_failure::RunFailure;
use crate::runner::step::{StepContext, StepOutcome};

/// Runs the command, and takes the last line of its output as the figure.
pub fn run(context: &mut StepContext<'_>, text: &str) -> io::Result<StepOutcome> {
    let Finished { end, last_line } = shell::finish(context, text)?;
    let mut judged = match end {
        StepOutcome::Judged(judged) if judged.verdict == Verdict::Yes => judged,
        end => return Ok(end),
    };
    let measured = match outcome::measurement(&last_line) {
        Ok(measured) => measured,
        Err(problem) => {
            return Ok(StepOutcome::Failed(RunFailure::new(
                Reason::StepFailed,
                format!("{}: the last line of the output {problem}", context.step.title),
                Advice::SeeStep,
            )));
        }
    };
    if let Some(evaluator) = &context.job.bundle.evaluator {
        judged.note = outcome::measured(&evaluator.metric, &measured);
        context.progress.record_measurement(context.journal, measured.figure(evaluator))?;
    }
    Ok(StepOutcome::Judged(judged))
}
