//! A host as somebody names it on the command line.

use std::fmt::Write as _;

use crate::config::quoted;
use crate::domain::{ClusterName, text};
use crate::problem::{Problem, ProblemKind};

/// A host as somebody names it: `[USER@]HOST[:PORT]`, or an alias of the ssh configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The host, or the alias.
    pub host: String,
    /// Only where it was given: else the ssh configuration says it.
    pub user: Option<String>,
    /// The same.
    pub port: Option<u16>,
}

impl Address {
    /// Reads it.
    pub fn parse(given: &str) -> Result<Self, Problem> {
        let wrong = || {
            Problem::new(ProblemKind::Usage, format!("{given:?} is no host"))
                .hint("expected HOST, USER@HOST, USER@HOST:PORT, or a name of your ~/.ssh/config")
        };
        let (user, rest) = match given.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, given),
        };
        // The brackets keep the colons of an address from that of the port.
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (rest, None),
            },
        };
        let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
        let is_odd = |text: &str| {
            text.is_empty()
                || text.starts_with('-')
                || text
                    .chars()
                    .any(|c| c.is_whitespace() || text::is_harmful(c) || "\"'/\\".contains(c))
        };
        if is_odd(host) || user.as_deref().is_some_and(is_odd) || port == Some(0) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), user, port })
    }

    /// What its cluster is called: the beginning of the host's name.
    pub fn cluster_name(&self) -> String {
        let is_number = self.host.chars().all(|c| c.is_ascii_hexdigit() || ".:".contains(c))
            && self.host.contains(['.', ':']);
        let first = self.host.split('.').next().unwrap_or_default();
        let name: String = first
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .collect();
        let is_name = !is_number && ClusterName::new(&name).is_ok();
        if is_name { name } else { "cluster".to_owned() }
    }

    /// The lines that lead there.
    pub(super) fn lines(&self) -> String {
        let mut lines = format!(
            "[[cluster]]\nname = {}\nhost = {}\n",
            quoted(&self.cluster_name()),
            quoted(&self.host)
        );
        if let Some(user) = &self.user {
            let _ = writeln!(lines, "user = {}", quoted(user));
        }
        if let Some(port) = self.port {
            let _ = writeln!(lines, "port = {port}");
        }
        lines
    }

    /// A configuration by which the host can be asked, before more is known.
    pub fn to_ask(&self) -> String {
        format!("{}scheduler_type = \"slurm\"\nworking_dir = \"~\"\n", self.lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect("a host")
    }

    #[test]
    fn hosts_are_read_as_ssh_reads_them() {
        for (given, host, user, port) in [
            ("hpc", "hpc", None, None),
            ("me@hpc.example.edu", "hpc.example.edu", Some("me"), None),
            ("me@hpc:2222", "hpc", Some("me"), Some(2222)),
            ("me@site@hpc", "hpc", Some("me@site"), None),
            ("[fe80::1]:22", "fe80::1", None, Some(22)),
            ("fe80::1", "fe80::1", None, None),
        ] {
            let user = user.map(str::to_owned);
            assert_eq!(address(given), Address { host: host.to_owned(), user, port }, "{given}");
        }
        for given in
            ["", "@hpc", "me@", "hpc:x", "hpc:0", "-oProxyCommand=id", "a b", "[::1]22", "a\"b"]
        {
            assert!(Address::parse(given).is_err(), "{given}");
        }
        for (given, name) in [
            ("hpc.example.edu", "hpc"),
            ("10.0.0.7", "cluster"),
            ("me@fe80::1", "cluster"),
            ("cafe", "cafe"),
        ] {
            assert_eq!(address(given).cluster_name(), name);
        }
    }
}
