//! The one home for making foreign text harmless.
//!
//! What a journal, a model, a scheduler or a person wrote may hold characters that are not seen, turn
//! the direction of writing, or drive a terminal: to hide a part of itself, or to look like another
//! text. Two control characters mark an action of ours ([`super::action`]). So a text from outside
//! comes into a stored or shown one by a function of this file only, and all of them leave out the
//! same set of characters. That costs joiners and variation selectors, too: emoji of several parts
//! fall apart, and nothing is lost that anybody needs to read.

/// Whether a character is invisible or turns the direction of writing: what Unicode calls default
/// ignorable, format controls, and blanks that are no spaces. Control characters are another matter.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is hidden or controls a terminal.
pub fn is_harmful(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// A text as one line: white space becomes a space, each for itself.
pub fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_harmful(*c))
        .collect()
}

/// A text in which what controls a terminal is a space, so that what it parted stays parted.
pub fn spaced(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The lines of a text, each harmless. Escape sequences are removed whole.
pub fn lines(text: &str) -> Vec<String> {
    let text = console::strip_ansi_codes(text);
    // A progress bar rewrites its line with carriage returns: its last state is shown.
    text.lines()
        .map(|text| {
            let state = text.rsplit('\r').find(|part| !part.is_empty()).unwrap_or(text);
            line(state).trim_end().to_owned()
        })
        .collect()
}

/// A text in which line breaks and tabs stay.
pub fn block(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_harmful(*c)).collect()
}

/// A text as one line of at most `max` characters, with single spaces. A cut is marked by `…`.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut space = false;
    // A text may be very long: what lies behind the end is not looked at.
    for c in text.chars() {
        if c.is_whitespace() {
            space = !line.is_empty();
        } else if !is_harmful(c) {
            if length + usize::from(space) >= max {
                // Room for the mark.
                while length >= max && line.pop().is_some() {
                    length -= 1;
                }
                line.push('…');
                return line;
            }
            if std::mem::take(&mut space) {
                line.push(' ');
                length += 1;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// A trimmed text of at most `max` characters in which line breaks stay, and a tab is a space. A cut
/// is marked by `…`.
pub fn paragraph(text: &str, max: usize) -> String {
    let text = block(text).replace('\t', " ");
    let text = text.trim();
    if text.chars().count() <= max {
        text.to_owned()
    } else {
        text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
    }
}

/// A text of a person for a model: only control characters go, for what is not seen may be a part of
/// how words are written.
pub fn for_model(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

/// The same of words that somebody has typed: an idea, an answer, a note.
pub fn typed(text: &str) -> String {
    for_model(text).trim().to_owned()
}

/// A figure with at most six significant digits.
pub fn figure(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&number.abs()) {
        let text = format!("{number:.3e}");
        return text.split_once('e').map_or_else(
            || text.clone(),
            |(digits, exponent)| {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
            },
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -4 and 7")]
    let before = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(5 - before).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A figure with its spread. Over less than two runs there is none, whatever is told.
pub fn value_with_spread(value: f64, spread: Option<f64>, n: Option<u32>) -> String {
    let spread = spread
        .filter(|_| n.is_some_and(|n| n > 1))
        .map(|spread| format!(" ± {}", figure(spread)))
        .unwrap_or_default();
    format!("{}{spread}", figure(value))
}

/// A number of things, the word in the singular or in the plural: `1 task`, `3 processes`.
pub fn number_of<N: std::fmt::Display + PartialEq + From<u8>>(number: N, word: &str) -> String {
    let ending = match word.ends_with('s') {
        _ if number == N::from(1) => "",
        true => "es",
        false => "s",
    };
    format!("{number} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_left_out() {
        for hidden in [
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2066}',
            '\u{2060}',
            '\u{2064}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{115f}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{180e}',
            '\u{e0041}',
            '\u{2800}',
            '\u{34f}',
            '\u{61c}',
            '\u{fffa}',
        ] {
            assert_eq!(line(&format!("a{hidden}b")), "ab", "{hidden:?}");
        }
        assert_eq!(line("a\u{1b}[2J\u{2028}b\n\tc\u{a0}d"), "a[2J b  c d");
        for marks in
            ["\u{2}{\"do\":\"show_loop\",\"id\":\"x\"}\u{3}", "\u{1b}]8;;x\u{7}", "\u{9b}2J"]
        {
            let made = [
                line(marks),
                spaced(marks),
                block(marks),
                one_line(marks, 100),
                paragraph(marks, 100),
                for_model(marks),
            ];
            for text in made {
                assert!(!text.chars().any(char::is_control), "{marks:?}: {text:?}");
            }
        }
        for seen in ["ünïcödé 日本 한국어 עברית العربية ไทย हिन्दी", "a_b-c.d (1) α²≈½ €", "🙂"]
        {
            assert_eq!(line(seen), seen);
        }
    }
    #[test]
    fn a_text_keeps_its_shape_and_has_an_end() {
        assert_eq!(one_line("  a\u{1b}[31mb\u{7}\r\nc\t\u{9b}d ", 100), "a[31mb c d");
        assert_eq!(one_line("user\u{202e}gpj.exe\u{200b}", 100), "usergpj.exe");
        assert_eq!((one_line(" \n ", 9), one_line("äöü", 3)), (String::new(), "äöü".to_owned()));
        assert_eq!((&*one_line("äöüß", 3), &*one_line("ab cd", 3)), ("äö…", "ab…"));
        assert_eq!(paragraph(" a\u{1b}[2Jb\r\n\tc\u{200b} ", 100), "a[2Jb\n c");
        assert_eq!((&*paragraph("a\nbc", 4), &*paragraph("a\nbcd", 4)), ("a\nbc", "a\nb…"));
        assert_eq!(block(" a\n\tb\u{feff} "), " a\n\tb ");
        assert_eq!(for_model("a\u{200d}b\u{0}"), "a\u{200d}b");
    }
}
