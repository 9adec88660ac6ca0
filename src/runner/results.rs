//! Sends files of a sprint to the laptop, on the cluster's login node.
//!
//! Hides what belongs to the report's set, and how one long stream of files becomes pieces that each go
//! on where the one before has ended.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use crate::bundle::folder::{Entry, Folder, Refused};
use crate::bundle::transfer::{Part, ResultsHead, ResultsRequest, is_safe_path};
use crate::bundle::{CODE_FOLDERS, FORMAT_VERSION, OWN_FOLDER, PLAN_FILE, is_code_file};
use crate::domain::text::is_hidden;
use crate::domain::text::number_of;

/// How many files an answer names at most.
const MAX_FILES: usize = 5000;

/// How many rounds of reviews are looked for: `--rounds` takes no more.
const MAX_ROUNDS: u32 = 100;

/// A larger file of code is data.
const MAX_CODE: u64 = 1 << 20;
/// So much code is sent with the report in all: less than a piece, in which results have room, too.
const MOST_CODE: u64 = 8 << 20;
const MOST_CODE_FILES: usize = 500;
/// Folders in which what lies is not the agent's own.
const NO_CODE: &[&str] = &[".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"];

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
        collect(&folder, "", &request, &[], &mut head, 0);
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
        let piece = folder.file(&path).map_err(|problem| problem.to_string()).and_then(
            |(mut file, size)| {
                let mut piece = Vec::new();
                file.seek(SeekFrom::Start(start))
                    .and_then(|_| file.take(budget).read_to_end(&mut piece))
                    .map_err(|error| error.to_string())?;
                Ok((piece, size))
            },
        );
        match piece {
            Ok((piece, size)) => {
                let len = piece.len() as u64;
                head.parts.push(Part { path: path.clone(), offset: start, len });
                bytes.extend_from_slice(&piece);
                budget -= len;
                if start.saturating_add(len) < size && budget == 0 {
                    head.next = Some((path, start.saturating_add(len)));
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

fn collect(
    folder: &Folder,
    below: &str,
    request: &ResultsRequest,
    leaves_out: &[&str],
    head: &mut ResultsHead,
    depth: usize,
) {
    let listed = folder.list(MAX_FILES).unwrap_or_default();
    let (entries, odd) = (listed.entries, listed.odd);
    if listed.cut {
        head.skipped.push(format!(
            "{:?} holds more than {MAX_FILES} files: only some of them",
            shown(if below.is_empty() { "." } else { below })
        ));
    }
    if odd > 0 {
        head.skipped.push(format!(
            "{} in {:?} with names that are not text",
            number_of(odd, "file"),
            shown(if below.is_empty() { "." } else { below })
        ));
    }
    for (name, entry) in entries {
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if path == OWN_FOLDER || leaves_out.contains(&name.as_str()) {
            continue;
        }
        if !is_safe_path(&path) {
            head.skipped.push(format!("{} has a name that is not used here", shown(&path)));
            continue;
        }
        match entry {
            Entry::Folder if depth >= 20 => {
                head.skipped.push(format!("{} is too deep", shown(&path)))
            }
            Entry::Folder => match folder.folder(&name) {
                Ok(inner) => collect(&inner, &path, request, leaves_out, head, depth + 1),
                Err(problem) => head.skipped.push(format!("{} {problem}", shown(&path))),
            },
            Entry::File(size) => add(head, request, path, size),
            Entry::Other(kind) => {
                head.skipped.push(format!("{} is {kind}, not a regular file", shown(&path)))
            }
        }
    }
}

fn add(head: &mut ResultsHead, request: &ResultsRequest, path: String, size: u64) {
    if size > request.max_file {
        head.skipped.push(format!(
            "{} is {size} bytes, more than {}; it stays on the cluster",
            shown(&path),
            request.max_file
        ));
    } else if head.files.len() >= MAX_FILES {
        if head.files.len() == MAX_FILES
            && !head.skipped.iter().any(|skipped| skipped.starts_with("more than"))
        {
            head.skipped
                .push(format!("more than {MAX_FILES} files: the rest stays on the cluster"));
        }
    } else {
        head.files.push((path, size));
    }
}

/// The report's set is asked for by name: a folder with very many files hides none of it.
fn collect_report(folder: &Folder, request: &ResultsRequest, head: &mut ResultsHead) {
    let reviews = (1..=MAX_ROUNDS).flat_map(|round| {
        [format!("red_team_round_{round}.md"), format!("fixes_round_{round}.md")]
    });
    let also = request.also.iter().take(MAX_FILES).filter(|name| is_safe_path(name)).cloned();
    for path in REPORT_SET.iter().map(|name| (*name).to_owned()).chain(reviews).chain(also) {
        match folder.file(&path) {
            Ok((_, size)) => add(head, request, path, size),
            Err(Refused::Missing) => {}
            Err(problem) => head.skipped.push(format!("{path} {problem}")),
        }
    }
    match folder.folder("results") {
        Ok(results) => collect(&results, "results", request, &[], head, 1),
        Err(Refused::Missing) => {}
        Err(problem) => head.skipped.push(format!("results {problem}")),
    }
    collect_code(folder, request, head);
}

/// What the agent has programmed, within bounds of its own: it must not take the place of results.
fn collect_code(folder: &Folder, request: &ResultsRequest, head: &mut ResultsHead) {
    let request = ResultsRequest { max_file: MAX_CODE.min(request.max_file), ..request.clone() };
    let mut code = ResultsHead::default();
    for below in CODE_FOLDERS {
        if let Ok(inner) = folder.folder(below) {
            collect(&inner, below, &request, NO_CODE, &mut code, 1);
        }
    }
    let listed = folder.list(MAX_FILES).unwrap_or_default();
    for (name, entry) in listed.entries {
        if let Entry::File(size) = entry
            && is_code_file(&name)
            && is_safe_path(&name)
        {
            add(&mut code, &request, name, size);
        }
    }
    code.files.sort();
    let (mut bytes, mut left_out) = (0_u64, code.skipped.len());
    for (count, (path, size)) in code.files.into_iter().enumerate() {
        bytes = bytes.saturating_add(size);
        if count < MOST_CODE_FILES && bytes <= MOST_CODE {
            head.files.push((path, size));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        head.skipped.push(format!(
            "{} of code: more than {MOST_CODE_FILES} files, {} MiB, or {} MiB each",
            number_of(left_out, "file"),
            MOST_CODE >> 20,
            MAX_CODE >> 20
        ));
    }
}

/// A path in a sentence: control characters made visible, and not too long.
fn shown(path: &str) -> String {
    path.chars()
        .take(120)
        .map(|c| {
            if is_hidden(c) { c.escape_unicode().to_string() } else { c.escape_debug().to_string() }
        })
        .collect()
}
