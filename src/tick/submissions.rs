//! What a tick submits, and what it looks up because it may have been submitted.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClusterReport, TickError, tell};
use crate::app::App;
use crate::auto_loop;
use crate::config::Cluster;
use crate::domain::text::number_of;
use crate::domain::{LoopId, SprintId, State};
use crate::platform::clock;
use crate::remote::Remote;
use crate::scheduler::{Stray, scheduler};
use crate::sprint::{self, Deferral, SubmitError, Submitted};
use crate::store::{SprintRow, Store, StoreError};

/// Submissions of which it is not known whether they arrived: one look for all of them, and then each
/// has its job, or is submitted once more.
pub(super) fn look_up_submissions(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    let is_in_doubt = |row: &SprintRow| match row.state {
        State::Submitting => true,
        State::Cancelling { job: None, .. } => row.was_submitted(),
        _ => false,
    };
    let mut rows: Vec<SprintRow> =
        store.open_sprints(cluster.name.as_str())?.into_iter().filter(is_in_doubt).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let found = match sprint::look_up_all(app, remote, cluster, &rows) {
        Ok(found) => found,
        // There is no way to the cluster, or the login node does not answer: the others would wait in vain too.
        Err(error) if !error.may_have_run() => return Err(error.into()),
        Err(error) => {
            report.unreachable = true;
            report
                .problems
                .push(format!("{} in doubt: {error}", number_of(rows.len(), "submission")));
            return Ok(());
        }
    };
    let mut left = Vec::new();
    for row in rows {
        match sprint::accept_found(store, &row, &found)? {
            Some(_) if matches!(row.state, State::Cancelling { .. }) => {
                tell(app, store, remote, &row.id, report)
            }
            Some(_) => {}
            None => left.push(row),
        }
    }
    rows = Vec::new();
    // Of these nothing may be said yet, so nothing is sent.
    let mut in_doubt = Vec::new();
    for row in left {
        match sprint::still_in_doubt(store, &row, &found.heard)? {
            None => rows.push(row),
            Some(why) => in_doubt.push((row, why)),
        }
    }
    if let Some((_, why)) = in_doubt.first() {
        report.failing = true;
        report.problems.push(format!(
            "{} in doubt: the look for their jobs failed: {why}",
            number_of(in_doubt.len(), "submission")
        ));
        let change = store.change()?;
        for (row, why) in &in_doubt {
            change.set_note(&row.id, &format!("a job may exist: the look-up failed: {why}"))?;
        }
        change.commit()?;
    }
    tell_of_strays(store, cluster, &found.jobs, report)?;
    let mut held = BTreeSet::new();
    for row in rows {
        if matches!(row.state, State::Submitting)
            && is_held(store, cluster, &row, &mut held, report)?
        {
            continue;
        }
        match sprint::submit_looked_up(app, store, remote, &row.id) {
            Ok(Submitted::Deferred { why, because }) => match because {
                // There is no way to the cluster: nobody tries to log in twice.
                Deferral::NoAnswer(error) if !error.may_have_run() => return Err(error.into()),
                // The login node does not answer: the others would wait for it in vain too.
                Deferral::NoAnswer(_) => {
                    report.unreachable = true;
                    report.problems.push(format!("{}: {why}", row.id));
                    break;
                }
                // That is about this sprint: the others are looked up all the same.
                Deferral::InDoubt | Deferral::NotSent | Deferral::StaysParked => {
                    report.problems.push(format!("{}: {why}", row.id));
                }
                Deferral::NoSlot | Deferral::NotDue => {}
            },
            Ok(Submitted::Refused { why }) => report.problems.push(format!("{}: {why}", row.id)),
            Ok(Submitted::Accepted { .. }) => {
                if matches!(
                    store.sprint(&row.id)?.map(|row| row.state),
                    Some(State::Cancelling { .. })
                ) {
                    tell(app, store, remote, &row.id, report);
                }
            }
            Err(error) => not_tried(store, &row, &error, report)?,
        }
    }
    Ok(())
}

/// Whether the sprints of its study wait because too many before them have failed alike. That is said
/// once a tick, and where the sprint is shown.
fn is_held(
    store: &mut Store,
    cluster: &Cluster,
    row: &SprintRow,
    told: &mut BTreeSet<String>,
    report: &mut ClusterReport,
) -> Result<bool, TickError> {
    let Some(why) = sprint::holds(store, cluster.name.as_str(), &row.study)? else {
        return Ok(false);
    };
    let change = store.change()?;
    let in_doubt = if matches!(row.state, State::Submitting) { "a job may exist; " } else { "" };
    change.set_note(&row.id, &format!("{in_doubt}{why}"))?;
    change.commit()?;
    if told.insert(row.study.clone()) {
        report.problems.push(why);
    }
    Ok(true)
}

