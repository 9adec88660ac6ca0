//! The only place that reads the clock or sleeps.
//!
//! `RESEARCHLOOP_TEST_NOW` (RFC 3339) freezes the wall clock, so that tests can
//! compare whole screens. It changes nothing but what is printed and stored.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The time now, in UTC, rounded down to a millisecond.
#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
pub fn now() -> Timestamp {
    if let Ok(text) = std::env::var("RESEARCHLOOP_TEST_NOW")
        && let Ok(fixed) = text.parse()
    {
        return fixed;
    }
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A time as it is stored: always with three decimals, so that texts are in the order of the times.
pub fn stamp(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A clock that never goes back, for deadlines.
#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
pub fn instant() -> Instant {
    Instant::now()
}

/// Waits. Nothing else in the program may sleep.
#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_in_the_order_of_their_times() {
        let at = |milliseconds| stamp(Timestamp::from_millisecond(milliseconds).expect("a time"));
        assert_eq!(at(1_000), "1970-01-01T00:00:01.000Z");
        let stamps: Vec<String> = [1_000, 1_001, 1_100, 1_360, 1_361, 2_000].map(at).to_vec();
        assert!(stamps.is_sorted(), "{stamps:?}");
    }
}
