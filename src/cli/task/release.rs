//! `researchloop task release`

use super::TokenArgs;
use super::lines::tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::task;

/// Gives the claim back.
pub fn run(app: &App, ui: &Ui, args: &TokenArgs) -> Result {
    let answer = task::release(app, &args.id, args.token)?;
    tell(ui, &answer, &format!("given back; it is {}", answer.task.state))
}
