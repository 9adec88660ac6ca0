//! A login node that is reached over ssh, without an ssh program: one kept connection,
//! one channel for each request. Hides libssh2 and all that has to be done around it.
//!
//! The connection is opened by the first request. When it turns out to be gone before a
//! later request has sent anything, it is opened once more; a request that was sent is
//! never repeated here, because it may have had an effect.
//!
//! **Invariant:** known_hosts is written by [`add_known_host`] only, which is called only
//! after the user agreed. One connection belongs to one thread.

mod agent;
mod auth;
mod certificate;
mod config;
mod connect;
mod exec;
mod keys;
mod known_hosts;
mod tokens;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

pub use self::known_hosts::{HostKey, add_known_host};

use self::config::Route;
use self::connect::{Fault, Link, left};
use self::exec::{Failure, Feed};
use super::{Limits, Remote, RemoteError, Reply, Script};
use crate::domain::Secret;
use crate::domain::text::one_line;
use crate::platform::{clock, random};

/// The ssh that is asked for the user's configuration.
const SSH: &str = "ssh";
/// A login may wait for a person: an agent that asks, or a key that wants a touch.
const LOGIN_LIMIT: Duration = Duration::from_secs(30);

/// Where to connect, and with what. What is `None` is taken from the user's ssh
/// configuration, and else is what ssh would take.
#[derive(Debug, Clone)]
pub struct SshTarget {
    /// A host name, an address, or an alias of the ssh configuration.
    pub host: String,
    /// The port.
    pub port: Option<u16>,
    /// The account.
    pub user: Option<String>,
    /// The private key, a file. It is tried first.
    pub key_path: Option<PathBuf>,
    /// What opens the private key.
    pub passphrase: Option<Secret>,
    /// The only known_hosts file to be asked.
    pub known_hosts: Option<PathBuf>,
    /// How long connecting may take, without the login.
    pub connect_timeout: Duration,
    /// Whether the agent is asked, if there is one.
    pub agent: bool,
    /// Accept an unknown host that has this fingerprint (`SHA256:...`), without noting it.
    pub accept_fingerprint: Option<String>,
}

impl Default for SshTarget {
    /// No host, and nothing else decided: 20 seconds, with the agent.
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            user: None,
            key_path: None,
            passphrase: None,
            known_hosts: None,
            connect_timeout: Duration::from_secs(20),
            agent: true,
            accept_fingerprint: None,
        }
    }
}

impl SshTarget {
    fn place(&self) -> String {
        config::place(self.user.as_deref(), &self.host, self.port)
    }
}

/// The transport over ssh. It connects when it is first used.
pub struct Ssh {
    target: SshTarget,
    route: Option<Route>,
    link: Option<Link>,
}

impl Ssh {
    /// A transport to there.
    pub fn new(target: SshTarget) -> Self {
        Self { target, route: None, link: None }
    }

    fn route(&mut self) -> Result<&Route, RemoteError> {
        if self.route.is_none() {
            self.route = Some(Route::find(&self.target, OsStr::new(SSH))?);
        }
        self.route.as_ref().ok_or_else(|| RemoteError::Unreachable {
            place: self.target.place(),
            problem: "no route".to_owned(),
        })
    }

    fn connect(&mut self, time: Duration) -> Result<Link, RemoteError> {
        let target = self.target.clone();
        let route = self.route()?;
        let end = clock::instant() + time;
        let mut link = connect::connect(
            route,
            target.accept_fingerprint.as_deref(),
            target.connect_timeout.min(time),
        )?;
        let limit = left(end).min(target.connect_timeout.max(LOGIN_LIMIT));
        auth::login(&mut link, route, target.passphrase.as_ref(), clock::instant() + limit)?;
        Ok(link)
    }
}

