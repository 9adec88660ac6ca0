//! The only place that reads the clock or sleeps.
//!
//! Hides that a process may be stopped in the middle (a scheduler suspends its job, somebody presses
//! Ctrl-Z) while the system's clock goes on: for who waits, that is no time. [`instant`] stands still
//! with the process.
//!
//! `RESEARCHLOOP_TEST_NOW` (RFC 3339) freezes the wall clock, so that tests can
//! compare whole screens. It changes nothing but what is printed and stored.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A clock that is handed in: the system's, or one that stands until it is moved.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// It stands at this time, in milliseconds since 1970. Its copies move with it.
    Standing(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at this time.
    pub fn standing(at: Timestamp) -> Self {
        Self::Standing(Arc::new(AtomicI64::new(at.as_millisecond())))
    }

    /// Moves a standing clock, and all of its copies. The system's goes by itself.
    pub fn advance(&self, time: Duration) {
        if let Self::Standing(at) = self {
            at.fetch_add(i64::try_from(time.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// The time, in UTC.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => now(),
            Self::Standing(at) => {
                Timestamp::from_millisecond(at.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }
}

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

/// A time in seconds since 1970, RFC 3339.
pub fn at(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// The whole seconds from one time to a later one; 0 when it is not later.
pub fn seconds_between(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_second() - then.as_second()).unwrap_or(0)
}

/// A clock for waits and deadlines: it never goes back, and stands still while this process is stopped.
pub fn instant() -> Instant {
    let (now, stood) = look();
    now.checked_sub(stood).unwrap_or(now)
}

/// The time since then, by that clock.
pub fn since(then: Instant) -> Duration {
    instant().saturating_duration_since(then)
}

/// How long this process was stopped since it began to look at that clock.
pub fn stood() -> Duration {
    look().1
}

/// Waits. Nothing else in the program may sleep.
#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Between two looks at the clock by a thread that does nothing else.
const BEAT: Duration = Duration::from_millis(500);
/// When nobody could look for so long, the whole process was stopped.
const STOPPED: Duration = Duration::from_secs(6);

/// Who looked last, and how long nobody could.
struct Watched {
    last: Option<Instant>,
    stood: Duration,
}

impl Watched {
    fn look(&mut self, now: Instant) -> Duration {
        let gap = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if gap > STOPPED {
            self.stood += gap;
        }
        self.last = Some(now);
        self.stood
    }
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched { last: None, stood: Duration::ZERO });
static BEATS: Once = Once::new();

/// The system's clock, and how long this process stood so far. A thread that waits for something
/// does not look for long, so another one does.
fn look() -> (Instant, Duration) {
    BEATS.call_once(|| {
        let beat = || {
            loop {
                look_once();
                pause(BEAT);
            }
        };
        let _ =
            std::thread::Builder::new().name("clock".to_owned()).stack_size(64 << 10).spawn(beat);
    });
    look_once()
}

#[expect(clippy::disallowed_methods, reason = "the home of the clock")]
fn look_once() -> (Instant, Duration) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    // Read under the lock, so that nobody looks with an older time than the last one.
    let now = Instant::now();
    let stood = watched.look(now);
    (now, stood)
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

    #[test]
    fn time_in_which_nobody_could_look_is_time_in_which_the_process_stood() {
        let start = look().0;
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watched = Watched { last: None, stood: Duration::ZERO };
        for (seconds, stood) in [(0, 0), (1, 0), (6, 0), (66, 60), (67, 60), (87, 80), (88, 80)] {
            assert_eq!(watched.look(at(seconds)), Duration::from_secs(stood), "{seconds}");
        }
    }
}
