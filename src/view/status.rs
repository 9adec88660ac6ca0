//! The shape of `researchloop status --json`.

use serde::Serialize;

use super::{Loop, Message, Sprint, Usage};
use crate::store::Unsent;

/// Everything that runs, waits, needs somebody, and has been spent.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Sprints whose job runs or is ending, oldest first.
    pub running: Vec<Sprint>,
    /// Sprints that wait: for a free place, in a queue, or for an answer; oldest first.
    pub waiting: Vec<Sprint>,
    /// Sprints that have ended since a time that was asked for, newest first; empty without one.
    pub ended: Vec<Sprint>,
    /// What somebody has to answer or decide, oldest first.
    pub needs_you: Vec<Message>,
    /// The loops that run, without their sprints.
    pub loops: Vec<Loop>,
    /// Each study of the configuration, and those that only the database knows.
    pub studies: Vec<StudyStatus>,
    /// All studies together.
    pub total: Usage,
    /// What was spent since midnight UTC, in US dollars.
    pub spent_today_usd: f64,
    /// Whether that is not exact.
    pub spent_today_estimated: bool,
    /// Whether some of it is not known at all, because its record is gone.
    pub spent_today_unknown: bool,
    /// The dollars that count in its place.
    pub spent_today_unknown_usd: f64,
    /// Whether anything advances by itself.
    pub tick: TickStatus,
    /// Notices that could not be sent, a channel each.
    pub notices: Vec<UnsentNotices>,
    /// What is wrong with the database: sprints that it should know and does not, or copies beside it.
    pub database_problems: Vec<String>,
    /// When all this was looked at.
    #[serde(skip)]
    pub now: jiff::Timestamp,
}

/// Notices that could not be sent through a channel.
#[derive(Debug, Clone, Serialize)]
pub struct UnsentNotices {
    /// `ntfy` or `notify_command`.
    pub channel: String,
    /// How many.
    pub count: u64,
    /// What was said of the one that was tried last.
    pub problem: String,
    /// When one is tried again, RFC 3339; null when the next tick does.
    pub waits_until: Option<String>,
}

impl From<Unsent> for UnsentNotices {
    fn from(unsent: Unsent) -> Self {
        Self {
            waits_until: unsent.waits_until(),
            channel: unsent.channel,
            count: unsent.count,
            problem: unsent.problem,
        }
    }
}

/// One study.
#[derive(Debug, Clone, Serialize)]
pub struct StudyStatus {
    /// Its name.
    pub name: String,
    /// Sprints that are not over.
    pub active: u64,
    /// How many of its tasks stand how: `ready`, `blocked`, ...; only what is not zero.
    pub tasks: std::collections::BTreeMap<&'static str, u64>,
    /// What was spent since midnight UTC, in US dollars.
    pub spent_today_usd: f64,
    /// Whether that is not exact.
    pub spent_today_estimated: bool,
    /// Whether some of it is not known at all, because its record is gone.
    pub spent_today_unknown: bool,
    /// The dollars that count in its place.
    pub spent_today_unknown_usd: f64,
    /// What it has used.
    pub spent: Usage,
    /// The figure by which its sprints are compared; null when it declares none, or none has a value.
    pub metric: Option<StudyMetric>,
}

/// The metric of a study, and how it developed.
#[derive(Debug, Clone, Serialize)]
pub struct StudyMetric {
    /// Its name.
    pub name: String,
    /// The best value.
    pub best: f64,
    /// All values that count, in the order of time.
    pub values: Vec<f64>,
}

/// Whether anything advances by itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TickStatus {
    /// When the last tick ended, RFC 3339.
    pub last_at: Option<String>,
    /// `cron` or `person`.
    pub last_by: Option<String>,
    /// What went wrong in it.
    pub last_problems: Vec<String>,
    /// When the last tick ended that reached every cluster that it asked.
    pub last_good_at: Option<String>,
    /// Seconds between two ticks of cron, when `cron install` was run.
    pub cron_every_seconds: Option<u64>,
    /// Whether something waits for a tick that should have come by now.
    pub is_overdue: bool,
}
