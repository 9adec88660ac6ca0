//! Sprints: a list of them, and one with all that is known of it.

use super::next::sprint_next;
use super::outcome::{Metrics, listed, standing};
use crate::app::App;
use crate::domain::{Reason, Status};
use crate::find;
use crate::problem::Problem;
use crate::sprint::twice_the_memory;
use crate::store::{SprintFilter, SprintRow};
use crate::view::{self, More, SprintNext};

/// Which sprints are wanted.
#[derive(Debug, Clone, Copy)]
pub struct SprintsQuestion<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// In this status.
    pub status: Option<Status>,
    /// At most this many.
    pub limit: u32,
}

/// Lists sprints, newest first.
pub fn sprints(app: &App, question: SprintsQuestion<'_>) -> Result<view::Sprints, Problem> {
    let SprintsQuestion { study, status, limit } = question;
    if let Some(study) = study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let rows = store.sprints(&SprintFilter { study, status, limit })?;
    let mut metrics = Metrics::new(app);
    let sprints = rows.iter().map(|row| listed(&store, &mut metrics, row));
    Ok(view::Sprints { sprints: sprints.collect::<Result<_, _>>()? })
}

/// Much more of what it had too little of, when that is known.
fn more(app: &App, row: &SprintRow, sprint: &view::Sprint) -> Option<SprintNext> {
    let more = match sprint.reason? {
        // Where a limit of GPU-hours has cut its time, twice of that may be less than was asked for.
        Reason::TimeLimit if !row.cut.time => More::Time(sprint.time_limit_seconds.checked_mul(2)?),
        Reason::OutOfMemory => {
            let (option, value) = twice_the_memory(app, row)?;
            More::Option(option, value)
        }
        _ => return None,
    };
    Some(SprintNext::ResubmitWith { more })
}

/// One sprint, by its id or the beginning of one, with what it asks and has not read yet.
pub fn sprint(app: &App, id: &str) -> Result<view::OneSprint, Problem> {
    app.store()?.at_one_time(|store| {
        let row = find::sprint(store, id)?;
        let id = &row.id;
        let messages = store.open_questions(id)?.into_iter().chain(store.unread_notes(id)?);
        let sprint = view::sprint_found(store, &row)?;
        Ok(view::OneSprint {
            messages: messages.map(|message| view::message(&message)).collect(),
            next: more(app, &row, &sprint).unwrap_or_else(|| sprint_next(&sprint)),
            standing: standing(store, &mut Metrics::new(app), &row)?,
            sprint,
        })
    })
}
