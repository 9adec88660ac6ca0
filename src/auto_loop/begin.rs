//! Begins what a loop may begin now, so that nobody has to wait for the next tick.

use super::advance::{Advanced, advance_one};
use crate::app::App;
use crate::domain::{LoopId, SprintId};
use crate::problem::Problem;
use crate::sprint::{self, Deferral, SubmitError, Submitted};
use crate::store::{Store, StoreError};

/// What is told on the way.
#[derive(Debug)]
pub enum BeginEvent<'a> {
    /// A sprint of the loop is being submitted to this cluster.
    Submitting(&'a SprintId, &'a str),
    /// What came of it. Whatever that is, a later tick goes on from there.
    Submitted(&'a SprintId, &'a str, Result<Submitted, SubmitError>),
}

/// Makes the sprints that the loop may begin now, and submits them. Returns what went wrong, a sentence
/// each.
pub fn begin(
    app: &App,
    store: &mut Store,
    id: &LoopId,
    tell: &mut dyn FnMut(BeginEvent<'_>),
) -> Result<Vec<String>, Problem> {
    let mut advanced = Advanced::default();
    advance_one(app, store, id, &mut advanced)?;
    for (sprint, cluster) in &advanced.made {
        let mut remote = app.remote(app.config.cluster(cluster)?);
        tell(BeginEvent::Submitting(sprint, cluster));
        let submitted = sprint::submit(app, store, remote.as_mut(), sprint);
        let is_silent =
            matches!(&submitted, Ok(Submitted::Deferred { because: Deferral::NoAnswer(_), .. }));
        tell(BeginEvent::Submitted(sprint, cluster, submitted));
        // The others go the same way: nobody tries in vain again and again.
        if is_silent {
            break;
        }
    }
    Ok(advanced.problems)
}

/// Other loops that run on the study of a loop: they share its backlog and its money.
pub fn others(store: &Store, id: &LoopId, study: &str) -> Result<Vec<LoopId>, StoreError> {
    let running = store.loops(Some(study), true, u32::MAX)?;
    Ok(running.into_iter().map(|row| row.id).filter(|other| other != id).collect())
}
