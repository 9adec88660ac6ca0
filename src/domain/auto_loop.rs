//! What a loop does next: begin another sprint, wait, or stop. Pure: everything that it
//! rests on is handed in, and is asked for anew each time, so that nothing is counted twice.

use super::SprintId;
use super::allowance::{LEAST_SECONDS, LEAST_USD, lesser};
use super::incidents::{Failed, incidents};
pub use super::loop_limits::{Limits, StopRule, Target, parse_until};
pub use super::loop_progress::{Remark, remark};
use super::loop_progress::{on_target, without_improvement};
use super::noise::{Measured, Step};
use super::retry;
use super::text::number_of;

/// So many failures in a row, of whatever kind, end a loop.
pub const FAILURES_IN_A_ROW: usize = 5;

/// How a sprint of the loop stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its id.
    pub id: SprintId,
    /// How it stands.
    pub state: AttemptState,
    /// Whether it was made after the loop was last resumed.
    pub is_judged: bool,
    /// When it was made, in the order of all that was written down.
    pub made: i64,
}

/// How a sprint of the loop stands.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptState {
    /// Not over.
    Live,
    /// Not over, and kept from going on by a limit.
    Held,
    /// Over, with results.
    Completed {
        /// The target's metric, when there is a target and the value is known; with the repeats of its
        /// task together, and in the target's unit.
        target_value: Option<Measured>,
        /// What it tells of that metric and does not count for the target.
        unused: Option<Unused>,
        /// What it brought to the study's metric; none when it measured nothing, or repeated a task.
        step: Option<Step>,
    },
    /// Failed.
    Failed {
        /// Whether the infrastructure failed, not the work.
        infrastructure: bool,
        /// Whether the cause is one that all sprints of a cluster share.
        shared: bool,
        /// When that was known, in the order of all that was written down.
        known: i64,
        /// What it failed of, without what differs from one time to the next.
        fingerprint: String,
        /// In seconds since 1970.
        ended: i64,
        /// Whether it failed because what a limit had left it was spent: less than it would have had
        /// without. That says nothing of the work.
        exhausted: bool,
        /// When the usage limit that ended it is reset, in seconds since 1970, if that is still to come.
        reset: Option<i64>,
    },
    /// Over: its job has no idea that is left to try, and says why.
    NoneLeft(String),
    /// Ended by a person.
    Cancelled,
}

/// A figure that does not count for a target, although it is about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unused {
    /// As it was told, with its unit.
    pub shown: String,
    /// Whether it would reach the target; none when nobody can say.
    pub would_reach: Option<bool>,
    /// Why it does not count: the rest of a sentence.
    pub why: String,
}

/// Money, or GPU-seconds: what was used, and what running sprints may still use.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// Used by sprints, ended or not.
    pub spent: f64,
    /// Reserved for those that are not over, beyond what they have used.
    pub reserved: f64,
}

/// What a limit of the study leaves, in dollars or GPU-seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Left {
    /// Not used yet.
    pub unspent: f64,
    /// Neither used nor reserved.
    pub free: f64,
}

impl Left {
    /// Whether it is not for the study's limit that nothing can be begun: there is enough, or there would
    /// be once others have ended, and the loop's own limit is used up anyway.
    fn is_no_reason(self, own_unspent: f64, is_enough: impl Fn(f64) -> bool) -> bool {
        is_enough(self.free) || (is_enough(self.unspent) && !is_enough(own_unspent))
    }
}

/// Everything that a decision rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation<'a> {
    /// The loop's limits.
    pub limits: &'a Limits,
    /// Its sprints, in the order in which they were made.
    pub attempts: &'a [Attempt],
    /// Sprints of it that completed and were deleted since.
    pub forgotten: u32,
    /// Dollars of the loop.
    pub money: Used,
    /// GPU-seconds of the loop.
    pub gpu_seconds: Used,
    /// Dollars that the study may still use; none without a limit.
    pub study_money: Option<Left>,
    /// The same of GPU-seconds.
    pub study_gpu: Option<Left>,
    /// What one sprint of the study may cost at most.
    pub sprint_max_usd: Option<f64>,
    /// Whether GPU-seconds of some sprint are not known.
    pub gpu_unknown: bool,
    /// GPUs of the next sprint's job.
    pub gpus: Option<u32>,
    /// Seconds that the next sprint's job would ask for.
    pub seconds: u64,
    /// In seconds since 1970.
    pub now: i64,
}

