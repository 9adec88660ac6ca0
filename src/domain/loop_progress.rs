//! What the figures of a loop's sprints say: whether its target is reached, and whether anything still
//! gets better. Hides how it is put into words how sure that is.

use super::SprintId;
use super::action::Action;
use super::auto_loop::{Attempt, AttemptState, StopRule, Target, Unused};
use super::figure_name;
use super::loop_limits::list;
use super::noise::{MORE_RUNS, Mark, Measured, Step};

/// A value that reaches the target ends the loop, as it was told to. Whether it may be luck is said.
pub(super) fn on_target(target: &Target, attempts: &[Attempt]) -> Option<(StopRule, String)> {
    let measured: Vec<(&SprintId, Measured)> = attempts
        .iter()
        .filter_map(|attempt| match attempt.state {
            AttemptState::Completed { target_value: Some(value), .. } => Some((&attempt.id, value)),
            _ => None,
        })
        .collect();
    let (id, reached) =
        measured.iter().find(|(_, measured)| target.is_reached_by(measured.value))?;
    let tried = measured.len();
    let of =
        if tried == 1 { String::new() } else { format!(", of {tried} sprints that were tried") };
    let runs = reached.n.unwrap_or(1);
    let how_sure = match (reached.beyond(target.value, tried), reached.gap()) {
        (Mark::LikelyReal, _) => format!("{runs} runs{of}: likely real"),
        (Mark::WithinNoise, _) => format!("{runs} runs{of}: within noise, so it may be luck"),
        (Mark::Unknown, Some(_)) if runs < 2 => {
            format!("one run{of}: it may be luck, {}", more_runs(id))
        }
        (Mark::Unknown, Some(_)) => {
            format!("{runs} runs{of}, and their spread is not known: it may be luck")
        }
        (Mark::Unknown, None) => {
            format!("{runs} runs{of}, all equal: how far others would scatter is not known")
        }
    };
    let unit = if target.unit.is_empty() { String::new() } else { format!(" {}", target.unit) };
    Some((
        StopRule::Target,
        format!(
            "the target {target} is reached: {id} has {}{unit}; {how_sure}",
            rounded(reached.value)
        ),
    ))
}

/// Without what a conversion of units has left at the end.
fn rounded(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap_or(value)
}

/// What people should know of a loop's target while it is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about: each is told once.
    pub subject: String,
    /// In a sentence.
    pub text: String,
}

/// Why a target may never be reached, or was not reached by a figure that looks as if it did: the newest
/// such figure, or that no sprint reports the metric. `reported` are the names that the study's sprints
/// have reported.
pub fn remark(target: &Target, attempts: &[Attempt], reported: &[String]) -> Option<Remark> {
    let done = attempts.iter().rev().filter_map(|attempt| match &attempt.state {
        AttemptState::Completed { target_value, unused, .. } => {
            Some((&attempt.id, target_value.is_some(), unused.as_ref()))
        }
        _ => None,
    });
    let odd = done.clone().find_map(|(id, _, unused)| {
        Some((id, unused.filter(|unused| unused.would_reach != Some(false))?))
    });
    if let Some((id, Unused { shown, would_reach, why })) = odd {
        let what = if *would_reach == Some(true) {
            "would reach the target"
        } else {
            "is not compared with the target"
        };
        let text = format!("{id} has {shown}, which {what} {target}: {why}, so it does not count");
        return Some(Remark { subject: id.to_string(), text });
    }
    let (ids, name) = (done.clone().map(|(id, ..)| id).collect::<Vec<_>>(), &target.metric);
    if ids.is_empty() || done.into_iter().any(|(_, is_told, unused)| is_told || unused.is_some()) {
        return None;
    }
    // An evaluator may have said that there is no value.
    if reported.iter().any(|known| figure_name::is_same(known, name)) {
        let text = format!(
            "the target {target} is not reached: no completed sprint of the loop has a value of {name} that counts"
        );
        return Some(Remark { subject: name.clone(), text });
    }
    let of = if ids.len() == 1 {
        format!("{} has not reported {name}", ids[0])
    } else {
        format!("none of {} sprints has reported {name}", ids.len())
    };
    let instead = match figure_name::meant(name, reported.iter().map(String::as_str)) {
        Some(near) if !figure_name::is_same(near, name) => format!("; did you mean {near}?"),
        _ if reported.is_empty() => String::new(),
        _ => format!(
            "; the study's sprints have reported {}",
            list(reported.iter().map(String::as_str))
        ),
    };
    Some(Remark {
        subject: name.clone(),
        text: format!("the target {target} cannot be reached: {of}{instead}"),
    })
}

fn more_runs(id: &SprintId) -> String {
    let again = Action::ResubmitSprint { sprint: id.to_string(), more: None };
    format!("{MORE_RUNS} more runs would tell: `{again}` makes one")
}

/// Sprints without an improvement count since the last one. A new best that may be luck is no
/// improvement, and no sprint without one: chance sets new bests again and again, if ever more rarely.
pub(super) fn without_improvement(
    patience: usize,
    judged: &[&Attempt],
) -> Option<(StopRule, String)> {
    let (mut since, mut doubtful) = (0, None);
    for attempt in judged.iter().rev() {
        match attempt.state {
            AttemptState::Completed { step: Some(Step::Improvement), .. } => break,
            AttemptState::Completed { step: Some(Step::Doubtful), .. } => {
                doubtful = doubtful.or(Some(&attempt.id))
            }
            AttemptState::Completed { step: Some(Step::Nothing), .. } => since += 1,
            _ => {}
        }
    }
    if since < patience {
        return None;
    }
    let luck = doubtful
        .map(|id| format!("; {id} was a new best: it may be luck, {}", more_runs(id)))
        .unwrap_or_default();
    let sprints = if since == 1 { "sprint" } else { "sprints" };
    Some((
        StopRule::NoImprovement,
        format!("{since} measured {sprints} brought no improvement beyond the noise{luck}"),
    ))
}
