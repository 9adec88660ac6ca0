//! Runs one process of the agent: feeds it, listens to it, ends it when it must end.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::journal::{is_no_space, open_plain};
use super::signals::StopSignals;
use super::sweep;
use crate::claude::Exit;
use crate::platform::{clock, process};

/// A longer line is not looked at; the stream's file has it whole.
const MAX_LINE: usize = 16 << 20;
/// The stream's file is cut here.
const MAX_STREAM: u64 = 512 << 20;
/// Between asking a process to end and making it.
const GRACE: Duration = Duration::from_secs(3);
/// After a result, while nothing runs in the background, the process has this long to end.
const AFTER_RESULT: Duration = Duration::from_secs(30);
/// Grid Engine signals every process of a job, and the agent may die of it before the
/// signal, or the job script's copy of it, has reached the runner.
const SIGNAL_LAG: Duration = Duration::from_secs(2);

/// A process that is still there so long after it should have been killed is left alone.
const UNKILLABLE: Duration = Duration::from_secs(30);
/// Between two collections of orphans that have ended.
const REAP: Duration = Duration::from_secs(20);

/// What is to be run.
#[derive(Debug)]
pub struct Process<'a> {
    /// The program and its arguments.
    pub words: &'a [String],
    /// The environment, whole.
    pub environment: &'a [(String, String)],
    /// The working directory.
    pub dir: &'a Path,
    /// What it reads.
    pub input: File,
    /// Where its output is kept.
    pub stream: &'a Path,
    /// Where its errors are kept.
    pub errors: &'a Path,
    /// When it must have ended.
    pub deadline: Instant,
}

/// Why a process was ended by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// A signal asked the runner to stop.
    Signal(&'static str),
    /// The deadline came.
    Deadline,
    /// It had said its result long ago.
    Lingered,
    /// There is no space for its stream.
    DiskFull,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit.
    pub exit: Exit,
    /// Whether we ended it.
    pub stopped: Option<Stopped>,
    /// The end of what it wrote to standard error.
    pub errors: String,
}

/// What a listener tells of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is at work.
    Working,
    /// It has told its result, and nothing of it runs in the background.
    Finished,
}

enum Piece {
    Line(Vec<u8>),
    DiskFull,
}

/// Runs it. `listen` is called with each line that it prints, and with an empty line
/// from time to time.
pub fn run(what: Process<'_>, signals: &mut StopSignals, mut listen: impl FnMut(&[u8]) -> Heard) -> io::Result<Ended> {
    let Some((program, arguments)) = what.words.split_first() else {
        return Ok(Ended { exit: Exit::Code(127), stopped: None, errors: "the agent's command is empty".to_owned() });
    };
    let stream = open_plain(File::options().append(true).create(true), what.stream)?;
    let errors = open_plain(File::options().write(true).create(true).truncate(true), what.errors)?;
    let mut command = process::command(program);
    command
        .args(arguments)
        .env_clear()
        .envs(what.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(what.dir)
        .stdin(what.input)
        .stdout(Stdio::piped())
        .stderr(errors)
        .process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
            return Ok(Ended { exit: Exit::Code(code), stopped: None, errors: format!("{program}: {error}") });
        }
    };
    let pieces = child.stdout.take().map(|output| {
        let (sender, pieces) = sync_channel(256);
        std::thread::spawn(move || read_lines(output, stream, &sender));
        pieces
    });
    let (exit, stopped) = supervise(&mut child, pieces, what.deadline, signals, &mut listen)?;
    Ok(Ended { exit, stopped, errors: tail(what.errors) })
}

fn supervise(
    child: &mut Child,
    mut pieces: Option<Receiver<Piece>>,
    deadline: Instant,
    signals: &mut StopSignals,
    listen: &mut impl FnMut(&[u8]) -> Heard,
) -> io::Result<(Exit, Option<Stopped>)> {
    let mut stopped: Option<(Stopped, Instant)> = None;
    let mut finished_at: Option<Instant> = None;
    let mut exited: Option<(Exit, Instant)> = None;
    let mut reaped = clock::instant();
    loop {
        let piece = match &pieces {
            Some(receiver) => receiver.recv_timeout(Duration::from_millis(100)),
            None => {
                clock::pause(Duration::from_millis(20));
                Err(RecvTimeoutError::Timeout)
            }
        };
        let now = clock::instant();
        let mut stop = |why: Stopped, child: &mut Child| {
            if stopped.is_none() {
                stopped = Some((why, clock::instant()));
                signal_group(child, Signal::TERM);
            }
        };
        match piece {
            Ok(Piece::Line(line)) => match listen(&line) {
                Heard::Finished => finished_at = finished_at.or(Some(now)),
                Heard::Working => finished_at = None,
            },
            Ok(Piece::DiskFull) => stop(Stopped::DiskFull, child),
            Err(RecvTimeoutError::Timeout) => {
                listen(b"");
                if reaped.elapsed() > REAP {
                    reaped = clock::instant();
                    sweep::reap_but(child.id());
                }
            }
            Err(RecvTimeoutError::Disconnected) => pieces = None,
        }
        if exited.is_none() {
            exited = child.try_wait()?.map(|status| (exit_of(status), now));
        }
        if let Some((exit, at)) = exited {
            // A scheduler may have signalled all processes of the job at once.
            let was_asked = stopped.is_none() && exit.signal().is_some_and(StopSignals::catches);
            if was_asked && let Some(name) = signals.seen() {
                stopped = Some((Stopped::Signal(name), now));
                continue;
            }
            if was_asked && at.elapsed() < SIGNAL_LAG {
                continue;
            }
            // A grandchild may hold the pipe open: what the process itself has
            // printed is there by now.
            if pieces.is_none() || at.elapsed() > Duration::from_secs(2) {
                return Ok((exit, stopped.map(|(why, _)| why)));
            }
            continue;
        }
        if let Some(name) = signals.seen() {
            stop(Stopped::Signal(name), child);
        } else if now >= deadline {
            stop(Stopped::Deadline, child);
        } else if finished_at.is_some_and(|at| at.elapsed() > AFTER_RESULT) {
            stop(Stopped::Lingered, child);
        }
        if let Some((why, at)) = stopped
            && at.elapsed() > GRACE
        {
            signal_group(child, Signal::KILL);
            if at.elapsed() > UNKILLABLE {
                // Nothing ends a process that waits for a dead file server.
                return Ok((Exit::Signal(9), Some(why)));
            }
        }
    }
}

fn signal_group(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

fn exit_of(status: std::process::ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(1),
    }
}

/// Copies the output to its file and cuts it into lines.
fn read_lines(mut output: impl Read, mut stream: File, sender: &SyncSender<Piece>) {
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut line: Vec<u8> = Vec::new();
    let mut too_long = false;
    let mut written: u64 = 0;
    loop {
        let count = match output.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
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
                if !std::mem::take(&mut too_long) && sender.send(Piece::Line(whole)).is_err() {
                    return;
                }
            } else if line.len() + part.len() > MAX_LINE {
                too_long = true;
                line.clear();
            } else {
                line.extend_from_slice(part);
            }
        }
    }
    if !line.is_empty() && !too_long {
        let _ = sender.send(Piece::Line(line));
    }
}

/// The last lines of what a process wrote to standard error, at most 2000 characters.
fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = open_plain(File::options().read(true), path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(2000)))?;
        let mut bytes = Vec::new();
        file.take(2000).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}
