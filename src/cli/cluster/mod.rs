//! `researchloop cluster ...`

mod check;
mod list;
mod setup;

use clap::Subcommand;

use crate::app::App;
use crate::cli::Global;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::config::exposed;

pub use self::setup::make_known;

/// List, check and set up clusters
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// List the clusters of the configuration
    List,
    /// Check the connection, the scheduler, the folder and Claude on the login node
    Check(check::CheckArgs),
    /// Make the host known, and put the runner there
    Setup(setup::SetupArgs),
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &ClusterCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        ClusterCommand::List => list::run(&app, ui),
        ClusterCommand::Check(args) => check::run(&app, ui, args),
        ClusterCommand::Setup(args) => setup::run(&app, ui, args),
    }
}

/// Others may read the configuration.
pub fn warn_of_exposed(app: &App, ui: &Ui) {
    if let Some(warning) = exposed(&app.config) {
        ui.caution(&warning);
    }
}
