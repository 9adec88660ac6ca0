//! What sprints found, how they rank, and what their study is after.

use serde::Serialize;

use crate::domain::leaderboard::{self, Standing, Told};
use crate::domain::noise::{Better, Gap, MORE_RUNS, Mark};
use crate::domain::text::figure;
use crate::domain::{Finding, LoopId, OpenIssues, SprintId, TaskId, Verdict};
use crate::store::{FindingRow, MetricRow};

/// A place of a study's leaderboard.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// From 1.
    pub rank: usize,
    /// The sprint; of repeats of a task the newest.
    pub sprint_id: SprintId,
    /// All sprints of this place, oldest first.
    pub sprints: Vec<SprintId>,
    /// The task that they are attempts at.
    pub task_id: Option<TaskId>,
    /// The loop that made the newest one.
    pub loop_id: Option<LoopId>,
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
    /// `claimed`: the agent says it, where others were measured; `open_issues`: its last review has left
    /// some, and that of others has not; `not_comparable`: see `apart`. Else `likely_real`,
    /// `within_noise` or `unknown`: how the best place with repeated runs differs from the first sprint in time, and each
    /// other place from that one. Null when there is nothing to compare with.
    pub noise: Option<&'static str>,
    /// The sprint of the place that it was compared with.
    pub noise_against: Option<SprintId>,
    /// Why it is not known, in a few words.
    pub noise_why: Option<String>,
    /// What would tell it.
    pub settle: Option<String>,
    /// What the last review has against it; of repeats, against the newest.
    pub open_issues: Option<OpenIssues>,
    /// Why it is not compared with the others; then `value` is in its own unit.
    pub apart: Option<String>,
    /// When the newest one completed, RFC 3339.
    pub completed_at: String,
}

/// What a mark of [`Place::noise`] says, in words; none when it is not known.
pub fn noise_words(mark: &str) -> Option<&'static str> {
    match mark {
        "likely_real" => Some("likely real"),
        "within_noise" => Some("within noise"),
        "claimed" => Some("only claimed"),
        "open_issues" => Some("issues open"),
        "not_comparable" => Some("not compared"),
        _ => None,
    }
}

impl super::Standing {
    /// How far it is from the best of the others, and how sure that is.
    pub fn compared(&self) -> String {
        let Some((other, id)) = self.other_value.zip(self.other_sprint_id.as_ref()) else {
            return "the first of its study".to_owned();
        };
        let by = figure((self.value - other).abs());
        let is_better = match self.better {
            Better::Higher => self.value > other,
            Better::Lower => self.value < other,
        };
        let what = if self.value == other {
            format!("equal to {id}")
        } else if is_better {
            format!("best of {}, {by} better than {id}", self.places)
        } else {
            format!("#{} of {}, {by} worse than {id}", self.rank, self.places)
        };
        let sure = self.noise.map(|mark| noise_words(mark).unwrap_or("may be noise"));
        sure.map_or_else(|| what.clone(), |sure| format!("{what} ({sure})"))
    }
}

/// What a sprint of a study found.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The sprint.
    pub sprint_id: SprintId,
    /// The task that it was an attempt at.
    pub task_id: Option<TaskId>,
    /// The idea.
    pub idea: Option<String>,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
    /// What its last review has against that.
    pub open_issues: Option<OpenIssues>,
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
        open_issues: row.open_issues.clone(),
        summary: row.summary.clone(),
        completed_at: row.completed_at.clone(),
    }
}

/// The answer about what the sprints of a study found.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// The study.
    pub study_name: String,
    /// Newest first.
    pub findings: Vec<Found>,
    /// How many there are, also those that were not asked for.
    #[serde(skip)]
    pub known: usize,
}

