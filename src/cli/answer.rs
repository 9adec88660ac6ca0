//! What came of a sprint: the answer first, then what it has taken, then where it is written down.

use std::path::Path;

use console::measure_text_width;

use super::screen::{self, unknown_usd};
use super::text::{self, clean, figure, figure_of, wrap};
use super::tone::Tone;
use super::ui::Ui;
use crate::domain::{Metric, Source, SprintKind, Status};
use crate::view::{OneSprint, Sprint, Standing};

/// Most figures that are shown.
const MOST_FIGURES: usize = 12;

/// The beginning of `sprint show`, and the last picture of `sprint watch`.
pub fn answer(ui: &Ui, shown: &OneSprint, folder: &Path) -> Vec<String> {
    let sprint = &shown.sprint;
    let width = ui.width();
    let room = width.saturating_sub(2);
    let indented = |text: &str| -> Vec<String> {
        let lines = wrap(text, room).into_iter().filter(|line| !line.is_empty());
        lines.map(|line| format!("  {line}")).collect()
    };
    let mut lines = vec![head(ui, sprint)];
    if let Some(idea) = &sprint.idea {
        lines.extend(indented(&clean(idea)).into_iter().map(|line| ui.paint(Tone::Faint, line)));
    }
    if let Some(Some(finding)) = &sprint.finding {
        lines.push(String::new());
        lines.extend(indented(&clean(&finding.statement)));
    }
    if let Some(error) = &sprint.error {
        lines.push(String::new());
        // In a pipe it stays one line: it is searched for there.
        lines.extend(match ui.room() {
            Some(_) => indented(&clean(error)),
            None => vec![format!("  {}", clean(error))],
        });
    }
    let metrics = metrics(sprint, shown.standing.as_ref());
    if !metrics.is_empty() {
        lines.push(String::new());
        lines.extend(metrics.iter().map(|line| ui.fit(line)));
    }
    if let Some(Some(open)) = &sprint.open_issues {
        lines.push(String::new());
        lines.extend(screen::open_issues(ui, open, width));
    }
    lines.push(String::new());
    lines.extend(indented(&taken(ui, sprint)));
    let has_report = sprint.artifacts.iter().flatten().any(|file| file.filename == "report.md");
    if has_report {
        let report = folder.join("report.md");
        lines.push(format!("  report: {}", report.display()));
        lines.push(format!("          `researchloop open {}` shows it in your browser", sprint.id));
    }
    lines
}

/// Its id, its status, and what it found.
fn head(ui: &Ui, sprint: &Sprint) -> String {
    let id = ui.style().bold().apply_to(&sprint.id).to_string();
    let status = screen::status(ui, sprint);
    let Some(Some(finding)) = &sprint.finding else { return format!("{id}  {status}") };
    let confidence = finding
        .confidence
        .map(|confidence| format!(", confidence {}", figure(confidence)))
        .unwrap_or_default();
    format!("{id}  {status}  {}{confidence}", screen::verdict(ui, finding.verdict))
}

/// Its figures, the study's own metric first, with its difference to the best of the others.
fn metrics(sprint: &Sprint, standing: Option<&Standing>) -> Vec<String> {
    let metrics = sprint.metrics.as_deref().unwrap_or_default();
    let is_own = |metric: &Metric| {
        standing.is_some_and(|standing| {
            crate::domain::figure_name::is_same(&standing.metric, &metric.name)
        })
    };
    let own = metrics.iter().position(is_own);
    let mut ordered: Vec<&Metric> = metrics.iter().collect();
    if let Some(first) = own.and_then(|own| ordered.get_mut(..=own)) {
        first.rotate_right(1);
    }
    let shown = ordered.get(..ordered.len().min(MOST_FIGURES)).unwrap_or_default();
    let widest = shown.iter().map(|metric| measure_text_width(&clean(&metric.name))).max();
    let widest = widest.unwrap_or(0).min(40);
    let mut lines: Vec<String> = shown
        .iter()
        .enumerate()
        .map(|(at, metric)| {
            let source = if metric.source == Source::Evaluator { "  (evaluator)" } else { "" };
            let value = figure_of(metric.value, metric.spread, metric.n);
            let beside = match standing {
                Some(standing) if at == 0 && own.is_some() => {
                    format!("  {}", standing.compared())
                }
                _ => String::new(),
            };
            let (name, unit) = (text::padded(&clean(&metric.name), widest), clean(&metric.unit));
            format!("  {name}  {}{source}{beside}", format!("{value} {unit}").trim())
                .trim_end()
                .to_owned()
        })
        .collect();
    if ordered.len() > shown.len() {
        lines.push(format!("  and {} more", ordered.len() - shown.len()));
    }
    lines
}

/// How long it took, what it cost, and when it ended.
fn taken(ui: &Ui, sprint: &Sprint) -> String {
    let what = match sprint.kind {
        SprintKind::Research => "",
        SprintKind::Tweak => "follow-up · ",
        SprintKind::Plan => "plan · ",
    };
    let took = text::span(sprint.started_at.as_deref(), sprint.completed_at.as_deref());
    let took = if took.is_empty() { took } else { format!("took {took} · ") };
    let when = match (&sprint.completed_at, sprint.status) {
        (Some(ended), Status::Completed) => format!(" · {}", text::age(ended, ui.now())),
        (Some(ended), _) => format!(" · ended {}", text::age(ended, ui.now())),
        (None, _) => format!(" · created {}", text::age(&sprint.created_at, ui.now())),
    };
    let cost = text::whole_cost(sprint.cost_usd, sprint.cost_estimated, unknown_usd(sprint));
    format!("{what}{took}{cost} at list prices{when}")
}
