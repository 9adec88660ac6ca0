//! `researchloop study show`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{screen, sprint, text, which};
use crate::domain::text::number_of;
use crate::query;
use crate::view;

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its name; without it the study whose folder you are in, or the only one
    name: Option<String>,
}

/// Shows it.
pub fn run(app: &App, ui: &Ui, args: &ShowArgs) -> Result {
    let study = query::study(app, &which::study(app, args.name.as_deref())?)?;
    for mistake in &study.program.mistakes {
        ui.warning(mistake);
    }
    ui.answer(&study);
    Ok(Exit::Success)
}

impl Render for view::OneStudy {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let mut lines = self.study.as_ref().map(|study| facts(ui, study)).unwrap_or_default();
        lines.extend(steering(&self.program).iter().map(|line| ui.fit(line)));
        if !self.sprints.is_empty() {
            lines.push(String::new());
            lines.extend(sprint::table(ui, &self.sprints, 0));
        }
        lines
    }
}

/// What it is, and what it has used.
fn facts(ui: &Ui, study: &view::Study) -> Vec<String> {
    let mut lines = vec![
        ui.style().bold().apply_to(&study.name).to_string(),
        format!("cluster:     {}", study.cluster),
    ];
    if !study.description.is_empty() {
        lines.push(format!("about:       {}", text::clean(&study.description)));
    }
    lines.push(format!(
        "sprints:     {} ({} active), {}",
        study.sprints,
        study.active,
        text::whole_cost(
            study.cost_usd,
            study.spent.cost_estimated,
            study.spent.cost_unknown.then_some(study.spent.cost_unknown_usd)
        )
    ));
    if study.spent.wall_seconds > 0 {
        lines.push(format!("used:        {}", screen::used(&study.spent)));
    }
    lines.extend(bounds(study));
    lines.push(format!(
        "time limit:  {} h, {} of red team at most",
        study.max_sprint_duration_hours,
        number_of(study.red_team_max_rounds, "round")
    ));
    lines
}

/// The study's own limits, and what is left of them.
fn bounds(study: &view::Study) -> Vec<String> {
    let hours = |seconds: u64| f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 3600.0;
    let spent = &study.spent;
    let usd = study.max_study_cost_usd.map(|max| {
        let (used, reserved) = (
            text::whole_cost(
                spent.cost_usd,
                spent.cost_estimated,
                spent.cost_unknown.then_some(spent.cost_unknown_usd),
            ),
            text::money(spent.reserved_usd, false),
        );
        format!(
            "{used} of {} used, {reserved} reserved (`max_study_cost_usd`)",
            text::money(max, false)
        )
    });
    let gpu = study.max_study_gpu_hours.map(|max| {
        let (used, reserved) = (
            text::figure(hours(spent.gpu_seconds)),
            text::figure(hours(spent.reserved_gpu_seconds)),
        );
        format!(
            "{used} of {} GPU-hours used, {reserved} reserved (`max_study_gpu_hours`)",
            text::figure(max)
        )
    });
    usd.into_iter().chain(gpu).map(|bound| format!("the study:   {bound}")).collect()
}

/// What the study is after, a line for each thing that is said.
fn steering(program: &view::Program) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!(
                "{} {}",
                text::padded(&format!("{name}:"), 12),
                text::clean(&value)
            ));
        }
    };
    fact(
        "metric",
        program
            .metric
            .as_ref()
            .map(|name| format!("{name}, {} is better", program.better.unwrap_or_default())),
    );
    fact("evaluator", program.evaluator.clone());
    fact("target", program.target.clone());
    let bounds = [
        program.count.map(|count| number_of(count, "sprint")),
        program.max_cost_usd.map(|usd| text::money(usd, false)),
        program.max_gpu_hours.map(|hours| format!("{} GPU-hours", text::figure(hours))),
        program.until.as_deref().map(|time| format!("until {}", text::time(time))),
        program.patience.map(|patience| {
            format!("{} without an improvement beyond the noise", number_of(patience, "sprint"))
        }),
    ];
    fact("a loop", Some(bounds.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    fact("program", program.file.clone());
    lines
}
