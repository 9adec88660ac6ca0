//! What cron starts a command with: its shell, and the few variables that it has, some of which a
//! crontab sets in lines of its own.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The surroundings of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(Vec<(String, OsString)>);

impl Settings {
    /// Those of a command behind these lines of a crontab, for a person of this name and home.
    pub fn behind(lines: &[u8], user: &str, home: &Path) -> Self {
        let mut settings = Self(vec![
            ("SHELL".to_owned(), "/bin/sh".into()),
            ("PATH".to_owned(), "/usr/bin:/bin".into()),
            ("HOME".to_owned(), home.into()),
        ]);
        for (name, value) in lines.split(|byte| *byte == b'\n').filter_map(setting) {
            settings.set(name, value);
        }
        // Nobody becomes somebody else by a crontab.
        for name in ["LOGNAME", "USER"] {
            settings.set(name.to_owned(), user.into());
        }
        settings
    }

    fn set(&mut self, name: String, value: OsString) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// A variable's value; empty when it is not set.
    pub fn of(&self, name: &str) -> OsString {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    /// All variables.
    pub fn all(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Where a program is that is called by this word in this folder.
    pub fn find(&self, word: &str, folder: &Path) -> Option<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        let runs = |path: &PathBuf| {
            std::fs::metadata(path)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        if word.contains('/') {
            return Some(folder.join(word)).filter(runs);
        }
        std::env::split_paths(&self.of("PATH"))
            .map(|place| folder.join(place).join(word))
            .find(runs)
    }
}

/// `NAME = value`, with or without quotation marks. Anything else is a comment, or begins with a time.
fn setting(line: &[u8]) -> Option<(String, OsString)> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    let unquoted = |text: &[u8]| -> Vec<u8> {
        let text = text.trim_ascii();
        match text {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last => inner.to_vec(),
            _ => text.to_vec(),
        }
    };
    let name = String::from_utf8(unquoted(&line[..at])).ok()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !plain || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Some((name, OsString::from_vec(unquoted(&line[at + 1..]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_line_holds_for_it() {
        let crontab = b"# SHELL=/bin/none\nSHELL = /bin/bash\n\tPATH=\"/opt/a b:/usr/bin\" \nMAILTO=''\nLOGNAME=root\n*/5 * * * * X=1 run A=b\n@daily B=2\n'Q'=' r '\n";
        let settings = Settings::behind(crontab, "me", Path::new("/home/me"));
        for (name, value) in [
            ("SHELL", "/bin/bash"),
            ("PATH", "/opt/a b:/usr/bin"),
            ("HOME", "/home/me"),
            ("LOGNAME", "me"),
            ("MAILTO", ""),
            ("Q", " r "),
            ("X", ""),
            ("B", ""),
        ] {
            assert_eq!(settings.of(name), value, "{name}");
        }
        let none = Settings::behind(b"", "me", Path::new("/home/me"));
        assert_eq!((none.of("SHELL"), none.of("PATH")), ("/bin/sh".into(), "/usr/bin:/bin".into()));
        assert!(
            none.find("sh", Path::new("/")).is_some()
                && none.find("no-such-program", Path::new("/")).is_none()
        );
        assert!(
            none.find("bin/sh", Path::new("/")).is_some()
                && none.find("./sh", Path::new("/tmp")).is_none()
        );
    }
}
