//! The only place that makes child processes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::clock;

/// A command that is run directly, without a shell.
#[expect(clippy::disallowed_methods, reason = "the home of child processes")]
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// Runs a command to its end with these bytes on standard input, and forgets what it prints. It
/// and what it has started are killed when it takes longer than `limit`.
///
/// # Errors
/// Why it did not start, that it was killed, or its exit status when that is not 0.
pub fn run_quietly(mut command: Command, input: Vec<u8>, limit: Duration) -> Result<(), String> {
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = spawned.map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read its input must not hold us up.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let until = clock::instant() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                return Err(match status.signal() {
                    Some(signal) => format!("it was ended by signal {signal}"),
                    None => format!("it ended with exit status {}", status.code().unwrap_or(-1)),
                });
            }
            Ok(None) if clock::instant() < until => clock::pause(Duration::from_millis(20)),
            Ok(None) => {
                signal_group(child.id(), Signal::KILL);
                let _ = child.wait();
                return Err(format!("it did not end within {} s", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Captured {
    /// Its status; nothing when it was killed because it took too long.
    pub status: Option<ExitStatus>,
    /// The end of what it wrote to standard error.
    pub errors: String,
}

/// The longest line that is handed on, and how much is kept of standard error, in bytes.
const MAX_LINE: u64 = 16 << 20;
const MAX_ERRORS: usize = 4096;
/// How long the last lines of a command that has ended may be on their way.
const AFTER_END: Duration = Duration::from_secs(3);

/// Runs a command to its end with these bytes on standard input. `line` gets each line of its
/// output. It belongs to our process group: Ctrl-C on a terminal ends it, too.
pub fn run_captured(
    mut command: Command,
    input: Vec<u8>,
    limit: Duration,
    mut line: impl FnMut(&[u8]),
) -> std::io::Result<Captured> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let (sender, lines) = sync_channel(256);
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut piece = Vec::new();
                match output.by_ref().take(MAX_LINE).read_until(b'\n', &mut piece) {
                    Ok(1..) if sender.send(piece).is_ok() => {}
                    _ => return,
                }
            }
        });
    }
    let (last_words, errors) = sync_channel(1);
    if let Some(mut stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut piece) {
                kept.extend_from_slice(&piece[..count]);
                kept.drain(..kept.len().saturating_sub(MAX_ERRORS));
            }
            let _ = last_words.send(kept);
        });
    }
    let until = clock::instant() + limit;
    let status = loop {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(piece) => line(piece.strip_suffix(b"\n").unwrap_or(&piece)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => clock::pause(Duration::from_millis(20)),
        }
        if let Some(status) = child.try_wait()? {
            // What it said last may still be on its way. What it has left behind may talk for ever.
            let enough = clock::instant() + AFTER_END;
            while let Ok(piece) = lines.recv_timeout(Duration::from_millis(500)) {
                line(piece.strip_suffix(b"\n").unwrap_or(&piece));
                if clock::instant() >= enough {
                    break;
                }
            }
            break Some(status);
        }
        if clock::instant() >= until {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
    };
    let errors = errors.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
    Ok(Captured { status, errors: String::from_utf8_lossy(&errors).into_owned() })
}

/// The number of a process as the system takes it.
pub fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Sends a signal to all processes of a group.
pub fn signal_group(leader: u32, signal: Signal) {
    if let Some(group) = pid(leader) {
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// When a process began, in clock ticks since the machine did. None where that cannot be told.
pub fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name may hold anything, also brackets and blanks: what follows its last bracket counts.
    stat[stat.rfind(')')? + 1..].split_whitespace().nth(19)?.parse().ok()
}

/// Whether there is such a process, of whichever user.
pub fn exists(pid: u32) -> bool {
    let Some(pid) = self::pid(pid) else { return false };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// A word of a command with `~` and `~/` at its beginning replaced by the home folder of this machine.
pub fn at_home(word: &str) -> String {
    let Some(home) = dirs::home_dir() else { return word.to_owned() };
    match word.strip_prefix('~') {
        Some("") => home.display().to_string(),
        Some(rest) if rest.starts_with('/') => format!("{}{rest}", home.display()),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_leaves_behind_is_not_listened_to_for_ever() {
        let mut shell = command("sh");
        shell.args(["-c", "(for _ in $(seq 3000); do echo more; sleep 0.1; done) & echo last"]);
        let (began, mut lines) = (clock::instant(), Vec::new());
        let ended = run_captured(shell, Vec::new(), Duration::from_secs(60), |line| {
            lines.push(line.to_vec())
        })
        .expect("started");
        assert!(
            ended.status.is_some_and(|status| status.success())
                && lines.contains(&b"last".to_vec())
        );
        assert!(clock::since(began) < Duration::from_secs(120), "{:?}", clock::since(began));
    }
}
