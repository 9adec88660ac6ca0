//! `researchloop sprint log`

use std::time::Duration;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::cli::watch::{Interrupt, drain_notices, exit_of, look_once};
use crate::cli::{action, screen, text, values};
use crate::domain::SprintId;
use crate::find;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::store::Store;
use crate::tick::{Follower, is_at_rest};

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
    print(app, ui, &mut store, &row.id, args.step.as_deref(), args.follow)
}

/// Prints the journal; goes on until the sprint is over when asked to.
fn print(
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
    let mut problem: Option<String> = None;
    let mut follower = if follow { Some(Follower::new(app, &row, None)?) } else { None };
    if !follow {
        look_once(app, ui, store, &row)?;
    }
    loop {
        row = match &mut follower {
            Some(follower) => follower.poll(store, id)?.unwrap_or(row),
            None => find::sprint(store, id.as_str())?,
        };
        if let Some(follower) = &follower
            && follower.problem() != problem.as_deref()
        {
            problem = follower.problem().map(str::to_owned);
            if let Some(problem) = &problem {
                ui.warning(&action::line(problem));
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
        if is_at_rest(&row) {
            drain_notices(ui, follower, &interrupt);
            return Ok(exit_of(&row));
        }
        if interrupt.came() {
            return Ok(Exit::Signal(2));
        }
        if ui.is_cut_off() {
            return Ok(Exit::Success);
        }
        let until = clock::instant() + follower.pause(store, &row);
        while clock::instant() < until && !interrupt.came() {
            clock::pause(Duration::from_millis(200));
        }
    }
}
