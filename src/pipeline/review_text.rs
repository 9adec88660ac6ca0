//! Markdown, as far as a review needs it: a text as a row of lines with their roles.
//!
//! It follows CommonMark for headings and fences. Where a reading is doubtful it takes
//! the one that makes a review less likely to count as clear: one round too many costs
//! money, one too few costs the result.

use std::iter::Peekable;
use std::str::Lines;

/// A line and its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A heading of level 1 to 6.
    Heading(usize, &'a str),
    /// The first line of a list item, or a row of a table.
    Item(&'a str),
    /// Any other text, without marks of a quotation.
    Text(&'a str),
    /// An empty line, or a rule.
    Blank,
    /// A line inside of a code block.
    Code(&'a str),
    /// The beginning or end of a code block.
    Hidden,
    /// A line of a comment.
    Comment,
}

/// The lines of a text.
pub(super) fn lines(text: &str) -> Scanner<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Scanner { lines: text.lines().peekable(), fence: None, comment: false, container: false }
}

/// Iterates over the lines of a text, with their roles.
pub(super) struct Scanner<'a> {
    lines: Peekable<Lines<'a>>,
    /// The character and the length of the fence that is open.
    fence: Option<(char, usize)>,
    comment: bool,
    /// Whether the line above belongs to a list item or a quotation. Then a line of
    /// dashes below is a rule and not the mark of a heading.
    container: bool,
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let raw = self.lines.next()?;
        let line = self.role(raw);
        self.container = match line {
            Line::Item(_) => true,
            Line::Text(_) => self.container || raw.trim_start().starts_with('>'),
            Line::Heading(..) | Line::Blank | Line::Code(_) | Line::Hidden | Line::Comment => false,
        };
        Some(line)
    }
}

impl<'a> Scanner<'a> {
    fn role(&mut self, raw: &'a str) -> Line<'a> {
        let bare = unquoted(raw);
        if let Some((mark, length)) = self.fence {
            let run = bare.chars().take_while(|char| *char == mark).count();
            if run >= length && bare.trim_start_matches(mark).is_empty() {
                self.fence = None;
                return Line::Hidden;
            }
            return Line::Code(bare);
        }
        if self.comment {
            self.comment = !raw.contains("-->");
            return Line::Comment;
        }
        if let Some(comment) = bare.strip_prefix("<!--") {
            self.comment = !comment.contains("-->");
            return Line::Comment;
        }
        if bare.is_empty() || is_rule(bare) {
            return Line::Blank;
        }
        let item = item(bare);
        if let Some(fence) = opening_fence(item.unwrap_or(bare)) {
            self.fence = Some(fence);
            // An item that is nothing but code is still an item.
            return if item.is_some() { Line::Item("(code)") } else { Line::Hidden };
        }
        if indent(raw) <= 3
            && let Some((level, text)) = heading(raw.trim())
        {
            return Line::Heading(level, text);
        }
        if let Some(text) = item {
            return Line::Item(text);
        }
        if !self.container
            && indent(raw) <= 3
            && !raw.trim_start().starts_with('>')
            && let Some(level) = self.lines.peek().and_then(|below| underline(below))
        {
            self.lines.next();
            return Line::Heading(level, bare);
        }
        Line::Text(bare)
    }
}

/// The text without marks of a quotation and without space around it.
fn unquoted(raw: &str) -> &str {
    raw.trim_start_matches(|char: char| char == '>' || char.is_whitespace()).trim_end()
}

fn indent(raw: &str) -> usize {
    raw.chars()
        .take_while(|char| matches!(char, ' ' | '\t'))
        .map(|char| if char == '\t' { 4 } else { 1 })
        .sum()
}

fn opening_fence(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|char| matches!(char, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn heading(text: &str) -> Option<(usize, &str)> {
    let after = text.trim_start_matches('#');
    let level = text.len() - after.len();
    if !(1..=6).contains(&level) || !(after.is_empty() || after.starts_with([' ', '\t'])) {
        return None;
    }
    let words = after.trim();
    // A row of `#` at the end belongs to the mark, when it stands alone.
    let closed = words.trim_end_matches('#');
    Some((
        level,
        if closed.is_empty() || closed.ends_with([' ', '\t']) { closed.trim_end() } else { words },
    ))
}

fn underline(below: &str) -> Option<usize> {
    let mark = below.trim();
    let all = |wanted: char| mark.len() >= 2 && mark.chars().all(|char| char == wanted);
    match indent(below) {
        0..=3 if all('=') => Some(1),
        0..=3 if all('-') => Some(2),
        _ => None,
    }
}

fn is_rule(text: &str) -> bool {
    let mut marks = text.chars().filter(|char| !char.is_whitespace());
    match marks.next() {
        Some(first @ ('-' | '*' | '_')) => {
            marks.clone().count() >= 2 && marks.all(|char| char == first)
        }
        _ => false,
    }
}

/// The text of a list item or a row of a table. A bold number counts as a number.
fn item(text: &str) -> Option<&str> {
    if let Some(row) = text.strip_prefix('|') {
        return Some(row.trim_end_matches('|').trim());
    }
    if let Some(after) = text.strip_prefix(['-', '*', '+', '•', '‣', '–'])
        && (after.is_empty() || after.starts_with([' ', '\t']))
    {
        return Some(after.trim());
    }
    let plain = text.trim_start_matches(['*', '_']);
    let digits = plain.bytes().take_while(u8::is_ascii_digit).count();
    let after = plain.get(digits..)?.strip_prefix(['.', ')'])?;
    ((1..=9).contains(&digits) && (after.is_empty() || after.starts_with([' ', '\t', '*', '_'])))
        .then(|| after.trim())
}

#[cfg(test)]
mod tests {
    use super::Line::{Blank, Code, Comment, Heading, Hidden, Item, Text};
    use super::*;

    #[test]
    fn each_line_has_its_role() {
        for (text, expected) in [
            ("## A b ##\r\ntext\r\n", vec![Heading(2, "A b"), Text("text")]),
            (
                "#no\n####### no\n#\n    # no",
                vec![Text("#no"), Text("####### no"), Heading(1, ""), Text("# no")],
            ),
            ("A\n===\nB\n---\n", vec![Heading(1, "A"), Heading(2, "B")]),
            ("- a\n---\n\n---\n> q\n---", vec![Item("a"), Blank, Blank, Blank, Text("q"), Blank]),
            (
                "1. a\n2) b\n* c\n**3.** d\n10 e\n-f",
                vec![Item("a"), Item("b"), Item("c"), Item("** d"), Text("10 e"), Text("-f")],
            ),
            (
                "```md\n# x\n~~~\n```\n# y",
                vec![Hidden, Code("# x"), Code("~~~"), Hidden, Heading(1, "y")],
            ),
            (
                "````\n```\n# x\n````\n`a` b",
                vec![Hidden, Code("```"), Code("# x"), Hidden, Text("`a` b")],
            ),
            ("> ```\n> # x\n> ```\n> 1. a", vec![Hidden, Code("# x"), Hidden, Item("a")]),
            (
                "<!-- # x\n# y\n-->\n# z <!-- a -->",
                vec![Comment, Comment, Comment, Heading(1, "z <!-- a -->")],
            ),
            ("<!-- a --> b\n<!-- c -->", vec![Comment, Comment]),
            ("| a | b |\n", vec![Item("a | b")]),
            ("\u{feff}# x", vec![Heading(1, "x")]),
            ("```\nnever closed\n# x", vec![Hidden, Code("never closed"), Code("# x")]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
