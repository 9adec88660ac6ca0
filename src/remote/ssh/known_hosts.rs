//! Decides whether a host's key is the one that the user's known_hosts files name, and
//! adds a line to them after the user agreed. Hides how names stand there: plain, with
//! patterns, with a port, or hashed.
//!
//! The rules are those of ssh, and where they leave a choice, the safer one:
//! a revoked key is refused whatever else is said about it; another key than the known
//! one is refused, of whatever type; certificates of host authorities are not used.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::Digest as _;

use crate::platform::private;

/// Files beyond this size are not read to their end.
const MAX_FILE: u64 = 16 << 20;

/// The key of a host, as it was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// `SHA256:...`, as ssh shows it.
    pub fingerprint: String,
    /// `ssh-ed25519`, `ssh-rsa`, ...
    pub key_type: String,
    /// The line, without its line break, that makes the host known.
    pub line_for_known_hosts: String,
}

impl HostKey {
    /// Takes the key as it travels. `None` when it is not a key.
    pub(super) fn new(blob: &[u8], names: &HostNames) -> Option<Self> {
        let key_type = type_of(blob)?.to_owned();
        let line_for_known_hosts = format!("{} {key_type} {}", names.exact, STANDARD.encode(blob));
        Some(Self { fingerprint: fingerprint(blob), key_type, line_for_known_hosts })
    }
}

/// `SHA256:` and the hash of a key, as ssh shows it.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(sha2::Sha256::digest(blob)))
}

/// The type that a key says it has: its first field.
pub(super) fn type_of(blob: &[u8]) -> Option<&str> {
    let (length, rest) = blob.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let text = std::str::from_utf8(rest.get(..length)?).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-@._".contains(c);
    (!text.is_empty() && text.len() < 100 && text.chars().all(plain)).then_some(text)
}

/// The names under which a host may be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostNames {
    /// `host`, or `[host]:port` when the port is another than 22.
    exact: String,
    /// `host` without its port, when `exact` has one.
    bare: Option<String>,
}

impl HostNames {
    pub(super) fn new(host: &str, port: u16, alias: Option<&str>) -> Self {
        let bare = alias.unwrap_or(host).to_ascii_lowercase();
        // An alias stands for the host and its port together, as with ssh.
        if alias.is_some() || port == 22 {
            Self { exact: bare, bare: None }
        } else {
            Self { exact: format!("[{bare}]:{port}"), bare: Some(bare) }
        }
    }
}

/// One line that is about the host.
#[derive(Debug)]
struct Entry {
    revoked: bool,
    /// Whether it names the port too (or the port is the usual one).
    exact: bool,
    key: Vec<u8>,
    /// `FILE:LINE`.
    place: String,
}

/// All lines that are about one host.
#[derive(Debug, Default)]
pub(super) struct KnownHosts(Vec<Entry>);

/// What the files say about a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Known,
    Unknown,
    /// Another key is known. `FILE:LINE` says where.
    Refused(String),
    /// This key was revoked, there.
    Revoked(String),
}

/// Tells whether a hashed name (`|1|salt|hash`) is this name.
pub(super) type Hashed<'a> = &'a dyn Fn(&str, &str) -> bool;

impl KnownHosts {
    /// Reads the files. One that is missing or unreadable makes nothing known.
    pub(super) fn load(files: &[PathBuf], names: &HostNames, hashed: Hashed<'_>) -> Self {
        let mut known = Self::default();
        for file in files {
            let mut bytes = Vec::new();
            // A pipe under that name would let us wait for ever.
            if file.is_file()
                && std::fs::File::open(file)
                    .and_then(|open| open.take(MAX_FILE).read_to_end(&mut bytes))
                    .is_ok()
            {
                known.add(
                    &String::from_utf8_lossy(&bytes),
                    &file.display().to_string(),
                    names,
                    hashed,
                );
            }
        }
        known
    }

