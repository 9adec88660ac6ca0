//! `researchloop cluster list`

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::ui::Ui;
use crate::cluster;
use crate::config::Transport;
use crate::view::{Cluster, Clusters};

/// Lists the clusters of the configuration.
pub fn run(app: &App, ui: &Ui) -> Result {
    ui.answer(&cluster::list(app));
    Ok(Exit::Success)
}

impl Render for Clusters {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let table = Table {
            headers: &["NAME", "HOST", "USER", "SCHEDULER", "MAX JOBS", "WORKING DIR"],
            rows: self.clusters.iter().map(row).collect(),
            gives_way: &["MAX JOBS", "USER"],
            ..Table::default()
        };
        table.lines(ui)
    }
}

fn row(cluster: &Cluster) -> Vec<String> {
    let place = match cluster.transport {
        Transport::Local => "this machine".to_owned(),
        Transport::Ssh => format!("{}:{}", cluster.host, cluster.port),
    };
    vec![
        cluster.name.clone(),
        place,
        cluster.user.clone().unwrap_or_else(|| "-".to_owned()),
        cluster.scheduler_type.to_owned(),
        cluster.max_concurrent_jobs.to_string(),
        cluster.working_dir.clone(),
    ]
}
