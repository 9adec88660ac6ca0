//! The only place that makes child processes.

use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::time::Duration;

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
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
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
                if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                }
                let _ = child.wait();
                return Err(format!("it did not end within {} s", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
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
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}
