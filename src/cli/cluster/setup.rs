//! `researchloop cluster setup`

use clap::Args;

use super::{check, warn_of_exposed};
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cluster::{self, SetupEvent};
use crate::config::Cluster;
use crate::view::ClusterSetup;

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Its name
    cluster: String,
    /// Accept the host key with this fingerprint without asking: SHA256:...
    #[arg(long, value_name = "FINGERPRINT")]
    accept_host_key: Option<String>,
}

/// Prepares a cluster.
pub fn run(app: &App, ui: &Ui, args: &SetupArgs) -> Result {
    let cluster = app.config.cluster(&args.cluster)?;
    warn_of_exposed(app, ui);
    make_known(app, ui, cluster, args.accept_host_key.clone(), &|key| {
        let name = text::shell_word(cluster.name.as_str());
        format!("researchloop cluster setup {name} --accept-host-key {key}")
    })?;
    let mut spinner: Option<indicatif::ProgressBar> = None;
    let setup = cluster::set_up(app, cluster, |event| {
        if let Some(spinner) = spinner.take() {
            spinner.finish_and_clear();
        }
        let name = &cluster.name;
        match event {
            SetupEvent::Sending(size) => {
                ui.status(&format!("{name}: placing the runner ({})", text::bytes(*size)));
                spinner = Some(ui.spinner("sending"));
            }
            SetupEvent::There(path) => ui.status(&format!("{name}: it is there already: {path}")),
            SetupEvent::Sent(path) => ui.status(&format!("{name}: it is in place: {path}")),
            SetupEvent::NotPlaced => {}
        }
    })?;
    ui.answer(&setup);
    Ok(if setup.ok { Exit::Success } else { Exit::Bad })
}

impl Render for ClusterSetup {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        check::lines(ui, &self.name, &self.checks)
    }
}

/// Makes the host known, after the person has compared its fingerprint. `accepting`: the command that does
/// so without asking.
pub fn make_known(
    app: &App,
    ui: &Ui,
    cluster: &Cluster,
    mut accepted: Option<String>,
    accepting: &dyn Fn(&str) -> String,
) -> Result<()> {
    let Some(key) = cluster::offered_key(app, cluster)? else { return Ok(()) };
    if accepted.is_none() {
        ui.status(&format!("{} is not known here. Its {} key is", cluster.host, key.key_type));
        ui.status(&format!("  {}", key.fingerprint));
        accepted = ui
            .ask("Is it the one in your cluster's documentation?")
            .then(|| key.fingerprint.clone());
    }
    let file = cluster::trust(app, cluster, &key, accepted.as_deref()).map_err(|problem| {
        if accepted.is_some() {
            return problem;
        }
        problem.hint(format!("when it is right: {}", accepting(&key.fingerprint)))
    })?;
    ui.status(&format!("{} is known now, in {}", cluster.host, file.display()));
    Ok(())
}
