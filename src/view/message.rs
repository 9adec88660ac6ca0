//! What a message between a person and a job looks like to programs.

use serde::Serialize;

use crate::domain::action::{Action, as_text};
use crate::domain::{LoopId, MessageId, MessageKind, MessageStatus, SprintId, TaskId, Verdict};
use crate::store::MessageRow;

/// The answer of a list of messages.
#[derive(Debug, Clone, Serialize)]
pub struct Messages {
    /// Oldest first.
    pub messages: Vec<Message>,
}

/// The answer about words that somebody has sent.
#[derive(Debug, Clone, Serialize)]
pub struct Response {
    /// The message that was answered, or the note.
    pub message: Option<Message>,
    /// The message's id.
    #[serde(skip)]
    pub id: MessageId,
    /// The sprint that the words go to.
    #[serde(skip)]
    pub sprint: Option<SprintId>,
    /// What came of them.
    #[serde(skip)]
    pub replied: Replied,
}

/// What came of somebody's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replied {
    /// A tick takes it to the sprint.
    Kept,
    /// The idea is wanted; the next job begins with it. Whether more was said, which the agent reads.
    Approved(bool),
    /// The next job proposes another idea.
    AnotherWanted,
    /// The idea is not wanted, and its sprint has ended.
    Refused(SprintId),
    /// The task is tried again.
    Retried(TaskId),
    /// The task is cancelled.
    Cancelled(TaskId),
    /// It is known what came out of the task.
    Judged(TaskId, Verdict),
    /// Nothing follows from it.
    Closed,
    /// It answers nothing: a tick takes it to the sprint as a note. Whether the sprint was submitted, so
    /// that the next tick can.
    Noted(bool),
}

/// A message between a person and a job.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// `m-` and six hexadecimal digits.
    pub id: MessageId,
    /// `question`, `approval`, `dead`, `verdict` or `note`.
    pub kind: MessageKind,
    /// The study.
    pub study_name: String,
    /// The sprint that asks, or is told.
    pub sprint_id: Option<SprintId>,
    /// The task that it is about.
    pub task_id: Option<TaskId>,
    /// The sprint's loop.
    pub loop_id: Option<LoopId>,
    /// The job's own name for it.
    pub name: Option<String>,
    /// What it says.
    pub text: String,
    /// Answers that are offered; any other is good too.
    pub choices: Vec<String>,
    /// `open`, `answered`, `told` or `closed`.
    pub status: MessageStatus,
    /// What was answered.
    pub answer: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub answered_at: Option<String>,
    /// When it lay in the sprint's directory, RFC 3339.
    pub delivered_at: Option<String>,
    /// What answers it, when an answer is wanted: `...` stands for the answer, and is refused as one.
    #[serde(serialize_with = "as_text")]
    pub reply_with: Option<Action>,
    /// Answers that can be given as they are.
    #[serde(skip)]
    pub answers: Vec<String>,
    /// What an answer in one's own words says, where one is offered; may be empty.
    #[serde(skip)]
    pub own_words: Option<&'static str>,
}

/// Shows a message.
pub fn message(row: &MessageRow) -> Message {
    Message {
        id: row.id.clone(),
        kind: row.kind,
        study_name: row.study.clone(),
        sprint_id: row.sprint.clone(),
        task_id: row.task.clone(),
        loop_id: row.loop_id.clone(),
        name: row.name.clone(),
        text: row.text.clone(),
        choices: row.choices.clone(),
        status: row.status,
        answer: row.answer.clone(),
        created_at: row.created_at.clone(),
        answered_at: row.answered_at.clone(),
        delivered_at: row.delivered_at.clone(),
        reply_with: row
            .waits_for_person()
            .then(|| Action::Reply { message: Some(row.id.to_string()) }),
        answers: row.kind.answers(&row.choices),
        own_words: row.kind.own_words(&row.choices),
    }
}
