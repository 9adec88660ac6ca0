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
use crate::platform::{clock, random};

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
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl Journal {
    /// Opens the journal in a sprint's directory, and finds out what number comes next.
    /// The lines in it are returned.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Line>)> {
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
            standstill: Standstill::default(),
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
        let needed = matches!(entry, Entry::RunStarted { .. } | Entry::StepEnded { .. } | Entry::Idea { .. } | Entry::RunEnded(_));
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
                    let what = if is_gone { "was not in its place any more" } else { "was changed by something else" };
                    let _ = self.line(&Entry::Note { text: format!("run.jsonl {what}, and was written again") });
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
            let text = format!("{} line(s) of this journal could not be written", self.lost);
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
                let torn = self.file.metadata().map_or(0, |metadata| metadata.len().saturating_sub(whole_until));
                self.written.extend_from_slice(&text[..usize::try_from(torn).unwrap_or(0).min(text.len())]);
            }
        })?;
        self.written.extend_from_slice(text);
        Ok(())
    }

    /// Whether something else has written to the file. That it was changed and kept its length is
    /// looked for only where it is `worth` reading all of it.
    fn is_altered(&self, worth: bool) -> bool {
        let expected = self.written.len() as u64;
        self.file.metadata().is_ok_and(|metadata| metadata.len() != expected) || (worth && self.is_as_written(self.written.len()) == Some(false))
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
            Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }

    /// Writes the whole journal again, in its place.
    fn put_back(&mut self) -> io::Result<()> {
        self.make_folder();
        replace(&self.folder, "run.jsonl", &self.written)?;
        self.file = open_plain(OpenOptions::new().read(true).append(true), &self.folder.join("run.jsonl"))?;
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
    let file = options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other(format!("{} is no regular file", path.display()))) }
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
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
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
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_behind_a_half_written_line() {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
        let (mut journal, before) = Journal::open(temp.path()).expect("opened");
        assert_eq!((before.len(), journal.incarnation()), (0, 1));
        journal.write(&Entry::Note { text: "one".to_owned() }).expect("written");
        journal.file.write_all(b"{\"v\":1,\"seq\":2,\"ti").expect("written");
        let (mut journal, before) = Journal::open(temp.path()).expect("opened");
        assert_eq!((before.len(), journal.incarnation()), (1, 2));
        journal.write(&Entry::Note { text: "two".to_owned() }).expect("written");
        let (lines, skipped) = parse(&std::fs::read(temp.path().join(".researchloop/run.jsonl")).expect("read"));
        assert_eq!(skipped, 1);
        assert_eq!(lines.iter().map(|line| (line.seq, line.incarnation)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    }

    fn note(text: &str) -> Entry {
        Entry::Note { text: text.to_owned() }
    }

    #[test]
    fn a_journal_that_was_removed_or_replaced_is_written_again_whole() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path().join(OWN_FOLDER);
        std::fs::create_dir(&own).expect("made");
        let (mut journal, _) = Journal::open(temp.path()).expect("opened");
        let read = || std::fs::read(own.join("run.jsonl")).expect("read");
        journal.write(&note("one")).expect("written");
        let before = read();

        std::fs::remove_dir_all(&own).expect("removed");
        journal.write(&note("two")).expect("written");
        assert!(read().starts_with(&before), "what was read before stays as it was");
        assert_eq!(parse(&read()).0.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);

        let before = read();
        std::fs::rename(own.join("run.jsonl"), own.join("other")).expect("renamed");
        std::fs::write(own.join("run.jsonl"), "forged\n").expect("written");
        journal.write(&note("three")).expect("written");
        assert!(read().starts_with(&before));
        assert_eq!(parse(&read()).0.len(), 5);
        assert_eq!(std::fs::read(own.join("other")).expect("read"), before);
    }

    #[test]
    fn what_others_write_to_the_journal_is_taken_out_of_it() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path().join(OWN_FOLDER);
        std::fs::create_dir(&own).expect("made");
        let (mut journal, _) = Journal::open(temp.path()).expect("opened");
        let path = own.join("run.jsonl");
        let read = || std::fs::read(&path).expect("read");
        let add = |text: &[u8]| File::options().append(true).open(&path).and_then(|mut file| file.write_all(text)).expect("written");
        let ended =
            Entry::StepEnded { verdict: "yes".to_owned(), detail: String::new(), seconds: 1, spent: crate::bundle::formats::Money::default() };
        journal.write(&note("one")).expect("written");
        let forged = br#"{"v":1,"seq":2,"time":"2026-01-02T03:04:05Z","incarnation":1,"kind":"run_ended","status":"completed"}"#;
        for foreign in [[forged.as_slice(), b"\n"].concat(), forged[..20].to_vec(), vec![b'x'; 200_000]] {
            let before = read();
            add(&foreign);
            journal.write(&note("two")).expect("written");
            assert!(read().starts_with(&before));
            let (lines, skipped) = parse(&read());
            assert_eq!((skipped, lines.iter().any(|line| line.kind() == "run_ended")), (0, false));
            assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=lines.len() as u64).collect::<Vec<_>>());
            assert!(String::from_utf8_lossy(&read()).contains("was changed by something else"));
        }
        // Changed in its place, and as long as before: the lines that others rest on look for that.
        let before = read();
        let changed = String::from_utf8_lossy(&before).replace("\"one\"", "\"uno\"");
        std::fs::write(&path, changed).expect("written");
        journal.write(&ended).expect("written");
        assert!(read().starts_with(&before));
        // Made shorter.
        let before = read();
        File::options().write(true).open(&path).and_then(|file| file.set_len(10)).expect("cut");
        journal.write(&note("three")).expect("written");
        assert!(read().starts_with(&before) && parse(&read()).1 == 0);
    }

    #[test]
    fn numbers_that_were_taken_in_advance_are_not_gone_on_from() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path().join(OWN_FOLDER);
        std::fs::create_dir(&own).expect("made");
        let line = |seq: u64, incarnation: u32| {
            format!("{{\"v\":1,\"seq\":{seq},\"time\":\"2026-01-02T03:04:05Z\",\"incarnation\":{incarnation},\"kind\":\"note\",\"text\":\"x\"}}\n")
        };
        let text = [line(1, 1), line(u64::from(u32::MAX) - 2, 1), line(u64::MAX, 1), line(2, u32::MAX), line(2, 999_999), line(2, 1)].concat();
        std::fs::write(own.join("run.jsonl"), text).expect("written");
        let (mut journal, before) = Journal::open(temp.path()).expect("opened");
        assert_eq!((before.iter().map(|line| line.seq).collect::<Vec<_>>(), journal.incarnation()), (vec![1, 2], 2));
        journal.write(&note("three")).expect("written");
        let (lines, skipped) = parse(&std::fs::read(own.join("run.jsonl")).expect("read"));
        assert_eq!((skipped, lines.iter().map(|line| line.seq).collect::<Vec<_>>()), (4, vec![1, 2, 3]));
    }

    #[test]
    fn what_stands_in_the_place_of_the_journal_is_moved_or_the_needed_lines_fail() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path().join("sprint");
        let own = dir.join(OWN_FOLDER);
        std::fs::create_dir_all(&own).expect("made");
        let (mut journal, _) = Journal::open(&dir).expect("opened");
        let ended =
            Entry::StepEnded { verdict: "yes".to_owned(), detail: String::new(), seconds: 1, spent: crate::bundle::formats::Money::default() };
        let count = || parse(&std::fs::read(own.join("run.jsonl")).expect("read")).0.len();
        journal.write(&note("one")).expect("written");
        std::fs::remove_file(own.join("run.jsonl")).expect("removed");
        std::fs::create_dir(own.join("run.jsonl")).expect("made");
        journal.write(&note("two")).expect("written");
        assert_eq!(count(), 3);

        std::fs::remove_file(own.join("run.jsonl")).expect("removed");
        std::fs::create_dir_all(own.join("run.jsonl/full")).expect("made");
        journal.write(&ended).expect("written");
        assert_eq!(count(), 5);
        let kept = std::fs::read_dir(&own).expect("read").flatten().any(|entry| entry.path().join("full").is_dir());
        assert!(kept, "what was in it is still there");

        std::fs::remove_dir_all(&own).expect("removed");
        std::os::unix::fs::symlink(temp.path(), &own).expect("linked");
        journal.write(&ended).expect("written");
        assert_eq!(count(), 7);
        assert!(!temp.path().join("run.jsonl").exists(), "the link was not followed");

        std::fs::remove_dir_all(&dir).expect("removed");
        journal.write(&note("three")).expect("a note is not worth the run");
        assert!(journal.write(&ended).is_err(), "nobody could read it");
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_the_needed_ones_fail() {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
        let (mut journal, _) = Journal::open(temp.path()).expect("opened");
        let path = temp.path().join(".researchloop/run.jsonl");
        journal.write(&note("one")).expect("written");
        // A descriptor that cannot write fails as a broken file server does.
        let sound = std::mem::replace(&mut journal.file, File::open(&path).expect("opened"));
        journal.write(&note("two")).expect("told later");
        let ended =
            Entry::StepEnded { verdict: "yes".to_owned(), detail: String::new(), seconds: 1, spent: crate::bundle::formats::Money::default() };
        assert!(journal.write(&ended).is_err());
        journal.file = sound;
        journal.write(&ended).expect("written");
        let (lines, skipped) = parse(&std::fs::read(&path).expect("read"));
        assert_eq!((skipped, lines.iter().map(|line| line.seq).collect::<Vec<_>>()), (0, vec![1, 2, 3]));
        assert!(String::from_utf8_lossy(&std::fs::read(&path).expect("read")).contains("1 line(s)"));
    }
}
