//! What bounds a loop, and which bound has ended one.

use serde::{Deserialize, Serialize};

use super::duration;
use super::visible::is_harmful;

/// The bounds of a loop. What is `None` does not bound it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Sprints that complete.
    pub count: u32,
    /// US dollars at list prices.
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// GPUs times hours.
    #[serde(default)]
    pub max_gpu_hours: Option<f64>,
    /// No sprint is begun after it, in seconds since 1970.
    #[serde(default)]
    pub until: Option<i64>,
    /// The figure that ends the loop.
    #[serde(default)]
    pub target: Option<Target>,
    /// So many measured sprints without an improvement beyond the noise.
    #[serde(default)]
    pub patience: Option<u32>,
    /// Sprints at once.
    pub parallel: u32,
    /// Whether a person must agree to each idea that a job finds.
    #[serde(default)]
    pub approve: bool,
    /// Whether only tasks of the backlog are tried, and no ideas are found.
    #[serde(default)]
    pub tasks_only: bool,
}

/// A figure to be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The metric's name.
    pub metric: String,
    /// Whether more is better.
    pub higher: bool,
    /// Reached when the metric is this or better.
    pub value: f64,
}

impl Target {
    /// Whether this value reaches it.
    pub fn is_reached_by(&self, value: f64) -> bool {
        if self.higher { value >= self.value } else { value <= self.value }
    }

    /// Reads `accuracy>=0.95`, `loss<=0.1`, or `0.95` for the study's own metric.
    pub fn parse(text: &str, study_metric: Option<(&str, bool)>) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no target: expected for example `accuracy>=0.95`, `loss<=0.1`, or a number for the study's own metric");
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        for (sign, higher) in [(">=", true), ("<=", false), (">", true), ("<", false)] {
            if let Some((name, value)) = text.split_once(sign) {
                let name = name.trim();
                if name.is_empty() || name.len() > 100 || name.chars().any(is_harmful) {
                    return Err(wrong());
                }
                return Ok(Self { metric: name.to_owned(), higher, value: number(value).ok_or_else(wrong)? });
            }
        }
        let value = number(text).ok_or_else(wrong)?;
        let Some((metric, higher)) = study_metric else {
            return Err(format!("{text}: the study declares no metric; write it as `METRIC>={text}`, or set `metric` of the study"));
        };
        Ok(Self { metric: metric.to_owned(), higher, value })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.metric, if self.higher { ">=" } else { "<=" }, self.value)
    }
}

/// Which rule ended a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRule {
    /// As many sprints as were wanted have completed.
    Count,
    /// The money is used up.
    MaxCost,
    /// The GPU-hours are used up.
    MaxGpuHours,
    /// The money of the study is used up.
    StudyCost,
    /// The GPU-hours of the study are used up.
    StudyGpuHours,
    /// It is too late.
    Deadline,
    /// A figure was reached.
    Target,
    /// Nothing has got better.
    NoImprovement,
    /// The same failure came twice.
    SameFailure,
    /// Too many failures in a row.
    Failures,
    /// Nothing is left of the backlog.
    BacklogDone,
    /// The configuration does not allow it any more.
    NotAllowed,
    /// Somebody stopped it.
    ByHand,
}

impl StopRule {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::MaxCost => "max_cost",
            Self::MaxGpuHours => "max_gpu_hours",
            Self::StudyCost => "max_study_cost",
            Self::StudyGpuHours => "max_study_gpu_hours",
            Self::Deadline => "deadline",
            Self::Target => "target",
            Self::NoImprovement => "no_improvement",
            Self::SameFailure => "same_failure",
            Self::Failures => "failures",
            Self::BacklogDone => "backlog_done",
            Self::NotAllowed => "not_allowed",
            Self::ByHand => "by_hand",
        }
    }

    /// The option that lets a loop go on which this rule has ended.
    pub fn widened_by(self) -> Option<&'static str> {
        match self {
            Self::Count => Some("-n COUNT"),
            Self::MaxCost => Some("--max-cost USD"),
            Self::MaxGpuHours => Some("--max-gpu-hours HOURS"),
            Self::Deadline => Some("--until TIME"),
            Self::Target => Some("--target none"),
            Self::StudyCost
            | Self::StudyGpuHours
            | Self::NoImprovement
            | Self::SameFailure
            | Self::Failures
            | Self::BacklogDone
            | Self::NotAllowed
            | Self::ByHand => None,
        }
    }

    /// The key of the study that lets a loop go on which this rule has ended.
    pub fn study_key(self) -> Option<&'static str> {
        match self {
            Self::StudyCost => Some("max_study_cost_usd"),
            Self::StudyGpuHours => Some("max_study_gpu_hours"),
            _ => None,
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Count,
            Self::MaxCost,
            Self::MaxGpuHours,
            Self::StudyCost,
            Self::StudyGpuHours,
            Self::Deadline,
            Self::Target,
            Self::NoImprovement,
            Self::SameFailure,
            Self::Failures,
            Self::BacklogDone,
            Self::NotAllowed,
            Self::ByHand,
        ]
        .into_iter()
        .find(|rule| rule.as_str() == word)
    }

    /// Whether the loop has done what it was made for.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Count | Self::Target | Self::BacklogDone)
    }
}

/// Reads when something ends: RFC 3339, `2026-12-24 18:00` (UTC), or a time from now such as `12h`.
pub fn parse_until(text: &str, now: i64) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_second());
    }
    let civil = text.parse::<jiff::civil::DateTime>().or_else(|_| text.parse::<jiff::civil::Date>().map(jiff::civil::DateTime::from));
    if let Ok(time) = civil.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC)) {
        return Ok(time.timestamp().as_second());
    }
    if let Ok(seconds) = duration::parse_seconds(text)
        && let Ok(seconds) = i64::try_from(seconds)
    {
        return Ok(now.saturating_add(seconds));
    }
    Err(format!("{text:?} is no time: expected for example `12h`, `2026-12-24`, `2026-12-24 18:00` (UTC) or `2026-12-24T18:00:00+01:00`"))
}
