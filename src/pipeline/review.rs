//! Whether a review says that nothing critical is left.
//!
//! A reviewer writes the stop marker into a section of critical issues, and nothing
//! else there. The marker anywhere else, such as in a quoted instruction, says nothing.
//! The reviewer is a model, so the text is judged by what its section holds: a marker
//! with an exception behind it, or with anything else below it, is not clear. Where there
//! are several such sections, all must be clear but those that tell of earlier issues. In
//! doubt a review is not: one round too many costs money, one too few costs the result.

use super::review_text::{Line, lines};
use super::review_words::{is_earlier, is_harmless, is_present, is_remark, says_repaired, words};
use crate::domain::text::is_hidden;

/// What a reviewer writes when nothing critical is left. Case does not matter.
const MARKER: &str = "no critical issues";
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
    // Of the review itself, as far as its title or its sections tell.
    let mut round = None;
    let mut titled = false;
    for line in lines(text) {
        if let Line::Heading(level, heading) = line {
            let names = names_critical_issues(heading);
            let first = !std::mem::replace(&mut titled, true);
            if names || first {
                round = round.max(round_of(heading));
            }
            // `## NO CRITICAL ISSUES`, or a rule right below the marker, ends nothing.
            if names || !opens_with_marker(heading) {
                open.retain(|at| sections.get(*at).is_some_and(|section| section.level < level));
            }
            if names {
                let mut section = Section::new(level, heading);
                section.title = first && level == 1 && !section.exact;
                if let Some(outer) = open.last().and_then(|at| sections.get_mut(*at)) {
                    outer.close();
                    outer.before_headings.get_or_insert(outer.issues.len());
                    section.earlier |= outer.earlier && !outer.present && !section.exact;
                    outer.has_inner |= !section.earlier || section.present;
                }
                if sections.len() < MAX_SECTIONS {
                    open.push(sections.len());
                    sections.push(section);
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
    for section in &mut sections {
        section.close();
        section.all_repaired &= !section.heading_open;
        section.older = section.round.is_some() && section.round < round;
    }
    if sections.iter().any(|section| !section.is_past()) {
        sections.retain(|section| !section.is_past());
    }
    let judged: Vec<Option<Review>> = sections.into_iter().map(Section::judge).collect();
    if !cut
        && judged.contains(&Some(Review::Clear))
        && judged.iter().all(|review| matches!(review, None | Some(Review::Clear)))
    {
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
    let words: Vec<String> = words(heading).collect();
    words.iter().enumerate().any(|(at, word)| {
        let before =
            at.checked_sub(1).and_then(|at| words.get(at)).map(String::as_str).unwrap_or_default();
        word == "critical"
            && words.get(at + 1).is_some_and(|next| next == "issues")
            && !matches!(before, "non" | "not" | "no" | "less" | "un")
    })
}

/// The round that a heading names, the last one where it names several.
fn round_of(heading: &str) -> Option<u32> {
    words(heading)
        .skip_while(|word| !matches!(word.as_str(), "round" | "rounds"))
        .filter_map(|word| word.parse().ok())
        .max()
}

/// What is known of a section so far.
struct Section {
    level: usize,
    /// The heading says nothing but "critical issues".
    exact: bool,
    /// It is the title of the whole review.
    title: bool,
    /// How many issues stand before the first heading in it.
    before_headings: Option<usize>,
    /// The heading speaks of issues that were there before.
    earlier: bool,
    /// The heading says that they are still there.
    present: bool,
    /// The heading names a round ...
    round: Option<u32>,
    /// ... that is older than the review.
    older: bool,
    /// The last heading in it names an issue, of which nothing was said yet.
    heading_open: bool,
    /// Something in it is said to be open.
    says_open: bool,
    /// Everything in it is said to be repaired.
    all_repaired: bool,
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
    fn new(level: usize, heading: &str) -> Self {
        let names: Vec<String> =
            words(heading).filter(|word| word.parse::<u32>().is_err()).collect();
        Self {
            level,
            title: false,
            before_headings: None,
            exact: names == ["critical", "issues"],
            earlier: is_earlier(&names),
            present: is_present(&names),
            round: round_of(heading),
            older: false,
            heading_open: false,
            says_open: false,
            all_repaired: true,
            state: State::Silent,
            paragraph: None,
            issues: Vec::new(),
            prose: Vec::new(),
            code: String::new(),
            has_inner: false,
        }
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
                self.before_headings.get_or_insert(self.issues.len());
                // A heading with its own text below is an issue with a title: the text says what became of it.
                let repaired = self.all_repaired && !self.heading_open;
                self.paragraph = Some((text.to_owned(), true));
                self.close();
                (self.all_repaired, self.heading_open) =
                    (repaired, says_repaired(text) != Some(true));
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
            let repaired = says_repaired(&text);
            self.says_open |= repaired == Some(false);
            self.all_repaired &= repaired == Some(true);
            self.heading_open &= repaired != Some(true);
            let list = if item { &mut self.issues } else { &mut self.prose };
            if list.len() < MAX_ISSUES {
                list.push(first_line(&text));
            }
        }
    }

    /// Tells only of issues that were there before: each of them is said to be repaired, or they are those
    /// of an older round and nothing is said of them. Other words in the heading are not enough.
    fn is_past(&self) -> bool {
        let told = self.state == State::Other && (self.all_repaired || self.older);
        !self.exact && told && !self.present && !self.says_open
    }

    /// None for a section that only holds another one.
    fn judge(mut self) -> Option<Review> {
        if self.title && self.has_inner {
            // What stands below the other headings is the rest of the review.
            self.issues.truncate(self.before_headings.unwrap_or(MAX_ISSUES));
            return (!self.issues.is_empty()).then_some(Review::Issues(self.issues));
        }
        let code_is_marker = self.code.trim().is_empty() || opens_with_marker(self.code.trim());
        Some(match self.state {
            State::Marked if code_is_marker => Review::Clear,
            State::Marked => Review::Issues(vec!["(code)".to_owned()]),
            State::Silent if self.code.trim().is_empty() && self.has_inner => return None,
            State::Silent if code_is_marker && !self.code.trim().is_empty() => Review::Clear,
            State::Silent => Review::Issues(Vec::new()),
            State::Other => {
                Review::Issues(if self.issues.is_empty() { self.prose } else { self.issues })
            }
        })
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars()
        .filter(|char| !is_hidden(*char))
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MAX_ISSUE_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// `None.`, `n/a`, `-`: an item or a paragraph that names no issue.
fn says_nothing(text: &str) -> bool {
    matches!(
        words(text).take(3).collect::<Vec<_>>().join(" ").as_str(),
        "" | "none" | "n a" | "nothing"
    )
}

/// Whether a paragraph begins with the marker and takes nothing of it back.
fn opens_with_marker(text: &str) -> bool {
    if text.len() > MAX_PARAGRAPH {
        return false;
    }
    let plain: String = text.chars().filter(|char| !matches!(char, '*' | '_' | '`')).collect();
    let plain = plain
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n");
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
    let cut = |ends: &[char]| after.split_at(after.find(ends).unwrap_or(after.len()));
    let is_well = |(sentence, end): (&str, &str)| {
        !end.starts_with('?') && words(sentence).all(|word| is_harmless(&word)) && is_remark(end)
    };
    // A sentence may go on in brackets, and on the next line.
    is_well(cut(&['.', '!', '?', ';'])) || is_well(cut(&['.', '!', '?', ';', '(', '\n']))
}

/// Drops quotation marks, emoji and the like. A box that is not ticked, text that is
/// struck out and HTML are left: they are not the marker itself.
fn undecorated(text: &str) -> &str {
    text.trim_start_matches(|char: char| {
        !char.is_alphanumeric() && !matches!(char, '[' | '~' | '<')
    })
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
        (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && at + 1 < words.len()
    })
}
