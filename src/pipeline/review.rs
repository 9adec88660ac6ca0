//! Whether a review's file says that nothing critical is left.
//!
//! The file has one form: its last section is that of critical issues, and holds either a list or the
//! stop marker alone on its line. Nothing else is clear. The reviewer's structured answer decides before
//! the file does; in doubt a review is not clear: one round too many costs money, one too few costs the
//! result.

use super::review_text::{Line, lines};
use crate::domain::text::spaced;

/// What a reviewer writes when nothing critical is left. Case does not matter.
const MARKER: &str = "no critical issues";
/// How many issues are kept, and how many characters of each.
const MAX_ISSUES: usize = 100;
const MAX_ISSUE_CHARS: usize = 200;

/// What a review says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// The last section is that of critical issues, and holds the stop marker alone.
    Clear,
    /// The section lists these: the first line of each issue, at most 100, without control characters.
    Issues(Vec<String>),
    /// The section holds a text that is neither a list nor the marker: the first line of each paragraph,
    /// with the same bounds. It may name issues, or say in words that there are none.
    Prose(Vec<String>),
    /// The section is empty; or the marker is there, but not alone, or the rest of the review speaks of
    /// something critical.
    Unclear,
    /// There is no section of critical issues.
    NoSection,
}

/// Reads a review.
///
/// A section begins with a heading that speaks of "critical issues", and goes down to the next heading
/// of the same or a higher level.
pub fn read_review(text: &str) -> Review {
    let mut section = Section::default();
    // The level of the section that the present line lies in.
    let mut open: Option<usize> = None;
    let mut is_there = false;
    let mut is_doubtful = false;
    for line in lines(text) {
        match line {
            Line::Heading(level, heading) if names_critical_issues(heading) => {
                // There is one such section, it is named so and no other way, and it is the last.
                is_doubtful |= is_there || words(heading) != ["critical", "issues"];
                is_there = true;
                open = Some(level);
                section.end_paragraph();
            }
            Line::Heading(level, heading) => match open {
                Some(outer) if level > outer || is_marker(heading) => section.line(line),
                Some(_) => (open, is_doubtful) = (None, true),
                None => is_doubtful |= is_there || mentions_critical(heading),
            },
            line if open.is_some() => section.line(line),
            Line::Text(text) | Line::Item(text) | Line::Code(text) => {
                is_doubtful |= mentions_critical(text);
            }
            Line::Blank | Line::Hidden | Line::Comment => {}
        }
    }
    let Section { marker, items, prose, is_doubtful: is_section_doubtful, .. } = section;
    if !is_there {
        Review::NoSection
    } else if !items.is_empty() {
        Review::Issues(items)
    } else if !marker && !prose.is_empty() {
        Review::Prose(prose)
    } else if marker && prose.is_empty() && !is_doubtful && !is_section_doubtful {
        Review::Clear
    } else {
        Review::Unclear
    }
}

/// What was read of a section so far.
#[derive(Default)]
struct Section {
    /// The marker stands alone on a line.
    marker: bool,
    /// The first line of each item and of each heading.
    items: Vec<String>,
    /// The first line of each other paragraph.
    prose: Vec<String>,
    /// Something in it cannot be seen.
    is_doubtful: bool,
    paragraph: Paragraph,
}

/// What the present paragraph began with.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Paragraph {
    #[default]
    None,
    Marker,
    Other,
}

impl Section {
    fn end_paragraph(&mut self) {
        self.paragraph = Paragraph::None;
    }

    fn line(&mut self, line: Line<'_>) {
        match line {
            Line::Text(text) | Line::Item(text) | Line::Heading(_, text) | Line::Code(text)
                if self.paragraph != Paragraph::Other && is_marker(text) =>
            {
                self.marker = true;
                self.paragraph = Paragraph::Marker;
            }
            Line::Item(text) | Line::Heading(_, text) => {
                keep(&mut self.items, text);
                self.paragraph = Paragraph::Other;
            }
            // Another line of the same paragraph; but behind the marker it is one of its own.
            Line::Text(_) if self.paragraph == Paragraph::Other => {}
            Line::Text(text) => {
                keep(&mut self.prose, text);
                self.paragraph = Paragraph::Other;
            }
            Line::Code(text) if text.trim().is_empty() => {}
            Line::Code(_) => keep(&mut self.prose, "(code)"),
            Line::Comment => self.is_doubtful = true,
            Line::Blank | Line::Hidden => self.end_paragraph(),
        }
    }
}

fn keep(list: &mut Vec<String>, text: &str) {
    if list.len() < MAX_ISSUES {
        let shown: String = spaced(text).chars().take(MAX_ISSUE_CHARS).collect();
        list.push(shown.trim().to_owned());
    }
}

/// Whether a line is the marker and nothing else. It may be bold, and end as a sentence does.
fn is_marker(line: &str) -> bool {
    let plain: String = line.chars().filter(|char| !matches!(char, '*' | '_' | '`')).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches(['.', '!']).eq_ignore_ascii_case(MARKER)
}

/// The words of a text, in small letters, without numbers.
fn words(text: &str) -> Vec<String> {
    text.split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.parse::<u32>().is_err())
        .map(str::to_lowercase)
        .collect()
}

/// Whether a heading speaks of critical issues, and not of those that are not critical.
fn names_critical_issues(heading: &str) -> bool {
    let words = words(heading);
    let at = words.windows(2).position(|pair| pair == ["critical", "issues"]);
    at.is_some_and(|at| at == 0 || !matches!(words[at - 1].as_str(), "non" | "not" | "no"))
}

fn mentions_critical(text: &str) -> bool {
    words(text).iter().any(|word| word == "critical")
}
