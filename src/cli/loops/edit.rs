//! `researchloop loop edit`

use clap::Args;

use super::begin::warn;
use super::order::OrderArgs;
use crate::app::App;
use crate::auto_loop::{self, Edit};
use crate::cli::exit::{Exit, Result};
use crate::cli::request::{JobArgs, warn_of_options};
use crate::cli::ui::Ui;
use crate::domain::LoopStatus;
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::view;

#[derive(Debug, Args)]
pub struct EditArgs {
    /// The loop's id, or the beginning of it
    pub(super) id: String,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    job: JobArgs,
}

impl EditArgs {
    /// Reads what is to change.
    pub fn edit(&self) -> Result<Edit> {
        Ok(Edit { order: self.order.order(), request: self.job.request()? })
    }
}

/// Changes what a loop does from now on.
pub fn run(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut store = app.store()?;
    let row = find::auto_loop(&store, &args.id)?;
    let edit = args.edit()?;
    if edit == Edit::default() {
        return Err(Problem::new(ProblemKind::Usage, "nothing to change was given")
            .hint("`researchloop loop edit --help` shows what can be changed"));
    }
    warn_of_options(app, ui, &row.study, &edit.request)?;
    let row = auto_loop::edit(app, &mut store, row.id.as_str(), &edit)?;
    if ui.json {
        ui.json(&view::OneLoop { auto_loop: view::loop_found(&store, &row)? });
    }
    ui.status(&format!("{}: changed; sprints that have begun stay as they are", row.id));
    if edit.order.target.is_some() {
        warn(ui, &row.id, &auto_loop::doubts(app, &mut store, &row)?);
    }
    if row.status != LoopStatus::Running {
        ui.hint(&format!("it does not run: `researchloop loop resume {}`", row.id));
    }
    Ok(Exit::Success)
}
