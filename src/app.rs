//! What every verb needs: the configuration, the database, ways to the clusters.
//!
//! Nothing is opened before it is asked for.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Cluster, Config, Study, Transport, UnknownName};
use crate::domain::action::Action;
use crate::domain::{Secret, SprintId};
use crate::platform::clock::Clock;
use crate::platform::process;
use crate::problem::{Problem, ProblemKind};
#[cfg(test)]
use crate::remote::FakeRemote;
use crate::remote::{Limits, Local, Remote, Ssh, SshTarget};
use crate::store::{Behind, SprintRow, Store, StoreError, is_of_another, sprints_in};

/// The variable that tells a tick that `cron install` tries its line: cron has not run it.
pub const CRON_TRIAL: &str = "RESEARCHLOOP_CRON_TRIAL";

/// The program's surroundings.
#[derive(Debug, Clone)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The passphrase of a key file, when the user gave one.
    pub passphrase: Option<Secret>,
    /// A host key that the user accepts for this run: `SHA256:...`.
    pub accept_fingerprint: Option<String>,
    /// What tells the time.
    pub clock: Clock,
    /// The words of the door for what somebody can do next.
    pub say: fn(&Action) -> String,
    /// Stands in the place of every login node.
    #[cfg(test)]
    pub fake: Option<FakeRemote>,
}

impl App {
    /// With this configuration, and nothing that a user has said beside it.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            passphrase: None,
            accept_fingerprint: None,
            clock: Clock::default(),
            say: ToString::to_string,
            #[cfg(test)]
            fake: None,
        }
    }

    /// With a configuration of this text, whose home is this folder.
    #[cfg(test)]
    pub fn configured(folder: &std::path::Path, text: &str) -> Self {
        let file = folder.join("researchloop.toml");
        std::fs::write(&file, text).expect("written");
        let home = crate::config::Environment::new([("HOME", folder.display().to_string())]);
        Self::new(crate::config::load(&file, &home).unwrap_or_else(|error| panic!("{error}")))
    }

    /// With the cluster `c`, a SLURM that is not there, the study `s` on it, and more lines for each.
    #[cfg(test)]
    pub fn example(folder: &std::path::Path, of_cluster: &str, of_study: &str) -> Self {
        let path = folder.display();
        Self::configured(
            folder,
            &format!(
                "[[cluster]]\nname = \"c\"\nscheduler_type = \"slurm\"\nhost = \"nowhere.invalid\"\nworking_dir = \"{path}/work\"\n\
                 claude_command = \"false\"\n{of_cluster}\n[[study]]\nname = \"s\"\ncluster = \"c\"\n{of_study}\n"
            ),
        )
    }

    /// With this in the place of every login node.
    #[cfg(test)]
    #[must_use]
    pub fn with_remote(mut self, fake: &FakeRemote) -> Self {
        self.fake = Some(fake.clone());
        self
    }

    /// Opens the database.
    pub fn store(&self) -> Result<Store, StoreError> {
        let mut store = Store::open(&self.config.db_path)?.with_clock(self.clock.clone())?;
        store.compare(&self.config.db_path, &self.config.artifact_dir)?;
        Ok(store)
    }

    /// What the database should know and does not. Nothing is made where there is none.
    pub fn behind(&self) -> Option<Behind> {
        let (database, artifacts) = (self.config.db_path.clone(), self.config.artifact_dir.clone());
        let mut sprints = sprints_in(&artifacts);
        sprints.retain(|id| !is_of_another(&artifacts.join(id.as_str()), &database));
        if sprints.is_empty()
            || std::fs::symlink_metadata(&database)
                .is_ok_and(|found| found.is_symlink() && !database.exists())
        {
            None
        } else if database.exists() {
            self.store().ok()?.behind().cloned()
        } else {
            Some(Behind { database, artifacts, sprints })
        }
    }

    /// A study and the cluster that it is at home on.
    pub fn study_and_cluster(&self, study: &str) -> Result<(&Study, &Cluster), UnknownName> {
        let study = self.config.study(study)?;
        let cluster = self.config.cluster(study.cluster.as_str())?;
        Ok((study, cluster))
    }

    /// The cluster that a sprint was made for. Its study may have moved to another one since.
    pub fn cluster_of(&self, row: &SprintRow) -> Result<&Cluster, ClusterError> {
        let cluster = self.config.cluster(&row.cluster)?;
        if cluster.scheduler == row.scheduler {
            return Ok(cluster);
        }
        Err(ClusterError::Changed {
            sprint: row.id.clone(),
            cluster: row.cluster.clone(),
            then: row.scheduler.as_str(),
            now: cluster.scheduler.as_str(),
        })
    }

    /// A way to the cluster's login node. It connects when it is first used.
    pub fn remote(&self, cluster: &Cluster) -> Box<dyn Remote> {
        #[cfg(test)]
        if let Some(fake) = &self.fake {
            return Box::new(fake.clone());
        }
        match cluster.transport {
            Transport::Local => Box::new(Local),
            Transport::Ssh => Box::new(Ssh::new(self.ssh_target(cluster))),
        }
    }

    /// Where SSH leads for this cluster.
    pub fn ssh_target(&self, cluster: &Cluster) -> SshTarget {
        SshTarget {
            host: cluster.host.clone(),
            port: Some(cluster.port).filter(|port| *port != 22),
            user: cluster.user.clone(),
            key_path: cluster.key_path.clone(),
            passphrase: self.passphrase.clone(),
            known_hosts: cluster.known_hosts.clone(),
            connect_timeout: Duration::from_secs(cluster.connect_timeout),
            agent: true,
            accept_fingerprint: self.accept_fingerprint.clone(),
        }
    }

    /// The bounds of one request to this cluster.
    pub fn limits(&self, cluster: &Cluster) -> Limits {
        Limits { deadline: Duration::from_secs(cluster.command_timeout), ..Limits::default() }
    }

    /// The program that runs inside jobs, on this machine: the configured one, or this one. For a cluster of
    /// another architecture there may be one beside it (`RunnerHere::for_other_machine`).
    pub fn runner_here(&self, cluster: &Cluster) -> std::io::Result<PathBuf> {
        cluster.runner.clone().map_or_else(std::env::current_exe, Ok)
    }

    /// Where a sprint's files are kept on this machine.
    pub fn artifacts(&self, sprint: &SprintId) -> PathBuf {
        self.config.artifact_dir.join(sprint.as_str())
    }
}

