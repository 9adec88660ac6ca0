//! `researchloop sprint list`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::cli::{screen, text, values};
use crate::query::{self, SprintsQuestion};
use crate::view::{Sprint, Sprints};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only in this status
    #[arg(long)]
    status: Option<String>,
    /// Show at most this many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Lists sprints, newest first.
pub fn run(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let study = args.study.as_deref();
    let status = args.status.as_deref().map(values::status).transpose()?;
    let answer = query::sprints(app, SprintsQuestion { study, status, limit: args.limit })?;
    ui.answer(&answer);
    if answer.sprints.is_empty() && (study.is_some() || status.is_some()) {
        ui.status("No matching sprints.");
    } else if answer.sprints.is_empty() {
        ui.status("No sprints yet.");
        ui.hint("`researchloop sprint run \"an idea\" -s STUDY` starts one");
    }
    Ok(Exit::Success)
}

impl Render for Sprints {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        table(ui, &self.sprints, 0)
    }
}

/// Sprints as a table, behind so many spaces. Their study is named where there are several.
pub fn table(ui: &Ui, sprints: &[Sprint], indent: usize) -> Vec<String> {
    let Some(first) = sprints.first() else { return Vec::new() };
    let many_studies = sprints.iter().any(|sprint| sprint.study_name != first.study_name);
    let study = |sprint: &Sprint| match many_studies {
        true => text::short(&text::clean(&sprint.study_name), 24),
        false => String::new(),
    };
    let row = |sprint: &Sprint| {
        vec![
            sprint.id.to_string(),
            study(sprint),
            screen::status_alone(ui, sprint),
            result(ui, sprint),
            metric(sprint),
            text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint)),
            text::span(sprint.started_at.as_deref(), sprint.completed_at.as_deref()),
            text::age(&sprint.created_at, ui.now()),
            text::clean(sprint.idea.as_deref().unwrap_or("-")),
        ]
    };
    let table = Table {
        headers: &["ID", "STUDY", "STATUS", "RESULT", "VALUE", "COST", "TOOK", "AGE", "IDEA"],
        rows: sprints.iter().map(row).collect(),
        gives_way: &["TOOK", "COST", "STUDY", "AGE", "VALUE"],
        least: 32,
        indent,
    };
    table.lines(ui)
}

/// Its verdict, and whether something is open against it. Before there is one: the step that runs, why
/// it failed, or what it waits for.
fn result(ui: &Ui, sprint: &Sprint) -> String {
    let Some(Some(outcome)) = &sprint.outcome else {
        return text::clean(screen::beside(sprint).unwrap_or_default());
    };
    let verdict = outcome.verdict.map(|verdict| screen::verdict(ui, verdict)).unwrap_or_default();
    let mark =
        if outcome.has_open_issues { ui.paint(Tone::Attention, " !") } else { String::new() };
    format!("{verdict}{mark}").trim().to_owned()
}

/// The figure by which sprints of its study are compared.
fn metric(sprint: &Sprint) -> String {
    let metric = sprint.outcome.as_ref().and_then(|outcome| outcome.as_ref()?.metric.as_ref());
    metric
        .map(|metric| {
            let value = text::value_with_spread(metric.value, metric.spread, metric.n);
            format!("{value} {}", text::clean(&metric.unit)).trim().to_owned()
        })
        .unwrap_or_default()
}
