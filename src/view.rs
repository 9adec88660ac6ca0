//! The shapes that programs see: `--json` prints them, and a server will answer with them.
//!
//! Field names of the Python server stay. No field ever holds a secret.

mod cluster;
mod config;
mod cron;
mod findings;
mod loops;
mod message;
mod next;
mod now;
mod plan;
mod project;
mod sprint;
mod status;
mod study;
mod task;
mod tick;
mod usage;

use serde::Serialize;

pub use cluster::{Check, Cluster, ClusterCheck, ClusterChecks, ClusterSetup, Clusters};
pub use config::ConfigCheck;
pub use cron::{Cron, CronInstalled, CronRemoved, PastTick};
pub use findings::{Board, Findings, Found, Leaderboard, Place, found, leaderboard, noise_words};
pub use loops::{BestOfLoop, Loop, Loops, OneLoop, ShownLoop, SprintOfLoop, loop_found};
pub use message::{Message, Messages, Replied, Response, message};
pub use next::{LoopNext, More, SprintNext};
pub use now::{GpusAt, Now, gpus, now};
pub use plan::{Plan, PlanWaiting, PlannedNeed, PlannedTask, PlannedTasks};
pub use project::{GitIgnore, NewProject};
pub use sprint::{Begun, Cancelled, Deleted, DryRun, Fetched, Prompt, cancelled};
pub use status::{Status, StudyMetric, StudyStatus, TickStatus, UnsentNotices};
pub use study::{OneStudy, Program, Studies, Study, program};
pub use task::{
    AddedTask, ChangedTasks, ClaimedTask, FailedTask, Imported, ImportedTask, NextTask,
    NothingReady, OneTask, RelatedTask, SameIdea, ShownTask, Task, TaskGraph, TaskList, TaskNeed,
    TaskNext, Tasks, TreeLine, task, task_whole,
};
pub use tick::{EndedLoop, SprintChange, Ticked, TickedCluster, TickedLoops};
pub use usage::Usage;

use crate::domain::{
    Better, Finding, LoopId, MessageId, Metric, OpenIssues, Reason, SprintId, SprintKind, State,
    Status as SprintStatus, StepState, TaskId, Verdict,
};
use crate::store::{Artifact, SprintRow, StepRow, Store, StoreError};

/// A sprint. In a list, `finding`, `metrics`, `steps` and `artifacts` are left out.
#[derive(Debug, Clone, Serialize)]
pub struct Sprint {
    /// `sp-` and six hexadecimal digits.
    pub id: SprintId,
    /// The study.
    pub study_name: String,
    /// The idea.
    pub idea: Option<String>,
    /// `pending`, `submitting`, `submitted`, `running`, `parked`, `cancelling`, `completed`,
    /// `failed` or `cancelled`.
    pub status: SprintStatus,
    /// The step that runs.
    pub phase: Option<String>,
    /// Why it failed: a word of a closed list.
    pub reason: Option<Reason>,
    /// Why it failed: a sentence.
    pub error: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The scheduler's id of the last job.
    pub job_id: Option<String>,
    /// The name of the sprint's directory.
    pub directory: String,
    /// Its path on the cluster.
    pub remote_dir: String,
    /// The cluster.
    pub cluster: String,
    /// `slurm`, `sge` or `local`.
    pub scheduler: &'static str,
    /// The node.
    pub host: Option<String>,
    /// RFC 3339, UTC, as all times.
    pub created_at: String,
    /// When its job was taken.
    pub submitted_at: Option<String>,
    /// When its job began.
    pub started_at: Option<String>,
    /// When it was over.
    pub completed_at: Option<String>,
    /// How long its job may run, in seconds.
    pub time_limit_seconds: u64,
    /// The summary, when it completed.
    pub summary: Option<String>,
    /// Claude's session.
    pub session_id: Option<String>,
    /// The loop that made it.
    pub loop_id: Option<LoopId>,
    /// The task that it is an attempt at.
    pub task_id: Option<TaskId>,
    /// The sprint that it repeats, or follows up on.
    pub parent: Option<SprintId>,
    /// `research`, `tweak` or `plan`.
    pub kind: SprintKind,
    /// The message that it waits for, when it is parked.
    pub waits_for: Option<MessageId>,
    /// US dollars at list prices.
    pub cost_usd: f64,
    /// Whether the cost is not exact.
    pub cost_estimated: bool,
    /// Why some of it is not known at all; null when it is.
    pub cost_unknown: Option<String>,
    /// The dollars that count in its place.
    pub cost_unknown_usd: f64,
    /// Tokens read, written, cached.
    pub tokens: Tokens,
    /// Until when nothing is tried: to let it go on, or to bring its results. RFC 3339; null when nothing waits.
    pub waits_until: Option<String>,
    /// When a usage limit ends, RFC 3339.
    pub resets_at: Option<String>,
    /// Whether the run's journal was changed after it was written.
    pub journal_altered: bool,
    /// What the last look at it had to say.
    pub note: Option<String>,
    /// Which limit keeps it from going on, for doors of this program: its note says it to others.
    #[serde(skip)]
    pub limit_reason: Option<String>,
    /// For how long its job has been running, as far as this machine knows; null when none runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_seconds: Option<Option<u64>>,
    /// In lists: what came of it, in short; null when nothing has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Option<Outcome>>,
    /// What it found of its idea; null when it has told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Option<Finding>>,
    /// What of its finding and its figures could not be used, a sentence each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Vec<String>>,
    /// Its figures: what the evaluator measured, then what the agent told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<Metric>>,
    /// What its last review has against its result, once it is over; null when nothing is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_issues: Option<Option<OpenIssues>>,
    /// What its jobs have used, all together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Usage>,
    /// What the GPUs of its job do, or did last; null when nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<Option<GpusAt>>,
    /// What its job does at this moment; null when none runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Option<Now>>,
    /// Its steps, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
    /// Files on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Vec<File>>,
}

