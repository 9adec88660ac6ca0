//! Which sprint is meant when none is named.

use crate::app::App;
use crate::domain::action::Action;
use crate::domain::{SprintId, Status, text};
use crate::problem::{Problem, ProblemKind};
use crate::store::{SprintFilter, SprintRow, Store, StoreError};
use crate::view;

/// Which sprint is meant when none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// The newest one.
    Any,
    /// The newest one that has not ended; without one, the newest.
    LiveFirst,
    /// The newest one that completed; without one, the newest.
    CompletedFirst,
}

/// The newest sprint that fits, of one study or of all.
pub fn newest(app: &App, study: Option<&str>, fits: Fits) -> Result<SprintId, Problem> {
    let store = app.store()?;
    if fits == Fits::LiveFirst
        && let Some(live) = live_of(&store, study)?.pop()
    {
        return Ok(live.id);
    }
    if fits == Fits::CompletedFirst {
        let status = Some(Status::Completed);
        let filter = SprintFilter { study, status, limit: 1 };
        if let Some(completed) = store.sprints(&filter)?.pop() {
            return Ok(completed.id);
        }
    }
    let filter = SprintFilter { study, limit: 1, ..SprintFilter::default() };
    let newest = store.sprints(&filter)?.pop();
    newest.map(|row| row.id).ok_or_else(|| {
        let of = study.map(|study| format!(" of the study {study}")).unwrap_or_default();
        Problem::new(ProblemKind::NotFound, format!("there is no sprint{of} yet"))
            .hint(format!("`{}` starts one", Action::RunIdea))
    })
}

/// The sprints that have not ended, of one study or of all, oldest first.
pub fn live(app: &App, study: Option<&str>) -> Result<Vec<view::Sprint>, Problem> {
    Ok(live_of(&app.store()?, study)?.iter().map(view::sprint).collect())
}

fn live_of(store: &Store, study: Option<&str>) -> Result<Vec<SprintRow>, StoreError> {
    let mut live = store.live_sprints()?;
    live.retain(|row| study.is_none_or(|study| row.study == study));
    Ok(live)
}

/// None of these sprints was named: nobody guesses which one is meant.
pub fn none_chosen(sprints: &[view::Sprint]) -> Problem {
    if sprints.is_empty() {
        return Problem::new(ProblemKind::NotFound, "no sprint is running or waiting")
            .hint(format!("`{}` lists those that have ended", Action::ListSprints));
    }
    let named = |sprint: &view::Sprint| {
        let idea = text::one_line(sprint.idea.as_deref().unwrap_or("-"), 60);
        format!("{} ({}): {idea}", sprint.id, sprint.status)
    };
    let problem = Problem::new(ProblemKind::Usage, "several sprints have not ended: name one");
    sprints.iter().fold(problem, |problem, sprint| problem.hint(named(sprint)))
}
