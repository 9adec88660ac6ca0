//! Runs one request on an open connection: sends the script and its payloads while it
//! takes what comes back, both at once, because the far side may write much before it has
//! read all. Hides libssh2's channels and their windows.

use std::io::{ErrorKind, Read, Write as _};
use std::time::{Duration, Instant};

use ssh2::{BlockDirections, Channel, ExitSignal};

use super::clean;
use super::connect::{Fault, Link, left};
use crate::platform::clock;
use crate::remote::script::Payload;
use crate::remote::{SHELL_COMMAND, Script};

/// How much of standard error is kept, from its end.
const ERRORS_KEPT: usize = 4 << 10;
/// What is taken from a file at once. libssh2 sends at most 32 KiB of it in one packet.
const CHUNK: usize = 128 << 10;
/// How many packets are sent before the answer is looked at again.
const BURST: usize = 32;
/// How long to wait for the end of the shell after the whole answer is there: something
/// that the script left behind may hold its output open.
const FAREWELL: Duration = Duration::from_millis(500);
/// The host is asked for a sign of life this often, in seconds.
const KEEPALIVE: u32 = 15;
/// A host that gives none for this long is gone.
const SILENCE: Duration = Duration::from_secs(75);

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The deadline came first.
    Late,
    /// The answer is larger than asked for.
    TooLarge,
    /// The connection ended, or the script was ended from outside.
    Cut(String),
    /// The shell ended by itself and said nothing of ours.
    Shell(String),
}

/// What is sent, in order. Made before the connection, so that a file that cannot be read
/// is noticed before anything happens.
pub(super) struct Feed {
    sources: std::vec::IntoIter<Source>,
    file: Option<(std::fs::File, u64)>,
    buffer: Vec<u8>,
    sent: usize,
}

enum Source {
    Bytes(Vec<u8>),
    File(std::fs::File, u64),
}

impl Feed {
    /// Opens all files.
    ///
    /// # Errors
    /// The file that cannot be read, and why.
    pub(super) fn new(script: &Script, nonce: &str) -> Result<Self, (String, String)> {
        let text = script.wire_text(nonce);
        let mut sources = Vec::new();
        for payload in script.payloads() {
            sources.push(match payload {
                Payload::Bytes(bytes) => Source::Bytes(bytes.clone()),
                Payload::File { path, len } => {
                    let open = || {
                        let file = std::fs::File::open(path)?;
                        let size = file.metadata()?.len();
                        if size < *len {
                            Err(std::io::Error::other(format!(
                                "it has {size} bytes instead of {len}"
                            )))
                        } else {
                            Ok(file)
                        }
                    };
                    Source::File(
                        open().map_err(|problem: std::io::Error| {
                            (path.display().to_string(), problem.to_string())
                        })?,
                        *len,
                    )
                }
            });
        }
        // The length and the script leave in one piece.
        let buffer = format!("{}\n{text}", text.len()).into_bytes();
        Ok(Self { sources: sources.into_iter(), file: None, buffer, sent: 0 })
    }

    /// The next bytes to send; none when all is sent.
    fn next(&mut self) -> std::io::Result<&[u8]> {
        while self.sent == self.buffer.len() {
            if let Some((file, rest)) = self.file.as_mut().filter(|(_, rest)| *rest > 0) {
                let size = usize::try_from(*rest).unwrap_or(CHUNK).min(CHUNK);
                self.buffer.resize(size, 0);
                self.sent = size; // nothing to send, should reading fail
                file.read_exact(&mut self.buffer)?;
                self.sent = 0;
                *rest -= size as u64;
                continue;
            }
            match self.sources.next() {
                None => break,
                Some(Source::Bytes(bytes)) => {
                    (self.buffer, self.sent, self.file) = (bytes, 0, None)
                }
                Some(Source::File(file, len)) => self.file = Some((file, len)),
            }
        }
        Ok(&self.buffer[self.sent..])
    }
}

/// Starts the fixed command. Nothing has happened there before the first byte of a
/// script, so a failure here is harmless.
pub(super) fn start(link: &Link, end: Instant) -> Result<Channel, Fault> {
    link.session.set_keepalive(true, KEEPALIVE);
    let mut channel = link.drive(end, |session| session.channel_session())?;
    link.drive(end, |_| channel.exec(SHELL_COMMAND))?;
    Ok(channel)
}

