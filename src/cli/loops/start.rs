//! `researchloop loop start`

use clap::Args;

use super::begin::{begin, warn_of_others};
use super::order::OrderArgs;
use crate::app::App;
use crate::auto_loop::Handle;
use crate::cli::exit::Result;
use crate::cli::request::{JobArgs, warn_of_context, warn_of_options};
use crate::cli::ui::Ui;
use crate::cli::which;

#[derive(Debug, Args)]
pub struct StartArgs {
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    job: JobArgs,
}

/// Starts a loop, and begins what it may begin now.
pub fn run(app: &App, ui: &Ui, args: &StartArgs) -> Result {
    let request = args.job.request()?;
    let study = which::study(app, args.study.as_deref())?;
    warn_of_options(app, ui, &study, &request)?;
    let one = Handle::start(app, &study, &args.order.order(), &request)?;
    let id = &one.row.id;
    ui.status(&format!("{id}: started on the study {study}"));
    warn_of_others(ui, id, &one.others()?);
    warn_of_context(app, ui, &study)?;
    begin(app, ui, one)
}
