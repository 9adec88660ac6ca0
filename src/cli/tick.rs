//! `researchloop tick`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::failure::{Exit, Failure, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::cron::Log;
use crate::platform::clock;
use crate::tick::{self, ClusterReport, Report};

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
        return tell(ui, &tick::tick(&app)?, false);
    }
    let mut pace = Pace::new(app.config.clusters.iter().map(|cluster| (cluster.name.to_string(), cluster.poll_interval)));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, std::sync::Arc::clone(&stop)).map_err(|error| Failure::failed(error.to_string()))?;
    }
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let now = clock::instant();
        let report = tick::tick_over(&app, |name| pace.is_due(name, now))?;
        pace.asked(report.clusters.iter().map(|cluster| cluster.name.as_str()), now);
        for cluster in report.clusters.iter().filter(|cluster| cluster.held_by.is_none()) {
            pace.answered(&cluster.name, cluster.is_good() && !cluster.failing);
        }
        tell(ui, &report, true)?;
        if ui.is_cut_off() {
            break;
        }
        let until = clock::instant() + pace.rest(clock::instant());
        while clock::instant() < until && !stop.load(std::sync::atomic::Ordering::Relaxed) {
            clock::pause(Duration::from_millis(200));
        }
    }
    Ok(Exit::Success)
}

/// When each cluster may be asked again: one that is to be asked rarely is not asked as often as
/// another one.
struct Pace {
    intervals: BTreeMap<String, Duration>,
    asked: BTreeMap<String, Instant>,
    failures: BTreeMap<String, u32>,
}

/// A cluster that fails is asked less and less often, at most so long apart.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl Pace {
    fn new(intervals: impl Iterator<Item = (String, u64)>) -> Self {
        let intervals = intervals.map(|(name, seconds)| (name, Duration::from_secs(seconds))).collect();
        Self { intervals, asked: BTreeMap::new(), failures: BTreeMap::new() }
    }

    fn interval(&self, name: &str) -> Duration {
        let usual = self.intervals.get(name).copied().unwrap_or(Duration::from_secs(30));
        let failures = self.failures.get(name).copied().unwrap_or(0);
        usual.max(LONGEST_PAUSE.min(usual.saturating_mul(1 << failures.min(12))))
    }

    /// What came of asking it.
    fn answered(&mut self, name: &str, well: bool) {
        let failures = self.failures.entry(name.to_owned()).or_default();
        *failures = if well { 0 } else { failures.saturating_add(1) };
    }

    fn is_due(&self, name: &str, now: Instant) -> bool {
        self.asked.get(name).is_none_or(|asked| now.duration_since(*asked) >= self.interval(name))
    }

    /// These were asked. One that was not due was only sent something.
    fn asked<'a>(&mut self, names: impl Iterator<Item = &'a str>, now: Instant) {
        for name in names {
            if self.is_due(name, now) {
                self.asked.insert(name.to_owned(), now);
            }
        }
    }

    /// How long until something is due: at most the shortest interval, for what there is to do here.
    fn rest(&self, now: Instant) -> Duration {
        let most = self.intervals.values().min().copied().unwrap_or(Duration::from_secs(30));
        // One that is due and was not asked has nothing to do.
        let left = |(name, asked): (&String, &Instant)| (*asked + self.interval(name)).saturating_duration_since(now);
        let next = self.asked.iter().map(left).filter(|left| !left.is_zero()).min();
        next.map_or(most, |next| next.clamp(Duration::from_secs(1).min(most), most))
    }
}

/// One tick of which nothing is printed: cron would send it by mail, every time.
fn logged(global: &Global, ui: &Ui, log: &Path) -> Result {
    let ticked = global.app(ui).and_then(|app| Ok(tick::tick(&app)?));
    let (lines, exit) = match ticked {
        Ok(report) => (log_lines(&report), exit(&report)),
        Err(failure) => {
            let hints = failure.hints.iter().map(|hint| format!("hint: {hint}"));
            (std::iter::once(format!("error: {}", failure.message)).chain(hints).collect(), Exit::Bad)
        }
    };
    let lines: Vec<String> = lines.iter().flat_map(|line| text::clean_lines(line)).collect();
    Log::at(log).add(&lines).map_err(|error| Failure::failed(format!("cannot write {}: {error}", log.display())))?;
    Ok(exit)
}

fn log_lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for cluster in &report.clusters {
        lines.extend(cluster.changes.iter().map(|(id, what)| format!("{id}: {what}")));
        lines.extend(cluster.problems.iter().map(|problem| format!("warning: {}: {problem}", cluster.name)));
    }
    lines.extend(report.loops.made.iter().map(|(id, cluster)| format!("{id}: made for {cluster}")));
    lines.extend(report.loops.ended.iter().map(|(id, why)| format!("{id}: ended: {why}")));
    lines.extend(report.problems.iter().map(|problem| format!("warning: {problem}")));
    lines
}

fn exit(report: &Report) -> Exit {
    if report.clusters.iter().all(ClusterReport::is_good) { Exit::Success } else { Exit::Bad }
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
    Ok(exit(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cluster_is_asked_at_its_own_interval() {
        let mut pace = Pace::new([("quick".to_owned(), 10), ("slow".to_owned(), 120)].into_iter());
        let start = clock::instant();
        let mut asked: BTreeMap<&str, u32> = BTreeMap::new();
        let mut now = start;
        while now.duration_since(start) < Duration::from_secs(600) {
            let due: Vec<&str> = ["quick", "slow"].into_iter().filter(|name| pace.is_due(name, now)).collect();
            for name in &due {
                *asked.entry(name).or_default() += 1;
            }
            pace.asked(due.into_iter(), now);
            let rest = pace.rest(now);
            assert!(rest >= Duration::from_secs(1) && rest <= Duration::from_secs(10), "{rest:?}");
            now += rest;
        }
        assert_eq!((asked["quick"], asked["slow"]), (60, 5));
        assert!(pace.is_due("a cluster that is new", now));
        // Both have nothing to do any more.
        assert_eq!(pace.rest(now + Duration::from_secs(1000)), Duration::from_secs(10));
    }

    #[test]
    fn a_cluster_that_fails_is_asked_less_and_less_often() {
        let mut pace = Pace::new([("bad".to_owned(), 30), ("rare".to_owned(), 600)].into_iter());
        let seconds = |pace: &Pace, name: &str| pace.interval(name).as_secs();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            pauses.push(seconds(&pace, "bad"));
            pace.answered("bad", false);
            pace.answered("rare", false);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        assert_eq!(seconds(&pace, "rare"), 600, "never more often than usual, and no less");
        pace.answered("bad", true);
        assert_eq!(seconds(&pace, "bad"), 30);
    }
}
