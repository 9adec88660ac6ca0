//! The kinds of lines that a journal has, and what rests on each: one judgement for the runner, which
//! writes them, and for the database, which keeps them. A new kind has to say it here.

use super::string_enum::string_enum;

string_enum! {
    /// What a line of a journal tells.
    LineKind {
        /// The runner began.
        RunStarted = "run_started",
        /// A step began.
        StepStarted = "step_started",
        /// The agent told of itself.
        Agent = "agent",
        /// A tool was called.
        Tool = "tool",
        /// The agent said something.
        Said = "said",
        /// Something worth knowing.
        Note = "note",
        /// A call is made again.
        Retrying = "retrying",
        /// The account's usage limits.
        Limit = "limit",
        /// What a call has cost.
        Cost = "cost",
        /// A step ended.
        StepEnded = "step_ended",
        /// The job found an idea.
        Idea = "idea",
        /// No idea is left.
        NoneLeft = "none_left",
        /// A message was told to the agent.
        Told = "told",
        /// The runner was asked to stop.
        Signal = "signal",
        /// What the job's GPUs do.
        Gpus = "gpus",
        /// The job stood still.
        Suspended = "suspended",
        /// The run is over.
        RunEnded = "run_ended",
    }
}

/// What rests on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is there to be read: nothing follows from it.
    Talk,
    /// Something follows from it for the sprint: its money, its time, its messages.
    Decides,
    /// It tells how the run goes. These are few, and without them nothing can be judged.
    Frame,
    /// A run whose runner could not write it would not be what its journal says: it cannot go on.
    Needed,
}

impl LineKind {
    /// What rests on it.
    pub fn weight(self) -> Weight {
        match self {
            Self::Tool | Self::Said | Self::Note | Self::Retrying | Self::Limit | Self::Gpus => {
                Weight::Talk
            }
            Self::Agent | Self::Cost | Self::Told | Self::Signal | Self::Suspended => {
                Weight::Decides
            }
            Self::StepStarted => Weight::Frame,
            Self::RunStarted | Self::StepEnded | Self::Idea | Self::NoneLeft | Self::RunEnded => {
                Weight::Needed
            }
        }
    }
}
