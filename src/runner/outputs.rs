//! Whether a step has left the files that it promised, and whether they can be used.
//!
//! A file that was there before does not count: an earlier step may have written what a later one
//! promises, and the later one would not have to do anything.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::bundle::folder::{Folder, Refused};
use crate::bundle::outcome::{self, MAX_FINDING, MAX_METRICS, Read};
use crate::domain::text::one_line;
use crate::domain::{Finding, Metric};
use crate::pipeline::Step;

/// The verdict on the idea.
pub const FINDING: &str = "finding.json";
/// The figures. Nobody promises them; any step may write them.
pub const METRICS: &str = "results/metrics.json";

/// What tells whether promised files change from now on, by name; for those that are there, but not
/// for these.
pub fn stamps(work: &Path, step: &Step, but: &[String]) -> BTreeMap<String, String> {
    let Ok(folder) = Folder::open(work) else { return BTreeMap::new() };
    let promised = step
        .produces
        .iter()
        .map(String::as_str)
        .filter(|file| !but.iter().any(|other| other == file));
    promised
        .chain([METRICS])
        .filter_map(|file| Some((file.to_owned(), stamp(&folder, file)?)))
        .collect()
}

/// What tells whether a file changes.
pub fn stamp(folder: &Folder, file: &str) -> Option<String> {
    match folder.file(file) {
        Ok((file, _)) => {
            let metadata = file.metadata().ok()?;
            Some(format!(
                "{} {} {}.{}",
                metadata.ino(),
                metadata.len(),
                metadata.mtime(),
                metadata.mtime_nsec()
            ))
        }
        Err(Refused::Missing) => None,
        Err(odd) => Some(odd.to_string()),
    }
}

/// What a step has to leave, and where.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// Where the agent works.
    pub work: &'a Path,
    /// The promised files.
    pub produces: &'a [String],
    /// What told, before the step, whether files change.
    pub before: &'a BTreeMap<String, String>,
    /// Whether the sprint comes to a finding.
    pub has_finding: bool,
}

impl Outputs<'_> {
    fn is_new(&self, folder: &Folder, file: &str) -> bool {
        self.before.get(file).is_none_or(|before| stamp(folder, file).as_ref() != Some(before))
    }

    /// The promised files that are not there, or are empty, or are no regular files, or are the same
    /// as before the step.
    pub fn missing(&self) -> Vec<String> {
        let Ok(folder) = Folder::open(self.work) else { return self.produces.to_vec() };
        self.produces
            .iter()
            .filter(|file| !folder.has_content(file) || !self.is_new(&folder, file))
            .cloned()
            .collect()
    }

    /// What is the matter with a file that is there and is no regular one, as a sentence: a link, a
    /// folder.
    pub fn oddity(&self, file: &str) -> Option<String> {
        let folder = Folder::open(self.work).ok()?;
        match folder.file(file) {
            Ok(_) | Err(Refused::Missing) => None,
            Err(odd) => Some(odd_text(&folder, file, &odd)),
        }
    }

    /// What this step has written of the finding and the figures that cannot be used, as sentences.
    pub fn unusable(&self) -> Vec<String> {
        let Some(folder) = Folder::open(self.work).ok().filter(|_| self.has_finding) else {
            return Vec::new();
        };
        let is_its = |file: &str| {
            self.is_new(&folder, file) && !matches!(folder.file(file), Err(Refused::Missing))
        };
        let finding = (self.produces.iter().any(|file| file == FINDING)
            && folder.has_content(FINDING)
            && is_its(FINDING))
        .then(|| finding(&folder).err());
        let metrics = is_its(METRICS).then(|| metrics(&folder).err());
        finding.into_iter().chain(metrics).flatten().collect()
    }
}

fn odd_text(folder: &Folder, file: &str, odd: &Refused) -> String {
    let to = folder
        .link(file)
        .map(|target| format!(" (it leads to {})", one_line(&target, 200)))
        .unwrap_or_default();
    format!("{file} {}{to}", odd.to_string().trim_end_matches("; skipped"))
}

/// The finding that lies there.
///
/// # Errors
/// Why it cannot be used, as a sentence.
pub fn finding(folder: &Folder) -> Result<Read<Finding>, String> {
    checked(folder, FINDING, MAX_FINDING, outcome::finding)
}

/// The figures that lie there.
///
/// # Errors
/// Why they cannot be used, as a sentence.
pub fn metrics(folder: &Folder) -> Result<Read<Vec<Metric>>, String> {
    checked(folder, METRICS, MAX_METRICS, outcome::metrics)
}

/// Reads a file that a model wrote. It says of itself what is wrong.
fn checked<T>(
    folder: &Folder,
    name: &str,
    max: u64,
    check: impl Fn(&[u8]) -> Result<Read<T>, String>,
) -> Result<Read<T>, String> {
    // One byte more than may be there, so that a longer file is seen to be one.
    let bytes = folder.read(name, max + 1).map_err(|odd| odd_text(folder, name, &odd))?;
    let mut read = check(&bytes).map_err(|problem| format!("{name} {problem}"))?;
    read.problems.iter_mut().for_each(|problem| *problem = format!("{name}: {problem}"));
    Ok(read)
}
