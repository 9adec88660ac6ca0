//! Reads what a job says came out: `finding.json`, `results/metrics.json`, and the last line of
//! an evaluator. A model wrote the first two: what has one meaning is taken, and what is left out is
//! named.

mod finding;
mod measured;
mod metrics;

#[cfg(test)]
mod tests;

pub use finding::finding;
pub use measured::{Measurement, measured, measured_in, measurement};
pub use metrics::metrics;

use super::FORMAT_VERSION;
use crate::domain::finding::MAX_NAME;
use crate::domain::text::one_line;
use crate::domain::written::{Got, Node};

/// A larger `finding.json` is refused.
pub const MAX_FINDING: u64 = 64 << 10;
/// A larger `metrics.json` is refused.
pub const MAX_METRICS: u64 = 256 << 10;
/// Somebody reads these: a file with nothing but mistakes has enough of them in a few lines.
const MAX_PROBLEMS: usize = 8;
/// How deep in other tables a finding or figures may lie.
const MAX_WRAPS: usize = 3;

/// What was read, and what was wrong with parts of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    /// What is sound.
    pub value: T,
    /// What was left out, and why.
    pub problems: Vec<String>,
}

impl<T> Read<T> {
    fn new(value: T, mut problems: Vec<String>) -> Self {
        if problems.len() > MAX_PROBLEMS {
            let more = problems.len() - (MAX_PROBLEMS - 1);
            problems.truncate(MAX_PROBLEMS - 1);
            problems.push(format!("and {more} more mistakes"));
        }
        Self { value, problems }
    }
}

/// A newer version may mean something else. What is no version says nothing.
fn check_version(node: &Node, problems: &mut Vec<String>) -> Result<(), Option<String>> {
    let told = match node.get(&["v", "version", "formatversion"]) {
        Got::Nothing => return Ok(()),
        Got::One(told) => told,
        Got::Twice(..) => return Err(Some("has two format versions".to_owned())),
    };
    let number = told
        .plain()
        .and_then(|text| text.trim().trim_start_matches(['v', 'V']).parse::<f64>().ok());
    match number {
        Some(number) if number >= f64::from(FORMAT_VERSION + 1) => {
            Err(Some(format!("has format version {}: expected {FORMAT_VERSION}", shown(told))))
        }
        Some(_) => Ok(()),
        None => {
            problems.push(format!("has format version {}: read as {FORMAT_VERSION}", shown(told)));
            Ok(())
        }
    }
}

fn name_of(name: &str) -> Result<String, String> {
    match one_line(name, usize::MAX) {
        name if name.is_empty() => Err("is empty".to_owned()),
        name if name.chars().count() > MAX_NAME => {
            Err(format!("is longer than {MAX_NAME} characters"))
        }
        name => Ok(name),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text, 60))
}

fn shown(node: &Node) -> String {
    match node {
        Node::Text(text) => quoted(text),
        Node::Null => "null".to_owned(),
        Node::Bool(truth) => truth.to_string(),
        Node::Number(number) => number.to_string(),
        other => other.kind().to_owned(),
    }
}
