//! What sprints found, how they rank, and what their study is after.

use serde::Serialize;

use crate::domain::leaderboard::{self, Entry, Mark};
use crate::domain::noise::{Better, Measured};
use crate::domain::{Finding, Source, Verdict};
use crate::store::{FindingRow, MetricRow};
use crate::study;

/// What a study is after, from the configuration and its `program.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Program {
    /// The `program.md` that was read.
    pub file: Option<String>,
    /// The figure by which sprints are compared.
    pub metric: Option<String>,
    /// `higher` or `lower`.
    pub better: Option<&'static str>,
    /// What measures it, without the secrets that may stand in it.
    pub evaluator: Option<String>,
    /// The value that ends a loop, as `NAME >= VALUE` or `NAME <= VALUE`.
    pub target: Option<String>,
    /// Sprints of a loop.
    pub count: Option<u32>,
    /// Dollars of a loop.
    pub max_cost_usd: Option<f64>,
    /// GPU-hours of a loop.
    pub max_gpu_hours: Option<f64>,
    /// No sprint of a loop is begun after it: RFC 3339.
    pub until: Option<String>,
    /// Measured sprints in a row without an improvement beyond noise.
    pub patience: Option<u32>,
    /// What is probably not as it was meant in the file, with its place.
    pub mistakes: Vec<String>,
}

/// Shows what a study is after.
pub fn program(program: &study::Program) -> Program {
    let metric = program.metric.as_ref();
    Program {
        file: program.file.as_ref().map(|file| file.display().to_string()),
        metric: metric.map(|metric| metric.name.clone()),
        better: metric.map(|metric| metric.better.as_str()),
        evaluator: metric.and_then(|metric| metric.shown_evaluator()),
        target: program.target.as_ref().map(ToString::to_string),
        count: program.limits.count,
        max_cost_usd: program.limits.max_cost_usd,
        max_gpu_hours: program.limits.max_gpu_hours,
        until: program.limits.until.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|time| time.to_string()),
        patience: program.limits.patience,
        mistakes: program.mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// A place of a study's leaderboard.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// From 1.
    pub rank: usize,
    /// The sprint; of repeats of a task the newest.
    pub sprint_id: String,
    /// All sprints of this place, oldest first.
    pub sprints: Vec<String>,
    /// The task that they are attempts at.
    pub task_id: Option<String>,
    /// The loop that made the newest one.
    pub loop_id: Option<String>,
    /// The idea.
    pub idea: Option<String>,
    /// The metric; of repeats the mean.
    pub value: f64,
    /// Standard deviation over the runs, or over the repeats.
    pub spread: Option<f64>,
    /// How many runs, or repeats.
    pub n: Option<u32>,
    /// May be empty.
    pub unit: String,
    /// `evaluator` or `agent`: who says it.
    pub source: &'static str,
    /// What the agent claims, when the evaluator has measured.
    pub claimed: Option<f64>,
    /// Whether the claim is not what was measured.
    pub mismatch: bool,
    /// What was found of the idea.
    pub verdict: Option<Verdict>,
    /// `claimed`: the agent says it, where others were measured. Else `likely_real`, `within_noise` or
    /// `unknown`: how the first place differs from the first sprint in
    /// time, and each other place from the first place. Null when there is nothing to compare with.
    pub noise: Option<&'static str>,
    /// When the newest one completed, RFC 3339.
    pub completed_at: String,
}

/// What a sprint of a study found.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The sprint.
    pub sprint_id: String,
    /// The task that it was an attempt at.
    pub task_id: Option<String>,
    /// The idea.
    pub idea: Option<String>,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The summary.
    pub summary: Option<String>,
    /// RFC 3339.
    pub completed_at: String,
}

/// Shows what a sprint of a study found.
pub fn found(row: &FindingRow) -> Found {
    Found {
        sprint_id: row.sprint_id.clone(),
        task_id: row.task.clone(),
        idea: row.idea.clone(),
        finding: row.finding.clone(),
        summary: row.summary.clone(),
        completed_at: row.completed_at.clone(),
    }
}

/// Ranks the values of a metric, which are given in the order of time.
pub fn leaderboard(better: Better, rows: &[MetricRow]) -> Vec<Place> {
    let measured = |row: &MetricRow| Measured { value: row.value, n: row.n, spread: row.spread };
    let entries: Vec<Entry<'_>> = rows
        .iter()
        .map(|row| Entry {
            task: row.task.as_deref().map(|task| (task, row.idea.as_deref().unwrap_or_default())),
            is_measured: row.source == Source::Evaluator,
            measured: measured(row),
            claimed: row.claimed,
        })
        .collect();
    let places = leaderboard::rank(better, &entries).into_iter().enumerate().filter_map(|(at, place)| {
        let of: Vec<&MetricRow> = place.entries.iter().filter_map(|entry| rows.get(*entry)).collect();
        let newest = of.last()?;
        Some(Place {
            rank: at + 1,
            sprint_id: newest.sprint_id.clone(),
            sprints: of.iter().map(|row| row.sprint_id.clone()).collect(),
            task_id: newest.task.clone(),
            loop_id: newest.loop_id.clone(),
            idea: newest.idea.clone(),
            value: place.measured.value,
            spread: place.measured.spread,
            n: place.measured.n,
            unit: newest.unit.clone(),
            source: newest.source.as_str(),
            claimed: newest.claimed,
            mismatch: place.mismatch,
            verdict: newest.verdict,
            noise: if place.is_claim { Some("claimed") } else { place.mark.map(Mark::as_str) },
            completed_at: newest.completed_at.clone(),
        })
    });
    places.collect()
}
