//! Runs scripts on a cluster's login node, over whatever leads there.
//!
//! One request is one POSIX shell script together with the bytes that it reads. The
//! far side is started with one fixed command, whatever the login shell is:
//!
//! ```text
//! exec /bin/sh -c 'IFS= read -r n; eval "$(head -c "$n")"'
//! ```
//!
//! It reads the length of the script in one line, then the script, and leaves the rest
//! of its input to the script: files travel there, raw, after the script. So nothing
//! that we send is ever an argument that `ps` shows or that has a length limit.
//!
//! The answer is a sequence of named sections between lines that carry a random
//! word, and ends with a line of its own. What login shells, rc files and banners print
//! lies outside of the sections and is ignored; an answer without its last line was
//! cut off and is discarded whole.

mod error;
#[cfg(test)]
mod fake;
mod frame;
mod local;
mod script;
mod ssh;

use std::time::Duration;

pub use error::RemoteError;
#[cfg(test)]
pub use fake::FakeRemote;
pub use frame::{Reply, Section};
pub use local::Local;
pub(crate) use script::quoted;
pub use script::{Payload, Script};
pub use ssh::{HostKey, Ssh, SshTarget, add_known_host, host_key, known_hosts_files};

/// The bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the whole request may take.
    pub deadline: Duration,
    /// How many bytes of answer are taken.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // A controller that does not answer lets its clients wait for minutes
        // (squeue: twice MessageTimeout, which sites set up to 200 s).
        Self { deadline: Duration::from_secs(180), max_bytes: 64 << 20 }
    }
}

/// A way to one login node. One connection, one request at a time.
pub trait Remote {
    /// Runs the script there and returns its sections.
    ///
    /// # Errors
    /// [`RemoteError::may_have_run`] tells whether the script may have had an effect.
    fn run(&mut self, script: Script, limits: Limits) -> Result<Reply, RemoteError>;

    /// Where this leads, as a person would write it: `user@host:port`, or `this machine`.
    fn place(&self) -> String;
}

/// The fixed command that reads the script from its input.
pub(crate) const SHELL_COMMAND: &str =
    r#"exec /bin/sh -c 'IFS= read -r n; eval "$(head -c "$n")"'"#;
