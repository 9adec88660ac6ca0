//! Writes the files that arrive from a cluster into the sprint's folder on this machine.
//!
//! The names come from a directory that a model wrote to: they are checked again here, and files are
//! made only below the sprint's own folder, through no link, for nobody else to read. A file has
//! its name when it is whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::fetch::{FetchError, Fetched};
use crate::bundle::PAGE_FILE;
use crate::bundle::transfer::{ResultsHead, is_safe_path};
use crate::domain::action;
use crate::platform::{private, random};

/// The files of one fetch.
pub(super) struct Arrival<'a> {
    to: &'a Path,
    max_file: u64,
    is_home: bool,
    /// Bytes that came.
    pub(super) done: u64,
    open: Option<Arriving>,
    fetched: Fetched,
}

impl<'a> Arrival<'a> {
    /// Files of at most `max_file` bytes each, below `to`. `is_home`: the sprint's own folder here.
    pub(super) fn at(to: &'a Path, max_file: u64, is_home: bool) -> Self {
        remove_leftovers(to, 0);
        Self { to, max_file, is_home, done: 0, open: None, fetched: Fetched::default() }
    }

    /// Takes one answer. Its parts are as long as the bytes, and in order.
    pub(super) fn take(&mut self, head: &ResultsHead, mut bytes: &[u8]) -> Result<(), FetchError> {
        for part in &head.parts {
            let Some((piece, rest)) =
                usize::try_from(part.len).ok().and_then(|len| bytes.split_at_checked(len))
            else {
                break;
            };
            bytes = rest;
            self.done = self.done.saturating_add(part.len);
            if !is_safe_path(&part.path) {
                self.skip(format!("{:?} has a name that is not used here", part.path));
                continue;
            }
            // There it is the name of the page that is made of the results, and nobody else's may be
            // taken for it.
            if part.path == PAGE_FILE && self.is_home {
                self.skip(format!(
                    "{PAGE_FILE} stays on the cluster: here it is the name of the page of the results; another folder (--to) takes it"
                ));
                continue;
            }
            let path = self.to.join(&part.path);
            let failed = |error: io::Error| FetchError::Write {
                path: path.display().to_string(),
                problem: error.to_string(),
            };
            if part.offset == 0 {
                self.close().map_err(failed)?;
                let size = head
                    .files
                    .iter()
                    .find(|(path, _)| *path == part.path)
                    .map_or(part.len, |(_, size)| *size);
                self.open = Some(Arriving::new(self.to, &part.path, size).map_err(failed)?);
            }
            let Some(open) =
                self.open.as_mut().filter(|open| open.path == part.path && open.len == part.offset)
            else {
                continue;
            };
            open.len += part.len;
            if open.len > self.max_file {
                self.open = None;
                self.skip(format!(
                    "{} has become larger than {} bytes; it stays on the cluster",
                    part.path, self.max_file
                ));
                continue;
            }
            open.file.write_all(piece).map_err(failed)?;
        }
        head.skipped.iter().for_each(|skipped| self.skip(skipped.clone()));
        Ok(())
    }

    /// Something was left out. Each answer tells of all that it met.
    pub(super) fn skip(&mut self, what: String) {
        let what = action::line(&what, 400);
        if self.fetched.skipped.len() < MAX_SKIPPED && !self.fetched.skipped.contains(&what) {
            self.fetched.skipped.push(what);
        }
    }

    /// What has arrived.
    pub(super) fn finish(mut self) -> Result<Fetched, FetchError> {
        self.close().map_err(|error| FetchError::Write {
            path: self.to.display().to_string(),
            problem: error.to_string(),
        })?;
        Ok(self.fetched)
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if open.len < open.size {
            self.skip(format!(
                "{}: it became shorter, or was removed, while it was fetched",
                open.path
            ));
            return Ok(());
        }
        std::fs::rename(&open.name, self.to.join(&open.path))?;
        self.fetched.files.push((open.path.clone(), open.len));
        Ok(())
    }
}

/// So many things that were left out are told.
const MAX_SKIPPED: usize = 1000;

/// How the name of a file begins that is not whole yet.
const NEW_FILE: &str = ".researchloop-new-";

/// A file that is not whole yet. It is removed unless it comes to its end.
#[derive(Debug)]
struct Arriving {
    path: String,
    name: PathBuf,
    file: File,
    /// How large it was when it began to arrive.
    size: u64,
    /// How much of it is here.
    len: u64,
}

impl Arriving {
    /// Makes a file under another name, in folders that are no links.
    fn new(to: &Path, path: &str, size: u64) -> io::Result<Self> {
        let target = to.join(path);
        let folder = target.parent().unwrap_or(to);
        let mut below = to.to_path_buf();
        private::make_folder(&below)?;
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            below.push(part);
            match std::fs::symlink_metadata(&below) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::AlreadyExists,
                        format!("{} is in the way", below.display()),
                    ));
                }
                Err(_) => private::make_folder(&below)?,
            }
        }
        // A name of its own: two fetches at once must not write into one file.
        let name = folder.join(format!("{NEW_FILE}{}", random::hex(8)));
        let file = private::new_file(&name)?;
        Ok(Self { path: path.to_owned(), name, file, size, len: 0 })
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.name);
    }
}

/// Removes what fetches that were killed have left, when it is a day old.
fn remove_leftovers(folder: &Path, depth: usize) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.is_dir() && depth < 20 {
            remove_leftovers(&entry.path(), depth + 1);
        } else if metadata.is_file()
            && entry.file_name().to_string_lossy().starts_with(NEW_FILE)
            && metadata
                .modified()
                .is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() > 86_400))
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
