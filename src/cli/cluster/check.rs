//! `researchloop cluster check`

use clap::Args;

use super::warn_of_exposed;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
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
    let below = |line: &str| format!("{}{line}", " ".repeat(21));
    for check in checks {
        let mark = if check.ok {
            ui.style().green().apply_to("  ok   ")
        } else {
            ui.style().red().apply_to("  FAIL ")
        };
        let mut details = text::clean_lines(&check.detail).into_iter();
        lines.push(format!(
            "{mark} {} {}",
            text::padded(check.check, 12),
            details.next().unwrap_or_default()
        ));
        lines.extend(details.map(|line| below(&line)));
        lines.extend(check.hint.as_deref().map(below));
    }
    lines
}
