//! JSON as models write it: also with comments, commas too many or too few, other quotes or none, the
//! words of Python and JavaScript, and text around it.
//!
//! Every character is looked at a bounded number of times: what a text can begin again and again is
//! bounded by a sum of steps for all of it.

use super::node::{MAX_DEPTH, Node};
use super::number;

/// Steps that a text may take for each of its characters, however often a beginning is tried.
const STEPS: usize = 32;

/// Whether a text is meant to be nothing but JSON.
pub(super) fn begins(text: &str) -> bool {
    let mut parser = Parser::new(text);
    parser.blank().is_ok() && matches!(parser.peek(), Some('{' | '['))
}

/// All tables and lists of tables in a text, one after the other, with whatever stands between them.
///
/// # Errors
/// One of them is broken: then a part of it must not be taken for the whole.
pub(super) fn scan(text: &str) -> Result<Vec<Node>, String> {
    scanned(text).0
}

/// The same, with the steps that it took.
pub(super) fn scanned(text: &str) -> (Result<Vec<Node>, String>, usize) {
    let mut parser = Parser::new(text);
    (parser.scan(begins(text)), parser.steps)
}

/// Lines of `name = value`, and nothing else.
pub(super) fn assignments(text: &str) -> Option<Node> {
    let mut members = Vec::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (name, value) = line.split_once('=')?;
        let mut parser = Parser::new(value);
        parser.blank().ok()?;
        let value = parser.value(0).ok()?;
        parser.blank().ok()?;
        parser
            .peek()
            .is_none()
            .then(|| members.push((name.trim().trim_matches(['"', '\'']).to_owned(), value)))?;
    }
    (!members.is_empty()).then_some(Node::Table(members))
}

struct Parser {
    text: Vec<char>,
    at: usize,
    steps: usize,
    most: usize,
    /// Members of tables that were read since the last beginning.
    members: usize,
}

