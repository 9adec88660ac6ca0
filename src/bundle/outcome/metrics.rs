//! Key figures, in every shape that means the same.

use std::collections::BTreeMap;

use super::{MAX_METRICS, MAX_WRAPS, Read, check_version, name_of, quoted, shown};
use crate::domain::finding::MAX_FIGURES;
use crate::domain::written::{self, Got, Node};
use crate::domain::{Metric, Source};

/// Reads `results/metrics.json`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn metrics(bytes: &[u8]) -> Result<Read<Vec<Metric>>, String> {
    let documents = written::documents(bytes, MAX_METRICS)?;
    // A figure a line.
    let is_figure = |node: &Node| node.one(NAMES).is_some() && node.one(VALUES).is_some();
    let documents = if documents.len() > 1 && documents.iter().all(is_figure) {
        vec![Node::List(documents)]
    } else {
        documents
    };
    written::only(&documents, |document| {
        let mut problems = Vec::new();
        check_version(document, &mut problems).map_err(Option::unwrap_or_default)?;
        let metrics = figures(document, &mut problems)?;
        Ok(Read::new(metrics, problems))
    })
}

/// Where a model puts the figures.
const WRAPS: &[&str] = &["metrics", "figures", "results", "values", "scores", "numbers", "finding"];
/// What it calls a figure's name, its value, and the rest.
const NAMES: &[&str] = &["name", "metric", "key", "label", "id"];
const VALUES: &[&str] = &["value", "mean", "val", "score", "average", "avg"];
const COUNTS: &[&str] = &["n", "runs", "nruns", "numruns", "seeds", "nseeds", "numseeds"];
const SPREADS: &[&str] = &["spread", "std", "sd", "stdev", "stddev", "standarddeviation"];

/// The figures in a document.
///
/// # Errors
/// There is something, and none of it is a figure.
pub(super) fn figures(node: &Node, problems: &mut Vec<String>) -> Result<Vec<Metric>, String> {
    let mut inner = node;
    for _ in 0..MAX_WRAPS {
        match inner.get(WRAPS) {
            // Beside figures of its own, `scores` may be anything.
            Got::One(_)
                if inner.get(&["metrics", "figures"]) == Got::Nothing && has_figures(inner) =>
            {
                break;
            }
            Got::One(deeper @ (Node::List(_) | Node::Table(_))) => inner = deeper,
            Got::Twice(..) => {
                return Err("gives its figures twice, with different values".to_owned());
            }
            Got::One(_) | Got::Nothing => break,
        }
    }
    let mut all = Gathered {
        problems,
        told: BTreeMap::new(),
        metrics: Vec::new(),
        not_finite: 0,
        twice: Vec::new(),
    };
    match inner {
        Node::List(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| all.item(&format!("metric {}", index + 1), item)),
        Node::Table(_) if inner.one(NAMES).is_some() && inner.one(VALUES).is_some() => {
            all.item("the metric", inner)
        }
        Node::Table(members) => {
            for (name, value) in members {
                if !matches!(name.to_ascii_lowercase().as_str(), "v" | "version" | "format_version")
                {
                    all.member(name, value, std::ptr::eq(inner, node));
                }
            }
        }
        other => return Err(format!("has {} where a list of metrics was expected", other.kind())),
    }
    let says_none = match inner {
        Node::List(items) => items.is_empty(),
        Node::Table(members) => members.is_empty() && !std::ptr::eq(inner, node),
        _ => false,
    };
    let Gathered { mut metrics, twice, not_finite, .. } = all;
    metrics.retain(|metric| !twice.contains(&metric.name));
    for name in twice {
        problems.push(format!("{name} is given twice, with different values: left out"));
    }
    if metrics.len() > MAX_FIGURES {
        metrics.truncate(MAX_FIGURES);
        problems.push(format!("there are more than {MAX_FIGURES} metrics"));
    }
    if metrics.is_empty() && not_finite == 0 && !says_none {
        return Err(problems.first().map_or_else(
            || "has no list `metrics`".to_owned(),
            |problem| format!("has no figure that can be used: {problem}"),
        ));
    }
    Ok(metrics)
}

/// Whether a table names figures itself.
fn has_figures(node: &Node) -> bool {
    let Node::Table(members) = node else { return false };
    let is_figure = |name: &str, value: &Node| {
        matches!(value, Node::Number(_)) && !matches!(name, "v" | "version" | "format_version")
    };
    members.iter().any(|(name, value)| is_figure(&name.to_ascii_lowercase(), value))
}

