//! What people say: answers to questions, approvals, notes to sprints that run.
//!
//! Only the database is written. A tick takes the words to the sprint.

use crate::app::App;
use crate::bundle::answers::Proposal;
use crate::bundle::journal::Entry;
use crate::domain::action::Action;
use crate::domain::approval::{self, Word};
use crate::domain::message::{MAX_QUESTION, MAX_SAID};
use crate::domain::text::{self, paragraph};
use crate::domain::{MessageId, MessageKind, OWN_WORDS, SprintId, State, written};
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::store::{Change, MessageRow, NewMessage, SprintRow, Store, StoreError, TaskError};
use crate::view::{self, Replied, Response};

/// Why words are not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// There is nothing in it, or too much.
    #[error("{0}")]
    Text(String),
    /// It was answered before, or the answer has nobody any more to go to.
    #[error("{id} {problem}")]
    Late {
        /// The message or sprint.
        id: String,
        /// What is the matter.
        problem: String,
        /// What to do instead; may be empty.
        hint: String,
    },
    /// The task cannot be tried again.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReplyError> for Problem {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Store(error) => error.into(),
            ReplyError::Task(error) => error.into(),
            ReplyError::Text(_) => Self::new(ProblemKind::Usage, error.to_string()),
            ReplyError::Late { ref hint, .. } => {
                let failure = Self::new(ProblemKind::Conflict, error.to_string());
                if hint.is_empty() { failure } else { failure.hint(hint.clone()) }
            }
        }
    }
}

/// Words as they are kept.
fn check(text: &str) -> Result<String, ReplyError> {
    let text = text::typed(text);
    match text.chars().count() {
        _ if text::line(&text).trim().is_empty() => {
            Err(ReplyError::Text("the reply is empty".to_owned()))
        }
        length if length > MAX_SAID => Err(ReplyError::Text(format!(
            "the reply has {length} characters; at most {MAX_SAID} are allowed. Put files where the job can read them, and name the place"
        ))),
        _ => Ok(text),
    }
}

/// Sends somebody's words where they belong: to a message as its answer, or to a sprint as a note.
/// The id is that of either, or the beginning of one.
pub fn send(app: &App, id: &str, text: &str) -> Result<Response, Problem> {
    let mut store = app.store()?;
    let (id, sprint, replied) = match find::message(&store, id)? {
        Some(row) => {
            let replied = reply(&mut store, &row, text)?;
            (row.id, row.sprint, replied)
        }
        None => {
            let row = find::sprint(&store, id)?;
            let id = note(&mut store, &row, text)?;
            (id, Some(row.id), Replied::Noted(row.submitted_at.is_some()))
        }
    };
    let message = store.message(&id)?.as_ref().map(view::message);
    Ok(Response { message, id, sprint, replied })
}

/// Answers a message.
pub fn reply(store: &mut Store, message: &MessageRow, text: &str) -> Result<Replied, ReplyError> {
    let said = check(text)?;
    // What is not seen is no part of a word that decides, and is none on a screen.
    let text = paragraph(&said, usize::MAX);
    let late = |message: &MessageRow| {
        let problem = match (message.kind, &message.answer) {
            (MessageKind::Note, _) => {
                "is a note to a sprint: there is nothing to answer".to_owned()
            }
            (_, Some(answer)) => {
                format!("was answered already: {:?}", paragraph(&answer.replace('\n', " "), 80))
            }
            (_, None) => "waits for no answer any more: what asked it has ended".to_owned(),
        };
        let hint = match &message.sprint {
            Some(sprint) if message.answer.is_some() => {
                let note = Action::SendNote { sprint: sprint.to_string() };
                format!("`{note}` sends a note while the sprint goes on")
            }
            _ => String::new(),
        };
        ReplyError::Late { id: message.id.to_string(), problem, hint }
    };
    let change = store.change()?;
    // Somebody else may have been quicker.
    let Some(message) = change.message(&message.id)? else { return Err(late(message)) };
    if !message.waits_for_person() {
        return Err(late(&message));
    }
    // What is said of a task has to be one of a few words in any case.
    if message.kind != MessageKind::Dead && message.kind.is_stand_in(&message.choices, &text) {
        return Err(ReplyError::Text(format!(
            "{text:?} stands for the answer: write one of your own{}",
            if text == OWN_WORDS { "" } else { ", or one of these" }
        )));
    }
    let replied = match message.kind {
        MessageKind::Dead => on_dead(&change, &message, &text)?,
        MessageKind::Verdict => on_verdict(&change, &message, &text)?,
        MessageKind::Approval => {
            change.answer_message(&message.id, &said)?;
            match approval::word(&said) {
                Word::Yes(note) => Replied::Approved(!note.is_empty()),
                Word::Other => Replied::AnotherWanted,
                Word::No(reason) => {
                    let Some(sprint) = message.sprint.clone() else { return Err(late(&message)) };
                    let detail = if reason.is_empty() {
                        "the idea was not approved".to_owned()
                    } else {
                        format!("the idea was not approved: {reason}")
                    };
                    let idea = proposed(&change, &sprint, &message)?;
                    if !change.refuse_idea(&sprint, &idea, &detail)? {
                        return Err(late(&message));
                    }
                    Replied::Refused(sprint)
                }
            }
        }
        MessageKind::Question | MessageKind::Note => {
            change.answer_message(&message.id, &said)?;
            Replied::Kept
        }
    };
    change.commit()?;
    Ok(replied)
}

