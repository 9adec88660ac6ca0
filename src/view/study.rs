//! Studies, and what they are after.

use serde::Serialize;

use super::{Sprint, Usage};
use crate::study;

/// A study.
#[derive(Debug, Clone, Serialize)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: String,
    /// In a line.
    pub description: String,
    /// How many sprints it has.
    pub sprints: u64,
    /// How many of them are not over.
    pub active: u64,
    /// US dollars that its sprints have cost together, also those that were deleted.
    pub cost_usd: f64,
    /// What else they have used, and what is put aside for those that are not over.
    pub spent: Usage,
    /// The most that all its sprints may cost together, in US dollars.
    pub max_study_cost_usd: Option<f64>,
    /// The most GPU-hours of all its sprints together.
    pub max_study_gpu_hours: Option<f64>,
    /// Whether loops are allowed.
    pub allow_loop: bool,
    /// How long a sprint may take, in hours.
    pub max_sprint_duration_hours: f64,
    /// How many rounds of red team and fix.
    pub red_team_max_rounds: u32,
}

/// The answer of the list of studies.
#[derive(Debug, Clone, Serialize)]
pub struct Studies {
    /// In the order of the configuration.
    pub studies: Vec<Study>,
}

/// The answer about one study.
#[derive(Debug, Clone, Serialize)]
pub struct OneStudy {
    /// The study.
    pub study: Option<Study>,
    /// What it is after.
    pub program: Program,
    /// Its newest sprints.
    pub sprints: Vec<Sprint>,
}

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
    /// Measured sprints without an improvement beyond the noise.
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
        until: program
            .limits
            .until
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map(|time| time.to_string()),
        patience: program.limits.patience,
        mistakes: program.mistakes.iter().map(ToString::to_string).collect(),
    }
}
