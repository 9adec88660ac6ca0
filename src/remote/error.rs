//! What can go wrong on the way to a login node.

use crate::domain::action::Action;
use crate::problem::Problem;
use std::time::Duration;

/// Why a request got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RemoteError {
    /// No connection.
    #[error("cannot reach {place}: {problem}")]
    Unreachable {
        /// Where to.
        place: String,
        /// What happened.
        problem: String,
    },
    /// The host is in no known_hosts file.
    #[error("{place} has a host key that is not known here: {fingerprint}")]
    HostKeyUnknown {
        /// Where to.
        place: String,
        /// `SHA256:...`, as ssh shows it.
        fingerprint: String,
    },
    /// The host's key is another than the known one.
    #[error("the host key of {place} is not the known one: it offers {fingerprint}")]
    HostKeyChanged {
        /// Where to.
        place: String,
        /// `SHA256:...`, as ssh shows it.
        fingerprint: String,
        /// Which file knows another key.
        known_hosts: String,
    },
    /// The host's key is one that is marked as revoked.
    #[error("the host key of {place} is revoked: it offers {fingerprint}")]
    HostKeyRevoked {
        /// Where to.
        place: String,
        /// `SHA256:...`, as ssh shows it.
        fingerprint: String,
        /// Which file says so.
        known_hosts: String,
    },
    /// No way to log in worked.
    #[error("cannot log in to {place}: {problem}")]
    Login {
        /// Where to.
        place: String,
        /// What was tried, and what the server accepts.
        problem: String,
    },
    /// The key file needs a passphrase, and there is none, or it is wrong.
    #[error("the key {key} needs a passphrase")]
    Passphrase {
        /// The key file.
        key: String,
    },
    /// No answer in time.
    #[error("{place} did not answer within {} s", after.as_secs())]
    Timeout {
        /// Where to.
        place: String,
        /// The deadline.
        after: Duration,
    },
    /// The answer was not complete.
    #[error("the connection to {place} ended in the middle of an answer: {problem}")]
    Cut {
        /// Where to.
        place: String,
        /// What is known of it.
        problem: String,
    },
    /// The answer is larger than asked for.
    #[error("{place} answered with more than {max_bytes} bytes")]
    TooLarge {
        /// Where to.
        place: String,
        /// The bound.
        max_bytes: usize,
    },
    /// The shell on the far side does not work.
    #[error("the shell on {place} did not run our script: {problem}")]
    Shell {
        /// Where to.
        place: String,
        /// What it said.
        problem: String,
    },
    /// A file to be sent could not be read here.
    #[error("cannot read {path}: {problem}")]
    Source {
        /// The file.
        path: String,
        /// Why.
        problem: String,
    },
}

impl From<RemoteError> for Problem {
    fn from(error: RemoteError) -> Self {
        Self { hints: error.hints(None), ..Self::failed(error.to_string()) }
    }
}

impl RemoteError {
    /// Whether the script may have run: then a submission must be looked up before it is
    /// sent again.
    pub fn may_have_run(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Cut { .. } | Self::TooLarge { .. })
    }

    /// Whether nothing but a person can help: trying again would only lock an account.
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Login { .. }
                | Self::Passphrase { .. }
                | Self::HostKeyUnknown { .. }
                | Self::HostKeyChanged { .. }
                | Self::HostKeyRevoked { .. }
        )
    }

    /// What a person can do about it. `cluster` is the one that was to be reached, where it is known.
    pub fn hints(&self, cluster: Option<&str>) -> Vec<String> {
        match self {
            Self::Unreachable { .. } => vec!["check `host` and `port` of the cluster, your network, and whether `ssh` reaches it".to_owned()],
            Self::HostKeyUnknown { .. } => {
                let set_up = Action::SetUpCluster { cluster: cluster.map(str::to_owned) };
                vec![format!("compare the fingerprint with your cluster's documentation, then run `{set_up}`")]
            }
            Self::HostKeyChanged { known_hosts, .. } => vec![format!(
                "somebody may be listening, or the host was reinstalled; if your administrator confirms the new key, remove the old line from {known_hosts}"
            )],
            Self::HostKeyRevoked { known_hosts, .. } => vec![format!(
                "whoever knows that key can pretend to be the host: do not connect; ask your administrator for its new key ({known_hosts} revokes this one)"
            )],
            Self::Login { .. } => vec!["check `user` and `key_path` of the cluster, or load your key with `ssh-add`".to_owned()],
            Self::Passphrase { .. } => vec!["load the key with `ssh-add`, or set RESEARCHLOOP_KEY_PASSPHRASE".to_owned()],
            Self::Timeout { .. } | Self::Cut { .. } => vec![format!("nothing is lost: `{}` looks again", Action::Tick)],
            Self::Shell { problem, .. } => shell_hint(problem).map(str::to_owned).into_iter().collect(),
            Self::TooLarge { .. } | Self::Source { .. } => Vec::new(),
        }
    }
}

/// What is in the way of our script, by what the shell said instead of running it.
fn shell_hint(problem: &str) -> Option<&'static str> {
    let said = problem.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    // Only a shell that was started can be disturbed; an account without one says so itself.
    if !says(&["it ended with status"])
        || says(&["currently not available", "nologin", "shell access", "not allowed to", "sftp"])
    {
        return None;
    }
    let is_split = says(&["unterminated quoted", "looking for matching"]) && !says(&["eval"]);
    if is_split || says(&["exec: not found", "exec: command not found", "exec: exec"]) {
        return Some(
            "the host rewrites the commands that are sent to it (ForceCommand of its sshd, or command= in authorized_keys): such a wrapper must hand them to a shell whole: `exec bash -c \"$SSH_ORIGINAL_COMMAND\"`",
        );
    }
    Some(
        "something in ~/.bashrc (or the like) on the host reads standard input, ends, or starts another shell: let it do so only when interactive (`case $- in *i*) ... ;; esac`)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_shell_is_told_from_a_host_that_rewrites_and_from_an_account_without_one() {
        let hint = |problem: &str| {
            RemoteError::Shell { place: "hpc".to_owned(), problem: problem.to_owned() }
                .hints(None)
                .concat()
        };
        for problem in [
            "it ended with status 2; it said: /bin/sh: 2: eval: Syntax error: end of file unexpected (expecting \"}\")",
            "it ended with status 2; it said: /bin/sh: eval: line 40: unexpected EOF while looking for matching `''",
            "it ended with status 0; it said: head: invalid number of bytes: '{'",
            "it ended with status 127; it said: fish: Unexpected ')' for unopened parenthesis",
            "it ended with status 1; it said: open terminal failed: not a terminal",
            "it ended with status 1; it said: SyntaxError: leading zeros in decimal integer literals are not permitted",
            "it ended with status 0",
        ] {
            assert!(hint(problem).contains("only when interactive"), "{problem}");
        }
        for problem in [
            "it ended with status 127; it said: /opt/wrap: line 5: exec: exec: not found",
            "it ended with status 2; it said: read: 1: Syntax error: Unterminated quoted string",
            "it ended with status 1; it said: read: -c: line 1: unexpected EOF while looking for matching `''",
        ] {
            assert!(hint(problem).contains("ForceCommand"), "{problem}");
        }
        for problem in [
            "the host runs no commands for this account (is it for file transfers only?)",
            "it ended with status 1; its output: This account is currently not available.",
            "no pipes",
        ] {
            assert_eq!(hint(problem), "", "{problem}");
        }
    }
}
