//! Copies what a process prints to its file, and hands it on line by line.
//!
//! Hides that the reader of the lines may stand still (a journal on a file server that hangs):
//! then the lines wait, up to a number of bytes, and behind that the process itself waits.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::journal::is_no_space;
use crate::platform::clock;

/// A longer line is not looked at; the stream's file has it whole.
pub const MAX_LINE: u64 = 16 << 20;
/// The stream's file is cut here.
pub const MAX_STREAM: u64 = 512 << 20;
/// Bytes of lines that wait to be looked at. One line that is longer waits alone.
const MAX_WAITING: usize = 32 << 20;
/// A pipe and the buffer behind it hold no more than this.
const MAX_PIPE: u64 = 2 << 20;

/// What the process printed.
pub enum Piece {
    /// A line without its break.
    Line(Line),
    /// There is no space for its file.
    DiskFull,
}

/// A line. While it lives, its bytes count as waiting.
pub struct Line {
    bytes: Vec<u8>,
    /// How many bytes had been read when it was whole.
    read: u64,
    shared: Arc<Shared>,
}

impl Line {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        *self.shared.waiting() -= self.bytes.len() + 1;
        self.shared.grown_less.notify_all();
    }
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<usize>,
    grown_less: Condvar,
    /// Odd while the thread waits for the pipe, even while it works on what it got.
    turns: AtomicU64,
    read: AtomicU64,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a line, when there is one.
    fn line(self: &Arc<Self>, bytes: Vec<u8>) -> Line {
        let size = bytes.len() + 1;
        let mut waiting = self.waiting();
        while *waiting > 0 && *waiting + size > MAX_WAITING {
            waiting = self.grown_less.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        *waiting += size;
        drop(waiting);
        Line { bytes, read: self.read.load(Ordering::SeqCst), shared: Arc::clone(self) }
    }
}

/// The lines of a process.
pub struct Lines {
    pieces: Receiver<Piece>,
    shared: Arc<Shared>,
    /// How many bytes had been read when the last line was whole that was handed on.
    handed_on: u64,
    /// The pipe itself, which tells whether something is in it. On a busy machine the thread may stand
    /// still although there is.
    pipe: Option<OwnedFd>,
}

impl Lines {
    /// Begins to read.
    pub fn of(output: impl Read + AsFd + Send + 'static, stream: File) -> Self {
        // The number is bounded as well: an empty line takes more memory than it has bytes.
        let (sender, pieces) = sync_channel(4096);
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let pipe = output.as_fd().try_clone_to_owned().ok();
        std::thread::spawn(move || read_lines(output, stream, &sender, &of_thread));
        Self { pieces, shared, handed_on: 0, pipe }
    }

    /// The next piece, if one comes in that time.
    pub fn next(&mut self, time: Duration) -> Result<Piece, RecvTimeoutError> {
        let piece = self.pieces.recv_timeout(time)?;
        if let Piece::Line(line) = &piece {
            self.handed_on = line.read;
        }
        Ok(piece)
    }

    /// How many bytes were read so far.
    pub fn read(&self) -> u64 {
        self.shared.read.load(Ordering::SeqCst)
    }

    /// Whether everything is handed on that a process had printed which has ended. `read_then`: what
    /// was read when it had ended. Somebody else may hold its pipe open, and print as well.
    pub fn has_all(&self, read_then: u64) -> bool {
        if self.handed_on > read_then + MAX_PIPE {
            return true;
        }
        if *self.shared.waiting() > 0
            || self
                .pipe
                .as_ref()
                .is_some_and(|pipe| rustix::io::ioctl_fionread(pipe).is_ok_and(|count| count > 0))
        {
            return false;
        }
        let before = self.shared.turns.load(Ordering::SeqCst);
        // A thread that waits for the pipe for a while has found it empty.
        clock::pause(Duration::from_millis(5));
        before % 2 == 1
            && self.shared.turns.load(Ordering::SeqCst) == before
            && *self.shared.waiting() == 0
    }
}

