//! What the sprints of a study found.

use crate::app::App;
use crate::domain::Verdict;
use crate::problem::Problem;
use crate::store::FindingRow;
use crate::view;

/// Which findings are wanted.
#[derive(Debug, Clone, Copy)]
pub struct FindingsQuestion<'a> {
    /// Of this study.
    pub study: &'a str,
    /// Only with this verdict.
    pub verdict: Option<Verdict>,
    /// Only with all these words in the idea, the statement or the summary.
    pub search: &'a str,
}

/// Finds them, newest first.
pub fn findings(app: &App, question: FindingsQuestion<'_>) -> Result<view::Findings, Problem> {
    let study = app.config.study(question.study)?;
    let words: Vec<String> = question.search.split_whitespace().map(str::to_lowercase).collect();
    let rows = app.store()?.findings(study.name.as_str())?;
    let is_wanted = |row: &&FindingRow| {
        question.verdict.is_none_or(|verdict| row.finding.verdict == verdict)
            && has_words(row, &words)
    };
    Ok(view::Findings {
        study_name: study.name.to_string(),
        findings: rows.iter().filter(is_wanted).map(view::found).collect(),
        known: rows.len(),
    })
}

fn has_words(row: &FindingRow, words: &[String]) -> bool {
    let parts = [row.idea.as_deref(), Some(row.finding.statement.as_str()), row.summary.as_deref()];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
    words.iter().all(|word| text.contains(word))
}
