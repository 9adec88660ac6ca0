//! What people are to be told, each once, and which way each notice has gone.
//!
//! A notice is written with the change that it tells of. Each channel takes it for itself: the
//! claim is written before it is sent, so that two ticks do not send it both, and holds until the
//! next try is due.

use rusqlite::OptionalExtension as _;

use super::sprints::SprintRow;
use super::{Change, Store, StoreError, waits};
use crate::domain::action::Action;
use crate::domain::duration::human;
use crate::domain::{NoticeKind, State, retry};
use crate::platform::clock;

/// Older notices are not sent any more, in seconds: a channel that is new, or was down for long,
/// does not flood anybody.
const MAX_AGE: i64 = 86_400;

/// A notice that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// `started:sp-…`: unique.
    pub key: String,
    /// The word of a [`NoticeKind`], or of one that only a newer version knows.
    pub kind: String,
    /// What it tells.
    pub data: serde_json::Value,
    /// When it was written, RFC 3339.
    pub created_at: String,
    /// How often it was tried before, through this channel.
    pub tries: u32,
    /// When it may be tried again, in seconds since 1970.
    pub next_at: i64,
}

/// The fact that says until when a channel is left alone.
fn rest_of(channel: &str) -> String {
    format!("notices.rest.{channel}")
}

