//! What can be done next. Each door has its own words for it.

use crate::domain::action::LoopOption;
use crate::domain::{MessageId, SprintId};

/// What a sprint may need more of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    /// Time, in seconds.
    Time(u64),
    /// This job option, with this value.
    Option(String, String),
}

/// What can be done next about a sprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SprintNext {
    /// A tick submits it when a slot is free.
    WaitForSlot,
    /// A tick finds out whether its job was taken.
    WaitForLookUp,
    /// Follow it, or end it.
    WatchOrCancel,
    /// Follow it to its end, which is near.
    WaitForEnd,
    /// Answer what it asks, or end it.
    Answer {
        /// The message.
        message: MessageId,
    },
    /// Widen the limit that holds it: then a tick lets it go on.
    WidenLimit {
        /// What is reached.
        limit: String,
    },
    /// It is answered, and a tick lets it go on.
    WaitForGoingOn,
    /// Look at the plan that it has made, and add its tasks.
    TakePlan,
    /// Read what its last review has against it, and run it again with more time for a repair.
    Repair {
        /// The step of that review.
        step: String,
    },
    /// Read the report, and run the next idea.
    ReadReport {
        /// The sprint in whose directory it lies.
        sprint: SprintId,
    },
    /// Run it again with more of what it had too little of.
    ResubmitWith {
        /// Of what, and how much.
        more: More,
    },
    /// Do what its end advises, a sentence.
    Follow {
        /// What that is.
        advice: String,
    },
    /// Read what happened.
    ReadLog,
    /// Look at what its loop does: its job was to find an idea.
    ShowLoops,
    /// Run it again.
    Resubmit,
}

/// What can be done next about a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoopNext {
    /// Stop it, or change its limits.
    StopOrEdit,
    /// Let it go on.
    Resume,
    /// Let it go on with more sprints.
    ResumeWithMore {
        /// How many in all.
        count: u32,
    },
    /// Find out why its sprints failed, mend that, and let it go on.
    FixAndResume,
    /// Add tasks, and let it go on.
    AddTasksAndResume,
    /// Let it go on with other guidance, or add ideas.
    GuideAndResume,
    /// Raise a limit of its study, and let it go on.
    RaiseStudyAndResume {
        /// The key of the configuration.
        key: &'static str,
    },
    /// Let it go on within a wider limit.
    ResumeWith {
        /// What of it has to change.
        option: LoopOption,
    },
}
