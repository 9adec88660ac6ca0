//! Writes `run.jsonl` and `state.json`, also when the disk is full, and when the agent has removed
//! them.
//!
//! The journal holds blocks behind its end, where the file system allows it: nobody else can take
//! them, so that the end of a run is recorded even on a disk that a model has filled. A small file
//! of real bytes lies in reserve for the rest; it is given up when everything that might take its
//! place has ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FallocateFlags;

use super::time::Standstill;
use crate::bundle::formats::StateFile;
use crate::bundle::journal::{Entry, Line, parse};
use crate::bundle::{FORMAT_VERSION, OWN_FOLDER};
use crate::domain::Masker;
use crate::domain::line_kind::Weight;
use crate::domain::text::number_of;
use crate::platform::{clock, private, random};

/// Bytes kept in reserve: enough for some hundred lines.
const RESERVE: usize = 256 * 1024;
/// A write that failed for no lack of space is tried once more after this time.
const AGAIN: Duration = Duration::from_millis(200);

/// The journal of one run, open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    folder: PathBuf,
    /// What stands in the file by this program's hand, or stood there when it began. Anything else there
    /// was written by the agent.
    written: Vec<u8>,
    next_seq: u64,
    incarnation: u32,
    disk_was_full: bool,
    /// Nothing of the job runs any more that could take the space that is left.
    alone: bool,
    /// How long the file may become before blocks for what follows are asked for again.
    held_until: u64,
    /// The file ends in a part of a line.
    torn: bool,
    /// Lines that could not be written, and were not told of.
    lost: u64,
    /// The step that lines belong to: label and visit.
    pub step: Option<(String, u32)>,
    /// Hides the values of the job's environment in every line.
    pub masker: Masker,
    standstill: Standstill,
}

