//! What a tick submits, and what it looks up because it may have been submitted.

use std::collections::BTreeMap;

use super::{ClusterReport, TickError, tell};
use crate::app::App;
use crate::config::Cluster;
use crate::domain::State;
use crate::platform::clock;
use crate::remote::Remote;
use crate::sprint::{self, Submitted};
use crate::store::{SprintRow, Store};

/// Submissions of which it is not known whether they arrived.
pub(super) fn look_up_submissions(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    for row in store.open_sprints(cluster.name.as_str())? {
        let open = matches!(row.state, State::Submitting) || matches!(row.state, State::Cancelling { job: None, .. });
        if !open {
            continue;
        }
        match sprint::submit(app, store, remote, row.id.as_str()) {
            // There is no way to the cluster: nobody tries to log in twice.
            Ok(Submitted::NoAnswer(error)) if !error.may_have_run() => return Err(error.into()),
            // The front end does not answer: the others would wait for it in vain too.
            Ok(Submitted::NoAnswer(error)) => {
                report.unreachable = true;
                report.problems.push(format!("{}: {error}", row.id));
                break;
            }
            Ok(Submitted::Unclear(why) | Submitted::NotSent(why)) => {
                report.problems.push(format!("{}: {why}", row.id));
                break;
            }
            Ok(Submitted::Refused(why) | Submitted::PutOff(why)) => report.problems.push(format!("{}: {why}", row.id)),
            Ok(Submitted::Job(_)) => {
                if matches!(store.sprint(row.id.as_str())?.map(|row| row.state), Some(State::Cancelling { .. })) {
                    tell(app, store, remote, &row.id, report);
                }
            }
            Ok(Submitted::Waits(_) | Submitted::NotNow(_)) => {}
            Err(error) => report.problems.push(format!("{}: {error}", row.id)),
        }
    }
    Ok(())
}

/// Submits what waits, as far as there is room for it.
pub(super) fn submit_waiting(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    let (mut waiting, mut out): (Vec<SprintRow>, Vec<SprintRow>) = (Vec::new(), Vec::new());
    for row in store.open_sprints(cluster.name.as_str())? {
        // One that was parked goes on when everything is answered.
        let waits = match row.state {
            State::Pending => true,
            State::Parked { .. } => row.resume_next <= clock::now().as_second() && store.is_answered(row.id.as_str())?,
            _ => false,
        };
        if waits { waiting.push(row) } else { out.push(row) }
    }
    let mut jobs: BTreeMap<String, usize> = BTreeMap::new();
    for row in out.iter().filter(|row| !matches!(row.state, State::Parked { .. })) {
        *jobs.entry(row.study.clone()).or_default() += 1;
    }
    while let Some(index) = next_in_turn(&waiting, &jobs) {
        let row = waiting.remove(index);
        match sprint::submit(app, store, remote, row.id.as_str()) {
            Ok(Submitted::Waits(_)) => break,
            Ok(Submitted::NoAnswer(error)) => {
                report.problems.push(format!("{}: not submitted yet", row.id));
                return Err(error.into());
            }
            Ok(Submitted::NotSent(why) | Submitted::Unclear(why)) => {
                report.problems.push(format!("{}: {why}", row.id));
                break;
            }
            Ok(Submitted::Refused(why) | Submitted::PutOff(why)) => report.problems.push(format!("{}: {why}", row.id)),
            Ok(Submitted::Job(_)) => *jobs.entry(row.study).or_default() += 1,
            Ok(Submitted::NotNow(_)) => {}
            Err(error) => report.problems.push(format!("{}: {error}", row.id)),
        }
    }
    Ok(())
}

/// Which of the waiting sprints, oldest first, gets the next free place: of the study that has the
/// fewest jobs on the cluster, so that none is starved by another's loops.
fn next_in_turn(waiting: &[SprintRow], jobs: &BTreeMap<String, usize>) -> Option<usize> {
    (0..waiting.len()).min_by_key(|index| waiting.get(*index).and_then(|row| jobs.get(&row.study)).copied().unwrap_or(0))
}