/// Tells of jobs that look like ours and that no sprint has, each once. A user may have two projects on
/// one cluster, so what this one does not know is told in one sentence, and as nothing bad.
pub(super) fn tell_of_strays(
    store: &mut Store,
    cluster: &Cluster,
    jobs: &[Stray],
    report: &mut ClusterReport,
) -> Result<(), StoreError> {
    let kind = scheduler(cluster.scheduler);
    let live: Vec<&Stray> = jobs.iter().filter(|job| kind.is_live(&job.state)).collect();
    if live.is_empty() {
        return Ok(());
    }
    let mut unknown = Vec::new();
    let change = store.change()?;
    for job in live {
        let Some((id, attempt)) =
            job.name.strip_prefix("rl-").and_then(|name| name.rsplit_once('-'))
        else {
            continue;
        };
        let sprint = SprintId::new(id).ok().map(|id| change.sprint(&id)).transpose()?.flatten();
        let whose = match &sprint {
            None => None,
            Some(row) if row.state.status().is_terminal() => {
                Some(format!("is still there ({}), but {id} is {}", job.state, row.state.status()))
            }
            // It is in doubt, and this is its job; or it is just ending.
            Some(row)
                if attempt.parse() == Ok(row.attempt)
                    && row.state.last_job().is_none_or(|known| *known == job.id) =>
            {
                continue;
            }
            Some(row) => Some(match row.state.last_job() {
                Some(known) => {
                    format!("is still there ({}), but the job of {id} is {known}", job.state)
                }
                None => format!("is still there ({}), an older job of {id}", job.state),
            }),
        };
        let new = change.remember_stray(
            cluster.name.as_str(),
            sprint.as_ref().map(|row| &row.id),
            job.id.as_str(),
            &job.name,
        )?;
        match whose {
            Some(whose) if new => report.problems.push(format!(
                "job {} ({}) {whose}: {} ends it",
                job.id,
                job.name,
                kind.by_hand(&job.id)
            )),
            None if new => unknown.push(job),
            _ => {}
        }
    }
    change.commit()?;
    if let Some(first) = unknown.first() {
        let listed: Vec<String> = unknown
            .iter()
            .take(10)
            .map(|job| format!("{} ({}, {})", job.id, job.name, job.state))
            .collect();
        let more = if unknown.len() > 10 {
            format!(" and {} more", unknown.len() - 10)
        } else {
            String::new()
        };
        report.problems.push(format!(
            "job {}{more}: of sprints that this database does not know. If another project of yours made them, all is well; if its database is lost, {} ends one",
            listed.join(", job "),
            kind.by_hand(&first.id)
        ));
    }
    Ok(())
}

/// Says, also where the sprint is shown, why it was not even tried.
fn not_tried(
    store: &mut Store,
    row: &SprintRow,
    error: &SubmitError,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    report.problems.push(format!("{}: {error}", row.id));
    let change = store.change()?;
    change.set_note(&row.id, &format!("not submitted: {error}"))?;
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
    // What is missing may be at work already, and its money counts. The tick says so once.
    if store.behind().is_some() {
        return Ok(());
    }
    let (mut waiting, mut out): (Vec<SprintRow>, Vec<SprintRow>) = (Vec::new(), Vec::new());
    let mut begins: BTreeMap<LoopId, bool> = BTreeMap::new();
    for row in store.open_sprints(cluster.name.as_str())? {
        // One that was parked goes on when everything is answered.
        let waits = match row.state {
            State::Pending => match &row.loop_id {
                // A rule may have ended the loop since it made this sprint, or it waits after a failure.
                Some(id) if !row.was_submitted() => match begins.get(id) {
                    Some(known) => *known,
                    None => {
                        *begins.entry(id.clone()).or_insert(auto_loop::may_begin(app, store, id)?)
                    }
                },
                _ => true,
            },
            State::Parked { .. } => {
                row.may_go_on(store.now().as_second()) && store.is_answered(&row.id)?
            }
            _ => false,
        };
        if waits { waiting.push(row) } else { out.push(row) }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let mut turns: BTreeMap<String, Turn> = store
        .last_submissions(cluster.name.as_str())?
        .into_iter()
        .map(|(study, last)| (study, Turn { jobs: 0, last }))
        .collect();
    for row in out.iter().filter(|row| !matches!(row.state, State::Parked { .. } | State::Pending))
    {
        turns.entry(row.study.clone()).or_default().jobs += 1;
    }
    let mut held = BTreeSet::new();
    while let Some(index) = next_in_turn(&waiting, &turns) {
        let row = waiting.remove(index);
        if is_held(store, cluster, &row, &mut held, report)? {
            continue;
        }
        match sprint::submit(app, store, remote, &row.id) {
            Ok(Submitted::Deferred { why, because }) => match because {
                Deferral::NoSlot => break,
                Deferral::NoAnswer(error) => {
                    report.problems.push(format!("{}: not submitted yet", row.id));
                    return Err(error.into());
                }
                Deferral::NotSent | Deferral::InDoubt => {
                    // A limit of its account, perhaps: that is no reason to keep other studies waiting.
                    report.problems.push(format!("{}: {why}", row.id));
                    waiting.retain(|other| other.study != row.study);
                }
                Deferral::StaysParked => report.problems.push(format!("{}: {why}", row.id)),
                Deferral::NotDue => {}
            },
            Ok(Submitted::Refused { why }) => report.problems.push(format!("{}: {why}", row.id)),
            Ok(Submitted::Accepted { .. }) => {
                let turn = turns.entry(row.study).or_default();
                *turn = Turn { jobs: turn.jobs + 1, last: clock::stamp(store.now()) };
            }
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
    (0..waiting.len()).min_by_key(|index| {
        waiting.get(*index).and_then(|row| turns.get(&row.study)).cloned().unwrap_or_default()
    })
}
