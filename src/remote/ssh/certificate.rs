//! Reads certificates of keys (`KEY-cert.pub`, `CertificateFile`): for which key each is, and whether it
//! can be good now. Whether it is, the host decides.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::keys::{field, read};
use super::known_hosts::type_of;

const ENDING: &str = "-cert-v01@openssh.com";

/// A certificate file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) says: Says,
}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Says {
    /// The public key that it is for, as it travels.
    pub(super) key: Vec<u8>,
    is_of_a_host: bool,
    /// The accounts that it is for; none: for all.
    accounts: Vec<String>,
    after: u64,
    before: u64,
}

impl Certificate {
    /// Reads the file.
    ///
    /// # Errors
    /// Why it cannot be used, in words for a person.
    pub(super) fn look(path: &Path) -> Result<Self, String> {
        let text = read(path)?;
        let blob = text.split_whitespace().nth(1).and_then(|word| STANDARD.decode(word).ok());
        let says = blob.as_deref().and_then(Says::of).ok_or("it is not a certificate of a key")?;
        Ok(Self { path: path.to_owned(), says })
    }
}

impl Says {
    /// Takes a certificate apart, as it travels. `None` when it is none.
    pub(super) fn of(blob: &[u8]) -> Option<Self> {
        let kind = type_of(blob)?.strip_suffix(ENDING)?;
        let mut rest = blob;
        field(&mut rest)?; // its type
        field(&mut rest)?; // random bytes
        // The fields of the key itself, as its own form has them behind its type.
        let fields = match kind {
            "ssh-ed25519" => 1,
            "ssh-dss" => 4,
            "sk-ecdsa-sha2-nistp256" => 3,
            _ => 2,
        };
        let name =
            if kind.starts_with("sk-") { format!("{kind}@openssh.com") } else { kind.to_owned() };
        let mut key = u32::try_from(name.len()).ok()?.to_be_bytes().to_vec();
        key.extend_from_slice(name.as_bytes());
        let before_fields = rest;
        for _ in 0..fields {
            field(&mut rest)?;
        }
        key.extend_from_slice(before_fields.get(..before_fields.len() - rest.len())?);
        number(&mut rest)?; // its serial number
        let (role, after_role) = rest.split_at_checked(4)?;
        let is_of_a_host = role != [0, 0, 0, 1];
        rest = after_role;
        field(&mut rest)?; // its name
        let mut list = field(&mut rest)?;
        let mut accounts = Vec::new();
        while !list.is_empty() {
            accounts.push(super::clean(field(&mut list)?));
        }
        let (after, before) = (number(&mut rest)?, number(&mut rest)?);
        Some(Self { key, is_of_a_host, accounts, after, before })
    }

    /// A certificate without limits, for this key.
    #[cfg(test)]
    pub(super) fn of_key(key: &[u8]) -> Self {
        Self {
            key: key.to_vec(),
            is_of_a_host: false,
            accounts: Vec::new(),
            after: 0,
            before: u64::MAX,
        }
    }

    /// What a person should know of it when the login fails: `it expired at ...`.
    pub(super) fn doubt(&self, user: &str, now: Timestamp) -> Option<String> {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let at = |time: u64| {
            i64::try_from(time)
                .ok()
                .and_then(|time| Timestamp::from_second(time).ok())
                .map_or("never".to_owned(), |t| t.to_string())
        };
        if self.is_of_a_host {
            Some("it is for a host, not for a user".to_owned())
        } else if seconds >= self.before {
            Some(format!("it expired at {}: ask for a new one as your site says", at(self.before)))
        } else if seconds < self.after {
            Some(format!("it is not valid before {}", at(self.after)))
        } else if !self.accounts.is_empty() && self.accounts.iter().all(|account| account != user) {
            let some: Vec<&str> = self.accounts.iter().take(5).map(String::as_str).collect();
            Some(format!("it is for the account {}, not for {user}", some.join(", ")))
        } else {
            None
        }
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (bytes, after) = rest.split_at_checked(8)?;
    *rest = after;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::process;

    fn keygen(arguments: &[&str], folder: &Path) {
        let done = process::command("ssh-keygen")
            .arg("-q")
            .args(arguments)
            .current_dir(folder)
            .status()
            .expect("ssh-keygen runs");
        assert!(done.success(), "{arguments:?}");
    }

    fn public(path: &Path) -> Vec<u8> {
        let text = std::fs::read_to_string(path).expect("read");
        STANDARD.decode(text.split_whitespace().nth(1).expect("a key")).expect("base64")
    }

    #[test]
    fn certificates_of_every_kind_name_their_key_and_their_time() {
        let temp = tempfile::tempdir().expect("a folder");
        let folder = temp.path();
        keygen(&["-t", "ed25519", "-N", "", "-f", "ca"], folder);
        let day = |text: &str| text.parse::<Timestamp>().expect("a time");
        for kind in ["ed25519", "ecdsa", "rsa"] {
            keygen(&["-t", kind, "-N", "", "-f", kind], folder);
            let name = format!("{kind}.pub");
            keygen(
                &["-s", "ca", "-I", "me", "-n", "bob,carol", "-V", "20260101Z:20260102Z", &name],
                folder,
            );
            let certificate =
                Certificate::look(&folder.join(format!("{kind}-cert.pub"))).expect("a certificate");
            assert_eq!(certificate.says.key, public(&folder.join(&name)), "{kind}");
            let doubt = |user: &str, now: &str| certificate.says.doubt(user, day(now));
            assert_eq!(doubt("bob", "2026-01-01T12:00:00Z"), None);
            assert!(
                doubt("bob", "2026-01-02T00:00:00Z")
                    .is_some_and(|said| said.contains("it expired at 2026-01-02T00:00:00Z"))
            );
            assert!(
                doubt("bob", "2025-12-31T23:59:59Z")
                    .is_some_and(|said| said.contains("not valid before 2026-01-01"))
            );
            assert!(
                doubt("dan", "2026-01-01T12:00:00Z")
                    .is_some_and(|said| said.contains("bob, carol, not for dan"))
            );
            let blob = public(&folder.join(format!("{kind}-cert.pub")));
            for end in 0..blob.len() {
                let _ = Says::of(&blob[..end]);
            }
        }
        keygen(&["-s", "ca", "-I", "h", "-h", "ed25519.pub"], folder);
        let host = Certificate::look(&folder.join("ed25519-cert.pub")).expect("a certificate").says;
        assert!(
            host.accounts.is_empty()
                && host
                    .doubt("bob", crate::platform::clock::now())
                    .is_some_and(|said| said.contains("for a host"))
        );
        keygen(&["-s", "ca", "-I", "h", "ed25519.pub"], folder);
        let forever =
            Certificate::look(&folder.join("ed25519-cert.pub")).expect("a certificate").says;
        assert_eq!(forever.doubt("anybody", Timestamp::MAX), None);
        assert!(
            Certificate::look(&folder.join("ed25519.pub"))
                .expect_err("a key")
                .contains("not a certificate")
        );
        assert!(
            Certificate::look(&folder.join("missing"))
                .expect_err("missing")
                .contains("No such file")
        );
    }
}
