//! A figure over time in a few characters.

/// So many values are drawn, the newest ones.
const MOST: usize = 20;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the newest values, one character each; nothing for less than two.
pub fn sparkline(values: &[f64]) -> String {
    let values = values.get(values.len().saturating_sub(MOST)..).unwrap_or_default();
    let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if values.len() < 2 {
        return String::new();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Divided before they are subtracted: the span of two finite values may be none.
    let span = high / 2.0 - low / 2.0;
    let bar = |value: f64| {
        let share = if span > 0.0 { (value / 2.0 - low / 2.0) / span } else { 0.5 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
        let at = (share * 7.0).round() as usize;
        BARS.get(at).copied().unwrap_or('█')
    };
    values.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_and_the_highest_value_are_seen() {
        assert_eq!(sparkline(&[1.0, 2.0, 8.0]), "▁▂█");
        assert_eq!(sparkline(&[3.0, 3.0]), "▅▅");
        assert_eq!(sparkline(&[f64::MIN, 0.0, f64::MAX]), "▁▅█");
        assert_eq!(sparkline(&[f64::NAN, 1.0]), "");
        assert_eq!(sparkline(&[1.0; 100]).chars().count(), MOST);
    }
}