impl Change<'_> {
    /// Notes something that people are to be told. The same key is told once.
    pub fn notice(
        &self,
        key: &str,
        kind: NoticeKind,
        data: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.transaction.prepare_cached("INSERT OR IGNORE INTO outbox (key, kind, data, created_at) VALUES (?1, ?2, ?3, ?4)")?.execute((
            key,
            kind.as_str(),
            data.to_string(),
            self.stamp(),
        ))?;
        Ok(())
    }

    /// Notes that a sprint has come to its state: a notice of this kind.
    pub(super) fn tell_of_state(
        &self,
        after: &SprintRow,
        kind: NoticeKind,
    ) -> Result<(), StoreError> {
        let ending = match &after.state {
            State::Ended { ending, .. } => Some(ending),
            _ => None,
        };
        let open = self.open_issues(&after.id)?;
        let data = serde_json::json!({
            "open_issues": open, "sprint_id": after.id, "study": after.study, "cluster": after.cluster, "loop_id": after.loop_id, "task_id": after.task,
            "idea": after.idea, "job_id": after.state.last_job().map(crate::domain::JobId::as_str),
            "summary": after.summary, "cost_usd": after.cost_usd, "cost_estimated": after.cost_estimated, "cost_unknown": Some(&after.cost_unknown).filter(|why| !why.is_empty()),
            "reason": ending.and_then(|ending| ending.reason).map(crate::domain::Reason::as_str),
            "detail": ending.map(|ending| ending.detail.as_str()), "hint": ending.map(|ending| ending.hint.as_str()),
        });
        self.notice(&format!("{kind}:{}", after.id), kind, &data)
    }

    /// Notes once that the job of a sprint cannot start as things are, by this reason of the scheduler's.
    /// It stays where it is: such a reason may pass.
    pub fn tell_of_stuck(&self, row: &SprintRow, why: &str) -> Result<(), StoreError> {
        let id = &row.id;
        let cancel = Action::CancelSprint { sprint: id.to_string() };
        let resubmit = Action::ResubmitSprint { sprint: id.to_string(), more: None };
        let data = serde_json::json!({
            "sprint_id": id, "study": row.study, "cluster": row.cluster, "loop_id": row.loop_id, "task_id": row.task, "idea": row.idea,
            "job_id": row.state.last_job().map(crate::domain::JobId::as_str), "detail": format!("its job waits in the queue: {why}"),
            "hint": format!("it starts by itself when that passes; if it cannot, `{cancel}`, correct its job options, and `{resubmit}`"),
        });
        self.notice(&format!("stuck:{id}:{}", row.attempt), NoticeKind::Stuck, &data)
    }

    /// Notes once a job that its GPUs, which are paid for, have been idle for so many seconds. A job that has none
    /// of its own may see those of others.
    pub fn tell_of_idle_gpus(&self, row: &SprintRow, seconds: u64) -> Result<(), StoreError> {
        if row.gpus == Some(0) {
            return Ok(());
        }
        let id = &row.id;
        let look = Action::ReadLog { sprint: id.to_string(), step: None };
        let cancel = Action::CancelSprint { sprint: id.to_string() };
        let gpus = match row.gpus {
            Some(1) => "its GPU has".to_owned(),
            Some(gpus) => format!("its {gpus} GPUs have"),
            None => "its GPUs have".to_owned(),
        };
        let data = serde_json::json!({
            "sprint_id": id, "study": row.study, "cluster": row.cluster, "loop_id": row.loop_id, "task_id": row.task, "idea": row.idea,
            "job_id": row.state.last_job().map(crate::domain::JobId::as_str),
            "detail": format!("{gpus} been idle for {}, and GPU-hours go on", human(seconds)),
            "hint": format!("`{look}` shows what it does; `{cancel}` ends it"),
        });
        self.notice(&format!("gpus_idle:{id}:{}", row.attempt), NoticeKind::GpusIdle, &data)
    }

    /// Takes the oldest notice that is due for a channel. Nobody else gets it through that channel
    /// before its next try is due.
    pub fn claim_notice(&self, channel: &str) -> Result<Option<Notice>, StoreError> {
        let now = self.now;
        let rests = self.fact(&rest_of(channel))?.and_then(|until| until.parse::<i64>().ok());
        let longest = retry::NOTICES.after(u32::MAX);
        if rests.is_some_and(|until| retry::believed(until, now.as_second(), longest).is_some()) {
            return Ok(None);
        }
        let oldest = now - jiff::SignedDuration::from_secs(MAX_AGE);
        let found = self
            .transaction
            .prepare_cached(&format!(
                "SELECT o.id, o.key, o.kind, o.data, o.created_at, coalesce(s.tries, 0)
                 FROM outbox o LEFT JOIN outbox_sends s ON s.outbox_id = o.id AND s.channel = ?1
                 WHERE o.created_at >= ?2 AND s.sent_at IS NULL AND {} ORDER BY o.id LIMIT 1",
                waits::is_due(
                    retry::NOTICES,
                    "coalesce(s.next_at, 0)",
                    "coalesce(s.tries, 0)",
                    "?3"
                )
            ))?
            .query_row((channel, oldest.to_string(), now.as_second()), |row| {
                let data: String = row.get(3)?;
                Ok(Notice {
                    id: row.get(0)?,
                    key: row.get(1)?,
                    kind: row.get(2)?,
                    data: serde_json::from_str(&data).unwrap_or_default(),
                    created_at: row.get(4)?,
                    tries: row.get(5)?,
                    next_at: 0,
                })
            })
            .optional()?;
        let Some(mut notice) = found else { return Ok(None) };
        notice.next_at = self
            .transaction
            .prepare_cached(&format!(
                "INSERT INTO outbox_sends (outbox_id, channel, tries, next_at) VALUES (?1, ?2, 1, ?3 + {})
                 ON CONFLICT (outbox_id, channel) DO UPDATE SET tries = tries + 1, next_at = ?3 + {}
                 RETURNING next_at",
                waits::after(retry::NOTICES, "1"),
                waits::after(retry::NOTICES, "tries + 1")
            ))?
            .query_row((notice.id, channel, now.as_second()), |row| row.get(0))?;
        Ok(Some(notice))
    }

    /// A channel does not answer: nothing is sent through it before this time, in seconds since 1970.
    pub fn rest_channel(&self, channel: &str, until: i64) -> Result<(), StoreError> {
        self.set_fact(&rest_of(channel), &until.to_string())
    }

    /// A claimed notice has gone out, or could not be sent for this reason.
    pub fn notice_sent(
        &self,
        id: i64,
        channel: &str,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        let sent_at = problem.is_none().then(|| self.stamp());
        self.transaction.prepare_cached("UPDATE outbox_sends SET sent_at = ?3, problem = ?4 WHERE outbox_id = ?1 AND channel = ?2")?.execute((
            id,
            channel,
            sent_at,
            problem.unwrap_or_default(),
        ))?;
        Ok(())
    }
}

/// Notices that could not be sent through a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// `ntfy` or `notify_command`.
    pub channel: String,
    /// How many.
    pub count: u64,
    /// What was said of the one that was tried last.
    pub problem: String,
    /// When one is tried again, in seconds since 1970; none when one is due now.
    pub until: Option<i64>,
}

impl Unsent {
    /// The same, RFC 3339.
    pub fn waits_until(&self) -> Option<String> {
        self.until.map(clock::at)
    }
}

