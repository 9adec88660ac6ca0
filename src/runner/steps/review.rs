//! The step that reviews the work.

use std::io;

use super::prompt;
use crate::runner::step::{StepContext, StepEnd};

/// Has the work reviewed. The evaluator of the step reads the review.
pub fn run(context: &mut StepContext<'_>) -> io::Result<StepEnd> {
    prompt::run(context)
}
