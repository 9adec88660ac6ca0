//! Words of options as values of the domain, and what is said when a word is none of them.

use super::exit::Result;
use super::text;
use crate::domain::task::parse_need;
use crate::domain::{Condition, Priority, Status, Verdict, suggestion};
use crate::problem::{Problem, ProblemKind};

/// The problem, with the known word that is most like the given one.
pub fn did_you_mean<'a>(
    problem: Problem,
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    match suggestion::nearest(word, known) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None => problem,
    }
}

/// `--status` of a sprint.
pub fn status(word: &str) -> Result<Status> {
    let words: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let expected = format!("one of {}", words.join(", "));
    Status::parse(word).ok_or_else(|| unexpected("--status", word, &expected, &words))
}

/// `--priority` of a task.
pub fn priority(word: &str) -> Result<Priority> {
    Priority::parse(word)
        .ok_or_else(|| unexpected("--priority", word, "p0, p1 or p2", &["p0", "p1", "p2"]))
}

/// `--verdict` of what was found out. `expected` lists the words for people.
pub fn verdict(word: &str, expected: &str) -> Result<Verdict> {
    let words = ["supported", "refuted", "inconclusive"];
    Verdict::parse(word).ok_or_else(|| unexpected("--verdict", word, expected, &words))
}

/// `--needs` of a task: `ID` or `ID:HOW`, each.
pub fn needs(texts: &[String]) -> Result<Vec<(String, Condition)>> {
    let need = |text: &String| match parse_need(text) {
        Ok((id, condition)) => Ok((id.to_owned(), condition)),
        Err(problem) => Err(Problem::new(ProblemKind::Usage, format!("--needs {problem}"))),
    };
    texts.iter().map(need).collect()
}

fn unexpected(option: &str, word: &str, expected: &str, words: &[&str]) -> Problem {
    let message = format!("{option} {:?}: expected {expected}", text::clean(word));
    did_you_mean(Problem::new(ProblemKind::Usage, message), word, words.iter().copied())
}
