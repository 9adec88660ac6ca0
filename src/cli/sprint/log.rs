//! `researchloop sprint log`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cli::watch::{BEAT, Interrupt, drain_notices, exit_of, poll_first};
use crate::cli::which::WhichArgs;
use crate::query::Fits;
use crate::tick::Follower;

#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Only of this step, for example red_team_round_1
    #[arg(long)]
    step: Option<String>,
    /// Keep printing until the sprint ends
    #[arg(short, long)]
    follow: bool,
}

/// Prints what happened, line by line.
pub fn run(app: &App, ui: &Ui, args: &LogArgs) -> Result {
    let mut follower = Follower::open(app, &args.which.newest(app, Fits::LiveFirst)?)?;
    if let Some(step) = &args.step {
        follower.must_have_step(step)?;
    }
    if args.follow {
        return follow(ui, args, follower);
    }
    poll_first(ui, &mut follower);
    let last = print(ui, args, &follower, 0)?;
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

/// Prints the lines behind one that are wanted, and returns the number of the last.
fn print(ui: &Ui, args: &LogArgs, follower: &Follower<'_>, mut seq: u64) -> Result<u64> {
    for line in follower.lines_after(seq) {
        let line = line?;
        seq = line.seq;
        if args.step.is_none() || line.step == args.step {
            ui.answer(&line);
        }
        if ui.is_cut_off() {
            break;
        }
    }
    Ok(seq)
}

/// Prints until the sprint is over.
fn follow(ui: &Ui, args: &LogArgs, mut follower: Follower<'_>) -> Result {
    let interrupt = Interrupt::catch();
    let (mut seq, mut problem) = (0, None);
    let rest = follower.follow(BEAT, &|| interrupt.came() || ui.is_cut_off(), &mut |follower| {
        if follower.problem() != problem.as_deref() {
            problem = follower.problem().map(str::to_owned);
            if let Some(problem) = &problem {
                ui.warning(&text::clean(problem));
            }
        }
        seq = print(ui, args, follower, seq)?;
        Ok(())
    })?;
    if rest.is_some() {
        drain_notices(ui, &mut follower, &interrupt);
        return Ok(exit_of(&follower));
    }
    Ok(if interrupt.came() { Exit::Signal(2) } else { Exit::Success })
}