impl Parser {
    fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let most = text.len().saturating_mul(STEPS).saturating_add(1000);
        Self { text, at: 0, steps: 0, most, members: 0 }
    }

    fn scan(&mut self, is_json: bool) -> Result<Vec<Node>, String> {
        if is_json {
            self.blank()?;
        }
        let mut found = Vec::new();
        let mut first = true;
        while let Some(start) = self.next_bracket() {
            self.at = start;
            self.members = 0;
            match self.value(0) {
                Ok(node) if node.holds_tables() || first && is_json => found.push(node),
                Ok(_) => {}
                Err(problem) if self.members > 0 || first && is_json || self.steps >= self.most => {
                    return Err(format!("is broken in line {}: {problem}", self.line()));
                }
                Err(_) => self.at = start + 1,
            }
            first = false;
        }
        Ok(found)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn after(&self, more: usize) -> Option<char> {
        self.text.get(self.at + more).copied()
    }

    fn bump(&mut self) -> Result<Option<char>, String> {
        self.steps += 1;
        if self.steps > self.most {
            return Err("nothing in it makes sense".to_owned());
        }
        let c = self.peek();
        self.at += usize::from(c.is_some());
        Ok(c)
    }

    fn line(&self) -> usize {
        1 + self.text[..self.at.min(self.text.len())].iter().filter(|c| **c == '\n').count()
    }

    fn next_bracket(&mut self) -> Option<usize> {
        let found = (self.at..self.text.len()).find(|at| matches!(self.text[*at], '{' | '['));
        self.steps += found.unwrap_or(self.text.len()) - self.at;
        found
    }

    /// Goes over white space and comments. Returns whether a line has ended.
    fn blank(&mut self) -> Result<bool, String> {
        let mut ended = false;
        loop {
            match (self.peek(), self.after(1)) {
                (Some(c), _)
                    if c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0') =>
                {
                    ended |= c == '\n' || c == '\r';
                    self.bump()?;
                }
                (Some('/'), Some('/')) | (Some('#'), _) => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump()?;
                    }
                }
                (Some('/'), Some('*')) => {
                    self.bump()?;
                    self.bump()?;
                    while (self.peek(), self.after(1)) != (Some('*'), Some('/')) {
                        if self.bump()?.is_none() {
                            return Err("a comment has no end".to_owned());
                        }
                    }
                    self.bump()?;
                    self.bump()?;
                }
                _ => return Ok(ended),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        match self.peek() {
            Some('{') => self.table(depth),
            Some('[') => self.list(depth),
            Some(c) if closers(c).is_some() => self.string().map(Node::Text),
            Some(_) => self.bare(),
            None => Err(ENDS.to_owned()),
        }
    }

    fn table(&mut self, depth: usize) -> Result<Node, String> {
        self.bump()?;
        let mut members = Vec::new();
        loop {
            self.commas()?;
            let key = match self.peek() {
                None => return Err(ENDS.to_owned()),
                Some('}') => {
                    self.bump()?;
                    return Ok(Node::Table(members));
                }
                Some(c) if closers(c).is_some() => self.string()?,
                Some(_) => self.bare_key()?,
            };
            self.blank()?;
            match self.peek() {
                Some(':' | '=') => self.bump()?,
                Some(_) => return Err(format!("expected a colon behind {}", quoted(&key))),
                None => return Err(ENDS.to_owned()),
            };
            if self.peek() == Some('>') {
                self.bump()?;
            }
            self.blank()?;
            if matches!(self.peek(), Some(',' | '}')) {
                return Err(format!("there is no value behind {}", quoted(&key)));
            }
            let value = self.value(depth + 1)?;
            members.push((key, value));
            self.members += 1;
            self.separator('}')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, String> {
        self.bump()?;
        let mut items = Vec::new();
        loop {
            self.commas()?;
            match self.peek() {
                None => return Err(ENDS.to_owned()),
                Some(']') => {
                    self.bump()?;
                    return Ok(Node::List(items));
                }
                Some(_) => {}
            }
            items.push(self.value(depth + 1)?);
            self.separator(']')?;
        }
    }

    fn commas(&mut self) -> Result<(), String> {
        self.blank()?;
        while matches!(self.peek(), Some(',' | ';')) {
            self.bump()?;
            self.blank()?;
        }
        Ok(())
    }

    /// Behind a value: a comma, the end, a new line, or at least something that cannot belong to the value.
    fn separator(&mut self, end: char) -> Result<(), String> {
        let new_line = self.blank()?;
        match self.peek() {
            None => Err(ENDS.to_owned()),
            Some(c)
                if c == end
                    || matches!(c, ',' | ';' | '{' | '[')
                        && !matches!((c, end), ('{' | '[', '}')) =>
            {
                Ok(())
            }
            Some(c) if closers(c).is_some() => Ok(()),
            Some(c) if new_line && !matches!(c, '}' | ']' | ':') => Ok(()),
            Some(c) => Err(format!("expected a comma or {end} before {}", quoted(&c.to_string()))),
        }
    }

    /// A text in quotes. A quote that nothing follows which could stand behind a text belongs to it.
    fn string(&mut self) -> Result<String, String> {
        let Some(open) = self.bump()? else { return Err(ENDS.to_owned()) };
        let closers = closers(open).unwrap_or("\"");
        if open != '\u{201c}' && (self.peek(), self.after(1)) == (Some(open), Some(open)) {
            return self.triple(open);
        }
        let mut text = String::new();
        loop {
            match self.bump()? {
                None => return Err("a text has no end".to_owned()),
                Some('\\') => self.escape(&mut text)?,
                Some(c) if closers.contains(c) && self.ends_here()? => return Ok(text),
                Some(c) => text.push(c),
            }
        }
    }

    fn triple(&mut self, quote: char) -> Result<String, String> {
        self.bump()?;
        self.bump()?;
        let mut text = String::new();
        loop {
            if [self.peek(), self.after(1), self.after(2)] == [Some(quote); 3] {
                self.at += 3;
                return Ok(text);
            }
            match self.bump()? {
                None => return Err("a text has no end".to_owned()),
                Some('\\') => self.escape(&mut text)?,
                Some(c) => text.push(c),
            }
        }
    }

    /// Whether what follows can stand behind a text.
    fn ends_here(&mut self) -> Result<bool, String> {
        let mut ahead = self.at;
        while let Some(c) = self.text.get(ahead) {
            self.steps += 1;
            if self.steps > self.most {
                return Err("nothing in it makes sense".to_owned());
            }
            match c {
                '\n' | '\r' => return Ok(true),
                c if c.is_whitespace() => ahead += 1,
                ',' | ':' | ';' | '=' | '}' | ']' | '/' | '#' => return Ok(true),
                c => return Ok(closers(*c).is_some()),
            }
        }
        Ok(true)
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        match self.bump()? {
            None => return Err("a text has no end".to_owned()),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r' | '\n') => {}
            Some('b' | 'f' | '0') => text.push(' '),
            Some('u') => {
                let mut code = self.hex(4)?;
                if let Some(high @ 0xd800..=0xdbff) = code
                    && (self.peek(), self.after(1)) == (Some('\\'), Some('u'))
                {
                    let before = self.at;
                    self.at += 2;
                    match self.hex(4)? {
                        Some(low @ 0xdc00..=0xdfff) => {
                            code = Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                        }
                        _ => self.at = before,
                    }
                }
                text.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some('x') => text
                .push(self.hex(2)?.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)),
            Some(c @ ('"' | '\'' | '`' | '\\' | '/' | '{' | '}' | '[' | ']')) => text.push(c),
            // No escape: a backslash of the text, as in formulas and paths.
            Some(c) => text.extend(['\\', c]),
        }
        Ok(())
    }

    fn hex(&mut self, digits: usize) -> Result<Option<u32>, String> {
        let mut code = 0;
        for _ in 0..digits {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else { return Ok(None) };
            code = code * 16 + digit;
            self.bump()?;
        }
        Ok(Some(code))
    }

    fn bare_key(&mut self) -> Result<String, String> {
        let mut key = String::new();
        while let Some(c) = self.peek() {
            if matches!(c, ':' | '=' | ',' | '{' | '}' | '[' | ']' | '\n') || closers(c).is_some() {
                break;
            }
            key.push(c);
            self.bump()?;
        }
        let key = key.trim();
        if key.is_empty() {
            Err("expected a name in quotes".to_owned())
        } else {
            Ok(key.to_owned())
        }
    }

    /// A value without quotes: a number, a word, or several.
    fn bare(&mut self) -> Result<Node, String> {
        let mut word = String::new();
        while let Some(c) = self.peek() {
            let is_comment = matches!((c, self.after(1)), ('/', Some('/' | '*')) | ('#', _))
                && word.ends_with(char::is_whitespace);
            if matches!(c, ',' | ';' | '{' | '}' | '[' | ']' | '\n' | '\r')
                || is_comment
                || closers(c).is_some()
            {
                break;
            }
            word.push(c);
            self.bump()?;
        }
        let word = word.trim();
        match word {
            "" => Err("expected a value".to_owned()),
            "null" | "None" | "Null" | "NULL" | "nil" | "undefined" => Ok(Node::Null),
            "true" | "True" | "TRUE" => Ok(Node::Bool(true)),
            "false" | "False" | "FALSE" => Ok(Node::Bool(false)),
            word => {
                Ok(number::plain(word).map_or_else(|| Node::Text(word.to_owned()), Node::Number))
            }
        }
    }
}

const ENDS: &str = "it ends in the middle";

/// What ends a text that begins so.
fn closers(open: char) -> Option<&'static str> {
    match open {
        '"' => Some("\""),
        '\'' => Some("'"),
        '`' => Some("`"),
        '\u{201c}' | '\u{201d}' | '\u{201e}' => Some("\u{201c}\u{201d}"),
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", crate::domain::text::one_line(text, 40))
}
