//! `researchloop loop resume`

use super::begin::{begin, warn_of_others};
use super::edit::EditArgs;
use crate::app::App;
use crate::auto_loop;
use crate::cli::exit::Result;
use crate::cli::request::warn_of_options;
use crate::cli::ui::Ui;
use crate::find;

/// Lets a loop run again, and begins what it may begin now.
pub fn run(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut store = app.store()?;
    let row = find::auto_loop(&store, &args.id)?;
    let edit = args.edit()?;
    warn_of_options(app, ui, &row.study, &edit.request)?;
    auto_loop::resume(app, &mut store, row.id.as_str(), &edit)?;
    ui.status(&format!("{}: runs again", row.id));
    warn_of_others(ui, &row.id, &auto_loop::others(&store, &row.id, &row.study)?);
    begin(app, ui, &row.id)
}
