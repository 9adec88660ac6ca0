//! Messages between people and jobs: questions, approvals, notes, and tasks that have failed for
//! good.
//!
//! The life of one: `open`; `answered` when a person has replied; `told` when the agent knows it.
//! `closed` is one that nobody has to answer any more. A note is `open` until it is `told`.

use rusqlite::{OptionalExtension as _, Row};

use super::ids::id_in;
use super::sprints::{SprintRow, one};
use super::{Change, Store, StoreError, TERMINAL, known_word};
use crate::domain::{
    Ending, EventName, LoopId, MessageId, MessageKind, MessageStatus, SprintId, State, TaskId,
    transition,
};
use crate::platform::random;

/// How many messages one tick takes to a cluster at most.
const MAX_DUE: u32 = 50;

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// What it is about.
    pub kind: MessageKind,
    /// The study.
    pub study: String,
    /// The sprint that asks, or is to be told.
    pub sprint: Option<SprintId>,
    /// The task that has failed for good.
    pub task: Option<TaskId>,
    /// The loop that the sprint belongs to.
    pub loop_id: Option<LoopId>,
    /// The job's own name for it.
    pub name: Option<String>,
    /// What it says.
    pub text: String,
    /// Answers that are offered.
    pub choices: Vec<String>,
    /// How far it has come.
    pub status: MessageStatus,
    /// What the person said.
    pub answer: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub answered_at: Option<String>,
    /// RFC 3339: when it lay in the sprint's directory.
    pub delivered_at: Option<String>,
}

impl MessageRow {
    /// Whether a person has to answer it.
    pub fn waits_for_person(&self) -> bool {
        self.status == MessageStatus::Open && self.kind != MessageKind::Note
    }
}

/// A message that is to be.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// What it is about.
    pub kind: MessageKind,
    /// The study.
    pub study: &'a str,
    /// The sprint that asks, or is to be told.
    pub sprint: Option<&'a SprintId>,
    /// The task that has failed for good.
    pub task: Option<&'a TaskId>,
    /// The loop that the sprint belongs to.
    pub loop_id: Option<&'a LoopId>,
    /// The job's own name for it.
    pub name: Option<&'a str>,
    /// What it says.
    pub text: &'a str,
    /// Answers that are offered.
    pub choices: &'a [String],
}

const COLUMNS: &str = "id, kind, study_name, sprint_id, task_id, loop_id, name, text, choices, status, answer, created_at, answered_at, delivered_at";

/// What a person or a job still has to learn of.
const UNDONE: &str = "(status = 'open' OR (status = 'answered' AND delivered_at IS NULL AND kind NOT IN ('dead', 'verdict')))";

fn whole(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    let (kind, choices, status): (String, String, String) = (row.get(1)?, row.get(8)?, row.get(9)?);
    let id: MessageId = row.get(0)?;
    Ok(MessageRow {
        kind: known_word("kind of message", &kind, MessageKind::parse)?,
        study: row.get(2)?,
        sprint: id_in(row, 3, &id)?,
        task: id_in(row, 4, &id)?,
        loop_id: id_in(row, 5, &id)?,
        name: row.get(6)?,
        text: row.get(7)?,
        choices: serde_json::from_str(&choices).unwrap_or_default(),
        status: known_word("status of a message", &status, MessageStatus::parse)?,
        answer: row.get(10)?,
        created_at: row.get(11)?,
        answered_at: row.get(12)?,
        delivered_at: row.get(13)?,
        id,
    })
}

impl Store {
    /// One message.
    pub fn message(&self, id: &MessageId) -> Result<Option<MessageRow>, StoreError> {
        message(&self.connection, id)
    }

