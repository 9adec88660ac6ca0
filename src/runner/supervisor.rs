//! Starts the processes of a run, listens to them, waits, and ends whatever they leave behind.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::gpus::GpuWatch;
use super::journal::{Journal, open_plain};
use super::pipe::{Lines, Piece};
use super::reaper::{self, Started};
use super::signals::StopSignals;
use super::time::JobTime;
use crate::bundle::journal::Entry;
use crate::claude::Exit;
use crate::domain::text::number_of;
use crate::platform::{clock, process};

/// After a result, while nothing runs in the background, the process has this long to end.
const AFTER_RESULT: Duration = Duration::from_secs(30);
/// Grid Engine signals every process of a job, and the agent may die of it before the
/// signal, or the job script's copy of it, has reached the runner.
const SIGNAL_LAG: Duration = Duration::from_secs(2);

/// What a process had printed before it ended is looked at when the file system that its lines go
/// to stands still for less than this.
const LONGEST_STALL: Duration = Duration::from_secs(600);
/// A process that is still there so long after it should have been killed is left alone.
const UNKILLABLE: Duration = Duration::from_secs(30);
/// A longer file of errors is cut ...
const MAX_ERRORS: u64 = 64 << 20;
/// ... down to its end.
const KEPT_ERRORS: u64 = 64 << 10;
/// How much of the errors is told.
pub const ERRORS_TOLD: usize = 8000;
/// Between two collections of orphans that have ended, and two looks at the file of errors.
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
    /// When it must have ended, if before the job must.
    pub deadline: Option<Instant>,
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
    /// Nothing was heard of it since it began.
    Silent,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit.
    pub exit: Exit,
    /// Whether we ended it.
    pub stopped: Option<Stopped>,
    /// The end of what it wrote to standard error, at most [`ERRORS_TOLD`] bytes.
    pub errors: String,
}

/// What happens while a process runs.
#[derive(Debug)]
pub enum ProcessEvent<'a> {
    /// A line that the process printed.
    Line(&'a [u8]),
    /// A signal came to the job, and the process goes on.
    Warning(String),
    /// Something is to be noted that the run does not need.
    News(Entry),
    /// Nothing, for a while.
    Idle,
}

/// What a listener says of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It is at work.
    Working,
    /// It has told its result, and nothing of it runs in the background.
    Finished,
    /// What it tells cannot be written for want of space.
    NoSpace,
    /// It should have said something long ago.
    Silent,
}

/// What starts, stops and ends the processes of a run.
#[derive(Debug)]
pub struct Supervisor {
    /// The signals that stop the run.
    pub signals: StopSignals,
    /// How long the job may run.
    time: JobTime,
    /// What every process of the job carries.
    mark: String,
    /// What the user's profile has started: it lives until the run ends.
    of_profile: Vec<Started>,
    /// What looks at the job's GPUs, beside the run.
    gpus: Option<GpuWatch>,
}

impl Supervisor {
    /// The supervisor of a job whose processes carry this mark.
    pub fn new(
        signals: StopSignals,
        time: JobTime,
        mark: String,
        of_profile: Vec<Started>,
        gpus: Option<GpuWatch>,
    ) -> Self {
        Self { signals, time, mark, of_profile, gpus }
    }

    /// Waits, unless the run must stop earlier.
    pub fn wait(&mut self, journal: &mut Journal, time: Duration) -> Option<Stopped> {
        let until = clock::instant() + time;
        loop {
            if let Some(name) = self.signals.seen() {
                return Some(Stopped::Signal(name));
            }
            if self.time.is_over() {
                return Some(Stopped::Deadline);
            }
            // It is told again with the next line, if it cannot be written now.
            let _ = self.tell_news(journal);
            let now = clock::instant();
            if now >= until {
                return None;
            }
            clock::pause((until - now).min(Duration::from_millis(100)));
        }
    }

    /// Notes what has happened to the job as a whole.
    pub fn tell_news(&mut self, journal: &mut Journal) -> io::Result<()> {
        self.tell_gpus(journal);
        match self.signals.warning() {
            Some(text) => journal.write(&Entry::Note { text }),
            None => journal.tell_standstill(),
        }
    }

    /// Notes what the job's GPUs do. What cannot be noted is no reason to end anything.
    fn tell_gpus(&mut self, journal: &mut Journal) {
        for entry in self.gpus.as_mut().map(GpuWatch::news).unwrap_or_default() {
            let _ = journal.write(&entry);
        }
    }

