//! What follows from something that a run told or that has ended. What decides returns a list of these;
//! the database executes them in their order, in one transaction, and decides nothing.

use jiff::Timestamp;

use super::transition::Event;
use super::{EventName, MessageId, MessageKind, NoticeKind, StepState};

/// One thing to write, of one sprint.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// This happens to the sprint, with all that follows from its new state.
    Apply(Event),
    /// Becomes a row of what happened.
    Happened(EventName, serde_json::Value),
    /// Facts that a run told of itself.
    Facts(Facts),
    /// The first run began at this time.
    Started(Timestamp),
    /// The steps that can come, in their usual order: label and title.
    PlanSteps(Vec<(String, String)>),
    /// A step began.
    BeginStep {
        /// Its label.
        label: String,
        /// For people.
        title: String,
        /// When.
        time: Timestamp,
    },
    /// A visit of a step ended.
    EndStep {
        /// Its label.
        label: String,
        /// How.
        verdict: StepState,
        /// In one line.
        detail: String,
        /// How many issues a review found critical.
        critical: Option<u32>,
        /// When.
        time: Timestamp,
        /// What it took.
        took: Took,
    },
    /// Whatever runs of it was interrupted: nothing runs any more.
    InterruptSteps,
    /// A runner began in the newest job, with this line of the journal.
    BeginJob {
        /// The line's number.
        seq: u64,
        /// When.
        time: Timestamp,
    },
    /// The newest job has stood still.
    SuspendJob {
        /// The number of the line that tells it.
        seq: u64,
        /// When that was told.
        time: Timestamp,
        /// For so long.
        seconds: i64,
    },
    /// The job has found this idea.
    SetIdea(String),
    /// That idea is this sprint's or task's.
    SetRepeats(String),
    /// The idea becomes a task, which the sprint has.
    MakeTask {
        /// The idea.
        idea: String,
        /// Who has made it.
        made_by: String,
    },
    /// The agent knows this message.
    SetTold(MessageId),
    /// A person is asked.
    Ask(Question),
    /// The answer to this message is brought once more.
    BringAgain(MessageId),
    /// This message's name is free for another one.
    FreeName(MessageId),
    /// Nobody has to answer the sprint's questions any more.
    CloseMessages,
    /// People are told of the new state by a notice of this kind.
    TellOfState(NoticeKind),
    /// People are told that the job's GPUs have been idle for so many seconds.
    TellOfIdleGpus(u64),
    /// What the sprint has changed in its parent's directory is to be brought.
    FetchParent,
    /// The sprint's task learns of the end.
    SettleTask,
}

/// Facts that a run told of itself. `None` leaves what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Claude's session.
    pub session_id: Option<String>,
    /// The node.
    pub host: Option<String>,
    /// When a usage limit ends.
    pub resets_at: Option<i64>,
}

/// What a visit of a step took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Took {
    /// Seconds.
    pub seconds: u64,
    /// Dollars.
    pub cost_usd: f64,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// Whether the dollars are not exact.
    pub estimated: bool,
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// A question or an approval.
    pub kind: MessageKind,
    /// The job's own name for it.
    pub name: String,
    /// What is asked.
    pub text: String,
    /// Answers that are offered.
    pub choices: Vec<String>,
}
