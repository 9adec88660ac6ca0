//! What one sprint may use of money and GPU time.

/// Less money than this is none: no call of the agent costs less.
pub const LEAST_USD: f64 = 0.01;
/// The least time that a job is worth being submitted for, in seconds.
pub const LEAST_SECONDS: u64 = 60;

/// What one sprint, or its next job, may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// What is reserved for it, in dollars.
    pub budget_usd: Option<f64>,
    /// How long its job may run.
    pub seconds: u64,
}

/// The lesser of two limits, of which each may be absent.
pub fn lesser(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// How long a job may run that would run so long, when so many GPU-seconds are left. None when that is
/// not worth a job.
pub fn seconds_within(left: f64, gpus: u32, seconds: u64) -> Option<u64> {
    if gpus == 0 {
        return Some(seconds);
    }
    let most = left / f64::from(gpus);
    (most >= as_f64(LEAST_SECONDS))
        .then(|| if most < as_f64(seconds) { whole(most) } else { seconds })
}

/// A number of seconds to reckon with.
pub fn as_f64(seconds: u64) -> f64 {
    f64::from(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is at least 60, and less than the seconds that were asked for"
)]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lesser_limit_counts_and_less_than_a_minute_is_no_job() {
        assert_eq!(lesser(Some(2.0), Some(1.0)), Some(1.0));
        assert_eq!((lesser(None, Some(1.0)), lesser(None, None)), (Some(1.0), None));
        assert_eq!(seconds_within(0.0, 0, 500), Some(500));
        assert_eq!(seconds_within(1000.0, 2, 400), Some(400));
        assert_eq!(seconds_within(600.9, 2, 400), Some(300));
        assert_eq!(seconds_within(119.9, 2, 400), None);
        assert_eq!(seconds_within(-5.0, 1, 400), None);
    }
}
