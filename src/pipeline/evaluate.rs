//! What an evaluator says about a step that ended.

use super::definition::{Evaluator, Verdict};
use super::review::{Review, read_review};
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
    /// What a review found: the first line of each issue, or, with a note, of what may be one.
    pub issues: Vec<String>,
    /// What people should know beyond the verdict.
    pub note: Option<&'static str>,
}

/// A judgement with nothing to be said of it.
fn plain(verdict: Verdict) -> Judgement {
    Judgement { verdict, issues: Vec::new(), note: None }
}

/// Judges a step. `file` is the evaluator's file, `None` when there is none; `answer` are the critical
/// issues of a reviewer's structured answer, `None` when there is no such answer.
pub fn judge(
    evaluator: &Evaluator<String>,
    outcome: Outcome,
    file: Option<&[u8]>,
    answer: Option<&[String]>,
) -> Judgement {
    let done = matches!(outcome, Outcome::Done | Outcome::Exit(0));
    match evaluator {
        Evaluator::ExitCode if outcome == Outcome::Exit(1) => plain(Verdict::No),
        _ if !done => plain(Verdict::Error),
        Evaluator::Completed | Evaluator::ExitCode => plain(Verdict::Yes),
        Evaluator::ReviewClear { .. } => judge_review(file, answer),
    }
}

/// The answer decides. Without one the file does, and also where it lists issues that an empty answer
/// does not, or holds a text that may name some: in doubt one more round is run.
fn judge_review(file: Option<&[u8]>, answer: Option<&[String]>) -> Judgement {
    let Some(file) = file else {
        return Judgement { note: Some("there is no review"), ..plain(Verdict::Error) };
    };
    let no = |note| Judgement { note: Some(note), ..plain(Verdict::No) };
    match (answer, read_review(&written::text(file))) {
        (Some(issues), _) if !issues.is_empty() => {
            Judgement { issues: issues.to_vec(), ..plain(Verdict::No) }
        }
        (_, Review::Issues(issues)) => Judgement { issues, ..plain(Verdict::No) },
        (_, Review::Prose(issues)) => Judgement {
            issues,
            ..no("the section of critical issues is neither a list nor the stop marker alone")
        },
        (Some(_), _) | (None, Review::Clear) => plain(Verdict::Yes),
        (None, Review::Unclear) => {
            no("the section of critical issues names none, and does not hold the stop marker alone")
        }
        (None, Review::NoSection) => no("the review has no critical-issues section"),
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
                judge(evaluator, outcome, file, None).verdict.as_str(),
                expected,
                "{evaluator:?} {outcome:?} {file:?}"
            );
        }
    }

    #[test]
    fn a_missing_review_and_a_review_without_a_section_say_so() {
        let review = Evaluator::ReviewClear { file: "r.md".to_owned() };
        assert!(
            judge(&review, Outcome::Done, None, None)
                .note
                .is_some_and(|note| note.contains("no review"))
        );
        assert!(
            judge(&review, Outcome::Done, Some(b""), None)
                .note
                .is_some_and(|note| note.contains("section"))
        );
        assert!(
            judge(&review, Outcome::Done, Some(b"# critical issues\n\n"), None)
                .note
                .is_some_and(|note| note.contains("stop marker"))
        );
        assert_eq!(
            judge(&review, Outcome::Done, Some(b"# critical issues\n- a\n- b"), None).issues,
            ["a", "b"]
        );
    }

    /// "None." is no issue, and "The split leaks." is one: how many there are is not known.
    #[test]
    fn a_text_in_the_section_is_in_doubt_and_quoted() {
        let review = Evaluator::ReviewClear { file: "r.md".to_owned() };
        for answer in [None, Some(&[][..])] {
            let file: &[u8] = b"## Critical issues\n\nNone.\n";
            let judgement = judge(&review, Outcome::Done, Some(file), answer);
            assert_eq!(judgement.verdict, Verdict::No);
            assert_eq!(judgement.issues, ["None."]);
            assert!(judgement.note.is_some_and(|note| note.contains("neither a list")));
        }
    }

    #[test]
    fn an_answer_decides_and_a_list_in_the_file_contradicts_an_empty_one() {
        let review = Evaluator::ReviewClear { file: "r.md".to_owned() };
        let leak = ["leak (split.py:3)".to_owned()];
        let marker: &[u8] = b"## Critical issues\nNO CRITICAL ISSUES\n";
        for (file, answer, expected, issues) in [
            (marker, &leak[..], "no", &leak[..]),
            (marker, &[], "yes", &[]),
            (b"It all looks fine to me.", &[], "yes", &[]),
            (b"## Critical issues\nNO CRITICAL ISSUES\n\nAll is repaired.\n", &[], "yes", &[]),
            (b"## Critical issues\n- a leak\n", &[], "no", &["a leak".to_owned()]),
            (b"## Critical issues\n- another\n", &leak, "no", &leak),
        ] {
            let judgement = judge(&review, Outcome::Done, Some(file), Some(answer));
            let shown = String::from_utf8_lossy(file);
            assert_eq!(judgement.verdict.as_str(), expected, "{shown} {answer:?}");
            assert_eq!((judgement.issues.as_slice(), judgement.note), (issues, None), "{shown}");
        }
        assert_eq!(judge(&review, Outcome::Done, None, Some(&[])).verdict, Verdict::Error);
        assert_eq!(
            judge(&review, Outcome::Failed, Some(marker), Some(&[])).verdict,
            Verdict::Error
        );
    }
}
