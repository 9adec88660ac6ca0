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
