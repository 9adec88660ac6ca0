//! Shows a sprint that is followed: a screen on a terminal, lines elsewhere, JSON Lines when asked.

use std::io::Write as _;
use std::time::Duration;

use signal_hook::consts::SIGINT;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{action, inbox, screen};
use crate::app::App;
use crate::domain::{SprintId, Status, Waiting};
use crate::find;
use crate::platform::clock;
use crate::remote::Remote;
use crate::store::{SprintRow, Store};
use crate::tick::Follower;
use crate::view;

/// Notices Ctrl-C.
pub struct Interrupt(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Interrupt {
    /// Watches for it from now on.
    pub fn catch() -> Self {
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

    /// Whether it came.
    pub fn came(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Lets notices that are being sent arrive; Ctrl-C leaves them to a later tick.
pub fn drain_notices(ui: &Ui, follower: &mut Follower<'_>, interrupt: &Interrupt) {
    if let Some(problem) = follower.drain_notices(&|| interrupt.came()) {
        ui.warning(&action::line(&problem));
    }
}

/// Watches until the sprint is over, through a connection that is open already if there is one.
pub fn watch(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    remote: Option<Box<dyn Remote>>,
) -> Result {
    follow(app, ui, store, id, remote, true)
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
    let (mut canvas, mut printer) = (Canvas::default(), LinePrinter::default());
    loop {
        row = follower.poll(store, id)?.unwrap_or(row);
        let until = clock::instant() + follower.pause(store, &row);
        loop {
            let shown = show(ui, store, &row, &follower, &mut canvas, &mut printer);
            if ui.is_cut_off() {
                return Ok(Exit::Success);
            }
            // What could not be shown now is shown with the next look.
            if let Some(sprint) = follower.tolerate(shown)? {
                if sprint.waits_for.is_some() || row.state.status().is_terminal() {
                    drain_notices(ui, &mut follower, &interrupt);
                }
                if sprint.waits_for.is_some() {
                    return parked(ui, store, &row);
                }
                if let Some(why) = row.limit_reason() {
                    ui.status(&format!("{id} {}", action::line(&Waiting::sentence(why))));
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
                let goes_on = if row.state.last_job().is_some() {
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
    printer: &mut LinePrinter,
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
            live: follower.live(),
            problem: follower.problem(),
            now: clock::now(),
        };
        let (height, width) = console::Term::stdout().size();
        let mut lines = screen::watch(ui, &shown, usize::from(width), usize::from(height));
        if !row.state.status().is_terminal() {
            lines.push(ui.style().dim().apply_to("  Ctrl-C leaves the job running.").to_string());
        }
        canvas.draw(&lines, usize::from(height));
    } else {
        printer.print(ui, store, &sprint, follower.problem())?;
    }
    Ok(sprint)
}

fn finish(app: &App, ui: &Ui, row: &SprintRow, sprint: &view::Sprint, says_next: bool) -> Exit {
    if !ui.json {
        if let Some(error) = &sprint.error {
            ui.status(&format!("{}: {}", row.id, action::line(error)));
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

/// The exit code of a sprint that is followed no more.
pub fn exit_of(row: &SprintRow) -> Exit {
    match row.state.status() {
        Status::Completed => Exit::Success,
        Status::Failed | Status::Cancelled => Exit::Bad,
        _ => Exit::Waiting,
    }
}

/// Tells in lines, each thing once.
#[derive(Default)]
struct LinePrinter {
    seq: u64,
    status: String,
    problem: Option<String>,
}

impl LinePrinter {
    fn print(
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
            || sprint.status.to_string(),
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
                ui.warning(&action::line(problem));
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
    let row = find::sprint(store, id.as_str())?;
    if row.state.status().is_terminal() {
        return Ok(row);
    }
    ui.status(&format!("{id}: asked to end; waiting until the job is gone"));
    let mut follower = Follower::new(app, &row, None)?;
    let row = follower.wait_for_end(store, row, &|| interrupt.came())?;
    drain_notices(ui, &mut follower, &interrupt);
    Ok(row)
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
    let row = find::sprint(store, id.as_str())?;
    let mut follower = Follower::new(app, &row, Some(remote))?;
    match follower.wait_for_rest(store, row, &|| interrupt.came())? {
        Some(row) => {
            drain_notices(ui, &mut follower, &interrupt);
            Ok(exit_of(&row))
        }
        None => Ok(Exit::Signal(2)),
    }
}

/// One look at a sprint that has a job, so that what is shown is of now. What is known already is
/// shown in any case.
pub fn look_once(app: &App, ui: &Ui, store: &mut Store, row: &SprintRow) -> Result<SprintRow> {
    if row.state.last_job().is_some() && !row.state.status().is_terminal() {
        let interrupt = Interrupt::catch();
        let mut once = Follower::new(app, row, None)?;
        let polled = once.poll_once(store, &row.id);
        drain_notices(ui, &mut once, &interrupt);
        let refused = polled.err().map(|problem| problem.message);
        if let Some(problem) = refused.as_deref().or(once.problem()) {
            ui.warning(&action::line(problem));
        }
    }
    find::sprint(store, row.id.as_str())
}
