//! Stops loops, and ends the jobs of their sprints.

use super::advance::end;
use super::control::LoopError;
use crate::app::App;
use crate::domain::auto_loop::StopRule;
use crate::domain::{LoopId, LoopStatus, SprintId};
use crate::sprint::{self, CancelError};
use crate::store::{LoopRow, LoopSprint, Store, StoreError};

/// Stops a loop by hand, and returns its sprints that are not over. `with_jobs` says that these are to
/// be cancelled, too: then the loop may have ended already.
pub fn stop_by_hand(
    store: &mut Store,
    row: &LoopRow,
    with_jobs: bool,
) -> Result<Vec<LoopSprint>, LoopError> {
    let id = &row.id;
    match (row.status, with_jobs) {
        (LoopStatus::Running, true) => stop(store, id, "stopped by hand, with its jobs"),
        (_, true) => Ok(not_over(store.loop_sprints(id)?)),
        (_, false) => stop(store, id, "stopped by hand"),
    }
}

/// Cancels sprints of a loop, and tells of each what came of it. A later tick asks again where the
/// scheduler was not reached.
pub fn cancel_sprints(
    app: &App,
    store: &mut Store,
    sprints: &[LoopSprint],
    tell: &mut dyn FnMut(&SprintId, Result<(), CancelError>),
) -> Result<(), StoreError> {
    for sprint in sprints {
        let Some(row) = store.sprint(&sprint.id)? else { continue };
        let cancelled = match app.cluster_of(&row) {
            Ok(cluster) => {
                let mut remote = app.remote(cluster);
                sprint::cancel_through(app, store, remote.as_mut(), &row.id).map(drop)
            }
            Err(error) => Err(error.into()),
        };
        tell(&sprint.id, cancelled);
    }
    Ok(())
}

/// Stops a loop. Sprints of which no job was sent are taken back; those whose jobs run go on.
/// Returns these.
fn stop(store: &mut Store, id: &LoopId, why: &str) -> Result<Vec<LoopSprint>, LoopError> {
    let change = store.change()?;
    let status = change.one_loop(id)?.map_or("not there", |row| row.status.as_str());
    if status != LoopStatus::Running.as_str() {
        return Err(LoopError::State { id: id.clone(), status });
    }
    end(&change, id, StopRule::ByHand, why)?;
    let live = not_over(change.loop_sprints(id)?);
    change.commit()?;
    Ok(live)
}

fn not_over(sprints: Vec<LoopSprint>) -> Vec<LoopSprint> {
    sprints.into_iter().filter(|sprint| !sprint.status.is_terminal()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::journal::Question;
    use crate::domain::auto_loop::Limits;
    use crate::domain::{JobId, MessageKind, SprintId, Status};
    use crate::store::NewSprint;

    #[test]
    fn a_stop_takes_back_what_never_had_a_job_and_not_what_was_parked() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let limits: Limits = serde_json::from_str(r#"{"count":3,"parallel":2}"#).expect("limits");
        let id = LoopId::of("loop-000001");
        assert!(change.create_loop(&id, "s", "", "{}", &limits).expect("made"));
        let sprints = ["sp-000001", "sp-000002"].map(SprintId::of);
        for sprint in &sprints {
            let new = NewSprint { loop_id: Some(&id), ..NewSprint::example(sprint) };
            assert!(change.create_sprint(&new).expect("made"));
        }
        let [first, _] = &sprints;
        // One was parked and answered, and the login node could not be reached when it was to go on.
        let attempt = change.begin_submission(first, "").expect("begun").expect("can be");
        change.accept(first, attempt, &JobId::parse("7").expect("digits"), "/d").expect("taken");
        let row = change.sprint(first).expect("read").expect("there");
        let question = Question {
            name: "data".to_owned(),
            kind: MessageKind::Question,
            text: "Which?".to_owned(),
            choices: vec![],
            proposal: None,
        };
        change.park(&row, &[question]).expect("parked");
        let attempt = change.begin_submission(first, "").expect("begun").expect("can be");
        change.undo_submission(first, attempt).expect("undone");
        change.commit().expect("kept");
        let live = stop(&mut store, &id, "enough").expect("stopped");
        assert_eq!(
            live.iter().map(|sprint| (sprint.id.as_str(), sprint.status)).collect::<Vec<_>>(),
            [("sp-000001", Status::Parked)]
        );
    }
}
