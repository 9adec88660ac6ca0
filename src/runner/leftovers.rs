//! What tools of the agent leave for later: schedules in the directory's own settings. Nobody would run
//! them as part of the job, and whoever starts the program there next would.

use std::io;
use std::path::Path;

use super::journal::Journal;
use crate::bundle::journal::Entry;

/// Where they lie, below the working directory.
const FOLDER: &str = ".claude";

/// The schedules that are there.
pub fn found(work: &Path) -> Vec<String> {
    let folder = work.join(FOLDER);
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Vec::new();
    }
    let names = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with("scheduled_tasks") || name.starts_with("scheduled-tasks"))
        .take(100)
        .collect()
}

/// Removes those that were not there `before` the run. Nothing of the agent runs any more.
pub fn remove(work: &Path, before: &[String], journal: &mut Journal) -> io::Result<()> {
    for name in found(work) {
        if before.contains(&name) {
            continue;
        }
        let path = work.join(FOLDER).join(&name);
        if std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path)).is_ok() {
            journal.write(&Entry::Note {
                text: format!("a schedule was removed that the agent had left: {FOLDER}/{name}"),
            })?;
        }
    }
    Ok(())
}
