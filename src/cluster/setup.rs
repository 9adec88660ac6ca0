//! Prepares a cluster: puts the runner there, and checks it.

use super::check::check_through;
use crate::app::App;
use crate::config::Cluster;
use crate::domain::text;
use crate::problem::Problem;
use crate::sprint::{InstallOutcome, RunnerHere, install_runner};
use crate::view::ClusterSetup;

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupEvent {
    /// A runner of this size in bytes is sent, if it is not there.
    Sending(u64),
    /// It was there already, at this path.
    There(String),
    /// It was sent, to this path.
    Sent(String),
    /// It was not placed.
    NotPlaced,
}

/// Puts the runner there, and checks the cluster. Its host has to be known.
pub fn set_up(
    app: &App,
    cluster: &Cluster,
    mut tell: impl FnMut(&SetupEvent),
) -> Result<ClusterSetup, Problem> {
    let mut remote = app.remote(cluster);
    let path = app
        .runner_here(cluster)
        .map_err(|error| Problem::failed(format!("cannot find the runner: {error}")))?;
    let mut runner = RunnerHere::read(path.clone()).map_err(|error| {
        Problem::failed(format!("cannot read the runner {}: {error}", path.display()))
    })?;
    tell(&SetupEvent::Sending(runner.len));
    let placed = install_runner(remote.as_mut(), cluster, &mut runner, app.limits(cluster));
    tell(&match &placed {
        Ok(InstallOutcome::There(path)) => SetupEvent::There(path.clone()),
        Ok(InstallOutcome::Sent(path)) => SetupEvent::Sent(path.clone()),
        Ok(InstallOutcome::Refused(_)) | Err(_) => SetupEvent::NotPlaced,
    });
    if let InstallOutcome::Refused(why) = placed? {
        return Err(Problem::failed(text::line(&why)));
    }
    let check = check_through(app, cluster, remote.as_mut());
    Ok(ClusterSetup { name: check.name, ok: check.ok, runner: runner.hash, checks: check.checks })
}
