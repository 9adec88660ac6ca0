//! `researchloop task heartbeat`

use clap::Args;

use super::lines::tell;
use super::who;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::task;

#[derive(Debug, Args)]
pub struct HeartbeatArgs {
    /// The task's id, or a unique prefix of it
    id: String,
    /// The claim's token
    #[arg(long, value_name = "N")]
    token: i64,
    /// How long the claim holds from now on: 30m, 2h
    #[arg(long, value_name = "TIME", default_value = "30m")]
    ttl: String,
}

/// Extends the claim.
pub fn run(app: &App, ui: &Ui, args: &HeartbeatArgs) -> Result {
    let answer = task::heartbeat(app, &args.id, args.token, who::seconds(&args.ttl)?)?;
    let until = answer.task.claim_until.clone().unwrap_or_default();
    tell(ui, &answer, &format!("yours until {until}"))
}
