//! `researchloop loop stop`

use clap::Args;

use crate::app::App;
use crate::auto_loop::Handle;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::domain::LoopStatus;

#[derive(Debug, Args)]
pub struct StopArgs {
    /// The loop's id, or a unique prefix of it
    id: String,
    /// Cancel its jobs too
    #[arg(long)]
    now: bool,
}

/// Stops a loop. Jobs that run go on, unless they are to be cancelled, too.
pub fn run(app: &App, ui: &Ui, args: &StopArgs) -> Result {
    let mut one = Handle::open(app, &args.id)?;
    let (id, before) = (&one.row.id.clone(), one.row.status);
    let live = one.stop(args.now)?;
    match before {
        LoopStatus::Running => ui.status(&format!("{id}: stopped; it begins no more sprints")),
        status => ui.status(&format!(
            "{id}: it is {} already; still running: {}",
            status.as_str(),
            live.len()
        )),
    }
    let mut exit = Exit::Success;
    if args.now {
        one.cancel_sprints(app, &live, &mut |sprint, cancelled| match cancelled {
            Ok(()) => ui.status(&format!("{sprint}: its job is being cancelled")),
            Err(error) => {
                exit = Exit::Waiting;
                ui.warning(&format!("{sprint}: {error}"));
            }
        })?;
    } else {
        for sprint in &live {
            ui.status(&format!("{}: {}: it goes on to its end", sprint.id, sprint.status.as_str()));
        }
    }
    ui.answer(&one.shown()?);
    if !live.is_empty() && !args.now {
        ui.hint(&format!("`researchloop loop stop {id} --now` cancels them, too; `researchloop sprint cancel ID` one of them"));
    }
    Ok(exit)
}
