//! `researchloop loop start`

use clap::Args;

use super::begin::{begin, warn_of_others};
use super::order::OrderArgs;
use crate::app::App;
use crate::auto_loop;
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
    let mut store = app.store()?;
    let request = args.job.request()?;
    warn_of_options(app, ui, &args.study, &request)?;
    let id = auto_loop::start(app, &mut store, &args.study, &args.order.order(), &request)?;
    ui.status(&format!("{id}: started on the study {}", args.study));
    warn_of_others(ui, &id, &auto_loop::others(&store, &id, &args.study)?);
    warn_of_context(app, ui, &args.study)?;
    begin(app, ui, &id)
}