/// Copies the output to its file and cuts it into lines.
fn read_lines(
    mut output: impl Read,
    mut stream: File,
    sender: &SyncSender<Piece>,
    shared: &Arc<Shared>,
) {
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut line: Vec<u8> = Vec::new();
    let mut too_long = false;
    let mut written: u64 = 0;
    loop {
        shared.turns.fetch_add(1, Ordering::SeqCst);
        let read = output.read(&mut buffer);
        shared.turns.fetch_add(1, Ordering::SeqCst);
        let count = match read {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        shared.read.fetch_add(count as u64, Ordering::SeqCst);
        let piece = &buffer[..count];
        if written < MAX_STREAM {
            written += count as u64;
            if let Err(error) = stream.write_all(piece)
                && is_no_space(&error)
            {
                written = MAX_STREAM;
                let _ = sender.send(Piece::DiskFull);
            }
        }
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if let Some(end) = part.strip_suffix(b"\n") {
                line.extend_from_slice(end);
                let whole = std::mem::take(&mut line);
                if !std::mem::take(&mut too_long)
                    && sender.send(Piece::Line(shared.line(whole))).is_err()
                {
                    return;
                }
            } else if (line.len() + part.len()) as u64 > MAX_LINE {
                too_long = true;
                line.clear();
            } else {
                line.extend_from_slice(part);
            }
        }
    }
    if !line.is_empty() && !too_long {
        let _ = sender.send(Piece::Line(shared.line(line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> (Lines, io::PipeWriter, tempfile::TempDir) {
        let temp = tempfile::tempdir().expect("a folder");
        let (reader, writer) = io::pipe().expect("a pipe");
        let stream = File::create(temp.path().join("stream")).expect("a file");
        (Lines::of(reader, stream), writer, temp)
    }

    fn next(lines: &mut Lines) -> String {
        match lines.next(Duration::from_secs(10)) {
            Ok(Piece::Line(line)) => String::from_utf8_lossy(line.bytes()).into_owned(),
            Ok(Piece::DiskFull) => "full".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn all_is_there_only_when_every_line_was_handed_on_though_the_pipe_stays_open() {
        let (mut lines, mut writer, _temp) = lines();
        writer.write_all(b"one\ntwo\n").expect("written");
        assert!(!(lines.read() > 0 && lines.has_all(lines.read())), "two lines wait");
        assert_eq!((next(&mut lines), next(&mut lines)), ("one".to_owned(), "two".to_owned()));
        while !lines.has_all(8) {}
    }

    /// A pipe that the thread is slow to read from.
    struct Slow(io::PipeReader);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            clock::pause(Duration::from_millis(300));
            self.0.read(buffer)
        }
    }

    impl AsFd for Slow {
        fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    #[test]
    fn a_thread_that_is_not_run_is_no_proof_that_nothing_is_there() {
        let temp = tempfile::tempdir().expect("a folder");
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let mut lines =
            Lines::of(Slow(reader), File::create(temp.path().join("stream")).expect("a file"));
        writer.write_all(b"the result\n").expect("written");
        for _ in 0..10 {
            assert!(!lines.has_all(0), "a line is in the pipe");
        }
        assert_eq!(next(&mut lines), "the result");
    }

    #[test]
    fn somebody_else_who_never_stops_printing_is_not_listened_to_for_ever() {
        let (mut lines, mut writer, _temp) = lines();
        std::thread::spawn(move || while writer.write_all(b"y\ny\ny\ny\n").is_ok() {});
        let mut count = 0_u64;
        while !lines.has_all(0) {
            assert_eq!(next(&mut lines), "y");
            count += 1;
            assert!(count < 10_000_000, "no end");
        }
    }

    #[test]
    fn what_waits_to_be_looked_at_is_bounded() {
        let (mut lines, mut writer, _temp) = lines();
        let long = vec![b'x'; 12 << 20];
        let thread = std::thread::spawn(move || {
            for _ in 0..8 {
                writer.write_all(&long).and_then(|()| writer.write_all(b"\n")).expect("written");
            }
        });
        let mut most = 0;
        for _ in 0..8 {
            clock::pause(Duration::from_millis(100));
            most = most.max(*lines.shared.waiting());
            assert_eq!(next(&mut lines).len(), 12 << 20);
        }
        thread.join().expect("ended");
        assert!(most <= MAX_WAITING, "{most} bytes waited");
    }
}