impl Remote for Ssh {
    fn run(&mut self, script: Script, limits: Limits) -> Result<Reply, RemoteError> {
        let end = clock::instant() + limits.deadline;
        let nonce = random::hex(16);
        let feed = || {
            Feed::new(&script, &nonce)
                .map_err(|(path, problem)| RemoteError::Source { path, problem })
        };
        let prepared = feed()?;
        let place = self.place();
        let (link, channel) = loop {
            let kept = self.link.take();
            let is_kept = kept.is_some();
            let link = match kept {
                Some(link) => link,
                None => self.connect(left(end))?,
            };
            // A kept connection that says nothing is as good as gone.
            let start_end =
                if is_kept { end.min(clock::instant() + self.target.connect_timeout) } else { end };
            let mut started = exec::start(&link, start_end);
            if is_kept && started.as_ref().is_err_and(|fault| fault.code() == Some(-21)) {
                // A host that allows one session may not have put the last one away yet.
                clock::pause(Duration::from_millis(50));
                started = exec::start(&link, start_end);
            }
            match started {
                Ok(channel) => break (link, channel),
                // Only the host's word that it runs no commands would be said again.
                Err(fault) if is_kept && fault.code() != Some(-22) => {}
                Err(fault) => return Err(not_started(self.place(), &fault)),
            }
        };
        let result = exec::talk(&link, channel, prepared, &nonce, limits.max_bytes, end);
        let (answer, fit) = result.map_err(|failure| match failure {
            Failure::Late => RemoteError::Timeout { place: place.clone(), after: limits.deadline },
            Failure::TooLarge => {
                RemoteError::TooLarge { place: place.clone(), max_bytes: limits.max_bytes }
            }
            Failure::Cut(problem) => RemoteError::Cut { place: place.clone(), problem },
            Failure::Shell(problem) => RemoteError::Shell { place: place.clone(), problem },
        })?;
        self.link = fit.then_some(link);
        Reply::parse(&answer, &nonce).ok_or_else(|| RemoteError::Cut {
            place,
            problem: "its sections are not in order".to_owned(),
        })
    }

    fn place(&self) -> String {
        self.route.as_ref().map_or_else(|| self.target.place(), Route::place)
    }
}

fn not_started(place: String, fault: &Fault) -> RemoteError {
    match fault.code() {
        Some(-21) => RemoteError::Unreachable {
            place,
            problem: format!(
                "the host refuses a session on this connection (MaxSessions): {}",
                fault.text()
            ),
        },
        Some(-22) => RemoteError::Shell {
            place,
            problem: "the host runs no commands for this account (is it for file transfers only?)"
                .to_owned(),
        },
        _ => RemoteError::Unreachable {
            place,
            problem: format!("after the login: {}", fault.text()),
        },
    }
}

/// Asks a host for its key, without a login and without checking it: for showing it to
/// a person.
///
/// # Errors
/// When the host cannot be reached.
pub fn host_key(target: &SshTarget) -> Result<HostKey, RemoteError> {
    let route = Route::find(target, OsStr::new(SSH))?;
    let known = connect::known_hosts(&route)?;
    let (_, key) = connect::greet(&route, Some(&known), target.connect_timeout)?;
    HostKey::new(&key, &route.names).ok_or_else(|| RemoteError::Unreachable {
        place: route.place(),
        problem: "it showed a host key that cannot be read".to_owned(),
    })
}

/// The known_hosts files that a connection to there reads, the user's own first.
///
/// # Errors
/// When it cannot be told where the connection goes.
pub fn known_hosts_files(target: &SshTarget) -> Result<Vec<PathBuf>, RemoteError> {
    Route::find(target, OsStr::new(SSH)).map(|route| route.known_hosts)
}

/// Text from outside as one line for a message: no control characters, no runs of blanks.
fn clean(bytes: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(bytes), usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_cannot_write_on_the_terminal() {
        assert_eq!(clean(b"a\x1b[31m\r\nb\t\xff \x07c\xe2\x80\xae"), "a[31m b \u{fffd} c");
        assert_eq!(clean(b""), "");
    }

    #[test]
    fn a_place_reads_as_a_person_would_write_it() {
        let target = SshTarget {
            host: "h".to_owned(),
            user: Some("u".to_owned()),
            port: Some(2222),
            ..SshTarget::default()
        };
        assert_eq!(Ssh::new(target).place(), "u@h:2222");
        assert_eq!(
            Ssh::new(SshTarget { host: "h".to_owned(), port: Some(22), ..SshTarget::default() })
                .place(),
            "h"
        );
        assert_eq!(
            Ssh::new(SshTarget { host: "::1".to_owned(), port: Some(2), ..SshTarget::default() })
                .place(),
            "[::1]:2"
        );
    }

    #[test]
    fn a_file_that_cannot_be_sent_is_noticed_before_anything_is_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let short = folder.path().join("short");
        std::fs::write(&short, "1234").expect("written");
        for (file, why) in [
            (PathBuf::from("/nonexistent"), "No such file"),
            (short, "it has 4 bytes instead of 5"),
        ] {
            let mut script = Script::new();
            script.section_with_input(
                "x",
                crate::remote::Payload::File { path: file.clone(), len: 5 },
                "cat",
            );
            // The host does not exist either: it is not even looked up.
            let mut ssh =
                Ssh::new(SshTarget { host: "host.invalid".to_owned(), ..SshTarget::default() });
            let error = ssh.run(script, Limits::default()).expect_err("no file");
            assert!(
                matches!(&error, RemoteError::Source { path, problem } if *path == file.display().to_string() && problem.contains(why)),
                "{error}"
            );
        }
    }
}
