//! What a person's words on a proposed idea mean. The laptop and the job ask here, so that both
//! understand the same.

use super::text::block;

/// What follows from an answer to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The idea is wanted. What else was said is for the agent; it may be empty.
    Yes(String),
    /// The idea is not wanted, and no other one either. Why; it may be empty.
    No(String),
    /// Another idea is wanted: the words say which.
    Other,
}

/// Words that agree, whatever comes after them.
const YES: &[&[&str]] = &[
    &["go", "ahead"],
    &["yes"],
    &["yeah"],
    &["yep"],
    &["y"],
    &["approve"],
    &["approved"],
    &["agreed"],
];
/// Words that agree where a sentence ends: `go for something smaller` asks for another idea.
const YES_ALONE: &[&[&str]] = &[&["ok"], &["okay"], &["go"], &["sure"], &["fine"]];
/// Words that end it where the sentence ends, or before a colon and the reason: `no, rather ...` asks for another idea.
const NO: &[&[&str]] = &[
    &["no", "thank", "you"],
    &["no", "thanks"],
    &["no"],
    &["n"],
    &["nope"],
    &["reject"],
    &["rejected"],
];

/// What ends a sentence, or a part of one.
const STOPS: &[char] = &['.', ',', ';', ':', '!', '\u{2026}', '\u{2013}', '\u{2014}', '-', '\n'];

/// Reads an answer to a proposal. What is not plainly a yes or a no asks for another idea.
pub fn word(text: &str) -> Word {
    // What is not seen is no part of a word that decides.
    let text = block(text);
    let text = text.trim();
    for words in NO {
        match after(text, words) {
            Some(rest) if is_silent(rest) => return Word::No(String::new()),
            Some(rest) if rest.starts_with(':') => return Word::No(rest[1..].trim().to_owned()),
            _ => {}
        }
    }
    let note = |rest: &str| {
        Word::Yes(
            rest.trim_start_matches(|c: char| c.is_whitespace() || STOPS.contains(&c)).to_owned(),
        )
    };
    if let Some(rest) = YES.iter().find_map(|words| after(text, words)) {
        return note(rest);
    }
    let alone = |rest: &&str| rest.is_empty() || rest.starts_with(STOPS);
    // `ok, go ahead`: what agrees twice agrees.
    YES_ALONE.iter().find_map(|words| after(text, words).filter(alone)).map_or(Word::Other, note)
}

fn is_silent(rest: &str) -> bool {
    rest.chars().all(|c| c.is_whitespace() || STOPS.contains(&c) && c != ':')
}

/// What stands behind these words, if the text begins with them.
fn after<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    let mut rest = text;
    for word in words {
        rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if rest[..end].to_lowercase() != *word {
            return None;
        }
        rest = &rest[end..];
    }
    // A word goes on behind an apostrophe.
    if rest.starts_with(['\'', '\u{2019}']) {
        None
    } else {
        Some(rest.trim_start_matches([' ', '\t']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_understood_in_the_words_that_people_use() {
        for yes in [
            "yes",
            " Yes. ",
            "y",
            "YES!",
            "ok",
            "Okay.",
            "approve",
            "Approved!",
            "go",
            "go ahead",
            "Go ahead!",
            "sure",
            "yes\u{2026}",
            "\u{200f}yes\u{200c}",
        ] {
            assert_eq!(word(yes), Word::Yes(String::new()), "{yes}");
        }
        for (text, note) in [
            ("yes, but with three seeds", "but with three seeds"),
            ("yes - use the small set", "use the small set"),
            ("Yes please use the small set", "please use the small set"),
            ("ok: use the small set.\nAnd log it.", "use the small set.\nAnd log it."),
            ("ok, go ahead", "go ahead"),
            ("go ahead with three seeds", "with three seeds"),
        ] {
            assert_eq!(word(text), Word::Yes(note.to_owned()), "{text}");
        }
    }

    #[test]
    fn only_a_plain_no_ends_a_proposal() {
        for no in [
            "no",
            "no\u{200f}",
            " No. ",
            "n",
            "NO!",
            "nope",
            "no\u{2026}",
            "no thanks",
            "Rejected.",
        ] {
            assert_eq!(word(no), Word::No(String::new()), "{no}");
        }
        assert_eq!(word("no: too dear: much"), Word::No("too dear: much".to_owned()));
        assert_eq!(word("reject: too dear"), Word::No("too dear".to_owned()));
        for other in [
            "no, try something smaller",
            "no - smaller",
            "note: use less data",
            "none of these",
            "nothing: x",
            "go for something smaller",
            "ok but another one",
            "something with yes in it",
            "yesterday's idea again",
            "",
            "no's and yes's",
            "\u{1f600}",
        ] {
            assert_eq!(word(other), Word::Other, "{other}");
        }
    }
}
