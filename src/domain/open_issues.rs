//! What the last review of a sprint has against its result. One judgement for all who show a result or
//! act on it: `sprint show`, the leaderboard, findings, notices, loops.
//!
//! A review that finds something critical is closed by a later one that finds nothing. A repair alone
//! closes nothing: nobody has looked at it.

use serde::Serialize;

use super::step::StepState;
use super::text::one_line;

/// The state of the pipeline that reviews.
const REVIEW: &str = "red_team";
/// At most this many issues are kept of a review ...
pub const MAX_ISSUES: usize = 10;
/// ... with so many characters each.
const MAX_ISSUE: usize = 200;
const MAX_WHY: usize = 120;

/// Issues as a reviewer wrote them: few, short, and harmless.
pub fn quotes(issues: &[String]) -> Vec<String> {
    issues
        .iter()
        .map(|issue| one_line(issue, MAX_ISSUE))
        .filter(|issue| !issue.is_empty())
        .take(MAX_ISSUES)
        .collect()
}

/// A step of a sprint, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd<'a> {
    /// Its name.
    pub label: &'a str,
    /// Where it stands, or its verdict.
    pub state: StepState,
    /// What a review found, in one line.
    pub detail: &'a str,
    /// How many issues it found critical. A runner before 0.6.0 told that by the words of `detail` only.
    pub critical: Option<u32>,
}

/// What the last review of a finished sprint has against its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenIssues {
    /// The step of that review.
    pub step: String,
    /// How many critical issues it names; none when it cannot be told.
    pub count: Option<u32>,
    /// The same in a few words.
    pub text: String,
    /// The first line of each, in the reviewer's words; may be empty.
    pub quotes: Vec<String>,
}

impl OpenIssues {
    /// With the reviewer's own words.
    #[must_use]
    pub fn quoting(self, issues: &[String]) -> Self {
        Self { quotes: quotes(issues), ..self }
    }
}

/// The round of a review; nothing when the step is none.
pub fn round_of_review(label: &str) -> Option<u32> {
    match label.strip_prefix(REVIEW)? {
        "" => Some(0),
        rest => rest.strip_prefix("_round_")?.parse().ok(),
    }
}

/// What is open after all steps of a sprint that is over. Nothing when its last review found nothing
/// critical, or when none was wanted.
pub fn open_issues<'a>(steps: impl IntoIterator<Item = StepEnd<'a>>) -> Option<OpenIssues> {
    let reviews = steps.into_iter().filter_map(|step| Some((round_of_review(step.label)?, step)));
    // One that waits was not needed, if another has taken place.
    let (_, last) =
        reviews.max_by_key(|(round, step)| (step.state != StepState::Waiting, *round))?;
    let of = |count: Option<u32>, text: String| OpenIssues {
        step: last.label.to_owned(),
        count,
        text,
        quotes: Vec::new(),
    };
    match last.state {
        StepState::Yes => None,
        StepState::No => {
            let in_words = || last.detail.split_once(" critical issue")?.0.parse().ok();
            let count = last.critical.or_else(in_words).filter(|count: &u32| *count > 0);
            Some(match count {
                Some(1) => of(count, "1 critical issue is open".to_owned()),
                Some(many) => of(count, format!("{many} critical issues are open")),
                None => of(
                    None,
                    format!(
                        "the last review is not clear: {}",
                        why(last.detail, "it does not say that nothing critical is left")
                    ),
                ),
            })
        }
        StepState::Waiting => Some(of(None, "no review has taken place".to_owned())),
        StepState::Error => Some(of(
            None,
            format!("the last review failed: {}", why(last.detail, "nothing says why")),
        )),
        StepState::Running | StepState::Interrupted | StepState::Other(_) => {
            Some(of(None, "the last review was not finished".to_owned()))
        }
    }
}

fn why(detail: &str, otherwise: &str) -> String {
    let detail = one_line(detail, MAX_WHY);
    if detail.is_empty() { otherwise.to_owned() } else { detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(steps: &[(&str, &str, &str)]) -> Option<(String, Option<u32>, String)> {
        let steps = steps.iter().map(|(label, state, detail)| StepEnd {
            label,
            state: StepState::of(state),
            detail,
            critical: None,
        });
        open_issues(steps).map(|open| (open.step, open.count, open.text))
    }

    #[test]
    fn the_last_review_decides_and_a_repair_closes_nothing() {
        let open = |step: &str, count, text: &str| Some((step.to_owned(), count, text.to_owned()));
        let (research, first) =
            (("research", "yes", ""), ("red_team_round_1", "no", "2 critical issues"));
        assert_eq!(text(&[research]), None, "no review was wanted");
        assert_eq!(
            text(&[
                research,
                ("red_team_round_1", "yes", "no critical issues"),
                ("red_team_round_2", "waiting", "")
            ]),
            None
        );
        assert_eq!(
            text(&[
                first,
                ("fix_round_1", "yes", ""),
                ("red_team_round_2", "yes", "no critical issues")
            ]),
            None
        );
        // The rounds are used up.
        assert_eq!(
            text(&[first, ("fix_round_1", "yes", "")]),
            open("red_team_round_1", Some(2), "2 critical issues are open")
        );
        let tenth = ("red_team_round_10", "no", "1 critical issue");
        assert_eq!(
            text(&[("red_team_round_9", "yes", ""), tenth, first]),
            open("red_team_round_10", Some(1), "1 critical issue is open")
        );
        // As it is in the steps before a run: those that were not needed wait on.
        assert_eq!(
            text(&[first, ("red_team_round_2", "waiting", "")]),
            open("red_team_round_1", Some(2), "2 critical issues are open")
        );
        // What is not known is not clear.
        let unclear = open(
            "red_team_round_1",
            None,
            "the last review is not clear: the review has no critical-issues section",
        );
        assert_eq!(
            text(&[("red_team_round_1", "no", "the review has no critical-issues section")]),
            unclear
        );
        for (state, part) in [
            ("error", "failed: nothing says why"),
            ("interrupted", "not finished"),
            ("running", "not finished"),
            ("waiting", "no review"),
        ] {
            assert!(
                text(&[("red_team_round_1", state, "")])
                    .is_some_and(|(.., text)| text.contains(part)),
                "{state}"
            );
        }
        assert_eq!(
            text(&[("red_team_roundtrip", "no", "1 critical issue"), ("red_teamer", "no", "")]),
            None
        );
    }

    #[test]
    fn how_many_issues_there_are_is_a_number_whatever_the_words_say() {
        let count = |critical, detail| {
            let step = StepEnd { label: "red_team", state: StepState::No, detail, critical };
            open_issues([step]).map(|open| (open.count, open.text))
        };
        let asks = "it asks: which data?; 2 critical issues";
        assert_eq!(count(Some(2), asks), Some((Some(2), "2 critical issues are open".to_owned())));
        assert_eq!(count(Some(3), "2 critical issues").and_then(|(count, _)| count), Some(3));
        assert_eq!(
            count(None, asks),
            Some((None, format!("the last review is not clear: {asks}")))
        );
    }

    #[test]
    fn what_a_reviewer_wrote_is_short_and_harmless() {
        let issues: Vec<String> =
            ["a\u{1b}[2J\u{202e}b\nc".to_owned(), String::new(), "x".repeat(5000)]
                .into_iter()
                .chain(vec!["y".to_owned(); 50])
                .collect();
        let quotes = quotes(&issues);
        assert_eq!(
            (quotes.len(), quotes[0].as_str(), quotes[1].chars().count()),
            (MAX_ISSUES, "a[2Jb c", MAX_ISSUE)
        );
    }
}