/// What a loop does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// It ends, and why.
    Stop(StopRule, String),
    /// Nothing now, and why, for people.
    Wait(String),
    /// One more sprint, within these bounds.
    Begin {
        /// Dollars that are reserved for it.
        budget_usd: Option<f64>,
        /// Seconds that its job asks for, when that is less than it would.
        seconds: Option<u64>,
    },
}

/// Decides. Stop rules come before anything else.
pub fn next(situation: &Situation<'_>) -> Next {
    let Situation { limits, attempts, .. } = situation;
    let of =
        |state: &AttemptState| attempts.iter().filter(|attempt| attempt.state == *state).count();
    let (live, held) = (of(&AttemptState::Live), of(&AttemptState::Held));
    let done = done(situation);
    let count = limits.count as usize;
    if let Some((rule, why)) = reached(situation, done) {
        return Next::Stop(rule, why);
    }
    let (parallel, open) = (limits.parallel as usize, live + held);
    if open > 0 && (open >= parallel || done + open >= count) {
        // Those that a limit holds wait for nothing that would come by itself: if it is this loop's, it is
        // over.
        if live == 0
            && let stop @ Next::Stop(..) = within_budgets(situation, 0, 1)
        {
            return stop;
        }
        return Next::Wait(format!("{} running", number_of(open, "sprint")));
    }
    if let Some(wait) = backoff(situation) {
        return Next::Wait(wait);
    }
    within_budgets(situation, live, parallel.min(count - done) - open)
}

fn done(situation: &Situation<'_>) -> usize {
    let completed = situation
        .attempts
        .iter()
        .filter(|attempt| matches!(attempt.state, AttemptState::Completed { .. }))
        .count();
    completed + situation.forgotten as usize
}

/// Why a sprint that was made before, and waits for its first job, must not have one now: a rule
/// that has ended the loop since, or a failure that is waited out.
pub fn objection(situation: &Situation<'_>) -> Option<Next> {
    if let Some((rule, why)) = reached(situation, done(situation)) {
        return Some(Next::Stop(rule, why));
    }
    backoff(situation).map(Next::Wait)
}

fn reached(situation: &Situation<'_>, done: usize) -> Option<(StopRule, String)> {
    let Situation { limits, attempts, .. } = situation;
    if let Some(stop) = limits.target.as_ref().and_then(|target| on_target(target, attempts)) {
        return Some(stop);
    }
    if done >= limits.count as usize {
        return Some((
            StopRule::Count,
            format!("{done} of {} sprints have completed", limits.count),
        ));
    }
    if let Some(until) = limits.until.filter(|until| situation.now >= *until) {
        return Some((StopRule::Deadline, format!("its time was over at {}", time(until))));
    }
    let judged: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.is_judged).collect();
    if let Some((id, why)) = judged.iter().find_map(|attempt| {
        if let AttemptState::NoneLeft(why) = &attempt.state {
            Some((&attempt.id, why))
        } else {
            None
        }
    }) {
        return Some((
            StopRule::NoIdeasLeft,
            format!("the job of {id} has no idea left to try: {why}"),
        ));
    }
    if let Some(stop) = failing(&judged) {
        return Some(stop);
    }
    without_improvement(limits.patience? as usize, &judged)
}

/// A failure at the end of the list.
struct Failure<'a> {
    id: &'a SprintId,
    infrastructure: bool,
    reset: Option<i64>,
    of: Failed<'a>,
}

