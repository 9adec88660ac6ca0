//! `researchloop tick`

use std::time::Duration;

use clap::Args;

use super::failure::{Exit, Failure, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::platform::clock;
use crate::tick::{self, Report};

#[derive(Debug, Args)]
pub struct TickArgs {
    /// Go on until interrupted
    #[arg(long)]
    watch: bool,
}

/// Looks at all clusters that have something to do.
pub fn run(global: &Global, ui: &Ui, args: &TickArgs) -> Result {
    let app = global.app(ui)?;
    if !args.watch {
        return tell(ui, &tick::tick(&app)?, false);
    }
    let rest = app.config.clusters.iter().map(|cluster| cluster.poll_interval).min().unwrap_or(30);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, std::sync::Arc::clone(&stop)).map_err(|error| Failure::failed(error.to_string()))?;
    }
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        tell(ui, &tick::tick(&app)?, true)?;
        let until = clock::instant() + Duration::from_secs(rest);
        while clock::instant() < until && !stop.load(std::sync::atomic::Ordering::Relaxed) {
            clock::pause(Duration::from_millis(200));
        }
    }
    Ok(Exit::Success)
}

fn tell(ui: &Ui, report: &Report, again_soon: bool) -> Result {
    if ui.json {
        let clusters: Vec<_> = report
            .clusters
            .iter()
            .map(|cluster| {
                let changes: Vec<_> =
                    cluster.changes.iter().map(|(id, what)| serde_json::json!({ "sprint_id": id.as_str(), "status": what })).collect();
                serde_json::json!({
                    "name": cluster.name, "sprints": cluster.looked_at, "changes": changes, "problems": cluster.problems,
                    "held_by": cluster.held_by, "unreachable": cluster.unreachable,
                })
            })
            .collect();
        let made: Vec<&str> = report.loops.made.iter().map(|(id, _)| id.as_str()).collect();
        let ended: Vec<_> = report.loops.ended.iter().map(|(id, why)| serde_json::json!({ "loop_id": id, "detail": why })).collect();
        ui.json(&serde_json::json!({
            "clusters": clusters, "loops": { "made": made, "ended": ended }, "problems": report.problems,
        }));
    }
    for cluster in &report.clusters {
        for (id, what) in &cluster.changes {
            if !ui.json {
                ui.line(&format!("{id}: {}", text::clean(what)));
            }
        }
        if let Some(holder) = &cluster.held_by {
            ui.status(&format!("{}: another tick is at work ({holder})", cluster.name));
        }
        for problem in &cluster.problems {
            ui.problem(&format!("{}: {}", cluster.name, text::clean(problem)));
        }
    }
    for (id, why) in &report.loops.ended {
        if !ui.json {
            ui.line(&format!("{id}: ended: {}", text::clean(why)));
        }
    }
    for problem in &report.problems {
        ui.problem(&text::clean(problem));
    }
    if report.clusters.is_empty() && report.loops.ended.is_empty() && !again_soon {
        ui.status("Nothing to do: no sprint waits, runs or has results to bring.");
    }
    Ok(if report.clusters.iter().any(|cluster| cluster.unreachable) { Exit::Bad } else { Exit::Success })
}
