//! What a tick submits, and what it looks up because it may have been submitted.

use std::collections::BTreeMap;

use super::{ClusterReport, TickError, tell};
use crate::app::App;
use crate::auto_loop;
use crate::config::Cluster;
use crate::domain::State;
use crate::platform::clock;
use crate::remote::Remote;
use crate::sprint::{self, SubmitError, Submitted};
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
            // That is about this sprint: the others are looked up all the same.
            Ok(Submitted::Unclear(why) | Submitted::NotSent(why) | Submitted::Refused(why) | Submitted::PutOff(why)) => {
                report.problems.push(format!("{}: {why}", row.id));
            }
            Ok(Submitted::Job(_)) => {
                if matches!(store.sprint(row.id.as_str())?.map(|row| row.state), Some(State::Cancelling { .. })) {
                    tell(app, store, remote, &row.id, report);
                }
            }
            Ok(Submitted::Waits(_) | Submitted::NotNow(_)) => {}
            Err(error) => not_tried(store, &row, &error, report)?,
        }
    }
    Ok(())
}

/// Says, also where the sprint is shown, why it was not even tried.
fn not_tried(store: &mut Store, row: &SprintRow, error: &SubmitError, report: &mut ClusterReport) -> Result<(), TickError> {
    report.problems.push(format!("{}: {error}", row.id));
    let change = store.change()?;
    change.set_note(row.id.as_str(), &format!("not submitted: {error}"))?;
    Ok(change.commit()?)
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
    let mut begins: BTreeMap<String, bool> = BTreeMap::new();
    for row in store.open_sprints(cluster.name.as_str())? {
        // One that was parked goes on when everything is answered.
        let waits = match row.state {
            State::Pending => match &row.loop_id {
                // A rule may have ended the loop since it made this sprint, or it waits after a failure.
                Some(id) if row.attempt == 0 => match begins.get(id) {
                    Some(known) => *known,
                    None => *begins.entry(id.clone()).or_insert(auto_loop::may_begin(app, store, id)?),
                },
                _ => true,
            },
            State::Parked { .. } => row.may_go_on(clock::now().as_second()) && store.is_answered(row.id.as_str())?,
            _ => false,
        };
        if waits { waiting.push(row) } else { out.push(row) }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let mut turns: BTreeMap<String, Turn> =
        store.last_submissions(cluster.name.as_str())?.into_iter().map(|(study, last)| (study, Turn { jobs: 0, last })).collect();
    for row in out.iter().filter(|row| !matches!(row.state, State::Parked { .. } | State::Pending)) {
        turns.entry(row.study.clone()).or_default().jobs += 1;
    }
    while let Some(index) = next_in_turn(&waiting, &turns) {
        let row = waiting.remove(index);
        match sprint::submit(app, store, remote, row.id.as_str()) {
            Ok(Submitted::Waits(_)) => break,
            Ok(Submitted::NoAnswer(error)) => {
                report.problems.push(format!("{}: not submitted yet", row.id));
                return Err(error.into());
            }
            Ok(Submitted::NotSent(why) | Submitted::Unclear(why)) => {
                // A limit of its account, perhaps: that is no reason to keep other studies waiting.
                report.problems.push(format!("{}: {why}", row.id));
                waiting.retain(|other| other.study != row.study);
            }
            Ok(Submitted::Refused(why) | Submitted::PutOff(why)) => report.problems.push(format!("{}: {why}", row.id)),
            Ok(Submitted::Job(_)) => {
                let turn = turns.entry(row.study).or_default();
                *turn = Turn { jobs: turn.jobs + 1, last: clock::stamp(clock::now()) };
            }
            Ok(Submitted::NotNow(_)) => {}
            Err(error) => not_tried(store, &row, &error, report)?,
        }
    }
    Ok(())
}

/// What decides whose turn it is among studies.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// Its jobs on the cluster.
    jobs: usize,
    /// When its last job there was submitted; empty when none was.
    last: String,
}

/// Which of the waiting sprints, oldest first, gets the next free place: of the study that has the
/// fewest jobs on the cluster, and of several the one whose last submission is the longest ago, so
/// that none is starved by another's loops.
fn next_in_turn(waiting: &[SprintRow], turns: &BTreeMap<String, Turn>) -> Option<usize> {
    (0..waiting.len()).min_by_key(|index| waiting.get(*index).and_then(|row| turns.get(&row.study)).cloned().unwrap_or_default())
}
