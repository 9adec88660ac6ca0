//! What bounds a loop, and which bound has ended one.

use serde::{Deserialize, Serialize};

use super::action::LoopOption;
use super::string_enum::string_enum;
use super::text::is_harmful;
use super::{duration, figure_name, unit};

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
    /// The unit of that, as it was written; empty when none was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

impl Target {
    /// Whether this value reaches it.
    pub fn is_reached_by(&self, value: f64) -> bool {
        if self.higher { value >= self.value } else { value <= self.value }
    }

    /// Reads `accuracy>=0.95`, `error<=5%`, `time<=90 s`, or `0.95` for the study's own metric.
    pub fn parse(text: &str, study_metric: Option<(&str, bool)>) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a target: expected for example `accuracy>=0.95`, `error<=5%`, `time<=90 s`, or a number for the study's own metric"
            )
        };
        for (sign, higher) in [
            (">=", true),
            ("<=", false),
            ("=>", true),
            ("=<", false),
            ("≥", true),
            ("≤", false),
            (">", true),
            ("<", false),
        ] {
            if let Some((name, amount)) = text.split_once(sign) {
                let name = name.trim();
                if name.is_empty() || name.len() > 100 || name.chars().any(is_harmful) {
                    return Err(wrong());
                }
                let (value, unit) = unit::amount(amount).ok_or_else(wrong)?;
                // The study's own name for it, if it is that.
                let name = study_metric
                    .map(|(metric, _)| metric)
                    .filter(|metric| figure_name::is_same(metric, name))
                    .unwrap_or(name);
                return Ok(Self { metric: name.to_owned(), higher, value, unit: unit.to_owned() });
            }
        }
        let (value, unit) = unit::amount(text).ok_or_else(wrong)?;
        let Some((metric, higher)) = study_metric else {
            return Err(format!(
                "{text}: the study declares no metric; write it as `METRIC>={text}`, or set `metric` of the study"
            ));
        };
        Ok(Self { metric: metric.to_owned(), higher, value, unit: unit.to_owned() })
    }

    /// Whether it can be meant so: a target that no sprint could ever reach, or that each one reaches,
    /// ends no loop when it should. Names that the study's sprints have reported are known, each with
    /// the way in which it gets better if they say that.
    ///
    /// # Errors
    /// When it is certain that it cannot, why.
    pub fn check(
        &self,
        study_metric: Option<(&str, bool)>,
        reported: &[(String, Option<bool>)],
    ) -> Result<Option<String>, String> {
        let name = &self.metric;
        let told = reported.iter().filter(|(known, _)| figure_name::is_same(known, name));
        let own = study_metric.filter(|(metric, _)| figure_name::is_same(metric, name));
        let better = |higher: bool| if higher { "higher" } else { "lower" };
        let sign = if self.higher { "<=" } else { ">=" };
        if let Some((_, higher)) = own.filter(|(_, higher)| *higher != self.higher) {
            return Err(format!(
                "{self}: the target points the wrong way: {} {name} is better in this study; write `{name}{sign}...`",
                better(higher)
            ));
        }
        let mut directions = told.clone().filter_map(|(_, higher)| *higher);
        if own.is_none()
            && let Some(higher) = directions
                .next()
                .filter(|first| *first != self.higher && directions.all(|other| other == *first))
        {
            return Ok(Some(format!(
                "{self}: the study's sprints say that {} {name} is better, and each of them may reach this target",
                better(higher)
            )));
        }
        // Of a study without a metric that has measured nothing, nothing is known.
        if own.is_some() || told.count() > 0 || (reported.is_empty() && study_metric.is_none()) {
            return Ok(None);
        }
        let known = reported
            .iter()
            .map(|(name, _)| name.as_str())
            .chain(study_metric.map(|(metric, _)| metric));
        let meant = match figure_name::meant(name, known) {
            Some(near) => format!("; did you mean {near}?"),
            None if reported.is_empty() => study_metric
                .map(|(metric, _)| format!("; the study's metric is {metric}"))
                .unwrap_or_default(),
            None => format!(
                "; they have reported {}",
                list(reported.iter().map(|(name, _)| name.as_str()))
            ),
        };
        let text = format!(
            "{self}: no sprint of the study has reported {name}{}{meant}",
            if reported.is_empty() { " yet" } else { "" }
        );
        if reported.is_empty() { Ok(Some(text)) } else { Err(text) }
    }
}

/// Some names, for a sentence.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.take(9).collect();
    match names.get(..8) {
        Some(first) if names.len() > 8 => format!("{}, ...", first.join(", ")),
        _ => names.join(", "),
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        write!(f, "{} {} {}{unit}", self.metric, if self.higher { ">=" } else { "<=" }, self.value)
    }
}

string_enum! {
    /// Which rule ended a loop.
    StopRule {
        /// As many sprints as were wanted have completed.
        Count = "count",
        /// The money is used up.
        MaxCost = "max_cost",
        /// The GPU-hours are used up.
        MaxGpuHours = "max_gpu_hours",
        /// The money of the study is used up.
        StudyCost = "max_study_cost",
        /// The GPU-hours of the study are used up.
        StudyGpuHours = "max_study_gpu_hours",
        /// It is too late.
        Deadline = "deadline",
        /// A figure was reached.
        Target = "target",
        /// Nothing has got better.
        NoImprovement = "no_improvement",
        /// The same failure came twice.
        SameFailure = "same_failure",
        /// Too many failures in a row.
        Failures = "failures",
        /// Nothing is left of the backlog.
        BacklogDone = "backlog_done",
        /// A job has no idea that is left to try.
        NoIdeasLeft = "no_ideas_left",
        /// The configuration does not allow it any more.
        NotAllowed = "not_allowed",
        /// Somebody stopped it.
        ByHand = "by_hand",
    }
}

string_enum! {
    /// How a loop stands.
    LoopStatus {
        /// Ticks begin sprints for it.
        Running = "running",
        /// It ended before it had done what it was made for. It can be resumed.
        Stopped = "stopped",
        /// It has done what it was made for.
        Completed = "completed",
    }
}

impl StopRule {
    /// The option that lets a loop go on which this rule has ended.
    pub fn widened_by(self) -> Option<LoopOption> {
        match self {
            Self::Count => Some(LoopOption::Count),
            Self::MaxCost => Some(LoopOption::Cost),
            Self::MaxGpuHours => Some(LoopOption::GpuHours),
            Self::Deadline => Some(LoopOption::Until),
            Self::Target => Some(LoopOption::NoTarget),
            Self::StudyCost
            | Self::StudyGpuHours
            | Self::NoImprovement
            | Self::SameFailure
            | Self::Failures
            | Self::BacklogDone
            | Self::NoIdeasLeft
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

    /// Whether the loop has done what it was made for.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Count | Self::Target | Self::BacklogDone | Self::NoIdeasLeft)
    }
}

/// Reads when something ends: RFC 3339, `2026-12-24 18:00` (UTC), or a time from now such as `12h`.
pub fn parse_until(text: &str, now: i64) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_second());
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(jiff::civil::DateTime::from));
    if let Ok(time) = civil.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC)) {
        return Ok(time.timestamp().as_second());
    }
    if let Ok(seconds) = duration::parse_seconds(text)
        && let Ok(seconds) = i64::try_from(seconds)
    {
        return Ok(now.saturating_add(seconds));
    }
    Err(format!(
        "{text:?} is not a time: expected for example `12h`, `2026-12-24`, `2026-12-24 18:00` (UTC) or `2026-12-24T18:00:00+01:00`"
    ))
}