/// Figures as they are found.
struct Gathered<'a> {
    problems: &'a mut Vec<String>,
    /// Places in `metrics` by name.
    told: BTreeMap<String, usize>,
    metrics: Vec<Metric>,
    /// How many values were honest, and no number.
    not_finite: usize,
    /// Names that were told twice, differently.
    twice: Vec<String>,
}

impl Gathered<'_> {
    /// An item of a list: a table with a name, a table of figures, or a pair.
    fn item(&mut self, place: &str, item: &Node) {
        match item {
            Node::Table(_)
                if item.get(NAMES) != Got::Nothing || item.get(VALUES) != Got::Nothing =>
            {
                match item.get(NAMES) {
                    Got::One(Node::Text(name)) => match name_of(name) {
                        Ok(name) => self.table(place, &name, item),
                        Err(problem) => {
                            self.problems.push(format!("{place} has a name that {problem}"))
                        }
                    },
                    Got::One(other) => self
                        .problems
                        .push(format!("{place} has {} as its name: expected a text", other.kind())),
                    Got::Twice(..) => self.problems.push(format!("{place} has two names")),
                    Got::Nothing => self.problems.push(format!("{place} has no name")),
                }
            }
            Node::Table(members) if !members.is_empty() => {
                members.iter().for_each(|(name, value)| self.member(name, value, false))
            }
            Node::List(pair) => match pair.as_slice() {
                [Node::Text(name), value] => self.member(name, value, false),
                _ => self.problems.push(format!("{place} is a list: expected an object")),
            },
            other => self.problems.push(format!("{place} is {}: expected an object", other.kind())),
        }
    }

    /// A figure under its name. Beside the figures of a `bare` document may stand what is none.
    fn member(&mut self, name: &str, value: &Node, bare: bool) {
        match (name_of(name), value) {
            (Ok(name), Node::Table(_)) if value.get(VALUES) != Got::Nothing => {
                self.table(&format!("the metric {name}"), &name, value)
            }
            (Ok(name), Node::Number(_) | Node::Text(_)) if written::figure(value).is_some() => {
                let item = Node::Table(vec![("value".to_owned(), value.clone())]);
                self.table(&format!("the metric {name}"), &name, &item);
            }
            (Ok(_), Node::Text(_) | Node::Bool(_) | Node::Null | Node::List(_)) if bare => {}
            (Ok(name), other) => self
                .problems
                .push(format!("the metric {name} is {}: expected a number", shown(other))),
            (Err(problem), _) => self.problems.push(format!("a metric's name {problem}")),
        }
    }

    fn table(&mut self, place: &str, name: &str, item: &Node) {
        let mut problems = Vec::new();
        match metric(name, item, &mut problems) {
            Ok(metric) => match self.told.get(name) {
                Some(known) if self.metrics[*known] == metric => {}
                Some(_) if self.twice.iter().any(|known| known == name) => {}
                Some(_) => self.twice.push(name.to_owned()),
                None if self.metrics.len() > MAX_FIGURES => {}
                None => {
                    self.told.insert(name.to_owned(), self.metrics.len());
                    self.metrics.push(metric);
                }
            },
            Err(Missing::NotFinite(problem)) => {
                self.not_finite += 1;
                problems.push(problem);
            }
            Err(Missing::Unusable(problem)) => problems.push(problem),
        }
        // Once is enough where the place is the name.
        let place =
            if place.ends_with(name) { place.to_owned() } else { format!("{place} ({name})") };
        self.problems.extend(problems.into_iter().map(|problem| format!("{place}{problem}")));
    }
}

/// Why there is no figure, as the rest of a sentence.
enum Missing {
    NotFinite(String),
    Unusable(String),
}

/// Units that a share has.
fn is_percent(unit: &str) -> bool {
    matches!(unit.trim().to_ascii_lowercase().as_str(), "%" | "percent" | "percentage" | "pct")
}

