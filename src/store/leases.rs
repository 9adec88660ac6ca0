//! Leases: exclusive rights with an end and a number that grows.

use rusqlite::OptionalExtension as _;

use super::{Change, StoreError};
use crate::domain::retry;

/// Who else takes a lease may take it for this much longer than we: the configuration may have changed since.
const LONGER: i64 = 2;

/// A right that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What for.
    pub name: String,
    /// Who: `host:pid`.
    pub holder: String,
    /// Grows with every new holder. What was done under an older one is refused.
    pub token: i64,
}

/// What came of asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is ours.
    Taken(Lease),
    /// Somebody else has it: their `holder`.
    Held(String),
}

impl Change<'_> {
    /// Takes a lease for so many seconds, unless somebody else holds it who is not gone.
    pub fn take_lease(
        &self,
        name: &str,
        holder: &str,
        seconds: i64,
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<LeaseOutcome, StoreError> {
        let now = self.seconds();
        let held: Option<(String, i64, i64)> = self
            .transaction
            .query_row("SELECT holder, token, until FROM leases WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let token = match held {
            Some((other, _, until))
                if retry::believed(until, now, seconds.saturating_mul(LONGER)).is_some()
                    && other != holder
                    && !is_gone(&other) =>
            {
                return Ok(LeaseOutcome::Held(other));
            }
            Some((_, token, _)) => token + 1,
            None => 1,
        };
        self.transaction.execute(
            "INSERT INTO leases (name, holder, token, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET holder = ?2, token = ?3, until = ?4",
            (name, holder, token, now + seconds),
        )?;
        Ok(LeaseOutcome::Taken(Lease { name: name.to_owned(), holder: holder.to_owned(), token }))
    }

    /// Whether the lease is still this one. A change made under it must ask first.
    pub fn holds(&self, lease: &Lease) -> Result<bool, StoreError> {
        let token: Option<i64> = self
            .transaction
            .query_row("SELECT token FROM leases WHERE name = ?1", [&lease.name], |row| row.get(0))
            .optional()?;
        Ok(token == Some(lease.token))
    }

    /// Gives it back; nothing happens when it is somebody else's by now. The row stays, so
    /// that the number goes on growing.
    pub fn give_back(&self, lease: &Lease) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE leases SET until = 0 WHERE name = ?1 AND token = ?2",
            (&lease.name, lease.token),
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Lease, LeaseOutcome};
    use crate::platform::clock::Clock;
    use crate::store::Store;

    fn taken(outcome: LeaseOutcome) -> Lease {
        match outcome {
            LeaseOutcome::Taken(lease) => lease,
            LeaseOutcome::Held(other) => panic!("{other} has it"),
        }
    }

    #[test]
    fn one_holder_at_a_time_and_the_number_grows() {
        let temp = tempfile::tempdir().expect("a folder");
        // The database at this second.
        let at = |time: i64| {
            let time = jiff::Timestamp::from_second(time).expect("a time");
            let store = Store::open(&temp.path().join("x.db")).expect("opened");
            store.with_clock(Clock::standing(time)).expect("a clock")
        };
        // One whose holder is `gone` is taken over.
        let take = |time: i64, holder: &str, gone: &str| {
            let mut store = at(time);
            let change = store.change().expect("begun");
            let outcome =
                change.take_lease("tick:a", holder, 60, |holder| holder == gone).expect("asked");
            change.commit().expect("kept");
            outcome
        };
        let holds = |lease: &Lease| at(162).change().expect("begun").holds(lease).expect("asked");
        let give_back = |lease: &Lease| {
            let mut store = at(162);
            let change = store.change().expect("begun");
            change.give_back(lease).expect("given");
            change.commit().expect("kept");
        };
        let first = taken(take(100, "one", ""));
        assert_eq!(take(150, "two", ""), LeaseOutcome::Held("one".to_owned()));
        let second = taken(take(161, "two", ""));
        assert!(second.token > first.token);
        assert!(!holds(&first));
        give_back(&first);
        assert!(holds(&second));
        // It is the new holder's from then on.
        let third = taken(take(163, "heir", "two"));
        assert_eq!(take(164, "other", "two"), LeaseOutcome::Held("heir".to_owned()));
        give_back(&third);
        let last = taken(take(165, "three", ""));
        assert!(last.token > third.token);
        // The clock was set back by a year.
        taken(take(165 - 366 * 86_400, "four", ""));
    }
}
