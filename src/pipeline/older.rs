//! Reads the kinds of steps out of files that do not write them down.
//!
//! Earlier versions knew a step by its name: the skill `idea`, the skill `plan`, the shells of the
//! states `evaluate` and `verify`. A job that one of them has made brings such
//! a file along.

use super::definition::{Action, Body, Evaluator, StateDef};

/// Gives the states of a file that writes down no such kind the kinds that their names stand for.
pub(super) fn name_kinds(states: &mut [StateDef]) {
    let is_written = states.iter().any(|state| match &state.body {
        Body::Act(act) => {
            !matches!(act.action, Action::Skill(_) | Action::Prompt(_) | Action::Shell(_))
        }
        Body::Terminal { .. } => false,
    });
    if is_written {
        return;
    }
    for state in states {
        let Body::Act(act) = &mut state.body else { continue };
        act.action = match (&act.action, &act.evaluate, state.name.as_str()) {
            (Action::Skill(skill), Evaluator::ReviewClear { .. }, _) => {
                Action::Review(skill.clone())
            }
            (Action::Skill(skill), _, _) if skill == "idea" => Action::Idea(skill.clone()),
            (Action::Skill(skill), _, _) if skill == "plan" => Action::Plan(skill.clone()),
            (Action::Shell(text), _, "evaluate") => Action::Evaluate(text.clone()),
            (Action::Shell(text), _, "verify") => Action::Verify(text.clone()),
            _ => continue,
        };
    }
}
