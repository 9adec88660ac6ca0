//! The time that a job has, as its scheduler counts it.
//!
//! SLURM does not count the time in which a job is suspended, and where there is no scheduler
//! nobody does. Grid Engine counts it towards h_rt (seen with 8.1.9): a job that is suspended
//! past its limit is killed while it stands.

use std::time::{Duration, Instant};

use crate::bundle::formats::Bundle;
use crate::bundle::journal::Entry;
use crate::domain::SchedulerKind;
use crate::platform::clock;

/// How long before the end of the requested time the runner ends by itself, so that the
/// end is recorded: a twentieth, at least 2 and at most 60 seconds.
fn margin(seconds: u64) -> u64 {
    (seconds / 20).clamp(2, 60)
}

/// Until when the job may run.
#[derive(Debug, Clone, Copy)]
pub struct JobTime {
    ends: Instant,
    killed: Instant,
    /// What had been stood before it began.
    stood: Duration,
    counts_standing: bool,
}

impl JobTime {
    /// It begins now.
    pub fn of(bundle: &Bundle) -> Self {
        let now = clock::instant();
        let after = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
        Self {
            ends: after(bundle.seconds.saturating_sub(margin(bundle.seconds))),
            killed: after(bundle.seconds),
            stood: clock::stood(),
            counts_standing: bundle.runs_under(SchedulerKind::Sge),
        }
    }

    fn left_until(&self, end: Instant) -> Duration {
        let stood = if self.counts_standing {
            clock::stood().saturating_sub(self.stood)
        } else {
            Duration::ZERO
        };
        end.saturating_duration_since(clock::instant()).saturating_sub(stood)
    }

    /// How long until the run must have ended by itself.
    pub fn left(&self) -> Duration {
        self.left_until(self.ends)
    }

    /// Whether the run must end.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// How long until the scheduler ends the job.
    pub fn until_killed(&self) -> Duration {
        self.left_until(self.killed)
    }
}

/// What is told of the time in which the job stood.
#[derive(Debug)]
pub struct Standstill {
    before: Duration,
    told: u64,
}

impl Standstill {
    /// From now on.
    pub fn new() -> Self {
        Self { before: clock::stood(), told: 0 }
    }

    /// A line for the journal, when the job has stood since the last one. One that is suspended again
    /// and again is told of less and less often.
    pub fn news(&mut self) -> Option<Entry> {
        self.news_of(clock::stood().saturating_sub(self.before).as_secs())
    }

    fn news_of(&mut self, stood: u64) -> Option<Entry> {
        let seconds = stood.saturating_sub(self.told);
        if seconds == 0 || seconds < self.told / 10 {
            return None;
        }
        self.told = stood;
        Some(Entry::Suspended { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_suspended_a_thousand_times_says_so_some_dozen_times() {
        let mut standstill = Standstill::new();
        assert_eq!(standstill.news_of(0), None);
        assert_eq!(standstill.news_of(125), Some(Entry::Suspended { seconds: 125 }));
        assert_eq!(
            (standstill.news_of(185), standstill.news_of(185)),
            (Some(Entry::Suspended { seconds: 60 }), None)
        );
        let told =
            (1..=1000).filter(|number| standstill.news_of(185 + 30 * number).is_some()).count();
        assert!((10..100).contains(&told), "{told}");
    }
}
