//! What is told of clusters.

use serde::Serialize;

use crate::config::Transport;

/// The clusters of the configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Clusters {
    /// In the order of the configuration.
    pub clusters: Vec<Cluster>,
}

/// A cluster of the configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its login node.
    pub host: String,
    /// The port of SSH there.
    pub port: u16,
    /// The user, when the configuration names one.
    pub user: Option<String>,
    /// `slurm`, `sge` or `local`.
    pub scheduler_type: &'static str,
    /// `local` or `ssh`.
    pub transport: Transport,
    /// How many jobs of ours it takes at once.
    pub max_concurrent_jobs: u32,
    /// The folder of its sprints there.
    pub working_dir: String,
}

/// What was checked of clusters.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterChecks {
    /// Each that was asked for.
    pub clusters: Vec<ClusterCheck>,
}

/// What was checked of a cluster.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterCheck {
    /// Its name.
    pub name: String,
    /// Whether all of it is good.
    pub ok: bool,
    /// One after the other.
    pub checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What: `connection`, `scheduler`, `working_dir`, `claude`, `defaults`, `storage`, `owner`,
    /// `timeout` or `head`.
    pub check: &'static str,
    /// Whether it is good.
    pub ok: bool,
    /// What is known of it; it may have several lines.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A cluster that was set up.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterSetup {
    /// Its name.
    pub name: String,
    /// Whether everything that was checked then is good.
    pub ok: bool,
    /// The SHA-256 of the runner.
    pub runner: String,
    /// What was checked.
    #[serde(skip)]
    pub checks: Vec<Check>,
}
