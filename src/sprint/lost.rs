//! A parked sprint whose directory is gone.

use crate::domain::action::Action;
use crate::domain::transition::Event;
use crate::domain::{Ending, Reason, State, settle};
use crate::store::{Change, SprintRow, StoreError};

/// A parked sprint has no job that could be missed: when its directory is gone for good, nothing of it
/// can go on. One healthy look, at this time of the cluster's in seconds since 1970, proves nothing;
/// true when it was given up now.
pub fn mark_lost(change: &Change<'_>, sprint: &SprintRow, time: i64) -> Result<bool, StoreError> {
    if !matches!(sprint.state, State::Parked { .. }) {
        return Ok(false);
    }
    let id = &sprint.id;
    if !settle::is_given_up(
        sprint.missing_polls,
        sprint.missing_since.map_or(0, |since| time.saturating_sub(since)),
    ) {
        change.count_missing(id, Some(time))?;
        return Ok(false);
    }
    let detail = format!(
        "its directory, or the history in it, is gone from the cluster: {}",
        sprint.remote_dir
    );
    let hint = format!(
        "it cannot go on; `{}` brings what is left, `{}` runs the idea again",
        Action::FetchSprint { sprint: id.to_string(), all: false },
        Action::ResubmitSprint { sprint: id.to_string(), more: None }
    );
    change.apply(id, Event::Over(Ending::failed(Reason::Lost, detail, hint)))?;
    Ok(true)
}
