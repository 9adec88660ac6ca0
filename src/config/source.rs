//! The text of the file and the places in it; and the report that collects every
//! problem with such a place.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Unreadable};
use super::problem::{Place, Problem, Severity, excerpt};

/// No real configuration comes near this many bytes.
const LARGEST: u64 = 1024 * 1024;
/// More problems than anyone reads.
const MOST_PROBLEMS: usize = 100;

/// The text and where its lines begin.
#[derive(Debug)]
pub(super) struct Source {
    pub file: PathBuf,
    pub text: String,
    starts: Vec<usize>,
}

impl Source {
    pub fn new(file: &Path, text: String) -> Self {
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1))
            .collect();
        Self { file: file.to_owned(), text, starts }
    }

    /// Reads the file, if it is a text of a sensible length.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason| ConfigError::Unreadable { file: file.to_owned(), reason };
        let bytes = read_bytes(file).map_err(unreadable)?;
        if bytes.contains(&0) {
            return Err(unreadable(Unreadable::Binary));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            unreadable(Unreadable::NotUtf8 {
                line: good.iter().filter(|b| **b == b'\n').count() + 1,
            })
        })?;
        Ok(Self::new(file, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Where a line begins, and its text without the line break.
    pub fn line(&self, number: usize) -> (usize, &str) {
        let index = number.saturating_sub(1).min(self.starts.len() - 1);
        let start = self.starts[index];
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        (start, self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    /// The place, or the end of the last word when it lies behind that: what is
    /// missing at the end of the file is missing there.
    pub fn within(&self, span: &Range<usize>) -> Range<usize> {
        let end = self.text.trim_end().len();
        if span.start >= end { end..end } else { span.clone() }
    }

    /// The text with blanks in place of some lines; every other byte stays where it is.
    pub fn without(&self, lines: &BTreeSet<usize>) -> String {
        let mut text = String::with_capacity(self.text.len());
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            if lines.contains(&(index + 1)) {
                text.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
            } else {
                text.push_str(line);
            }
        }
        text
    }

    pub fn lines(&self) -> usize {
        self.starts.len()
    }
}

fn read_bytes(file: &Path) -> Result<Vec<u8>, Unreadable> {
    if std::fs::metadata(file)?.is_dir() {
        return Err(Unreadable::Folder);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        Err(Unreadable::TooLarge { limit: LARGEST })
    } else {
        Ok(bytes)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Bytes of the file.
    File(Range<usize>),
    /// An environment variable.
    Variable(&'static str),
}

/// Everything that is wrong so far.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub source: &'a Source,
    /// Stretches of the file that must not be shown, sorted.
    hidden: Vec<Range<usize>>,
    /// Lines that are no TOML. What was read from them means nothing.
    broken_lines: BTreeSet<usize>,
    /// The first line that should be a heading and is none: what follows it may be
    /// read as keys of the wrong section.
    lost_heading: Option<usize>,
    problems: Vec<Problem>,
    dropped: usize,
}

impl<'a> Report<'a> {
    /// `broken_lines` are those that are no TOML.
    pub fn new(
        source: &'a Source,
        mut hidden: Vec<Range<usize>>,
        broken_lines: BTreeSet<usize>,
    ) -> Self {
        hidden.sort_by_key(|range| (range.start, range.end));
        hidden.dedup_by(|next, kept| {
            let overlap = next.start < kept.end;
            if overlap {
                kept.end = kept.end.max(next.end);
            }
            overlap
        });
        let headings = broken_lines
            .iter()
            .filter(|number| source.line(**number).1.trim_start().starts_with('['));
        let lost_heading = headings.min().copied();
        Self { source, hidden, broken_lines, lost_heading, problems: Vec::new(), dropped: 0 }
    }

    /// Notes what the parser says about a line that is no TOML.
    pub fn syntax(&mut self, span: &Range<usize>, message: &str) {
        let span = self.source.within(span);
        let rest = self.source.text[span.start..].lines().next().unwrap_or_default().trim();
        let (message, hint) = match message {
            _ if !message.starts_with("string values must be quoted") => (message, None),
            _ if rest.is_empty() || rest.starts_with('#') => ("a value is missing here", None),
            _ => ("expected a value, and text only in quotes", Some("put it in quotes".to_owned())),
        };
        self.error(&Origin::File(span), message.to_owned(), hint);
    }

    /// Whether something may be missing only because a line could not be read.
    pub fn is_incomplete(&self) -> bool {
        !self.broken_lines.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.dropped > 0 || self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    pub fn error(&mut self, origin: &Origin, message: String, hint: Option<String>) {
        self.add(Severity::Error, origin, message, hint);
    }

    pub fn warning(&mut self, origin: &Origin, message: String, hint: Option<String>) {
        self.add(Severity::Warning, origin, message, hint);
    }

    /// Notes something about a variable that belongs to no key.
    pub fn variable(
        &mut self,
        severity: Severity,
        name: &str,
        message: &str,
        hint: Option<String>,
    ) {
        self.push(severity, Place::Variable(name.to_owned()), message.to_owned(), hint);
    }

    pub fn add(
        &mut self,
        severity: Severity,
        origin: &Origin,
        message: String,
        hint: Option<String>,
    ) {
        // Finding a place in a long line takes time, and most would be thrown away.
        let place = match origin {
            Origin::Variable(name) => Place::Variable((*name).to_owned()),
            Origin::File(_) if self.is_full() => Place::File,
            Origin::File(span) => self.place(span),
        };
        self.push(severity, place, message, hint);
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    /// Whether a value at this place means nothing, because its line is no TOML.
    pub fn is_broken(&self, span: &Range<usize>) -> bool {
        *span == (0..0)
            || self.is_incomplete() && self.broken_lines.contains(&self.source.line_of(span.start))
    }

    /// Whether a name at this place may stand in a wrong section.
    pub fn is_misplaced(&self, span: &Range<usize>) -> bool {
        self.lost_heading.is_some_and(|line| self.source.line_of(span.start) >= line)
    }

    fn push(&mut self, severity: Severity, place: Place, message: String, hint: Option<String>) {
        if !self.is_full() {
            self.problems.push(Problem {
                severity,
                file: self.source.file.clone(),
                place,
                message,
                hint,
            });
        } else if severity == Severity::Error {
            self.dropped += 1;
        }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let line = self.source.line_of(span.start);
        let (start, text) = self.source.line(line);
        let within = |at: usize| at.saturating_sub(start).min(text.len());
        let hidden: Vec<_> = self
            .hidden
            .iter()
            .filter(|range| range.start < start + text.len() && start < range.end)
            .map(|range| within(range.start)..within(range.end))
            .collect();
        let local = within(span.start)..within(span.end);
        let column = text.char_indices().filter(|(at, _)| *at < local.start).count() + 1;
        let shown = excerpt(text, &local, &hidden);
        Place::Line {
            line,
            column,
            source_line: shown.text,
            caret_start: shown.caret_start,
            caret_len: shown.caret_len,
        }
    }

    /// All problems, by place.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(Problem::rank);
        if self.dropped > 0 {
            let message = format!("and {} more errors", self.dropped);
            self.problems.push(Problem {
                severity: Severity::Error,
                file: self.source.file.clone(),
                place: Place::File,
                message,
                hint: None,
            });
        }
        self.problems
    }
}
