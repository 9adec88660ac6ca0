//! Brings the files of a sprint to this machine.
//!
//! The names come from a directory that a model wrote to: they are checked again here,
//! and files are made only below the sprint's own folder, through no link.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::place::{Placed, RunnerHere, place_runner};
use crate::app::App;
use crate::bundle::FORMAT_VERSION;
use crate::bundle::transfer::{ResultsRequest, is_safe_path, split_results};
use crate::config::{Cluster, UnknownName};
use crate::remote::{Limits, Payload, Remote, RemoteError, Script};
use crate::store::{SprintRow, Store, StoreError};

/// The largest file of the report's set that is brought by itself.
const MAX_REPORT_FILE: u64 = 50 << 20;
/// The largest file of `--all`.
const MAX_ANY_FILE: u64 = 4 << 30;
/// How much one request brings.
const PIECE: u64 = 32 << 20;
/// How much is brought by itself.
const MAX_REPORT_TOTAL: u64 = 500 << 20;

/// Why files could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The far side has nothing, or said something odd.
    #[error("the files of the sprint could not be read on {place}: {problem}")]
    Answer {
        /// Where.
        place: String,
        /// What it said.
        problem: String,
    },
    /// A file could not be written here.
    #[error("cannot write {path}: {problem}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        problem: String,
    },
    /// The configuration does not know its study or cluster any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The way to the cluster.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Paths below the folder, with sizes.
    pub files: Vec<(String, u64)>,
    /// What was left out, one sentence each.
    pub skipped: Vec<String>,
}

/// Brings the report's set, or all regular files. `tweaks` are the sprint's follow-ups, whose reports
/// lie there too. `progress` hears bytes done and in all.
#[expect(clippy::too_many_arguments, reason = "what, whence and whither")]
pub fn fetch(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    tweaks: &[String],
    to: &Path,
    all: bool,
    mut progress: impl FnMut(u64, u64),
) -> Result<Fetched, FetchError> {
    remove_leftovers(to, 0);
    let mut fetched = Fetched::default();
    let also: Vec<String> = tweaks.iter().map(|id| format!("tweak_{id}.md")).collect();
    let mut from = None;
    let mut done = 0;
    let mut open: Option<Arriving> = None;
    let mut runner = row.runner.clone();
    let mut placed = false;
    loop {
        let request = ResultsRequest {
            v: FORMAT_VERSION,
            dir: row.remote_dir.clone(),
            all,
            max_file: if all { MAX_ANY_FILE } else { MAX_REPORT_FILE },
            max_total: PIECE,
            from: from.clone(),
            also: also.clone(),
        };
        let mut script = Script::new();
        script.set("RUNNER", &runner).section_with_input(
            "results",
            Payload::Bytes(serde_json::to_vec(&request).unwrap_or_default()),
            r#"[ -x "$RUNNER" ] || exit 127
"$RUNNER" files-results"#,
        );
        let reply = remote.run(script, Limits { max_bytes: 2 * usize::try_from(PIECE).unwrap_or(usize::MAX), ..app.limits(cluster) })?;
        let odd = |problem: String| FetchError::Answer { place: remote.place(), problem };
        let section = reply.section("results").ok_or_else(|| odd("no answer".to_owned()))?;
        if section.status == 127 && !placed {
            // The runner is gone from the cluster (scratch was cleaned): it is sent again.
            placed = true;
            let here = app.runner_here(cluster).and_then(RunnerHere::read).map_err(|error| odd(error.to_string()))?;
            match place_runner(remote, cluster, &here, app.limits(cluster))? {
                Placed::There(path) | Placed::Sent(path) => runner = path,
                Placed::Refused(why) => return Err(FetchError::Answer { place: remote.place(), problem: why }),
            }
            continue;
        }
        let (head, mut bytes) =
            split_results(&section.output).ok_or_else(|| odd(section.text().chars().take(300).filter(|c| !c.is_control()).collect()))?;
        let total: u64 = head.files.iter().map(|(_, size)| size).sum();
        for part in &head.parts {
            let (piece, rest) = bytes.split_at(usize::try_from(part.len).unwrap_or(0));
            bytes = rest;
            if !is_safe_path(&part.path) {
                fetched.skipped.push(format!("{:?} has a name that is not used here", part.path));
                continue;
            }
            let failed = |error: io::Error| FetchError::Write { path: to.join(&part.path).display().to_string(), problem: error.to_string() };
            if part.offset == 0 {
                finish(&mut open, to, &mut fetched).map_err(failed)?;
                let size = head.files.iter().find(|(path, _)| *path == part.path).map_or(part.len, |(_, size)| *size);
                open = Some(create(to, &part.path, size).map_err(failed)?);
            }
            if let Some(arriving) = open.as_mut().filter(|arriving| arriving.path == part.path) {
                arriving.file.write_all(piece).map_err(failed)?;
            }
            done += part.len;
            progress(done, total);
        }
        for skipped in head.skipped {
            // Each piece tells of all that it met.
            if !fetched.skipped.contains(&skipped) {
                fetched.skipped.push(skipped);
            }
        }
        if done > MAX_REPORT_TOTAL && !all && head.next.is_some() {
            fetched.skipped.push(format!("the rest: more than {MAX_REPORT_TOTAL} bytes; use `researchloop sprint fetch {} --all`", row.id));
            break;
        }
        match head.next {
            // The same place again would go on for ever.
            Some(next) if from.as_ref() != Some(&next) => from = Some(next),
            _ => break,
        }
    }
    finish(&mut open, to, &mut fetched).map_err(|error| FetchError::Write { path: to.display().to_string(), problem: error.to_string() })?;
    Ok(fetched)
}

