//! When two ideas are one: when they say the same in the same words.
//!
//! Hides how texts are compared. What only looks different is the same: ligatures, composed and
//! decomposed accents, full width, capital letters, punctuation of any script, line breaks, articles
//! and sentences that are mere courtesy. Everything that may carry meaning distinguishes: each number by
//! its value, signs, comparison marks, negations, and the order of the words, which says what is done
//! to what. Nothing is called nearly the same: a repeat that is missed costs one sprint, and an idea that
//! is wrongly called a repeat is lost.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::text::is_hidden;

/// Words without which a sentence says the same.
#[rustfmt::skip]
const SILENT: &[&str] = &[
    "a", "actually", "also", "an", "are", "be", "been", "can", "could", "did", "do", "does", "is", "it", "its", "our", "please", "really", "that",
    "the", "there", "this", "was", "we", "were", "whether", "will", "would",
];

/// Short words that are no units.
const SHORT_WORDS: &[&str] = &[
    "and", "as", "at", "but", "by", "for", "if", "in", "not", "of", "on", "or", "per", "to", "via",
    "vs",
];

/// A sentence of nothing but these says nothing of what is to be tried.
#[rustfmt::skip]
const COURTESY: &[&str] = &[
    "above", "ai", "all", "am", "and", "any", "as", "assistant", "because", "believe", "best", "certainly", "course", "dear",
    "details", "direction", "earlier", "exciting", "explore", "exploration", "far", "following", "for", "further", "given", "good",
    "great", "happy", "have", "hello", "helpful", "helps", "here", "heres", "hi", "hope", "i", "idea", "ideas", "if", "im",
    "impactful", "in", "interesting", "investigating", "know", "language", "let", "me", "more", "my", "need", "new", "next", "novel",
    "of", "okay", "one", "outcomes", "outlined", "potentially", "previous", "project", "promising", "proposal", "propose", "question",
    "questions", "regards", "research", "results", "so", "study", "suggest", "sure", "thank", "thanks", "therefore", "think", "to",
    "trying", "very", "which", "want", "worth", "you", "your",
];

/// What an idea says, for comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Meaning(Vec<String>);

impl Meaning {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let sentences = sentences(text);
        let is_courtesy = |sentence: &Vec<String>| {
            sentence.iter().all(|word| COURTESY.contains(&word.to_lowercase().as_str()))
        };
        let said: Vec<String> =
            sentences.iter().filter(|sentence| !is_courtesy(sentence)).flatten().cloned().collect();
        Self(if said.is_empty() { sentences.concat() } else { said })
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many words and signs of it count.
    pub fn parts(&self) -> usize {
        self.0.len()
    }

    /// A short text that is the same for the same meaning, to be sent in the place of a long idea.
    pub fn mark(&self) -> String {
        Sha256::digest(self.0.join("\u{1f}").as_bytes()).iter().take(8).fold(
            String::new(),
            |mut mark, byte| {
                let _ = write!(mark, "{byte:02x}");
                mark
            },
        )
    }
}

/// Whether two ideas are one.
pub fn is_same(one: &str, other: &str) -> bool {
    let one = Meaning::of(one);
    !one.is_empty() && one == Meaning::of(other)
}

/// The parts of each sentence that count, in their order.
pub fn sentences(text: &str) -> Vec<Vec<String>> {
    Reader::new(text).read()
}

/// A text in the one form that all its spellings have in common.
pub fn plain_form(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut raised = false;
    for c in text.chars() {
        // Before the forms are made one: there, a raised figure is a figure like any other.
        let up = raised_form(c);
        if up.is_some() && !raised {
            plain.push('^');
        }
        raised = up.is_some();
        match (up, c) {
            (Some(up), _) => plain.push(up),
            (None, '\u{2028}' | '\u{2029}' | '\r') => plain.push('\n'),
            (None, '¼'..='¾' | '⅐'..='⅞') => plain.extend([' ', c]),
            (None, c) if is_hidden(c) => {}
            (None, c) => plain.push(c),
        }
    }
    plain.nfkc().map(one_form).collect()
}