/// Tells whether an error means that there is no space.
pub fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl Journal {
    /// Opens the journal in a sprint's directory, and finds out what number comes next.
    /// The lines in it are returned.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Line>)> {
        let folder = dir.join(OWN_FOLDER);
        let mut file = open_plain(
            OpenOptions::new().read(true).append(true).create(true),
            &folder.join("run.jsonl"),
        )?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let (lines, _) = parse(&text);
        let last_seq = lines.iter().map(|line| line.seq).max().unwrap_or(0);
        let last_incarnation = lines.iter().map(|line| line.incarnation).max().unwrap_or(0);
        if text.last().is_some_and(|byte| *byte != b'\n') {
            // The end of a line that was never finished: it must not spoil the next one.
            file.seek(SeekFrom::End(0))?;
            file.write_all(b"\n")?;
            text.push(b'\n');
        }
        let mut journal = Self {
            file,
            folder,
            written: text,
            next_seq: last_seq + 1,
            incarnation: last_incarnation + 1,
            disk_was_full: false,
            alone: false,
            held_until: 0,
            torn: false,
            lost: 0,
            step: None,
            masker: Masker::default(),
            standstill: Standstill::new(),
        };
        journal.make_reserve();
        journal.hold();
        journal.disk_was_full = false;
        Ok((journal, lines))
    }

    fn make_reserve(&self) {
        let path = self.folder.join("reserve");
        let write = || -> io::Result<()> {
            let _ = std::fs::remove_file(&path);
            let mut file = private::new_file(&path)?;
            // Not zeros: some file systems store those without using space.
            file.write_all(&b"reserve ".repeat(RESERVE / 8))?;
            file.sync_all()
        };
        if write().is_err() {
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Which incarnation this is, from 1.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Whether a write failed for want of space.
    pub fn disk_was_full(&self) -> bool {
        self.disk_was_full
    }

    /// Remembers that some other write failed for want of space.
    pub fn note_full_disk(&mut self) {
        self.disk_was_full = true;
    }

    /// Everything that might take the space that is left has ended: it may be used now.
    pub fn make_room(&mut self) {
        self.alone = true;
        let _ = std::fs::remove_file(self.folder.join("reserve"));
    }

    /// Asks for blocks behind the end of the file. File systems that cannot do it are left alone.
    fn hold(&mut self) {
        let size = self.file.metadata().map_or(0, |metadata| metadata.len());
        let reserve = RESERVE as u64;
        if size + reserve / 2 < self.held_until || self.alone {
            return;
        }
        self.held_until = size + reserve;
        let held = rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, size, reserve);
        self.disk_was_full |= held.is_err_and(|error| is_no_space(&error.into()));
    }

    /// Writes one line.
    ///
    /// # Errors
    /// There is no space; or a line that others rest on could not be written. Of the rest it is told
    /// later how many are lost.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let needed = entry.kind().weight() == Weight::Needed;
        let is_gone = self.is_gone();
        if is_gone || self.is_altered(needed) {
            let mut put_back = || if is_gone { self.put_back() } else { self.undo() };
            let put_back = put_back().or_else(|error| {
                if !needed || is_no_space(&error) {
                    return Err(error);
                }
                clock::pause(AGAIN);
                put_back()
            });
            match put_back {
                Ok(()) => {
                    let what =
                        if is_gone { "was missing" } else { "was changed by something else" };
                    let _ = self.line(&Entry::Note {
                        text: format!("run.jsonl {what}, and was written again"),
                    });
                }
                Err(error) => {
                    let full = is_no_space(&error) && !self.alone;
                    self.disk_was_full |= full;
                    // Nobody would ever read what is written to a file without a name. What stands in a
                    // file beside foreign lines is read.
                    if is_gone && (full || needed) {
                        return Err(error);
                    }
                }
            }
        }
        self.hold();
        if !needed && self.disk_was_full && !self.alone {
            // What is left is for the end.
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.lost > 0 {
            let text =
                format!("{} of this journal could not be written", number_of(self.lost, "line"));
            if self.line(&Entry::Note { text }).is_ok() {
                self.lost = 0;
            }
        }
        if let Some(entry) = self.standstill.news() {
            let _ = self.line(&entry);
        }
        match self.line(entry) {
            Err(error) if is_no_space(&error) && !self.alone => {
                self.disk_was_full = true;
                Err(error)
            }
            Err(error) if needed => Err(error),
            Err(_) => {
                self.lost += 1;
                Ok(())
            }
            Ok(()) => {
                if needed {
                    let _ = self.file.sync_data();
                }
                Ok(())
            }
        }
    }

    /// Notes that the job was suspended, if it was since that was noted last.
    pub fn tell_standstill(&mut self) -> io::Result<()> {
        self.standstill.news().map_or(Ok(()), |entry| self.write(&entry))
    }

    fn line(&mut self, entry: &Entry) -> io::Result<()> {
        let mut body = match serde_json::to_value(entry) {
            Ok(serde_json::Value::Object(body)) => body,
            _ => serde_json::Map::new(),
        };
        self.masker.fields(&mut body);
        let line = Line {
            v: FORMAT_VERSION,
            seq: self.next_seq,
            time: clock::now(),
            incarnation: self.incarnation,
            step: self.step.as_ref().map(|(label, _)| label.clone()),
            visit: self.step.as_ref().map(|(_, visit)| *visit),
            body,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.append(&text).or_else(|error| {
            if is_no_space(&error) {
                return Err(error);
            }
            clock::pause(AGAIN);
            self.append(&text)
        })?;
        self.next_seq += 1;
        Ok(())
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        let whole_until = self.file.metadata()?.len();
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
            self.written.push(b'\n');
        }
        self.file.write_all(text).inspect_err(|_| {
            self.torn = self.file.set_len(whole_until).is_err();
            if self.torn {
                let torn = self
                    .file
                    .metadata()
                    .map_or(0, |metadata| metadata.len().saturating_sub(whole_until));
                self.written
                    .extend_from_slice(&text[..usize::try_from(torn).unwrap_or(0).min(text.len())]);
            }
        })?;
        self.written.extend_from_slice(text);
        Ok(())
    }

    /// Whether something else has written to the file. That it was changed and kept its length is
    /// looked for only where it is `worth` reading all of it.
    fn is_altered(&self, worth: bool) -> bool {
        let expected = self.written.len() as u64;
        self.file.metadata().is_ok_and(|metadata| metadata.len() != expected)
            || (worth && self.is_as_written(self.written.len()) == Some(false))
    }

    /// Whether the first so many bytes of the file are what this program knows. None when they cannot
    /// be read.
    fn is_as_written(&self, count: usize) -> Option<bool> {
        let mut buffer = vec![0; 64 * 1024];
        let mut at = 0;
        while at < count {
            let piece = buffer.len().min(count - at);
            match self.file.read_exact_at(&mut buffer[..piece], at as u64) {
                Ok(()) if buffer[..piece] == self.written[at..at + piece] => at += piece,
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return None,
                _ => return Some(false),
            }
        }
        Some(true)
    }

    /// Takes out of the file what others have written. That needs no space where they have only added.
    fn undo(&mut self) -> io::Result<()> {
        if self.is_as_written(self.written.len()) == Some(true) {
            self.held_until = 0;
            return self.file.set_len(self.written.len() as u64);
        }
        self.put_back()
    }

    /// Whether something else, or nothing, stands in the place of the file that is written to.
    fn is_gone(&self) -> bool {
        let Ok(here) = self.file.metadata() else { return false };
        match std::fs::symlink_metadata(self.folder.join("run.jsonl")) {
            Ok(there) => (there.dev(), there.ino()) != (here.dev(), here.ino()),
            Err(error) => {
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
        }
    }

    /// Writes the whole journal again, in its place.
    fn put_back(&mut self) -> io::Result<()> {
        self.make_folder();
        replace(&self.folder, "run.jsonl", &self.written)?;
        self.file =
            open_plain(OpenOptions::new().read(true).append(true), &self.folder.join("run.jsonl"))?;
        self.held_until = 0;
        Ok(())
    }

    fn make_folder(&self) {
        if std::fs::symlink_metadata(&self.folder).is_ok_and(|there| !there.is_dir()) {
            let _ = std::fs::rename(&self.folder, aside(&self.folder));
        }
        let _ = std::fs::DirBuilder::new().mode(0o700).create(&self.folder);
    }

    /// Replaces `state.json`.
    pub fn save(&mut self, state: &StateFile) -> io::Result<()> {
        let text = serde_json::to_vec(state)?;
        replace(&self.folder, "state.json", &text).or_else(|error| {
            if is_no_space(&error) {
                self.disk_was_full = true;
                return Err(error);
            }
            self.make_folder();
            clock::pause(AGAIN);
            replace(&self.folder, "state.json", &text)
        })
    }

    /// Gives back what was kept in reserve. Called when the end is recorded.
    pub fn finish(&self) {
        let _ = std::fs::remove_file(self.folder.join("reserve"));
        if let Ok(metadata) = self.file.metadata() {
            let _ = self.file.set_len(metadata.len());
        }
    }
}

/// Opens a file of ours in a folder that the agent writes to: a regular file and nothing else, and
/// without waiting, as a named pipe would make us do.
pub fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file =
        options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other(format!("{} is not a regular file", path.display())))
    }
}

/// A name beside this one that nothing has.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{}.aside", random::hex(4)))
}

/// Writes a whole file under another name and puts it in place. A folder that stands there is moved
/// aside, if something is in it.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.{}.tmp", random::hex(4)));
    let write = || -> io::Result<()> {
        let mut file = private::new_file(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        let path = folder.join(name);
        std::fs::rename(&temporary, &path).or_else(|error| {
            if !std::fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir()) {
                return Err(error);
            }
            std::fs::remove_dir(&path).or_else(|_| std::fs::rename(&path, aside(&path)))?;
            std::fs::rename(&temporary, &path)
        })
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
