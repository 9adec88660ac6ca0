//! Shows a sprint that is followed: a screen on a terminal, lines elsewhere, JSON Lines when asked.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use signal_hook::consts::SIGINT;

use super::answer::answer;
use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use super::{open, screen, text};
use crate::app::App;
use crate::domain::{LineKind, Reason, SprintId, Status, Waiting};
use crate::query;
use crate::tick::{Follower, Rest};
use crate::view;

/// How soon Ctrl-C is noticed.
pub const BEAT: Duration = Duration::from_millis(200);
/// The same while a screen is drawn, whose clock moves each second.
const BEAT_OF_A_SCREEN: Duration = Duration::from_millis(500);

/// Notices Ctrl-C.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches for it from now on. Who has begun to do so before what it waits for has begun, as for a
    /// submission, misses none in between.
    pub fn catch() -> Self {
        static CAUGHT: OnceLock<Interrupt> = OnceLock::new();
        CAUGHT
            .get_or_init(|| {
                let flag = Arc::new(AtomicBool::new(false));
                // A second Ctrl-C ends the program at once, also while it waits for an answer: nothing
                // is lost by it. It must be registered before the one that sets the flag.
                let _ = signal_hook::flag::register_conditional_shutdown(
                    SIGINT,
                    130,
                    Arc::clone(&flag),
                );
                let _ = signal_hook::flag::register(SIGINT, Arc::clone(&flag));
                Self(flag)
            })
            .clone()
    }

    /// Whether it came.
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets notices that are being sent arrive; Ctrl-C leaves them to a later tick.
pub fn drain_notices(ui: &Ui, follower: &mut Follower<'_>, interrupt: &Interrupt) {
    if let Some(problem) = follower.drain_notices(&|| interrupt.came()) {
        ui.warning(&text::clean(&problem));
    }
}

/// Watches until the sprint is over.
pub fn watch(app: &App, ui: &Ui, follower: Follower<'_>) -> Result {
    follow(app, ui, follower, true)
}

/// Waits until a sprint that makes a plan has ended. With `--json` the plan alone is the answer.
pub fn wait_for_plan(app: &App, ui: &Ui, mut follower: Follower<'_>) -> Result {
    if !ui.json {
        return follow(app, ui, follower, false);
    }
    let interrupt = Interrupt::catch();
    if follower.follow(BEAT, &|| interrupt.came(), &mut |_| Ok(()))?.is_none() {
        return Ok(Exit::Signal(2));
    }
    drain_notices(ui, &mut follower, &interrupt);
    Ok(exit_of(&follower))
}

/// `says_next`: whether to say what can be done with what it has made.
fn follow(app: &App, ui: &Ui, mut follower: Follower<'_>, says_next: bool) -> Result {
    let interrupt = Interrupt::catch();
    let id = follower.row().id.clone();
    let (mut canvas, mut printer) = (Canvas::default(), LinePrinter::default());
    let beat = if ui.is_screen() { BEAT_OF_A_SCREEN } else { BEAT };
    let rest = follower.follow(beat, &|| interrupt.came() || ui.is_cut_off(), &mut |follower| {
        show(ui, follower, &mut canvas, &mut printer)
    })?;
    if ui.is_cut_off() {
        return Ok(Exit::Success);
    }
    let Some(rest) = rest else {
        let goes_on = if follower.row().state.last_job().is_some() {
            "The job goes on."
        } else {
            "It goes on: the next tick submits it."
        };
        ui.status(&format!("\n{goes_on} `researchloop sprint watch {id}` shows it again."));
        return Ok(Exit::Signal(2));
    };
    drain_notices(ui, &mut follower, &interrupt);
    match rest {
        Rest::Asks => tell_questions(ui, &follower)?,
        Rest::Held(why) => {
            ui.status(&format!("{id} {}", text::clean(&Waiting::sentence(&why))));
        }
        Rest::Over => tell_end(app, ui, &id, says_next)?,
    }
    Ok(exit_of(&follower))
}

