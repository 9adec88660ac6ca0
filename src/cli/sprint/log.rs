//! `researchloop sprint log`

use std::time::Duration;

use clap::Args;

use crate::app::App;
use crate::bundle::journal::Line;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::cli::watch::{Interrupt, drain_notices, exit_of, poll_first};
use crate::cli::{screen, text, values};
use crate::find;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::tick::Follower;

#[derive(Debug, Args)]
pub struct LogArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Only of this step, for example red_team_round_1
    #[arg(long)]
    step: Option<String>,
    /// Go on until the sprint is over
    #[arg(short, long)]
    follow: bool,
}

/// Prints what happened, line by line.
pub fn run(app: &App, ui: &Ui, args: &LogArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    let steps = store.steps(row.id.as_str())?;
    if let Some(step) = &args.step
        && !steps.iter().any(|known| known.label == *step)
    {
        let names: Vec<&str> = steps.iter().map(|step| step.label.as_str()).collect();
        let has = if names.is_empty() {
            format!("it is {} and has begun none", row.state.status())
        } else {
            format!("it has: {}", names.join(", "))
        };
        let problem = Problem::new(
            ProblemKind::NotFound,
            format!("{} has no step {:?}; {has}", row.id, text::clean(step)),
        );
        return Err(values::did_you_mean(problem, step, names.iter().copied()));
    }
    let id = row.id;
    let mut seq = 0;
    let mut print = |lines: Vec<Line>| {
        for line in lines {
            seq = line.seq;
            if args.step.is_some() && line.step != args.step {
                continue;
            }
            if ui.json {
                ui.json(&line);
            } else if let Some(text) = screen::event(&line) {
                ui.line(&text);
            }
        }
        seq
    };
    if args.follow {
        return follow(ui, Follower::new(app, &mut store, &id, None)?, &mut print);
    }
    poll_first(app, ui, &id)?;
    let row = find::sprint(&store, id.as_str())?;
    if print(store.journal_after(id.as_str(), 0, MOST_LINES)?) == 0 {
        ui.status(&format!("{id} has no journal yet: it is {}", row.state.status()));
    }
    let job_log = app.artifacts(id.as_str()).join("job.log");
    if args.step.is_none() && !ui.json && job_log.is_file() {
        ui.hint(&format!("the scheduler's log of the job: {}", job_log.display()));
    }
    Ok(Exit::Success)
}

/// So many lines are printed at a time.
const MOST_LINES: u32 = 100_000;

/// Prints until the sprint is over. `print` returns the number of the last line.
fn follow(ui: &Ui, mut follower: Follower<'_>, print: &mut dyn FnMut(Vec<Line>) -> u64) -> Result {
    let interrupt = Interrupt::catch();
    let (mut seq, mut problem) = (0, None);
    loop {
        follower.poll()?;
        if follower.problem() != problem.as_deref() {
            problem = follower.problem().map(str::to_owned);
            if let Some(problem) = &problem {
                ui.warning(&text::clean(problem));
            }
        }
        seq = print(follower.lines_after(seq, MOST_LINES)?);
        if follower.is_at_rest() {
            drain_notices(ui, &mut follower, &interrupt);
            return Ok(exit_of(&follower));
        }
        if interrupt.came() {
            return Ok(Exit::Signal(2));
        }
        if ui.is_cut_off() {
            return Ok(Exit::Success);
        }
        let until = clock::instant() + follower.pause();
        while clock::instant() < until && !interrupt.came() {
            clock::pause(Duration::from_millis(200));
        }
    }
}
