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
    /// Its front end.
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
