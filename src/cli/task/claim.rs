//! `researchloop task claim`

use clap::Args;

use super::who::WhoArgs;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::task::{self, Claim};
use crate::view::ClaimedTask;

#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The task's id, or a unique prefix of it
    id: String,
    #[command(flatten)]
    who: WhoArgs,
}

/// Takes it.
pub fn run(app: &App, ui: &Ui, args: &ClaimArgs) -> Result {
    let (who, seconds) = (args.who.name()?, args.who.seconds()?);
    let claimed = task::claim(app, &args.id, Claim { who: &who, seconds })?;
    ui.answer(&claimed);
    tell_claim(ui, &claimed);
    Ok(Exit::Success)
}

/// Says how long the claim holds, and what is done with its token.
pub fn tell_claim(ui: &Ui, claimed: &ClaimedTask) {
    let (task, token) = (&claimed.task, claimed.token);
    let id = &task.id;
    ui.status(&format!(
        "{id}: {} has it until {}",
        text::clean(task.claimed_by.as_deref().unwrap_or_default()),
        task.claim_until.as_deref().unwrap_or_default()
    ));
    ui.hint(&format!(
        "`researchloop task done {id} --token {token}` when it is done, `researchloop task heartbeat {id} --token {token}` to keep it longer"
    ));
}

impl Render for ClaimedTask {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        let task = &self.task;
        vec![format!(
            "{}  token {}  {}  {}",
            task.id,
            self.token,
            task.priority,
            text::clean(&task.idea)
        )]
    }
}
