//! Forgets a sprint, and removes its directory on the cluster when that is asked for.

use crate::app::{App, ClusterError};
use crate::config::Cluster;
use crate::domain::action::Action;
use crate::domain::{LoopId, LoopStatus, SprintId, Status};
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError, Script};
use crate::store::{Change, SprintRow, Store, StoreError};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// It has not ended.
    #[error("{sprint} is {status}")]
    Active {
        /// The sprint.
        sprint: SprintId,
        /// How it stands.
        status: Status,
    },
    /// A follow-up that has not ended works in its directory.
    #[error("{tweak} works in the directory of {sprint}")]
    InUse {
        /// The sprint.
        sprint: SprintId,
        /// The follow-up.
        tweak: SprintId,
    },
    /// A loop that runs counts it, and would begin another sprint for it.
    #[error("{sprint} counts for {auto_loop}, which runs: it would begin another sprint for it")]
    Counts {
        /// The sprint.
        sprint: SprintId,
        /// The loop.
        auto_loop: LoopId,
    },
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
            DeleteError::Active { sprint: ref id, .. }
            | DeleteError::InUse { tweak: ref id, .. } => {
                let cancel = Action::CancelSprint { sprint: id.to_string() };
                Self::new(ProblemKind::Conflict, error.to_string())
                    .hint(format!("`{cancel}` first"))
            }
            DeleteError::Counts { auto_loop: ref id, .. } => {
                let stop = Action::StopLoop { id: id.to_string() };
                Self::new(ProblemKind::Conflict, error.to_string()).hint(format!("`{stop}` first"))
            }
            DeleteError::Directory { .. } | DeleteError::Files { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

/// Refuses a sprint that something still needs: each of these rules counts whoever deletes.
pub fn refuse_needed(change: &Change<'_>, row: &SprintRow) -> Result<(), DeleteError> {
    let (sprint, status) = (row.id.clone(), row.state.status());
    if !status.is_terminal() {
        return Err(DeleteError::Active { sprint, status });
    }
    if let Some(tweak) = change.open_tweak(&row.id)? {
        return Err(DeleteError::InUse { sprint, tweak: tweak.id });
    }
    // Only what has completed counts: another one is not begun for what has failed.
    let its_loop = row
        .loop_id
        .as_ref()
        .filter(|_| status == Status::Completed)
        .map(|id| change.one_loop(id))
        .transpose()?
        .flatten();
    match its_loop {
        Some(row) if row.status == LoopStatus::Running => {
            Err(DeleteError::Counts { sprint, auto_loop: row.id })
        }
        _ => Ok(()),
    }
}

/// Forgets a sprint that nothing needs any more, with its fetched files, and before that its directory
/// on the cluster when that is asked for.
pub fn delete(
    app: &App,
    store: &mut Store,
    row: &SprintRow,
    on_cluster: bool,
) -> Result<(), DeleteError> {
    if on_cluster {
        refuse_needed(&store.change()?, row)?;
        let cluster = app.cluster_of(row)?;
        delete_remote(app, app.remote(cluster).as_mut(), cluster, row)?;
    }
    let change = store.change()?;
    // Looked at again inside the change: a tick may have submitted it just now.
    if let Some(now) = change.sprint(&row.id)? {
        refuse_needed(&change, &now)?;
    }
    change.delete_sprint(&row.id)?;
    let folder = app.artifacts(&row.id);
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

/// Removes the sprint's directory on the cluster: only one whose name holds this sprint's
/// id, and whose bundle does too.
fn delete_remote(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
) -> Result<(), DeleteError> {
    if !row.was_submitted() {
        return Ok(());
    }
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
[ -d "$DIR" ] && [ ! -L "$DIR" ] && [ -O "$DIR" ] || { echo 'it is not a directory of yours'; exit 1; }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::auto_loop::Limits;
    use crate::domain::transition::Event;
    use crate::domain::{Ending, Reason, SprintKind};
    use crate::store::NewSprint;

    struct Place {
        _folder: tempfile::TempDir,
        app: App,
        store: Store,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let app = App::configured(folder.path(), "");
            Self { _folder: folder, app, store: Store::in_memory().expect("a database") }
        }

        fn sprint<'a>(
            &mut self,
            id: &'a SprintId,
            new: impl FnOnce(NewSprint<'a>) -> NewSprint<'a>,
        ) {
            let change = self.store.change().expect("begun");
            assert!(change.create_sprint(&new(NewSprint::example(id))).expect("made"));
            change.commit().expect("kept");
        }

        fn auto_loop(&mut self, id: &LoopId) {
            let limits: Limits = serde_json::from_str(r#"{"count":3,"parallel":1}"#).expect("read");
            let change = self.store.change().expect("begun");
            assert!(change.create_loop(id, "s", "", "{}", &limits).expect("made"));
            change.commit().expect("kept");
        }

        fn end(&mut self, id: &str, ending: Ending) {
            let change = self.store.change().expect("begun");
            assert!(
                change.apply(&SprintId::of(id), Event::Over(ending)).expect("applied").is_some()
            );
            change.commit().expect("kept");
        }

        fn is_there(&self, id: &str) -> bool {
            self.store.sprint(&SprintId::of(id)).expect("read").is_some()
        }

        /// What is said against it; nothing when it was deleted.
        fn delete(&mut self, id: &str) -> Option<String> {
            let row = self.store.sprint(&SprintId::of(id)).expect("read").expect("there");
            let refused = delete(&self.app, &mut self.store, &row, false).err();
            assert_eq!(self.is_there(id), refused.is_some());
            // Refused before the cluster is asked, which is not even known here.
            if let Some(error) = &refused {
                let remote = delete(&self.app, &mut self.store, &row, true).expect_err("refused");
                assert_eq!(remote.to_string(), error.to_string());
            }
            refused.map(|error| Problem::from(error).message)
        }
    }

    #[test]
    fn a_sprint_that_has_not_ended_is_not_deleted() {
        let mut place = Place::new();
        place.sprint(&SprintId::of("sp-000001"), |new| new);
        assert_eq!(place.delete("sp-000001").as_deref(), Some("sp-000001 is pending"));
        place.end("sp-000001", Ending::cancelled("enough"));
        assert_eq!(place.delete("sp-000001"), None);
    }

    #[test]
    fn a_sprint_in_whose_directory_a_follow_up_works_is_not_deleted() {
        let mut place = Place::new();
        place.sprint(&SprintId::of("sp-000001"), |new| new);
        place.end("sp-000001", Ending::completed());
        let parent = SprintId::of("sp-000001");
        place.sprint(&SprintId::of("sp-000002"), |new| NewSprint {
            parent: Some(&parent),
            kind: SprintKind::Tweak,
            ..new
        });
        assert_eq!(
            place.delete("sp-000001").as_deref(),
            Some("sp-000002 works in the directory of sp-000001")
        );
        place.end("sp-000002", Ending::completed());
        assert_eq!(place.delete("sp-000001"), None);
    }

    #[test]
    fn a_completed_sprint_of_a_loop_that_runs_is_not_deleted() {
        let mut place = Place::new();
        let its_loop = LoopId::of("loop-000001");
        place.auto_loop(&its_loop);
        for id in ["sp-000001", "sp-000002"] {
            place.sprint(&SprintId::of(id), |new| NewSprint { loop_id: Some(&its_loop), ..new });
        }
        place.end("sp-000001", Ending::completed());
        place.end("sp-000002", Ending::failed(Reason::Lost, "gone", ""));
        assert_eq!(
            place.delete("sp-000001").as_deref(),
            Some(
                "sp-000001 counts for loop-000001, which runs: it would begin another sprint for it"
            )
        );
        // One that has failed does not count.
        assert_eq!(place.delete("sp-000002"), None);
    }
}
