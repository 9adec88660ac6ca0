//! `researchloop cluster check`

use clap::Args;

use super::warn_of_exposed;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::cluster;
use crate::view::{Check, ClusterCheck, ClusterChecks};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Its name; all clusters without one
    cluster: Option<String>,
    /// The same, as an option
    #[arg(short, long, value_name = "CLUSTER", conflicts_with = "cluster")]
    name: Option<String>,
}

/// Checks clusters.
pub fn run(app: &App, ui: &Ui, args: &CheckArgs) -> Result {
    let name = args.cluster.as_deref().or(args.name.as_deref());
    if let Some(name) = name {
        app.config.cluster(name)?;
    }
    warn_of_exposed(app, ui);
    let checks = cluster::check(app, name, |check| ui.part(check))?;
    ui.answer(&checks);
    Ok(if checks.clusters.iter().all(|check| check.ok) { Exit::Success } else { Exit::Bad })
}

/// Each was shown when it was known.
impl Render for ClusterChecks {}

impl Render for ClusterCheck {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        lines(ui, &self.name, &self.checks)
    }
}

/// What was checked of a cluster, with its name above.
pub fn lines(ui: &Ui, name: &str, checks: &[Check]) -> Vec<String> {
    let mut lines = vec![ui.style().bold().apply_to(name).to_string()];
    let room = ui.width().saturating_sub(21).max(20);
    let below = |line: &str| format!("{}{line}", " ".repeat(21));
    let wrapped = |text: &str| text::wrap(text, room);
    for check in checks {
        let mark =
            if check.ok { ui.paint(Tone::Good, "  ok   ") } else { ui.paint(Tone::Bad, "  FAIL ") };
        let details = text::clean_lines(&check.detail);
        let mut details = details.iter().flat_map(|line| wrapped(line));
        lines.push(format!(
            "{mark} {} {}",
            text::padded(check.check, 12),
            details.next().unwrap_or_default()
        ));
        lines.extend(details.map(|line| below(&line)));
        lines.extend(check.hint.iter().flat_map(|hint| wrapped(hint)).map(|line| below(&line)));
    }
    lines
}