fn metric(name: &str, item: &Node, problems: &mut Vec<String>) -> Result<Metric, Missing> {
    let told = match item.get(VALUES) {
        Got::One(told) => told,
        Got::Twice(one, other) => {
            return Err(Missing::Unusable(format!(
                " has two values, {} and {}",
                shown(one),
                shown(other)
            )));
        }
        Got::Nothing => return Err(Missing::NotFinite(" has no value: left out".to_owned())),
    };
    let figure = written::figure(told).ok_or_else(|| {
        Missing::Unusable(format!(" has the value {}: expected a number", shown(told)))
    })?;
    if !figure.value.is_finite() {
        return Err(Missing::NotFinite(format!(" has the value {}: left out", shown(told))));
    }
    let mut odd = |what: &str, value: &Node, expected: &str| {
        problems.push(format!(": {what} is {}: expected {expected}", shown(value)))
    };
    let mut unit = match item.get(&["unit", "units"]) {
        Got::Nothing => String::new(),
        Got::One(Node::Text(unit)) => unit.clone(),
        Got::One(other) | Got::Twice(other, _) => {
            odd("unit", other, "a text");
            String::new()
        }
    };
    let mut value = figure.value;
    if figure.unit == "%"
        && matches!(
            unit.trim().to_ascii_lowercase().as_str(),
            "fraction" | "ratio" | "proportion" | "share"
        )
    {
        value /= 100.0;
    } else if !figure.unit.is_empty()
        && (unit.trim().is_empty() || figure.unit == "%" && is_percent(&unit))
    {
        unit.clone_from(&figure.unit);
    } else if !figure.unit.is_empty() && !figure.unit.eq_ignore_ascii_case(unit.trim()) {
        return Err(Missing::Unusable(format!(
            " has the value {} and the unit {}",
            shown(told),
            quoted(&unit)
        )));
    }
    let better = better_of(item, &mut odd);
    let (n, spread) = uncertainty(item, &mut odd);
    if figure.has_bounds && spread.is_none() {
        problems.push(format!(
            ": of {} the part behind ± is left out: it is not said what it is",
            shown(told)
        ));
    }
    let metric =
        Metric { name: name.to_owned(), value, unit, better, n, spread, source: Source::Agent };
    metric.sound().ok_or_else(|| Missing::Unusable(" has no figure".to_owned()))
}

/// Which way is better, in a word or as the answer to a question.
fn better_of(item: &Node, odd: &mut impl FnMut(&str, &Node, &str)) -> String {
    match item.get(&["better", "direction", "goal", "objective"]) {
        Got::One(Node::Text(word)) if word.trim().is_empty() => return String::new(),
        Got::One(told) => {
            let word = if let Node::Text(word) = told { written::better(word) } else { None };
            if word.is_none() {
                odd("better", told, "higher or lower");
            }
            return word.unwrap_or_default().to_owned();
        }
        Got::Twice(told, _) => {
            odd("better", told, "one word");
            return String::new();
        }
        Got::Nothing => {}
    }
    let truth = |keys: &[&str]| match item.one(keys) {
        Some(Node::Bool(truth)) => Some(*truth),
        Some(Node::Text(word)) if word.eq_ignore_ascii_case("true") => Some(true),
        Some(Node::Text(word)) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    let higher = truth(&["higherisbetter", "greaterisbetter", "maximize", "maximise"]);
    let lower = truth(&["lowerisbetter", "smallerisbetter", "minimize", "minimise"]);
    match (higher, lower) {
        (Some(true), None | Some(false)) | (None, Some(false)) => "higher".to_owned(),
        (None | Some(false), Some(true)) | (Some(false), None) => "lower".to_owned(),
        _ => String::new(),
    }
}

pub(super) fn uncertainty(
    item: &Node,
    odd: &mut impl FnMut(&str, &Node, &str),
) -> (Option<u32>, Option<f64>) {
    let n = match item.get(COUNTS) {
        Got::Nothing => None,
        // The seeds themselves.
        Got::One(Node::List(seeds)) if !seeds.is_empty() => u32::try_from(seeds.len()).ok(),
        Got::One(told) | Got::Twice(told, _) => {
            let n = written::whole_number(told).filter(|_| matches!(item.get(COUNTS), Got::One(_)));
            if n.is_none() {
                odd("n", told, "a whole number from 1");
            }
            n
        }
    };
    let spread = match item.get(SPREADS) {
        Got::Nothing => None,
        Got::One(told) | Got::Twice(told, _) => {
            let figure = written::figure(told).filter(|figure| {
                figure.value.is_finite() && figure.value >= 0.0 && !figure.has_bounds
            });
            let spread = figure
                .filter(|_| matches!(item.get(SPREADS), Got::One(_)))
                .map(|figure| figure.value);
            if spread.is_none() {
                odd("spread", told, "a number from 0");
            }
            spread
        }
    };
    (n, spread)
}