    /// Looks no more at GPUs, and notes the last look.
    pub fn end_gpus(&mut self, journal: &mut Journal) {
        self.tell_gpus(journal);
        if let Some(entry) = self.gpus.as_mut().and_then(GpuWatch::end) {
            let _ = journal.write(&entry);
        }
    }

    /// Ends whatever the agent or a command has left running. It was told so.
    pub fn clear_up(&mut self, journal: &mut Journal) -> io::Result<()> {
        let grace = self.grace();
        let (ended, left) = self.end(&self.of_profile, grace);
        if journal.disk_was_full() {
            journal.make_room();
        }
        ended_note(ended, left).map_or(Ok(()), |text| journal.write(&Entry::Note { text }))
    }

    /// Ends every process of the job, and returns how many could not be ended.
    pub fn end_all(&mut self) -> usize {
        let grace = self.grace();
        self.end(&[], grace).1
    }

    /// Ends all processes but these, and what looks at GPUs: a look that hangs is nothing that was left running.
    fn end(&self, spared: &[Started], grace: Duration) -> (usize, usize) {
        let asking = self.gpus.as_ref().map(GpuWatch::asking);
        let looks = asking.iter().flat_map(|asking| asking.iter()).copied();
        let spared: Vec<Started> = spared.iter().copied().chain(looks).collect();
        reaper::end_all(&self.mark, &spared, grace)
    }

    fn grace(&mut self) -> Duration {
        reaper::grace(self.time.until_killed(), self.signals.since())
    }

