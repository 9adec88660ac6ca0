//! What a job needs to find an idea of its own.

use crate::bundle::formats::{EarlierIdea, IdeaRequest};
use crate::domain::same_idea::Meaning;
use crate::domain::{Status, TaskStatus, Verdict};
use crate::store::{IdeaStatus, KnownIdea, SprintRow, Store, StoreError};

/// The whole text of the newest ideas and findings, in bytes ...
const WHOLE_BYTES: usize = 48 * 1024;
/// ... and after that, the beginnings of older ones: a job has to know them all, to repeat none.
const ALL_BYTES: usize = 128 * 1024;
const IDEA_CHARS: usize = 600;
const STATEMENT_CHARS: usize = 300;
const BRIEF_CHARS: usize = 120;

/// What the job of this sprint is told, when it has to find its idea itself. None for a sprint
/// whose idea was given.
pub fn idea_request(
    store: &Store,
    row: &SprintRow,
    study_guidance: &str,
) -> Result<Option<IdeaRequest>, StoreError> {
    let Some(loop_id) = &row.loop_id else { return Ok(None) };
    if !row.finds_idea {
        return Ok(None);
    }
    let order = store.one_loop(loop_id)?;
    let own = order.as_ref().map_or("", |order| order.guidance.as_str());
    let guidance = if own.is_empty() { study_guidance } else { own };
    Ok(Some(IdeaRequest {
        guidance: guidance.to_owned(),
        earlier: bounded(
            store.known_ideas(&row.study)?.into_iter().filter(|idea| idea.id != row.id.as_str()),
        ),
        approve: order.is_some_and(|order| order.limits.approve),
    }))
}

fn bounded(ideas: impl Iterator<Item = KnownIdea>) -> Vec<EarlierIdea> {
    let mut bytes = 0;
    let mut told = Vec::new();
    for known in ideas {
        let outcome = outcome(&known);
        let (idea_chars, statement_chars) =
            if bytes < WHOLE_BYTES { (IDEA_CHARS, STATEMENT_CHARS) } else { (BRIEF_CHARS, 0) };
        let idea = shortened(&known.idea, idea_chars);
        // Its beginning says too little to know it by.
        let mark =
            if idea.ends_with('…') { Meaning::of(&known.idea).mark() } else { String::new() };
        let idea = EarlierIdea {
            id: known.id,
            idea,
            outcome,
            statement: shortened(&known.statement, statement_chars),
            mark,
        };
        bytes += idea.idea.len() + idea.statement.len() + idea.mark.len() + 40;
        if bytes > ALL_BYTES {
            break;
        }
        told.push(idea);
    }
    told
}

/// What came of an idea. Nobody should build on a result without what is known against it.
fn outcome(known: &KnownIdea) -> String {
    let verdict = verdict(known);
    match &known.open_issues {
        Some(open) => format!("{verdict}; {}", open.text),
        None => verdict.to_owned(),
    }
}

fn verdict(known: &KnownIdea) -> &'static str {
    use IdeaStatus::{Sprint, Task};
    match (known.status, known.verdict) {
        (Sprint(Status::Completed) | Task(TaskStatus::Done), Some(verdict)) => verdict.as_str(),
        (Sprint(Status::Completed), None) => Verdict::Inconclusive.as_str(),
        (Sprint(Status::Failed | Status::Cancelled) | Task(_), _) => known.status.as_str(),
        (Sprint(_), _) => Status::Running.as_str(),
    }
}

fn shortened(text: &str, chars: usize) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= chars {
        return text;
    }
    let mut short: String = text.chars().take(chars.saturating_sub(1)).collect();
    if chars > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(number: usize, status: &str, verdict: Option<&str>) -> KnownIdea {
        KnownIdea {
            id: format!("sp-{number:06x}"),
            idea: "an idea ".repeat(100),
            status: IdeaStatus::parse(status).expect("a status"),
            verdict: verdict.and_then(Verdict::parse),
            open_issues: None,
            statement: "what came out ".repeat(100),
        }
    }

    #[test]
    fn negative_results_are_told_and_thousands_of_ideas_stay_bounded() {
        let told = bounded((0..5000).map(|number| known(number, "completed", Some("refuted"))));
        let bytes: usize = told.iter().map(|idea| idea.idea.len() + idea.statement.len()).sum();
        assert!(bytes <= ALL_BYTES && told.len() > 500, "{bytes} {}", told.len());
        assert_eq!(told[0].outcome, "refuted");
        assert!(
            told[0].statement.ends_with('…')
                && told[0].statement.chars().count() == STATEMENT_CHARS
        );
        assert!(told.last().is_some_and(
            |idea| idea.statement.is_empty() && idea.idea.chars().count() == BRIEF_CHARS
        ));
    }

    #[test]
    fn what_is_open_in_a_review_is_told_with_the_outcome() {
        let open = crate::domain::open_issues::open_issues([crate::domain::open_issues::StepEnd {
            label: "red_team_round_1",
            state: crate::domain::StepState::No,
            detail: "",
            critical: Some(2),
        }]);
        let told = KnownIdea { open_issues: open, ..known(1, "completed", Some("supported")) };
        assert_eq!(outcome(&told), "supported; 2 critical issues are open");
    }

    #[test]
    fn each_outcome_has_a_word() {
        for (status, verdict, word) in [
            ("completed", None, "inconclusive"),
            ("completed", Some("supported"), "supported"),
            ("failed", None, "failed"),
            ("cancelled", None, "cancelled"),
            ("running", None, "running"),
            ("waiting", None, "waiting"),
            ("done", Some("refuted"), "refuted"),
            ("done", None, "done"),
            ("dead", None, "dead"),
        ] {
            assert_eq!(outcome(&known(1, status, verdict)), word);
        }
    }
}
