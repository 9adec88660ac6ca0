//! What tokens cost at list prices, for calls that ended before they told.
//!
//! Of every model a written token costs five times as much as a read one, one that is read from the
//! cache a tenth, and one that is written to it a quarter more. So one figure a model is enough.

use super::cost::Tokens;

/// US dollars for a million fresh input tokens, by the beginning of a model's name; the first that
/// fits counts.
const PRICES: &[(&str, f64)] = &[
    ("claude-opus-4-5", 5.0),
    ("claude-opus-4-6", 5.0),
    ("claude-opus-4-7", 5.0),
    ("claude-opus-4-8", 5.0),
    ("claude-opus-4", 15.0),
    ("claude-opus", 5.0),
    ("claude-3-opus", 15.0),
    ("claude-sonnet", 3.0),
    ("claude-3-5-sonnet", 3.0),
    ("claude-3-7-sonnet", 3.0),
    ("claude-haiku", 1.0),
    ("claude-3-5-haiku", 1.0),
    ("claude-3-haiku", 1.0),
];
/// The same for a model that is not known: rather too much.
const UNKNOWN: f64 = 15.0;

/// US dollars for one fresh input token of a model.
pub(super) fn list_price(model: Option<&str>) -> f64 {
    let name = model.unwrap_or_default();
    PRICES
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning))
        .map_or(UNKNOWN, |(_, price)| *price)
        / 1e6
}

/// How many fresh input tokens cost as much as these. Tokens are counted in millions, not in more
/// than a float holds.
pub(super) fn weight(tokens: Tokens) -> f64 {
    let Tokens { input, output, cache_read, cache_write } = tokens;
    (cache_write as f64)
        .mul_add(1.25, (cache_read as f64).mul_add(0.1, (output as f64).mul_add(5.0, input as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_that_of_the_model_or_a_high_one() {
        for (model, dollars) in [
            (Some("claude-opus-4-1-20250805"), 15.0),
            (Some("claude-opus-4-5-20251101"), 5.0),
            (Some("claude-opus-5-5"), 5.0),
            (Some("claude-sonnet-4-6"), 3.0),
            (Some("claude-haiku-4-5-20251001"), 1.0),
            (Some("stand-in"), 15.0),
            (None, 15.0),
        ] {
            assert!((list_price(model) * 1e6 - dollars).abs() < 1e-9, "{model:?}");
        }
        assert!(
            (weight(Tokens { input: 100, output: 10, cache_read: 1000, cache_write: 80 }) - 350.0)
                .abs()
                < 1e-9
        );
    }
}