/// What came of a sprint, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `supported`, `refuted` or `inconclusive`.
    pub verdict: Option<Verdict>,
    /// The figure by which sprints of its study are compared.
    pub metric: Option<Metric>,
    /// Whether its last review has critical issues against it that are open.
    pub has_open_issues: bool,
}

/// How a sprint stands beside the others of its study, by the study's metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The metric.
    pub metric: String,
    /// Which way it gets better.
    pub better: Better,
    /// Its place, from 1.
    pub rank: usize,
    /// How many places there are.
    pub places: usize,
    /// The value of its place; of repeats the mean.
    pub value: f64,
    /// The best other place: its newest sprint.
    pub other_sprint_id: Option<SprintId>,
    /// The value of that.
    pub other_value: Option<f64>,
    /// As in [`Place`]: how sure a difference is.
    pub noise: Option<&'static str>,
}

/// The answer about one sprint.
#[derive(Debug, Clone, Serialize)]
pub struct OneSprint {
    /// The sprint.
    pub sprint: Sprint,
    /// How it stands beside the others of its study; null when it has no value that can be compared.
    pub standing: Option<Standing>,
    /// What it asks, and what it was told and has not read yet.
    #[serde(skip)]
    pub messages: Vec<Message>,
    /// What can be done next.
    #[serde(skip)]
    pub next: SprintNext,
}

/// The answer of a list of sprints.
#[derive(Debug, Clone, Serialize)]
pub struct Sprints {
    /// Newest first.
    pub sprints: Vec<Sprint>,
}

/// Tokens of a sprint.
#[derive(Debug, Clone, Serialize)]
pub struct Tokens {
    /// Read by the model.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Read from or written to the cache.
    pub cached: u64,
}

/// One step of a sprint.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// `waiting`, `running`, `yes`, `no`, `error` or `interrupted`.
    pub state: StepState,
    /// In one line.
    pub detail: String,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// How long it took.
    pub seconds: u64,
    /// For how long its present visit has been running, which that does not count yet; null when it does
    /// not run.
    pub running_seconds: Option<u64>,
    /// What it cost.
    pub cost_usd: f64,
    /// Whether that is not exact.
    pub cost_estimated: bool,
    /// All its tokens.
    pub tokens: u64,
    /// GPUs times seconds, when it is known how many GPUs the job asked for.
    pub gpu_seconds: Option<u64>,
}

/// A file on this machine.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    /// Below the sprint's folder.
    pub filename: String,
    /// In bytes.
    pub size: u64,
}

