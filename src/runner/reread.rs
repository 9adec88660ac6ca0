//! What is new in a journal, and whether what was read of it before still stands.
//!
//! A journal may be long and is asked for every few seconds, so it is not read from its beginning each
//! time. Hides how that is done: the answer carries a mark, which the next request brings back. It
//! holds how far the hash of everything before has come, and the hash of the last bytes of that. Only
//! those bytes are read again. A change farther back is found when the run has come to its end: then
//! everything is read once.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use sha2::{Digest as _, Sha256};

use crate::bundle::folder::{Folder, Refused};
use crate::bundle::transfer::{ReadSprint, SprintFiles};

/// A journal is read up to this size.
const MAX_JOURNAL: u64 = 256 << 20;
/// A line that is longer is left out.
const MAX_LINE: u64 = 8 << 20;
/// So many bytes before the offset are read again at each request.
const WINDOW: usize = 16 << 10;
/// How a mark begins. Another way to make one gets another word.
const FORMAT: &str = "w1";

/// Everything up to a place, as far as it is remembered.
#[derive(Clone)]
struct Known {
    /// Has taken in everything.
    hash: Sha256,
    /// The last bytes of it.
    recent: Vec<u8>,
    /// Whether all of it was read since the run came to its end.
    whole: bool,
}

impl Known {
    fn nothing() -> Self {
        Self { hash: Sha256::new(), recent: Vec::new(), whole: false }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.recent.extend_from_slice(&bytes[bytes.len().saturating_sub(WINDOW)..]);
        self.recent.drain(..self.recent.len().saturating_sub(WINDOW));
    }

    fn prefix(&self) -> String {
        hex(&self.hash.clone().finalize())
    }

    fn mark(&self) -> String {
        let whole = if self.whole { ":whole" } else { "" };
        format!(
            "{FORMAT}:{}:{}{whole}",
            STANDARD.encode(self.hash.serialize()),
            hex(&Sha256::digest(&self.recent))
        )
    }

    /// What the request knows, when the file still has it there. It is read whole where the request brings
    /// no mark, or one that does not belong to its hash.
    fn of(file: &mut File, sprint: &ReadSprint, size: u64) -> Result<Option<Self>, Refused> {
        if size < sprint.offset {
            return Ok(None);
        }
        if let Some((hash, window, whole)) = sprint.mark.as_deref().and_then(read_mark)
            && hex(&hash.clone().finalize()) == sprint.prefix
        {
            let from = sprint.offset.saturating_sub(WINDOW as u64);
            file.seek(SeekFrom::Start(from)).map_err(Refused::Io)?;
            let mut recent = Vec::new();
            file.take(sprint.offset - from).read_to_end(&mut recent).map_err(Refused::Io)?;
            let stands = recent.len() as u64 == sprint.offset - from
                && hex(&Sha256::digest(&recent)) == window;
            return Ok(stands.then_some(Self { hash, recent, whole }));
        }
        let known = Self::read(file, sprint.offset)?;
        Ok(Some(known).filter(|known| known.prefix() == sprint.prefix))
    }

    /// Everything from the beginning to this place.
    fn read(file: &mut File, to: u64) -> Result<Self, Refused> {
        let mut known = Self::nothing();
        file.seek(SeekFrom::Start(0)).map_err(Refused::Io)?;
        let mut buffer = vec![0_u8; 256 * 1024];
        let mut left = to;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let got = file.read(&mut buffer[..want]).map_err(Refused::Io)?;
            if got == 0 {
                break;
            }
            known.add(&buffer[..got]);
            left -= got as u64;
        }
        Ok(known)
    }
}

fn read_mark(mark: &str) -> Option<(Sha256, &str, bool)> {
    let mut parts = mark.split(':');
    let (format, state, window, whole) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next());
    let state = STANDARD.decode(state).ok()?;
    let state: &SerializedState<Sha256> = state.as_slice().try_into().ok()?;
    (format == FORMAT).then_some((Sha256::deserialize(state).ok()?, window, whole == Some("whole")))
}

/// Reads what is new, of which at most `left` bytes fit into the answer. `is_over` says that something
/// else tells of the end of the run.
pub(super) fn read_journal(
    own: &Folder,
    sprint: &ReadSprint,
    is_over: bool,
    files: &mut SprintFiles,
    left: &mut u64,
) -> Result<(), Refused> {
    let (mut file, size) = own.file("run.jsonl")?;
    let end = size.min(MAX_JOURNAL);
    if size > MAX_JOURNAL {
        files.problems.push(format!("run.jsonl is {size} bytes; at most {MAX_JOURNAL} are read"));
    }
    let stands = if sprint.offset == 0 {
        Some(Known::nothing())
    } else {
        Known::of(&mut file, sprint, size)?
    };
    files.altered = stands.is_none();
    let mut start = if files.altered { 0 } else { sprint.offset };
    let mut known = stands.unwrap_or_else(Known::nothing);
    let was_whole = known.whole;
    let before = known.clone();
    let mut new = read_lines(&mut file, &mut known, start, end, *left)?;
    let is_over = is_over || tells_of_the_end(&new.lines);
    let mut whole = was_whole && new.len == 0;
    if is_over && !whole {
        if start > 0 && Known::read(&mut file, start)?.prefix() != before.prefix() {
            (files.altered, start, known) = (true, 0, Known::nothing());
            new = read_lines(&mut file, &mut known, start, end, *left)?;
        }
        whole = true;
    }
    known.whole = whole;
    *left -= new.lines.len() as u64;
    files.problems.extend(new.problem);
    files.more = new.more;
    files.offset = start + new.len;
    (files.prefix, files.mark) =
        if files.offset > 0 { (known.prefix(), Some(known.mark())) } else { (String::new(), None) };
    files.journal = new.lines;
    Ok(())
}

