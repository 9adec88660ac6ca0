//! `researchloop task retry`

use super::ManyArgs;
use super::lines::tell_each;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::task;

/// Opens them again.
pub fn run(app: &App, ui: &Ui, args: &ManyArgs) -> Result {
    let changed = task::retry(app, &args.ids)?;
    tell_each(ui, &changed, |task| format!("open again; it is {}", task.state))
}
