//! What came out of a sprint: the verdict on its idea, and its key figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::one_line;

/// What the evidence says about the idea, as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Supported,
    /// It does not.
    Refuted,
    /// That is not known.
    Inconclusive,
}

impl Verdict {
    /// The word in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Supported, Self::Refuted, Self::Inconclusive]
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }
}

/// At most this many figures of one kind are kept of a sprint.
pub const MAX_FIGURES: usize = 64;
/// The longest name of a figure, in characters.
pub const MAX_NAME: usize = 100;
/// The longest unit, in characters.
const MAX_UNIT: usize = 40;
/// The longest statement, in characters.
const MAX_STATEMENT: usize = 1000;

/// `finding.json`, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// About the idea.
    pub verdict: Verdict,
    /// 0 to 1: that the verdict would survive a careful repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// One sentence.
    pub statement: String,
    /// The figures that it rests on.
    #[serde(default)]
    pub numbers: BTreeMap<String, f64>,
}

impl Finding {
    /// The same within its bounds. What a journal says may be anything.
    #[must_use]
    pub fn sound(self) -> Self {
        let numbers =
            self.numbers.into_iter().map(|(name, value)| (one_line(&name, MAX_NAME), value));
        Self {
            verdict: self.verdict,
            confidence: self.confidence.filter(|confidence| (0.0..=1.0).contains(confidence)),
            statement: one_line(&self.statement, MAX_STATEMENT),
            numbers: numbers
                .filter(|(name, value)| !name.is_empty() && value.is_finite())
                .take(MAX_FIGURES)
                .collect(),
        }
    }
}

/// Who says a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The job's agent wrote it.
    #[default]
    Agent,
    /// The study's own command said it, after the agent was done.
    Evaluator,
}

impl Source {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Evaluator => "evaluator",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Self {
        if word == "evaluator" { Self::Evaluator } else { Self::Agent }
    }
}

/// A key figure, as in `results/metrics.json`, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// Finite.
    pub value: f64,
    /// May be empty.
    #[serde(default)]
    pub unit: String,
    /// `higher`, `lower` or empty.
    #[serde(default)]
    pub better: String,
    /// Independent runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Their standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Who says it.
    #[serde(default)]
    pub source: Source,
}

impl Metric {
    /// The same within its bounds; nothing when there is no figure in it.
    #[must_use]
    pub fn sound(self) -> Option<Self> {
        let name = one_line(&self.name, MAX_NAME);
        (!name.is_empty() && self.value.is_finite()).then(|| Self {
            name,
            value: self.value,
            unit: one_line(&self.unit, MAX_UNIT),
            better: if matches!(self.better.as_str(), "higher" | "lower") {
                self.better
            } else {
                String::new()
            },
            n: self.n.filter(|n| *n > 0),
            spread: self.spread.filter(|spread| spread.is_finite() && *spread >= 0.0),
            source: self.source,
        })
    }
}
