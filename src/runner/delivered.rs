//! Whether a step has left the files that it promised.
//!
//! A file that was there before does not count: an earlier step may have written what a later one
//! promises, and the later one would not have to do anything.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::run::Run;
use crate::bundle::folder::Folder;
use crate::pipeline::Step;

/// What tells whether promised files change from now on, by name; for those that are there, but not
/// for these.
pub fn stamps(work: &Path, step: &Step, but: &[String]) -> BTreeMap<String, String> {
    let Ok(folder) = Folder::open(work) else { return BTreeMap::new() };
    let files = step.produces.iter().filter(|file| !but.contains(file));
    files.filter_map(|file| Some((file.clone(), stamp(&folder, file)?))).collect()
}

fn stamp(folder: &Folder, file: &str) -> Option<String> {
    let metadata = folder.file(file).ok()?.0.metadata().ok()?;
    Some(format!("{} {} {}.{}", metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

/// The promised files that are not there, or are empty, or are no regular files, or are the same as
/// before the step.
pub fn missing(run: &Run, step: &Step) -> Vec<String> {
    let Ok(folder) = Folder::open(&run.work) else { return step.produces.clone() };
    let is_new = |file: &str| run.state.before.get(file).is_none_or(|before| stamp(&folder, file).as_ref() != Some(before));
    step.produces.iter().filter(|file| !folder.has_content(file) || !is_new(file)).cloned().collect()
}