/// The answer about a study's leaderboard.
#[derive(Debug, Clone, Serialize)]
pub struct Leaderboard {
    /// The study.
    pub study_name: String,
    /// By which metric.
    pub metric: String,
    /// Which way it gets better.
    pub better: Better,
    /// How many completed sprints have it.
    pub measured: usize,
    /// As in [`Board`].
    pub candidates: usize,
    /// As many places as were asked for, the best first.
    pub places: Vec<Place>,
    /// All of it.
    #[serde(skip)]
    pub board: Board,
    /// What the sprints have reported instead, in a sentence, when none has the metric.
    #[serde(skip)]
    pub instead: Option<String>,
}

/// A study's leaderboard.
#[derive(Debug, Clone)]
pub struct Board {
    /// Its places, the best first.
    pub places: Vec<Place>,
    /// How many of them the best one was chosen from: all but claims where others were measured.
    pub candidates: usize,
    /// The rank of the place that the others are compared with.
    pub reference: usize,
    /// The unit of those that can be compared; may be empty.
    pub unit: String,
    /// The values of those that count, in the order of time.
    pub values: Vec<f64>,
}

/// Ranks the values of the metric of this name, which are given in the order of time.
pub fn leaderboard(name: &str, better: Better, rows: &[MetricRow]) -> Board {
    let told: Vec<Told<'_>> = rows.iter().map(MetricRow::told).collect();
    let leaderboard::Series { entries, scale, said_unit } = leaderboard::series(name, &told);
    let ranked = leaderboard::rank(better, &entries);
    let newest =
        |place: &leaderboard::Place| place.entries.last().and_then(|entry| rows.get(*entry));
    let places = ranked.iter().enumerate().filter_map(|(at, place)| {
        let row = newest(place)?;
        let against = place.mark.and_then(|(mark, with)| {
            Some((mark, with, ranked.get(with)?, newest(ranked.get(with)?)?))
        });
        let unknown = against.filter(|(mark, ..)| *mark == Mark::Unknown).map(
            |(_, with, other, row_of_other)| {
                let gaps = (place.measured.gap(), other.measured.gap());
                (why(gaps, with + 1), settle(gaps, &row.sprint_id, &row_of_other.sprint_id))
            },
        );
        let (noise_why, settle) = unknown.unzip();
        let apart = place.entries.last().and_then(|entry| entries.get(*entry)?.apart.clone());
        Some(Place {
            rank: at + 1,
            sprint_id: row.sprint_id.clone(),
            sprints: place
                .entries
                .iter()
                .filter_map(|entry| rows.get(*entry))
                .map(|row| row.sprint_id.clone())
                .collect(),
            task_id: row.task.clone(),
            loop_id: row.loop_id.clone(),
            idea: row.idea.clone(),
            value: place.measured.value,
            spread: place.measured.spread,
            n: place.measured.n,
            unit: match place.standing {
                _ if apart.is_some() => row.unit.clone(),
                Standing::Claimed => said_unit.clone(),
                _ => scale.unit.clone(),
            },
            source: row.source.as_str(),
            claimed: place.entries.last().and_then(|entry| entries.get(*entry)?.claimed),
            mismatch: place.mismatch,
            verdict: row.verdict,
            noise: match place.standing {
                Standing::Sound => place.mark.map(|(mark, _)| mark.as_str()),
                Standing::Doubted => Some("open_issues"),
                Standing::Claimed => Some("claimed"),
                Standing::Apart => Some("not_comparable"),
            },
            noise_against: against.map(|(.., other)| other.sprint_id.clone()),
            noise_why,
            settle,
            open_issues: row.open_issues.clone(),
            apart,
            completed_at: row.completed_at.clone(),
        })
    });
    let places = places.collect();
    // Claims are drawn only where nothing was measured: they may be on another scale.
    let is_measured = entries.iter().any(|entry| entry.is_measured);
    let values = entries
        .iter()
        .filter(|entry| entry.counts() && (entry.is_measured || !is_measured))
        .map(|entry| entry.measured.value)
        .collect();
    Board {
        places,
        candidates: leaderboard::candidates(&ranked),
        reference: leaderboard::reference(&ranked) + 1,
        unit: scale.unit,
        values,
    }
}

