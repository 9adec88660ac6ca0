//! Answers the laptop's questions about files, on the cluster's front end.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::environment::masker_of;
use super::untold::untold;
use crate::bundle::folder::{Entry, Folder, Refused};
use crate::bundle::transfer::{Part, ReadAnswer, ReadRequest, ReadSprint, ResultsHead, ResultsRequest, SprintFiles, is_safe_path};
use crate::bundle::{FORMAT_VERSION, OWN_FOLDER, PLAN_FILE};
use crate::domain::Masker;
use crate::platform::clock;

/// A journal is read up to this size.
const MAX_JOURNAL: u64 = 256 << 20;
/// No line of a runner's is as long as this.
const MAX_LINE: usize = 4 << 20;
/// How much of `progress.md` and `output.log` a screen needs.
const TAIL: u64 = 4096;
/// How many files a `results` answer names at most.
const MAX_FILES: usize = 5000;

/// Answers `files-read`: the request on the input, the answer on the output.
pub fn read_files(mut input: impl io::Read, mut output: impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request: ReadRequest = serde_json::from_slice(&text)?;
    let mut left = request.max_bytes;
    let sprints = request.sprints.iter().map(|sprint| read_sprint(sprint, &mut left)).collect();
    serde_json::to_writer(&mut output, &ReadAnswer { v: FORMAT_VERSION, sprints })?;
    output.flush()
}

fn read_sprint(sprint: &ReadSprint, left: &mut u64) -> SprintFiles {
    let mut files = SprintFiles { id: sprint.id.clone(), offset: sprint.offset, prefix: sprint.prefix.clone(), ..SprintFiles::default() };
    let folder = match Folder::open(Path::new(&sprint.dir)) {
        Ok(folder) => folder,
        Err(problem) => {
            // One that is gone from a folder that is there is gone for good. It proves nothing of
            // whether a job has ever begun.
            let above = Path::new(&sprint.dir).parent();
            files.readable = matches!(problem, Refused::Missing) && above.is_some_and(|above| Folder::open(above).is_ok());
            files.claimed = files.readable;
            files.problems.push(format!("the sprint's directory {problem}"));
            return files;
        }
    };
    let own = match folder.folder(OWN_FOLDER) {
        Ok(own) => own,
        Err(problem) => {
            files.problems.push(format!("{OWN_FOLDER} {problem}"));
            // One that was removed does not come back, and does not prove that no job has begun.
            if matches!(problem, Refused::Missing) {
                files.readable = true;
                files.claimed = true;
                journal_is_gone(&mut files);
            }
            return files;
        }
    };
    match read_journal(&own, sprint, &mut files, left) {
        Ok(()) => files.readable = true,
        Err(Refused::Missing) => {
            files.readable = true;
            if sprint.offset > 0 {
                files.problems.push("run.jsonl is not there any more".to_owned());
            }
            journal_is_gone(&mut files);
        }
        Err(problem) => files.problems.push(format!("run.jsonl {problem}")),
    }
    claim(&own, sprint, &mut files);
    match own.read("exit.json", 4096) {
        Ok(bytes) => files.exit = Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(Refused::Missing) => {}
        Err(problem) => files.problems.push(format!("exit.json {problem}")),
    }
    let masker = if sprint.tails { masker_of(&own) } else { Masker::default() };
    let mut tail = |name: &str| match folder.tail(name, TAIL) {
        Ok(bytes) => Some(masker.text(&String::from_utf8_lossy(&bytes)).into_owned()),
        Err(Refused::Missing) => None,
        Err(problem) => {
            files.problems.push(format!("{name} {problem}"));
            None
        }
    };
    if sprint.tails {
        let (progress, log) = (tail("progress.md"), tail("output.log"));
        files.progress = progress;
        files.output = log;
    }
    if sprint.tails || sprint.quiet {
        files.quiet_seconds = quiet_seconds(&folder, &own);
    }
    if sprint.untold {
        files.untold = untold(&own);
    }
    files
}

/// What a claim holds that was left for a job that never began.
const CANCELLED: &str = "cancelled";

/// Finds out which job has begun.
fn claim(own: &Folder, sprint: &ReadSprint, files: &mut SprintFiles) {
    let mut of = |name: &str| {
        let holder = own.link(name);
        files.claimed |= holder.as_deref() != Some(CANCELLED);
        files.claimed_by = holder.filter(|holder| holder != CANCELLED);
    };
    if sprint.attempt > 0 {
        let name = format!("claim-{}", sprint.attempt);
        if own.link(&name).is_some() || own.file(&name).is_ok() {
            of(&name);
        }
        return;
    }
    for (name, _) in own.list(1000).map(|listed| listed.entries).unwrap_or_default() {
        if name.starts_with("claim-") {
            of(&name);
        }
    }
}

/// What was read of it counts; what comes in its place is read from the start.
fn journal_is_gone(files: &mut SprintFiles) {
    files.altered = files.offset > 0;
    files.offset = 0;
    files.prefix.clear();
}

