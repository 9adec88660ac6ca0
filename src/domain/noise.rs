//! Tells an improvement from noise: of two values, of the best of many, and of a series.
//!
//! Hides how sure one must be, and of what: chance alone shows something on a whole board, or within
//! the whole series since the last improvement, in at most 5 of 100 cases. `docs/findings.md` says the
//! same for people.

use serde::{Deserialize, Serialize};

use super::student;

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Better {
    /// The word in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }

    /// Reads the word, also as other tools have it.
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "higher" | "max" | "maximize" | "maximise" | "up" => Some(Self::Higher),
            "lower" | "min" | "minimize" | "minimise" | "down" => Some(Self::Lower),
            _ => None,
        }
    }

    /// How much better `value` is than `other`; below zero when it is worse.
    pub fn gain(self, value: f64, other: f64) -> f64 {
        match self {
            Self::Higher => value - other,
            Self::Lower => other - value,
        }
    }
}

/// How often chance may show something, of all comparisons that answer one question, one-sided. The
/// two questions (better than the start? and everything else) make 3.8 %. Welch's test is approximate:
/// with few runs of unequal scatter its rate lies above its level, by up to a quarter.
const LEVEL: f64 = 0.019;
/// A spread that is smaller than this part of the value is what rounding leaves of equal runs.
const EQUAL: f64 = 1e-12;
/// How many more runs are proposed where there is one.
pub const MORE_RUNS: u32 = 3;

/// A value with what is known of its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Finite; the mean when there were several runs.
    pub value: f64,
    /// Independent runs.
    pub n: Option<u32>,
    /// Their standard deviation.
    pub spread: Option<f64>,
}

/// What keeps a value from being judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// It is one run. A spread that is told all the same is of something else: data, steps, folds.
    OneRun,
    /// A spread is told, and not over how many runs.
    Uncounted,
    /// There were several runs, and their spread is not told.
    NoSpread,
}

/// Whether a difference is more than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is.
    LikelyReal,
    /// It is not, as far as these runs tell.
    WithinNoise,
    /// One of both is a single run, or nothing tells how large the noise is.
    Unknown,
}

impl Mark {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LikelyReal => "likely_real",
            Self::WithinNoise => "within_noise",
            Self::Unknown => "unknown",
        }
    }

    /// The mark of a result that chance alone gives so often, when it was the most striking of so
    /// many comparisons (after Bonferroni).
    fn of(chance: Option<f64>, comparisons: f64) -> Self {
        match chance {
            None => Self::Unknown,
            Some(chance) if chance * comparisons <= LEVEL => Self::LikelyReal,
            Some(_) => Self::WithinNoise,
        }
    }
}

impl Measured {
    /// What is missing to judge it; nothing when there are two runs or more with their spread.
    pub fn gap(&self) -> Option<Gap> {
        match (self.n, self.spread.filter(|spread| spread.is_finite() && *spread >= 0.0)) {
            (None, Some(_)) => Some(Gap::Uncounted),
            (None | Some(0 | 1), _) => Some(Gap::OneRun),
            (Some(_), None) => Some(Gap::NoSpread),
            (Some(_), Some(_)) => None,
        }
    }

    /// Runs and spread, when it can be judged.
    fn runs(&self) -> Option<(f64, f64)> {
        let (n, spread) = (self.n?, self.spread?);
        self.gap()
            .is_none()
            .then(|| (f64::from(n), if spread <= EQUAL * self.value.abs() { 0.0 } else { spread }))
    }

    /// How this value, the best of `tried`, lies to a fixed one that it has reached.
    pub fn beyond(&self, fixed: f64, tried: usize) -> Mark {
        let chance = self.runs().filter(|(_, spread)| *spread > 0.0).and_then(|(n, spread)| {
            // The values may be huge: nothing is squared that need not be.
            student::tail((self.value - fixed).abs() / spread * n.sqrt(), n - 1.0)
        });
        Mark::of(chance, number(tried))
    }
}

/// Whether the two differ by more than noise, when this was the most striking of so many comparisons.
pub fn compared(one: &Measured, other: &Measured, comparisons: f64) -> Mark {
    Mark::of(chance((one.value - other.value).abs(), one, other), comparisons)
}

/// How many comparisons the best of so many places was chosen from: with the first one in time, or with
/// another one.
///
/// Any of the others might have come out best, so the first in time was compared with all of them. Of
/// two others, any might have come out best and any may be looked at.
pub fn comparisons(places: usize, with_start: bool) -> f64 {
    let others = number(places.saturating_sub(1).max(1));
    if with_start { others } else { others * others }
}