/// The failures at the end of the list, newest first, without what a person or a limit ended.
fn failures<'a>(attempts: &[&'a Attempt]) -> Vec<Failure<'a>> {
    attempts
        .iter()
        .rev()
        .filter(|attempt| {
            !matches!(
                attempt.state,
                AttemptState::Live
                    | AttemptState::Held
                    | AttemptState::Cancelled
                    | AttemptState::NoneLeft(_)
                    | AttemptState::Failed { exhausted: true, .. }
            )
        })
        .map_while(|attempt| match &attempt.state {
            AttemptState::Failed {
                infrastructure,
                shared,
                known,
                fingerprint,
                ended,
                reset,
                ..
            } => {
                let of = Failed {
                    what: fingerprint,
                    is_shared: *shared,
                    made: attempt.made,
                    known: *known,
                    ended: *ended,
                };
                Some(Failure {
                    id: &attempt.id,
                    infrastructure: *infrastructure,
                    reset: *reset,
                    of,
                })
            }
            _ => None,
        })
        .collect()
}

/// The incidents that these failures are: the first failure of each, in the order in which they were known.
fn firsts<'a, 'b>(failures: &'b [Failure<'a>]) -> Vec<&'b Failure<'a>> {
    // Given oldest first, so that this order stands where nothing tells another.
    let oldest: Vec<&Failure<'a>> = failures.iter().rev().collect();
    let of: Vec<Failed<'_>> = oldest.iter().map(|failure| failure.of).collect();
    incidents(&of).iter().filter_map(|incident| oldest.get(*incident.first()?).copied()).collect()
}

fn failing(judged: &[&Attempt]) -> Option<(StopRule, String)> {
    let failures = failures(judged);
    let firsts = firsts(&failures);
    let of_work: Vec<&&Failure<'_>> =
        firsts.iter().filter(|failure| !failure.infrastructure).collect();
    if let [.., before, last] = of_work[..]
        && last.of.what == before.of.what
    {
        return Some((
            StopRule::SameFailure,
            format!("{} and {} failed in the same way: {}", before.id, last.id, last.of.what),
        ));
    }
    let (count, sprints) = (firsts.len(), failures.len());
    (count >= FAILURES_IN_A_ROW).then(|| {
        let last = failures.first().map_or("", |failure| failure.of.what);
        let times = if count == sprints { String::new() } else { format!(" {count} times") };
        (
            StopRule::Failures,
            format!("{sprints} sprints in a row have failed{times}, the last one of: {last}"),
        )
    })
}

/// After a failure of the infrastructure, one waits before the next attempt.
fn backoff(situation: &Situation<'_>) -> Option<String> {
    let judged: Vec<&Attempt> =
        situation.attempts.iter().filter(|attempt| attempt.is_judged).collect();
    let mut streak = failures(&judged);
    streak.truncate(streak.iter().take_while(|failure| failure.infrastructure).count());
    let last = streak.iter().max_by_key(|failure| failure.of.ended)?;
    if let Some(reset) = streak
        .iter()
        .filter_map(|failure| failure.reset)
        .max()
        .filter(|reset| situation.now < *reset)
    {
        return Some(format!(
            "{} failed ({}): the limit is reset, and the next attempt made, at {}",
            last.id,
            last.of.what,
            time(reset)
        ));
    }
    let wait = retry::LOOPS.after(u32::try_from(firsts(&streak).len()).unwrap_or(u32::MAX));
    let at = last.of.ended.saturating_add(wait);
    // The end may be told by another machine, whose clock is ahead: that is no reason to wait for years.
    (situation.now < at && last.of.ended.saturating_sub(situation.now) <= wait).then(|| {
        format!("{} failed ({}): the next attempt is at {}", last.id, last.of.what, time(at))
    })
}

