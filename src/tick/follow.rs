//! Follows one sprint: when its files are read, when its scheduler is asked, and how long a cluster is
//! left alone that gives no answer. What is shown of it, and when to stop, is for others to say.

use std::time::{Duration, Instant};

use super::{Ask, Live, gather, ingest, tick_one};
use crate::app::{App, ClusterError};
use crate::config::Cluster;
use crate::domain::{SprintId, State, retry};
use crate::notify::Beside;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError};
use crate::store::{SprintRow, Store};

/// Between two polls of the files.
const POLL: Duration = Duration::from_secs(5);
/// Between two polls while something is about to end.
const POLL_SOON: Duration = Duration::from_secs(1);
/// So long the end of a sprint is waited for that was asked to end.
const END_WAIT: Duration = Duration::from_secs(180);

/// When the scheduler may be asked, and how long a cluster that fails is left alone.
#[derive(Debug)]
struct Pace {
    /// The cluster's `poll_interval`.
    interval: Duration,
    asked_scheduler: Option<Instant>,
    /// Between two questions to the scheduler while an end is near: grows with each.
    patience: Duration,
    /// How often in a row the cluster could not be reached.
    failures: u32,
}

impl Pace {
    fn new(poll_interval: u64) -> Self {
        Self {
            interval: Duration::from_secs(poll_interval),
            asked_scheduler: None,
            patience: POLL_SOON,
            failures: 0,
        }
    }

    /// Whether the scheduler was not asked for so long.
    fn is_due_after(&self, time: Duration) -> bool {
        self.asked_scheduler.is_none_or(|asked| clock::since(asked) >= time)
    }

    /// Whether the scheduler may be asked before its time: soon at first, then less and less often.
    fn may_ask_soon(&mut self) -> bool {
        let may = self.is_due_after(self.patience);
        if may && self.asked_scheduler.is_some() {
            self.patience = (self.patience * 2).min(self.interval.max(Duration::from_secs(1)));
        }
        may
    }

    /// How long to leave a cluster alone that could not be reached.
    fn backoff(&self) -> Option<Duration> {
        let most = self.interval.max(POLL);
        (self.failures > 0).then(|| retry::doubled(POLL, self.failures - 1, most))
    }
}

/// Polls one sprint again and again.
pub struct Follower<'a> {
    app: &'a App,
    cluster: &'a Cluster,
    remote: Box<dyn Remote>,
    pace: Pace,
    live: Live,
    problem: Option<String>,
    notices: Beside,
}

impl<'a> Follower<'a> {
    /// Follows a sprint, through a connection that is open already if there is one.
    pub fn new(
        app: &'a App,
        row: &SprintRow,
        remote: Option<Box<dyn Remote>>,
    ) -> Result<Self, ClusterError> {
        let cluster = app.cluster_of(row)?;
        let remote = remote.unwrap_or_else(|| app.remote(cluster));
        Ok(Self {
            app,
            cluster,
            remote,
            pace: Pace::new(cluster.poll_interval),
            live: Live::default(),
            problem: None,
            notices: Beside::default(),
        })
    }

    /// What only a screen needs, as the last poll has brought it.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// What went wrong in the last poll.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Polls once: the files, and the scheduler when that is due.
    pub fn poll_once(&mut self, store: &mut Store, id: &SprintId) -> Result<SprintRow, Problem> {
        let row = row(store, id)?;
        let mut due = self.pace.is_due_after(self.pace.interval);
        self.problem = None;
        let has_job = row.state.live_job().is_some();
        if !due && has_job && !row.state.status().is_terminal() {
            due = self.poll_files(store, &row)?;
        }
        if due || self::row(store, id)?.state.status().is_terminal() {
            self.poll_all(store, id)?;
        }
        self::row(store, id)
    }

    /// Polls the files alone. Whether the scheduler is to be asked after that.
    fn poll_files(&mut self, store: &mut Store, row: &SprintRow) -> Result<bool, Problem> {
        let id = row.id.as_str();
        let gathered = match gather(
            self.app,
            self.remote.as_mut(),
            self.cluster,
            std::slice::from_ref(row),
            Ask::Files,
            Some(id),
        ) {
            Ok(gathered) => gathered,
            Err(error) => {
                self.failed(&error)?;
                return Ok(false);
            }
        };
        if let Some(files) = gathered.files.get(id) {
            self.live = Live::of(files);
        }
        self.problem.clone_from(&gathered.problem);
        let change = store.change()?;
        ingest(&change, id, &gathered)?;
        // The runner has told its end: what remains is the scheduler's word.
        let has_ended = change.last_mark(id)?.is_some_and(|line| line.is_run_end())
            || gathered.files.get(id).is_some_and(|files| files.exit.is_some());
        change.commit()?;
        let due = self.pace.may_ask_soon() && has_ended;
        self.pace.failures = 0;
        Ok(due)
    }