/// How often chance alone brings one this far above the other, if both are equally good: Welch's test,
/// one-sided. None when one of them cannot be judged, or no run differs from another.
fn chance(gain: f64, one: &Measured, other: &Measured) -> Option<f64> {
    let ((n, s), (m, r)) = (one.runs()?, other.runs()?);
    // Runs that are all equal do not say that there is no noise, they show none: their seeds or their
    // digits are the same. What the other one shows counts for both then.
    let (s, r, freedom) = match (s > 0.0, r > 0.0) {
        (false, false) => return None,
        (false, true) => (r, r, m - 1.0),
        (true, false) => (s, s, n - 1.0),
        (true, true) => {
            let (a, b) = ((s / s.max(r)).powi(2) / n, (r / s.max(r)).powi(2) / m);
            // After Welch and Satterthwaite. Few runs often show too little scatter by luck, and the many
            // runs of the other must not lend them their certainty.
            let welch = (a + b).powi(2) / (a.powi(2) / (n - 1.0) + b.powi(2) / (m - 1.0));
            (s, r, welch.min(2.0 * n.min(m) - 3.0))
        }
    };
    let scale = s.max(r);
    let error = ((s / scale).powi(2) / n + (r / scale).powi(2) / m).sqrt();
    student::tail(gain / scale / error, freedom)
}

/// What a value brings, in a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An improvement beyond the noise. The first value is one, too.
    Improvement,
    /// The best so far, and nothing tells whether that is more than luck.
    Doubtful,
    /// Neither.
    Nothing,
}

/// For each value, in the order of time, what it brings.
///
/// Each is compared with the last improvement, not with the best value so far. So small steps that lie
/// within noise one by one count once they have come far enough together, and a lucky value does not
/// raise the bar. Where both have repeated runs, Welch's test decides. Otherwise a new best is an
/// improvement when it lies so far above all values since the last one that it is not one more of
/// them (the t test for one further value); if it may be one more, it is doubtful. Noise makes the k-th
/// value a new best once in k times.
///
/// The k-th comparison since the last improvement has the level `2 LEVEL / (k (k + 1))`: all of them
/// together never pass `2 LEVEL`, however long it goes on.
pub fn steps(better: Better, history: &[Measured]) -> Vec<Step> {
    let mut best: Option<f64> = None;
    let mut since: Vec<Measured> = Vec::new();
    history
        .iter()
        .map(|new| {
            let is_best = best.is_none_or(|best| better.gain(new.value, best) > 0.0);
            let step = if since.is_empty() {
                Step::Improvement
            } else {
                step(better, &since, new, is_best)
            };
            if step == Step::Improvement {
                since.clear();
            }
            since.push(*new);
            if is_best {
                best = Some(new.value);
            }
            step
        })
        .collect()
}

fn step(better: Better, since: &[Measured], new: &Measured, is_best: bool) -> Step {
    let k = number(since.len());
    let comparisons = 0.5 * k * (k + 1.0);
    // The last improvement; if it is a single run, the first one after it that can be judged.
    let bar = since.iter().find(|one| one.gap().is_none());
    let mark = bar.map_or(Mark::Unknown, |bar| {
        Mark::of(chance(better.gain(new.value, bar.value), new, bar), comparisons)
    });
    match mark {
        Mark::LikelyReal => Step::Improvement,
        Mark::WithinNoise => Step::Nothing,
        Mark::Unknown if !is_best => Step::Nothing,
        Mark::Unknown => {
            match Mark::of(chance_of_one_more(better, since, new.value), comparisons) {
                Mark::LikelyReal => Step::Improvement,
                Mark::WithinNoise | Mark::Unknown => Step::Doubtful,
            }
        }
    }
}

/// How often one more value of the same kind lies this far above the mean of the others. None when
/// there are too few, or all are equal.
fn chance_of_one_more(better: Better, others: &[Measured], value: f64) -> Option<f64> {
    let n = number(others.len());
    let all = mean_of(others.iter().map(|other| other.value));
    let spread = all.spread.filter(|spread| spread.is_finite() && *spread > 0.0)?;
    student::tail(better.gain(value, all.value) / spread / (1.0 + 1.0 / n).sqrt(), n - 1.0)
}

/// The mean of single values, with their number and their standard deviation.
pub fn mean_of(values: impl Iterator<Item = f64> + Clone) -> Measured {
    let count = values.clone().count();
    let n = number(count);
    let mean = values.clone().map(|value| value / n).sum::<f64>();
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    let spread = (count > 1)
        .then(|| (squares / (n - 1.0)).sqrt())
        .map(|spread| if spread <= EQUAL * mean.abs() { 0.0 } else { spread });
    Measured { value: mean, n: u32::try_from(count).ok(), spread }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "noise_simulation_tests.rs"]
mod simulation_tests;