    /// Ids that begin with this text, at most ten.
    pub fn messages_like(&self, beginning: &str) -> Result<Vec<MessageId>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT id FROM messages WHERE substr(id, 1, length(?1)) = ?1 ORDER BY created_at DESC LIMIT 10")?;
        let rows = query.query_map([beginning], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Messages, oldest first: those that somebody still has to learn of, or all.
    pub fn messages(&self, all: bool) -> Result<Vec<MessageRow>, StoreError> {
        let condition = if all { "1" } else { UNDONE };
        self.messages_where(&format!("{condition} ORDER BY created_at, rowid"), [])
    }

    /// What a sprint waits for, oldest first.
    pub fn open_questions(&self, sprint: &SprintId) -> Result<Vec<MessageRow>, StoreError> {
        self.messages_where("sprint_id = ?1 AND status = 'open' AND kind IN ('question', 'approval') ORDER BY created_at, rowid", [sprint])
    }

    /// Notes that a sprint was not told before its end, oldest first.
    pub fn unread_notes(&self, sprint: &SprintId) -> Result<Vec<MessageRow>, StoreError> {
        self.messages_where(
            "sprint_id = ?1 AND status = 'closed' AND kind = 'note' ORDER BY created_at, rowid",
            [sprint],
        )
    }

    /// Answers and notes that are to be brought to a cluster, with the sprint, oldest first. A
    /// sprint whose directory may not be there yet has to wait.
    pub fn messages_due(&self, cluster: &str) -> Result<Vec<(MessageRow, SprintRow)>, StoreError> {
        let due = self.messages_where(
            "delivered_at IS NULL AND (answer IS NOT NULL OR kind = 'note') AND status IN ('open', 'answered') AND sprint_id IN
                (SELECT id FROM sprints WHERE cluster = ?1 AND submitted_at IS NOT NULL
                    AND status IN ('submitting', 'submitted', 'running', 'parked')) ORDER BY created_at, rowid LIMIT ?2",
            (cluster, MAX_DUE),
        )?;
        let mut found = Vec::new();
        for message in due {
            let sprint = message.sprint.as_ref().map(|id| self.sprint(id)).transpose()?.flatten();
            found.extend(sprint.map(|sprint| (message, sprint)));
        }
        Ok(found)
    }

    /// Whether a parked sprint can go on: everything is answered, and the answers lie there.
    pub fn is_answered(&self, sprint: &SprintId) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM messages WHERE sprint_id = ?1 AND (status = 'open' AND kind <> 'note'
                OR answer IS NOT NULL AND delivered_at IS NULL AND status <> 'closed'))",
            [sprint],
            |row| row.get(0),
        )?)
    }

    fn messages_where(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE {condition}"))?;
        let mut rows = query.query(parameters)?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next()? {
            messages.push(whole(row)?);
        }
        Ok(messages)
    }
}

fn message(
    connection: &rusqlite::Connection,
    id: &MessageId,
) -> Result<Option<MessageRow>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?1"))?;
    let mut rows = query.query([id])?;
    rows.next()?.map(whole).transpose()
}