/// Why nothing is known of a difference, in a few words.
fn why((own, others): (Option<Gap>, Option<Gap>), rank_of_other: usize) -> String {
    let words = |gap: Gap| match gap {
        Gap::OneRun => "1 run",
        Gap::Uncounted => "runs not counted",
        Gap::NoSpread => "no spread",
    };
    match (own, others) {
        (Some(Gap::OneRun), Some(Gap::OneRun)) => "1 run each".to_owned(),
        (Some(own), _) => words(own).to_owned(),
        (None, Some(gap)) => format!("#{rank_of_other}: {}", words(gap)),
        (None, None) => "runs all equal".to_owned(),
    }
}

/// What would tell whether a difference is more than noise.
fn settle(
    (own, others): (Option<Gap>, Option<Gap>),
    sprint: &SprintId,
    other: &SprintId,
) -> String {
    let needed = |gap: Gap, sprint: &SprintId| match gap {
        Gap::OneRun => format!("{MORE_RUNS} more runs of {sprint}"),
        Gap::Uncounted => format!("the number of runs of {sprint}"),
        Gap::NoSpread => format!("the spread of the runs of {sprint}"),
    };
    let all: Vec<String> =
        [own.map(|gap| needed(gap, sprint)), others.map(|gap| needed(gap, other))]
            .into_iter()
            .flatten()
            .collect();
    if all.is_empty() {
        format!("runs of {sprint} and {other} with other seeds")
    } else {
        all.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Source;

    fn row(id: &SprintId, value: f64, n: Option<u32>, spread: Option<f64>) -> MetricRow {
        MetricRow {
            sprint_id: id.clone(),
            loop_id: None,
            task: None,
            idea: None,
            value,
            unit: String::new(),
            better: String::new(),
            n,
            spread,
            source: Source::Agent,
            claimed: None,
            claimed_unit: String::new(),
            verdict: None,
            open_issues: None,
            completed_at: String::new(),
        }
    }

    #[test]
    fn what_is_not_known_is_said_with_what_would_tell() {
        let told = |n: Option<u32>, spread: Option<f64>, n_of_start: Option<u32>| {
            let start = row(&SprintId::of("sp-00000a"), 0.5, n_of_start, n_of_start.and(Some(0.0)));
            let board = leaderboard(
                "x",
                Better::Higher,
                &[start, row(&SprintId::of("sp-00000b"), 0.9, n, spread)],
            );
            let place = board
                .places
                .into_iter()
                .find(|place| place.sprint_id.as_str() == "sp-00000b")
                .expect("there");
            (place.noise, place.noise_why.unwrap_or_default(), place.settle.unwrap_or_default())
        };
        let unknown =
            |why: &str, settle: &str| (Some("unknown"), why.to_owned(), settle.to_owned());
        assert_eq!(
            told(None, None, None),
            unknown("1 run each", "3 more runs of sp-00000b and 3 more runs of sp-00000a")
        );
        assert_eq!(told(Some(1), Some(0.1), Some(3)), unknown("1 run", "3 more runs of sp-00000b"));
        assert_eq!(
            told(Some(3), Some(0.1), None),
            unknown("#2: 1 run", "3 more runs of sp-00000a")
        );
        assert_eq!(
            told(None, Some(0.1), Some(3)),
            unknown("runs not counted", "the number of runs of sp-00000b")
        );
        assert_eq!(
            told(Some(3), None, Some(3)),
            unknown("no spread", "the spread of the runs of sp-00000b")
        );
        assert_eq!(
            told(Some(3), Some(0.0), Some(3)),
            unknown("runs all equal", "runs of sp-00000b and sp-00000a with other seeds")
        );
        assert_eq!(
            told(Some(3), Some(0.01), Some(3)),
            (Some("likely_real"), String::new(), String::new())
        );
    }
}
