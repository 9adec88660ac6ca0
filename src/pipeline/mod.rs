//! Bounded state machines that say what a sprint does, step by step.
//!
//! A definition is a YAML file. Each state does one action; an evaluator turns how it
//! ended into a verdict; a route turns the verdict into the next state. This folder
//! reads such files and decides what comes next. It hides how a file is checked, how
//! visits and steps are counted, and what counts as a clear review.
//!
//! **Invariant:** no input, no output, no clock and no randomness. Whoever runs the
//! steps passes in how they ended, and the text of the files that an evaluator
//! reads, and what a reviewer has answered.
//! **Invariant:** every course is bounded: by `max_steps`, and by `max_visits` where a
//! state sets it.

mod definition;
mod engine;
mod evaluate;
mod graph;
mod node;
mod older;
mod plan;
mod problem;
mod read;
mod read_state;
mod review;
mod review_text;
mod template;
mod validate;

pub use definition::{
    Act, Action, Body, Definition, Evaluator, Fresh, Limit, Routes, StateDef, Verdict, VisitLimit,
};
pub use engine::{
    Arrival, Because, End, EngineError, Position, Step, advance, check, resume, start,
};
pub use evaluate::{Judgement, Outcome, judge};
pub use plan::{Plan, PlannedStep, plan};
pub use problem::Problem;
pub use read::{Parsed, parse};
pub use template::{Template, TemplateError};

/// The pipeline of a sprint that names none.
pub const DEFAULT: &str = "research";

/// The pipeline of a follow-up to a sprint that has ended.
pub const TWEAK: &str = "tweak";

/// The pipeline of a sprint that makes a plan.
pub const PLAN: &str = "plan";

/// Returns the text of a pipeline that comes with the program.
pub fn built_in(name: &str) -> Option<&'static str> {
    match name {
        DEFAULT => Some(include_str!("../../templates/pipelines/research.yaml")),
        TWEAK => Some(include_str!("../../templates/pipelines/tweak.yaml")),
        PLAN => Some(include_str!("../../templates/pipelines/plan.yaml")),
        _ => None,
    }
}

#[cfg(test)]
mod built_in_tests;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod review_tests;
