//! `researchloop loop edit`

use clap::Args;

use super::begin::warn;
use super::order::OrderArgs;
use crate::app::App;
use crate::auto_loop::{Edit, Handle};
use crate::cli::exit::{Exit, Result};
use crate::cli::request::{JobArgs, warn_of_options};
use crate::cli::ui::Ui;
use crate::domain::LoopStatus;
use crate::problem::{Problem, ProblemKind};

#[derive(Debug, Args)]
pub struct EditArgs {
    /// The loop's id, or a unique prefix of it
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
    let mut one = Handle::open(app, &args.id)?;
    let edit = args.edit()?;
    if edit == Edit::default() {
        return Err(Problem::new(ProblemKind::Usage, "nothing to change was given")
            .hint("`researchloop loop edit --help` shows what can be changed"));
    }
    warn_of_options(app, ui, &one.row.study, &edit.request)?;
    one.edit(app, &edit)?;
    let id = one.row.id.clone();
    ui.status(&format!("{id}: changed; sprints that have begun stay as they are"));
    ui.answer(&one.shown()?);
    if edit.order.target.is_some() {
        warn(ui, &id, &one.doubts(app)?);
    }
    if one.row.status != LoopStatus::Running {
        ui.hint(&format!("it does not run: `researchloop loop resume {id}`"));
    }
    Ok(Exit::Success)
}
