//! `researchloop sprint watch`

use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::cli::watch;
use crate::cli::which::WhichArgs;
use crate::query::Fits;
use crate::tick::Follower;

/// Keeps a screen open until the sprint is over.
pub fn run(app: &App, ui: &Ui, args: &WhichArgs) -> Result {
    watch::watch(app, ui, Follower::open(app, &args.newest(app, Fits::LiveFirst)?)?)
}
