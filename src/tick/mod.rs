//! The only place where state advances by itself: looks at every cluster that has
//! something to do, takes in what happened, and does what is due.
//!
//! Cron may run it, a person, a screen that watches, all at once: each cluster has a lease,
//! and who finds it held leaves that cluster alone.

mod deliver;
mod follow;
mod gather;
mod ingest;
mod mark;
mod report;
mod submissions;
mod troubles;
mod watch;

#[cfg(test)]
mod ingest_tests;
#[cfg(test)]
mod recorded_tests;

use std::collections::{BTreeMap, BTreeSet};

use self::deliver::{Undelivered, deliver};
use self::submissions::{look_up_submissions, submit_waiting, tell_of_strays};
use crate::app::{App, holder, is_gone};
use crate::auto_loop::{self, Advanced};
use crate::config::{Cluster, UnknownName};
use crate::domain::{Reason, SprintId, State, Status};
use crate::notify;
use crate::platform::clock;
use crate::problem::Problem;
use crate::remote::{Remote, RemoteError};
use crate::sprint;
use crate::store::{Lease, LeaseOutcome, SprintRow, Store, StoreError};
use crate::view::SprintChange;

pub use follow::{Follower, Rest};
pub use gather::{Ask, Gathered, Live, gather};
pub use ingest::{Ingested, ingest};
pub use mark::{Mark, last_ticks};
pub use troubles::Remark;
pub use watch::{News, Watch};

/// Between two requests to end the same job.
const ASK_AGAIN_SECONDS: i64 = 30;
/// How often more of long journals is asked for in one tick. Whoever answers may always have more.
const MAX_ROUNDS: u32 = 50;

/// What one tick did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Each cluster that had something to do.
    pub clusters: Vec<ClusterReport>,
    /// Clusters that have something to do and were not due.
    pub not_asked: Vec<String>,
    /// What became of the loops.
    pub loops: Advanced,
    /// What else went wrong: loops that could not go on, notices that were not sent.
    pub problems: Vec<String>,
    /// Nothing was begun, because the database does not know all sprints.
    pub behind: bool,
}

/// What one tick did on one cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterReport {
    /// Its name.
    pub name: String,
    /// Sprints whose status or step changed.
    pub changes: Vec<SprintChange>,
    /// Sprints that were looked at.
    pub looked_at: usize,
    /// What went wrong, one sentence each. Nothing is lost by it.
    pub problems: Vec<String>,
    /// Who else is looking at this cluster.
    pub held_by: Option<String>,
    /// Whether the cluster could not be reached.
    pub unreachable: bool,
    /// Whether it was reached, but its scheduler or its files gave no answer.
    pub failing: bool,
    /// Whether this cluster's part of the tick could not be done at all.
    pub failed: bool,
    /// Why it could not be reached.
    pub error: Option<RemoteError>,
    /// What a screen shows of the sprint that it watches.
    pub live: Option<Live>,
}

/// Why a tick did nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The way to the cluster.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The configuration does not know the cluster.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
}

impl From<TickError> for Problem {
    fn from(error: TickError) -> Self {
        match error {
            TickError::Unknown(error) => error.into(),
            TickError::Store(error) => error.into(),
            TickError::Remote(error) => error.into(),
        }
    }
}

/// One tick over all clusters that have something to do, each in a thread of its own: one
/// that hangs delays no other. Then the loops go on, with what is known by now.
pub fn tick(app: &App) -> Result<Report, TickError> {
    let mut store = app.store()?;
    // Nothing is looked at that could not be written down.
    drop(store.change()?);
    let mut report = Report::default();
    let busy = store.busy_clusters()?;
    over_clusters(app, &busy, Part::All, &mut report);
    round_of_loops(app, &mut store, &mut report)?;
    // What the loops have made need not wait for the next tick.
    let is_lost = |cluster: &String| {
        report.clusters.iter().any(|one| one.name == *cluster && one.unreachable)
    };
    let names: BTreeSet<&String> = report
        .loops
        .made
        .iter()
        .map(|(_, cluster)| cluster)
        .filter(|cluster| !is_lost(cluster))
        .collect();
    over_clusters(
        app,
        &names.into_iter().cloned().collect::<Vec<_>>(),
        Part::Submissions,
        &mut report,
    );
    report.problems.extend(notify::send_due(app));
    // What was done stands, whether it is remembered or not.
    if let Err(error) = mark::remember(app, &report) {
        report.problems.push(format!("this tick could not be noted: {error}"));
    }
    Ok(report)
}

