//! `researchloop check`: the configuration, then the clusters.

use serde::Serialize;

use super::Global;
use super::config::check::{CheckArgs, Shown};
use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use crate::view::{ClusterChecks, ConfigCheck};
use crate::{cluster, project};

/// What was checked.
#[derive(Debug, Serialize)]
struct Checked {
    config: ConfigCheck,
    #[serde(flatten)]
    clusters: ClusterChecks,
}

/// Each part was shown when it was known.
impl Render for Checked {}

/// Checks everything.
pub fn run(global: &Global, ui: &Ui, args: &CheckArgs) -> Result {
    let app = global.app_with(ui, &project::check_options)?;
    let shown = Shown::new(ui, &app, args.all);
    ui.part(&shown);
    shown.tell(ui);
    super::cluster::warn_of_exposed(&app, ui);
    let clusters = cluster::check(&app, None, |check| ui.part(check))?;
    let is_ok = clusters.clusters.iter().all(|check| check.ok);
    ui.answer(&Checked { config: shown.check, clusters });
    Ok(if is_ok { Exit::Success } else { Exit::Bad })
}
