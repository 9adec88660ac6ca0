//! One mistake in the configuration, as a person reads it: where, what, the line with
//! a caret under the place, and what to write instead.
//!
//! What is shown is safe to print: values that may be secret are gone, control
//! characters and invisible ones are replaced, long lines are cut.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::domain::text::is_harmful;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but something is probably not as it was meant.
    Warning,
}

impl Severity {
    /// The word for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Where a problem lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the file as a whole.
    File,
    /// In one line of the file.
    Line {
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// The line as it may be shown: see the module's text.
        source_line: String,
        /// Terminal columns of `source_line` in front of the caret.
        caret_start: usize,
        /// Terminal columns that the caret covers, at least one.
        caret_len: usize,
    },
    /// In an environment variable, which is named here.
    Variable(String),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The configuration file.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What is wrong, as a fragment without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A warning in the words of a screen that says that it is one.
    pub fn warning_text(&self) -> String {
        self.to_string().replacen(": warning: ", ": ", 1)
    }

    /// The line in the file, from 1, if the problem lies in one.
    pub fn line(&self) -> Option<usize> {
        match self.place {
            Place::Line { line, .. } => Some(line),
            Place::File | Place::Variable(_) => None,
        }
    }

    /// Sorts problems by their place: the file, its lines, then variables.
    pub(super) fn rank(&self) -> (u8, usize, usize) {
        match self.place {
            Place::File => (0, 0, 0),
            Place::Line { line, column, .. } => (1, line, column),
            Place::Variable(_) => (2, 0, 0),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.as_str();
        match &self.place {
            Place::File => write!(f, "{}: {severity}: {}", self.file.display(), self.message)?,
            Place::Variable(name) => write!(f, "{name}: {severity}: {}", self.message)?,
            Place::Line { line, column, source_line, caret_start, caret_len } => {
                writeln!(
                    f,
                    "{}:{line}:{column}: {severity}: {}",
                    self.file.display(),
                    self.message
                )?;
                writeln!(f, "{line:>5} | {source_line}")?;
                write!(f, "      | {:caret_start$}{:^>caret_len$}", "", "")?;
            }
        }
        match &self.hint {
            Some(hint) => write!(f, "\n      = {hint}"),
            None => Ok(()),
        }
    }
}

/// The width of a shown line in terminal columns.
const SHOWN: usize = 100;
/// How many characters around a place are looked at.
const AROUND: usize = 300;

/// A line made fit to be shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub text: String,
    pub caret_start: usize,
    pub caret_len: usize,
}

/// Makes the line fit to be shown, with a caret under `span`. Both `span` and the
/// `hidden` stretches, sorted and apart, are bytes of the line.
pub(super) fn excerpt(line: &str, span: &Range<usize>, hidden: &[Range<usize>]) -> Excerpt {
    let mut cells: Vec<(String, bool)> = Vec::new();
    // Something missing has no length: the caret stands under what is there instead.
    let span = &(span.start..span.end.max(span.start + 1));
    let before = line.char_indices().filter(|(at, _)| *at < span.start).count();
    let (mut cut_front, mut cut_back) = (before > AROUND, false);
    let mut last_hidden = usize::MAX;
    for (at, c) in line.char_indices().skip(before.saturating_sub(AROUND)) {
        if cells.len() > 3 * AROUND {
            cut_back = true;
            break;
        }
        let stretch = Some(hidden.partition_point(|range| range.end <= at))
            .filter(|i| hidden.get(*i).is_some_and(|range| range.contains(&at)));
        let marked = stretch.map_or_else(
            || span.contains(&at),
            |i| hidden[i].start < span.end && span.start < hidden[i].end,
        );
        match stretch {
            Some(i) if i == last_hidden => {}
            Some(i) => {
                last_hidden = i;
                cells.push(("***".to_owned(), marked));
            }
            None => cells
                .push((if c == '\t' { "    ".to_owned() } else { visible(c).to_string() }, marked)),
        }
    }
    if !cells.iter().any(|(_, marked)| *marked) {
        cells.push((" ".to_owned(), true));
    }

    let width = |cells: &[(String, bool)]| {
        cells.iter().map(|(text, _)| console::measure_text_width(text)).sum::<usize>()
    };
    let mut first = cells.iter().position(|(_, marked)| *marked).unwrap_or(0);
    let mut start = 0;
    let (mut in_front, mut behind) = (width(&cells[..first]), width(&cells[first..]));
    if in_front + behind > SHOWN {
        while start < first && in_front > SHOWN / 2 {
            in_front -= width(&cells[start..=start]);
            start += 1;
            cut_front = true;
        }
        while cells.len() > first + 1 && in_front + behind > SHOWN {
            behind -= cells.pop().map_or(0, |cell| width(&[cell]));
            cut_back = true;
        }
    }
    let mut shown = cells.split_off(start);
    first -= start;
    if cut_front {
        shown.insert(0, ("…".to_owned(), false));
        first += 1;
    }
    let marked: Vec<_> = shown[first..].iter().take_while(|(_, marked)| *marked).cloned().collect();
    let (caret_start, caret_len) = (width(&shown[..first]), width(&marked).max(1));
    let mut text: String = shown.into_iter().map(|(text, _)| text).collect();
    text.truncate(text.trim_end().len());
    if cut_back {
        text.push('…');
    }
    Excerpt { text, caret_start, caret_len }
}

