//! The only place that reads the clock or sleeps.
//!
//! `RESEARCHLOOP_TEST_NOW` (RFC 3339) freezes the wall clock, so that tests can
//! compare whole screens. It changes nothing but what is printed and stored.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The time now, in UTC, rounded down to a millisecond.
#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
pub fn now() -> Timestamp {
    #[cfg(test)]
    if let Some(time) = testing::now() {
        return time;
    }
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
pub mod testing {
    //! Another time for the code of one thread, which a test moves on.

    use std::cell::Cell;

    use jiff::Timestamp;

    thread_local! { static NOW: Cell<Option<Timestamp>> = const { Cell::new(None) }; }

    pub(super) fn now() -> Option<Timestamp> {
        NOW.get()
    }

    /// From now on it is so many seconds since 1970 for this thread; `None`: what the system says.
    pub fn set(seconds: Option<i64>) {
        NOW.set(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()));
    }
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