impl Sprint {
    /// The same so many seconds later, when nothing else has happened.
    #[must_use]
    pub fn later(&self, seconds: u64) -> Self {
        let mut later = self.clone();
        let steps = later.steps.iter_mut().flatten().map(|step| &mut step.running_seconds);
        for running in later.running_seconds.iter_mut().chain(steps).flatten() {
            *running += seconds;
        }
        if let Some(Some(Now { command_seconds: Some(running), .. })) = &mut later.now {
            *running += seconds;
        }
        later
    }
}

/// Shows a sprint.
pub fn sprint(row: &SprintRow) -> Sprint {
    let ending = match &row.state {
        State::Ended { ending, .. } => Some(ending),
        _ => None,
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Sprint {
        id: row.id.clone(),
        study_name: row.study.clone(),
        idea: row.idea.clone(),
        status: row.state.status(),
        phase: row.state.phase().map(str::to_owned),
        reason: ending.and_then(|ending| ending.reason),
        error: ending.and_then(|ending| text(&ending.detail)),
        hint: ending.and_then(|ending| text(&ending.hint)),
        job_id: row.state.last_job().map(ToString::to_string),
        directory: row.directory.clone(),
        remote_dir: row.remote_dir.clone(),
        cluster: row.cluster.clone(),
        scheduler: row.scheduler.as_str(),
        host: row.host.clone(),
        created_at: row.created_at.clone(),
        submitted_at: row.submitted_at.clone(),
        started_at: row.started_at.clone(),
        completed_at: row.completed_at.clone(),
        time_limit_seconds: row.seconds,
        running_seconds: None,
        summary: row.summary.clone(),
        session_id: row.session_id.clone(),
        loop_id: row.loop_id.clone(),
        task_id: row.task.clone(),
        parent: row.parent.clone(),
        kind: row.kind,
        waits_for: row.waits_for.clone(),
        cost_usd: row.cost_usd,
        cost_estimated: row.cost_estimated,
        cost_unknown: text(&row.cost_unknown),
        cost_unknown_usd: row.unknown_usd().unwrap_or(0.0),
        tokens: Tokens { input: row.tokens[0], output: row.tokens[1], cached: row.tokens[2] },
        waits_until: row.waits_until(),
        resets_at: row.reset_time(),
        journal_altered: row.journal_altered,
        note: text(&row.note),
        limit_reason: row.limit_reason().map(str::to_owned),
        outcome: None,
        finding: None,
        unusable: None,
        metrics: None,
        open_issues: None,
        spent: None,
        gpus: None,
        now: None,
        steps: None,
        artifacts: None,
    }
}

/// Shows a sprint in a list of those that run.
pub fn sprint_running(store: &Store, row: &SprintRow) -> Result<Sprint, StoreError> {
    let running = store.running(&row.id)?;
    Ok(Sprint { running_seconds: Some(running.map(|job| job.seconds)), ..sprint(row) })
}

/// Shows a sprint with all that is known of it.
pub fn sprint_found(store: &Store, row: &SprintRow) -> Result<Sprint, StoreError> {
    let id = &row.id;
    let running = store.running(id)?;
    let step = |step: StepRow| Step {
        running_seconds: running.as_ref().and_then(|job| job.steps.get(&step.label)).copied(),
        name: step.label,
        title: step.title,
        state: step.state,
        detail: step.detail,
        started_at: step.started_at,
        ended_at: step.ended_at,
        seconds: step.seconds,
        cost_usd: step.cost_usd,
        cost_estimated: step.cost_estimated,
        tokens: step.tokens,
        gpu_seconds: row.gpus.map(|gpus| u64::from(gpus).saturating_mul(step.seconds)),
    };
    let file = |file: Artifact| File { filename: file.path, size: file.size };
    Ok(Sprint {
        running_seconds: Some(running.as_ref().map(|job| job.seconds)),
        finding: Some(store.finding(id)?),
        unusable: Some(store.unusable(id)?),
        metrics: Some(store.metrics(id)?),
        open_issues: Some(store.open_issues(id)?),
        spent: Some(Usage::from(&store.money_of_sprint(id)?)),
        gpus: Some(gpus(store, row)?),
        now: Some(running.as_ref().map(|running| now(store, row, running)).transpose()?),
        steps: Some(store.steps(id)?.into_iter().map(step).collect()),
        artifacts: Some(store.artifacts(id)?.into_iter().map(file).collect()),
        ..sprint(row)
    })
}
