//! `researchloop tick`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::app::App;
use crate::cron::Log;
use crate::platform::clock::Clock;
use crate::problem::{Problem, ProblemKind};
use crate::tick::{self, ClusterReport, News, Report, Watch};
use crate::view::SprintChange;

#[derive(Debug, Args)]
pub struct TickArgs {
    /// Go on until interrupted
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
    let watch = Watch::start(app)?;
    let mut troubles = Troubles::default();
    let end = loop {
        if stop.load(Ordering::Relaxed) || ui.is_cut_off() {
            break Ok(Exit::Success);
        }
        match watch.next(Duration::from_millis(200)) {
            Some(News::Round(report)) => tell_round(ui, &report, &mut troubles),
            Some(News::Trouble(whose, problem)) => {
                for problem in troubles.new_ones(&format!("here: {whose}"), &[problem]) {
                    ui.problem(&format!("{}; it is tried again", text::clean(problem)));
                }
            }
            Some(News::Well(whose)) if troubles.is_over(&format!("here: {whose}")) => {
                ui.status("It works again.")
            }
            None | Some(News::Well(_)) => {}
            Some(News::Final(error)) => break Err(error.into()),
            Some(News::NoConfiguration) => {
                break Err(Problem::new(
                    ProblemKind::NotFound,
                    format!("{} is not there any more", app.config.file.display()),
                )
                .hint("put it back, and start `researchloop tick --watch` again"));
            }
        }
    };
    watch.stop();
    end
}

/// What was told of trouble: the same is not told again before it has passed.
#[derive(Debug, Default)]
struct Troubles {
    told: BTreeMap<String, BTreeSet<String>>,
}

impl Troubles {
    /// Those of the problems that are new there, and that nobody else has told. Numbers in them change
    /// from time to time, and make nothing new.
    fn new_ones<'p>(&mut self, place: &str, problems: &'p [String]) -> Vec<&'p String> {
        let kind =
            |problem: &String| problem.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let is_known =
            |problem: &&String| self.told.values().any(|told| told.contains(&kind(problem)));
        let new = problems.iter().filter(|problem| !is_known(problem)).collect();
        self.told.insert(place.to_owned(), problems.iter().map(kind).collect());
        new
    }

    /// Whether there was trouble there that is over now, and that nobody else has.
    fn is_over(&mut self, place: &str) -> bool {
        let Some(over) = self.told.remove(place) else { return false };
        !over.is_empty()
            && !self.told.values().any(|told| told.intersection(&over).next().is_some())
    }
}

/// Tells of one round of one thread. Trouble that goes on is told once, until it has passed.
fn tell_round(ui: &Ui, report: &Report, troubles: &mut Troubles) {
    let loops = &report.loops;
    if ui.json
        && !(report.clusters.is_empty()
            && loops.made.is_empty()
            && loops.ended.is_empty()
            && report.problems.is_empty())
    {
        ui.json(&json(report));
    }
    tell_changes(ui, report);
    for cluster in &report.clusters {
        // Another tick is no trouble, and says nothing of the cluster.
        let held: Vec<String> = cluster
            .held_by
            .iter()
            .map(|holder| format!("{}: another tick is at work ({holder})", cluster.name))
            .collect();
        troubles
            .new_ones(&format!("tick of {}", cluster.name), &held)
            .into_iter()
            .for_each(|one| ui.status(&text::clean(one)));
        if !held.is_empty() {
            continue;
        }
        let all: Vec<String> =
            cluster.problems.iter().map(|problem| format!("{}: {problem}", cluster.name)).collect();
        let place = format!("cluster {}", cluster.name);
        if all.is_empty() && troubles.is_over(&place) {
            ui.status(&format!("{}: it answers again", cluster.name));
        }
        for problem in troubles.new_ones(&place, &all) {
            ui.problem(&text::clean(problem));
        }
    }
    let place = report.clusters.first().map_or("loops", |one| one.name.as_str());
    for problem in troubles.new_ones(&format!("here, after {place}"), &report.problems) {
        ui.problem(&text::clean(problem));
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
    if !report.behind && report.clusters.iter().all(ClusterReport::is_good) {
        Exit::Success
    } else {
        Exit::Bad
    }
}

fn json(report: &Report) -> serde_json::Value {
    let clusters: Vec<_> = report
        .clusters
        .iter()
        .map(|cluster| {
            serde_json::json!({
                "name": cluster.name, "sprints": cluster.looked_at, "changes": cluster.changes, "problems": cluster.problems,
                "held_by": cluster.held_by, "unreachable": cluster.unreachable,
            })
        })
        .collect();
    let made: Vec<&str> = report.loops.made.iter().map(|(id, _)| id.as_str()).collect();
    let ended: Vec<_> = report
        .loops
        .ended
        .iter()
        .map(|(id, why)| serde_json::json!({ "loop_id": id, "detail": why }))
        .collect();
    serde_json::json!({ "clusters": clusters, "loops": { "made": made, "ended": ended }, "problems": report.problems, "behind": report.behind })
}

fn change(change: &SprintChange) -> String {
    format!("{}: {}", change.sprint_id, text::status(change.status, change.phase.as_deref()))
}

/// What happened to sprints and loops, a line each.
fn tell_changes(ui: &Ui, report: &Report) {
    if ui.json {
        return;
    }
    for one in report.clusters.iter().flat_map(|cluster| &cluster.changes) {
        ui.line(&text::clean(&change(one)));
    }
    for (id, why) in &report.loops.ended {
        ui.line(&format!("{id}: ended: {}", text::clean(why)));
    }
}

fn tell(ui: &Ui, report: &Report) -> Result {
    if ui.json {
        ui.json(&json(report));
    }
    tell_changes(ui, report);
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
    if report.clusters.is_empty() && report.loops.ended.is_empty() {
        ui.status("Nothing to do: no sprint waits, runs or has results to bring.");
    }
    Ok(exit(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_told_once_until_it_has_passed() {
        let mut troubles = Troubles::default();
        let problems =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(troubles.new_ones("a", &problems(&["no answer within 30 s"])).len(), 1);
        assert_eq!(
            troubles.new_ones("a", &problems(&["no answer within 31 s", "another"])),
            ["another"]
        );
        // Another thread has the same: once for both, until both are well.
        assert_eq!(troubles.new_ones("b", &problems(&["another"])).len(), 0);
        assert!(!troubles.is_over("a") && troubles.is_over("b") && !troubles.is_over("b"));
        assert_eq!(troubles.new_ones("a", &problems(&["another"])).len(), 1);
    }
}
