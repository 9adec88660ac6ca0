//! Talks to the user's ssh agent. An agent may ask its user, wait for a touch, or hang,
//! and libssh2 waits for it without a limit: so that runs in threads which can be left
//! behind.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ssh2::{ErrorCode, PublicKey, Session};

use super::clean;
use super::connect::{Fault, Link, drive, left};
use super::known_hosts::type_of;

/// Listing its keys costs an agent nothing.
const LIST_DEADLINE: Duration = Duration::from_secs(5);

/// A key that the agent holds.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The public key as it travels.
    pub(super) blob: Vec<u8>,
    /// What its owner calls it.
    pub(super) comment: String,
}

impl Identity {
    /// Why libssh2 cannot sign with it, when that is so.
    pub(super) fn unusable(&self) -> Option<&'static str> {
        match type_of(&self.blob) {
            None => Some("of a type that cannot be read"),
            Some(kind) if kind.starts_with("ssh-rsa-cert") => Some(
                "a certificate of an RSA key, which the built-in transport cannot use from an agent",
            ),
            Some(kind) if kind.starts_with("sk-") => {
                Some("a key of a security token, which the built-in transport cannot use yet")
            }
            Some(_) => None,
        }
    }
}

fn open(session: &Session, socket: &Path) -> Result<(ssh2::Agent, Vec<PublicKey>), ssh2::Error> {
    let mut agent = session.agent()?;
    agent.set_identity_path(socket)?;
    agent.connect()?;
    agent.list_identities()?;
    let keys = agent.identities()?;
    Ok((agent, keys))
}

/// Asks the agent for its keys; also those that cannot be used.
///
/// # Errors
/// Why it cannot be used, in words for a person.
pub(super) fn list(socket: &Path) -> Result<Vec<Identity>, String> {
    let (sender, answer) = channel();
    let socket = socket.to_owned();
    std::thread::spawn(move || {
        // A session of its own: an agent that hangs keeps this one, not the connection's.
        let keys = Session::new().and_then(|session| open(&session, &socket).map(|(_, keys)| keys));
        let _ = sender.send(keys.map_err(|error| clean(error.message().as_bytes())));
    });
    let keys = answer
        .recv_timeout(LIST_DEADLINE)
        .map_err(|_| format!("it did not answer within {} s", LIST_DEADLINE.as_secs()))??;
    let identity = |key: &PublicKey| Identity {
        blob: key.blob().to_vec(),
        comment: clean(key.comment().as_bytes()),
    };
    Ok(keys.iter().map(identity).collect())
}

/// Logs in with one of the agent's keys. When the agent is not done in time, the
/// connection is lost to it and is marked so.
pub(super) fn login(
    link: &mut Link,
    socket: &Path,
    user: &str,
    key: &Identity,
    end: Instant,
) -> Result<(), Fault> {
    let gone = |code: i32| Fault::Library(ssh2::Error::from_errno(ErrorCode::Session(code)));
    let (session, stream) = link.handles().map_err(|_| gone(-45))?;
    let (sender, answer) = channel();
    let (socket, user, blob) = (socket.to_owned(), user.to_owned(), key.blob.clone());
    std::thread::spawn(move || {
        let result = open(&session, &socket).map_err(Fault::Library).and_then(|(agent, keys)| {
            let key = keys.iter().find(|key| key.blob() == blob).ok_or_else(|| gone(-42))?;
            drive(&session, &stream, end, |_| agent.userauth(&user, key))
        });
        let _ = sender.send(result);
    });
    // A little longer than the thread itself waits for the host.
    answer.recv_timeout(left(end) + Duration::from_millis(500)).unwrap_or_else(|_| {
        link.abandoned = true;
        Err(Fault::Late)
    })
}