impl Store {
    /// What could not be sent, and is tried again.
    pub fn unsent_notices(&self) -> Result<Vec<Unsent>, StoreError> {
        let now = self.now();
        let oldest = (now - jiff::SignedDuration::from_secs(MAX_AGE)).to_string();
        let mut query = self.connection.prepare_cached(
            "SELECT s.channel, s.problem, s.next_at, s.tries FROM outbox_sends s JOIN outbox o ON o.id = s.outbox_id
             WHERE s.sent_at IS NULL AND o.created_at >= ?1 AND coalesce(s.problem, '') <> '' ORDER BY s.channel, s.next_at",
        )?;
        let rows = query
            .query_map([oldest], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let mut found: Vec<Unsent> = Vec::new();
        for row in rows {
            let (channel, problem, next, tries): (String, String, i64, u32) = row?;
            let until = retry::NOTICES.until(next, tries, now.as_second());
            match found.last_mut().filter(|one| one.channel == channel) {
                Some(one) => {
                    one.count += 1;
                    one.problem = problem;
                    one.until = one.until.zip(until).map(|(one, other)| one.min(other));
                }
                None => found.push(Unsent { channel, count: 1, problem, until }),
            }
        }
        for one in &mut found {
            let rests = self.fact(&rest_of(&one.channel))?.and_then(|until| until.parse().ok());
            let rests = rests.and_then(|until| {
                retry::believed(until, now.as_second(), retry::NOTICES.after(u32::MAX))
            });
            one.until = one.until.max(rests);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn claim(store: &mut Store, channel: &str) -> Option<Notice> {
        let change = store.change().expect("a change");
        let notice = change.claim_notice(channel).expect("an answer");
        change.commit().expect("kept");
        notice
    }

    fn sent(store: &mut Store, id: i64, channel: &str, problem: Option<&str>) {
        let change = store.change().expect("a change");
        change.notice_sent(id, channel, problem).expect("written");
        change.commit().expect("kept");
    }

    #[test]
    fn a_notice_goes_once_through_each_channel() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("a change");
        for _ in 0..2 {
            change
                .notice("started:sp-1", NoticeKind::Started, &serde_json::json!({ "n": 1 }))
                .expect("noted");
        }
        change.commit().expect("kept");
        let first = claim(&mut store, "ntfy").expect("due");
        assert_eq!((first.kind.as_str(), first.tries, &first.data["n"]), ("started", 0, &1.into()));
        assert_eq!(claim(&mut store, "ntfy"), None, "claimed, not sent yet");
        assert!(claim(&mut store, "command").is_some(), "another channel has its own");
        sent(&mut store, first.id, "ntfy", Some("down"));
        assert_eq!(claim(&mut store, "ntfy"), None, "not before its next try");
        let wait = |store: &Store| -> i64 {
            store
                .connection
                .query_row(
                    "SELECT next_at - unixepoch() FROM outbox_sends WHERE channel = 'ntfy'",
                    [],
                    |row| row.get(0),
                )
                .expect("a row")
        };
        assert!((55..=60).contains(&wait(&store)));
        for (tries, seconds) in [(1, 240), (2, 960), (3, 3840), (4, 14_400), (5, 14_400)] {
            store.connection.execute("UPDATE outbox_sends SET next_at = 0", []).expect("set");
            assert_eq!(claim(&mut store, "ntfy").map(|notice| notice.tries), Some(tries));
            assert!((seconds - 5..=seconds).contains(&wait(&store)), "{tries}");
        }
        // The clock was ahead when that was written.
        store
            .connection
            .execute("UPDATE outbox_sends SET next_at = unixepoch() + 86400", [])
            .expect("set");
        assert!(claim(&mut store, "ntfy").is_some());
        sent(&mut store, first.id, "ntfy", None);
        assert_eq!(claim(&mut store, "ntfy"), None);
    }

    #[test]
    fn what_is_older_than_a_day_is_not_sent() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("a change");
        change.notice("a", NoticeKind::Failed, &serde_json::json!({})).expect("noted");
        change.commit().expect("kept");
        store
            .connection
            .execute("UPDATE outbox SET created_at = '2020-01-01T00:00:00Z'", [])
            .expect("set");
        assert_eq!(claim(&mut store, "ntfy"), None);
    }
}
