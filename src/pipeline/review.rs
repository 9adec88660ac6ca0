//! Whether a review says that nothing critical is left.
//!
//! A reviewer writes the stop marker into a section of critical issues, and nothing
//! else there. The marker anywhere else, such as in a quoted instruction, says nothing.
//! The reviewer is a model, so the text is judged by what its section holds: a marker
//! with an exception behind it, or with anything else below it, is not clear. Where there
//! are several such sections, all must be clear. In doubt a review is not: one round too
//! many costs money, one too few costs the result.

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
/// Words that may stand, with those, in a remark behind the marker: it says that all is well.
const REMARK: &[&str] = &[
    "all",
    "every",
    "each",
    "earlier",
    "previous",
    "prior",
    "former",
    "critical",
    "issue",
    "issues",
    "finding",
    "findings",
    "repaired",
    "fixed",
    "resolved",
    "addressed",
    "corrected",
    "checked",
    "verified",
    "confirmed",
    "too",
    "of",
    "from",
    "and",
    "has",
];
/// How many issues are kept, and how many characters of each.
const MAX_ISSUES: usize = 100;
/// A review with so many sections is not clear.
const MAX_SECTIONS: usize = 1000;
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
/// A section begins with a heading that speaks of "critical issues", and goes down to the
/// next heading of the same or a higher level. One inside of another is a section of its own.
/// A code block counts when there is nothing else; comments count for nothing.
pub fn review_is_clear(text: &str) -> Review {
    let mut sections: Vec<Section> = Vec::new();
    // Those that the present line lies in, the innermost last.
    let mut open: Vec<usize> = Vec::new();
    for line in lines(text) {
        if let Line::Heading(level, heading) = line {
            let names = names_critical_issues(heading);
            // `## NO CRITICAL ISSUES`, or a rule right below the marker, ends nothing.
            if names || !opens_with_marker(heading) {
                open.retain(|at| sections.get(*at).is_some_and(|section| section.level < level));
            }
            if names {
                if let Some(section) = open.last().and_then(|at| sections.get_mut(*at)) {
                    section.close();
                    section.has_inner = true;
                }
                if sections.len() < MAX_SECTIONS {
                    open.push(sections.len());
                    sections.push(Section::new(level));
                }
                continue;
            }
        }
        if let Some(section) = open.last().and_then(|at| sections.get_mut(*at)) {
            section.line(line);
        }
    }
    if sections.is_empty() {
        return Review::NoSection;
    }
    let cut = sections.len() >= MAX_SECTIONS;
    let judged: Vec<Option<Review>> = sections.into_iter().map(Section::judge).collect();
    if !cut && judged.contains(&Some(Review::Clear)) && judged.iter().all(|review| matches!(review, None | Some(Review::Clear))) {
        return Review::Clear;
    }
    let issues = judged.into_iter().flat_map(|review| match review {
        Some(Review::Issues(issues)) => issues,
        _ => Vec::new(),
    });
    Review::Issues(issues.take(MAX_ISSUES).collect())
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
    /// What stands in code blocks.
    code: String,
    /// Another section of critical issues lies inside of this one.
    has_inner: bool,
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
        Self { level, state: State::Silent, paragraph: None, issues: Vec::new(), prose: Vec::new(), code: String::new(), has_inner: false }
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
            Line::Code(text) => {
                self.close();
                if self.code.len() <= MAX_PARAGRAPH {
                    self.code.push_str(text);
                    self.code.push('\n');
                }
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
            State::Marked => !item && is_remark(&text),
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

    /// None for a section that only holds another one.
    fn judge(mut self) -> Option<Review> {
        self.close();
        let code_is_marker = self.code.trim().is_empty() || opens_with_marker(self.code.trim());
        Some(match self.state {
            State::Marked if code_is_marker => Review::Clear,
            State::Marked => Review::Issues(vec!["(code)".to_owned()]),
            State::Silent if self.code.trim().is_empty() && self.has_inner => return None,
            State::Silent if code_is_marker && !self.code.trim().is_empty() => Review::Clear,
            State::Silent => Review::Issues(Vec::new()),
            State::Other => Review::Issues(if self.issues.is_empty() { self.prose } else { self.issues }),
        })
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

fn is_harmless(word: &str) -> bool {
    HARMLESS.contains(&word)
}

/// `All earlier findings are repaired.`: nothing but words that say so.
fn is_remark(text: &str) -> bool {
    words(text).all(|word| is_harmless(&word) || REMARK.contains(&word.as_str()))
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
    !end.starts_with('?') && words(sentence).all(|word| is_harmless(&word)) && is_remark(end)
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
