//! Single judgements: of two values, of a target, of a series.

use super::*;

fn plain(values: &[f64]) -> Vec<Measured> {
    values.iter().map(|value| Measured { value: *value, n: None, spread: None }).collect()
}

fn with(value: f64, n: u32, spread: f64) -> Measured {
    Measured { value, n: Some(n), spread: Some(spread) }
}

#[test]
fn with_repeated_runs_the_standard_error_decides() {
    let of = |one: Measured, other: Measured| compared(&one, &other, 1.0);
    let best = with(0.90, 4, 0.02);
    // The error of the difference is sqrt(2 · 0.02² / 4) = 0.01414; with 5 degrees of freedom 2.78 of it.
    assert_eq!(
        (of(with(0.939, 4, 0.02), best), of(with(0.940, 4, 0.02), best)),
        (Mark::WithinNoise, Mark::LikelyReal)
    );
    assert_eq!(
        (of(with(0.861, 4, 0.02), best), of(with(0.860, 4, 0.02), best)),
        (Mark::WithinNoise, Mark::LikelyReal)
    );
    // Of two runs each, hardly anything can be said; of very many, twice the error is enough.
    assert_eq!(of(with(0.505, 2, 0.007), with(0.545, 2, 0.007)), Mark::WithinNoise);
    assert_eq!(of(with(0.50, 1000, 0.1), with(0.51, 1000, 0.1)), Mark::LikelyReal);
    // Many runs do not lend their certainty to two.
    assert_eq!(of(with(0.50, 1000, 0.001), with(0.51, 2, 0.001)), Mark::WithinNoise);
}

#[test]
fn what_is_no_repeat_is_not_known() {
    let good = with(0.5, 5, 0.01);
    let unknown = |n: Option<u32>, spread: Option<f64>| {
        let odd = Measured { value: 9.0, n, spread };
        assert_eq!(
            (compared(&odd, &good, 1.0), compared(&good, &odd, 1.0)),
            (Mark::Unknown, Mark::Unknown),
            "{odd:?}"
        );
        assert_eq!(odd.beyond(1.0, 1), Mark::Unknown, "{odd:?}");
        odd.gap()
    };
    assert_eq!(unknown(None, None), Some(Gap::OneRun));
    assert_eq!(
        (unknown(Some(1), Some(0.001)), unknown(Some(0), Some(0.001)), unknown(Some(1), None)),
        ([Some(Gap::OneRun); 3]).into()
    );
    assert_eq!(unknown(None, Some(0.001)), Some(Gap::Uncounted));
    for spread in [None, Some(f64::NAN), Some(-1.0), Some(f64::INFINITY)] {
        assert_eq!(unknown(Some(5), spread), Some(Gap::NoSpread));
    }
}

#[test]
fn runs_that_are_all_equal_show_no_noise() {
    // The same seed twice, or too few digits: that is no proof that there is none.
    assert_eq!(compared(&with(0.9, 3, 0.0), &with(0.5, 3, 0.0), 1.0), Mark::Unknown);
    assert_eq!(compared(&with(0.9, 3, 1e-17), &with(0.5, 3, 0.0), 1.0), Mark::Unknown);
    assert_eq!(with(0.9, 3, 0.0).beyond(0.5, 1), Mark::Unknown);
    // What the other one shows counts for both.
    assert_eq!(compared(&with(0.9, 5, 0.0), &with(0.5, 5, 0.01), 1.0), Mark::LikelyReal);
    assert_eq!(compared(&with(0.9, 5, 0.01), &with(0.89, 5, 0.0), 1.0), Mark::WithinNoise);
    let equal = mean_of([0.1; 3].into_iter());
    assert_eq!((equal.n, equal.spread, equal.gap()), (Some(3), Some(0.0), None));
}

#[test]
fn huge_and_tiny_numbers_are_judged_like_others() {
    for scale in [1e-300, 1e-160, 1e160, 1e300] {
        let of = |one: f64, other: f64, spread: f64| {
            compared(
                &with(one * scale, 5, spread * scale),
                &with(other * scale, 5, spread * scale),
                1.0,
            )
        };
        assert_eq!(
            (of(0.9, 0.5, 0.01), of(0.9, 0.5, 0.5)),
            (Mark::LikelyReal, Mark::WithinNoise),
            "{scale}"
        );
    }
    let odd = [f64::MAX, f64::MIN, 0.0, f64::MIN_POSITIVE];
    for one in odd {
        for other in odd {
            // Whatever comes of it, it is no panic.
            let _ = (
                compared(&with(one, u32::MAX, other.abs()), &with(other, 2, one.abs()), 1e300),
                with(one, 2, other.abs()).beyond(other, usize::MAX),
            );
        }
    }
}

#[test]
fn a_series_of_single_runs_has_no_improvement_that_may_be_luck() {
    let of = |better: Better, values: &[f64]| steps(better, &plain(values));
    let (real, luck, nothing) = (Step::Improvement, Step::Doubtful, Step::Nothing);
    assert_eq!(of(Better::Higher, &[0.5, 0.5, 0.500_1]), [real, nothing, luck]);
    assert_eq!(of(Better::Lower, &[0.5, 0.6, 0.4, 0.4]), [real, nothing, luck, nothing]);
    assert_eq!(of(Better::Lower, &[]), []);
    // Far above everything that came before: no further value of the same kind.
    assert_eq!(
        of(Better::Higher, &[0.50, 0.49, 0.51, 0.48, 0.90, 0.89]),
        [real, nothing, luck, nothing, real, nothing]
    );
    assert_eq!(
        of(Better::Lower, &[0.50, 0.49, 0.51, 0.48, 0.10]),
        [real, luck, nothing, luck, real]
    );
    // What rises all the time is never counted as a sprint without improvement.
    assert!(!of(Better::Higher, &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]).contains(&nothing));
}

#[test]
fn in_a_series_of_repeated_runs_small_steps_count_together() {
    let (real, nothing) = (Step::Improvement, Step::Nothing);
    let values = [0.50, 0.51, 0.52, 0.53, 0.60, 0.61].map(|value| with(value, 5, 0.02));
    // The error of a difference is 0.0126: a step of 0.01 is noise; four times that, further on, is none.
    assert_eq!(steps(Better::Higher, &values), [real, nothing, nothing, nothing, real, nothing]);
    // A single run at the start can be compared with nothing, and a lucky one does not raise the bar.
    let mixed = [plain(&[0.70])[0], values[0], values[4]];
    assert_eq!(steps(Better::Higher, &mixed), [real, nothing, real]);
}

#[test]
fn the_more_was_tried_the_further_away_it_must_be() {
    assert_eq!(
        (
            comparisons(2, true),
            comparisons(2, false),
            comparisons(11, true),
            comparisons(11, false)
        ),
        (1.0, 1.0, 10.0, 100.0)
    );
    let (one, other) = (with(0.93, 5, 0.02), with(0.88, 5, 0.02));
    assert_eq!(
        (compared(&one, &other, 1.0), compared(&one, &other, 100.0)),
        (Mark::LikelyReal, Mark::WithinNoise)
    );
    assert_eq!((one.beyond(0.9, 1), one.beyond(0.9, 50)), (Mark::LikelyReal, Mark::WithinNoise));
}
