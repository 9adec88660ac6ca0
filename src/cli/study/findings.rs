//! `researchloop study findings`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{screen, text, values, which};
use crate::query::{self, FindingsQuestion};
use crate::view::{Findings, Found};

#[derive(Debug, Args)]
pub struct FindingsArgs {
    /// The study's name; without it the one whose folder you are in, or the only one
    name: Option<String>,
    /// Only with all these words in the idea, the statement or the summary
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only with this verdict: supported, refuted or inconclusive
    #[arg(long, value_name = "VERDICT")]
    verdict: Option<String>,
}

/// Lists them.
pub fn run(app: &App, ui: &Ui, args: &FindingsArgs) -> Result {
    let verdict = args
        .verdict
        .as_deref()
        .map(|word| values::verdict(word, "one of supported, refuted, inconclusive"))
        .transpose()?;
    let findings = query::findings(
        app,
        FindingsQuestion {
            study: &which::study(app, args.name.as_deref())?,
            verdict,
            search: args.search.as_deref().unwrap_or_default(),
        },
    )?;
    ui.answer(&findings);
    if findings.findings.is_empty() {
        ui.status(&match findings.known {
            0 => "No completed sprint has left a finding yet.".to_owned(),
            1 => "The one finding does not match.".to_owned(),
            many => format!("None of {many} findings match."),
        });
    }
    Ok(Exit::Success)
}

impl Render for Findings {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let blocks: Vec<Vec<String>> =
            self.findings.iter().map(|finding| block(ui, finding)).collect();
        blocks.join(&String::new())
    }
}

fn block(ui: &Ui, found: &Found) -> Vec<String> {
    let width = ui.width();
    let confidence = found
        .finding
        .confidence
        .map(|confidence| format!(" {}", text::figure(confidence)))
        .unwrap_or_default();
    let head = ui.style().bold().apply_to(&found.sprint_id).to_string();
    let idea = format!("  idea: {}", text::clean(found.idea.as_deref().unwrap_or("-")));
    let mut lines = vec![
        format!(
            "{head}  {}{confidence}  {}",
            screen::verdict(ui, found.finding.verdict),
            text::age(&found.completed_at, ui.now())
        ),
        ui.style().dim().apply_to(text::short(&idea, width)).to_string(),
    ];
    let statement = text::clean(&found.finding.statement);
    lines.extend(
        text::wrap(&statement, width.saturating_sub(2)).iter().map(|line| format!("  {line}")),
    );
    lines.extend(found.open_issues.iter().flat_map(|open| screen::open_issues(ui, open, width)));
    lines
}
