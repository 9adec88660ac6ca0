//! `researchloop task cancel`

use clap::Args;

use super::ManyArgs;
use super::lines::tell_each;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::task;

#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    tasks: ManyArgs,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Calls them off.
pub fn run(app: &App, ui: &Ui, args: &CancelArgs) -> Result {
    let changed = task::cancel(app, &args.tasks.ids, &args.reason)?;
    tell_each(ui, &changed, |_| "cancelled".to_owned())
}
