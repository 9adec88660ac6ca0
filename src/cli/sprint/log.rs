//! `researchloop sprint log`

use clap::Args;

use crate::app::App;
use crate::bundle::journal::Line;
use crate::cli::exit::{Exit, Result};
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cli::watch::{BEAT, Interrupt, drain_notices, exit_of, poll_first};
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
    let mut follower = Follower::open(app, &args.id)?;
    if let Some(step) = &args.step {
        follower.must_have_step(step)?;
    }
    let mut seq = 0;
    let mut print = |lines: Vec<Line>| {
        for line in lines {
            seq = line.seq;
            if args.step.is_some() && line.step != args.step {
                continue;
            }
            ui.answer(&line);
        }
        seq
    };
    if args.follow {
        return follow(ui, follower, &mut print);
    }
    poll_first(ui, &mut follower);
    let last = print_behind(ui, &follower, 0, &mut print)?;
    let row = follower.row();
    let id = &row.id;
    if last == 0 {
        ui.status(&format!("{id} has no journal yet: it is {}", row.state.status()));
    }
    let job_log = app.artifacts(id).join("job.log");
    if args.step.is_none() && job_log.is_file() {
        ui.hint(&format!("the scheduler's log of the job: {}", job_log.display()));
    }
    Ok(Exit::Success)
}

/// So many lines are printed at a time.
const MOST_LINES: u32 = 100_000;

/// Prints all lines behind one, and returns the number of the last.
fn print_behind(
    ui: &Ui,
    follower: &Follower<'_>,
    mut seq: u64,
    print: &mut dyn FnMut(Vec<Line>) -> u64,
) -> Result<u64> {
    loop {
        let last = print(follower.lines_after(seq, MOST_LINES)?);
        if last == seq || ui.is_cut_off() {
            return Ok(last);
        }
        seq = last;
    }
}

/// Prints until the sprint is over. `print` returns the number of the last line.
fn follow(ui: &Ui, mut follower: Follower<'_>, print: &mut dyn FnMut(Vec<Line>) -> u64) -> Result {
    let interrupt = Interrupt::catch();
    let (mut seq, mut problem) = (0, None);
    let rest = follower.follow(BEAT, &|| interrupt.came() || ui.is_cut_off(), &mut |follower| {
        if follower.problem() != problem.as_deref() {
            problem = follower.problem().map(str::to_owned);
            if let Some(problem) = &problem {
                ui.warning(&text::clean(problem));
            }
        }
        seq = print_behind(ui, follower, seq, print)?;
        Ok(())
    })?;
    if rest.is_some() {
        drain_notices(ui, &mut follower, &interrupt);
        return Ok(exit_of(&follower));
    }
    Ok(if interrupt.came() { Exit::Signal(2) } else { Exit::Success })
}
