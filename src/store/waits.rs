//! When something is tried again, and how far a stored "not before" is believed.
//!
//! Each rule has a longest wait. A time that is farther off than that was set while a clock was wrong, or was
//! told by somebody who cannot know: then nothing is waited for.

/// Pauses that grow with each try.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The first one, in seconds.
    first: i64,
    /// Each further one is longer by this power of two.
    growth: u32,
    /// None is longer, in seconds.
    longest: i64,
}

/// How often the results of an ended sprint are asked for.
pub const RESULT_TRIES: u32 = 12;
/// Results that could not be brought: a minute, then four, ... at most a day.
pub const RESULTS: Rule = Rule { first: 60, growth: 2, longest: 86_400 };
/// A notice that was not sent: a minute, then four, ... at most four hours.
pub const NOTICES: Rule = Rule { first: 60, growth: 2, longest: 14_400 };
/// A parked sprint that could not go on: a minute, then two, ... at most a quarter of an hour.
pub const RESUMES: Rule = Rule { first: 60, growth: 1, longest: 900 };
/// Submissions that have all failed alike: a minute, then two, ... at most ten.
pub const SUBMISSIONS: Rule = Rule { first: 60, growth: 1, longest: 600 };

impl Rule {
    /// The pause after so many tries, in seconds.
    pub fn after(self, tries: u32) -> i64 {
        let shift = self.growth.saturating_mul(tries.saturating_sub(1)).min(20);
        self.first.checked_shl(shift).unwrap_or(self.longest).min(self.longest)
    }

    /// The same in SQL, of an expression that counts the tries.
    pub(super) fn sql(self, tries: &str) -> String {
        format!(
            "min({}, {} << min({} * max({tries} - 1, 0), 20))",
            self.longest, self.first, self.growth
        )
    }

    /// Whether it is due at `now`, in SQL.
    pub(super) fn is_due(self, next: &str, tries: &str, now: &str) -> String {
        format!("({next} <= {now} OR {next} > {now} + {})", self.sql(tries))
    }

    /// Until when it waits after so many tries; none when it is due.
    pub fn until(self, next: i64, tries: u32, now: i64) -> Option<i64> {
        waits_until(next, now, self.after(tries))
    }
}

/// Until when something waits that is stored as `next`, in seconds since 1970; none when it is due. It is
/// believed only as far as the longest wait.
pub fn waits_until(next: i64, now: i64, longest: i64) -> Option<i64> {
    (next > now && next <= now.saturating_add(longest)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_time_is_believed_as_far_as_its_rule_can_have_set_it() {
        for rule in [RESULTS, NOTICES, RESUMES, SUBMISSIONS] {
            assert_eq!(
                (rule.after(0), rule.after(1), rule.after(u32::MAX)),
                (60, 60, rule.longest)
            );
            for tries in 1..12 {
                let wait = rule.after(tries);
                assert_eq!(rule.until(1000 + wait, tries, 1000), Some(1000 + wait));
                assert_eq!(
                    (rule.until(1001 + wait, tries, 1000), rule.until(1000, tries, 1000)),
                    (None, None),
                    "{rule:?} {tries}"
                );
                assert_eq!(rule.until(i64::MAX, tries, i64::MAX), None);
                let connection = rusqlite::Connection::open_in_memory().expect("a database");
                let seconds: i64 = connection
                    .query_row(&format!("SELECT {}", rule.sql("?1")), [tries], |row| row.get(0))
                    .expect("a number");
                assert_eq!(seconds, wait, "{rule:?} {tries}");
            }
        }
        assert_eq!(
            (RESULTS.after(3), NOTICES.after(4), RESUMES.after(3), SUBMISSIONS.after(2)),
            (960, 3840, 240, 120)
        );
    }
}
