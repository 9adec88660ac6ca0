//! Tells an improvement from noise.

use serde::{Deserialize, Serialize};

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

impl Measured {
    /// The square of the mean's standard error; nothing when the spread is not known.
    fn squared_error(&self) -> Option<f64> {
        let spread = self.spread.filter(|spread| spread.is_finite() && *spread >= 0.0)?;
        Some(spread * spread / f64::from(self.n.unwrap_or(1).max(1)))
    }
}

/// How far apart the two must be before the difference is more than noise.
///
/// With both spreads known: Welch's test at 95 %, that is the standard error of the difference,
/// about twice for many runs and more for few.
/// Otherwise from the `earlier` values, in the order of time: 1.4826 times their median absolute
/// deviation, which is the standard deviation when they are normally distributed; or the same from
/// the jumps between neighbours, when that is less, because values that rise steadily scatter
/// without being noisy. Fewer than three of them tell nothing: then any difference counts.
pub fn noise_floor(one: &Measured, other: &Measured, earlier: &[f64]) -> f64 {
    known_floor(one, other, earlier).unwrap_or(0.0)
}

/// The same; nothing when nothing is known of the noise.
pub fn known_floor(one: &Measured, other: &Measured, earlier: &[f64]) -> Option<f64> {
    if let (Some(a), Some(b)) = (one.squared_error(), other.squared_error()) {
        return Some(quantile(one, a, other, b) * (a + b).sqrt());
    }
    if earlier.len() < 3 {
        return None;
    }
    let mut jumps: Vec<f64> = earlier.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    // The difference of two values has twice the variance of one.
    Some(1.4826 * median_deviation(earlier).min(median(&mut jumps) / std::f64::consts::SQRT_2))
}

/// The quantiles of Student's t for 95 %, two-sided, with 1, 2, ... degrees of freedom.
const STUDENT: [f64; 20] =
    [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086];

/// How many standard errors a difference must have, with the degrees of freedom after Welch and
/// Satterthwaite. `a` and `b` are the squared errors. A number of runs that is not known is taken for
/// large.
fn quantile(one: &Measured, a: f64, other: &Measured, b: f64) -> f64 {
    let part = |of: &Measured, error: f64| of.n.filter(|n| *n > 1).map_or(0.0, |n| error * error / f64::from(n - 1));
    let freedom = (a + b) * (a + b) / (part(one, a) + part(other, b));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the table before")]
    let row = if freedom.is_finite() { freedom.floor().clamp(1.0, 1000.0) as usize } else { 1000 };
    STUDENT.get(row - 1).copied().unwrap_or(2.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(below), Some(above)) if values.len().is_multiple_of(2) => f64::midpoint(*below, *above),
        (_, Some(middle)) => *middle,
        _ => 0.0,
    }
}

fn median_deviation(values: &[f64]) -> f64 {
    let center = median(&mut values.to_vec());
    median(&mut values.iter().map(|value| (value - center).abs()).collect::<Vec<_>>())
}

/// For each value, in the order of time: whether it is a real improvement. The first one is.
///
/// Each is compared with the last real improvement, not with the best value so far. So small
/// steps that lie within noise one by one count once they have come far enough together, and a
/// lucky value does not raise the bar.
pub fn improvements(better: Better, history: &[Measured]) -> Vec<bool> {
    let mut bar: Option<Measured> = None;
    let mut earlier: Vec<f64> = Vec::new();
    history
        .iter()
        .map(|new| {
            let real = bar.is_none_or(|bar| better.gain(new.value, bar.value) > noise_floor(new, &bar, &earlier));
            if real {
                bar = Some(*new);
            }
            earlier.push(new.value);
            real
        })
        .collect()
}

/// Whether a value is a real improvement on those before it.
pub fn improves(better: Better, before: &[Measured], new: &Measured) -> bool {
    let history: Vec<Measured> = before.iter().chain([new]).copied().collect();
    improvements(better, &history).last().copied().unwrap_or(false)
}

/// How many values have come since the last real improvement.
pub fn since_improvement(better: Better, history: &[Measured]) -> usize {
    improvements(better, history).iter().rev().take_while(|real| !**real).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(values: &[f64]) -> Vec<Measured> {
        values.iter().map(|value| Measured { value: *value, n: None, spread: None }).collect()
    }

    fn with(value: f64, n: u32, spread: f64) -> Measured {
        Measured { value, n: Some(n), spread: Some(spread) }
    }

    #[test]
    fn with_spreads_the_standard_error_decides() {
        let best = with(0.90, 4, 0.02);
        // The error of the difference is sqrt(2 · 0.02² / 4) = 0.01414, with 6 degrees of freedom: 0.0346.
        assert!(!improves(Better::Higher, &[best], &with(0.934, 4, 0.02)));
        assert!(improves(Better::Higher, &[best], &with(0.935, 4, 0.02)));
        assert!(!improves(Better::Lower, &[best], &with(0.935, 4, 0.02)));
        // Of two runs each, hardly anything can be said; of very many, twice the error is enough.
        assert!(!improves(Better::Higher, &[with(0.505, 2, 0.007)], &with(0.525, 2, 0.007)));
        assert!(improves(Better::Higher, &[with(0.50, 1000, 0.1)], &with(0.51, 1000, 0.1)));
        assert!(improves(Better::Lower, &[best], &with(0.85, 4, 0.02)));
    }

    #[test]
    fn without_spreads_the_scatter_of_earlier_values_decides() {
        // Median deviation 0.02, median jump 0.02: the floor is 1.4826 · 0.02 / sqrt(2) = 0.021.
        let before = plain(&[0.50, 0.48, 0.46, 0.52]);
        assert!(!improves(Better::Higher, &before, &plain(&[0.52])[0]));
        assert!(improves(Better::Higher, &before, &plain(&[0.53])[0]));
    }

    #[test]
    fn the_first_value_is_an_improvement_and_few_values_tell_no_noise() {
        assert_eq!(improvements(Better::Higher, &plain(&[0.5, 0.5, 0.500_1])), [true, false, true]);
        assert_eq!(improvements(Better::Lower, &plain(&[0.5, 0.6, 0.4])), [true, false, true]);
        assert_eq!(improvements(Better::Lower, &[]), Vec::<bool>::new());
    }

    #[test]
    fn small_steps_count_together_and_a_plateau_is_counted() {
        // No pair of neighbours is further apart than the noise, and yet it goes up all the time.
        let rising: Vec<Measured> = plain(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
        assert!(since_improvement(Better::Higher, &rising) < 2, "{:?}", improvements(Better::Higher, &rising));
        assert_eq!(since_improvement(Better::Higher, &plain(&[0.5, 0.8, 0.79, 0.81, 0.78])), 3);
        assert_eq!(since_improvement(Better::Higher, &plain(&[0.5])), 0);
        assert_eq!(since_improvement(Better::Higher, &[]), 0);
    }

    #[test]
    fn odd_spreads_count_as_unknown() {
        let odd = Measured { value: 1.0, n: Some(0), spread: Some(f64::NAN) };
        assert!(improves(Better::Higher, &plain(&[0.9]), &odd));
        assert!((noise_floor(&with(1.0, 0, 0.1), &with(1.0, 0, 0.1), &[]) - 2.0 * 0.02_f64.sqrt()).abs() < 1e-12);
    }
}