/// One request that runs.
struct Talk<'a> {
    link: &'a Link,
    channel: Channel,
    feed: Feed,
    /// Why no more is sent, although not all is.
    stuck: Option<String>,
    /// Only the end of our input is left to be said.
    end_is_due: bool,
    all_sent: bool,
    answer: Vec<u8>,
    errors: Vec<u8>,
    chunk: Vec<u8>,
}

/// Sends everything, and returns everything that came back, and whether the connection
/// is fit for another request.
pub(super) fn talk(
    link: &Link,
    channel: Channel,
    feed: Feed,
    nonce: &str,
    max_bytes: usize,
    end: Instant,
) -> Result<(Vec<u8>, bool), Failure> {
    let mut talk = Talk {
        link,
        channel,
        feed,
        stuck: None,
        end_is_due: false,
        all_sent: false,
        answer: Vec::new(),
        errors: Vec::new(),
        chunk: vec![0; 64 << 10],
    };
    let complete = talk.run(nonce, max_bytes, end)?;
    talk.finish(complete, nonce, end)
}

impl Talk<'_> {
    /// Moves bytes until the answer is complete (true) or the far side ended (false).
    fn run(&mut self, nonce: &str, max_bytes: usize, end: Instant) -> Result<bool, Failure> {
        let last_line = format!("\n{nonce} .\n").into_bytes();
        let mut heard = clock::instant();
        let mut idle_rounds = 0;
        loop {
            let sent = self.send()?;
            let read = self.read().map_err(|problem| self.cut(&problem))?;
            if self.answer.len() > max_bytes {
                return Err(Failure::TooLarge);
            }
            let tail = &self.answer[self.answer.len().saturating_sub(512)..];
            if read && tail.windows(last_line.len()).any(|window| window == last_line) {
                return Ok(true);
            }
            if self.channel.eof() {
                // Something that was started may have talked on after the last line.
                return Ok(self
                    .answer
                    .windows(last_line.len())
                    .rev()
                    .any(|window| window == last_line));
            }
            if left(end).is_zero() {
                return Err(Failure::Late);
            }
            if sent || read {
                heard = clock::instant();
                idle_rounds = 0;
                continue;
            }
            // Each of our calls may have taken in something that another one waits for,
            // and then the socket will not tell.
            idle_rounds += 1;
            if idle_rounds < 3 && self.something_is_left() {
                continue;
            }
            idle_rounds = 0;
            if self.wait(heard, end)? {
                heard = clock::instant();
            } else if clock::instant().saturating_duration_since(heard) > SILENCE {
                return Err(self.cut(&format!("no data for {} s", SILENCE.as_secs())));
            }
        }
    }

    /// Sends what the far side takes now.
    fn send(&mut self) -> Result<bool, Failure> {
        let mut moved = false;
        if self.all_sent || self.stuck.is_some() {
            return Ok(false);
        }
        for _ in 0..BURST {
            let bytes = match self.feed.next() {
                Ok(bytes) => bytes,
                Err(problem) => {
                    return Err(Failure::Cut(format!(
                        "a file changed here while it was sent: {problem}"
                    )));
                }
            };
            if bytes.is_empty() {
                self.end_is_due = true;
                // libssh2 loses a good-bye that does not fit at once.
                if self.link.has_room() && self.channel.send_eof().is_ok() {
                    self.all_sent = true;
                }
                return Ok(moved);
            }
            match self.channel.write(bytes) {
                Ok(0) => break,
                Ok(count) => {
                    self.feed.sent += count;
                    moved = true;
                }
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => break,
                Err(problem) => {
                    // What the far side said before may tell why: read on.
                    self.stuck = Some(clean(problem.to_string().as_bytes()));
                    break;
                }
            }
        }
        Ok(moved)
    }

    /// Takes what is there of the answer and of standard error.
    fn read(&mut self) -> Result<bool, String> {
        let mut moved = false;
        for is_error in [true, false] {
            let mut stream = self.channel.stream(i32::from(is_error));
            for _ in 0..BURST {
                match stream.read(&mut self.chunk) {
                    Ok(0) => break,
                    Ok(count) if is_error => {
                        moved = true;
                        self.errors.extend_from_slice(&self.chunk[..count]);
                        if self.errors.len() > 2 * ERRORS_KEPT {
                            self.errors.drain(..self.errors.len() - ERRORS_KEPT);
                        }
                    }
                    Ok(count) => {
                        moved = true;
                        self.answer.extend_from_slice(&self.chunk[..count]);
                    }
                    Err(problem) if problem.kind() == ErrorKind::WouldBlock => break,
                    Err(problem) => return Err(problem.to_string()),
                }
            }
        }
        Ok(moved)
    }

    /// Whether libssh2 holds something for us, or has room for more from us.
    fn something_is_left(&self) -> bool {
        let may_send = !self.all_sent
            && self.stuck.is_none()
            && !self.is_full()
            && self.channel.write_window().remaining > 0;
        may_send || self.channel.read_window().available > 0
    }

    /// Whether the socket takes no more for now.
    fn is_full(&self) -> bool {
        matches!(
            self.link.session.block_directions(),
            BlockDirections::Outbound | BlockDirections::Both
        )
    }

    /// Waits until something can be done. Tells whether the host gave a sign of life.
    fn wait(&self, heard: Instant, end: Instant) -> Result<bool, Failure> {
        let full = self.is_full();
        // A half-sent sign would block the connection for good.
        let is_quiet = clock::instant().saturating_duration_since(heard)
            >= Duration::from_secs(KEEPALIVE.into());
        if is_quiet && !full && self.link.has_room() {
            self.link
                .session
                .keepalive_send()
                .map_err(|error| self.cut(&Fault::Library(error).text()))?;
        }
        Ok(self.link.wait(left(end), full || self.end_is_due && !self.all_sent))
    }

    /// Ends the request in order, and tells what is wrong if the answer is not complete.
    fn finish(
        mut self,
        complete: bool,
        nonce: &str,
        end: Instant,
    ) -> Result<(Vec<u8>, bool), Failure> {
        let farewell = end.min(clock::instant() + FAREWELL);
        while complete && !self.channel.eof() && !left(farewell).is_zero() {
            match self.read() {
                Ok(true) => {}
                Ok(false) if self.channel.eof() => {}
                Ok(false) => drop(self.link.wait(left(farewell), false)),
                Err(_) => break,
            }
        }
        let mut channel = self.channel.clone();
        // The exit status comes after the end of the output.
        let closed = self.link.drive(farewell, |_| channel.wait_close()).is_ok();
        let ended = clock::instant() + FAREWELL;
        let tidy = self.link.has_room() && self.link.drive(ended, |_| channel.close()).is_ok();
        if complete {
            return Ok((self.answer, tidy));
        }
        let signal =
            self.channel.exit_signal().ok().and_then(|ExitSignal { exit_signal, .. }| exit_signal);
        let status = self.channel.exit_status().unwrap_or_default();
        let begun = self.answer.windows(nonce.len()).any(|window| window == nonce.as_bytes());
        match signal {
            Some(signal) => {
                Err(self
                    .cut(&format!("the shell was ended by signal {}", clean(signal.as_bytes()))))
            }
            None if closed && !begun && status < 128 => {
                // A shell that only refuses people often does so on standard output.
                let output = clean(&self.answer[self.answer.len().saturating_sub(ERRORS_KEPT)..]);
                let output =
                    if output.is_empty() { output } else { format!("; its output: {output}") };
                Err(Failure::Shell(self.said(&format!("it ended with status {status}")) + &output))
            }
            None if closed => {
                Err(self.cut(&format!("the shell ended early, with status {status}")))
            }
            None => Err(self.cut("the end of the shell was not reported")),
        }
    }

    fn cut(&self, problem: &str) -> Failure {
        let sending = self
            .stuck
            .as_ref()
            .map(|why| format!(" (sending stopped before: {why})"))
            .unwrap_or_default();
        Failure::Cut(self.said(&format!("{}{sending}", clean(problem.as_bytes()))))
    }

    /// Adds what the far side complained about.
    fn said(&self, problem: &str) -> String {
        let errors = clean(&self.errors[self.errors.len().saturating_sub(ERRORS_KEPT)..]);
        if errors.is_empty() { problem.to_owned() } else { format!("{problem}; it said: {errors}") }
    }
}
