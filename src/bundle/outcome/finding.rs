//! The verdict on the idea, and what it rests on.

use std::collections::BTreeMap;

use super::metrics::figures;
use super::{MAX_FINDING, MAX_WRAPS, Read, check_version, name_of, quoted, shown};
use crate::domain::finding::MAX_FIGURES;
use crate::domain::text::one_line;
use crate::domain::written::{self, Got, Node};
use crate::domain::{Finding, Verdict};

/// Reads `finding.json`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn finding(bytes: &[u8]) -> Result<Read<Finding>, String> {
    written::only(&written::documents(bytes, MAX_FINDING)?, |document| find_finding(document, 0))
}

/// Where else a model puts the verdict, in the order in which they are tried.
const OTHER_VERDICTS: &[&str] = &["finding", "outcome", "conclusion", "result", "decision"];
/// Where it puts the sentence.
const STATEMENTS: &[&str] = &[
    "statement",
    "summary",
    "finding",
    "claim",
    "conclusion",
    "description",
    "text",
    "result",
    "explanation",
];

fn find_finding(node: &Node, depth: usize) -> Result<Read<Finding>, String> {
    let node = node.unlisted();
    let Node::Table(members) = node else {
        return Err(format!("is {}: expected an object", node.kind()));
    };
    let mut problems = Vec::new();
    // The table itself says it, or one of those in it.
    let own = of_table(node, &mut problems);
    match own {
        Err(None) if depth < MAX_WRAPS => {
            let inner: Vec<Node> = members
                .iter()
                .filter(|(_, inner)| matches!(inner.unlisted(), Node::Table(_)))
                .map(|(_, inner)| inner.clone())
                .collect();
            if inner.is_empty() {
                Err("has no verdict".to_owned())
            } else {
                written::only(&inner, |inner| find_finding(inner, depth + 1))
            }
        }
        Err(problem) => Err(problem.unwrap_or_else(|| "has no verdict".to_owned())),
        Ok(finding) => Ok(Read::new(finding.sound(), problems)),
    }
}

/// The finding of a table. `Err(None)`: it says nothing of a verdict.
fn of_table(node: &Node, problems: &mut Vec<String>) -> Result<Finding, Option<String>> {
    check_version(node, problems)?;
    let verdict = match node.get(&["verdict"]) {
        // The whole finding lies in there.
        Got::One(told) if told.unlisted().one(&["verdict"]).is_some() => return Err(None),
        Got::One(told) => word_of(told).ok_or_else(|| no_verdict(told))?,
        Got::Twice(one, other) => {
            return Err(Some(format!("has two verdicts, {} and {}", shown(one), shown(other))));
        }
        Got::Nothing => {
            let mut told = OTHER_VERDICTS
                .iter()
                .filter_map(|key| node.one(&[key]))
                .filter(|told| matches!(told.unlisted(), Node::Text(_)))
                .filter_map(word_of);
            let verdict = told.next().ok_or(None)?;
            if told.any(|other| other != verdict) {
                return Err(Some("has two verdicts that differ".to_owned()));
            }
            verdict
        }
    };
    let confidence = match node.get(&["confidence", "probability", "certainty"]) {
        Got::Nothing => None,
        Got::One(told) => share(told).or_else(|| {
            problems.push(format!("confidence is {}: expected a number from 0 to 1", shown(told)));
            None
        }),
        Got::Twice(one, other) => {
            problems.push(format!(
                "confidence is given twice, as {} and as {}",
                shown(one),
                shown(other)
            ));
            None
        }
    };
    let is_sentence = |node: &&Node| matches!(node, Node::Text(text) if !one_line(text, 1).is_empty() && word_of(node).is_none());
    let statement = match node.get(&["statement"]) {
        Got::One(Node::Text(text)) if !one_line(text, 1).is_empty() => text.clone(),
        Got::One(Node::Text(_)) | Got::Nothing => {
            match STATEMENTS.iter().filter_map(|key| node.one(&[key])).find(is_sentence) {
                Some(Node::Text(text)) => text.clone(),
                _ => {
                    problems.push("has no statement".to_owned());
                    String::new()
                }
            }
        }
        Got::One(other) => {
            problems.push(format!("has {} as its statement: expected a text", other.kind()));
            String::new()
        }
        Got::Twice(..) => {
            problems.push("has two statements that differ".to_owned());
            String::new()
        }
    };
    let numbers = numbers(node, problems);
    Ok(Finding { verdict, confidence, statement, numbers })
}

fn numbers(node: &Node, problems: &mut Vec<String>) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    let told = match node.get(&["numbers", "figures", "metrics", "values"]) {
        Got::Nothing => return numbers,
        Got::One(Node::Table(members)) => members,
        Got::One(list @ Node::List(_)) => {
            // As in the file of figures.
            match figures(list, problems) {
                Ok(figures) => {
                    numbers.extend(figures.into_iter().map(|figure| (figure.name, figure.value)))
                }
                Err(problem) => problems.push(format!("numbers {problem}")),
            }
            return numbers;
        }
        Got::One(other) => {
            problems.push(format!("numbers is {}: expected an object", other.kind()));
            return numbers;
        }
        Got::Twice(..) => {
            problems.push("numbers is given twice".to_owned());
            return numbers;
        }
    };
    let mut twice = Vec::new();
    for (name, value) in told {
        let figure =
            written::figure(value).or_else(|| written::figure(value.one(&["value", "mean"])?));
        match (name_of(name), figure) {
            (Err(problem), _) => problems.push(format!("a number's name {problem}")),
            (Ok(name), None) => {
                problems.push(format!("numbers.{name} is {}: expected a number", shown(value)))
            }
            (Ok(name), Some(figure)) if !figure.value.is_finite() => {
                problems.push(format!("numbers.{name} is {}: left out", shown(value)))
            }
            (Ok(_), Some(_)) if numbers.len() >= MAX_FIGURES => {
                problems.push(format!("there are more than {MAX_FIGURES} numbers"));
                break;
            }
            (Ok(name), Some(figure)) => {
                let number = if figure.unit == "%" { figure.value / 100.0 } else { figure.value };
                if numbers.insert(name.clone(), number).is_some_and(|known| known != number) {
                    twice.push(name);
                }
            }
        }
    }
    for name in twice {
        if numbers.remove(&name).is_some() {
            problems
                .push(format!("numbers.{name} is given twice, with different values: left out"));
        }
    }
    numbers
}

fn word_of(node: &Node) -> Option<Verdict> {
    match node.unlisted() {
        Node::Text(text) => written::verdict(text),
        table @ Node::Table(_) => match table.one(&["value", "label", "word"])? {
            Node::Text(text) => written::verdict(text),
            _ => None,
        },
        _ => None,
    }
}

fn no_verdict(told: &Node) -> Option<String> {
    Some(match told {
        Node::Text(word) => {
            format!("has the verdict {}: expected supported, refuted or inconclusive", quoted(word))
        }
        other => format!(
            "has {} as its verdict: expected supported, refuted or inconclusive",
            other.kind()
        ),
    })
}

/// A share from 0 to 1, also in percent.
fn share(node: &Node) -> Option<f64> {
    let figure = written::figure(node)?;
    let value = match (figure.unit.as_str(), figure.value) {
        ("%", value) => value / 100.0,
        // Smaller ones could be marks out of ten.
        ("", value) if value > 10.0 => value / 100.0,
        ("", value) => value,
        _ => return None,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}
