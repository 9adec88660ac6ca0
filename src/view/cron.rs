//! What is told of cron.

use std::path::PathBuf;

use serde::Serialize;

/// The line that was put into the crontab.
#[derive(Debug, Clone, Serialize)]
pub struct CronInstalled {
    /// True.
    pub installed: bool,
    /// Whether the crontab had no line of this project, or another one.
    pub changed: bool,
    /// The line.
    pub line: String,
    /// Seconds between two ticks.
    pub every_seconds: u64,
    /// The file in which they tell what they do.
    pub log: PathBuf,
    /// Why a tick would fail, a sentence each.
    pub problems: Vec<String>,
    /// What is different in cron but may do no harm, a sentence each.
    pub warnings: Vec<String>,
    /// Whether the crontab had a line of this project before.
    #[serde(skip)]
    pub was_there: bool,
}

/// What became of the line when it was to be removed.
#[derive(Debug, Clone, Serialize)]
pub struct CronRemoved {
    /// Whether there was one.
    pub removed: bool,
}

/// Whether cron lets everything go on.
#[derive(Debug, Clone, Serialize)]
pub struct Cron {
    /// Whether the crontab has a line of this project.
    pub installed: bool,
    /// The line.
    pub line: Option<String>,
    /// The file in which ticks of cron tell what they do.
    pub log: PathBuf,
    /// Its last lines.
    pub log_tail: Vec<String>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// The last tick.
    pub last_tick: Option<PastTick>,
    /// The last tick that reached every cluster that it asked.
    pub last_good_tick: Option<PastTick>,
    /// When all this was looked at.
    #[serde(skip)]
    pub now: jiff::Timestamp,
}

/// A tick that has ended.
#[derive(Debug, Clone, Serialize)]
pub struct PastTick {
    /// When it ended.
    pub time: jiff::Timestamp,
    /// `cron` or `person`.
    pub by: String,
    /// What went wrong, a sentence each.
    pub problems: Vec<String>,
}