impl Change<'_> {
    /// One message, as this change sees it.
    pub fn message(&self, id: &MessageId) -> Result<Option<MessageRow>, StoreError> {
        message(&self.transaction, id)
    }

    /// Whether a sprint has a message of this name.
    pub(super) fn has_message(&self, sprint: &SprintId, name: &str) -> Result<bool, StoreError> {
        Ok(self.transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE sprint_id = ?1 AND name = ?2)",
            (sprint, name),
            |row| row.get(0),
        )?)
    }

    /// Makes a message and returns its id.
    pub fn put_message(&self, new: &NewMessage<'_>) -> Result<MessageId, StoreError> {
        // Ids are short, so that people can type them: one may be taken.
        loop {
            let Ok(id) = MessageId::new(&random::short_id("m")) else { continue };
            let made = self.transaction.execute(
                "INSERT OR IGNORE INTO messages (id, kind, study_name, sprint_id, task_id, loop_id, name, text, choices, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                (
                    &id,
                    new.kind.as_str(),
                    new.study,
                    new.sprint,
                    new.task,
                    new.loop_id,
                    new.name,
                    new.text,
                    serde_json::to_string(new.choices).unwrap_or_default(),
                    self.stamp(),
                ),
            )?;
            if made == 1 {
                self.event(
                    new.sprint,
                    EventName::Message,
                    &serde_json::json!({ "id": id, "kind": new.kind }),
                )?;
                return Ok(id);
            }
        }
    }

    /// Whether a person has to say something before a parked sprint goes on.
    pub fn waits_for_person(&self, sprint: &SprintId) -> Result<bool, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM messages WHERE sprint_id = ?1 AND status = 'open' AND kind <> 'note')")?
            .query_row([sprint], |row| row.get(0))?)
    }

    /// A person has answered. False when the message does not wait for an answer any more.
    pub fn answer_message(&self, id: &MessageId, answer: &str) -> Result<bool, StoreError> {
        let changed = self.messages_become(
            EventName::MessageAnswered,
            "status = 'answered', answer = ?2, answered_at = ?3",
            "id = ?1 AND status = 'open' AND kind <> 'note'",
            (id, answer, self.stamp()),
        )?;
        Ok(changed == 1)
    }

    /// A person has decided on a task: nobody is asked about it any more by messages of this kind.
    pub(super) fn answer_messages_of_task(
        &self,
        task: &TaskId,
        kind: MessageKind,
        answer: &str,
    ) -> Result<(), StoreError> {
        self.messages_become(
            EventName::MessageAnswered,
            "status = 'answered', answer = ?2, answered_at = ?3",
            "task_id = ?1 AND kind = ?4 AND status = 'open'",
            (task, answer, self.stamp(), kind.as_str()),
        )
        .map(drop)
    }

    /// Nobody has to answer it any more. `answer` is what was said, if anything.
    pub fn close_message(&self, id: &MessageId, answer: &str) -> Result<bool, StoreError> {
        let changed = self.messages_become(
            EventName::MessageClosed,
            "status = 'closed', answer = coalesce(answer, nullif(?2, '')), answered_at = coalesce(answered_at, ?3)",
            "id = ?1 AND status = 'open'",
            (id, answer, self.stamp()),
        )?;
        Ok(changed == 1)
    }

    /// It lies in the sprint's directory.
    pub fn message_delivered(&self, id: &MessageId) -> Result<(), StoreError> {
        self.messages_become(
            EventName::MessageDelivered,
            "delivered_at = ?2",
            "id = ?1 AND delivered_at IS NULL",
            (id, self.stamp()),
        )
        .map(drop)
    }

    /// The job has not found the answer: it is brought once more.
    pub(super) fn bring_again(&self, id: &MessageId) -> Result<(), StoreError> {
        self.messages_become(
            EventName::MessageBroughtAgain,
            "delivered_at = NULL",
            "id = ?1 AND delivered_at IS NOT NULL",
            [id],
        )
        .map(drop)
    }

    /// The agent of this sprint knows it. A sprint cannot say so of another one's message.
    pub(super) fn message_told(&self, sprint: &SprintId, id: &MessageId) -> Result<(), StoreError> {
        self.messages_become(
            EventName::MessageTold,
            "status = 'told', delivered_at = coalesce(delivered_at, ?3)",
            "id = ?1 AND sprint_id = ?2 AND (status = 'answered' OR status = 'open' AND kind = 'note')",
            (id, sprint, self.stamp()),
        )
        .map(drop)
    }

    /// The sprint is over: nobody has to answer its questions any more.
    pub(super) fn close_messages_of(&self, sprint: &SprintId) -> Result<(), StoreError> {
        self.messages_become(
            EventName::MessageClosed,
            "status = 'closed'",
            "sprint_id = ?1 AND kind NOT IN ('dead', 'verdict') AND status IN ('open', 'answered')",
            [sprint],
        )
        .map(drop)
    }

    /// Changes the messages that this is true of, and writes for each of them what happened. Returns how
    /// many there were.
    fn messages_become(
        &self,
        name: EventName,
        set: &str,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<usize, StoreError> {
        let changed: Vec<(MessageId, String, Option<SprintId>)> = self
            .transaction
            .prepare_cached(&format!(
                "UPDATE messages SET {set} WHERE {condition} RETURNING id, kind, sprint_id"
            ))?
            .query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (id, kind, sprint) in &changed {
            let data = serde_json::json!({ "id": id, "kind": kind });
            self.event(sprint.as_ref(), name, &data)?;
        }
        Ok(changed.len())
    }

    /// The job of a sprint has found its idea. What is known stays.
    pub fn set_idea(&self, sprint: &SprintId, idea: &str) -> Result<bool, StoreError> {
        let changed = self.transaction.execute(
            "UPDATE sprints SET idea = ?2 WHERE id = ?1 AND idea IS NULL",
            (sprint, idea),
        )?;
        Ok(changed == 1)
    }

    /// A person does not want the idea that a parked sprint has proposed: it ends without a job.
    /// The idea is kept, so that it is not proposed again. False when the sprint is not parked.
    pub fn refuse_idea(
        &self,
        sprint: &SprintId,
        idea: &str,
        detail: &str,
    ) -> Result<bool, StoreError> {
        let Some(row) = self.sprint(sprint)? else { return Ok(false) };
        if !matches!(row.state, State::Parked { .. }) {
            return Ok(false);
        }
        self.set_idea(sprint, idea)?;
        self.apply(sprint, transition::Event::Over(Ending::cancelled(detail)))?;
        Ok(true)
    }

    /// A follow-up has ended: what it changed in its parent's directory is to be brought.
    pub(super) fn fetch_parent_again(&self, tweak: &SprintRow) -> Result<(), StoreError> {
        self.transaction
            .execute("UPDATE sprints SET results_at = NULL, results_tries = 0, results_next = 0 WHERE id = ?1", [&tweak.parent])?;
        Ok(())
    }

    /// The follow-up of a sprint that is not over yet.
    pub fn open_tweak(&self, parent: &SprintId) -> Result<Option<SprintRow>, StoreError> {
        let id: Option<SprintId> = self
            .transaction
            .query_row(
                &format!(
                    "SELECT id FROM sprints WHERE parent = ?1 AND kind = 'tweak' AND status NOT IN {TERMINAL} LIMIT 1"
                ),
                [parent],
                |row| row.get(0),
            )
            .optional()?;
        id.map_or(Ok(None), |id| one(&self.transaction, &id, self.seconds()))
    }
}

