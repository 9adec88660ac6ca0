//! `researchloop tick`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use super::{Global, text};
use crate::app::App;
use crate::cron::Log;
use crate::platform::clock::Clock;
use crate::problem::Problem;
use crate::tick::{self, News, Remark, Report, Watch};
use crate::view::{SprintChange, Ticked};

#[derive(Debug, Args)]
pub struct TickArgs {
    /// Keep running until interrupted
    #[arg(long)]
    watch: bool,
    /// Write what happened into this file instead of printing it; nothing when nothing happened
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    log: Option<PathBuf>,
}

/// Looks at all clusters that have something to do.
pub fn run(global: &Global, ui: &Ui, args: &TickArgs) -> Result {
    if let Some(log) = &args.log {
        return logged(global, ui, log);
    }
    let app = global.app(ui)?;
    if !args.watch {
        return tell(ui, &tick::tick(&app)?);
    }
    watched(ui, &app)
}

/// Ticks until it is interrupted. One printer for all threads, so that their lines never mix.
fn watched(ui: &Ui, app: &App) -> Result {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Problem::failed(error.to_string()))?;
    }
    let mut watch = Watch::start(app)?;
    let end = loop {
        if stop.load(Ordering::Relaxed) || ui.is_cut_off() {
            break Ok(Exit::Success);
        }
        match watch.next(Duration::from_millis(200)) {
            Some(News::Round(report, remarks)) => tell_round(ui, &report, &remarks),
            Some(News::Trouble(problem)) => {
                ui.problem(&format!("{}; it is tried again", text::clean(&problem)));
            }
            Some(News::Well) => ui.status("It works again."),
            Some(News::Final(problem)) => break Err(problem),
            None => {}
        }
    };
    watch.stop();
    end
}

/// Tells of one round of one thread.
fn tell_round(ui: &Ui, report: &Report, remarks: &[Remark]) {
    if !report.is_empty() {
        ui.answer(&report.shown());
    }
    for remark in remarks {
        match remark {
            Remark::Held(who) => ui.status(&text::clean(who)),
            Remark::AnswersAgain(cluster) => ui.status(&format!("{cluster}: it answers again")),
            Remark::Problem(problem) => ui.problem(&text::clean(problem)),
        }
    }
}

/// One tick of which nothing is printed: cron would send it by mail, every time.
fn logged(global: &Global, ui: &Ui, log: &Path) -> Result {
    let app = global.app(ui);
    let clock = app.as_ref().map_or_else(|_| Clock::System, |app| app.clock.clone());
    let ticked = app.and_then(|app| Ok(tick::tick(&app)?));
    let (lines, exit) = match ticked {
        Ok(report) => (log_lines(&report), exit(&report)),
        Err(failure) => {
            let hints = failure.hints.iter().map(|hint| format!("hint: {hint}"));
            (
                std::iter::once(format!("error: {}", failure.message)).chain(hints).collect(),
                Exit::Bad,
            )
        }
    };
    let lines: Vec<String> = lines.iter().flat_map(|line| text::clean_lines(line)).collect();
    Log::at(log)
        .add(&lines, clock.now())
        .map_err(|error| Problem::failed(format!("cannot write {}: {error}", log.display())))?;
    Ok(exit)
}

fn log_lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for cluster in &report.clusters {
        lines.extend(cluster.changes.iter().map(change));
        lines.extend(
            cluster.problems.iter().map(|problem| format!("warning: {}: {problem}", cluster.name)),
        );
    }
    lines.extend(report.loops.made.iter().map(|(id, cluster)| format!("{id}: made for {cluster}")));
    lines.extend(report.loops.ended.iter().map(|(id, why)| format!("{id}: ended: {why}")));
    lines.extend(report.problems.iter().map(|problem| format!("warning: {problem}")));
    lines
}

fn exit(report: &Report) -> Exit {
    if report.is_good() { Exit::Success } else { Exit::Bad }
}

fn change(change: &SprintChange) -> String {
    format!("{}: {}", change.sprint_id, text::status(change.status, change.phase.as_deref()))
}

/// What happened to sprints and loops, a line each.
impl Render for Ticked {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        let changes = self.clusters.iter().flat_map(|cluster| &cluster.changes);
        let ended = self.loops.ended.iter();
        changes
            .map(|one| text::clean(&change(one)))
            .chain(ended.map(|one| format!("{}: ended: {}", one.loop_id, text::clean(&one.detail))))
            .collect()
    }
}

fn tell(ui: &Ui, report: &Report) -> Result {
    ui.answer(&report.shown());
    for cluster in &report.clusters {
        if let Some(holder) = &cluster.held_by {
            ui.status(&format!("{}: another tick is at work ({holder})", cluster.name));
        }
        for problem in &cluster.problems {
            ui.problem(&format!("{}: {}", cluster.name, text::clean(problem)));
        }
    }
    for problem in &report.problems {
        ui.problem(&text::clean(problem));
    }
    if report.is_idle() {
        ui.status("Nothing to do: no sprint waits, runs or has results to bring.");
    }
    Ok(exit(report))
}
