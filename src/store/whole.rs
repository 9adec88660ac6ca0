//! Whether the database knows the sprints whose results lie beside it.
//!
//! One that is new, was emptied, or is an older copy than the results knows neither what was spent nor which
//! jobs may still run. Reading it is harmless. Nothing is begun with it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::open::is_ours;
use super::{Change, Store, StoreError};
use crate::domain::SprintId;

/// So many of the sprints are named.
const MOST_NAMED: usize = 3;

/// In the folder of a sprint's results: the path of the database that knows the sprint.
pub const OWNER: &str = ".database";

/// What it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The database.
    pub database: PathBuf,
    /// Where the results lie.
    pub artifacts: PathBuf,
    /// The sprints, by id.
    pub sprints: Vec<SprintId>,
}

impl std::fmt::Display for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self
            .sprints
            .iter()
            .take(MOST_NAMED)
            .map(SprintId::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let more = if self.sprints.len() > MOST_NAMED { ", ..." } else { "" };
        let (count, plural) = (self.sprints.len(), if self.sprints.len() == 1 { "" } else { "s" });
        write!(
            f,
            "the database {} does not know {count} sprint{plural} with a folder in {} ({named}{more}): it is new, was emptied, or is an older copy",
            self.database.display(),
            self.artifacts.display()
        )
    }
}

/// The sprints that have a folder there.
pub fn sprints_in(artifacts: &Path) -> Vec<SprintId> {
    let folders = std::fs::read_dir(artifacts)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut found: Vec<SprintId> =
        folders.filter_map(|entry| SprintId::new(entry.file_name().to_str()?).ok()).collect();
    found.sort_unstable();
    found
}

/// Whether a folder belongs to another database that is there: of a project or a program that keeps its
/// results in the same place.
pub fn is_of_another(folder: &Path, database: &Path) -> bool {
    std::fs::read_to_string(folder.join(OWNER))
        .is_ok_and(|other| Path::new(&other) != database && is_ours(Path::new(&other)))
}

fn is_known(connection: &Connection, id: &SprintId) -> Result<bool, StoreError> {
    // One that was deleted has left an event.
    let mut query =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM sprints WHERE id = ?1) OR EXISTS (SELECT 1 FROM events WHERE sprint_id = ?1)")?;
    Ok(query.query_row([id], |row| row.get(0))?)
}

/// What is to be said of a copy of the database that a program which syncs folders has made, because two
/// machines wrote it.
pub fn conflicting_copy(database: &Path) -> Option<String> {
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path != database && name.contains("conflict") && is_ours(path)
    };
    let copy = std::fs::read_dir(database.parent()?)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(is_copy)?;
    Some(format!(
        "{} lies beside the database {}: two machines seem to have written it, and each copy lacks what the other machine has done. Use it from one machine, and move the copy away that is not meant",
        copy.display(),
        database.display()
    ))
}

impl Store {
    /// Looks which sprints have a folder there that this database does not know.
    pub fn compare(&mut self, database: &Path, artifacts: &Path) -> Result<(), StoreError> {
        let mut sprints = sprints_in(artifacts);
        let mut failed = None;
        sprints.retain(|id| {
            !is_known(&self.connection, id).unwrap_or_else(|error| failed.replace(error).is_some())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        sprints.retain(|id| !is_of_another(&artifacts.join(id.as_str()), database));
        let behind =
            Behind { database: database.to_owned(), artifacts: artifacts.to_owned(), sprints };
        self.behind = (!behind.sprints.is_empty()).then_some(behind);
        Ok(())
    }

    /// What it should know and does not.
    pub fn behind(&self) -> Option<&Behind> {
        self.behind.as_ref()
    }

    /// An error when something is missing from it: before money is spent.
    pub fn must_be_whole(&self) -> Result<(), StoreError> {
        whole(self.behind())
    }
}

fn whole(behind: Option<&Behind>) -> Result<(), StoreError> {
    behind.map_or(Ok(()), |behind| Err(StoreError::Behind(Box::new(behind.clone()))))
}

impl Change<'_> {
    /// The same, of a change that begins something.
    pub(super) fn must_be_whole(&self) -> Result<(), StoreError> {
        whole(self.behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LoopId;
    use crate::store::NewSprint;

    #[test]
    fn a_database_that_is_behind_its_results_begins_nothing() {
        let temp = tempfile::tempdir().expect("a folder");
        let (path, artifacts) = (temp.path().join("x.db"), temp.path().join("artifacts"));
        for name in ["sp-000001", "sp-000002", "notes", "sp-00000x"] {
            std::fs::create_dir_all(artifacts.join(name)).expect("made");
        }
        std::fs::write(artifacts.join("sp-000003"), "a file").expect("written");
        let mut store = Store::open(&path).expect("opened");
        let [first, second] = ["sp-000001", "sp-000002"].map(SprintId::of);
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&first)).expect("made"));
        change.commit().expect("kept");
        store.compare(&path, &artifacts).expect("compared");
        assert_eq!(store.behind().expect("behind").sprints, std::slice::from_ref(&second));
        let refused = |result: Result<(), StoreError>| {
            assert!(matches!(result, Err(StoreError::Behind(_))), "{result:?}")
        };
        refused(store.must_be_whole());
        let change = store.change().expect("begun");
        refused(change.create_sprint(&NewSprint::example(&second)).map(drop));
        refused(change.begin_submission(&first, "").map(drop));
        refused(change.resume_loop(&LoopId::of("loop-000001")).map(drop));
        drop(change);
        // One that was deleted is known, though its folder may be left.
        store.behind = None;
        let change = store.change().expect("begun");
        change.create_sprint(&NewSprint::example(&second)).expect("made");
        change.delete_sprint(&second).expect("deleted");
        change.commit().expect("kept");
        store.compare(&path, &artifacts).expect("compared");
        assert_eq!(store.behind(), None);
        // Another project keeps its results in the same place.
        let other = temp.path().join("other.db");
        drop(Store::open(&other).expect("opened"));
        std::fs::create_dir_all(artifacts.join("sp-000004")).expect("made");
        std::fs::write(artifacts.join("sp-000004").join(OWNER), other.to_str().expect("a path"))
            .expect("written");
        store.compare(&path, &artifacts).expect("compared");
        assert_eq!(store.behind(), None);
        std::fs::remove_file(&other).expect("removed");
        store.compare(&path, &artifacts).expect("compared");
        assert_eq!(store.behind().expect("behind").sprints, [SprintId::of("sp-000004")]);
        std::fs::remove_dir_all(artifacts.join("sp-000004")).expect("removed");
        store.compare(&path, &artifacts).expect("compared");
        store.must_be_whole().expect("whole");
    }
}
