//! The line in the crontab, and a crontab with and without it. Everything else in a crontab stays
//! as it is, to the byte.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::domain::duration::human;

/// Vixie cron and its descendants cut or refuse longer commands.
const MAX_COMMAND: usize = 990;

/// Why there is no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// cron cannot keep such a rhythm.
    #[error("cron cannot run every {}: expected 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes, or 1, 2, 3, 4, 6, 8, 12 or 24 hours", human(*.0))]
    Every(u64),
    /// A path that cron or a shell would take apart.
    #[error("{} cannot stand in a crontab: it has a line break or a backslash", .0.display())]
    Path(PathBuf),
    /// The paths are too long together.
    #[error(
        "the command would be {0} bytes long, and cron takes {MAX_COMMAND}: move the project to a shorter path"
    )]
    Long(usize),
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Seconds between two runs.
    pub seconds: u64,
}

impl Schedule {
    /// Takes what cron can do evenly.
    pub fn new(seconds: u64) -> Result<Self, LineProblem> {
        let fits = match seconds {
            60..=1800 => seconds.is_multiple_of(60) && 3600_u64.is_multiple_of(seconds),
            3600..=86_400 => seconds.is_multiple_of(3600) && 86_400_u64.is_multiple_of(seconds),
            _ => false,
        };
        if fits { Ok(Self { seconds }) } else { Err(LineProblem::Every(seconds)) }
    }

    fn fields(self) -> String {
        match self.seconds {
            60 => "* * * * *".to_owned(),
            61..=1800 => format!("*/{} * * * *", self.seconds / 60),
            3600 => "0 * * * *".to_owned(),
            86_400 => "0 0 * * *".to_owned(),
            _ => format!("0 */{} * * *", self.seconds / 3600),
        }
    }
}

/// What marks the line of this project: several projects have a line each.
pub fn marker(config: &Path) -> String {
    let hash = Sha256::digest(config.as_os_str().as_bytes());
    let hex: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("# researchloop:{hex}")
}

/// The line, without its end. The marker is a comment for the shell that cron starts.
pub fn line(schedule: Schedule, words: &[PathBuf], marker: &str) -> Result<Vec<u8>, LineProblem> {
    // By a program, so that every shell understands it.
    let mut command = b"env RESEARCHLOOP_CRON=1".to_vec();
    for word in words {
        command.push(b' ');
        command.extend(quoted(word)?);
    }
    command.push(b' ');
    command.extend(marker.as_bytes());
    if command.len() > MAX_COMMAND {
        return Err(LineProblem::Long(command.len()));
    }
    Ok([schedule.fields().as_bytes(), b" ", &command].concat())
}

/// A word for the shell, and for cron before it, which ends a command at a plain percent sign.
fn quoted(word: &Path) -> Result<Vec<u8>, LineProblem> {
    let bytes = word.as_os_str().as_bytes();
    if bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r' | b'\\' | 0)) {
        return Err(LineProblem::Path(word.to_owned()));
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return Ok(bytes.to_vec());
    }
    let mut text = vec![b'\''];
    for byte in bytes {
        match byte {
            b'\'' => text.extend(b"'\"'\"'"),
            b'%' => text.extend(b"\\%"),
            other => text.push(*other),
        }
    }
    text.push(b'\'');
    Ok(text)
}

/// The lines of a crontab, each with its end.
fn lines(crontab: &[u8]) -> impl Iterator<Item = &[u8]> {
    crontab.split_inclusive(|byte| *byte == b'\n')
}

fn is_ours(line: &[u8], marker: &str) -> bool {
    line.trim_ascii_end().ends_with(marker.as_bytes()) && !line.trim_ascii_start().starts_with(b"#")
}

/// The line with this marker, without its end.
pub fn find<'a>(crontab: &'a [u8], marker: &str) -> Option<&'a [u8]> {
    lines(crontab).find(|line| is_ours(line, marker)).map(<[u8]>::trim_ascii_end)
}

/// The crontab with this line in the place of an earlier one, or at its end.
pub fn with_line(crontab: &[u8], marker: &str, new: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(crontab.len() + new.len() + 2);
    let mut is_there = false;
    for line in lines(crontab) {
        if !is_ours(line, marker) {
            text.extend(line);
        } else if !is_there {
            is_there = true;
            text.extend([new, b"\n"].concat());
        }
    }
    if !is_there {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend([new, b"\n"].concat());
    }
    text
}

/// The lines before the one with this marker.
pub fn before_line<'a>(crontab: &'a [u8], marker: &str) -> &'a [u8] {
    let end = lines(crontab).take_while(|line| !is_ours(line, marker)).map(<[u8]>::len).sum();
    &crontab[..end]
}

