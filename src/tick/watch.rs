//! Ticks that go on until somebody ends them: a thread for each cluster, one for the loops, one for
//! notices, each at its own pace.
//!
//! Hides who waits for whom: a cluster that hangs holds up neither another cluster nor a loop nor a
//! notice, and nothing that passes (a lock, a full disk, a network) ends any of them. A cluster's
//! thread keeps its connection and its database for as long as both work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::troubles::{Remark, Troubles};
use super::{ClusterReport, Part, Report, TickError, guarded, mark, round_of_loops, tick_part};
use crate::app::App;
use crate::config::Cluster;
use crate::domain::action::Action;
use crate::domain::retry;
use crate::notify;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError};
use crate::store::{Store, StoreError};

/// After errors the wait doubles with each, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The shortest wait after an error that came at once.
const WAIT_AFTER_ERROR: Duration = Duration::from_secs(2);
/// A login that was refused is not tried again soon: some hosts lock an account.
const WAIT_FOR_A_PERSON: Duration = Duration::from_secs(60);
/// How long threads have to end by themselves when all is to end.
const FAREWELL: Duration = Duration::from_millis(500);
/// The configuration may be away for a moment while an editor saves it.
const CONFIGURATION_AWAY: Duration = Duration::from_secs(20);
/// News that nobody has taken yet.
const MOST_NEWS: usize = 100;

/// What there is to tell. Trouble that goes on is told once, until it has passed.
#[derive(Debug)]
pub enum News {
    /// A round on one cluster, or of what there is to do here, and what is to be said of it beside.
    Round(Box<Report>, Vec<Remark>),
    /// Something here went wrong that may pass.
    Trouble(String),
    /// It works again.
    Well,
    /// Nothing can go on.
    Final(Problem),
}

/// What one of the threads has to tell.
#[derive(Debug)]
enum Told {
    /// A round on one cluster, or of what there is to do here.
    Round(Box<Report>),
    /// Something here went wrong that may pass: whose work it is, and what happened.
    Trouble(String, String),
    /// It works again.
    Well(String),
    /// Nothing can go on.
    Final(Problem),
}

/// All threads.
#[derive(Debug)]
pub struct Watch {
    told: Receiver<Told>,
    troubles: Troubles,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<Common>,
    changed: Condvar,
    /// One remembers a tick at a time.
    marks: Mutex<()>,
}

#[derive(Debug, Default)]
struct Common {
    stops: bool,
    threads: usize,
    /// Who has something to do before its time.
    woken: BTreeSet<String>,
    /// What is wrong with loops and notices.
    here: BTreeMap<&'static str, Vec<String>>,
    /// Clusters that have something to do and are not in the configuration.
    unknown: Vec<String>,
}

/// The names under which the threads that belong to no cluster are woken. No cluster has such a name.
const LOOPS: &str = "/loops";
const NOTICES: &str = "/notices";

