//! `researchloop cron remove`

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cron;
use crate::view::CronRemoved;

/// Takes the line out of the crontab.
pub fn run(app: &App, ui: &Ui) -> Result {
    let removed = cron::remove(app)?;
    ui.answer(&removed);
    ui.status(if removed.removed {
        "Removed: nothing ticks by itself now."
    } else {
        "Your crontab has no line for this project."
    });
    Ok(Exit::Success)
}

impl Render for CronRemoved {}
