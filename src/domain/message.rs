//! What a message between a person and a job is.

use super::string_enum::string_enum;

string_enum! {
    /// What a message is about.
    MessageKind {
        /// A job asks something.
        Question = "question",
        /// A job proposes an idea.
        Approval = "approval",
        /// A task has failed for good.
        Dead = "dead",
        /// Nobody knows what came out of a task.
        Verdict = "verdict",
        /// A person tells a job something.
        Note = "note",
    }
}

string_enum! {
    /// How far a message has come.
    MessageStatus {
        /// Somebody has to answer it; a note: its job does not know it.
        Open = "open",
        /// A person has answered.
        Answered = "answered",
        /// Its job knows it.
        Acknowledged = "told",
        /// Nobody has to answer it any more.
        Closed = "closed",
    }
}

impl MessageKind {
    /// Whether it is about a task. Its answer is for no job.
    pub fn is_of_task(self) -> bool {
        matches!(self, Self::Dead | Self::Verdict)
    }
}
