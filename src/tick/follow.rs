//! Follows one sprint: when its files are read, when its scheduler is asked, and how long a cluster is
//! left alone that gives no answer. What is shown of it, and when to stop, is for others to say.

use std::time::{Duration, Instant};

use super::{Ask, Live, gather, ingest, tick_one};
use crate::app::App;
use crate::bundle::journal::Line;
use crate::domain::{LineKind, SprintId, State, retry, suggestion, text};
use crate::find;
use crate::notify::Beside;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError};
use crate::sprint::{Handle, NewSubmission};
use crate::store::{SprintRow, Store, StoreError};
use crate::view;

/// Between two polls of the files.
const POLL: Duration = Duration::from_secs(5);
/// Between two polls while something is about to end.
const POLL_SOON: Duration = Duration::from_secs(1);
/// So long the end of a sprint is waited for that was asked to end.
const END_WAIT: Duration = Duration::from_secs(180);

/// So many lines of a journal are read at a time.
const READ_AT_A_TIME: u32 = 10_000;

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

/// Why nothing more happens to a sprint by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// It asks something.
    Asks,
    /// A limit holds it: which one.
    Held(String),
    /// It is over.
    Over,
}

/// A sprint, all of it as it was at one time: another process may have changed it since.
#[derive(Debug, Clone)]
struct Seen {
    row: SprintRow,
    shown: view::Sprint,
    at: Instant,
}

impl Seen {
    /// Looks at a sprint. One that is gone is told as any id that is not known.
    fn now(store: &Store, id: &SprintId) -> Result<Self, Problem> {
        store.at_one_time(|store| {
            let row = find::sprint(store, id.as_str())?;
            let shown = view::sprint_found(store, &row)?;
            Ok(Self { row, shown, at: clock::instant() })
        })
    }
}

/// Polls one sprint again and again.
pub struct Follower<'a> {
    app: &'a App,
    store: Store,
    /// None before the first poll. What is known is shown also when the cluster is not known any more.
    remote: Option<Box<dyn Remote>>,
    seen: Seen,
    pace: Pace,
    live: Live,
    problem: Option<String>,
    notices: Beside,
}

impl<'a> Follower<'a> {
    /// Follows the sprint with this id, or the beginning of one.
    pub fn open(app: &'a App, id: &str) -> Result<Self, Problem> {
        Self::of(app, Handle::open(app, id)?)
    }

    /// Follows a sprint that is open already.
    pub fn of(app: &'a App, sprint: Handle) -> Result<Self, Problem> {
        let (store, row) = sprint.into_parts();
        let seen = Seen::now(&store, &row.id)?;
        let interval = app.cluster_of(&row).map_or(POLL.as_secs(), |one| one.poll_interval);
        Ok(Self {
            app,
            store,
            remote: None,
            seen,
            pace: Pace::new(interval),
            live: Live::default(),
            problem: None,
            notices: Beside::default(),
        })
    }

    /// Follows a sprint that was just submitted, through the connection that is open already.
    pub fn after(app: &'a App, submission: NewSubmission) -> Result<Self, Problem> {
        let remote = Some(submission.remote);
        Ok(Self { remote, ..Self::of(app, submission.sprint)? })
    }

    /// Gives the sprint back.
    pub fn into_sprint(self) -> Result<Handle, Problem> {
        Handle::of(self.store, &self.seen.row.id)
    }

    /// The sprint, as the last poll has found it.
    pub fn row(&self) -> &SprintRow {
        &self.seen.row
    }

    /// The same with all that is known of it, for who is shown it: since the poll only time has passed.
    pub fn sprint(&self) -> view::Sprint {
        self.seen.shown.later(clock::since(self.seen.at).as_secs())
    }

