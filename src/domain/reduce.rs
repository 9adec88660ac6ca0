//! What follows from the end of a sprint: for its messages, its steps, its task, and for people. Pure.

use super::effect::Effect;
use super::task::{self, MAX_TEXT, bounded};
use super::{Ending, NoticeKind, Reason, SchedulerKind, SprintId, State, Status, Verdict, retry};

/// What follows from a sprint's new state. `is_tweak`: it changes its parent's directory.
pub fn state_changed(before: Status, after: &State, is_tweak: bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    let status = after.status();
    // A sprint that a person cancelled is no news.
    let news = match status {
        Status::Running => Some(NoticeKind::Started),
        Status::Completed => Some(NoticeKind::Completed),
        Status::Failed => Some(NoticeKind::Failed),
        _ => None,
    };
    effects.extend(news.filter(|_| status != before).map(Effect::TellOfState));
    if status.is_terminal() {
        effects.extend([Effect::InterruptSteps, Effect::CloseMessages]);
        if is_tweak {
            effects.push(Effect::FetchParent);
        }
        effects.push(Effect::SettleTask);
    }
    effects
}

/// A sprint that is over, as far as its task has to know.
#[derive(Debug, Clone, Copy)]
pub struct SprintEnd<'a> {
    /// Its id.
    pub id: &'a SprintId,
    /// How it ended.
    pub ending: &'a Ending,
    /// Its kind of scheduler.
    pub scheduler: SchedulerKind,
    /// Whether it has used up what a limit had left it.
    pub is_exhausted: bool,
    /// Whether it was cancelled because its loop was stopped.
    pub ends_with_its_loop: bool,
    /// What came out.
    pub verdict: Option<Verdict>,
    /// What could not be used of what it told.
    pub unusable: &'a [String],
}

/// What becomes of the task of a sprint that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// It is done. Without a verdict, the detail says why there is none.
    Done {
        /// What came out.
        verdict: Option<Verdict>,
        /// Why that is not known.
        detail: String,
    },
    /// The claim is given back, and nothing is counted.
    Released,
    /// It is cancelled.
    Cancelled {
        /// Why.
        detail: String,
    },
    /// The attempt has failed.
    Failed {
        /// Whether that says nothing of the work.
        is_infrastructure: bool,
        /// Why.
        detail: String,
    },
}

/// What a sprint that is over says of its task.
pub fn end_of_task(sprint: &SprintEnd<'_>) -> TaskEnd {
    let (id, ending) = (sprint.id, sprint.ending);
    match (ending.status, ending.reason) {
        (Status::Completed, _) => {
            let told = sprint.unusable.iter().find(|problem| problem.starts_with("finding.json"));
            let why = told.map_or_else(
                || format!("{id} gave no verdict"),
                |problem| format!("{id} gave no usable verdict: {problem}"),
            );
            let detail =
                if sprint.verdict.is_none() { bounded(&why, MAX_TEXT) } else { String::new() };
            TaskEnd::Done { verdict: sprint.verdict, detail }
        }
        // Its loop was stopped: that is no word about the task.
        (Status::Cancelled, _) if sprint.ends_with_its_loop => TaskEnd::Released,
        (Status::Cancelled, _) => {
            TaskEnd::Cancelled { detail: format!("its sprint {id} was cancelled") }
        }
        (_, reason) => {
            let word = reason.map_or("failed", Reason::as_str);
            let detail = if ending.detail.is_empty() {
                format!("{id}: {word}")
            } else {
                format!("{id}: {word}: {}", ending.detail)
            };
            let is_infrastructure = sprint.is_exhausted
                || reason.is_some_and(|reason| task::is_infrastructure(reason, sprint.scheduler));
            TaskEnd::Failed { is_infrastructure, detail: bounded(&detail, MAX_TEXT) }
        }
    }
}

/// A task that has failed once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// How often it has failed.
    pub failures: u32,
    /// How often the infrastructure has failed it.
    pub infra_failures: u32,
    /// Seconds until it may be tried again.
    pub wait: i64,
    /// Whether it is not tried again.
    pub is_dead: bool,
}

/// What one more failure makes of a task that has failed so often. `jitter` is in -1..=1; `reset_in`: so
/// many seconds from now the limit is reset that was met, 0 when none was.
pub fn failed(
    (failures, infra_failures): (u32, u32),
    max_attempts: u32,
    is_infrastructure: bool,
    jitter: f64,
    reset_in: i64,
) -> Failure {
    let failures = failures + u32::from(!is_infrastructure);
    let infra_failures = infra_failures + u32::from(is_infrastructure);
    Failure {
        failures,
        infra_failures,
        wait: retry::TASKS.after_with(failures + infra_failures, jitter).max(reset_in),
        is_dead: failures >= max_attempts || infra_failures >= task::MAX_INFRA_FAILURES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_once_and_closes_what_is_open() {
        let over = |ending| State::Ended { job: None, ending };
        assert_eq!(
            state_changed(Status::Running, &over(Ending::completed()), true),
            [
                Effect::TellOfState(NoticeKind::Completed),
                Effect::InterruptSteps,
                Effect::CloseMessages,
                Effect::FetchParent,
                Effect::SettleTask
            ]
        );
        assert_eq!(
            state_changed(Status::Parked, &over(Ending::cancelled("no")), false),
            [Effect::InterruptSteps, Effect::CloseMessages, Effect::SettleTask]
        );
        assert_eq!(state_changed(Status::Pending, &State::Submitting, false), []);
    }

    #[test]
    fn a_task_dies_of_its_own_failures_or_of_many_that_are_not() {
        let of = |counts, infra| failed(counts, 3, infra, 0.0, 0);
        assert!(!of((1, 0), false).is_dead);
        assert!(of((2, 0), false).is_dead);
        assert!(!of((2, 0), true).is_dead);
        assert!(of((0, task::MAX_INFRA_FAILURES - 1), true).is_dead);
        assert_eq!(failed((0, 0), 3, false, 0.0, 99_999).wait, 99_999);
    }
}