/// Why a sprint's cluster cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The configuration does not know it any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// It is another kind of cluster now.
    #[error(
        "{sprint} was made for {then}, but the cluster {cluster} is {now} in the configuration now: it is not asked about jobs of another scheduler"
    )]
    Changed {
        /// Which sprint.
        sprint: SprintId,
        /// Its cluster.
        cluster: String,
        /// The scheduler when the sprint was made.
        then: &'static str,
        /// The scheduler that the configuration names.
        now: &'static str,
    },
}

impl From<ClusterError> for Problem {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unknown(error) => error.into(),
            ClusterError::Changed { .. } => Self::new(ProblemKind::Conflict, error.to_string())
                .hint("give the new cluster a name of its own, and leave the old one in the configuration until its sprints have ended"),
        }
    }
}

/// Who holds a lease: this process, on this machine, since it began.
pub fn holder() -> String {
    let pid = std::process::id();
    format!("{}:{pid}:{}", host(), process::start_ticks(pid).unwrap_or(0))
}

/// Whether the holder of a lease is a process of this machine that is gone.
pub fn is_gone(holder: &str) -> bool {
    let mut parts = holder.rsplitn(3, ':');
    let (Some(started), Some(pid), Some(machine)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(started), Ok(pid)) = (started.parse::<u64>(), pid.parse::<u32>()) else { return false };
    machine == host()
        && (!process::exists(pid)
            || process::start_ticks(pid).is_some_and(|ticks| started != 0 && ticks != started))
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
