//! `results/metrics.jsonl`: how figures develop while an experiment runs, a JSON object a line. It is written
//! by a program of the agent's, and only looked at.

use crate::domain::text::one_line;
use crate::domain::written::{Node, documents, figure};

/// The file.
pub const POINTS_FILE: &str = "results/metrics.jsonl";
/// Most figures that are kept, and most points of each: the newest.
const MOST_SERIES: usize = 12;
const MOST_POINTS: usize = 200;
/// A line is not longer than this.
const MAX_LINE: u64 = 4096;
/// What counts along, and is no figure.
const COUNTERS: [&str; 12] = [
    "step",
    "epoch",
    "iteration",
    "iter",
    "batch",
    "seed",
    "time",
    "timestamp",
    "seconds",
    "t",
    "n",
    "v",
];

/// A figure over time.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its values, the newest last.
    pub values: Vec<f64>,
}

/// Reads the end of the file. Lines are `{"name": "loss", "value": 0.3, "step": 100}`, or name their figures
/// themselves: `{"step": 100, "loss": 0.3, "accuracy": 0.9}`. What is neither is left out, also a first or last
/// line that is not whole.
pub fn series(text: &str) -> Vec<Series> {
    let mut found: Vec<Series> = Vec::new();
    let mut add = |name: &str, value: f64| {
        let name = one_line(name, 60);
        if name.is_empty() || !value.is_finite() {
            return;
        }
        match found.iter().position(|series| series.name == name) {
            Some(at) => found.get_mut(at).into_iter().for_each(|series| series.values.push(value)),
            None if found.len() < MOST_SERIES => found.push(Series { name, values: vec![value] }),
            None => {}
        }
    };
    for line in text.lines() {
        let Ok(nodes) = documents(line.as_bytes(), MAX_LINE) else { continue };
        for node in &nodes {
            let named = node.one(&["name", "metric"]).and_then(|name| match name {
                Node::Text(name) => Some(name.as_str()),
                _ => None,
            });
            let value = node.one(&["value"]).and_then(figure);
            if let (Some(name), Some(value)) = (named, value) {
                add(name, value.value);
            } else if let Node::Table(members) = node {
                let is_figure =
                    |name: &str| !COUNTERS.contains(&name.to_ascii_lowercase().as_str());
                for (name, value) in members.iter().filter(|(name, _)| is_figure(name)) {
                    if let Node::Number(value) = value {
                        add(name, *value);
                    }
                }
            }
        }
    }
    for series in &mut found {
        let more = series.values.len().saturating_sub(MOST_POINTS);
        series.values.drain(..more);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_however_they_are_written() {
        let text = "lue\": 3}\n{\"name\": \"loss\", \"value\": 3, \"step\": 1}\nepoch 1 done\n\
                    {\"metric\": \"loss\", \"value\": \"2.5\", \"step\": 2}\n{\"step\": 3, \"loss\": 2, \"acc\": 0.5, \"note\": \"x\"}\n\
                    {\"name\": \"loss\", \"value\": NaN}\n[]\n{\"name\": \"bad\\u001b[2J\", \"value\": 1}\n{\"name\": \"loss\", \"val";
        let found = series(text);
        let told: Vec<(&str, &[f64])> =
            found.iter().map(|series| (series.name.as_str(), series.values.as_slice())).collect();
        assert_eq!(told, [("loss", &[3.0, 2.5, 2.0][..]), ("acc", &[0.5]), ("bad[2J", &[1.0])]);
    }

    #[test]
    fn a_long_file_is_bounded() {
        let text: String = (0..5000).map(|at| format!("{{\"f{}\": {at}}}\n", at % 50)).collect();
        let found = series(&text);
        assert_eq!(found.len(), MOST_SERIES);
        let one: String = (0..5000).map(|at| format!("{{\"loss\": {at}}}\n")).collect();
        assert_eq!(series(&one)[0].values.len(), MOST_POINTS);
        assert_eq!(series(&one)[0].values.last(), Some(&4999.0));
    }
}
