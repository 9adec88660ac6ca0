//! `researchloop loop resume`

use super::begin::{begin, warn_of_others};
use super::edit::EditArgs;
use crate::app::App;
use crate::auto_loop::Handle;
use crate::cli::exit::Result;
use crate::cli::request::warn_of_options;
use crate::cli::ui::Ui;

/// Lets a loop run again, and begins what it may begin now.
pub fn run(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut one = Handle::open(app, &args.id)?;
    let edit = args.edit()?;
    warn_of_options(app, ui, &one.row.study, &edit.request)?;
    one.resume(app, &edit)?;
    ui.status(&format!("{}: runs again", one.row.id));
    warn_of_others(ui, &one.row.id, &one.others()?);
    begin(app, ui, one)
}
