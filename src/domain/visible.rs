//! Which characters are not seen, or change how others are seen.
//!
//! A text from outside may hold them to hide a part of itself, to turn the direction of writing, or to
//! look like another one. They are left out of what is shown, and no name holds one. That costs
//! joiners and variation selectors, too: emoji of several parts fall apart, and nothing is lost that
//! anybody needs to read.

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

/// A text as one line that does a screen no harm: white space becomes a space.
pub fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_harmful(*c))
        .collect()
}

/// A text without what is not seen, in which what controls a terminal is a space.
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
        for seen in ["ünïcödé 日本 한국어 עברית العربية ไทย हिन्दी", "a_b-c.d (1) α²≈½ €", "🙂"]
        {
            assert_eq!(line(seen), seen);
        }
    }
}