    /// Takes in a file of `RevokedHostKeys`: a public key a line.
    ///
    /// # Errors
    /// When it cannot be read, or is a list in the binary form of ssh-keygen.
    pub(super) fn revoke(&mut self, file: &Path) -> Result<(), String> {
        let mut bytes = Vec::new();
        if !file.metadata().map_err(|problem| problem.to_string())?.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        std::fs::File::open(file)
            .and_then(|open| open.take(MAX_FILE).read_to_end(&mut bytes))
            .map_err(|problem| problem.to_string())?;
        if bytes.starts_with(b"SSHKRL\n\0") {
            return Err(
                "it is a list in binary form, which the built-in transport cannot read yet: keep the keys in it as text, one a line".to_owned()
            );
        }
        for (number, line) in String::from_utf8_lossy(&bytes)
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with('#'))
        {
            // In front of the key there may be words of any kind.
            let words: Vec<&str> = line.split_whitespace().collect();
            let keys = words.windows(2).filter_map(|pair| {
                STANDARD.decode(pair[1]).ok().filter(|key| type_of(key) == Some(pair[0]))
            });
            self.0.extend(keys.map(|key| Entry {
                revoked: true,
                exact: true,
                key,
                place: format!("{}:{}", file.display(), number + 1),
            }));
        }
        Ok(())
    }

    fn add(&mut self, text: &str, file: &str, names: &HostNames, hashed: Hashed<'_>) {
        for (number, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace().peekable();
            let marker = words.next_if(|word| word.starts_with('@'));
            let revoked = match marker {
                None => false,
                Some("@revoked") => true,
                // An authority signs keys; its own is never a host's key.
                Some(_) => continue,
            };
            let (Some(hosts), Some(key_type), Some(key)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            if hosts.starts_with('#') {
                continue;
            }
            let matches = |name: &str| match hosts.strip_prefix('|') {
                Some(_) => hashed(hosts, name),
                None => matches_list(hosts, name),
            };
            let exact = matches(&names.exact);
            if !exact && !names.bare.as_deref().is_some_and(matches) {
                continue;
            }
            let Ok(key) = STANDARD.decode(key) else { continue };
            if type_of(&key) == Some(key_type) {
                self.0.push(Entry { revoked, exact, key, place: format!("{file}:{}", number + 1) });
            }
        }
    }

    /// Judges the key that a host offers.
    pub(super) fn judge(&self, key: &[u8]) -> Verdict {
        let found = |revoked: bool| self.0.iter().filter(move |entry| entry.revoked == revoked);
        if let Some(entry) = found(true).find(|entry| entry.key == key) {
            return Verdict::Revoked(entry.place.clone());
        }
        if found(false).any(|entry| entry.exact && entry.key == key) {
            return Verdict::Known;
        }
        if let Some(other) = found(false).find(|entry| entry.exact) {
            return Verdict::Refused(other.place.clone());
        }
        // ssh does the same: a key that is known for the host is good for its other
        // ports too, but another key on another port is merely unknown.
        if found(false).any(|entry| entry.key == key) { Verdict::Known } else { Verdict::Unknown }
    }

    /// The types of the keys that are known, for asking the host for one of those.
    pub(super) fn key_types(&self) -> Vec<&str> {
        let mut entries: Vec<&Entry> = self.0.iter().filter(|entry| !entry.revoked).collect();
        entries.sort_by_key(|entry| !entry.exact);
        entries.into_iter().filter_map(|entry| type_of(&entry.key)).collect()
    }
}

/// A list of patterns between commas. One that fits after a `!` rules the line out.
fn matches_list(list: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches_pattern(pattern, name) => return false,
            Some(_) => {}
            None => found |= matches_pattern(pattern, name),
        }
    }
    found
}

/// `*` stands for any text, `?` for one letter; case does not count.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go on when a letter does not fit: behind the last star, one letter later.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(letter) if *letter == b'?' || letter.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star;
                n = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

/// Adds the key to a known_hosts file, unless the line is there already. The file is made
/// with mode 600, its folder with 700. Call it only after the user agreed.
///
/// # Errors
/// When the file cannot be read or written.
pub fn add_known_host(file: &Path, key: &HostKey) -> io::Result<()> {
    if file.exists() && !file.is_file() {
        return Err(io::Error::other("it is not a regular file: nothing is kept in it"));
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private::make_folder(folder)?;
    }
    let mut open = private::options().read(true).append(true).create(true).open(file)?;
    let mut before = Vec::new();
    open.read_to_end(&mut before)?;
    let line = key.line_for_known_hosts.as_bytes();
    if before.split(|byte| *byte == b'\n').any(|known| known == line) {
        return Ok(());
    }
    let mut text = Vec::new();
    if before.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(line);
    text.push(b'\n');
    // One write: somebody who adds a line at the same time does not tear ours apart.
    open.write_all(&text)?;
    open.sync_data()
}

#[cfg(test)]
#[path = "known_hosts_tests.rs"]
mod tests;