/// Seconds since the journal, a stream of a step, or a log changed.
fn quiet_seconds(folder: &Folder, own: &Folder) -> Option<u64> {
    let mut newest = None;
    let mut look = |folder: &Folder, name: &str| {
        if let Ok((file, _)) = folder.file(name)
            && let Ok(changed) = file.metadata().and_then(|metadata| metadata.modified())
        {
            newest = newest.max(Some(changed));
        }
    };
    look(own, "run.jsonl");
    for name in ["progress.md", "output.log"] {
        look(folder, name);
    }
    if let Ok(steps) = own.folder("steps") {
        for (name, _) in steps.list(10_000).map(|listed| listed.entries).unwrap_or_default() {
            look(&steps, &name);
        }
    }
    let changed = jiff::Timestamp::try_from(newest?).ok()?;
    // A file server whose clock is ahead tells of times to come.
    u64::try_from((clock::now().as_second() - changed.as_second()).max(0)).ok()
}

fn read_journal(own: &Folder, sprint: &ReadSprint, files: &mut SprintFiles, left: &mut u64) -> Result<(), Refused> {
    let (mut file, size) = own.file("run.jsonl")?;
    let mut hash = Sha256::new();
    let mut start = 0;
    if sprint.offset > 0 {
        let known = hash_exactly(&mut file, sprint.offset, &mut hash).map_err(Refused::Io)?;
        if known && hex(&hash.clone().finalize()) == sprint.prefix {
            start = sprint.offset;
        } else {
            files.altered = true;
            hash = Sha256::new();
            file.seek(SeekFrom::Start(0)).map_err(Refused::Io)?;
        }
    }
    files.offset = start;
    if size > MAX_JOURNAL {
        files.problems.push(format!("run.jsonl is {size} bytes; at most {MAX_JOURNAL} are read"));
    }
    let take = size.min(MAX_JOURNAL).saturating_sub(start).min(*left);
    let mut piece = Vec::new();
    file.take(take).read_to_end(&mut piece).map_err(Refused::Io)?;
    // Only whole lines: the last one may still be written. One that is longer than any of a runner's is
    // not waited for: in pieces, none of which is a line, it is left behind.
    let mut whole = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let is_endless = whole == 0 && piece.len() >= MAX_LINE;
    if is_endless {
        whole = piece.len();
        files.problems.push(format!("run.jsonl has a line of more than {MAX_LINE} bytes: it is left out"));
    }
    piece.truncate(whole);
    hash.update(&piece);
    *left -= whole as u64;
    files.offset = start + whole as u64;
    files.prefix = if files.offset == 0 { String::new() } else { hex(&hash.finalize()) };
    files.more = take < size.min(MAX_JOURNAL).saturating_sub(start);
    files.journal = if is_endless { String::new() } else { STANDARD.encode(&piece) };
    Ok(())
}