fn raised_form(c: char) -> Option<char> {
    Some(match c {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_u32(u32::from(c) - u32::from('⁴') + u32::from('4'))?,
        '⁺' => '+',
        '⁻' => '-',
        'ⁿ' => 'n',
        _ => return None,
    })
}

fn one_form(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2012}' | '\u{2212}' | '\u{fe63}' => '-',
        '\u{2013}'..='\u{2015}' => '–',
        '’' | '‘' | 'ʼ' | '＇' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        '⁄' | '∕' => '/',
        '∗' => '*',
        '⋅' | '∙' => '·',
        '≦' | '⩽' => '≤',
        '≧' | '⩾' => '≥',
        c if c.is_whitespace() && c != '\n' => ' ',
        c => c,
    }
}

/// Marks that may carry meaning. All others are punctuation.
fn is_telling(c: char) -> bool {
    matches!(c, '+' | '#' | '%' | '‰' | '<' | '>' | '/' | '^' | '~' | '|' | '@' | '¬' | '±' | '×' | '÷' | '·' | '°' | '′' | '″' | '‴' | '€' | '£' | '¥'
        | '\u{2190}'..='\u{22ff}' | '\u{27c0}'..='\u{27ef}' | '\u{2900}'..='\u{297f}' | '\u{2a00}'..='\u{2aff}')
}

/// Scripts that put no spaces between words, or put them as they like: each letter counts by itself.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{2fff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn is_letter(c: char) -> bool {
    (c.is_alphanumeric() && !c.is_ascii_digit()) || is_combining_mark(c)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    sentence: Vec<String>,
    sentences: Vec<Vec<String>>,
    /// Whether the last part was a number: what follows may be its unit.
    after_number: bool,
}

impl Reader {
    fn new(text: &str) -> Self {
        // Two spellings of one Japanese particle.
        let text = plain_form(text).replace("における", "での").replace("に於ける", "での");
        Self {
            chars: text.chars().collect(),
            at: 0,
            sentence: Vec::new(),
            sentences: Vec::new(),
            after_number: false,
        }
    }