impl Shared {
    fn state(&self) -> MutexGuard<'_, Common> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        self.state().woken.extend(names.into_iter().map(str::to_owned));
        self.changed.notify_all();
    }

    /// Waits until then. Tells whether it was woken before, or that all is to end.
    fn wait(&self, name: &str, until: Instant) -> Option<bool> {
        let mut state = self.state();
        loop {
            if state.stops {
                return None;
            }
            if state.woken.remove(name) {
                return Some(true);
            }
            let left = until.saturating_duration_since(clock::instant());
            if left.is_zero() {
                return Some(false);
            }
            // Not longer at once: the clock that counts stands still while this process does.
            state = self
                .changed
                .wait_timeout(state, left.min(Duration::from_secs(1)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// What each thread has.
struct Own {
    app: Arc<App>,
    shared: Arc<Shared>,
    teller: SyncSender<Told>,
    name: String,
    store: Option<Store>,
    /// Trouble was told.
    troubled: bool,
}

impl Drop for Own {
    fn drop(&mut self) {
        // Before it is known to have ended.
        self.store = None;
        self.shared.state().threads -= 1;
        self.shared.changed.notify_all();
    }
}

impl Own {
    /// Its connection to the database: a new one after an error.
    fn store(&mut self) -> Result<&mut Store, StoreError> {
        // It may have been put right since.
        if self.store.as_ref().is_none_or(|store| store.behind().is_some()) {
            self.store = Some(self.app.store()?);
        }
        self.store.as_mut().ok_or(StoreError::Busy)
    }

    /// Whether anybody still listens.
    fn tell(&self, told: Told) -> bool {
        self.teller.send(told).is_ok()
    }

    /// Tells of an error of the database. Another program's, or a newer one's, stays what it is.
    fn trouble(&mut self, error: TickError) {
        self.store = None;
        self.troubled = true;
        let told = match error {
            TickError::Store(StoreError::Foreign { .. } | StoreError::Newer { .. }) => {
                Told::Final(error.into())
            }
            passing => Told::Trouble(self.name.clone(), passing.to_string()),
        };
        self.tell(told);
    }

    fn well(&mut self) {
        if std::mem::take(&mut self.troubled) {
            self.tell(Told::Well(self.name.clone()));
        }
    }

    /// Remembers a round, and tells of it. What was done stands, whether it is remembered or not.
    /// What is known of the other clusters holds.
    fn done(&self, mut report: Report) -> bool {
        let others = self
            .app
            .config
            .clusters
            .iter()
            .map(|cluster| cluster.name.to_string())
            .filter(|name| *name != self.name);
        let (here, unknown) = {
            let state = self.shared.state();
            (state.here.values().flatten().cloned().collect::<Vec<_>>(), state.unknown.clone())
        };
        report.not_asked = others
            .chain(unknown)
            .filter(|name| report.clusters.iter().all(|one| one.name != *name))
            .collect();
        let with_all = Report {
            problems: report
                .problems
                .iter()
                .cloned()
                .chain(here.into_iter().filter(|one| !report.problems.contains(one)))
                .collect(),
            ..report.clone()
        };
        let one = self.shared.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = mark::remember(&self.app, &with_all) {
            report.problems.push(format!("this tick could not be noted: {error}"));
        }
        drop(one);
        self.tell(Told::Round(Box::new(report)))
    }
}

/// When something is due again.
struct Pace {
    interval: Duration,
    errors: u32,
    due: Instant,
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Self { interval, errors: 0, due: clock::instant() }
    }

    fn went_well(&mut self) {
        self.errors = 0;
        self.due = clock::instant() + self.interval;
    }

    fn failed(&mut self, least: Duration) {
        self.due = clock::instant() + self.wait_after_error(least);
        self.errors += 1;
    }

    fn wait_after_error(&self, least: Duration) -> Duration {
        let first = self.interval.max(least);
        retry::doubled(first, self.errors, LONGEST_WAIT.max(self.interval))
    }
}

impl Watch {
    /// Starts all threads. Fails where the database cannot be opened for a reason that stays.
    pub fn start(app: &App) -> Result<Self, StoreError> {
        if let Err(error) = app.store()
            && !matches!(error, StoreError::Busy | StoreError::Full)
        {
            return Err(error);
        }
        let app = Arc::new(app.clone());
        let shared = Arc::new(Shared::default());
        let (teller, told) = sync_channel(MOST_NEWS);
        let interval = |cluster: &Cluster| Duration::from_secs(cluster.poll_interval.max(1));
        // What there is to do here is looked at as often as the busiest cluster is.
        let look =
            app.config.clusters.iter().map(interval).min().unwrap_or(Duration::from_secs(30));
        let own = |name: &str| {
            shared.state().threads += 1;
            Own {
                app: Arc::clone(&app),
                shared: Arc::clone(&shared),
                teller: teller.clone(),
                name: name.to_owned(),
                store: None,
                troubled: false,
            }
        };
        for cluster in &app.config.clusters {
            let (own, pace) = (own(cluster.name.as_str()), Pace::new(interval(cluster)));
            std::thread::spawn(move || watch_cluster(own, pace, look));
        }
        let (loops, notices) = (own(LOOPS), own(NOTICES));
        std::thread::spawn(move || watch_loops(loops, look));
        std::thread::spawn(move || send_notices(&notices, look));
        Ok(Self { told, troubles: Troubles::default(), shared })
    }

    /// The next thing that one of them has to tell, if there is one in that time.
    pub fn next(&mut self, time: Duration) -> Option<News> {
        let here = |whose: &str| format!("here: {whose}");
        match self.told.recv_timeout(time) {
            Ok(Told::Round(report)) => {
                let remarks = self.troubles.remarks_on(&report);
                Some(News::Round(report, remarks))
            }
            Ok(Told::Trouble(whose, problem)) => {
                self.troubles.new_ones(&here(&whose), vec![problem]).pop().map(News::Trouble)
            }
            Ok(Told::Well(whose)) => self.troubles.is_over(&here(&whose)).then_some(News::Well),
            Ok(Told::Final(problem)) => Some(News::Final(problem)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                clock::pause(time);
                None
            }
        }
    }

    /// Ends them. One that waits for an answer is left behind with its request: what it had begun
    /// stands in the database, and its lease is free as soon as this process is gone.
    pub fn stop(self) {
        let until = clock::instant() + FAREWELL;
        self.shared.state().stops = true;
        self.shared.changed.notify_all();
        // Nobody waits for a listener any more.
        drop(self.told);
        let mut state = self.shared.state();
        while state.threads > 0 && clock::instant() < until {
            state = self
                .shared
                .changed
                .wait_timeout(state, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// What is done on a cluster, for as long as it is wanted.
fn watch_cluster(mut own: Own, mut pace: Pace, look: Duration) {
    let app = Arc::clone(&own.app);
    let Ok(cluster) = app.config.cluster(&own.name) else { return };
    let mut remote: Option<Box<dyn Remote>> = None;
    let mut next = clock::instant();
    while let Some(woken) = own.shared.wait(&own.name, next) {
        let is_due = clock::instant() >= pace.due;
        // What a loop has made waits for a cluster that does not answer, and is sent with all else.
        let part = match (is_due, woken && pace.errors == 0) {
            (true, _) => Part::All,
            (false, true) => Part::Submissions,
            (false, false) => continue,
        };
        let mut problems = Vec::new();
        let round = || round_on(&mut own, cluster, &mut remote, part);
        let done = guarded(cluster.name.as_str(), &mut problems, round).unwrap_or_else(|| {
            Ok(Some(ClusterReport {
                name: cluster.name.to_string(),
                problems,
                failed: true,
                ..ClusterReport::default()
            }))
        });
        match done {
            Ok(None) => own.well(),
            Ok(Some(report)) => {
                if !report.is_good() {
                    remote = None;
                    own.store = None;
                }
                if report.is_good() && !report.failing {
                    if part == Part::All {
                        pace.went_well();
                    }
                } else {
                    let for_a_person =
                        report.error.as_ref().is_some_and(RemoteError::needs_a_person);
                    pace.failed(if for_a_person { WAIT_FOR_A_PERSON } else { WAIT_AFTER_ERROR });
                }
                let changed = !report.changes.is_empty();
                own.well();
                if !own.done(Report { clusters: vec![report], ..Report::default() }) {
                    return;
                }
                if changed {
                    own.shared.wake([LOOPS, NOTICES]);
                }
            }
            Err(error) => {
                pace.failed(WAIT_AFTER_ERROR);
                own.trouble(error);
            }
        }
        // One that has nothing to do is not asked; whether it has, is looked at here.
        next = if pace.due > clock::instant() { pace.due } else { clock::instant() + look };
    }
}

/// One round, or nothing when there is nothing to do.
fn round_on(
    own: &mut Own,
    cluster: &Cluster,
    remote: &mut Option<Box<dyn Remote>>,
    part: Part,
) -> Result<Option<ClusterReport>, TickError> {
    let app = Arc::clone(&own.app);
    let store = own.store()?;
    if !store.busy_clusters()?.iter().any(|name| *name == cluster.name.as_str()) {
        return Ok(None);
    }
    let remote = remote.get_or_insert_with(|| app.remote(cluster));
    tick_part(&app, store, remote.as_mut(), cluster, None, part).map(Some)
}

/// Loops, claims, and clusters that are not in the configuration any more.
fn watch_loops(mut own: Own, look: Duration) {
    let app = Arc::clone(&own.app);
    let mut pace = Pace::new(look);
    let mut seen = clock::instant();
    while own.shared.wait(LOOPS, pace.due).is_some() {
        if app.config.file.exists() {
            seen = clock::instant();
        } else if clock::since(seen) > CONFIGURATION_AWAY {
            let gone = format!("{} no longer exists", app.config.file.display());
            let hint = format!("put it back, and start `{}` again", Action::KeepTicking);
            own.tell(Told::Final(Problem::new(ProblemKind::NotFound, gone).hint(hint)));
            return;
        }
        let round = || -> Result<Report, TickError> {
            let busy = own.store()?.busy_clusters()?;
            let mut report = Report::default();
            own.shared.state().unknown.clear();
            for name in busy {
                if let Err(error) = app.config.cluster(&name) {
                    own.shared.state().unknown.push(name.clone());
                    report.clusters.push(ClusterReport {
                        name,
                        problems: vec![error.to_string()],
                        failed: true,
                        ..ClusterReport::default()
                    });
                }
            }
            round_of_loops(&app, own.store()?, &mut report)?;
            Ok(report)
        };
        let mut problems = Vec::new();
        let done = guarded("the loops", &mut problems, round)
            .unwrap_or_else(|| Ok(Report { problems, ..Report::default() }));
        match done {
            Ok(report) => {
                pace.went_well();
                own.shared.wake(report.loops.made.iter().map(|(_, cluster)| cluster.as_str()));
                if !report.loops.made.is_empty() || !report.loops.ended.is_empty() {
                    own.shared.wake([NOTICES]);
                }
                own.shared.state().here.insert(LOOPS, report.problems.clone());
                own.well();
                if !own.done(report) {
                    return;
                }
            }
            Err(error) => {
                pace.failed(WAIT_AFTER_ERROR);
                own.trouble(error);
            }
        }
    }
}

/// Sends what is due, until all ends.
fn send_notices(own: &Own, look: Duration) {
    let mut pace = Pace::new(look);
    while own.shared.wait(NOTICES, pace.due).is_some() {
        let mut faults = Vec::new();
        let problems =
            guarded("the notices", &mut faults, || notify::send_due(&own.app)).unwrap_or(faults);
        pace.went_well();
        own.shared.state().here.insert(NOTICES, problems.clone());
        let told = if problems.is_empty() {
            Told::Well(NOTICES.to_owned())
        } else {
            Told::Trouble(NOTICES.to_owned(), problems.join("; "))
        };
        if !own.tell(told) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_make_a_cluster_wait_longer_and_longer_up_to_some_minutes() {
        let mut pace = Pace::new(Duration::from_secs(1));
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                let wait = pace.wait_after_error(WAIT_AFTER_ERROR);
                pace.failed(WAIT_AFTER_ERROR);
                wait.as_secs()
            })
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
        pace.went_well();
        assert!(
            pace.due <= clock::instant() + Duration::from_secs(1)
                && pace.wait_after_error(WAIT_AFTER_ERROR).as_secs() == 2
        );
        let slow = Pace { errors: 9, ..Pace::new(Duration::from_secs(900)) };
        assert_eq!(slow.wait_after_error(WAIT_AFTER_ERROR).as_secs(), 900);
    }
}
