//! Numbers as models write them, where they mean one thing.

use super::node::Node;

/// Units that may stand behind a number. No word that could be a factor is among them.
const UNITS: &[&str] = &[
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "min",
    "mins",
    "minute",
    "minutes",
    "h",
    "hour",
    "hours",
    "mb",
    "gb",
    "mib",
    "gib",
    "kib",
    "kb",
    "hz",
    "khz",
    "mhz",
    "ghz",
    "db",
    "nats",
    "nat",
    "bits",
    "bpc",
    "bpb",
    "points",
    "pp",
    "tokens",
    "steps",
    "epochs",
    "usd",
    "eur",
    "tokens/s",
    "samples/s",
    "it/s",
    "mm",
    "cm",
    "km",
];

/// A number with what stood beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// As it was written; `93.1%` is 93.1. It may be not finite.
    pub value: f64,
    /// What stood behind it: `%`, `ms`; may be empty.
    pub unit: String,
    /// It was followed by `± 0.1`, of which nobody says what it is.
    pub has_bounds: bool,
}

/// Reads a number or a text that is one.
pub fn figure(node: &Node) -> Option<Figure> {
    match node.unlisted() {
        Node::Number(value) => {
            Some(Figure { value: *value, unit: String::new(), has_bounds: false })
        }
        Node::Text(text) => of_text(text),
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Table(_) => None,
    }
}

/// Reads a count: a whole number from 1.
pub fn whole_number(node: &Node) -> Option<u32> {
    let Figure { value, unit, has_bounds } = figure(node)?;
    let is_count = value.fract() == 0.0
        && (1.0..=f64::from(u32::MAX)).contains(&value)
        && unit.is_empty()
        && !has_bounds;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    is_count.then_some(value as u32)
}

fn of_text(text: &str) -> Option<Figure> {
    // Longer ones are sentences.
    if text.len() > 100 {
        return None;
    }
    let text = text.trim();
    let bounds = ["±", "+/-", "+-"].into_iter().find_map(|mark| text.split_once(mark));
    if let Some((value, spread)) = bounds
        && !value.trim().is_empty()
    {
        let (value, spread) = (of_text(value)?, of_text(spread)?);
        let unit = if value.unit.is_empty() { spread.unit } else { value.unit };
        return Some(Figure { value: value.value, unit, has_bounds: true });
    }
    if let Some(value) = plain(text) {
        return Some(Figure { value, unit: String::new(), has_bounds: false });
    }
    let percent = text.strip_suffix(['%', '％']).or_else(|| {
        let lower = text.to_ascii_lowercase();
        ["percent", "per cent", "pct"]
            .into_iter()
            .find_map(|word| lower.ends_with(word).then(|| text.len() - word.len()))
            .and_then(|at| text.get(..at))
    });
    if let Some(number) = percent {
        return Some(Figure { value: plain(number)?, unit: "%".to_owned(), has_bounds: false });
    }
    let at = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ')')? + 1;
    let (number, unit) = (text.get(..at)?, text.get(at..)?.trim());
    let known = UNITS.iter().any(|known| unit.eq_ignore_ascii_case(known));
    Some(Figure {
        value: plain(number).filter(|_| known)?,
        unit: unit.to_owned(),
        has_bounds: false,
    })
}

/// A number alone. What is not finite is one, too.
pub(super) fn plain(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 400 {
        return None;
    }
    let text: String = text
        .chars()
        .map(|c| match c {
            '\u{2212}' | '\u{2013}' => '-',
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            c => c,
        })
        .collect();
    if let Some(inner) = of_library(&text) {
        return plain(inner);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, text.strip_prefix('+').unwrap_or(&text).trim_start()),
    };
    match digits.to_ascii_lowercase().as_str() {
        "nan" | ".nan" => return Some(f64::NAN),
        "inf" | ".inf" | "infinity" | "∞" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let (mantissa, power) = exponent(digits)?;
    let plain = ungrouped(mantissa)?;
    // Its own reader is exact, and bounded.
    format!("{plain}e{power}").parse::<f64>().ok().map(|value| sign * value)
}

/// What is in `np.float64(0.93)`, `tensor(0.93)`, `Decimal(0.93)`.
fn of_library(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('(')?;
    let inner = rest.strip_suffix(')')?;
    let last = name.rsplit('.').next()?.trim_end_matches(|c: char| c.is_ascii_digit());
    (matches!(last, "float" | "int" | "uint" | "tensor" | "Decimal" | "double" | "array")
        && !inner.contains('('))
    .then_some(inner)
}

/// `1.5e-3`, `1.5 x 10^-3`, `1.5×10⁻³` without the last: the number before, and the power of ten.
fn exponent(text: &str) -> Option<(&str, i32)> {
    let power = |text: &str| text.trim().parse::<i32>().ok().filter(|_| text.trim().len() <= 8);
    for times in ["×", "x", "*", "·"] {
        if let Some((mantissa, rest)) = text.split_once(times) {
            let rest = rest.trim_start().strip_prefix("10")?;
            let rest = rest.strip_prefix("**").or_else(|| rest.strip_prefix('^'))?;
            return Some((mantissa.trim(), power(rest.trim_matches(['{', '}', '(', ')']))?));
        }
    }
    match text.split_once(['e', 'E']) {
        Some((mantissa, rest)) => Some((mantissa, power(rest)?)),
        None => Some((text, 0)),
    }
}

/// Digits with at most one point. `1,234.5`, `1 234`, `1_000` and `0,93` mean one number; `1,234` could be
/// two.
fn ungrouped(text: &str) -> Option<String> {
    if text.is_empty()
        || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '_' | '\''))
        || !text.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let (group, decimal) = match (points, commas) {
        (0, 0) => (None, '.'),
        (1, 0) => (None, '.'),
        (0, 1) => {
            let (before, after) = text.split_once(',')?;
            let could_be_thousands =
                after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
            if could_be_thousands {
                return None;
            }
            (None, ',')
        }
        (0, _) => (Some(','), '.'),
        (_, 0) => (Some('.'), ','),
        (1, _) if text.find(',') < text.find('.') => (Some(','), '.'),
        (_, 1) if text.find('.') < text.find(',') => (Some('.'), ','),
        _ => return None,
    };
    let (whole, fraction) = text.split_once(decimal).unwrap_or((text, ""));
    if !fraction.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let mut parts = whole.split(|c| Some(c) == group || matches!(c, ' ' | '\''));
    let first = parts.next().unwrap_or_default();
    let mut digits = first.replace('_', "");
    for part in parts {
        // Groups are of three, behind one to three.
        if part.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        digits.push_str(part);
    }
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.replace('_', "");
    if digits.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = if digits.is_empty() { "0" } else { &digits };
    Some(if fraction.is_empty() { digits.to_owned() } else { format!("{digits}.{fraction}") })
}
