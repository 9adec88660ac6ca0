//! The only place where a sprint's state changes: pure and total.
//!
//! Every change that anything in the program learns of is an [`Event`]. The answer
//! is the new state, or nothing when the event changes nothing (it came twice, late,
//! or the sprint is over). A terminal state stays; a job id, once known, is never lost.

use super::job::JobId;
use super::sprint::{Ending, Phase, State, Waiting};

/// What can happen to a sprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A submission is about to be sent.
    SubmissionStarts,
    /// It is certain that nothing was sent.
    NothingSent,
    /// The scheduler took the job.
    Accepted(JobId),
    /// The job is in the queue (again, after a requeue).
    Queued,
    /// The job runs.
    Runs,
    /// A step of the pipeline began.
    StepBegan(Phase),
    /// The job has ended, and waits for something outside.
    Parks,
    /// It is certain that nothing was sent for a sprint that was to go on: it waits as before, with
    /// the job that it had.
    ParksAgain(Option<JobId>),
    /// Somebody here asked for the end.
    CancelAsked,
    /// The end is certain.
    Over(Ending),
}

/// Returns the state after the event, or `None` when the event changes nothing.
pub fn after(state: &State, event: Event) -> Option<State> {
    let job = state.last_job().cloned();
    let phase = state.phase().map(|phase| Phase(phase.to_owned()));
    let next = match (state, event) {
        (State::Ended { .. }, _) => return None,

        (State::Pending | State::Parked { .. }, Event::SubmissionStarts) => State::Submitting,
        (State::Submitting, Event::NothingSent) => State::Pending,
        (State::Submitting, Event::ParksAgain(last_job)) => {
            State::Parked { last_job, waits: Waiting::Tick }
        }
        (State::Submitting | State::Pending, Event::Accepted(job)) => State::Submitted { job },
        (State::Cancelling { job: None, phase }, Event::Accepted(job)) => {
            State::Cancelling { job: Some(job), phase: phase.clone() }
        }

        (State::Running { job, .. }, Event::Queued) => State::Submitted { job: job.clone() },
        (State::Submitted { job }, Event::Runs) => State::Running { job: job.clone(), phase: None },
        (State::Submitted { job } | State::Running { job, .. }, Event::StepBegan(phase)) => {
            State::Running { job: job.clone(), phase: Some(phase) }
        }

        (State::Submitted { job } | State::Running { job, .. }, Event::Parks) => {
            State::Parked { last_job: Some(job.clone()), waits: Waiting::Answer }
        }

        // Nothing was ever sent, so there is nothing to wait for.
        (State::Pending, Event::CancelAsked) => {
            State::Ended { job, ending: Ending::cancelled("cancelled before a job was submitted") }
        }
        (State::Parked { .. }, Event::CancelAsked) => State::Ended {
            job,
            ending: Ending::cancelled("cancelled while it waited for an answer"),
        },
        (
            State::Submitting | State::Submitted { .. } | State::Running { .. },
            Event::CancelAsked,
        ) => State::Cancelling { job, phase },

        (_, Event::Over(ending)) => State::Ended { job, ending },

        (
            _,
            Event::SubmissionStarts
            | Event::NothingSent
            | Event::Accepted(_)
            | Event::Queued
            | Event::Runs
            | Event::StepBegan(_)
            | Event::Parks
            | Event::ParksAgain(_)
            | Event::CancelAsked,
        ) => return None,
    };
    (next != *state).then_some(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::sprint::{Reason, Status};

    fn job(number: u32) -> JobId {
        JobId::parse(&number.to_string()).expect("digits")
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::SubmissionStarts),
            Just(Event::NothingSent),
            (1..4_u32).prop_map(|n| Event::Accepted(job(n))),
            Just(Event::Queued),
            Just(Event::Runs),
            Just(Event::StepBegan(Phase("research".to_owned()))),
            Just(Event::StepBegan(Phase("report".to_owned()))),
            Just(Event::Parks),
            (1..4_u32).prop_map(|n| Event::ParksAgain(Some(job(n)))),
            Just(Event::CancelAsked),
            Just(Event::Over(Ending::completed())),
            Just(Event::Over(Ending::failed(Reason::Lost, "gone", ""))),
            Just(Event::Over(Ending::cancelled("asked"))),
        ]
    }

    proptest! {
        #[test]
        fn terminal_stays_terminal_and_a_job_is_never_lost(events in proptest::collection::vec(any_event(), 0..40)) {
            let mut state = State::Pending;
            for event in events {
                let before = state.clone();
                if let Some(next) = after(&state, event) {
                    prop_assert!(!before.status().is_terminal());
                    prop_assert_ne!(&next, &before);
                    if let Some(known) = before.last_job() && next.status() != Status::Submitting {
                        prop_assert_eq!(next.last_job(), Some(known));
                    }
                    state = next;
                }
            }
        }

        #[test]
        fn an_event_that_comes_twice_changes_once(events in proptest::collection::vec(any_event(), 0..20)) {
            let mut state = State::Pending;
            for event in events {
                if let Some(next) = after(&state, event.clone()) {
                    prop_assert_eq!(after(&next, event), None);
                    state = next;
                }
            }
        }
    }

    #[test]
    fn a_step_that_is_told_after_a_cancel_does_not_bring_the_sprint_back() {
        let cancelling = State::Cancelling { job: Some(job(1)), phase: None };
        assert_eq!(after(&cancelling, Event::StepBegan(Phase("report".to_owned()))), None);
        assert_eq!(after(&cancelling, Event::Runs), None);
    }

    #[test]
    fn a_requeued_job_keeps_its_id() {
        let running = State::Running { job: job(7), phase: Some(Phase("research".to_owned())) };
        assert_eq!(after(&running, Event::Queued), Some(State::Submitted { job: job(7) }));
    }
}
