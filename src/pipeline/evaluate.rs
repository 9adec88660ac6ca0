//! What an evaluator says about a step that ended.

use super::definition::{Evaluator, Verdict};
use super::review::{Review, review_is_clear};
use crate::domain::written;

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The agent's call ended well.
    Done,
    /// The call or the command could not be carried out, was stopped, or ran out of time.
    Failed,
    /// A command ended by itself with this code.
    Exit(i32),
}

/// A verdict with its grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What a review found: the first line of each issue.
    pub issues: Vec<String>,
    /// What people should know beyond the verdict.
    pub note: Option<&'static str>,
}

/// Judges a step. `file` is the evaluator's file, `None` when there is none.
pub fn judge(evaluator: &Evaluator<String>, outcome: Outcome, file: Option<&[u8]>) -> Judgement {
    let plain = |verdict| Judgement { verdict, issues: Vec::new(), note: None };
    let done = matches!(outcome, Outcome::Done | Outcome::Exit(0));
    match evaluator {
        Evaluator::ExitCode if outcome == Outcome::Exit(1) => plain(Verdict::No),
        _ if !done => plain(Verdict::Error),
        Evaluator::Completed | Evaluator::ExitCode => plain(Verdict::Yes),
        Evaluator::ReviewClear { .. } => match file
            .map(|bytes| review_is_clear(&written::text(bytes)))
        {
            Some(Review::Clear) => plain(Verdict::Yes),
            Some(Review::Issues(issues)) if issues.is_empty() => Judgement {
                note: Some(
                    "the section of critical issues names none, and does not hold the stop marker",
                ),
                ..plain(Verdict::No)
            },
            Some(Review::Issues(issues)) => Judgement { verdict: Verdict::No, issues, note: None },
            Some(Review::NoSection) => Judgement {
                note: Some("the review has no critical-issues section"),
                ..plain(Verdict::No)
            },
            None => Judgement { note: Some("there is no review"), ..plain(Verdict::Error) },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_follows_from_the_end_and_the_file() {
        let review = Evaluator::ReviewClear { file: "r.md".to_owned() };
        let clear: Option<&[u8]> = Some(b"## Critical issues\nNO CRITICAL ISSUES\n");
        for (evaluator, outcome, file, expected) in [
            (&Evaluator::Completed, Outcome::Done, None, "yes"),
            (&Evaluator::Completed, Outcome::Exit(0), None, "yes"),
            (&Evaluator::Completed, Outcome::Exit(1), None, "error"),
            (&Evaluator::Completed, Outcome::Failed, None, "error"),
            (&Evaluator::ExitCode, Outcome::Exit(0), None, "yes"),
            (&Evaluator::ExitCode, Outcome::Exit(1), None, "no"),
            (&Evaluator::ExitCode, Outcome::Exit(2), None, "error"),
            (&Evaluator::ExitCode, Outcome::Exit(-9), None, "error"),
            (&Evaluator::ExitCode, Outcome::Failed, None, "error"),
            (&review, Outcome::Done, clear, "yes"),
            (&review, Outcome::Done, Some(b"## Critical issues\n1. leak \xff\n"), "no"),
            (&review, Outcome::Done, Some(b"all is well"), "no"),
            (&review, Outcome::Done, None, "error"),
            // A review of a call that failed may be half of one.
            (&review, Outcome::Failed, clear, "error"),
            (&review, Outcome::Exit(1), clear, "error"),
        ] {
            assert_eq!(
                judge(evaluator, outcome, file).verdict.as_str(),
                expected,
                "{evaluator:?} {outcome:?} {file:?}"
            );
        }
    }

    #[test]
    fn a_missing_review_and_a_review_without_a_section_say_so() {
        let review = Evaluator::ReviewClear { file: "r.md".to_owned() };
        assert!(
            judge(&review, Outcome::Done, None).note.is_some_and(|note| note.contains("no review"))
        );
        assert!(
            judge(&review, Outcome::Done, Some(b""))
                .note
                .is_some_and(|note| note.contains("section"))
        );
        assert!(
            judge(&review, Outcome::Done, Some(b"# critical issues\nNone.\n"))
                .note
                .is_some_and(|note| note.contains("stop marker"))
        );
        assert_eq!(
            judge(&review, Outcome::Done, Some(b"# critical issues\n- a\n- b")).issues,
            ["a", "b"]
        );
    }
}