/// What is to do here: claims that have expired, and the next steps of the loops.
fn round_of_loops(app: &App, store: &mut Store, report: &mut Report) -> Result<(), TickError> {
    let change = store.change()?;
    change.end_expired_claims()?;
    change.commit()?;
    if let Some(behind) = store.behind() {
        report.problems.push(format!("nothing is submitted: {behind}"));
        report.behind = true;
        return Ok(());
    }
    report.loops = auto_loop::advance_all(app, store)?;
    report.problems.append(&mut report.loops.problems);
    Ok(())
}

/// What is done on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Submissions,
}

fn over_clusters(app: &App, names: &[String], part: Part, report: &mut Report) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = names
            .iter()
            .map(|name| (name, scope.spawn(move || tick_cluster(app, name, part))))
            .collect();
        for (name, thread) in threads {
            let problem = |problem: String| ClusterReport {
                name: name.clone(),
                problems: vec![problem],
                failed: true,
                ..ClusterReport::default()
            };
            let one = match thread.join() {
                Ok(Ok(one)) => one,
                Ok(Err(error)) => problem(error.to_string()),
                Err(_) => problem(
                    "this cluster's part of the tick ended by a fault of the program".to_owned(),
                ),
            };
            match report.clusters.iter_mut().find(|known| known.name == one.name) {
                Some(known) => known.add(one),
                None => report.clusters.push(one),
            }
        }
    });
}

impl ClusterReport {
    fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.problems.extend(other.problems);
        self.held_by = self.held_by.take().or(other.held_by);
        self.unreachable |= other.unreachable;
        self.failing |= other.failing;
        self.failed |= other.failed;
    }

    /// Whether it was reached and everything on it could be looked at.
    pub fn is_good(&self) -> bool {
        !self.unreachable && !self.failed
    }
}

fn tick_cluster(app: &App, name: &str, part: Part) -> Result<ClusterReport, TickError> {
    let cluster = app.config.cluster(name)?;
    let mut remote = app.remote(cluster);
    let mut store = app.store()?;
    tick_part(app, &mut store, remote.as_mut(), cluster, None, part)
}

/// One tick over one cluster, through a connection that stays open. `watched` is a sprint that a
/// screen shows.
pub fn tick_one(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    watched: Option<&SprintId>,
) -> Result<ClusterReport, TickError> {
    tick_part(app, store, remote, cluster, watched, Part::All)
}

fn tick_part(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    watched: Option<&SprintId>,
    part: Part,
) -> Result<ClusterReport, TickError> {
    let mut report = ClusterReport { name: cluster.name.to_string(), ..ClusterReport::default() };
    let lease = match take_lease(store, cluster)? {
        LeaseOutcome::Taken(lease) => lease,
        LeaseOutcome::Held(other) => {
            report.held_by = Some(other);
            return Ok(report);
        }
    };
    let before = states(store, cluster)?;
    let done = match part {
        Part::All => advance(app, store, remote, cluster, &lease, watched, &mut report),
        Part::Submissions => submit_waiting(app, store, remote, cluster, &mut report),
    };
    for (id, (status, phase)) in states(store, cluster)? {
        if before.get(&id) != Some(&(status, phase.clone())) {
            report.changes.push(SprintChange { sprint_id: id.clone(), status, phase });
        }
    }
    for id in before.keys() {
        if let Some(row) = store.sprint(id)?
            && row.state.status().is_terminal()
        {
            let status = row.state.status();
            report.changes.push(SprintChange { sprint_id: id.clone(), status, phase: None });
        }
    }
    let change = store.change()?;
    change.give_back(&lease)?;
    change.commit()?;
    match done {
        Err(TickError::Remote(error)) => {
            report.unreachable = true;
            report.problems.push(error.to_string());
            report.error = Some(error);
            Ok(report)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(report),
    }
}

fn take_lease(store: &mut Store, cluster: &Cluster) -> Result<LeaseOutcome, StoreError> {
    let name = format!("tick:{}", cluster.name);
    let change = store.change()?;
    let taken = change.take_lease(&name, &holder(), cluster.lease_seconds(), is_gone)?;
    change.commit()?;
    Ok(taken)
}

/// Status and step of sprints.
type Standings = BTreeMap<SprintId, (Status, Option<String>)>;

fn states(store: &Store, cluster: &Cluster) -> Result<Standings, StoreError> {
    let rows = store.open_sprints(cluster.name.as_str())?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.clone(), (row.state.status(), row.state.phase().map(str::to_owned))))
        .collect())
}

