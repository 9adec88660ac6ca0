//! `researchloop study findings`

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{screen, text, values};
use crate::app::App;
use crate::store::FindingRow;
use crate::view;

#[derive(Debug, Args)]
pub struct FindingsArgs {
    /// The study's name
    name: String,
    /// Only with all these words in the idea, the statement or the summary
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only with this verdict: supported, refuted or inconclusive
    #[arg(long, value_name = "VERDICT")]
    verdict: Option<String>,
}

/// Lists them.
pub fn run(app: &App, ui: &Ui, args: &FindingsArgs) -> Result {
    let study = app.config.study(&args.name)?;
    let verdict = args
        .verdict
        .as_deref()
        .map(|word| values::verdict(word, "one of supported, refuted, inconclusive"))
        .transpose()?;
    let words: Vec<String> = args
        .search
        .as_deref()
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let all = app.store()?.findings(study.name.as_str())?;
    let rows: Vec<&FindingRow> = all
        .iter()
        .filter(|row| {
            verdict.is_none_or(|verdict| row.finding.verdict == verdict) && has_words(row, &words)
        })
        .collect();
    if ui.json {
        let found: Vec<view::Found> = rows.iter().map(|row| view::found(row)).collect();
        ui.json(&serde_json::json!({ "study_name": study.name.as_str(), "findings": found }));
        return Ok(Exit::Success);
    }
    if rows.is_empty() {
        let told = match all.len() {
            0 => "No completed sprint has left a finding yet.".to_owned(),
            1 => "The one finding does not fit.".to_owned(),
            many => format!("None of {many} findings fits."),
        };
        ui.status(&told);
        return Ok(Exit::Success);
    }
    let width = ui.width();
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            ui.line("");
        }
        let confidence = row
            .finding
            .confidence
            .map(|confidence| format!(" {}", text::figure(confidence)))
            .unwrap_or_default();
        let head = ui.style().bold().apply_to(&row.sprint_id).to_string();
        ui.line(&format!(
            "{head}  {}{confidence}  {}",
            screen::verdict(ui, row.finding.verdict),
            text::time(&row.completed_at)
        ));
        let idea = format!("  idea: {}", text::clean(row.idea.as_deref().unwrap_or("-")));
        ui.line(&ui.style().dim().apply_to(text::short(&idea, width)).to_string());
        for line in text::wrap(&text::clean(&row.finding.statement), width.saturating_sub(2)) {
            ui.line(&format!("  {line}"));
        }
        for line in row.open_issues.iter().flat_map(|open| screen::open_issues(ui, open, width)) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
}

fn has_words(row: &FindingRow, words: &[String]) -> bool {
    let parts = [row.idea.as_deref(), Some(row.finding.statement.as_str()), row.summary.as_deref()];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
    words.iter().all(|word| text.contains(word))
}
