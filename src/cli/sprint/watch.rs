//! `researchloop sprint watch`

use super::IdArgs;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::cli::watch;
use crate::find;

/// Keeps a screen open until the sprint is over.
pub fn run(app: &App, ui: &Ui, args: &IdArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    watch::watch(app, ui, &mut store, &row.id, None)
}