fn advance(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    lease: &Lease,
    watched: Option<&SprintId>,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    look_up_submissions(app, store, remote, cluster, report)?;
    let mut faults = Vec::new();
    let is_ours = guarded("the look at its jobs", &mut faults, || {
        look(app, store, remote, cluster, lease, watched, report)
    })
    .transpose()?;
    report.problems.append(&mut faults);
    if is_ours == Some(false) {
        return Ok(());
    }
    match deliver(app, store, remote, cluster) {
        Ok(problems) => report.problems.extend(problems),
        Err(Undelivered::Store(error)) => return Err(error.into()),
        Err(Undelivered::Remote(error)) => return Err(error.into()),
    }
    submit_waiting(app, store, remote, cluster, report)?;
    // The last, because it may take long, and nothing waits for it.
    fetch_results(app, store, remote, cluster, report)
}

/// Looks at the jobs that are out, and takes in what they tell. False when another tick has begun.
fn look(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    lease: &Lease,
    watched: Option<&SprintId>,
    report: &mut ClusterReport,
) -> Result<bool, TickError> {
    let rows: Vec<SprintRow> = store
        .open_sprints(cluster.name.as_str())?
        .into_iter()
        .filter(|row| row.state.live_job().is_some())
        .collect();
    report.looked_at = rows.len();
    if !rows.is_empty() {
        let mut gathered = gather(app, remote, cluster, &rows, Ask::All, watched)?;
        report.live = watched.and_then(|id| gathered.files.get(id)).map(Live::of);
        report.problems.extend(gathered.problem.iter().cloned());
        report.failing |= gathered.problem.is_some();
        if !store.change()?.holds(lease)? {
            report.problems.push(
                "the tick took too long, and another one has begun: its answers count".to_owned(),
            );
            return Ok(false);
        }
        let mut to_sum = ingest_all(store, &rows, &gathered, report)?;
        // Only now: one of them may have turned out to be a sprint's own.
        tell_of_strays(store, cluster, &gathered.strays, report)?;
        // More of a long journal than one answer holds.
        let (jobs, used, time, is_doubtful) = (
            gathered.jobs.take(),
            std::mem::take(&mut gathered.used),
            gathered.time,
            gathered.is_doubtful,
        );
        let mut more = gathered;
        let mut rounds = 0;
        while more.has_more() && rounds < MAX_ROUNDS {
            rounds += 1;
            let rows = fresh(
                store,
                rows.iter().filter(|row| more.files.get(&row.id).is_some_and(|files| files.more)),
            )?;
            let offsets: Vec<u64> = rows.iter().map(|row| row.journal_offset).collect();
            more = gather(app, remote, cluster, &rows, Ask::Files, None)?;
            ingest_all(store, &rows, &more, report)?;
            let still: Vec<u64> = rows
                .iter()
                .filter_map(|row| store.sprint(&row.id).ok()??.journal_offset.into())
                .collect();
            if still == offsets {
                break;
            }
        }
        // A job that is over, with a call whose cost nobody has told: its stream is read now, once.
        to_sum.retain(|row| !row.state.status().is_terminal());
        if !to_sum.is_empty() {
            let rows = fresh(store, to_sum.iter())?;
            let sums = gather(app, remote, cluster, &rows, Ask::Untold, None)?;
            let sums = Gathered { jobs, used, time, is_doubtful, ..sums };
            ingest_all(store, &rows, &sums, report)?;
        }
        ask_again_for_ends(app, store, remote, cluster, report)?;
    }
    Ok(true)
}

/// Does a part of a tick of which a fault, whatever made it, must not keep the others from being done.
fn guarded<T>(what: &str, problems: &mut Vec<String>, part: impl FnOnce() -> T) -> Option<T> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(part)).ok();
    if done.is_none() {
        problems.push(format!("{what}: this part of the tick ended by a fault of the program"));
    }
    done
}

