//! Executes what was decided: effects become rows, in their order, in one transaction.

use super::messages::NewMessage;
use super::sprints::SprintRow;
use super::{Change, StoreError};
use crate::bundle::journal::Question;
use crate::bundle::reduce::{self, Named};
use crate::domain::effect::{self, Effect};
use crate::domain::{MessageId, MessageStatus, NoticeKind, SprintId};

impl Change<'_> {
    /// Executes these, of one sprint.
    pub fn execute(&self, sprint: &SprintRow, effects: &[Effect]) -> Result<(), StoreError> {
        effects.iter().try_for_each(|effect| self.execute_one(sprint, effect))
    }

    fn execute_one(&self, sprint: &SprintRow, effect: &Effect) -> Result<(), StoreError> {
        let id = &sprint.id;
        match effect {
            Effect::Apply(event) => self.apply(id, event.clone()).map(drop),
            Effect::Happened(name, data) => self.event(Some(id), *name, data),
            Effect::Facts(facts) => self.set_facts(id, facts),
            Effect::Started(time) => self.set_started_at(id, *time),
            Effect::PlanSteps(plan) => self.plan_steps(id, plan),
            Effect::BeginStep { label, title, time } => self.begin_step(id, label, title, *time),
            Effect::EndStep { label, verdict, detail, critical, time, took } => {
                self.end_step(id, label, (verdict, detail.as_str(), *critical), *time, took)
            }
            Effect::InterruptSteps => self.interrupt_steps(id),
            Effect::BeginJob { seq, time } => self.job_began(id, *seq, *time),
            Effect::SuspendJob { seq, time, seconds } => self.job_stood(id, *seq, *time, *seconds),
            Effect::SetIdea(idea) => self.set_idea(id, idea).map(drop),
            Effect::SetRepeats(earlier) => self.set_repeats(id, earlier),
            Effect::MakeTask { idea, made_by } => {
                self.make_task_of_sprint(&sprint.study, idea, made_by, id).map(drop)
            }
            Effect::SetTold(message) => self.message_told(id, message),
            Effect::Ask(question) => self.ask(sprint, question),
            Effect::BringAgain(message) => self.bring_again(message),
            Effect::FreeName(message) => self.free_name(message),
            Effect::CloseMessages => self.close_messages_of(id),
            Effect::TellOfState(kind) => self.tell_of_state(sprint, *kind),
            Effect::TellOfIdleGpus(seconds) => self.tell_of_idle_gpus(sprint, *seconds),
            Effect::FetchParent => self.fetch_parent_again(sprint),
            Effect::SettleTask => self.settle_task_of(sprint),
        }
    }

    /// The job is gone and waits for answers to these: the sprint is parked, and people are told.
    pub fn park(&self, sprint: &SprintRow, questions: &[Question]) -> Result<(), StoreError> {
        let id = &sprint.id;
        let Some(sprint) = self.sprint(id)? else { return Ok(()) };
        let named = self.named_messages(id)?;
        let effects = reduce::park(id, &sprint.state, sprint.attempt, questions, named);
        self.execute(&sprint, &effects)
    }

    /// A person is asked, and told of it.
    fn ask(&self, sprint: &SprintRow, question: &effect::Question) -> Result<(), StoreError> {
        let effect::Question { kind, name, text, choices } = question;
        if self.has_message(&sprint.id, name)? {
            return Ok(());
        }
        let message = self.put_message(&NewMessage {
            kind: *kind,
            study: &sprint.study,
            sprint: Some(&sprint.id),
            task: sprint.task.as_ref(),
            loop_id: sprint.loop_id.as_ref(),
            name: Some(name),
            text,
            choices,
        })?;
        let data = serde_json::json!({
            "message_id": message, "kind": kind, "sprint_id": sprint.id, "study_name": sprint.study, "text": text, "choices": choices,
        });
        self.notice(&format!("question:{message}"), NoticeKind::Question, &data)
    }

    /// The messages of a sprint that have a name.
    fn named_messages(&self, sprint: &SprintId) -> Result<Vec<Named>, StoreError> {
        let mut query = self.transaction.prepare_cached(
            "SELECT id, name, status FROM messages WHERE sprint_id = ?1 AND name IS NOT NULL ORDER BY rowid",
        )?;
        let rows = query.query_map([sprint], |row| {
            Ok(Named {
                id: row.get(0)?,
                name: row.get(1)?,
                status: MessageStatus::parse(&row.get::<_, String>(2)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn free_name(&self, message: &MessageId) -> Result<(), StoreError> {
        self.transaction
            .execute("UPDATE messages SET name = name || '~' || id WHERE id = ?1", [message])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::reduce::MAX_JOBS;
    use crate::domain::action::Action;
    use crate::domain::{JobId, MessageKind, SprintId, State, Status};
    use crate::store::{NewSprint, Store};

    fn id() -> SprintId {
        SprintId::of("sp-000001")
    }

    /// A sprint whose first job runs.
    fn store() -> Store {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&id())).expect("made"));
        change.commit().expect("kept");
        submit(&mut store);
        store
    }

    fn submit(store: &mut Store) {
        let change = store.change().expect("begun");
        let attempt = change.begin_submission(&id(), "").expect("begun").expect("can be submitted");
        change
            .accept(
                &id(),
                attempt,
                &JobId::parse(&(attempt + 6).to_string()).expect("digits"),
                "/d",
            )
            .expect("taken");
        change.commit().expect("kept");
    }

    fn park(store: &mut Store, names: &[&str]) -> Status {
        let question = |name: &&str| Question {
            name: (*name).to_owned(),
            kind: MessageKind::Approval,
            text: "This?".to_owned(),
            choices: vec![],
            proposal: None,
        };
        let change = store.change().expect("begun");
        let row = change.sprint(&id()).expect("read").expect("there");
        change.park(&row, &names.iter().map(question).collect::<Vec<_>>()).expect("parked");
        let status = change.sprint(&id()).expect("read").expect("there").state.status();
        change.commit().expect("kept");
        status
    }

    fn answer(store: &mut Store) {
        let open = store.open_questions(&id()).expect("read");
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
        let first = store.open_questions(&id()).expect("read")[0].id.clone();
        answer(&mut store);
        submit(&mut store);
        // The job did not find the answer: it is brought again, and nobody is asked twice.
        assert_eq!(park(&mut store, &["idea-1"]), Status::Parked);
        assert_eq!(store.open_questions(&id()).expect("read"), []);
        assert!(!store.is_answered(&id()).expect("read"), "not before it lies there");
        assert_eq!(store.messages(true).expect("read")[0].delivered_at, None);
        let change = store.change().expect("begun");
        change.message_delivered(&first).expect("kept");
        change.message_told(&id(), &first).expect("told");
        change.commit().expect("kept");
        assert!(store.is_answered(&id()).expect("read"));
        submit(&mut store);
        assert_eq!(park(&mut store, &["idea-1", "idea-1"]), Status::Parked);
        let open = store.open_questions(&id()).expect("read");
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].name.as_deref(), Some("idea-1"));
        assert_ne!(open[0].id, first);
    }

    #[test]
    fn a_sprint_that_would_wait_for_nothing_ends() {
        let mut store = store();
        assert_eq!(park(&mut store, &[]), Status::Failed);
        let row = store.sprint(&id()).expect("read").expect("there");
        let State::Ended { ending, .. } = row.state else { panic!("{:?}", row.state) };
        assert!(
            ending.detail.contains("asked nothing")
                && ending.hint.contains(
                    &Action::ReadLog { sprint: "sp-000001".to_owned(), step: None }.to_string()
                ),
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
