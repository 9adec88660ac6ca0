//! `researchloop loop start`

use clap::Args;

use super::begin::{begin, warn_of_others};
use super::order::OrderArgs;
use crate::app::App;
use crate::auto_loop::Handle;
use crate::cli::exit::Result;
use crate::cli::request::{JobArgs, warn_of_context, warn_of_options};
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub struct StartArgs {
    /// The study
    #[arg(short, long)]
    study: String,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    job: JobArgs,
}

/// Starts a loop, and begins what it may begin now.
pub fn run(app: &App, ui: &Ui, args: &StartArgs) -> Result {
    let request = args.job.request()?;
    warn_of_options(app, ui, &args.study, &request)?;
    let one = Handle::start(app, &args.study, &args.order.order(), &request)?;
    let id = &one.row.id;
    ui.status(&format!("{id}: started on the study {}", args.study));
    warn_of_others(ui, id, &one.others()?);
    warn_of_context(app, ui, &args.study)?;
    begin(app, ui, one)
}