/// Feeds exactly so many bytes to the hash; false when the file is shorter.
fn hash_exactly(file: &mut std::fs::File, mut count: u64, hash: &mut Sha256) -> io::Result<bool> {
    let mut buffer = vec![0_u8; 256 * 1024];
    while count > 0 {
        let want = usize::try_from(count).unwrap_or(usize::MAX).min(buffer.len());
        let got = file.read(&mut buffer[..want])?;
        if got == 0 {
            return Ok(false);
        }
        hash.update(&buffer[..got]);
        count -= got as u64;
    }
    Ok(true)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many rounds of reviews are looked for: `--rounds` takes no more.
const MAX_ROUNDS: u32 = 100;

/// Files of the report's set, beside everything below `results/` and the reviews.
const REPORT_SET: &[&str] = &[
    "summary.txt",
    "report.md",
    "report.pdf",
    "findings.md",
    "finding.json",
    PLAN_FILE,
    "idea.txt",
    "progress.md",
    "output.log",
    "job.log",
    "CLAUDE.md",
];

/// Answers `files-results`: the request on the input; a head and bytes on the output.
pub fn send_results(mut input: impl io::Read, mut output: impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request: ResultsRequest = serde_json::from_slice(&text)?;
    let mut head = ResultsHead { v: FORMAT_VERSION, ..ResultsHead::default() };
    let folder = match Folder::open(Path::new(&request.dir)) {
        Ok(folder) => folder,
        Err(problem) => return Err(io::Error::other(format!("the sprint's directory {problem}"))),
    };
    if request.all {
        collect(&folder, "", &request, &mut head, 0);
    } else {
        collect_report(&folder, &request, &mut head);
    }
    // One order for all requests, so that `from` means the same each time.
    head.files.sort();
    let mut bytes = Vec::new();
    let mut budget = request.max_total;
    for (path, _) in head.files.clone() {
        let start = match &request.from {
            Some((from, _)) if path < *from => continue,
            Some((from, offset)) if path == *from => *offset,
            _ => 0,
        };
        if budget == 0 {
            head.next = Some((path, start));
            break;
        }
        let piece = folder.file(&path).map_err(|problem| problem.to_string()).and_then(|(mut file, size)| {
            let mut piece = Vec::new();
            file.seek(SeekFrom::Start(start)).and_then(|_| file.take(budget).read_to_end(&mut piece)).map_err(|error| error.to_string())?;
            Ok((piece, size))
        });
        match piece {
            Ok((piece, size)) => {
                let len = piece.len() as u64;
                head.parts.push(Part { path: path.clone(), offset: start, len });
                bytes.extend_from_slice(&piece);
                budget -= len;
                if start + len < size && budget == 0 {
                    head.next = Some((path, start + len));
                    break;
                }
            }
            Err(problem) => head.skipped.push(format!("{} {problem}", shown(&path))),
        }
    }
    serde_json::to_writer(&mut output, &head)?;
    output.write_all(b"\n")?;
    output.write_all(&bytes)?;
    output.flush()
}

fn collect(folder: &Folder, below: &str, request: &ResultsRequest, head: &mut ResultsHead, depth: usize) {
    let listed = folder.list(MAX_FILES).unwrap_or_default();
    let (entries, odd) = (listed.entries, listed.odd);
    if listed.cut {
        head.skipped.push(format!("{:?} holds more than {MAX_FILES} files: only some of them", shown(if below.is_empty() { "." } else { below })));
    }
    if odd > 0 {
        head.skipped.push(format!("{odd} file(s) in {:?} with names that are no text", shown(if below.is_empty() { "." } else { below })));
    }
    for (name, entry) in entries {
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if path == OWN_FOLDER {
            continue;
        }
        if !is_safe_path(&path) {
            head.skipped.push(format!("{} has a name that is not used here", shown(&path)));
            continue;
        }
        match entry {
            Entry::Folder if depth >= 20 => head.skipped.push(format!("{} is too deep", shown(&path))),
            Entry::Folder => match folder.folder(&name) {
                Ok(inner) => collect(&inner, &path, request, head, depth + 1),
                Err(problem) => head.skipped.push(format!("{} {problem}", shown(&path))),
            },
            Entry::File(size) => add(head, request, path, size),
            Entry::Other(kind) => head.skipped.push(format!("{} is {kind}, not a regular file", shown(&path))),
        }
    }
}

fn add(head: &mut ResultsHead, request: &ResultsRequest, path: String, size: u64) {
    if size > request.max_file {
        head.skipped.push(format!("{} is {size} bytes, more than {}; it stays on the cluster", shown(&path), request.max_file));
    } else if head.files.len() >= MAX_FILES {
        if head.files.len() == MAX_FILES && !head.skipped.iter().any(|skipped| skipped.starts_with("more than")) {
            head.skipped.push(format!("more than {MAX_FILES} files: the rest stays on the cluster"));
        }
    } else {
        head.files.push((path, size));
    }
}

/// The report's set is asked for by name: a folder with very many files hides none of it.
fn collect_report(folder: &Folder, request: &ResultsRequest, head: &mut ResultsHead) {
    let reviews = (1..=MAX_ROUNDS).flat_map(|round| [format!("red_team_round_{round}.md"), format!("fixes_round_{round}.md")]);
    let also = request.also.iter().take(MAX_FILES).filter(|name| is_safe_path(name)).cloned();
    for path in REPORT_SET.iter().map(|name| (*name).to_owned()).chain(reviews).chain(also) {
        match folder.file(&path) {
            Ok((_, size)) => add(head, request, path, size),
            Err(Refused::Missing) => {}
            Err(problem) => head.skipped.push(format!("{path} {problem}")),
        }
    }
    match folder.folder("results") {
        Ok(results) => collect(&results, "results", request, head, 1),
        Err(Refused::Missing) => {}
        Err(problem) => head.skipped.push(format!("results {problem}")),
    }
}

/// A path in a sentence: control characters made visible, and not too long.
fn shown(path: &str) -> String {
    path.chars().take(120).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(dir: &Path, offset: u64) -> SprintFiles {
        let sprint = ReadSprint {
            id: "sp-000001".to_owned(),
            dir: dir.display().to_string(),
            offset,
            prefix: "00".to_owned(),
            attempt: 1,
            tails: false,
            quiet: false,
            untold: false,
        };
        read_sprint(&sprint, &mut 1_000_000)
    }

    #[test]
    fn a_journal_that_was_removed_is_told_and_does_not_hide_the_rest() {
        let temp = tempfile::tempdir().expect("a folder");
        for own_folder in [false, true] {
            if own_folder {
                std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
            }
            let files = look(temp.path(), 10);
            assert_eq!((files.readable, files.altered, files.offset, files.problems.len()), (true, true, 0, 1), "{own_folder}: {files:?}");
            // Without the folder nothing proves that no job has begun.
            assert_eq!(files.claimed, !own_folder);
            // The next look starts anew, and tells it no second time.
            assert!(!look(temp.path(), 0).altered);
        }
    }
}
