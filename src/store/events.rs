//! What happened, in the order in which it did. Whoever shows it live asks for what comes after the last
//! one that it has seen.

use super::ids::id_in;
use super::{Change, Store, StoreError};
use crate::domain::{EventName, SprintId};

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Its number: the cursor of whoever has seen it.
    pub id: i64,
    /// RFC 3339.
    pub time: String,
    /// The sprint that it is about.
    pub sprint: Option<SprintId>,
    /// What happened; none for a word that a newer program has written.
    pub name: Option<EventName>,
    /// That word.
    pub word: String,
    /// What belongs to it.
    pub data: serde_json::Value,
}

impl Store {
    /// Events behind this one, oldest first, at most so many. Their numbers grow, and may have gaps.
    pub fn events_after(&self, cursor: i64, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, time, sprint_id, kind, data FROM events WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = query.query_and_then((cursor, limit), |row| -> Result<_, StoreError> {
            let (id, word, data): (i64, String, String) = (row.get(0)?, row.get(3)?, row.get(4)?);
            Ok(EventRow {
                id,
                time: row.get(1)?,
                sprint: id_in(row, 2, &format!("the event {id}"))?,
                name: EventName::parse(&word),
                word,
                data: serde_json::from_str(&data).unwrap_or_default(),
            })
        })?;
        rows.collect()
    }
}

impl Change<'_> {
    /// Writes what happened, for a sprint or for none.
    pub fn event(
        &self,
        sprint: Option<&SprintId>,
        name: EventName,
        data: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO events (time, sprint_id, kind, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((self.stamp(), sprint, name.as_str(), data.to_string()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::transition;
    use crate::platform::clock::Clock;
    use crate::store::NewSprint;

    #[test]
    fn events_come_after_the_cursor_and_at_the_time_of_their_change() {
        let start = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
        let clock = Clock::standing(start);
        let mut store =
            Store::in_memory().expect("a database").with_clock(clock.clone()).expect("a clock");
        let id = SprintId::of("sp-000001");
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        // A change happens at one time, however long it takes.
        clock.advance(Duration::from_secs(60));
        change.apply(&id, transition::Event::CancelAsked).expect("applied");
        change.commit().expect("kept");
        let events = store.events_after(0, 10).expect("read");
        let seen: Vec<_> = events.iter().map(|event| (event.name, event.time.as_str())).collect();
        let time = "2027-01-15T08:00:00.000Z";
        assert_eq!(seen, [(Some(EventName::Created), time), (Some(EventName::State), time)]);
        assert_eq!(events[1].data["to"], "cancelled");

        let change = store.change().expect("begun");
        change
            .raw("INSERT INTO events (time, kind, data) VALUES ('', 'of_the_future', '{}')")
            .expect("written");
        change.event(None, EventName::Spent, &serde_json::json!({})).expect("written");
        change.commit().expect("kept");
        assert_eq!(store.events_after(0, 1).expect("read"), events[..1]);
        let later = store.events_after(events[1].id, 10).expect("read");
        assert_eq!((later[0].name, later[0].word.as_str()), (None, "of_the_future"));
        assert_eq!(
            (later[1].name, later[1].time.as_str()),
            (Some(EventName::Spent), "2027-01-15T08:01:00.000Z")
        );
        assert_eq!(store.events_after(later[1].id, 10).expect("read"), []);
    }
}