    fn peek(&self, offset: usize) -> Option<char> {
        self.chars.get(self.at + offset).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).map(|at| self.chars[at])
    }

    fn is_digit(&self, offset: usize) -> bool {
        self.peek(offset).is_some_and(|c| c.is_ascii_digit())
    }

    fn begins_line(&self) -> bool {
        self.chars[..self.at].iter().rev().take_while(|c| **c != '\n').all(|c| c.is_whitespace())
    }

    fn add(&mut self, part: impl Into<String>) {
        self.sentence.push(part.into());
    }

    fn end_sentence(&mut self) {
        if !self.sentence.is_empty() {
            self.sentences.push(std::mem::take(&mut self.sentence));
        }
    }

    fn read(mut self) -> Vec<Vec<String>> {
        while let Some(c) = self.peek(0) {
            let was_number = std::mem::take(&mut self.after_number);
            let is_glued =
                self.before().is_some_and(|c| c.is_alphanumeric() || is_combining_mark(c));
            let is_fraction = |reader: &Self, offset: usize| {
                reader.peek(offset) == Some('.') && reader.is_digit(offset + 1)
            };
            if c.is_ascii_digit() || (is_fraction(&self, 0) && !is_glued) {
                self.number("");
            } else if matches!(c, '-' | '–')
                && !is_glued
                && !matches!(self.before(), Some(')' | ']'))
                && (self.is_digit(1) || is_fraction(&self, 1))
            {
                self.at += 1;
                self.number("-");
            } else if stands_alone(c) {
                self.at += 1;
                self.add(c);
            } else if is_letter(c) {
                self.word(was_number);
            } else {
                self.mark(c, is_glued);
                // A unit may stand behind a space.
                self.after_number = was_number && c == ' ';
            }
        }
        self.end_sentence();
        self.sentences
    }

    fn word(&mut self, is_unit: bool) {
        let mut word = String::new();
        while let Some(c) = self.peek(0) {
            match c {
                '\'' if self.peek(1).is_some_and(is_letter) => {}
                c if is_letter(c) && !stands_alone(c) => word.push(c),
                _ => break,
            }
            self.at += 1;
        }
        // 3x3
        if matches!(word.as_str(), "x" | "X") && is_unit && self.is_digit(0) {
            return self.add("×");
        }
        let length = word.chars().count();
        let lower = word.to_lowercase();
        // mW is no MW.
        let is_unit = is_unit && length <= 3 && !SHORT_WORDS.contains(&lower.as_str());
        if is_unit
            || (length == 1 && !(self.sentence.is_empty() && matches!(word.as_str(), "A" | "I")))
        {
            if word != "a" || is_unit {
                self.add(word);
            }
            return;
        }
        let is_name = length > 1 && word.chars().all(char::is_uppercase);
        match lower.as_str() {
            "percent" | "pct" => self.add("%"),
            silent if !is_name && SILENT.contains(&silent) => {}
            _ => self.add(lower),
        }
    }

    fn digits(&mut self) -> String {
        let from = self.at;
        while self.is_digit(0) {
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn number(&mut self, sign: &str) {
        let is_glued = sign.is_empty() && self.before().is_some_and(is_letter);
        let from = self.at;
        let mut whole = self.digits();
        // 10,000 is 10000; 3,5 may be two numbers.
        while (1..=3).contains(&whole.len()) || whole.len() > 3 && from + whole.len() < self.at {
            let is_group = matches!(self.peek(0), Some(',' | '_'))
                && (1..=3).all(|place| self.is_digit(place))
                && !self.is_digit(4);
            if !is_group || whole.starts_with('0') {
                break;
            }
            self.at += 1;
            whole.push_str(&self.digits());
        }
        let mut fraction = String::new();
        let has_point = self.peek(0) == Some('.') && self.is_digit(1);
        if has_point {
            self.at += 1;
            fraction = self.digits();
        }
        // A version, or a name: as it stands there.
        if self.peek(0) == Some('.') && self.is_digit(1) {
            while self.is_digit(0) || (self.peek(0) == Some('.') && self.is_digit(1)) {
                self.at += 1;
            }
            let text: String = self.chars[from..self.at].iter().collect();
            return self.add(format!("{sign}{text}"));
        }
        let end = self.at;
        let mut exponent = self.exponent();
        if is_glued && has_point && exponent.is_none() {
            let text: String = self.chars[from..end].iter().collect();
            return self.add(text);
        }
        if exponent.is_none() && whole == "10" && !has_point {
            exponent = self.power();
            if exponent.is_some() {
                "1".clone_into(&mut whole);
            }
        }
        if exponent.is_none() {
            exponent = self.times_power();
        }
        self.after_number = true;
        self.add(format!("{sign}{}", value(&whole, &fraction, exponent)));
    }

    /// `e-3` right behind a number.
    fn exponent(&mut self) -> Option<i64> {
        let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
        if !matches!(self.peek(0), Some('e' | 'E')) || !self.is_digit(1 + sign) {
            return None;
        }
        let is_negative = self.peek(1) == Some('-');
        let back = self.at;
        self.at += 1 + sign;
        let value =
            signed(&self.digits(), is_negative).filter(|_| !self.peek(0).is_some_and(is_letter));
        if value.is_none() {
            self.at = back;
        }
        value
    }

    /// `^-3` or `^{-3}` behind 10.
    fn power(&mut self) -> Option<i64> {
        let back = self.at;
        if self.peek(0) != Some('^') {
            return None;
        }
        self.at += 1;
        let is_braced = self.peek(0) == Some('{');
        self.at += usize::from(is_braced);
        let is_negative = self.peek(0) == Some('-');
        self.at += usize::from(matches!(self.peek(0), Some('+' | '-')));
        let power =
            signed(&self.digits(), is_negative).filter(|_| !is_braced || self.peek(0) == Some('}'));
        self.at = if power.is_some() { self.at + usize::from(is_braced) } else { back };
        power
    }

    /// `x 10^-3` behind a number.
    fn times_power(&mut self) -> Option<i64> {
        let back = self.at;
        let skip = |reader: &mut Self| reader.at += usize::from(reader.peek(0) == Some(' '));
        skip(self);
        if matches!(self.peek(0), Some('×' | 'x' | 'X' | '*' | '·')) {
            self.at += 1;
            skip(self);
            if self.peek(0) == Some('1') && self.peek(1) == Some('0') {
                self.at += 2;
                if let Some(power) = self.power() {
                    return Some(power);
                }
            }
        }
        self.at = back;
        None
    }

    fn mark(&mut self, c: char, is_glued: bool) {
        let next = self.peek(1);
        let is_spaced = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let begins_line =
            matches!(c, '#' | '+' | '>' | '*' | '-') && is_spaced(next) && self.begins_line();
        let two = match (c, next) {
            ('<', Some('=')) => Some("≤"),
            ('>', Some('=')) => Some("≥"),
            ('!', Some('=')) => Some("≠"),
            ('-', Some('>')) => Some("→"),
            ('=', Some('>')) => Some("⇒"),
            _ => None,
        };
        if let Some(two) = two {
            self.at += 2;
            return self.add(two);
        }
        match c {
            // A heading, an item of a list, a quotation.
            '#' | '+' | '>' | '*' | '-' if begins_line || (c == '#' && next == Some('#')) => {}
            '*' if is_spaced(next) == is_spaced(self.before())
                && next != Some('*')
                && self.before() != Some('*') =>
            {
                self.add("*")
            }
            '&' => self.add("and"),
            // The sign of a name, and not what joins two words.
            '-' if is_glued == is_spaced(next)
                && next != Some('\n')
                && (is_glued || next.is_some_and(is_letter)) =>
            {
                self.add("-")
            }
            // The brackets of a formula.
            '(' | '{' if is_glued || self.before().is_some_and(|c| "+-*/^×·=".contains(c)) => {
                self.add(c)
            }
            ')' | '}' if next.is_some_and(|c| c.is_alphanumeric() || "+-*/^×·=".contains(c)) => {
                self.add(c)
            }
            c if is_telling(c) => self.add(c),
            '\n' | '。' => self.end_sentence(),
            '.' | '!' | '?' | ':' | ';'
                if next.is_none_or(|c| {
                    c.is_whitespace() || stands_alone(c) || matches!(c, '"' | ')' | '*')
                }) =>
            {
                self.end_sentence();
            }
            _ => {}
        }
        self.at += 1;
    }
}

fn signed(digits: &str, is_negative: bool) -> Option<i64> {
    let value: i64 = digits.parse().ok().filter(|value| *value <= 1_000_000)?;
    Some(if is_negative { -value } else { value })
}

/// A number by its value. One such as 3.10 may be a version: it keeps its last figure.
fn value(whole: &str, fraction: &str, exponent: Option<i64>) -> String {
    let whole = whole.trim_start_matches('0');
    let is_value =
        exponent.is_some() || whole.is_empty() || fraction.bytes().all(|figure| figure == b'0');
    let fraction = if is_value { fraction.trim_end_matches('0') } else { fraction };
    let figures = format!("{whole}{fraction}");
    let figures = figures.trim_start_matches('0');
    if figures.is_empty() {
        return "0".to_owned();
    }
    let mut power = exponent.unwrap_or(0) - i64::try_from(fraction.len()).unwrap_or(0);
    if !is_value {
        return format!("{figures}e{power}");
    }
    let short = figures.trim_end_matches('0');
    power += i64::try_from(figures.len() - short.len()).unwrap_or(0);
    format!("{short}e{power}")
}