/// What a screen shows of the last lines.
const SHOWN: [LineKind; 10] = [
    LineKind::Tool,
    LineKind::Said,
    LineKind::Note,
    LineKind::Retrying,
    LineKind::StepStarted,
    LineKind::StepEnded,
    LineKind::RunEnded,
    LineKind::Signal,
    LineKind::Suspended,
    LineKind::Limit,
];

/// Shows how it stands now.
fn show(
    ui: &Ui,
    follower: &Follower<'_>,
    canvas: &mut Canvas,
    printer: &mut LinePrinter,
) -> Result<()> {
    let sprint = follower.sprint();
    if ui.is_screen() {
        let events = follower.last_lines(&SHOWN, 20)?;
        let shown = screen::Watch {
            sprint: &sprint,
            events: &events,
            live: follower.live(),
            problem: follower.problem(),
        };
        let (height, width) = console::Term::stdout().size();
        let mut lines = screen::watch(ui, &shown, usize::from(width), usize::from(height));
        if !follower.row().state.status().is_terminal() {
            lines.push(ui.style().dim().apply_to("  Ctrl-C leaves the job running.").to_string());
        }
        canvas.draw(&lines, usize::from(height));
    } else {
        printer.print(ui, follower, &sprint)?;
    }
    Ok(())
}

/// Tells how it ended: what came of it, and what can be done with that.
fn tell_end(app: &App, ui: &Ui, id: &SprintId, says_next: bool) -> Result<()> {
    let shown = query::sprint(app, id.as_str())?;
    let folder = app.artifacts(id);
    open::refresh(app, ui, &shown);
    if says_next || shown.sprint.status != Status::Completed {
        if !ui.json && !ui.is_quiet() {
            ui.line("");
            answer(ui, &shown, &folder).iter().for_each(|line| ui.line(line));
        }
        ui.hint(&screen::next(&shown.sprint, &shown.next, &folder));
    }
    Ok(())
}

/// Nothing more happens before somebody answers.
fn tell_questions(ui: &Ui, follower: &Follower<'_>) -> Result<()> {
    follower.questions()?.iter().for_each(|message| ui.part(message));
    Ok(())
}

/// The exit code of a sprint that is followed no more.
pub fn exit_of(follower: &Follower<'_>) -> Exit {
    match follower.row().state.status() {
        Status::Completed => Exit::Success,
        Status::Failed | Status::Cancelled => Exit::Bad,
        _ => Exit::Waiting,
    }
}

/// A sprint whose status or step has changed.
#[derive(Serialize)]
struct Standing<'a> {
    sprint: &'a view::Sprint,
}

impl Standing<'_> {
    fn status(&self) -> String {
        text::status(self.sprint.status, self.sprint.reason.map(Reason::as_str))
    }
}

impl Render for Standing<'_> {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        vec![format!("{}: {}", self.sprint.id, self.status())]
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
    fn print(&mut self, ui: &Ui, follower: &Follower<'_>, sprint: &view::Sprint) -> Result<()> {
        for line in follower.lines_after(self.seq) {
            let line = line?;
            self.seq = line.seq;
            ui.answer(&line);
        }
        let standing = Standing { sprint };
        let status = standing.status();
        if status != self.status {
            ui.answer(&standing);
            self.status = status;
        }
        let problem = follower.problem();
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

/// One poll of a sprint that has a job, so that what is shown is of now. What is known already is
/// shown in any case.
pub fn poll_first(ui: &Ui, follower: &mut Follower<'_>) {
    let interrupt = Interrupt::catch();
    let polled = follower.refresh();
    drain_notices(ui, follower, &interrupt);
    let refused = polled.err().map(|problem| problem.message);
    if let Some(problem) = refused.as_deref().or(follower.problem()) {
        ui.warning(&text::clean(problem));
    }
}
