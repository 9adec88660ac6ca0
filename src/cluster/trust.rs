//! Makes the login node of a cluster known: only with the fingerprint that a person has compared.

use std::path::PathBuf;

use crate::app::App;
use crate::config::{Cluster, Transport};
use crate::problem::{Problem, ProblemKind};
use crate::remote::{HostKey, RemoteError, Script, add_known_host, host_key, known_hosts_files};

/// The key that the host offers; none when it is known already, or this machine.
pub fn offered_key(app: &App, cluster: &Cluster) -> Result<Option<HostKey>, Problem> {
    if cluster.transport != Transport::Ssh {
        return Ok(None);
    }
    let mut hello = Script::new();
    hello.section("hello", "true");
    match app.remote(cluster).run(hello, app.limits(cluster)) {
        Err(RemoteError::HostKeyUnknown { .. }) => Ok(Some(host_key(&app.ssh_target(cluster))?)),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(None),
    }
}

/// Writes the key to the first file that takes it, and returns that file. `accepted` is the
/// fingerprint that a person has accepted.
pub fn trust(
    app: &App,
    cluster: &Cluster,
    key: &HostKey,
    accepted: Option<&str>,
) -> Result<PathBuf, Problem> {
    match accepted {
        Some(fingerprint) if fingerprint == key.fingerprint => {}
        Some(_) => {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!(
                    "{} offers {}, which is not the fingerprint that you gave",
                    cluster.host, key.fingerprint
                ),
            )
            .hint("compare it with your cluster's documentation; nothing was written"));
        }
        None => {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("the host key of {} was not accepted: {}", cluster.host, key.fingerprint),
            ));
        }
    }
    // One of those that the next connection reads.
    let mut refused = Vec::new();
    for file in known_hosts_files(&app.ssh_target(cluster))? {
        match add_known_host(&file, key) {
            Ok(()) => return Ok(file),
            Err(error) => refused.push(format!("{}: {error}", file.display())),
        }
    }
    let why = if refused.is_empty() {
        "the ssh configuration names no file for it".to_owned()
    } else {
        refused.join("; ")
    };
    Err(Problem::failed(format!(
        "the host key of {} can be kept in no known_hosts file: {why}",
        cluster.host
    ))
    .hint("set `known_hosts` of the cluster to a file of your own"))
}
