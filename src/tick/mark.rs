//! Remembers that there was a tick, so that people see whether anything advances by itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::app::{App, CRON_TRIAL};
use crate::domain::action;
use crate::store::{Store, StoreError};

const LAST: &str = "tick.last";
const GOOD: &str = "tick.good";
/// The clusters that could not be reached when they were asked last.
const BAD: &str = "tick.bad";

/// One tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it ended.
    pub time: jiff::Timestamp,
    /// `cron` or `person`.
    pub by: String,
    /// What went wrong, a sentence each.
    pub problems: Vec<String>,
}

/// The last tick, and the last one that reached every cluster that had something to do.
pub fn last_ticks(store: &Store) -> Result<(Option<Mark>, Option<Mark>), StoreError> {
    let read = |name| {
        Ok::<_, StoreError>(store.fact(name)?.and_then(|text| serde_json::from_str(&text).ok()))
    };
    Ok((read(LAST)?, read(GOOD)?))
}

/// Remembers that a tick has ended.
pub(super) fn remember(app: &App, report: &Report) -> Result<(), StoreError> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // A person who installs it tries the line first.
    let by = if is_set("RESEARCHLOOP_CRON") && !is_set(CRON_TRIAL) { "cron" } else { "person" };
    let short = |problem: String| action::line(&problem, 300);
    let of_clusters = report
        .clusters
        .iter()
        .flat_map(|one| one.problems.iter().map(|problem| format!("{}: {problem}", one.name)));
    let mut store = app.store()?;
    // Of a cluster that was not due, what was known of it holds.
    let earlier = if report.not_asked.is_empty() { None } else { last_ticks(&store)?.0 };
    let is_kept = |problem: &String| {
        report.not_asked.iter().any(|name| problem.starts_with(&format!("{name}: ")))
    };
    let kept = earlier.into_iter().flat_map(|mark| mark.problems).filter(is_kept);
    let problems = of_clusters
        .chain(report.problems.iter().cloned())
        .chain(kept)
        .take(20)
        .map(short)
        .collect();
    let text = serde_json::to_string(&Mark { time: app.clock.now(), by: by.to_owned(), problems })
        .unwrap_or_default();
    let change = store.change()?;
    change.set_fact(LAST, &text)?;
    // A cluster that was not due is as it was when it was asked last.
    let known: BTreeSet<String> =
        change.fact(BAD)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let asked_in_vain =
        report.clusters.iter().filter(|one| !one.is_good()).map(|one| one.name.clone());
    let bad: BTreeSet<String> = known
        .into_iter()
        .filter(|name| report.not_asked.contains(name))
        .chain(asked_in_vain)
        .collect();
    change.set_fact(BAD, &serde_json::to_string(&bad).unwrap_or_default())?;
    if bad.is_empty() {
        change.set_fact(GOOD, &text)?;
    }
    change.commit()
}