/// The character, or a replacement when it could change how the rest is shown.
pub(super) fn visible(c: char) -> char {
    if is_harmful(c) { '\u{fffd}' } else { c }
}

/// A text from outside in quotes, cut and made safe to print. Of several lines only the
/// first is shown: the others may have been swallowed by a quote that was not closed.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let first = text.lines().next().unwrap_or_default();
    let short: String = first.chars().take(LONGEST).map(visible).collect();
    if short.chars().count() < text.chars().count() {
        format!("\"{short}…\"")
    } else {
        format!("\"{short}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, place: &str, hidden: &[Range<usize>]) -> (String, String) {
        let at = line.find(place).expect("the place is in the line");
        let excerpt = excerpt(line, &(at..at + place.len()), hidden);
        (
            excerpt.text,
            format!("{}{}", " ".repeat(excerpt.caret_start), "^".repeat(excerpt.caret_len)),
        )
    }

    #[test]
    fn the_caret_stands_under_tabs_and_wide_characters() {
        assert_eq!(
            shown("\t\tport = x", "x", &[]),
            ("        port = x".to_owned(), "               ^".to_owned())
        );
        assert_eq!(
            shown("name = \"研究\" y", "y", &[]),
            ("name = \"研究\" y".to_owned(), "              ^".to_owned())
        );
        assert_eq!(shown("name = \"研究\"", "研究", &[]).1, "        ^^^^");
        assert_eq!(
            shown("a\u{301}b = 1", "1", &[]).1,
            "     ^",
            "a combining accent takes no room"
        );
    }

    #[test]
    fn what_is_hidden_is_gone_and_the_caret_finds_its_place() {
        let line = "shared_secret = 12345 # note";
        assert_eq!(
            shown(line, "12345", std::slice::from_ref(&(16..21))),
            ("shared_secret = *** # note".to_owned(), format!("{}^^^", " ".repeat(16)))
        );
        let (text, caret) = shown(line, "note", std::slice::from_ref(&(16..21)));
        assert_eq!(caret.len(), text.len());
    }

    #[test]
    fn control_characters_and_hidden_directions_do_not_reach_a_terminal() {
        let (text, _) = shown("x = \"\u{1b}[31m\u{202e}\"", "x", &[]);
        assert_eq!(text, "x = \"\u{fffd}[31m\u{fffd}\"");
        assert_eq!(quoted("a\u{1b}b"), "\"a\u{fffd}b\"");
        assert_eq!(quoted("a\nb"), "\"a…\"");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let (text, caret) = shown(&line, "HERE", &[]);
        assert!(text.chars().count() <= SHOWN + 2, "{}", text.len());
        assert!(text.starts_with('…') && text.ends_with('…') && text.contains("HERE"));
        assert_eq!(
            text.chars()
                .skip(caret.chars().filter(|c| *c == ' ').count())
                .take(4)
                .collect::<String>(),
            "HERE"
        );
    }

    #[test]
    fn a_place_behind_the_end_gets_a_caret() {
        let found = excerpt("x =", &(3..3), &[]);
        assert_eq!((found.text.as_str(), found.caret_start, found.caret_len), ("x =", 3, 1));
        assert_eq!(excerpt("", &(0..0), &[]).caret_len, 1);
    }
}
