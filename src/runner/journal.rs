//! Writes `run.jsonl` and `state.json`, also when the disk is full.
//!
//! A small file of real bytes lies in reserve. When a line cannot be written for want of
//! space, the reserve is removed and the line is written again: so the end of a run is
//! recorded even on a disk that a model has filled.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::bundle::formats::StateFile;
use crate::bundle::journal::{Entry, Line, parse};
use crate::bundle::{FORMAT_VERSION, OWN_FOLDER};
use crate::platform::{clock, random};

/// Bytes kept in reserve: enough for some hundred lines.
const RESERVE: usize = 256 * 1024;

/// The journal of one run, open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    folder: PathBuf,
    next_seq: u64,
    incarnation: u32,
    disk_was_full: bool,
    /// The step that lines belong to: label and visit.
    pub step: Option<(String, u32)>,
}

/// Tells whether an error means that there is no space.
pub fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl Journal {
    /// Opens the journal in a sprint's directory, and finds out what number comes next.
    /// The last incarnation in it is returned, 0 for none.
    pub fn open(dir: &Path) -> io::Result<(Self, u32)> {
        let folder = dir.join(OWN_FOLDER);
        let mut file = open_plain(OpenOptions::new().read(true).append(true).create(true), &folder.join("run.jsonl"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let (lines, _) = parse(&text);
        let last_seq = lines.iter().map(|line| line.seq).max().unwrap_or(0);
        let last_incarnation = lines.iter().map(|line| line.incarnation).max().unwrap_or(0);
        if text.last().is_some_and(|byte| *byte != b'\n') {
            // The end of a line that was never finished: it must not spoil the next one.
            file.seek(SeekFrom::End(0))?;
            file.write_all(b"\n")?;
        }
        let journal = Self { file, folder, next_seq: last_seq + 1, incarnation: last_incarnation + 1, disk_was_full: false, step: None };
        journal.make_reserve();
        Ok((journal, last_incarnation))
    }

    fn make_reserve(&self) {
        let path = self.folder.join("reserve");
        let write = || -> io::Result<()> {
            let _ = std::fs::remove_file(&path);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
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

    /// Writes one line.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let body = match serde_json::to_value(entry) {
            Ok(serde_json::Value::Object(body)) => body,
            _ => serde_json::Map::new(),
        };
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
        let whole_until = self.file.metadata()?.len();
        if let Err(error) = self.file.write_all(&text) {
            if !is_no_space(&error) {
                return Err(error);
            }
            self.disk_was_full = true;
            self.file.set_len(whole_until)?;
            std::fs::remove_file(self.folder.join("reserve"))?;
            self.file.write_all(&text)?;
        }
        self.next_seq += 1;
        if matches!(entry, Entry::RunStarted { .. } | Entry::StepEnded { .. } | Entry::RunEnded(_)) {
            let _ = self.file.sync_data();
        }
        Ok(())
    }

    /// Replaces `state.json`.
    pub fn save(&mut self, state: &StateFile) -> io::Result<()> {
        let text = serde_json::to_vec(state)?;
        let written = replace(&self.folder, "state.json", &text);
        if let Err(error) = &written
            && is_no_space(error)
        {
            self.disk_was_full = true;
            let _ = std::fs::remove_file(self.folder.join("reserve"));
            return replace(&self.folder, "state.json", &text);
        }
        written
    }

    /// Gives the reserve back. Called when the end is recorded.
    pub fn finish(&self) {
        let _ = std::fs::remove_file(self.folder.join("reserve"));
    }
}

/// Opens a file of ours in a folder that the agent writes to: a regular file and nothing else, and
/// without waiting, as a named pipe would make us do.
pub fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other(format!("{} is no regular file", path.display()))) }
}

/// Writes a whole file under another name and puts it in place.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.{}.tmp", random::hex(4)));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        std::fs::rename(&temporary, folder.join(name))
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_behind_a_half_written_line() {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
        let (mut journal, before) = Journal::open(temp.path()).expect("opened");
        assert_eq!((before, journal.incarnation()), (0, 1));
        journal.write(&Entry::Note { text: "one".to_owned() }).expect("written");
        journal.file.write_all(b"{\"v\":1,\"seq\":2,\"ti").expect("written");
        let (mut journal, before) = Journal::open(temp.path()).expect("opened");
        assert_eq!((before, journal.incarnation()), (1, 2));
        journal.write(&Entry::Note { text: "two".to_owned() }).expect("written");
        let (lines, skipped) = parse(&std::fs::read(temp.path().join(".researchloop/run.jsonl")).expect("read"));
        assert_eq!(skipped, 1);
        assert_eq!(lines.iter().map(|line| (line.seq, line.incarnation)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    }
}
