//! Whether a review says that nothing critical is left.
//!
//! A reviewer writes the stop marker into a section of critical issues, and nothing
//! else there. The marker anywhere else, such as in a quoted instruction, says nothing.
//! The reviewer is a model, so the text is judged by what its section holds: a marker
//! with an exception behind it, or with issues below it, is not clear.

use super::review_text::{Line, lines};

/// What a reviewer writes when nothing critical is left. Case does not matter.
const MARKER: &str = "no critical issues";
/// Words that may stand in the sentence of the marker without changing it.
const HARMLESS: &[&str] = &[
    "found",
    "remain",
    "remains",
    "remaining",
    "left",
    "identified",
    "detected",
    "observed",
    "noted",
    "were",
    "was",
    "are",
    "have",
    "been",
    "in",
    "this",
    "the",
    "review",
    "round",
    "version",
    "at",
    "time",
    "currently",
    "now",
    "anymore",
    "any",
    "more",
    "to",
    "report",
];
/// Words that take the marker back.
const CONTRAST: &[&str] =
    &["except", "excepting", "but", "however", "although", "though", "unless", "apart", "aside", "besides", "nevertheless", "nonetheless", "must"];
/// How many issues are kept, and how many characters of each.
const MAX_ISSUES: usize = 100;
const MAX_ISSUE_CHARS: usize = 200;
/// A paragraph longer than this is no marker.
const MAX_PARAGRAPH: usize = 10_000;

/// What a review says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// The critical-issues section holds the stop marker and no issue.
    Clear,
    /// The section holds something else: the first line of each issue, at most 100,
    /// without control characters. Empty when the section is empty.
    Issues(Vec<String>),
    /// There is no section of critical issues.
    NoSection,
}

/// Reads a review.
///
/// The section is the one under the last heading that speaks of "critical issues", down
/// to the next heading of the same or a higher level. Code blocks and comments count
/// for nothing.
pub fn review_is_clear(text: &str) -> Review {
    let mut section: Option<Section> = None;
    let mut open = false;
    for line in lines(text) {
        if let Line::Heading(level, heading) = line {
            // `## NO CRITICAL ISSUES`, or a rule right below the marker.
            let marker = opens_with_marker(heading);
            if names_critical_issues(heading) {
                section = Some(Section::new(level));
                open = true;
                continue;
            }
            if !marker && section.as_ref().is_some_and(|section| level <= section.level) {
                open = false;
            }
        }
        if open && let Some(section) = &mut section {
            section.line(line);
        }
    }
    section.map_or(Review::NoSection, Section::judge)
}

/// Whether a heading speaks of critical issues, and not of those that are not critical.
fn names_critical_issues(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let words: Vec<&str> = lower.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        *word == "critical" && words.get(at + 1) == Some(&"issues") && !matches!(before, "non" | "not" | "no" | "less" | "un")
    })
}

/// What is known of a section so far.
struct Section {
    level: usize,
    state: State,
    /// The paragraph or item that is being read, and whether it is an item.
    paragraph: Option<(String, bool)>,
    issues: Vec<String>,
    /// First lines of paragraphs, for a section that has no items.
    prose: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was said yet.
    Silent,
    /// The first thing was the marker.
    Marked,
    /// Something else was said.
    Other,
}

impl Section {
    fn new(level: usize) -> Self {
        Self { level, state: State::Silent, paragraph: None, issues: Vec::new(), prose: Vec::new() }
    }

    fn line(&mut self, line: Line<'_>) {
        match line {
            Line::Text(text) => match &mut self.paragraph {
                Some((paragraph, _)) if paragraph.len() <= MAX_PARAGRAPH => {
                    paragraph.push('\n');
                    paragraph.push_str(text);
                }
                Some(_) => {}
                None => self.paragraph = Some((text.to_owned(), false)),
            },
            Line::Item(text) => {
                self.close();
                self.paragraph = Some((text.to_owned(), true));
            }
            Line::Heading(_, text) => {
                self.close();
                // A heading with its own text below is an issue with a title.
                self.paragraph = Some((text.to_owned(), true));
                self.close();
            }
            Line::Blank | Line::Hidden => self.close(),
        }
    }

    /// Judges the paragraph that has ended.
    fn close(&mut self) {
        let Some((text, item)) = self.paragraph.take() else { return };
        if says_nothing(&text) {
            return;
        }
        let marker = opens_with_marker(&text);
        let ordinary = match self.state {
            State::Silent if marker => {
                self.state = State::Marked;
                return;
            }
            State::Marked if marker => return,
            // Remarks below the marker do no harm, unless they take it back.
            State::Marked => !item && !starts_with_contrast(&text),
            State::Silent | State::Other => false,
        };
        if !ordinary {
            self.state = State::Other;
            let list = if item { &mut self.issues } else { &mut self.prose };
            if list.len() < MAX_ISSUES {
                list.push(first_line(&text));
            }
        }
    }

    fn judge(mut self) -> Review {
        self.close();
        match self.state {
            State::Marked => Review::Clear,
            State::Silent => Review::Issues(Vec::new()),
            State::Other => Review::Issues(if self.issues.is_empty() { self.prose } else { self.issues }),
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().map(|char| if char.is_control() { ' ' } else { char }).take(MAX_ISSUE_CHARS).collect::<String>().trim().to_owned()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// `None.`, `n/a`, `-`: an item or a paragraph that names no issue.
fn says_nothing(text: &str) -> bool {
    matches!(words(text).take(3).collect::<Vec<_>>().join(" ").as_str(), "" | "none" | "n a" | "nothing")
}

fn starts_with_contrast(text: &str) -> bool {
    words(text).next().is_some_and(|word| CONTRAST.contains(&word.as_str()))
}

/// Whether a paragraph begins with the marker and takes nothing of it back.
fn opens_with_marker(text: &str) -> bool {
    if text.len() > MAX_PARAGRAPH {
        return false;
    }
    let plain: String = text.chars().filter(|char| !matches!(char, '*' | '_' | '`')).collect();
    let plain = plain.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n");
    let mut rest = undecorated(&plain);
    for preface in ["none", "n/a", "nothing"] {
        if let Some(after) = without_prefix(rest, preface)
            && after.starts_with(|char: char| !char.is_alphanumeric())
        {
            rest = undecorated(after);
            break;
        }
    }
    let Some(after) = without_prefix(rest, MARKER) else { return false };
    if after.starts_with(|char: char| char.is_alphanumeric()) || has_inline_list(after) {
        return false;
    }
    let (sentence, end) = match after.find(['.', '!', '?', ';', '(', '\n']) {
        Some(at) => (after.get(..at).unwrap_or_default(), after.get(at..).unwrap_or_default()),
        None => (after, ""),
    };
    !end.starts_with('?')
        && words(sentence).all(|word| HARMLESS.contains(&word.as_str()))
        && words(after).all(|word| !CONTRAST.contains(&word.as_str()))
}

/// Drops quotation marks, emoji and the like. A box that is not ticked, text that is
/// struck out and HTML are left: they are not the marker itself.
fn undecorated(text: &str) -> &str {
    text.trim_start_matches(|char: char| !char.is_alphanumeric() && !matches!(char, '[' | '~' | '<'))
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..).unwrap_or_default())
}

/// `... 1. leak`: a list that was written into the line.
fn has_inline_list(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', '\n']).collect();
    words.iter().enumerate().any(|(at, word)| {
        let number = word.trim_start_matches('(').strip_suffix(['.', ')']).unwrap_or_default();
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) && at + 1 < words.len()
    })
}
