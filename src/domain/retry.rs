//! When something is tried again, and how far a stored "not before" is believed.
//!
//! Each policy has a longest wait. A time that is farther off than that was set while a clock was wrong,
//! or was told by somebody who cannot know: then nothing is waited for.

use std::time::Duration;

/// Waits that grow with each try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// The first wait, in seconds.
    pub base: i64,
    /// How often a wait is doubled to make the next one.
    pub doublings: u32,
    /// The longest wait, in seconds.
    pub cap: i64,
    /// By which part of itself chance moves a wait, in both directions.
    pub jitter: f64,
}

/// A wait is doubled at most so often: longer ones are above every cap.
pub const MOST_DOUBLINGS: u32 = 20;

/// Results that could not be brought: a minute, then four, ... at most a day.
pub const RESULTS: Retry = Retry { base: 60, doublings: 2, cap: 86_400, jitter: 0.0 };
/// How often the results of an ended sprint are asked for.
pub const RESULT_TRIES: u32 = 12;
/// A notice that was not sent: a minute, then four, ... at most four hours.
pub const NOTICES: Retry = Retry { base: 60, doublings: 2, cap: 14_400, jitter: 0.0 };
/// A parked sprint that could not go on: a minute, then two, ... at most a quarter of an hour.
pub const RESUMES: Retry = Retry { base: 60, doublings: 1, cap: 900, jitter: 0.0 };
/// Submissions that have all failed alike: a minute, then two, ... at most ten.
pub const SUBMISSIONS: Retry = Retry { base: 60, doublings: 1, cap: 600, jitter: 0.0 };
/// A task whose sprint has failed: a minute, then two, ... at most an hour.
pub const TASKS: Retry = Retry { base: 60, doublings: 1, cap: 3600, jitter: 0.2 };
/// The next sprint of a loop behind failures of the infrastructure: a minute, then two, ... at most an
/// hour.
pub const LOOPS: Retry = Retry { base: 60, doublings: 1, cap: 3600, jitter: 0.0 };

impl Retry {
    /// The wait after so many tries, in seconds.
    pub fn after(self, tries: u32) -> i64 {
        let doublings = self.doublings.saturating_mul(tries.saturating_sub(1)).min(MOST_DOUBLINGS);
        self.base.checked_shl(doublings).unwrap_or(self.cap).min(self.cap)
    }

    /// The same, moved by chance, which lies between -1 and 1.
    pub fn after_with(self, tries: u32, chance: f64) -> i64 {
        let chance = if chance.is_finite() { chance.clamp(-1.0, 1.0) } else { 0.0 };
        let wait = f64::from(u32::try_from(self.after(tries)).unwrap_or(u32::MAX));
        #[expect(clippy::cast_possible_truncation, reason = "about as long as the cap at most")]
        let seconds = (wait * (1.0 + self.jitter * chance)).round() as i64;
        seconds
    }

    /// Until when it waits after so many tries; none when it is due.
    pub fn until(self, next: i64, tries: u32, now: i64) -> Option<i64> {
        believed(next, now, self.after(tries))
    }
}

/// Until when something waits that is stored as `next`, in seconds since 1970; none when it is due. It is
/// believed only as far as the longest wait.
pub fn believed(next: i64, now: i64, longest: i64) -> Option<i64> {
    (next > now && next <= now.saturating_add(longest)).then_some(next)
}

/// The first wait, doubled so often, and at most the longest.
pub fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.min(16))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_cap_and_a_stored_time_is_believed_as_far() {
        for retry in [RESULTS, NOTICES, RESUMES, SUBMISSIONS, TASKS, LOOPS] {
            assert_eq!(
                (retry.after(0), retry.after(1), retry.after(u32::MAX)),
                (60, 60, retry.cap)
            );
            for tries in 1..12 {
                let wait = retry.after(tries);
                assert!(retry.after(tries + 1) >= wait && wait <= retry.cap, "{retry:?}");
                assert_eq!(retry.until(1000 + wait, tries, 1000), Some(1000 + wait));
                assert_eq!(
                    (retry.until(1001 + wait, tries, 1000), retry.until(1000, tries, 1000)),
                    (None, None),
                    "{retry:?} {tries}"
                );
                assert_eq!(retry.until(i64::MAX, tries, i64::MAX), None);
            }
        }
        assert_eq!(
            (RESULTS.after(3), NOTICES.after(4), RESUMES.after(3), SUBMISSIONS.after(2)),
            (960, 3840, 240, 120)
        );
    }

    #[test]
    fn tasks_wait_from_a_minute_to_an_hour_and_vary_by_a_fifth() {
        let waits: Vec<i64> = (1..=9).map(|failures| TASKS.after_with(failures, 0.0)).collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(
            (TASKS.after_with(1, -1.0), TASKS.after_with(1, 1.0), TASKS.after_with(u32::MAX, 9.0)),
            (48, 72, 4320)
        );
        assert_eq!((TASKS.after_with(0, f64::NAN), TASKS.after_with(2, f64::INFINITY)), (60, 120));
    }

    #[test]
    fn a_time_is_doubled_up_to_the_longest() {
        let (first, longest) = (Duration::from_secs(5), Duration::from_secs(60));
        let waits: Vec<u64> =
            (0..5).map(|times| doubled(first, times, longest).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 60]);
        assert_eq!(doubled(first, u32::MAX, longest), longest);
    }
}