    /// A whole tick for this sprint.
    fn poll_all(&mut self, store: &mut Store, id: &SprintId) -> Result<(), Problem> {
        let remote = self.remote.as_mut();
        let report = tick_one(self.app, store, remote, self.cluster, Some(id.as_str()))?;
        if let Some(live) = report.live.clone() {
            self.live = live;
        }
        self.pace.asked_scheduler = Some(clock::instant());
        match &report.error {
            Some(error) => self.failed(error)?,
            None if report.unreachable => self.pace.failures += 1,
            None => self.pace.failures = 0,
        }
        // Somebody may have left this screen open and gone away.
        self.notices.send(self.app);
        self.problem = report
            .problems
            .first()
            .cloned()
            .or_else(|| self.notices.problem())
            .or(self.problem.take());
        Ok(())
    }

    /// Polls once, and fails only where nothing can go on. Nothing when the poll has failed in passing.
    pub fn poll(&mut self, store: &mut Store, id: &SprintId) -> Result<Option<SprintRow>, Problem> {
        let polled = self.poll_once(store, id);
        self.tolerate(polled)
    }

    /// What passes (a lock, a full disk) is a problem to be shown, and tried again. Nothing then.
    pub fn tolerate<T>(&mut self, result: Result<T, Problem>) -> Result<Option<T>, Problem> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(problem) if problem.passes => {
                self.problem = Some(format!("{}; it is looked at again", problem.message));
                self.pace.failures += 1;
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    /// The cluster gave no answer. Where only a person can help, it ends: to be refused again and again
    /// would lock the account.
    fn failed(&mut self, error: &RemoteError) -> Result<(), Problem> {
        if error.needs_a_person() {
            return Err(error.clone().into());
        }
        self.problem = Some(error.to_string());
        self.pace.failures += 1;
        Ok(())
    }

    /// How long until the next poll.
    pub fn pause(&self, store: &Store, row: &SprintRow) -> Duration {
        if let Some(backoff) = self.pace.backoff() {
            return backoff;
        }
        let is_ending = matches!(row.state, State::Cancelling { .. })
            || store
                .journal_last(row.id.as_str(), &["run_started", "run_ended"], 1)
                .is_ok_and(|last| last.first().is_some_and(|line| line.is_run_end()));
        let is_quick = self.cluster.poll_interval <= 2;
        if is_ending || is_quick { POLL_SOON } else { POLL.min(self.pace.interval) }
    }

    /// Lets notices that are being sent arrive, and returns what went wrong with them. One who stops
    /// leaves them to a later tick.
    pub fn drain_notices(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<String> {
        while self.notices.is_sending() && !is_stopped() {
            clock::pause(Duration::from_millis(50));
        }
        self.notices.problem().filter(|_| !is_stopped())
    }

    /// Waits until a sprint that was asked to end has ended, or for some minutes.
    pub fn wait_for_end(
        &mut self,
        store: &mut Store,
        mut row: SprintRow,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<SprintRow, Problem> {
        let started = clock::instant();
        loop {
            // The scheduler's word is what is waited for.
            if self.pace.may_ask_soon() {
                self.pace.asked_scheduler = None;
            }
            row = self.poll(store, &row.id)?.unwrap_or(row);
            if row.state.status().is_terminal() || is_stopped() || clock::since(started) > END_WAIT
            {
                return Ok(row);
            }
            clock::pause(self.pace.backoff().unwrap_or(POLL_SOON));
        }
    }

    /// Waits until nothing more happens to the sprint by itself. Nothing when it was stopped.
    pub fn wait_for_rest(
        &mut self,
        store: &mut Store,
        mut row: SprintRow,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<SprintRow>, Problem> {
        loop {
            row = self.poll(store, &row.id)?.unwrap_or(row);
            if is_at_rest(&row) {
                return Ok(Some(row));
            }
            let until = clock::instant() + self.pause(store, &row);
            while clock::instant() < until {
                if is_stopped() {
                    return Ok(None);
                }
                clock::pause(Duration::from_millis(200));
            }
        }
    }
}

/// Whether nothing more happens to a sprint by itself: it is over, asks something, or a limit holds it.
pub fn is_at_rest(row: &SprintRow) -> bool {
    row.state.status().is_terminal() || row.waits_for.is_some() || row.limit_reason().is_some()
}

fn row(store: &Store, id: &SprintId) -> Result<SprintRow, Problem> {
    store
        .sprint(id.as_str())?
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("there is no sprint {id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_fails_is_left_alone_longer_and_longer_up_to_its_interval() {
        let mut pace = Pace::new(30);
        assert_eq!(pace.backoff(), None);
        for seconds in [5, 10, 20, 30, 30] {
            pace.failures += 1;
            assert_eq!(pace.backoff(), Some(Duration::from_secs(seconds)));
        }
        // One that is polled each second is not asked each second when it fails.
        let pace = Pace { failures: 40, ..Pace::new(1) };
        assert_eq!(pace.backoff(), Some(POLL));
    }

    #[test]
    fn the_scheduler_is_asked_before_its_time_less_and_less_often() {
        let mut pace = Pace::new(3);
        // It was never asked.
        assert!(pace.may_ask_soon() && pace.patience == POLL_SOON);
        pace.asked_scheduler = clock::instant().checked_sub(Duration::from_secs(10));
        for seconds in [2, 3, 3] {
            assert!(pace.may_ask_soon());
            assert_eq!(pace.patience, Duration::from_secs(seconds));
        }
        pace.asked_scheduler = Some(clock::instant());
        assert!(!pace.may_ask_soon());
    }
}
