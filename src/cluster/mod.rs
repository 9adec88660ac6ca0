//! What can be done with the clusters of the configuration.

mod address;
mod check;
mod defaults;
mod described;
mod discover;
mod setup;
mod storage;
#[cfg(test)]
mod tests;
mod trust;

use crate::app::App;
use crate::view::{Cluster, Clusters};

pub use address::Address;
pub use check::check;
pub use described::describe;
pub use discover::{Discovered, Room, Unclear, discover};
pub use setup::{SetupEvent, set_up};
pub use trust::{offered_key, trust};

/// The clusters of the configuration.
pub fn list(app: &App) -> Clusters {
    let clusters = app
        .config
        .clusters
        .iter()
        .map(|cluster| Cluster {
            name: cluster.name.to_string(),
            host: cluster.host.clone(),
            port: cluster.port,
            user: cluster.user.clone(),
            scheduler_type: cluster.scheduler.as_str(),
            transport: cluster.transport,
            max_concurrent_jobs: cluster.max_concurrent_jobs,
            working_dir: cluster.working_dir.clone(),
        })
        .collect();
    Clusters { clusters }
}
