//! Forgets a sprint, and removes its directory on the cluster when that is asked for.

use crate::app::{App, ClusterError};
use crate::domain::SprintId;
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError, Script};
use crate::store::{SprintRow, Store, StoreError};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// It has not ended.
    #[error("{0} is {1}: cancel it first")]
    Active(SprintId, &'static str),
    /// The directory on the cluster does not look like this sprint's.
    #[error("{dir} on the cluster is not removed: {why}")]
    Directory {
        /// Which.
        dir: String,
        /// Why.
        why: String,
    },
    /// Files of this machine.
    #[error("cannot remove {path}: {problem}")]
    Files {
        /// Which.
        path: String,
        /// Why.
        problem: String,
    },
    /// Its cluster cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The way to the cluster.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DeleteError> for Problem {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Cluster(error) => error.into(),
            DeleteError::Store(error) => error.into(),
            DeleteError::Remote(error) => error.into(),
            DeleteError::Active(ref id, _) => {
                let hint = format!("`researchloop sprint cancel {id}`");
                Self::new(ProblemKind::Conflict, error.to_string()).hint(hint)
            }
            DeleteError::Directory { .. } | DeleteError::Files { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

/// Removes the sprint's directory on the cluster: only one whose name holds this sprint's
/// id, and whose bundle does too.
pub fn delete_remote(
    app: &App,
    remote: &mut dyn Remote,
    row: &SprintRow,
) -> Result<(), DeleteError> {
    refuse_active(row)?;
    if row.attempt == 0 {
        return Ok(());
    }
    let cluster = app.cluster_of(row)?;
    let refused = |why: &str| {
        Err(DeleteError::Directory { dir: row.remote_dir.clone(), why: why.to_owned() })
    };
    if !row.remote_dir.ends_with(&format!("/{}", row.directory))
        || !row.directory.contains(row.id.as_str())
    {
        return refused("its name does not hold the sprint's id");
    }
    let mut script = Script::new();
    script.set("DIR", &row.remote_dir).set("ID", row.id.as_str()).section(
        "delete",
        r#"case $DIR in '~/'*) DIR=$HOME/${DIR#'~/'} ;; esac
[ -e "$DIR" ] || [ -L "$DIR" ] || exit 0
[ -d "$DIR" ] && [ ! -L "$DIR" ] && [ -O "$DIR" ] || { echo 'it is no directory of yours'; exit 1; }
grep -q "^readonly rl_sprint=$ID " "$DIR/run_sprint.sh" || { echo 'its run_sprint.sh is not of this sprint'; exit 1; }
rm -rf -- "$DIR""#,
    );
    let reply = remote.run(script, app.limits(cluster))?;
    match reply.section("delete") {
        Some(section) if section.status == 0 => Ok(()),
        Some(section) => refused(section.text().trim()),
        None => refused("no answer"),
    }
}

/// Forgets the sprint here, with its fetched files.
pub fn delete(app: &App, store: &mut Store, row: &SprintRow) -> Result<(), DeleteError> {
    let change = store.change()?;
    // Looked at again inside the change: a tick may have submitted it just now.
    if let Some(now) = change.sprint(row.id.as_str())? {
        refuse_active(&now)?;
    }
    change.delete_sprint(row.id.as_str())?;
    let folder = app.artifacts(row.id.as_str());
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(DeleteError::Files {
                path: folder.display().to_string(),
                problem: error.to_string(),
            });
        }
        _ => {}
    }
    change.commit()?;
    Ok(())
}

fn refuse_active(row: &SprintRow) -> Result<(), DeleteError> {
    let status = row.state.status();
    if status.is_terminal() {
        Ok(())
    } else {
        Err(DeleteError::Active(row.id.clone(), status.as_str()))
    }
}
