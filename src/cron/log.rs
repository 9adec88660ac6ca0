//! The log of ticks that nobody watches. It does not grow without end.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::platform::private;

/// A file that is larger is put aside.
const MAX_BYTES: u64 = 1 << 20;
/// So many older ones are kept: `tick.log.1` is the youngest.
const KEPT: u32 = 3;

/// The file.
#[derive(Debug, Clone)]
pub struct Log(PathBuf);

impl Log {
    /// The log at this path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Adds lines, each with this time in front. Nothing is written for none.
    pub fn add(&self, lines: &[String], now: Timestamp) -> std::io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            private::make_folder(folder)?;
        }
        if std::fs::metadata(&self.0).is_ok_and(|found| found.len() > MAX_BYTES) {
            self.rotate();
        }
        let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let text: String = lines
            .iter()
            .flat_map(|line| line.lines())
            .map(|line| format!("{now} {}\n", line.trim_end()))
            .collect();
        // One write: two ticks at once do not tear each other's lines.
        private::options().append(true).create(true).open(&self.0)?.write_all(text.as_bytes())
    }

    /// Tries whether it can be written, and leaves it as it was.
    pub fn check(&self) -> std::io::Result<()> {
        if let Some(folder) = self.0.parent() {
            private::make_folder(folder)?;
        }
        let is_new = !self.0.exists();
        private::options().append(true).create(true).open(&self.0)?;
        if is_new { std::fs::remove_file(&self.0) } else { Ok(()) }
    }

    /// The last lines, at most so many.
    pub fn tail(&self, most: usize) -> Vec<String> {
        let text = std::fs::read(&self.0).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[lines.len().saturating_sub(most)..].to_vec()
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    /// Another tick may do the same: who comes second finds the file gone.
    fn rotate(&self) {
        for number in (1..KEPT).rev() {
            let _ = std::fs::rename(self.aside(number), self.aside(number + 1));
        }
        let _ = std::fs::rename(&self.0, self.aside(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_put_aside_at_a_megabyte_and_three_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/tick.log");
        let log = Log::at(&path);
        log.add(&[], Timestamp::UNIX_EPOCH).expect("nothing");
        assert!(!path.exists());
        for turn in 0..6 {
            log.add(&[format!("turn {turn}"), "two\nlines".to_owned()], Timestamp::UNIX_EPOCH)
                .expect("written");
            let mut text = std::fs::read(&path).expect("there");
            text.resize((1 << 20) + 1, b'x');
            std::fs::write(&path, text).expect("written");
        }
        log.add(&["last".to_owned()], Timestamp::UNIX_EPOCH).expect("written");
        let names: std::collections::BTreeSet<_> =
            std::fs::read_dir(path.parent().expect("a folder"))
                .expect("listed")
                .map(|entry| entry.expect("one").file_name())
                .collect();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["tick.log", "tick.log.1", "tick.log.2", "tick.log.3"]
        );
        assert_eq!(log.tail(9).len(), 1);
        assert!(std::fs::read_to_string(log.aside(1)).expect("there").contains("turn 5"));
        assert!(std::fs::read_to_string(log.aside(3)).expect("there").contains("turn 3"));
    }
}
