//! Student's t distribution: how likely a value at least this large is by chance.
//!
//! Hides how the tail is computed: the regularized incomplete beta function by its continued
//! fraction (Abramowitz and Stegun 26.5.8 and 26.7.1, evaluated after Lentz). It holds for any level
//! and for degrees of freedom that are no whole number.

/// With more degrees of freedom it is the normal distribution, as far as anybody can tell.
const MOST_FREEDOM: f64 = 1e6;
/// Terms of the continued fraction. It takes about the root of the degrees of freedom.
const MOST_TERMS: u32 = 20_000;

/// The probability of a value above `t` with so many degrees of freedom, one-sided. None when one of
/// them is no number, or there are no degrees of freedom.
pub fn tail(t: f64, freedom: f64) -> Option<f64> {
    if t.is_nan() || freedom.is_nan() || freedom <= 0.0 {
        return None;
    }
    let freedom = freedom.min(MOST_FREEDOM);
    // freedom / (freedom + t²), and what is missing to 1, each without loss by cancellation.
    let ratio = t / freedom.sqrt() * (t / freedom.sqrt());
    let (x, rest) =
        if ratio.is_finite() { (1.0 / (1.0 + ratio), ratio / (1.0 + ratio)) } else { (0.0, 1.0) };
    let upper = 0.5 * incomplete_beta(x, rest, 0.5 * freedom, 0.5);
    Some(if t < 0.0 { 1.0 - upper } else { upper })
}

/// The regularized incomplete beta function of `x`, where `rest` is `1 - x`.
fn incomplete_beta(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * rest.ln()).exp();
    // The fraction converges fast on one side of the mean; the other side follows by symmetry.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(rest, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let not_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut whole = d;
    for term in 1..=MOST_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for part in [even, odd] {
            d = 1.0 / not_zero(1.0 + part * d);
            c = not_zero(1.0 + part / c);
            whole *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    whole
}

/// The logarithm of the gamma function above 0, after Lanczos (g = 7, nine terms).
fn ln_gamma(x: f64) -> f64 {
    const FIRST: f64 = 0.999_999_999_999_809_9;
    const TERMS: [(f64, f64); 8] = [
        (1.0, 676.520_368_121_885_1),
        (2.0, -1_259.139_216_722_402_8),
        (3.0, 771.323_428_777_653_1),
        (4.0, -176.615_029_162_140_6),
        (5.0, 12.507_343_278_686_905),
        (6.0, -0.138_571_095_265_720_12),
        (7.0, 9.984_369_578_019_572e-6),
        (8.0, 1.505_632_735_149_311_6e-7),
    ];
    let x = x - 1.0;
    let sum = TERMS.iter().fold(FIRST, |sum, (at, term)| sum + term / (x + at));
    let base = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(t: f64, freedom: f64) -> f64 {
        tail(t, freedom).expect("numbers")
    }

    /// Whether two probabilities agree in eight digits.
    fn agree(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-8 * other.abs()
    }

    #[test]
    fn quantiles_of_the_tables_have_their_level() {
        // Two-sided 95 %, 99 % and 99.9 % of printed tables, rounded to three places.
        for (freedom, quantiles) in [
            (1.0, [12.706, 63.657, 636.619]),
            (2.0, [4.303, 9.925, 31.599]),
            (3.0, [3.182, 5.841, 12.924]),
            (5.0, [2.571, 4.032, 6.869]),
            (8.0, [2.306, 3.355, 5.041]),
            (10.0, [2.228, 3.169, 4.587]),
            (20.0, [2.086, 2.845, 3.850]),
            (30.0, [2.042, 2.750, 3.646]),
            (120.0, [1.980, 2.617, 3.373]),
            (1e12, [1.960, 2.576, 3.291]),
        ] {
            for (t, level) in quantiles.into_iter().zip([0.025, 0.005, 0.0005]) {
                assert!(
                    of(t - 0.0006, freedom) > level && of(t + 0.0006, freedom) < level,
                    "{t} with {freedom}"
                );
            }
        }
    }

    #[test]
    fn it_agrees_with_what_is_known_in_closed_form() {
        for t in [1e-6_f64, 0.01, 0.3, 1.0, 2.5, 17.0, 400.0, 1e6, 1e12] {
            assert!(agree(of(t, 1.0), (1.0 / t).atan() / std::f64::consts::PI), "1 degree, {t}");
            // 1/2 - t / (2 sqrt(2 + t²)), written so that no digits are lost.
            let root = (2.0 + t * t).sqrt();
            assert!(agree(of(t, 2.0), 1.0 / (root * (root + t))), "2 degrees, {t}");
            let angle = (t / 3.0_f64.sqrt()).atan();
            let three = 0.5 - (angle + angle.sin() * angle.cos()) / std::f64::consts::PI;
            assert!((of(t, 3.0) - three).abs() < 1e-14, "3 degrees, {t}");
        }
        // Of the normal distribution, also far out.
        for (t, level) in [
            (1.959_963_984_540_054, 0.025),
            (4.753_424_308_822_899, 1e-6),
            (6.361_340_902_404_056, 1e-10),
        ] {
            assert!(
                (of(t, f64::INFINITY) / level - 1.0).abs() < 1e-3,
                "{t}: {}",
                of(t, f64::INFINITY)
            );
        }
    }

    /// The density, added up in small steps.
    fn added_up(t: f64, freedom: f64) -> f64 {
        let scale = (ln_gamma(0.5 * (freedom + 1.0)) - ln_gamma(0.5 * freedom)).exp()
            / (freedom * std::f64::consts::PI).sqrt();
        let density = |x: f64| scale * (1.0 + x * x / freedom).powf(-0.5 * (freedom + 1.0));
        let steps = 20_000;
        let width = t / f64::from(steps);
        let whole: f64 = (0..steps)
            .map(|step| {
                let from = f64::from(step) * width;
                width / 6.0
                    * (density(from) + 4.0 * density(from + 0.5 * width) + density(from + width))
            })
            .sum();
        0.5 - whole
    }

    #[test]
    fn degrees_of_freedom_need_not_be_whole() {
        for freedom in [0.7, 1.3, 2.5, 3.7, 7.77, 41.2] {
            for t in [0.2, 1.0, 2.0, 4.5] {
                assert!(
                    (of(t, freedom) - added_up(t, freedom)).abs() < 1e-10,
                    "{t} with {freedom}"
                );
            }
            // It falls with t, and with the degrees of freedom.
            assert!(
                of(2.0, freedom) > of(2.1, freedom) && of(2.0, freedom) > of(2.0, freedom + 0.1)
            );
        }
    }

    #[test]
    fn odd_numbers_are_no_panic() {
        assert_eq!(
            (tail(f64::NAN, 3.0), tail(1.0, f64::NAN), tail(1.0, 0.0), tail(1.0, -2.0)),
            (None, None, None, None)
        );
        assert_eq!(
            (of(f64::INFINITY, 3.0), of(f64::NEG_INFINITY, 3.0), of(0.0, 3.0)),
            (0.0, 1.0, 0.5)
        );
        assert!((of(-1.5, 4.2) + of(1.5, 4.2) - 1.0).abs() < 1e-15);
        for freedom in [1e-300, 1e-3, 1e6, 1e300, f64::INFINITY] {
            for t in [0.0, 1e-300, 1.0, 1e300] {
                assert!((0.0..=0.5).contains(&of(t, freedom)), "{t} with {freedom}");
            }
        }
    }
}