/// What comes behind a place.
struct New {
    /// Whole lines: the last one may still be written.
    lines: Vec<u8>,
    /// How far they go.
    len: u64,
    /// Whether more waits for the next request.
    more: bool,
    problem: Option<String>,
}

/// Reads lines, and passes over one that is too long for any answer.
fn read_lines(
    file: &mut File,
    known: &mut Known,
    start: u64,
    end: u64,
    left: u64,
) -> Result<New, Refused> {
    let waiting = end.saturating_sub(start);
    let mut lines = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(Refused::Io)?;
    file.by_ref().take(waiting.min(left)).read_to_end(&mut lines).map_err(Refused::Io)?;
    if let Some(at) = lines.iter().rposition(|byte| *byte == b'\n') {
        lines.truncate(at + 1);
        known.add(&lines);
        return Ok(New { len: lines.len() as u64, lines, more: left < waiting, problem: None });
    }
    if (lines.len() as u64) < MAX_LINE {
        return Ok(New { lines: Vec::new(), len: 0, more: left < waiting, problem: None });
    }
    let mut passed = known.clone();
    passed.add(&lines);
    let mut len = lines.len() as u64;
    let mut buffer = vec![0_u8; 256 * 1024];
    while len < waiting {
        let got = file.read(&mut buffer).map_err(Refused::Io)?;
        let line_end = buffer[..got].iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        passed.add(&buffer[..line_end.unwrap_or(got)]);
        len += line_end.unwrap_or(got) as u64;
        if line_end.is_some() {
            *known = passed;
            let problem = format!(
                "run.jsonl has a line of {len} bytes, which is left out: at most {MAX_LINE} are read"
            );
            return Ok(New { lines: Vec::new(), len, more: len < waiting, problem: Some(problem) });
        }
        if got == 0 {
            break;
        }
    }
    let problem = format!(
        "run.jsonl has a line of more than {MAX_LINE} bytes that has no end: nothing behind it is read"
    );
    Ok(New { lines: Vec::new(), len: 0, more: false, problem: Some(problem) })
}

/// Whether the last line is the end of a run.
fn tells_of_the_end(lines: &[u8]) -> bool {
    let last = lines.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.windows(RUN_ENDED.len()).any(|window| window == RUN_ENDED)
}

