//! Looks into a private key file without opening its secret part: whether it needs a
//! passphrase, and which public key belongs to it. So a key is not offered twice (by the
//! agent and from its file), and a missing passphrase is noticed before the host is asked.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::Certificate;
use super::known_hosts::type_of;

/// A private key is a few kilobytes.
const MAX_FILE: u64 = 256 << 10;

/// What can be seen of a key file from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// The public key as it travels, if it can be told.
    pub(super) public: Option<Vec<u8>>,
    /// Whether a passphrase protects it.
    pub(super) locked: bool,
    /// The certificates that are for it: those that were named, and `KEY-cert.pub` if it is there.
    pub(super) certificates: Vec<Certificate>,
    /// The file's mode, when others may read it: ssh would not use it.
    pub(super) open_mode: Option<u32>,
    /// Whether the file holds the public part alone: it names a key of the agent.
    pub(super) public_only: bool,
}

impl KeyFile {
    /// Looks at the file.
    ///
    /// # Errors
    /// Why it cannot be used, in words for a person.
    pub(super) fn look(path: &Path) -> Result<Self, String> {
        let text = read(path)?;
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let mut key = Self {
            path: path.to_owned(),
            public: None,
            locked: false,
            certificates: Vec::new(),
            open_mode: None,
            public_only: false,
        };
        let Some((public, locked)) = inside(&text) else {
            if text.starts_with("PuTTY-User-Key-File") {
                return Err("it is a key of PuTTY: `puttygen KEY -O private-openssh` makes one that can be used".to_owned());
            }
            let public =
                public_line(&text).filter(|key| type_of(key) == text.split_whitespace().next());
            key.public = Some(public.ok_or("it is not a key")?);
            key.public_only = true;
            return Ok(key);
        };
        key.public = public.or_else(|| public_line(&read(&beside(".pub")).ok()?));
        key.locked = locked;
        if let Some(kind) =
            key.public.as_deref().and_then(type_of).filter(|kind| kind.starts_with("sk-"))
        {
            return Err(format!(
                "it is a key of a security token ({kind}), which the built-in transport cannot use yet"
            ));
        }
        key.certificates.extend(Certificate::look(&beside("-cert.pub")));
        key.open_mode = path
            .metadata()
            .map(|metadata| metadata.mode() & 0o777)
            .ok()
            .filter(|mode| mode & 0o077 != 0);
        Ok(key)
    }

    /// Whether this certificate is for it, as far as can be told.
    pub(super) fn takes(&self, certificate: &Certificate) -> bool {
        !self.public_only
            && self.public.as_ref().is_none_or(|public| *public == certificate.says.key)
    }
}

/// Reads a small file.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let problem = |problem: std::io::Error| problem.to_string();
    // A pipe under that name would let us wait for ever.
    let metadata = path.metadata().map_err(problem)?;
    if !metadata.is_file() {
        return Err(if metadata.is_dir() { "it is a folder" } else { "it is not a regular file" }
            .to_owned());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .map_err(problem)?
        .take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(problem)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The public key, where the form shows it, and whether there is a passphrase.
fn inside(text: &str) -> Option<(Option<Vec<u8>>, bool)> {
    let form = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))?;
    match form {
        "OPENSSH PRIVATE KEY" => openssh(text),
        "ENCRYPTED PRIVATE KEY" => Some((None, true)),
        _ if form.ends_with("PRIVATE KEY") => Some((
            None,
            text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")),
        )),
        _ => None,
    }
}

/// The form that ssh-keygen writes: the public key stands in front of the locked part.
fn openssh(text: &str) -> Option<(Option<Vec<u8>>, bool)> {
    let body: String = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('-'))
        .collect();
    let bytes = STANDARD.decode(body).ok()?;
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let cipher = field(&mut rest)?;
    field(&mut rest)?; // how the passphrase becomes a key
    field(&mut rest)?; // and its settings
    rest = rest.split_at_checked(4)?.1; // how many keys: one
    Some((field(&mut rest).map(<[u8]>::to_vec), cipher != b"none"))
}

/// Takes one field: its length in four bytes, then its bytes.
pub(super) fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

/// The key of a `.pub` file: its type, the key, and a comment.
fn public_line(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.split_whitespace().nth(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::process;

    /// Makes a key the way a user does.
    fn generate(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
        let path = folder.join(name);
        let made = process::command("ssh-keygen")
            .args(["-q", "-f"])
            .arg(&path)
            .args(arguments)
            .status()
            .expect("ssh-keygen runs");
        assert!(made.success());
        path
    }

    #[test]
    fn passphrases_and_public_keys_are_seen_in_every_form() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, arguments, locked) in [
            ("plain", &["-t", "ed25519", "-N", ""][..], false),
            ("locked", &["-t", "ed25519", "-N", "secret", "-a", "4"], true),
            ("ecdsa", &["-t", "ecdsa", "-N", ""], false),
            ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""], false),
            ("pem-locked", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret"], true),
            ("pkcs8-locked", &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "secret"], true),
        ] {
            let path = generate(folder.path(), name, arguments);
            let public = folder.path().join(format!("{name}.pub"));
            let expected = public_line(&std::fs::read_to_string(&public).expect("read"));
            assert!(expected.is_some());
            let key = KeyFile::look(&path).expect("a key");
            assert_eq!((key.locked, &key.public), (locked, &expected), "{name}");
            std::fs::remove_file(public).expect("removed");
            let alone = KeyFile::look(&path).expect("a key").public;
            assert_eq!(
                alone,
                if name.starts_with('p') && name != "plain" { None } else { expected },
                "{name} without its .pub"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for text in [
            "",
            "ssh-ed25519 AAAA x",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
            "-----BEGIN CERTIFICATE-----\n",
            "\u{0}",
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(KeyFile::look(&path), Err("it is not a key".to_owned()), "{text:?}");
        }
        assert!(
            KeyFile::look(&folder.path().join("missing"))
                .expect_err("missing")
                .contains("No such file")
        );
        assert_eq!(KeyFile::look(folder.path()), Err("it is a folder".to_owned()));
    }

    #[test]
    fn keys_that_cannot_be_used_say_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        // The public part of a key of a security token, in the form that ssh-keygen writes.
        let part = |bytes: &[u8]| {
            [&u32::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat()
        };
        let public = [part(b"sk-ssh-ed25519@openssh.com"), part(&[7; 32]), part(b"ssh:")].concat();
        let body = [
            b"openssh-key-v1\0".to_vec(),
            part(b"none"),
            part(b"none"),
            part(b""),
            vec![0, 0, 0, 1],
            part(&public),
            part(b"x"),
        ]
        .concat();
        let text = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            STANDARD.encode(body)
        );
        for (text, why) in [
            (text.as_str(), "security token (sk-ssh-ed25519@openssh.com)"),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", "a key of PuTTY"),
        ] {
            std::fs::write(&path, text).expect("written");
            assert!(KeyFile::look(&path).expect_err("refused").contains(why), "{why}");
        }
    }

    #[test]
    fn a_public_key_names_a_key_of_the_agent() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = generate(folder.path(), "key", &["-t", "ed25519", "-N", ""]);
        let whole = KeyFile::look(&path).expect("a key");
        let public = KeyFile::look(&folder.path().join("key.pub")).expect("a key");
        assert_eq!((public.public_only, public.locked, public.public), (true, false, whole.public));
    }

    #[test]
    fn a_cut_key_is_no_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = generate(folder.path(), "key", &["-t", "ed25519", "-N", ""]);
        let text = std::fs::read_to_string(&path).expect("read");
        for end in 0..text.len() {
            let _ = inside(&text[..end]);
        }
    }
}
