//! What the figures of a loop's sprints say: whether its target is reached, and whether anything still
//! gets better. Hides how it is put into words how sure that is.

use super::auto_loop::{Attempt, AttemptState, StopRule, Target};
use super::noise::{MORE_RUNS, Mark, Measured, Step};

/// A value that reaches the target ends the loop, as it was told to. Whether it may be luck is said.
pub(super) fn on_target(target: &Target, attempts: &[Attempt]) -> Option<(StopRule, String)> {
    let measured: Vec<(&str, Measured)> = attempts
        .iter()
        .filter_map(|attempt| match attempt.state {
            AttemptState::Completed { target_value: Some(value), .. } => Some((attempt.id.as_str(), value)),
            _ => None,
        })
        .collect();
    let (id, reached) = measured.iter().find(|(_, measured)| target.is_reached_by(measured.value))?;
    let tried = measured.len();
    let of = if tried == 1 { String::new() } else { format!(", of {tried} sprints that were tried") };
    let runs = reached.n.unwrap_or(1);
    let how_sure = match (reached.beyond(target.value, tried), reached.gap()) {
        (Mark::LikelyReal, _) => format!("{runs} runs{of}: likely real"),
        (Mark::WithinNoise, _) => format!("{runs} runs{of}: within noise, so it may be luck"),
        (Mark::Unknown, Some(_)) if runs < 2 => format!("one run{of}: it may be luck, {}", more_runs(id)),
        (Mark::Unknown, Some(_)) => format!("{runs} runs{of}, and their spread is not known: it may be luck"),
        (Mark::Unknown, None) => format!("{runs} runs{of}, all equal: how far others would scatter is not known"),
    };
    Some((StopRule::Target, format!("the target {target} is reached: {id} has {}; {how_sure}", reached.value)))
}

fn more_runs(id: &str) -> String {
    format!("{MORE_RUNS} more runs would tell: `researchloop sprint resubmit {id}` makes one")
}

/// Sprints without an improvement count since the last one. A new best that may be luck is no
/// improvement, and no sprint without one: chance sets new bests again and again, if ever more rarely.
pub(super) fn without_improvement(patience: usize, judged: &[&Attempt]) -> Option<(StopRule, String)> {
    let (mut since, mut doubtful) = (0, None);
    for attempt in judged.iter().rev() {
        match attempt.state {
            AttemptState::Completed { step: Some(Step::Improvement), .. } => break,
            AttemptState::Completed { step: Some(Step::Doubtful), .. } => doubtful = doubtful.or(Some(attempt.id.as_str())),
            AttemptState::Completed { step: Some(Step::Nothing), .. } => since += 1,
            _ => {}
        }
    }
    if since < patience {
        return None;
    }
    let luck = doubtful.map(|id| format!("; {id} was a new best: it may be luck, {}", more_runs(id))).unwrap_or_default();
    let sprints = if since == 1 { "sprint" } else { "sprints" };
    Some((StopRule::NoImprovement, format!("{since} measured {sprints} brought no improvement beyond the noise{luck}")))
}
