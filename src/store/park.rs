//! Takes in the questions that a job has ended with: its sprint is parked until they are answered.
//!
//! A sprint that is parked with nothing to wait for would be submitted again by every tick. So
//! each park leaves an open question, or brings an answer again that the job has not found, or
//! ends the sprint.

use rusqlite::OptionalExtension as _;

use super::messages::NewMessage;
use super::sprints::SprintRow;
use super::{Change, StoreError};
use crate::bundle::journal::Question;
use crate::domain::idea::bounded;
use crate::domain::{Ending, Reason, transition};

/// How long a question may be, in characters, whatever a journal says.
const MAX_QUESTION: usize = 5100;
/// How many questions one run may end with.
const MAX_QUESTIONS: usize = 10;
/// How many jobs a sprint may have that end with a question.
const MAX_JOBS: u32 = 50;

impl Change<'_> {
    /// The job is gone and waits for answers to these: the sprint is parked, and people are told.
    pub fn park(&self, sprint: &SprintRow, questions: &[Question]) -> Result<(), StoreError> {
        let id = sprint.id.as_str();
        if self.apply(id, transition::Event::Parks)?.is_none() {
            return Ok(());
        }
        let problem = if sprint.attempt >= MAX_JOBS {
            format!("{} jobs of this sprint have ended with a question", sprint.attempt)
        } else {
            let mut waits = false;
            for question in questions.iter().take(MAX_QUESTIONS) {
                waits |= self.take_question(sprint, question)?;
            }
            if waits {
                return Ok(());
            }
            "the job ended to wait for an answer, and asked nothing".to_owned()
        };
        let hint = format!(
            "see what it did: `researchloop sprint log {id}`; `researchloop sprint resubmit {id}` runs it again"
        );
        self.apply(id, transition::Event::Over(Ending::failed(Reason::StepFailed, problem, hint)))?;
        Ok(())
    }

    /// Takes in one question. True when there is something to wait for: a person, or the next tick.
    fn take_question(&self, sprint: &SprintRow, question: &Question) -> Result<bool, StoreError> {
        let (id, name) = (sprint.id.as_str(), bounded(&question.name, 100));
        let known: Option<(String, String)> = self
            .transaction
            .query_row(
                "SELECT id, status FROM messages WHERE sprint_id = ?1 AND name = ?2",
                (id, &name),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        match known.as_ref().map(|(message, status)| (message, status.as_str())) {
            Some((_, "open")) => return Ok(true),
            // It was answered, and the job has not found the answer: it is brought once more.
            Some((message, "answered")) => {
                self.transaction
                    .execute("UPDATE messages SET delivered_at = NULL WHERE id = ?1", [message])?;
                return Ok(true);
            }
            // A job that has lost its `state.json` gives a name again: the question is a new one.
            Some((message, _)) => drop(self.transaction.execute(
                "UPDATE messages SET name = name || '~' || id WHERE id = ?1",
                [message],
            )?),
            None => {}
        }
        let kind = if question.kind == "approval" { "approval" } else { "question" };
        let text = bounded(&question.text, MAX_QUESTION);
        let choices: Vec<String> =
            question.choices.iter().take(10).map(|choice| bounded(choice, 200)).collect();
        let made = self.put_message(&NewMessage {
            kind,
            study: &sprint.study,
            sprint: Some(id),
            task: sprint.task.as_deref(),
            loop_id: sprint.loop_id.as_deref(),
            name: Some(&name),
            text: &text,
            choices: &choices,
        })?;
        let Some(message) = made else { return Ok(false) };
        let data = serde_json::json!({
            "message_id": message, "kind": kind, "sprint_id": id, "study_name": sprint.study, "text": text, "choices": choices,
        });
        self.notice(&format!("question:{message}"), "question", &data)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobId, SprintId, State, Status};
    use crate::store::{NewSprint, Store};

    const ID: &str = "sp-000001";

    /// A sprint whose first job runs.
    fn store() -> Store {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let sprint_id = SprintId::new(ID).expect("an id");
        let new = NewSprint::example(&sprint_id);
        assert!(change.create_sprint(&new).expect("made"));
        change.commit().expect("kept");
        submit(&mut store);
        store
    }

    fn submit(store: &mut Store) {
        let change = store.change().expect("begun");
        let attempt = change.begin_submission(ID, "").expect("begun").expect("can be submitted");
        change
            .accept(ID, attempt, &JobId::parse(&(attempt + 6).to_string()).expect("digits"), "/d")
            .expect("taken");
        change.commit().expect("kept");
    }

    fn park(store: &mut Store, names: &[&str]) -> Status {
        let question = |name: &&str| Question {
            name: (*name).to_owned(),
            kind: "approval".to_owned(),
            text: "This?".to_owned(),
            choices: vec![],
        };
        let change = store.change().expect("begun");
        let row = change.sprint(ID).expect("read").expect("there");
        change.park(&row, &names.iter().map(question).collect::<Vec<_>>()).expect("parked");
        let status = change.sprint(ID).expect("read").expect("there").state.status();
        change.commit().expect("kept");
        status
    }

    fn answer(store: &mut Store) {
        let open = store.open_questions(ID).expect("read");
        let change = store.change().expect("begun");
        for message in open {
            assert!(change.answer_message(&message.id, "yes").expect("answered"));
            change.message_delivered(&message.id).expect("kept");
        }
        change.commit().expect("kept");
    }

    #[test]
    fn a_name_that_comes_again_is_a_new_question_once_its_answer_was_read() {
        let mut store = store();
        assert_eq!(park(&mut store, &["idea-1"]), Status::Parked);
        let first = store.open_questions(ID).expect("read")[0].id.clone();
        answer(&mut store);
        submit(&mut store);
        // The job did not find the answer: it is brought again, and nobody is asked twice.
        assert_eq!(park(&mut store, &["idea-1"]), Status::Parked);
        assert_eq!(store.open_questions(ID).expect("read"), []);
        assert!(!store.is_answered(ID).expect("read"), "not before it lies there");
        assert_eq!(store.messages(true).expect("read")[0].delivered_at, None);
        let change = store.change().expect("begun");
        change.message_delivered(&first).expect("kept");
        change.message_told(ID, &first).expect("told");
        change.commit().expect("kept");
        assert!(store.is_answered(ID).expect("read"));
        submit(&mut store);
        assert_eq!(park(&mut store, &["idea-1", "idea-1"]), Status::Parked);
        let open = store.open_questions(ID).expect("read");
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].name.as_deref(), Some("idea-1"));
        assert_ne!(open[0].id, first);
    }

    #[test]
    fn a_sprint_that_would_wait_for_nothing_ends() {
        let mut store = store();
        assert_eq!(park(&mut store, &[]), Status::Failed);
        let row = store.sprint(ID).expect("read").expect("there");
        let State::Ended { ending, .. } = row.state else { panic!("{:?}", row.state) };
        assert!(
            ending.detail.contains("asked nothing") && ending.hint.contains("sprint log sp-000001"),
            "{ending:?}"
        );
    }

    #[test]
    fn a_sprint_does_not_ask_for_ever() {
        let mut store = store();
        let mut jobs = 1;
        while park(&mut store, &[&format!("q{jobs}")]) == Status::Parked {
            answer(&mut store);
            submit(&mut store);
            jobs += 1;
        }
        assert_eq!(jobs, MAX_JOBS);
    }
}
