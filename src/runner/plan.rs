//! The step that makes a plan: one call, whose answer is left in `plan.json` for the laptop.
//!
//! Nothing of the plan is judged here. The laptop reads it as the work of a model, shows it to a
//! person, and makes tasks of it.

use std::io;

use serde_json::Value;

use super::ending::Failure;
use super::journal::replace;
use super::run::Run;
use super::step::{Outcome, over};
use super::talk::{Answer, Talk, Text, render};
use crate::bundle::PLAN_FILE;
use crate::bundle::folder::Folder;
use crate::bundle::formats::Money;
use crate::domain::{Advice, Reason};
use crate::pipeline::Step;

/// The largest file that is taken in the place of a structured answer.
const MAX_FILE: u64 = 4 << 20;

/// Makes the plan.
pub fn make(run: &mut Run, step: &Step, resumed: bool, spent: &mut Money) -> io::Result<(Outcome, Option<Failure>)> {
    let schema = run.bundle.plan.as_ref().map(|plan| plan.schema.to_string());
    let instructions = match render(run, "plan", &run.values(step)) {
        Ok(text) => text,
        Err(failure) => return Ok((Outcome::Verdict("error", None), Some(failure))),
    };
    if !resumed {
        let _ = std::fs::remove_file(run.work.join(PLAN_FILE));
    }
    let text = if resumed { Text::Again } else { Text::Whole };
    let structured = match Talk::new(run, step).call(run, step, &instructions, text, schema.as_deref().map(|schema| (schema, PLAN_FILE)), spent)? {
        Answer::Over(outcome, failure) => return over(run, outcome, failure),
        Answer::Delivered { structured, .. } => structured,
    };
    let left = || -> Option<Value> {
        let bytes = Folder::open(&run.work).and_then(|folder| folder.read(PLAN_FILE, MAX_FILE)).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let Some(mut plan) = structured.or_else(left) else {
        let failure = Failure::new(Reason::MissingOutput, format!("there is no plan: no structured answer, and no {PLAN_FILE}"), Advice::AskAgain);
        return Ok((Outcome::Verdict("error", None), Some(failure)));
    };
    // Its texts become tasks.
    run.journal.masker.json(&mut plan);
    replace(&run.dir, PLAN_FILE, format!("{plan:#}\n").as_bytes())?;
    run.step_note = plan["tasks"].as_array().map(|tasks| format!("{} task(s)", tasks.len())).unwrap_or_default();
    Ok((Outcome::Verdict("yes", None), None))
}