/// Takes in what was told of each sprint, each for itself: one that cannot be taken in holds up
/// no other. Returns those of which more must be asked.
fn ingest_all(
    store: &mut Store,
    rows: &[SprintRow],
    gathered: &Gathered,
    report: &mut ClusterReport,
) -> Result<Vec<SprintRow>, StoreError> {
    let is_new = |problem: &&String| !report.problems.contains(problem);
    let new: Vec<String> = gathered.problem.iter().filter(is_new).cloned().collect();
    report.problems.extend(new);
    let mut to_sum = Vec::new();
    for row in rows {
        let taken_in = || {
            let change = store.change()?;
            let ingested = ingest(&change, &row.id, gathered)?;
            change.commit().map(|()| ingested)
        };
        match guarded(row.id.as_str(), &mut report.problems, taken_in) {
            Some(Err(error @ (StoreError::Busy | StoreError::Full))) => return Err(error),
            Some(Err(error)) => report.problems.push(format!("{}: {error}", row.id)),
            Some(Ok(Ingested::NeedsUntold)) => to_sum.push(row.clone()),
            Some(Ok(Ingested::Whole)) | None => {}
        }
    }
    Ok(to_sum)
}

/// These sprints as they are now.
fn fresh<'a>(
    store: &Store,
    rows: impl Iterator<Item = &'a SprintRow>,
) -> Result<Vec<SprintRow>, StoreError> {
    rows.filter_map(|row| store.sprint(&row.id).transpose()).collect()
}

/// Jobs that should have ended and are still there are told once more.
fn ask_again_for_ends(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    for row in store.open_sprints(cluster.name.as_str())? {
        if matches!(row.state, State::Cancelling { job: Some(_), .. })
            && store.now().as_second() - row.cancel_sent >= ASK_AGAIN_SECONDS
        {
            tell(app, store, remote, &row.id, report);
        }
    }
    Ok(())
}

fn tell(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
    report: &mut ClusterReport,
) {
    match sprint::tell_scheduler(app, store, remote, id) {
        Ok(None) => {}
        Ok(Some(against)) => report.problems.push(format!("{id}: {against}")),
        Err(error) => report.problems.push(format!("{id}: {error}")),
    }
}

/// Counts a try that brought nothing.
fn not_fetched(store: &mut Store, id: &SprintId) -> Result<(), StoreError> {
    let change = store.change()?;
    change.results(id, false)?;
    change.commit()
}

/// Each for itself: one that is slow or that ends by a fault holds up no other. Those that were tried the
/// least come first, and what there is no time for in this tick is for the next.
fn fetch_results(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    report: &mut ClusterReport,
) -> Result<(), TickError> {
    let began = clock::instant();
    for row in store.unfetched_sprints(cluster.name.as_str())? {
        if clock::since(began).as_secs() > cluster.command_timeout {
            break;
        }
        let id = &row.id;
        // A job that can never start would wait in the queue for ever, and one that the queue has forgotten
        // may come back. Until the scheduler was told so, the sprint is not done with.
        if row.cancel_sent == 0
            && matches!(&row.state, State::Ended { ending, .. } if matches!(ending.reason, Some(Reason::NeverStarts | Reason::Lost)))
        {
            tell(app, store, remote, &row.id, report);
            if store.sprint(id)?.is_some_and(|row| row.cancel_sent == 0) {
                not_fetched(store, id)?;
                continue;
            }
        }
        // A sprint that never came to its directory has nothing to bring.
        let fetched = if row.state.last_job().is_none() && row.submitted_at.is_none() {
            Ok(sprint::Fetched::default())
        } else {
            let tweaks = store.tweaks_of(id)?;
            let bring = || {
                sprint::fetch_through(
                    app,
                    remote,
                    cluster,
                    &row,
                    &tweaks,
                    &app.artifacts(id),
                    sprint::Extent::Unasked,
                    |_, _| {},
                )
            };
            match guarded(id.as_str(), &mut report.problems, bring) {
                Some(fetched) => fetched,
                None => {
                    not_fetched(store, id)?;
                    continue;
                }
            }
        };
        match fetched {
            Ok(fetched) => {
                sprint::remember(store, id, &fetched)?;
                let change = store.change()?;
                change.results(id, true)?;
                if !fetched.skipped.is_empty() {
                    change.set_note(id, &format!("not fetched: {}", fetched.skipped.join("; ")))?;
                }
                change.commit()?;
                report.problems.extend(
                    fetched.skipped.iter().map(|skipped| format!("{id}: not fetched: {skipped}")),
                );
            }
            // One that takes too long is tried again later, and holds up nobody.
            Err(sprint::FetchError::Remote(error)) if !error.may_have_run() => {
                return Err(error.into());
            }
            Err(error) => {
                not_fetched(store, id)?;
                report.problems.push(format!("{id}: {error}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
