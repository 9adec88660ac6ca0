//! `researchloop sprint cancel`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cli::watch::{Interrupt, drain_notices};
use crate::cli::which::WhichArgs;
use crate::domain::{State, Status};
use crate::sprint::Handle;
use crate::tick::Follower;
use crate::view::{self, Cancelled};

#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Do not wait until it has ended
    #[arg(long)]
    no_wait: bool,
}

/// Ends the sprint and everything that it has started.
pub fn run(app: &App, ui: &Ui, args: &CancelArgs) -> Result {
    let mut sprint =
        Handle::open(app, &args.which.only_live(app, ui, "Which one is to be cancelled?")?)?;
    let objection = sprint.cancel(app)?;
    let mut row = sprint.row.clone();
    if let Some(objection) = &objection {
        ui.warning(&format!("{}: {}", row.id, text::clean(objection)));
    }
    if !args.no_wait && !row.state.status().is_terminal() {
        let interrupt = Interrupt::catch();
        ui.status(&format!("{}: cancelling; waiting until the job is gone", row.id));
        let mut follower = Follower::of(app, sprint)?;
        follower.wait_for_end(&|| interrupt.came())?;
        drain_notices(ui, &mut follower, &interrupt);
        row = follower.row().clone();
    }
    ui.answer(&view::cancelled(&row, objection.as_deref()));
    match &row.state {
        State::Ended { ending, .. }
            if ending.status == Status::Cancelled && ending.detail.is_empty() =>
        {
            ui.status(&format!(
                "{}: cancelled: the job is gone, and nothing that it started is left",
                row.id
            ));
            Ok(Exit::Success)
        }
        State::Ended { ending, .. } if ending.status == Status::Cancelled => {
            ui.status(&format!("{}: {}", row.id, text::clean(&ending.detail)));
            Ok(Exit::Success)
        }
        State::Ended { ending, .. } => {
            ui.status(&format!(
                "{}: it ended before that: {} {}",
                row.id,
                ending.status,
                text::clean(&ending.detail)
            ));
            Ok(if ending.status == Status::Completed { Exit::Success } else { Exit::Bad })
        }
        _ => {
            ui.status(&format!("{}: cancelling; the job is not gone yet", row.id));
            ui.hint(&format!("`researchloop sprint watch {}` waits for it", row.id));
            Ok(Exit::Waiting)
        }
    }
}

impl Render for Cancelled {}
