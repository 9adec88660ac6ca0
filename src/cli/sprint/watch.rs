//! `researchloop sprint watch`

use super::IdArgs;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::cli::watch;
use crate::find;
use crate::tick::Follower;

/// Keeps a screen open until the sprint is over.
pub fn run(app: &App, ui: &Ui, args: &IdArgs) -> Result {
    let mut store = app.store()?;
    let id = find::sprint(&store, &args.id)?.id;
    watch::watch(app, ui, Follower::new(app, &mut store, &id, None)?)
}