/// What the next sprint may use, when `free` more can be begun beside the `live` ones.
fn within_budgets(situation: &Situation<'_>, live: usize, free: usize) -> Next {
    let limits = situation.limits;
    // What is only reserved may come back.
    let used_up = |rule: StopRule, why: String, reserved: bool| {
        if live > 0 || reserved {
            Next::Wait(format!(
                "{why}; running sprints may leave some of what is reserved for them"
            ))
        } else {
            Next::Stop(rule, why)
        }
    };
    let own = limits.max_cost_usd.map(|max| max - situation.money.spent - situation.money.reserved);
    let left = lesser(own, situation.study_money.map(|left| left.free));
    let share = left.map(|left| left / shares(free));
    if let Some(share) = share
        && share < LEAST_USD
    {
        // A wider limit of the loop is no help while the study's is in the way.
        return match limits.max_cost_usd {
            Some(max)
                if situation.study_money.is_none_or(|left| {
                    left.is_no_reason(max - situation.money.spent, |usd| {
                        usd / shares(free) >= LEAST_USD
                    })
                }) =>
            {
                let why = format!(
                    "${:.2} of ${max:.2} are used or reserved",
                    situation.money.spent + situation.money.reserved
                );
                used_up(StopRule::MaxCost, why, false)
            }
            _ => {
                let reserved = situation.study_money.is_some_and(|left| left.unspent >= LEAST_USD);
                used_up(
                    StopRule::StudyCost,
                    "the money of the study (`max_study_cost_usd`) is used up or reserved"
                        .to_owned(),
                    reserved,
                )
            }
        };
    }
    // More than it may use is not kept from the others.
    let share = share.map(|share| situation.sprint_max_usd.map_or(share, |max| share.min(max)));
    let own = limits.max_gpu_hours.map(|max| {
        max.mul_add(3600.0, -situation.gpu_seconds.spent) - situation.gpu_seconds.reserved
    });
    let Some(left) = lesser(own, situation.study_gpu.map(|left| left.free)) else {
        return Next::Begin { budget_usd: share, seconds: None };
    };
    let (Some(gpus), false) = (situation.gpus, situation.gpu_unknown) else {
        let rule = if situation.study_gpu.is_some() {
            StopRule::StudyGpuHours
        } else {
            StopRule::MaxGpuHours
        };
        return Next::Stop(
            rule,
            "GPU-hours are limited, but it is not known how many GPUs its jobs have".to_owned(),
        );
    };
    if gpus == 0 {
        return Next::Begin { budget_usd: share, seconds: None };
    }
    let seconds_within = |left: f64| seconds_of(left / f64::from(gpus) / shares(free));
    let seconds = seconds_within(left);
    if seconds < LEAST_SECONDS {
        return match limits.max_gpu_hours {
            Some(max)
                if situation.study_gpu.is_none_or(|left| {
                    left.is_no_reason(max.mul_add(3600.0, -situation.gpu_seconds.spent), |left| {
                        seconds_within(left) >= LEAST_SECONDS
                    })
                }) =>
            {
                let used = (situation.gpu_seconds.spent + situation.gpu_seconds.reserved) / 3600.0;
                let why = format!(
                    "{used:.2} of {max} GPU-hours are used or reserved, and what is left is less than a minute of a job"
                );
                used_up(StopRule::MaxGpuHours, why, false)
            }
            _ => {
                let reserved = situation
                    .study_gpu
                    .is_some_and(|left| seconds_within(left.unspent) >= LEAST_SECONDS);
                used_up(
                    StopRule::StudyGpuHours,
                    "the GPU-hours of the study (`max_study_gpu_hours`) are used up or reserved"
                        .to_owned(),
                    reserved,
                )
            }
        };
    }
    Next::Begin { budget_usd: share, seconds: (seconds < situation.seconds).then_some(seconds) }
}

fn shares(free: usize) -> f64 {
    f64::from(u32::try_from(free.max(1)).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn seconds_of(value: f64) -> u64 {
    if value.is_finite() { value.clamp(0.0, 1e10) as u64 } else { 0 }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// What a failure has in common with one of the same cause: without numbers, ids and times.
pub fn fingerprint(reason: &str, phase: Option<&str>, detail: &str) -> String {
    let mut words = String::new();
    for word in detail.split_whitespace() {
        if word.chars().any(|c| c.is_ascii_digit()) {
            continue;
        }
        if words.len() + word.len() > 160 {
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    let phase = phase.map(|phase| format!(" in {phase}")).unwrap_or_default();
    if words.is_empty() { format!("{reason}{phase}") } else { format!("{reason}{phase}: {words}") }
}

#[cfg(test)]
#[path = "auto_loop_tests.rs"]
mod tests;