impl Store {
    /// Ids of the follow-ups of a sprint.
    pub fn tweaks_of(&self, parent: &SprintId) -> Result<Vec<SprintId>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT id FROM sprints WHERE parent = ?1 AND kind = 'tweak' ORDER BY created_at LIMIT 1000")?;
        let rows = query.query_map([parent], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::journal::{Question, parse};
    use crate::domain::{JobId, SprintId, Status};
    use crate::store::{EventRow, JournalPiece, NewSprint};

    const PARKED: &[u8] = include_bytes!("../../tests/data/formats/run-parked.jsonl");

    fn make(change: &Change<'_>, id: &SprintId) {
        assert!(change.create_sprint(&NewSprint::example(id)).expect("made"));
        submit(change, id, "7");
    }

    fn submit(change: &Change<'_>, id: &SprintId, job: &str) {
        let attempt = change.begin_submission(id, "").expect("begun").expect("can be submitted");
        change.accept(id, attempt, &JobId::parse(job).expect("digits"), "/d").expect("taken");
    }

    /// Takes in the first lines of the sample's journal.
    fn ingest(change: &Change<'_>, id: &SprintId, until: usize) {
        let lines = &parse(PARKED).0[..until];
        change
            .ingest(
                id,
                &JournalPiece { lines, offset: 1, prefix: "x", altered: false, whole: false },
            )
            .expect("taken in");
    }

    fn status(change: &Change<'_>, id: &SprintId) -> Status {
        change.sprint(id).expect("read").expect("there").state.status()
    }

    #[test]
    fn the_end_of_a_parked_job_says_nothing_of_the_next_one() {
        let id = &SprintId::of("sp-000001");
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        make(&change, id);
        ingest(&change, id, 7);
        let mark = change.last_mark(id).expect("read").expect("a mark");
        assert_eq!(mark.kind(), "run_ended");
        let row = change.sprint(id).expect("read").expect("there");
        let asks = Question {
            name: "data".to_owned(),
            kind: MessageKind::Question,
            text: "Which?".to_owned(),
            choices: vec![],
            proposal: None,
        };
        change.park(&row, &[asks]).expect("parked");
        submit(&change, id, "8");
        assert_eq!(change.last_mark(id).expect("read"), None);
        // Also when its lines come once more.
        ingest(&change, id, 7);
        assert_eq!(change.last_mark(id).expect("read"), None);
        ingest(&change, id, 8);
        let mark = change.last_mark(id).expect("read").expect("a mark");
        assert_eq!((mark.kind(), mark.incarnation), ("run_started", 2));
    }

    #[test]
    fn a_question_is_taken_in_once_answered_once_and_told_by_its_own_sprint() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let (asks, other) = (&SprintId::of("sp-000001"), &SprintId::of("sp-000002"));
        make(&change, asks);
        make(&change, other);
        let question = |name: &str| Question {
            name: name.to_owned(),
            kind: MessageKind::Question,
            text: "Which?\u{1b}".to_owned(),
            choices: vec![],
            proposal: None,
        };
        let row = change.sprint(asks).expect("read").expect("there");
        for _ in 0..2 {
            change
                .park(&row, &[question("data"), question("data"), question("more")])
                .expect("parked");
        }
        assert_eq!(status(&change, asks), Status::Parked);
        change.commit().expect("kept");
        let ids: Vec<MessageId> = store
            .open_questions(asks)
            .expect("read")
            .into_iter()
            .map(|message| message.id)
            .collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(store.message(&ids[0]).expect("read").expect("there").text, "Which?");
        let notices: i64 = store
            .connection
            .query_row("SELECT count(*) FROM outbox WHERE kind = 'question'", [], |row| row.get(0))
            .expect("counted");
        assert_eq!(notices, 2);

        let change = store.change().expect("begun");
        assert!(change.answer_message(&ids[0], "this").expect("answered"));
        assert!(!change.answer_message(&ids[0], "that").expect("refused"));
        // Another sprint cannot say that it was told.
        change.message_told(other, &ids[0]).expect("ignored");
        assert_eq!(
            change.message(&ids[0]).expect("read").expect("there").status,
            MessageStatus::Answered
        );
        change.commit().expect("kept");
        assert!(!store.is_answered(asks).expect("read"), "one is open");
        assert_eq!(store.messages_due("c").expect("read").len(), 1);
        assert_eq!(store.messages_due("elsewhere").expect("read").len(), 0);

        let change = store.change().expect("begun");
        assert!(change.answer_message(&ids[1], "and this").expect("answered"));
        change.message_delivered(&ids[0]).expect("kept");
        change.commit().expect("kept");
        assert!(!store.is_answered(asks).expect("read"), "one is not delivered");
        let change = store.change().expect("begun");
        change.message_delivered(&ids[1]).expect("kept");
        change.message_told(asks, &ids[0]).expect("told");
        assert_eq!(
            change.message(&ids[0]).expect("read").expect("there").status,
            MessageStatus::Acknowledged
        );
        change.commit().expect("kept");
        assert!(store.is_answered(asks).expect("read"));

        // The end of a sprint closes what is left.
        let change = store.change().expect("begun");
        change.apply(asks, transition::Event::CancelAsked).expect("cancelled");
        assert_eq!(
            change.message(&ids[1]).expect("read").expect("there").status,
            MessageStatus::Closed
        );
        assert_eq!(
            change.message(&ids[0]).expect("read").expect("there").status,
            MessageStatus::Acknowledged
        );
        change.commit().expect("kept");

        // Whoever shows it live learns of each step, and of which sprint.
        let events = store.events_after(0, 1000).expect("read");
        let happened = |id: &MessageId| -> Vec<&str> {
            let of = |event: &&EventRow| event.data["id"] == id.as_str();
            let mine = events.iter().filter(of);
            mine.map(|event| {
                assert_eq!(event.sprint.as_ref(), Some(asks), "{event:?}");
                event.word.as_str()
            })
            .collect()
        };
        let begun = ["message", "message_answered", "message_delivered"];
        assert_eq!(happened(&ids[0]), [&begun[..], &["message_told"]].concat());
        assert_eq!(happened(&ids[1]), [&begun[..], &["message_closed"]].concat());
    }
}