/// What cron hands to the shell of a line: what stands behind its five fields, up to a percent sign.
pub fn command(line: &[u8]) -> Vec<u8> {
    let mut rest = line.trim_ascii();
    for _ in 0..5 {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        rest = rest[end..].trim_ascii_start();
    }
    let mut text = Vec::with_capacity(rest.len());
    let mut bytes = rest.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(b'%')) => text.extend(bytes.next()),
            (b'%', _) => break,
            _ => text.push(byte),
        }
    }
    text
}

/// The crontab without the lines of this marker.
pub fn without_line(crontab: &[u8], marker: &str) -> Vec<u8> {
    lines(crontab).filter(|line| !is_ours(line, marker)).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(words: &[&str]) -> String {
        let words: Vec<PathBuf> = words.iter().map(PathBuf::from).collect();
        String::from_utf8(
            line(Schedule::new(300).expect("fits"), &words, "# researchloop:0123").expect("a line"),
        )
        .expect("text")
    }

    #[test]
    fn the_line_survives_cron_and_the_shell() {
        assert_eq!(
            made(&["/opt/rl", "--config", "/a b/100%/it's.toml", "tick"]),
            "*/5 * * * * env RESEARCHLOOP_CRON=1 /opt/rl --config '/a b/100\\%/it'\"'\"'s.toml' tick # researchloop:0123"
        );
        let path = |text: &str| line(Schedule { seconds: 300 }, &[PathBuf::from(text)], "# x");
        assert!(matches!(path("/a\nb"), Err(LineProblem::Path(_))));
        assert!(matches!(path("/a\\b"), Err(LineProblem::Path(_))));
        assert!(matches!(path(&"/long".repeat(300)), Err(LineProblem::Long(_))));
        // As cron does it: an escaped percent sign loses its backslash; then the shell reads it.
        let command = command(made(&["/bin/echo", "/a b/100%/it's $HOME `id`"]).as_bytes());
        let command = String::from_utf8(command).expect("text");
        let output = crate::platform::process::command("/bin/sh")
            .args(["-c", &command])
            .output()
            .expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/a b/100%/it's $HOME `id`\n");
    }

    #[test]
    fn cron_keeps_only_even_rhythms() {
        for (seconds, fields) in [
            (60, "* * * * *"),
            (300, "*/5 * * * *"),
            (1800, "*/30 * * * *"),
            (3600, "0 * * * *"),
            (21_600, "0 */6 * * *"),
            (86_400, "0 0 * * *"),
        ] {
            assert_eq!(Schedule::new(seconds).map(Schedule::fields), Ok(fields.to_owned()));
        }
        for seconds in [0, 30, 90, 420, 2700, 5400, 18_000, 172_800] {
            assert_eq!(Schedule::new(seconds), Err(LineProblem::Every(seconds)));
        }
    }

    #[test]
    fn all_other_lines_stay_to_the_byte() {
        let other = b"MAILTO=me\n# a note about researchloop:0123\n\t*/7 * * * * date +\\%s \xff\n\n#*/5 * * * * x # researchloop:0123\n5 5 * * * y # researchloop:4567\n";
        let mark = "# researchloop:0123";
        let first = with_line(other, mark, b"1 # researchloop:0123");
        assert_eq!(first, [&other[..], b"1 # researchloop:0123\n"].concat());
        assert_eq!(find(&first, mark), Some(&b"1 # researchloop:0123"[..]));
        assert_eq!(
            with_line(&first, mark, b"1 # researchloop:0123"),
            first,
            "the second time changes nothing"
        );
        let more = [&first[..], b"0 0 * * * z\n2 # researchloop:0123\n"].concat();
        let again = with_line(&more, mark, b"3 # researchloop:0123");
        assert_eq!(
            again,
            [&other[..], b"3 # researchloop:0123\n0 0 * * * z\n"].concat(),
            "in its place, and once"
        );
        assert_eq!(without_line(&first, mark), other);
        assert_eq!(without_line(other, mark), other);
        assert_eq!(with_line(b"x", mark, b"1 # researchloop:0123"), b"x\n1 # researchloop:0123\n");
        assert_eq!(before_line(&again, mark), other);
        assert_eq!(before_line(other, mark), other);
        assert_eq!(find(other, mark), None, "a line that is commented out is none");
        assert_ne!(
            marker(Path::new("/a/researchloop.toml")),
            marker(Path::new("/b/researchloop.toml"))
        );
    }
}
