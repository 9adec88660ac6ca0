//! Follows a sprint: a screen on a terminal, lines elsewhere, JSON Lines when asked.
//!
//! Files are read every few seconds; the scheduler is asked at the cluster's
//! `poll_interval` at most. Each look is one round trip.

use std::io::Write as _;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{find, inbox, screen, text};
use crate::app::App;
use crate::config::Cluster;
use crate::domain::{SprintId, State, Status};
use crate::notify::Beside;
use crate::platform::clock;
use crate::remote::{Remote, RemoteError};
use crate::sprint;
use crate::store::{SprintRow, Store};
use crate::tick::{self, Live};
use crate::view;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks while something is about to end.
const LOOK_SOON: Duration = Duration::from_secs(1);

/// Notices Ctrl-C.
struct Interrupt(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Interrupt {
    fn catch() -> Self {
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // A second Ctrl-C ends the program at once, also while it waits for an answer: nothing is lost
        // by it. It must be registered before the one that sets the flag.
        let _ = signal_hook::flag::register_conditional_shutdown(
            SIGINT,
            130,
            std::sync::Arc::clone(&flag),
        );
        let _ = signal_hook::flag::register(SIGINT, std::sync::Arc::clone(&flag));
        Self(flag)
    }

    fn came(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Looks at one sprint again and again.
struct Follower<'a> {
    app: &'a App,
    cluster: &'a Cluster,
    remote: Box<dyn Remote>,
    asked_scheduler: Option<Instant>,
    live: Live,
    problem: Option<String>,
    notices: Beside,
    /// Between two questions to the scheduler while an end is near: grows with each.
    patience: Duration,
    /// How often in a row the cluster could not be reached.
    failures: u32,
}

impl<'a> Follower<'a> {
    fn new(app: &'a App, row: &SprintRow, remote: Option<Box<dyn Remote>>) -> Result<Self> {
        let cluster = app.cluster_of(row)?;
        let remote = remote.unwrap_or_else(|| app.remote(cluster));
        Ok(Self {
            app,
            cluster,
            remote,
            asked_scheduler: None,
            live: Live::default(),
            problem: None,
            notices: Beside::default(),
            patience: LOOK_SOON,
            failures: 0,
        })
    }

    /// One look: at the files, and at the scheduler when that is due.
    fn look(&mut self, store: &mut Store, id: &SprintId) -> Result<SprintRow> {
        let row = find::sprint(store, id.as_str())?;
        let poll = Duration::from_secs(self.cluster.poll_interval);
        let mut due = self.asked_scheduler.is_none_or(|asked| clock::since(asked) >= poll);
        self.problem = None;
        let has_job = row.state.job().is_some() && !matches!(row.state, State::Parked { .. });
        if !due && has_job && !row.state.status().is_terminal() {
            match tick::gather(
                self.app,
                self.remote.as_mut(),
                self.cluster,
                std::slice::from_ref(&row),
                tick::Ask::Files,
                Some(id.as_str()),
            ) {
                Ok(gathered) => {
                    if let Some(files) = gathered.files.get(id.as_str()) {
                        self.live = Live::of(files);
                    }
                    self.problem.clone_from(&gathered.problem);
                    let change = store.change()?;
                    tick::ingest(&change, id.as_str(), &gathered)?;
                    // The runner has told its end: what remains is the scheduler's word.
                    due = change
                        .last_mark(id.as_str())?
                        .is_some_and(|line| line.kind() == "run_ended")
                        || gathered
                            .files
                            .get(id.as_str())
                            .is_some_and(|files| files.exit.is_some());
                    change.commit()?;
                    due &= self.may_ask_soon();
                    self.failures = 0;
                }
                Err(error) => self.failed(&error)?,
            }
        }
        if due || find::sprint(store, id.as_str())?.state.status().is_terminal() {
            let report = tick::tick_one(
                self.app,
                store,
                self.remote.as_mut(),
                self.cluster,
                Some(id.as_str()),
            )?;
            if let Some(live) = report.live.clone() {
                self.live = live;
            }
            self.asked_scheduler = Some(clock::instant());
            match &report.error {
                Some(error) => self.failed(error)?,
                None if report.unreachable => self.failures += 1,
                None => self.failures = 0,
            }
            // Somebody may have left this screen open and gone away.
            self.notices.send(self.app);
            self.problem = report
                .problems
                .first()
                .cloned()
                .or_else(|| self.notices.problem())
                .or(self.problem.take());
        }
        find::sprint(store, id.as_str())
    }

    /// One look that fails only where nothing can go on: what passes (a lock, a full disk) is shown, and
    /// looked at again. Nothing then.
    fn look_on(&mut self, store: &mut Store, id: &SprintId) -> Result<Option<SprintRow>> {
        let looked = self.look(store, id);
        self.or_trouble(looked)
    }

    fn or_trouble<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.passes => {
                self.problem = Some(format!("{}; it is looked at again", failure.message));
                self.failures += 1;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The cluster gave no answer. Where only a person can help, the screen ends: to be refused again
    /// and again would lock the account.
    fn failed(&mut self, error: &RemoteError) -> Result<()> {
        if error.needs_a_person() {
            return Err(error.clone().into());
        }
        self.problem = Some(error.to_string());
        self.failures += 1;
        Ok(())
    }

    /// How long to leave a cluster alone that could not be reached.
    fn pause(&self) -> Option<Duration> {
        let most = Duration::from_secs(self.cluster.poll_interval).max(LOOK);
        (self.failures > 0).then(|| (LOOK * (1 << (self.failures - 1).min(10))).min(most))
    }

    /// Whether the scheduler may be asked before its time: soon at first, then less and less often.
    fn may_ask_soon(&mut self) -> bool {
        let may = self.asked_scheduler.is_none_or(|asked| clock::since(asked) >= self.patience);
        if may && self.asked_scheduler.is_some() {
            self.patience =
                (self.patience * 2).min(Duration::from_secs(self.cluster.poll_interval.max(1)));
        }
        may
    }

    /// Lets notices that are being sent arrive; Ctrl-C leaves them to a later tick.
    fn let_notices_go(&mut self, ui: &Ui, interrupt: &Interrupt) {
        while self.notices.is_sending() && !interrupt.came() {
            clock::pause(Duration::from_millis(50));
        }
        if let Some(problem) = self.notices.problem().filter(|_| !interrupt.came()) {
            ui.warning(&text::clean(&problem));
        }
    }

    /// How long until the next look.
    fn rest(&self, store: &Store, row: &SprintRow) -> Duration {
        if let Some(pause) = self.pause() {
            return pause;
        }
        let ending = matches!(row.state, State::Cancelling { .. })
            || store
                .journal_last(row.id.as_str(), &["run_started", "run_ended"], 1)
                .is_ok_and(|last| last.first().is_some_and(|line| line.kind() == "run_ended"));
        let quick = self.cluster.poll_interval <= 2;
        if ending || quick {
            LOOK_SOON
        } else {
            LOOK.min(Duration::from_secs(self.cluster.poll_interval))
        }
    }
}

/// Watches until the sprint is over.
pub fn watch(app: &App, ui: &Ui, store: &mut Store, id: &SprintId) -> Result {
    follow(app, ui, store, id, None, true)
}

/// Watches through a connection that is open already.
pub fn watch_through(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    remote: Box<dyn Remote>,
) -> Result {
    follow(app, ui, store, id, Some(remote), true)
}

/// Waits until a sprint that makes a plan has ended. With `--json` the plan alone is the answer.
pub fn wait_for_plan(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    remote: Box<dyn Remote>,
) -> Result {
    if ui.json {
        wait_quietly(app, ui, store, id, remote)
    } else {
        follow(app, ui, store, id, Some(remote), false)
    }
}

/// `says_next`: whether to say what can be done with what it has made.
fn follow(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    remote: Option<Box<dyn Remote>>,
    says_next: bool,
) -> Result {
    let interrupt = Interrupt::catch();
    let mut row = find::sprint(store, id.as_str())?;
    let mut follower = Follower::new(app, &row, remote)?;
    let (mut canvas, mut told) = (Canvas::default(), Told::default());
    loop {
        row = follower.look_on(store, id)?.unwrap_or(row);
        let rest = follower.rest(store, &row);
        let until = clock::instant() + rest;
        loop {
            let shown = show(ui, store, &row, &follower, &mut canvas, &mut told);
            if ui.is_cut_off() {
                return Ok(Exit::Success);
            }
            // What could not be shown now is shown with the next look.
            if let Some(sprint) = follower.or_trouble(shown)? {
                if sprint.waits_for.is_some() || row.state.status().is_terminal() {
                    follower.let_notices_go(ui, &interrupt);
                }
                if sprint.waits_for.is_some() {
                    return parked(ui, store, &row);
                }
                if let Some(why) = row.held_by() {
                    ui.status(&format!("{id} {}", text::clean(why)));
                    return Ok(Exit::Waiting);
                }
                if row.state.status().is_terminal() {
                    return Ok(finish(
                        app,
                        ui,
                        &row,
                        &sprint,
                        says_next || row.state.status() != Status::Completed,
                    ));
                }
            }
            if interrupt.came() {
                let goes_on = if row.state.job().is_some() {
                    "The job goes on."
                } else {
                    "It goes on: the next tick submits it."
                };
                ui.status(&format!("\n{goes_on} `researchloop sprint watch {id}` shows it again."));
                return Ok(Exit::Signal(2));
            }
            let now = clock::instant();
            if now >= until {
                break;
            }
            // Ctrl-C is noticed soon; a screen's clock moves each second.
            let step = if ui.is_screen() {
                Duration::from_millis(500)
            } else {
                Duration::from_millis(200)
            };
            clock::pause(step.min(until - now));
        }
    }
}

/// Shows how it stands now.
fn show(
    ui: &Ui,
    store: &Store,
    row: &SprintRow,
    follower: &Follower<'_>,
    canvas: &mut Canvas,
    told: &mut Told,
) -> Result<view::Sprint> {
    let id = row.id.as_str();
    let sprint = view::sprint_whole(row, &store.steps(id)?, &store.artifacts(id)?);
    if ui.is_screen() {
        let kinds = [
            "tool",
            "said",
            "note",
            "retrying",
            "step_started",
            "step_ended",
            "run_ended",
            "signal",
            "suspended",
            "limit",
        ];
        let events = store.journal_last(id, &kinds, 20)?;
        let shown = screen::Watch {
            sprint: &sprint,
            events: &events,
            live: &follower.live,
            problem: follower.problem.as_deref(),
            now: clock::now(),
        };
        let (height, width) = console::Term::stdout().size();
        let mut lines = screen::watch(ui, &shown, usize::from(width), usize::from(height));
        if !row.state.status().is_terminal() {
            lines.push(ui.style().dim().apply_to("  Ctrl-C leaves the job running.").to_string());
        }
        canvas.draw(&lines, usize::from(height));
    } else {
        told.tell(ui, store, &sprint, follower.problem.as_deref())?;
    }
    Ok(sprint)
}

fn finish(app: &App, ui: &Ui, row: &SprintRow, sprint: &view::Sprint, says_next: bool) -> Exit {
    if !ui.json {
        if let Some(error) = &sprint.error {
            ui.status(&format!("{}: {}", row.id, text::clean(error)));
        }
        if says_next {
            ui.hint(&screen::next(sprint, &app.artifacts(row.id.as_str())));
        }
    }
    exit_of(row)
}

/// Nothing more happens before somebody answers.
fn parked(ui: &Ui, store: &Store, row: &SprintRow) -> Result {
    if !ui.json {
        for message in store.open_questions(row.id.as_str())? {
            for line in inbox::lines(ui, &view::message(&message)) {
                ui.line(&line);
            }
        }
    }
    Ok(Exit::Waiting)
}

fn exit_of(row: &SprintRow) -> Exit {
    match row.state.status() {
        Status::Completed => Exit::Success,
        Status::Failed | Status::Cancelled => Exit::Bad,
        _ => Exit::Waiting,
    }
}

/// What was told in lines already.
#[derive(Default)]
struct Told {
    seq: u64,
    status: String,
    problem: Option<String>,
}

impl Told {
    fn tell(
        &mut self,
        ui: &Ui,
        store: &Store,
        sprint: &view::Sprint,
        problem: Option<&str>,
    ) -> Result<()> {
        for line in store.journal_after(&sprint.id, self.seq, 10_000)? {
            self.seq = line.seq;
            if ui.json {
                ui.json(&line);
            } else if let Some(text) = screen::event(&line) {
                ui.line(&text);
            }
        }
        let status = sprint.reason.map_or_else(
            || sprint.status.to_owned(),
            |reason| format!("{} ({reason})", sprint.status),
        );
        if status != self.status {
            if ui.json {
                ui.json(&serde_json::json!({ "sprint": sprint }));
            } else {
                ui.line(&format!("{}: {status}", sprint.id));
            }
            self.status = status;
        }
        if problem != self.problem.as_deref() {
            if let Some(problem) = problem {
                ui.warning(&text::clean(problem));
            }
            self.problem = problem.map(str::to_owned);
        }
        Ok(())
    }
}

/// A part of the terminal that is drawn again and again, in place.
#[derive(Default)]
struct Canvas {
    lines: Vec<String>,
}

impl Canvas {
    fn draw(&mut self, lines: &[String], height: usize) {
        let lines = &lines[..lines.len().min(height.saturating_sub(1))];
        if lines == self.lines.as_slice() {
            return;
        }
        let mut out = String::new();
        if !self.lines.is_empty() {
            out.push_str(&format!("\x1b[{}A", self.lines.len()));
        }
        out.push('\r');
        for line in lines {
            out.push_str("\x1b[2K");
            out.push_str(line);
            out.push('\n');
        }
        // What is left of a longer picture.
        out.push_str("\x1b[J");
        let mut terminal = std::io::stdout().lock();
        let _ = terminal.write_all(out.as_bytes()).and_then(|()| terminal.flush());
        self.lines = lines.to_vec();
    }
}

/// Waits until a sprint that was asked to end has ended; gives up after a while.
pub fn wait_for_end(app: &App, ui: &Ui, store: &mut Store, id: &SprintId) -> Result<SprintRow> {
    let interrupt = Interrupt::catch();
    let mut row = find::sprint(store, id.as_str())?;
    if row.state.status().is_terminal() {
        return Ok(row);
    }
    ui.status(&format!("{id}: asked to end; waiting until the job is gone"));
    let mut follower = Follower::new(app, &row, None)?;
    let started = clock::instant();
    loop {
        // The scheduler's word is what is waited for.
        if follower.may_ask_soon() {
            follower.asked_scheduler = None;
        }
        row = follower.look_on(store, id)?.unwrap_or(row);
        if row.state.status().is_terminal()
            || interrupt.came()
            || clock::since(started) > Duration::from_secs(180)
        {
            follower.let_notices_go(ui, &interrupt);
            return Ok(row);
        }
        clock::pause(follower.pause().unwrap_or(LOOK_SOON));
    }
}

/// Waits until the sprint is over or asks something, and prints nothing of it.
fn wait_quietly(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    remote: Box<dyn Remote>,
) -> Result {
    let interrupt = Interrupt::catch();
    let mut row = find::sprint(store, id.as_str())?;
    let mut follower = Follower::new(app, &row, Some(remote))?;
    loop {
        row = follower.look_on(store, id)?.unwrap_or(row);
        if row.state.status().is_terminal() || row.waits_for.is_some() || row.held_by().is_some() {
            follower.let_notices_go(ui, &interrupt);
            return Ok(exit_of(&row));
        }
        let until = clock::instant() + follower.rest(store, &row);
        while clock::instant() < until {
            if interrupt.came() {
                return Ok(Exit::Signal(2));
            }
            clock::pause(Duration::from_millis(200));
        }
    }
}

/// One look at a sprint that has a job, so that what is shown is of now. What is known already is
/// shown in any case.
pub fn look_once(app: &App, ui: &Ui, store: &mut Store, row: &SprintRow) -> Result<SprintRow> {
    if row.state.job().is_some() && !row.state.status().is_terminal() {
        let interrupt = Interrupt::catch();
        let mut once = Follower::new(app, row, None)?;
        let looked = once.look(store, &row.id);
        once.let_notices_go(ui, &interrupt);
        if let Some(problem) = looked.err().map(|failure| failure.message).or(once.problem) {
            ui.warning(&text::clean(&problem));
        }
    }
    find::sprint(store, row.id.as_str())
}

/// Prints the journal; goes on until the sprint is over when asked to.
pub fn log(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    step: Option<&str>,
    follow: bool,
) -> Result {
    let interrupt = Interrupt::catch();
    let mut seq = 0;
    let mut row = find::sprint(store, id.as_str())?;
    let mut problem = None;
    let mut follower = if follow { Some(Follower::new(app, &row, None)?) } else { None };
    if !follow {
        look_once(app, ui, store, &row)?;
    }
    loop {
        row = match &mut follower {
            Some(follower) => follower.look_on(store, id)?.unwrap_or(row),
            None => find::sprint(store, id.as_str())?,
        };
        if let Some(follower) = &follower
            && follower.problem != problem
        {
            problem.clone_from(&follower.problem);
            if let Some(problem) = &problem {
                ui.warning(&text::clean(problem));
            }
        }
        for line in store.journal_after(id.as_str(), seq, 100_000)? {
            seq = line.seq;
            if step.is_some_and(|step| line.step.as_deref() != Some(step)) {
                continue;
            }
            if ui.json {
                ui.json(&line);
            } else if let Some(text) = screen::event(&line) {
                ui.line(&text);
            }
        }
        let Some(follower) = &mut follower else {
            if seq == 0 {
                ui.status(&format!("{id} has no journal yet: it is {}", row.state.status()));
            }
            let job_log = app.artifacts(id.as_str()).join("job.log");
            if step.is_none() && !ui.json && job_log.is_file() {
                ui.hint(&format!("the scheduler's log of the job: {}", job_log.display()));
            }
            return Ok(Exit::Success);
        };
        if row.state.status().is_terminal() || row.waits_for.is_some() || row.held_by().is_some() {
            follower.let_notices_go(ui, &interrupt);
            return Ok(exit_of(&row));
        }
        if interrupt.came() {
            return Ok(Exit::Signal(2));
        }
        if ui.is_cut_off() {
            return Ok(Exit::Success);
        }
        let until = clock::instant() + follower.rest(store, &row);
        while clock::instant() < until && !interrupt.came() {
            clock::pause(Duration::from_millis(200));
        }
    }
}
