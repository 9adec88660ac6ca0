//! Leases: exclusive rights with an end and a number that grows.

use rusqlite::OptionalExtension as _;

use super::waits::waits_until;
use super::{Change, StoreError};

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

impl Change<'_> {
    /// Takes a lease for so many seconds, unless somebody else holds it who is not gone. The other
    /// one's `holder` comes back then.
    pub fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: i64,
        seconds: i64,
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<Result<Lease, String>, StoreError> {
        let held: Option<(String, i64, i64)> = self
            .transaction
            .query_row("SELECT holder, token, until FROM leases WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let token = match held {
            Some((other, _, until))
                if waits_until(until, now, seconds.saturating_mul(LONGER)).is_some()
                    && other != holder
                    && !is_gone(&other) =>
            {
                return Ok(Err(other));
            }
            Some((_, token, _)) => token + 1,
            None => 1,
        };
        self.transaction.execute(
            "INSERT INTO leases (name, holder, token, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET holder = ?2, token = ?3, until = ?4",
            (name, holder, token, now + seconds),
        )?;
        Ok(Ok(Lease { name: name.to_owned(), holder: holder.to_owned(), token }))
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
    use crate::store::Store;

    #[test]
    fn one_holder_at_a_time_and_the_number_grows() {
        let temp = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&temp.path().join("x.db")).expect("opened");
        let change = store.change().expect("begun");
        let first =
            change.take_lease("tick:a", "one", 100, 60, |_| false).expect("asked").expect("free");
        assert_eq!(
            change.take_lease("tick:a", "two", 150, 60, |_| false).expect("asked"),
            Err("one".to_owned())
        );
        let second = change
            .take_lease("tick:a", "two", 161, 60, |_| false)
            .expect("asked")
            .expect("expired");
        assert!(second.token > first.token);
        assert!(!change.holds(&first).expect("asked"));
        change.give_back(&first).expect("nothing");
        assert!(change.holds(&second).expect("asked"));
        // One whose holder is gone is taken over, and is the new holder's from then on.
        let third = change
            .take_lease("tick:a", "heir", 163, 60, |holder| holder == "two")
            .expect("asked")
            .expect("taken over");
        assert_eq!(
            change.take_lease("tick:a", "other", 164, 60, |holder| holder == "two").expect("asked"),
            Err("heir".to_owned())
        );
        let second = third;
        change.give_back(&second).expect("given");
        let last =
            change.take_lease("tick:a", "three", 165, 60, |_| false).expect("asked").expect("free");
        assert!(last.token > second.token);
        // The clock was set back by a year.
        assert!(
            change
                .take_lease("tick:a", "four", 165 - 366 * 86_400, 60, |_| false)
                .expect("asked")
                .is_ok()
        );
    }
}