const RUN_ENDED: &[u8] = b"\"kind\":\"run_ended\"";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::*;

    const LINE: usize = 100;

    fn line(number: usize, kind: &str) -> String {
        let line = format!("{{\"v\":1,\"seq\":{number},\"kind\":\"{kind}\",\"x\":\"");
        format!("{line:x<width$}\"}}\n", width = LINE - 3)
    }

    /// A journal with so many lines.
    fn journal(dir: &Path, lines: usize) {
        let text: String = (1..=lines).map(|number| line(number, "said")).collect();
        std::fs::write(dir.join("run.jsonl"), text).expect("written");
    }

    fn append(dir: &Path, text: impl AsRef<[u8]>) {
        let mut file = File::options().append(true).open(dir.join("run.jsonl")).expect("opened");
        file.write_all(text.as_ref()).expect("written");
    }

    fn change(dir: &Path, at: u64) {
        let mut file = File::options().write(true).open(dir.join("run.jsonl")).expect("opened");
        file.seek(SeekFrom::Start(at)).expect("sought");
        file.write_all(b"#").expect("written");
    }

    /// Asks as the laptop does: with what the answer before has told.
    fn ask(dir: &Path, before: &SprintFiles, is_over: bool) -> SprintFiles {
        let sprint = ReadSprint {
            offset: before.offset,
            prefix: before.prefix.clone(),
            mark: before.mark.clone(),
            ..ReadSprint::default()
        };
        let mut files = SprintFiles {
            offset: sprint.offset,
            prefix: sprint.prefix.clone(),
            ..SprintFiles::default()
        };
        let own = Folder::open(dir).expect("opened");
        read_journal(&own, &sprint, is_over, &mut files, &mut (16 << 20)).expect("read");
        files
    }

    /// How many bytes this thread has read so far.
    fn bytes_read() -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/io").expect("told");
        text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).expect("a number")
    }

    fn whole_hash(dir: &Path, len: u64) -> String {
        let text = std::fs::read(dir.join("run.jsonl")).expect("read");
        hex(&Sha256::digest(&text[..usize::try_from(len).expect("small")]))
    }

    #[test]
    fn a_long_journal_is_not_read_again_at_each_look() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path();
        journal(dir, 50_000);
        let mut files = ask(dir, &SprintFiles::default(), false);
        assert_eq!((files.offset, files.altered), (50_000 * LINE as u64, false));
        for number in 50_001..50_021 {
            append(dir, line(number, "said"));
            let before = bytes_read();
            files = ask(dir, &files, false);
            let read = bytes_read() - before;
            assert!(read < 4 * WINDOW as u64, "{read} bytes for one new line");
            assert_eq!(
                (files.offset, files.altered, files.more),
                (number as u64 * LINE as u64, false, false)
            );
            // Older programs, on either side, know the whole hash only.
            assert_eq!(files.prefix, whole_hash(dir, files.offset));
        }
    }

    #[test]
    fn a_change_near_the_end_is_found_at_once_and_one_far_back_at_the_end() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path();
        let len = |lines: u64| lines * LINE as u64;
        for (at, is_seen_at_once) in
            [(len(999), true), (len(1000) - WINDOW as u64, true), (5, false)]
        {
            journal(dir, 1000);
            let first = ask(dir, &SprintFiles::default(), false);
            change(dir, at);
            append(dir, line(1001, "said"));
            let second = ask(dir, &first, false);
            assert_eq!(second.altered, is_seen_at_once, "{at}");
            if second.altered {
                assert_eq!(second.offset, len(1001));
                continue;
            }
            // exit.json, or the line of the end itself.
            for is_over in [true, false] {
                if !is_over {
                    append(dir, line(1002, "run_ended"));
                }
                let third = ask(dir, &second, is_over);
                assert!(third.altered, "{at}");
                assert!(!ask(dir, &third, is_over).altered, "it is told once");
            }
        }
        std::fs::write(dir.join("run.jsonl"), "short\n").expect("written");
        let long = SprintFiles { offset: 5000, prefix: "00".to_owned(), ..SprintFiles::default() };
        assert!(ask(dir, &long, false).altered);
    }

    #[test]
    fn at_the_end_all_is_read_once() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path();
        journal(dir, 50_000);
        let first = ask(dir, &SprintFiles::default(), false);
        append(dir, line(50_001, "run_ended"));
        let costs = |files: &SprintFiles, is_over| {
            let before = bytes_read();
            let next = ask(dir, files, is_over);
            assert!(!next.altered);
            (bytes_read() - before, next)
        };
        let (read, second) = costs(&first, false);
        assert!(read > 50_000 * LINE as u64, "{read}");
        for is_over in [false, true, true] {
            assert!(costs(&second, is_over).0 < 4 * WINDOW as u64);
        }
    }

    #[test]
    fn what_an_older_program_has_stored_is_accepted_and_a_bad_mark_costs_a_whole_look() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path();
        journal(dir, 1000);
        let told = ask(dir, &SprintFiles::default(), false);
        append(dir, line(1001, "said"));
        let mark = told.mark.clone().expect("a mark");
        let foreign = mark.replacen(&mark[3..7], "AAAA", 1);
        for mark in [
            None,
            Some(""),
            Some("w1"),
            Some("w1:x:y"),
            Some("w2:a:b"),
            Some(foreign.as_str()),
            Some("w1:::"),
        ] {
            let older = SprintFiles { mark: mark.map(str::to_owned), ..told.clone() };
            let next = ask(dir, &older, false);
            assert_eq!((next.altered, next.offset), (false, 1001 * LINE as u64), "{mark:?}");
        }
        change(dir, 5);
        assert!(ask(dir, &SprintFiles { mark: None, ..told }, false).altered, "by the whole hash");
    }

    #[test]
    fn a_line_that_is_too_long_hides_nothing_behind_it() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = temp.path();
        journal(dir, 10);
        append(dir, vec![b'x'; 20 << 20]);
        append(dir, "\n");
        append(dir, line(11, "said"));
        let mut files = SprintFiles::default();
        let mut lines = 0;
        let mut problems = 0;
        for _ in 0..5 {
            files = ask(dir, &files, false);
            assert!(!files.altered);
            problems += files.problems.len();
            lines += files.journal.iter().filter(|byte| **byte == b'\n').count();
            if !files.more {
                break;
            }
        }
        assert_eq!((lines, problems, files.more), (11, 1, false), "{:?}", files.problems);
        assert_eq!(files.prefix, whole_hash(dir, files.offset));
        // One that has no end yet: the sprint can be settled all the same.
        append(dir, vec![b'x'; 20 << 20]);
        let next = ask(dir, &files, false);
        assert_eq!((next.more, next.problems.len(), next.offset), (false, 1, files.offset));
    }
}