/// Remembers what was brought.
pub fn remember(store: &mut Store, id: &str, fetched: &Fetched) -> Result<(), StoreError> {
    let change = store.change()?;
    for (path, size) in &fetched.files {
        change.put_artifact(id, path, *size)?;
    }
    change.commit()
}

/// Makes a file under another name, in folders that are no links.
fn create(to: &Path, path: &str, size: u64) -> io::Result<Arriving> {
    let target = to.join(path);
    let folder = target.parent().unwrap_or(to);
    let mut below = to.to_path_buf();
    std::fs::create_dir_all(&below)?;
    for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
        below.push(part);
        match std::fs::symlink_metadata(&below) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is in the way", below.display()))),
            Err(_) => std::fs::create_dir(&below)?,
        }
    }
    // A name of its own: two fetches at once must not write into one file.
    let name = folder.join(format!("{NEW_FILE}{}", crate::platform::random::hex(8)));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&name)?;
    Ok(Arriving { path: path.to_owned(), name, file, size })
}

/// How the name of a file begins that is not whole yet.
const NEW_FILE: &str = ".researchloop-new-";

/// Removes what fetches that were killed have left, when it is a day old.
fn remove_leftovers(folder: &Path, depth: usize) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.is_dir() && depth < 20 {
            remove_leftovers(&entry.path(), depth + 1);
        } else if metadata.is_file()
            && entry.file_name().to_string_lossy().starts_with(NEW_FILE)
            && metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() > 86_400))
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A file that is not whole yet. It is removed unless it comes to its end.
#[derive(Debug)]
struct Arriving {
    path: String,
    name: PathBuf,
    file: File,
    /// How large it was when it began to arrive.
    size: u64,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.name);
    }
}

fn finish(open: &mut Option<Arriving>, to: &Path, fetched: &mut Fetched) -> io::Result<()> {
    let Some(arriving) = open.take() else { return Ok(()) };
    let size = arriving.file.metadata()?.len();
    if size < arriving.size {
        fetched.skipped.push(format!("{}: it became shorter, or went away, while it was brought", arriving.path));
        return Ok(());
    }
    std::fs::rename(&arriving.name, to.join(&arriving.path))?;
    fetched.files.push((arriving.path.clone(), size));
    Ok(())
}