    /// Runs a process. `listen` is called with each line that it prints, and from time to time.
    pub fn run(
        &mut self,
        what: Process<'_>,
        mut listen: impl FnMut(ProcessEvent<'_>) -> Activity,
    ) -> io::Result<Ended> {
        let Some((program, arguments)) = what.words.split_first() else {
            return Ok(Ended {
                exit: Exit::Code(127),
                stopped: None,
                errors: "the agent's command is empty".to_owned(),
            });
        };
        let stream = open_plain(File::options().append(true).create(true), what.stream)?;
        let errors = open_plain(File::options().append(true).create(true), what.errors)?;
        errors.set_len(0)?;
        let mut command = if self.signals.does_usr1_warn() {
            // Grid Engine sends it to every process of the job, and most die of it. One that handles it still can.
            let mut shell = process::command("/bin/sh");
            shell.args(["-c", r#"trap "" USR1; exec "$@""#, "sh", program]);
            shell
        } else {
            process::command(program)
        };
        command
            .args(arguments)
            .env_clear()
            .envs(what.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(what.dir)
            .stdin(what.input.try_clone()?)
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                return Ok(Ended {
                    exit: Exit::Code(code),
                    stopped: None,
                    errors: format!("{program}: {error}"),
                });
            }
        };
        let lines = child.stdout.take().map(|output| Lines::of(output, stream));
        let (exit, stopped) = self.supervise(&mut child, lines, &what, &mut listen)?;
        Ok(Ended { exit, stopped, errors: tail(what.errors) })
    }

    fn supervise(
        &mut self,
        child: &mut Child,
        mut lines: Option<Lines>,
        what: &Process<'_>,
        listen: &mut impl FnMut(ProcessEvent<'_>) -> Activity,
    ) -> io::Result<(Exit, Option<Stopped>)> {
        let mut stopped: Option<(Stopped, Instant)> = None;
        let mut grace = Duration::ZERO;
        let mut finished_at: Option<Instant> = None;
        // With what had been read of its output when its exit was seen.
        let mut exited: Option<(Exit, Instant, u64)> = None;
        let mut reaped = clock::instant();
        loop {
            let piece = match &mut lines {
                Some(lines) => lines.next(Duration::from_millis(100)),
                None => {
                    clock::pause(Duration::from_millis(20));
                    Err(RecvTimeoutError::Timeout)
                }
            };
            let mut stop = |why: Stopped, child: &mut Child| {
                if stopped.is_none() {
                    stopped = Some((why, clock::instant()));
                    grace = reaper::grace(self.time.until_killed(), None);
                    process::signal_group(child.id(), Signal::TERM);
                }
            };
            match piece {
                Ok(Piece::Line(line)) => match listen(ProcessEvent::Line(line.bytes())) {
                    Activity::Finished => {
                        finished_at = finished_at.or_else(|| Some(clock::instant()))
                    }
                    Activity::Working => finished_at = None,
                    Activity::NoSpace => stop(Stopped::DiskFull, child),
                    Activity::Silent => stop(Stopped::Silent, child),
                },
                Ok(Piece::DiskFull) => stop(Stopped::DiskFull, child),
                Err(RecvTimeoutError::Timeout) => {
                    if listen(ProcessEvent::Idle) == Activity::Silent {
                        stop(Stopped::Silent, child);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => lines = None,
            }
            if let Some(warning) = self.signals.warning() {
                listen(ProcessEvent::Warning(warning));
            }
            for entry in self.gpus.as_mut().map(GpuWatch::news).unwrap_or_default() {
                listen(ProcessEvent::News(entry));
            }
            // Only now: a listener may have stood still for long.
            let now = clock::instant();
            if clock::since(reaped) > REAP {
                reaped = now;
                reaper::reap_but(child.id());
                shorten(what.errors);
            }
            if exited.is_none() {
                exited = child
                    .try_wait()?
                    .map(|status| (exit_of(status), now, lines.as_ref().map_or(0, Lines::read)));
            }
            if let Some((exit, at, read_then)) = exited {
                // A scheduler may have signalled all processes of the job at once.
                let was_asked =
                    stopped.is_none() && exit.signal().is_some_and(StopSignals::catches);
                if was_asked && let Some(name) = self.signals.seen() {
                    stopped = Some((Stopped::Signal(name), now));
                    continue;
                }
                if was_asked && clock::since(at) < SIGNAL_LAG {
                    continue;
                }
                // A grandchild may hold the pipe open, so its end is not waited for: only what the
                // process itself has printed.
                if lines.as_ref().is_none_or(|lines| lines.has_all(read_then))
                    || clock::since(at) > LONGEST_STALL
                {
                    return Ok((exit, stopped.map(|(why, _)| why)));
                }
                continue;
            }
            if let Some(name) = self.signals.seen() {
                stop(Stopped::Signal(name), child);
            } else if self.time.is_over() || what.deadline.is_some_and(|deadline| now >= deadline) {
                stop(Stopped::Deadline, child);
            } else if finished_at.is_some_and(|at| clock::since(at) > AFTER_RESULT) {
                stop(Stopped::Lingered, child);
            }
            if let Some((why, at)) = stopped
                && clock::since(at) > grace
            {
                process::signal_group(child.id(), Signal::KILL);
                if clock::since(at) > UNKILLABLE {
                    // Nothing ends a process that waits for a dead file server.
                    return Ok((Exit::Signal(9), Some(why)));
                }
            }
        }
    }
}

/// What is to be said of processes that were ended, and of those that could not be.
pub fn ended_note(ended: usize, left: usize) -> Option<String> {
    let not_all = if left > 0 { format!("; {left} could not be ended") } else { String::new() };
    (ended > 0).then(|| {
        let processes = number_of(ended, "process");
        let were = if ended == 1 { "was" } else { "were" };
        format!("{processes} {were} still running, and {were} ended{not_all}")
    })
}

fn exit_of(status: std::process::ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(1),
    }
}

/// Cuts a file of errors that has become too long. Its end stays, and the process goes on behind it.
fn shorten(path: &Path) {
    let cut = || -> io::Result<()> {
        let mut file = open_plain(File::options().read(true).append(true), path)?;
        let size = file.metadata()?.len();
        if size > MAX_ERRORS {
            let mut end = Vec::new();
            file.seek(SeekFrom::Start(size - KEPT_ERRORS))?;
            (&file).take(KEPT_ERRORS).read_to_end(&mut end)?;
            file.set_len(0)?;
            file.write_all(format!("[{} bytes were cut here]\n", size - KEPT_ERRORS).as_bytes())?;
            file.write_all(&end)?;
        }
        Ok(())
    };
    let _ = cut();
}

/// The last lines of what a process wrote to standard error.
fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = open_plain(File::options().read(true), path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(ERRORS_TOLD as u64)))?;
        let mut bytes = Vec::new();
        file.take(ERRORS_TOLD as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_errors_that_is_too_long_keeps_its_end() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("err");
        let mut process = File::options().append(true).create(true).open(&path).expect("opened");
        process.set_len(MAX_ERRORS).expect("sized");
        shorten(&path);
        assert_eq!(process.metadata().expect("there").len(), MAX_ERRORS, "not yet too long");
        process.write_all(b"the last words\n").expect("written");
        shorten(&path);
        process.write_all(b"and more\n").expect("written");
        assert!(process.metadata().expect("there").len() < KEPT_ERRORS + 100);
        assert!(tail(&path).ends_with("the last words\nand more"));
    }
}
