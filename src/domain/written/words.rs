//! Words of closed lists as models write them, where they mean one thing.

use crate::domain::finding::Verdict;

/// Words that say nothing of the verdict that they stand beside.
const BESIDE: &[&str] = &[
    "the",
    "a",
    "an",
    "idea",
    "hypothesis",
    "claim",
    "verdict",
    "result",
    "is",
    "was",
    "are",
    "be",
    "been",
    "has",
    "it",
    "this",
    "that",
    "by",
    "in",
    "of",
    "data",
    "evidence",
    "results",
    "experiment",
    "experiments",
    "measurements",
    "tests",
    "our",
    "all",
    "clearly",
    "strongly",
    "fully",
    "firmly",
    "we",
    "as",
    "given",
    "stated",
    "and",
    "clear",
    "strong",
    "overall",
    "final",
    "status",
    "conclusion",
    "yes",
];

/// Words behind a verdict that take something of it back.
const BACK: &[&str] = &[
    "but",
    "however",
    "although",
    "though",
    "only",
    "partly",
    "partially",
    "except",
    "unless",
    "not",
    "no",
    "never",
    "nor",
    "weak",
    "weakly",
    "some",
    "mostly",
    "may",
    "might",
    "maybe",
    "possibly",
    "likely",
    "probably",
    "limited",
    "if",
    "yet",
    "while",
    "mixed",
    "unclear",
    "cannot",
    "t",
    "or",
    "without",
    "insufficient",
    "instead",
    "fails",
    "failed",
    "unsupported",
    "wrong",
    "null",
    "h0",
    "false",
    "untrue",
    "incorrect",
    "invalid",
    "none",
    "nothing",
    "neither",
    "hardly",
    "barely",
    "scarcely",
    "lacking",
    "absent",
];

fn one_word(word: &str) -> Option<Verdict> {
    match word {
        "supported" | "supports" | "support" | "confirmed" | "confirms" | "confirm" | "proven"
        | "proved" | "proves" | "validated" | "verified" | "corroborated" | "accepted"
        | "holds" | "upheld" => Some(Verdict::Supported),
        "refuted" | "refutes" | "refute" | "rejected" | "rejects" | "disproved" | "disproven"
        | "disproves" | "falsified" | "contradicted" | "disconfirmed" | "debunked" => {
            Some(Verdict::Refuted)
        }
        "inconclusive" | "undecided" | "undetermined" | "indeterminate" | "inconclusively"
        | "unresolved" | "nonconclusive" => Some(Verdict::Inconclusive),
        _ => None,
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Reads a verdict. "Not supported" is none: it may mean two of them; neither is "partially supported".
pub fn verdict(text: &str) -> Option<Verdict> {
    // Longer ones are statements.
    if text.len() > 1000 {
        return None;
    }
    let text = text.trim();
    if let Some(verdict) = said(text) {
        return Some(verdict);
    }
    // What is behind a mark explains it, and may take it back.
    let (head, rest) = text.split_once([':', '.', ',', ';', '(', '\n', '—', '–'])?;
    let found = said(head)?;
    let rest = words(rest);
    let is_same = |word: &String| {
        !BACK.contains(&word.as_str()) && one_word(word).is_none_or(|other| other == found)
    };
    rest.iter().all(is_same).then_some(found)
}

fn said(text: &str) -> Option<Verdict> {
    let words = words(text);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["not" | "non", "conclusive"]
        | ["no", "conclusion"]
        | ["insufficient", "evidence" | "data"]
        | ["not", "enough", "evidence" | "data"] => {
            return Some(Verdict::Inconclusive);
        }
        _ => {}
    }
    let mut found = None;
    for word in &words {
        match one_word(word) {
            Some(verdict) if found.is_some_and(|known| known != verdict) => return None,
            Some(verdict) => found = Some(verdict),
            None if BESIDE.contains(&word.as_str()) => {}
            None => return None,
        }
    }
    // Marks alone may surround it; control characters and what looks like a part of a word do not.
    found.filter(|_| {
        !text.chars().any(|c| {
            c.is_control() && !c.is_whitespace() || matches!(c, '?' | '/' | '|' | '[' | '<')
        })
    })
}

/// Reads which way a figure is better: `higher`, `lower`.
pub fn better(text: &str) -> Option<&'static str> {
    let (mut up, mut down) = (false, false);
    if text.len() > 100 {
        return None;
    }
    for word in words(text) {
        match word.as_str() {
            "higher" | "high" | "max" | "maximize" | "maximise" | "maximum" | "maximized"
            | "maximised" | "larger" | "greater" | "bigger" | "more" | "up" | "increase"
            | "increasing" | "upward" => up = true,
            "lower" | "low" | "min" | "minimize" | "minimise" | "minimum" | "minimized"
            | "minimised" | "smaller" | "less" | "down" | "decrease" | "decreasing"
            | "downward" => down = true,
            "is" | "the" | "better" | "best" | "are" | "values" | "value" | "should" | "be" => {}
            _ => return None,
        }
    }
    match (up, down) {
        (true, false) => Some("higher"),
        (false, true) => Some("lower"),
        _ => None,
    }
}
