//! What came of sprints, in short, and how one stands beside the others of its study.

use std::collections::BTreeMap;

use crate::app::App;
use crate::domain::{Better, Status, figure_name};
use crate::store::{SprintRow, Store, StoreError};
use crate::study::Program;
use crate::view::{self, Outcome, Standing};

/// The metrics of studies, each looked up once.
pub(super) struct Metrics<'a> {
    app: &'a App,
    known: BTreeMap<String, Option<(String, Better)>>,
}

impl<'a> Metrics<'a> {
    /// Nothing is looked up yet.
    pub fn new(app: &'a App) -> Self {
        Self { app, known: BTreeMap::new() }
    }

    /// The metric of a study and which way it gets better; none when it declares none, or is gone.
    pub fn of(&mut self, study: &str) -> Option<&(String, Better)> {
        let app = self.app;
        let look_up = || {
            let study = app.config.studies.iter().find(|one| one.name.as_str() == study)?;
            let metric = Program::load(&app.config, study, app.clock.now()).metric?;
            Some((metric.name, metric.better))
        };
        self.known.entry(study.to_owned()).or_insert_with(look_up).as_ref()
    }
}

/// A sprint in a list, with what came of it.
pub(super) fn listed(
    store: &Store,
    metrics: &mut Metrics<'_>,
    row: &SprintRow,
) -> Result<view::Sprint, StoreError> {
    let outcome = match row.state.status() {
        Status::Completed => {
            let verdict = store.finding(&row.id)?.map(|finding| finding.verdict);
            let metric = match metrics.of(&row.study) {
                Some((name, _)) => store
                    .metrics(&row.id)?
                    .into_iter()
                    .find(|metric| figure_name::is_same(name, &metric.name)),
                None => None,
            };
            let has_open_issues = store.open_issues(&row.id)?.is_some();
            Some(Outcome { verdict, metric, has_open_issues })
        }
        _ => None,
    };
    Ok(view::Sprint { outcome: Some(outcome), ..view::sprint(row) })
}

/// How a completed sprint stands beside the others of its study.
pub(super) fn standing(
    store: &Store,
    metrics: &mut Metrics<'_>,
    row: &SprintRow,
) -> Result<Option<Standing>, StoreError> {
    if row.state.status() != Status::Completed {
        return Ok(None);
    }
    let Some((name, better)) = metrics.of(&row.study) else { return Ok(None) };
    let board = view::leaderboard(name, *better, &store.metric_history(&row.study, name)?);
    let own = board.places.iter().find(|place| place.sprints.contains(&row.id));
    Ok(own.filter(|own| own.apart.is_none()).map(|own| {
        let other = board.places.iter().find(|one| one.rank != own.rank && one.apart.is_none());
        Standing {
            metric: name.clone(),
            better: *better,
            rank: own.rank,
            places: board.places.len(),
            value: own.value,
            other_sprint_id: other.map(|other| other.sprint_id.clone()),
            other_value: other.map(|other| other.value),
            noise: own.noise,
        }
    }))
}
