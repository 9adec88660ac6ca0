//! The policies of [`crate::domain::retry`] in SQL, where many rows are asked at once.

use crate::domain::retry::{MOST_DOUBLINGS, Retry};

/// The wait after a number of tries, which an expression counts.
pub(super) fn after(retry: Retry, tries: &str) -> String {
    format!(
        "min({}, {} << min({} * max({tries} - 1, 0), {MOST_DOUBLINGS}))",
        retry.cap, retry.base, retry.doublings
    )
}

/// Whether something that waits until `next` is due at `now`.
pub(super) fn is_due(retry: Retry, next: &str, tries: &str, now: &str) -> String {
    format!("({next} <= {now} OR {next} > {now} + {})", after(retry, tries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retry::{NOTICES, RESULTS, RESUMES, SUBMISSIONS};

    #[test]
    fn sql_says_the_same_as_the_policy() {
        let connection = rusqlite::Connection::open_in_memory().expect("a database");
        for retry in [RESULTS, NOTICES, RESUMES, SUBMISSIONS] {
            for tries in 0..30 {
                let seconds: i64 = connection
                    .query_row(&format!("SELECT {}", after(retry, "?1")), [tries], |row| row.get(0))
                    .expect("a number");
                assert_eq!(seconds, retry.after(tries), "{retry:?} {tries}");
            }
        }
    }
}