    /// What only a screen needs, as the last poll has brought it.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// What went wrong in the last poll.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Refuses a step that the sprint does not have.
    pub fn must_have_step(&self, step: &str) -> Result<(), Problem> {
        let row = &self.seen.row;
        let steps = self.store.steps(&row.id)?;
        let names: Vec<&str> = steps.iter().map(|step| step.label.as_str()).collect();
        if names.contains(&step) {
            return Ok(());
        }
        let has = if names.is_empty() {
            format!("it is {} and has begun none", row.state.status())
        } else {
            format!("it has: {}", names.join(", "))
        };
        let problem = Problem::new(
            ProblemKind::NotFound,
            format!("{} has no step {:?}; {has}", row.id, text::line(step)),
        );
        Err(match suggestion::nearest(step, names) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem,
        })
    }

    /// All lines of the journal behind one, however many there are.
    pub fn lines_after(&self, seq: u64) -> impl Iterator<Item = Result<Line, StoreError>> {
        let mut last = seq;
        let mut read = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if read.len() == 0 {
                match self.store.journal_after(&self.seen.row.id, last, READ_AT_A_TIME) {
                    Ok(lines) => read = lines.into_iter(),
                    Err(error) => return Some(Err(error)),
                }
            }
            let line = read.next()?;
            last = line.seq;
            Some(Ok(line))
        })
    }

    /// The last lines of these kinds, at most so many.
    pub fn last_lines(&self, kinds: &[LineKind], limit: u32) -> Result<Vec<Line>, StoreError> {
        self.store.journal_last(&self.seen.row.id, kinds, limit)
    }

    /// What the sprint asks.
    pub fn questions(&self) -> Result<Vec<view::Message>, StoreError> {
        let questions = self.store.open_questions(&self.seen.row.id)?;
        Ok(questions.iter().map(view::message).collect())
    }

    /// Polls once if the sprint has a job, so that what is shown is of now.
    pub fn refresh(&mut self) -> Result<(), Problem> {
        let state = &self.seen.row.state;
        if state.last_job().is_none() || state.status().is_terminal() {
            return Ok(());
        }
        self.poll_once()
    }

    /// Polls once: the files, and the scheduler when that is due.
    pub fn poll_once(&mut self) -> Result<(), Problem> {
        self.read()?;
        let mut due = self.pace.is_due_after(self.pace.interval);
        self.problem = None;
        let state = &self.seen.row.state;
        let has_job = state.live_job().is_some();
        if !due && has_job && !state.status().is_terminal() {
            due = self.poll_files()?;
            self.read()?;
        }
        if due || self.seen.row.state.status().is_terminal() {
            self.poll_all()?;
            self.read()?;
        }
        Ok(())
    }

    /// Polls once, and fails only where nothing can go on. Otherwise the sprint is as it was.
    pub fn poll(&mut self) -> Result<(), Problem> {
        let before = self.seen.clone();
        let polled = self.poll_once();
        if self.tolerate(polled)?.is_none() {
            self.seen = before;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Problem> {
        self.seen = Seen::now(&self.store, &self.seen.row.id)?;
        Ok(())
    }

    /// Polls the files alone. Whether the scheduler is to be asked after that.
    fn poll_files(&mut self) -> Result<bool, Problem> {
        let id = &self.seen.row.id;
        let cluster = self.app.cluster_of(&self.seen.row)?;
        let remote = self.remote.get_or_insert_with(|| self.app.remote(cluster));
        let gathered = match gather(
            self.app,
            remote.as_mut(),
            cluster,
            std::slice::from_ref(&self.seen.row),
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
        let change = self.store.change()?;
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
    fn poll_all(&mut self) -> Result<(), Problem> {
        let id = Some(&self.seen.row.id);
        let cluster = self.app.cluster_of(&self.seen.row)?;
        let remote = self.remote.get_or_insert_with(|| self.app.remote(cluster));
        let report = tick_one(self.app, &mut self.store, remote.as_mut(), cluster, id)?;
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
    fn pause(&self) -> Duration {
        if let Some(backoff) = self.pace.backoff() {
            return backoff;
        }
        let is_ending = matches!(self.seen.row.state, State::Cancelling { .. })
            || self
                .store
                .last_mark(&self.seen.row.id)
                .is_ok_and(|mark| mark.is_some_and(|line| line.is_run_end()));
        let is_quick = self.pace.interval <= Duration::from_secs(2);
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
    pub fn wait_for_end(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<(), Problem> {
        let started = clock::instant();
        loop {
            // The scheduler's word is what is waited for.
            if self.pace.may_ask_soon() {
                self.pace.asked_scheduler = None;
            }
            self.poll()?;
            if self.seen.row.state.status().is_terminal()
                || is_stopped()
                || clock::since(started) > END_WAIT
            {
                return Ok(());
            }
            clock::pause(self.pace.backoff().unwrap_or(POLL_SOON));
        }
    }

    /// Follows the sprint until nothing more happens to it by itself. None when that was stopped before.
    /// `show` is called after each poll and, between two of them, after each beat. What passes keeps
    /// it from being shown only until the next beat.
    pub fn follow(
        &mut self,
        beat: Duration,
        is_stopped: &dyn Fn() -> bool,
        show: &mut dyn FnMut(&Self) -> Result<(), Problem>,
    ) -> Result<Option<Rest>, Problem> {
        // It may have been stopped while the sprint was submitted.
        if is_stopped() {
            return Ok(None);
        }
        loop {
            self.poll()?;
            let until = clock::instant() + self.pause();
            loop {
                let shown = show(self);
                if self.tolerate(shown)?.is_some()
                    && let Some(rest) = self.rest()
                {
                    return Ok(Some(rest));
                }
                if is_stopped() {
                    return Ok(None);
                }
                let left = until.saturating_duration_since(clock::instant());
                if left.is_zero() {
                    break;
                }
                clock::pause(beat.min(left));
            }
        }
    }

    /// Whether nothing more happens to the sprint by itself, and why.
    fn rest(&self) -> Option<Rest> {
        let row = &self.seen.row;
        if row.waits_for.is_some() {
            return Some(Rest::Asks);
        }
        match row.limit_reason() {
            Some(why) => Some(Rest::Held(why.to_owned())),
            None => row.state.status().is_terminal().then_some(Rest::Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::FakeRemote;
    use crate::sprint::{self, NewSprintSpec, Request};

    /// A project with a database, and a sprint in it.
    fn project() -> (tempfile::TempDir, App, SprintId) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = App::example(folder.path(), "", "").with_remote(&FakeRemote::default());
        let mut store = app.store().expect("a database");
        let spec = NewSprintSpec::new("s", "an idea", Request::default());
        let id = sprint::create(&app, &mut store, &spec).expect("made");
        (folder, app, id)
    }

    fn write(app: &App, sql: &str) {
        let mut store = app.store().expect("a database");
        let change = store.change().expect("a change");
        change.raw(sql).expect("written");
        change.commit().expect("kept");
    }

    #[test]
    fn what_an_earlier_job_has_told_lets_nobody_ask_every_second() {
        let (_folder, app, id) = project();
        write(
            &app,
            &format!(
                "UPDATE sprints SET status = 'submitted', attempt = 2, job_id = '2' WHERE id = '{id}';
                 INSERT INTO jobs (sprint_id, attempt, name, sent_at, journal_from) VALUES ('{id}', 1, 'a', '', 0), ('{id}', 2, 'b', '', 2);
                 INSERT INTO journal (sprint_id, seq, incarnation, kind, time, line) VALUES ('{id}', 2, 1, 'run_ended', '2026-01-01T00:00:00Z',
                    '{{\"v\":1,\"seq\":2,\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"run_ended\",\"status\":\"parked\"}}');"
            ),
        );
        let follower = Follower::open(&app, id.as_str()).expect("there");
        assert_eq!(follower.pause(), POLL);
        // The same line as the word of its present job.
        write(&app, &format!("DELETE FROM jobs WHERE sprint_id = '{id}' AND attempt = 2"));
        assert_eq!(follower.pause(), POLL_SOON);
    }

    #[test]
    fn a_sprint_and_its_steps_are_shown_as_they_were_at_one_time() {
        let (_folder, app, id) = project();
        write(
            &app,
            &format!(
                "UPDATE sprints SET status = 'running', phase = 'research', attempt = 1, job_id = '1' WHERE id = '{id}';
                 INSERT INTO steps (sprint_id, position, label, title, state) VALUES ('{id}', 0, 'research', 'research', 'running');"
            ),
        );
        let mut follower = Follower::open(&app, id.as_str()).expect("there");
        let shown = |follower: &Follower<'_>| {
            let sprint = follower.sprint();
            let steps = sprint.steps.unwrap_or_default();
            (sprint.status.to_string(), steps[0].state.to_string())
        };
        assert_eq!(shown(&follower), ("running".to_owned(), "running".to_owned()));
        // Another tick ends it.
        write(
            &app,
            &format!(
                "UPDATE sprints SET status = 'cancelled', phase = NULL WHERE id = '{id}'; UPDATE steps SET state = 'interrupted';"
            ),
        );
        assert_eq!(shown(&follower), ("running".to_owned(), "running".to_owned()));
        follower.read().expect("read");
        assert_eq!(shown(&follower), ("cancelled".to_owned(), "interrupted".to_owned()));
    }

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