/// The idea that a person is asked about: as the job's end tells it, else as the message does.
fn proposed(
    change: &Change<'_>,
    sprint: &SprintId,
    message: &MessageRow,
) -> Result<String, StoreError> {
    let told = match change.last_mark(sprint)?.and_then(|line| line.entry()) {
        Some(Entry::RunEnded(end)) => {
            end.questions.into_iter().find(|question| message.name.as_ref() == Some(&question.name))
        }
        _ => None,
    };
    let proposal = told
        .and_then(|question| question.proposed())
        .unwrap_or_else(|| Proposal::of_text(&message.text));
    Ok(paragraph(&proposal.idea, MAX_QUESTION))
}

/// What becomes of a task that has failed for good. Words that say neither would be lost: nobody
/// reads them, and the task would be asked about no more.
fn on_dead(change: &Change<'_>, message: &MessageRow, text: &str) -> Result<Replied, ReplyError> {
    let word = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    match (word.as_str(), message.task.as_ref()) {
        // Both also answer the message.
        ("retry", Some(task)) => Ok(Replied::Retried(change.retry_task(task)?.id)),
        ("cancel", Some(task)) => {
            Ok(Replied::Cancelled(change.cancel_task(task, "by a reply")?.id))
        }
        ("close", _) => {
            change.close_message(&message.id, text)?;
            Ok(Replied::Closed)
        }
        _ => Err(ReplyError::Text(format!(
            "{:?} is none of retry (try the task again), cancel (cancel it) and close (leave it as it is)",
            paragraph(&text.replace('\n', " "), 60)
        ))),
    }
}

/// What came out of a task, by a person's word.
fn on_verdict(
    change: &Change<'_>,
    message: &MessageRow,
    text: &str,
) -> Result<Replied, ReplyError> {
    match (written::verdict(text), message.task.as_ref()) {
        (Some(verdict), Some(task)) => {
            // It also answers the message.
            change.finish_task(task, None, Some(verdict), "")?;
            Ok(Replied::Judged(task.clone(), verdict))
        }
        _ if text.trim().eq_ignore_ascii_case("close") => {
            change.close_message(&message.id, text)?;
            Ok(Replied::Closed)
        }
        _ => Err(ReplyError::Text(format!(
            "{:?} is none of supported, refuted, inconclusive and close",
            paragraph(&text.replace('\n', " "), 60)
        ))),
    }
}

/// Leaves a note for a sprint that is not over. Returns the message's id.
pub fn note(store: &mut Store, sprint: &SprintRow, text: &str) -> Result<MessageId, ReplyError> {
    let text = check(text)?;
    let change = store.change()?;
    let row = change.sprint(&sprint.id)?;
    let Some(row) = row.filter(|row| {
        !row.state.status().is_terminal() && !matches!(row.state, State::Cancelling { .. })
    }) else {
        return Err(ReplyError::Late {
            id: sprint.id.to_string(),
            problem: "is over, or about to be: nobody there would read a note".to_owned(),
            hint: format!(
                "`{}` asks for a change of what it has left",
                Action::TweakSprint { sprint: sprint.id.to_string() }
            ),
        });
    };
    let id = change.put_message(&NewMessage {
        kind: MessageKind::Note,
        study: &row.study,
        sprint: Some(&row.id),
        task: row.task.as_ref(),
        loop_id: row.loop_id.as_ref(),
        name: None,
        text: &text,
        choices: &[],
    })?;
    change.commit()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::journal::parse;
    use crate::domain::JobId;
    use crate::store::{JournalPiece, NewSprint};

    #[test]
    fn the_idea_that_is_refused_is_the_whole_one() {
        let idea = "Use a cosine schedule\n\nWhy: it decays smoothly";
        let sample = include_str!("../../tests/data/formats/run-parked.jsonl");
        let mut lines: Vec<String> = sample.lines().take(7).map(str::to_owned).collect();
        let mut end: serde_json::Value = serde_json::from_str(&lines[6]).expect("JSON");
        end["questions"][0]["text"] = idea.into();
        end["questions"][0]["proposal"] = serde_json::json!({ "idea": idea, "why": "" });
        lines[6] = end.to_string();
        let lines = parse(lines.join("\n").as_bytes()).0;
        let Some(Entry::RunEnded(end)) = lines[6].entry() else { panic!("no end: {lines:?}") };

        let mut store = Store::in_memory().expect("a database");
        let id = SprintId::of("sp-000001");
        let change = store.change().expect("begun");
        let new = NewSprint { idea: None, ..NewSprint::example(&id) };
        assert!(change.create_sprint(&new).expect("made"));
        let attempt = change.begin_submission(&id, "").expect("begun").expect("can be");
        let job = JobId::parse("7").expect("digits");
        change.accept(&id, attempt, &job, "/d").expect("taken");
        let piece =
            JournalPiece { lines: &lines, offset: 1, prefix: "x", altered: false, whole: false };
        change.ingest(&id, &piece).expect("taken in");
        let row = change.sprint(&id).expect("read").expect("there");
        change.park(&row, &end.questions).expect("parked");
        change.commit().expect("kept");

        let asked = store.open_questions(&id).expect("read");
        assert_eq!(
            reply(&mut store, &asked[0], "no").expect("taken"),
            Replied::Refused(id.clone())
        );
        let row = store.sprint(&id).expect("read").expect("there");
        assert_eq!(row.idea.as_deref(), Some(idea));
    }
}
