//! What an evaluator measured: a command of the user's, which prints it last.

use super::metrics::uncertainty;
use super::{MAX_FINDING, quoted, shown};
use crate::bundle::formats::EvaluatorCommand;
use crate::domain::written::{self, Got, Node};
use crate::domain::{Metric, Source};

/// What an evaluator measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Not finite when it has said so: then there is no value.
    pub value: f64,
    /// Independent runs.
    pub n: Option<u32>,
    /// Their standard deviation.
    pub spread: Option<f64>,
}

impl Measurement {
    /// As the figure of the evaluator that measured it. None when it cannot be one.
    pub fn figure(self, evaluator: &EvaluatorCommand) -> Option<Metric> {
        let Self { value, n, spread } = self;
        let (name, better) = (evaluator.metric.clone(), evaluator.better.clone());
        Metric { name, value, unit: String::new(), better, n, spread, source: Source::Evaluator }
            .sound()
    }
}

/// What the evaluator's step says of itself: `acc = 0.9`, or `acc = 0.9, n = 5, spread = 0.01`.
pub fn measured(metric: &str, what: &Measurement) -> String {
    if !what.value.is_finite() {
        return format!("{metric} has no value: the evaluator measured {}", what.value);
    }
    let n = what.n.map(|n| format!(", n = {n}")).unwrap_or_default();
    let spread = what.spread.map(|spread| format!(", spread = {spread}")).unwrap_or_default();
    format!("{metric} = {}{n}{spread}", what.value)
}

/// The figure in what the evaluator's step has said of itself.
pub fn measured_in(said: &str, metric: &str) -> Option<Measurement> {
    let mut parts = said.strip_prefix(metric)?.strip_prefix(" = ")?.split(", ");
    let value = parts.next()?.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mut found = Measurement { value, n: None, spread: None };
    for part in parts {
        match part.split_once(" = ")? {
            ("n", n) => found.n = Some(n.parse().ok()?),
            ("spread", spread) => found.spread = Some(spread.parse().ok()?),
            _ => return None,
        }
    }
    Some(found)
}

/// Reads the last line of an evaluator: a number, or `{"value": ..., "n": ..., "spread": ...}`. One that
/// is not finite is an honest answer: training may diverge.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with "the last line".
pub fn measurement(line: &str) -> Result<Measurement, String> {
    let line = line.trim();
    if line.is_empty() {
        return Err("is missing: the command printed nothing".to_owned());
    }
    let wrong = || {
        format!(
            "is {}: expected one number, or {{\"value\": ..., \"n\": ..., \"spread\": ...}}",
            quoted(line)
        )
    };
    let value_of = |node: &Node| {
        written::figure(node)
            .filter(|figure| figure.unit.is_empty() && !figure.has_bounds)
            .map(|figure| figure.value)
    };
    if !line.starts_with('{') {
        let value = value_of(&Node::Text(line.to_owned())).ok_or_else(wrong)?;
        return Ok(Measurement { value, n: None, spread: None });
    }
    let documents = written::documents(line.as_bytes(), MAX_FINDING).map_err(|_| wrong())?;
    let [object @ Node::Table(members)] = documents.as_slice() else { return Err(wrong()) };
    let value = match object.get(&["value"]) {
        Got::One(told) => value_of(told).ok_or_else(wrong)?,
        Got::Nothing
            if members.iter().any(|(key, value)| key == "value" && *value == Node::Null) =>
        {
            f64::NAN
        }
        Got::Nothing | Got::Twice(..) => return Err(wrong()),
    };
    let mut trouble = None;
    let (n, spread) = uncertainty(object, &mut |what, told, expected| {
        // The spread of what has no value has none either.
        if value.is_finite() {
            trouble = Some(format!("has {what} {}: expected {expected}", shown(told)));
        }
    });
    match trouble {
        Some(trouble) => Err(trouble),
        None => Ok(Measurement { value, n, spread }),
    }
}
