//! Texts in the place of an idea that are none: an apology, a question to whoever reads it, the text of
//! an error, what was to be replaced, nothing that can be seen.
//!
//! Hides by which words they are known, in the languages in which models answer most. Only the beginning
//! of a text counts, where such a text says what it is: what an idea says *of* apologies or errors stands
//! behind its own words.

use super::no_idea_words::{ADDRESSES, ASKS_FOR, ERRORS, LANGUAGES, MAY_I, MESSAGES, TELLS, VERBS};
use super::placeholder::is_placeholder;
use super::same_idea::plain_form;

/// What a text is that is no idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoIdea {
    /// There is no word in it.
    Nothing,
    /// Somebody regrets to have none.
    Apology,
    /// It asks the one who reads it.
    Question,
    /// A program says what went wrong.
    Error,
    /// It was to be replaced.
    Placeholder,
}

impl NoIdea {
    /// What it is, for people and for the model: `it is ...`.
    pub fn what(self) -> &'static str {
        match self {
            Self::Nothing => "empty: no letter and no figure in it can be seen",
            Self::Apology => "an apology, and says nothing to try",
            Self::Question => "a question to the one who reads it, and says nothing to try",
            Self::Error => "the text of an error, and says nothing to try",
            Self::Placeholder => "a placeholder, and says nothing to try",
        }
    }
}

impl std::fmt::Display for NoIdea {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what())
    }
}

/// What a text is, when no person can have meant it as an idea.
pub fn no_idea(text: &str) -> Option<NoIdea> {
    let plain = plain(text);
    if !plain.chars().any(char::is_alphanumeric) {
        return Some(NoIdea::Nothing);
    }
    if is_placeholder(&plain_form(text)) {
        return Some(NoIdea::Placeholder);
    }
    let plain = plain.trim_start_matches(['*', '_', '#', '>', '`', ' ', '¿', '¡']);
    if is_error(plain) {
        Some(NoIdea::Error)
    } else if is_apology(plain) {
        Some(NoIdea::Apology)
    } else if asks(plain, &is_question) {
        Some(NoIdea::Question)
    } else {
        None
    }
}

/// What a text of a model is, when it is no idea.
pub fn no_idea_of_model(text: &str) -> Option<NoIdea> {
    no_idea(text).or_else(|| {
        let asks_more = |sentence: &str| {
            ASKS_FOR.iter().any(|words| has(sentence, words))
                || (sentence.ends_with('?') && MAY_I.iter().any(|words| has(sentence, words)))
        };
        asks(&plain(text), &asks_more).then_some(NoIdea::Question)
    })
}

fn is_question(sentence: &str) -> bool {
    LANGUAGES.iter().any(|language| language.tell.iter().any(|words| has(sentence, words)))
        || (TELLS.iter().any(|words| has(sentence, words))
            && ADDRESSES.iter().any(|words| has(sentence, words)))
}

/// Small letters, one spelling, single spaces.
fn plain(text: &str) -> String {
    plain_form(text).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether these words stand in a text, and are no part of longer ones.
fn has(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        !text[..at].ends_with(is_spaced_letter)
            && !text[at + words.len()..].starts_with(is_spaced_letter)
    }) || (!words.is_ascii() && words.chars().any(|c| c > '\u{2e80}') && text.contains(words))
}

/// What comes behind these words at the beginning of a text.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.strip_prefix(words)
        .filter(|rest| !rest.starts_with(is_spaced_letter) || words.chars().any(|c| c > '\u{2e80}'))
}

fn is_spaced_letter(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

/// The sentences of a text, with the mark at the end of each.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', ':', ';', '。'])
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

fn is_error(text: &str) -> bool {
    // Programs do not ask.
    if text.ends_with('?') && !text.contains("did you mean") {
        return false;
    }
    if ERRORS.iter().any(|words| text.starts_with(words)) {
        return true;
    }
    let ends = |rest: &str| {
        rest.trim_start()
            .chars()
            .next()
            .is_none_or(|c| !c.is_alphabetic() && !matches!(c, '-' | '\'' | '/' | '"'))
    };
    // With a number in front: 529 overloaded.
    let number = text.trim_start_matches("http ").trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = if number.len() < text.len() { number.trim_start() } else { text };
    let is_message = |text: &str| {
        let rest =
            MESSAGES.iter().find_map(|words| text.strip_prefix(words).filter(|rest| ends(rest)));
        rest.is_some_and(|rest| !rest.trim_start().starts_with('?'))
    };
    if is_message(text) || is_message(behind) {
        return true;
    }
    // ValueError: ..., java.lang.NullPointerException: ...
    let name = text.split([':', ' ']).next().unwrap_or_default();
    let has_colon = text[name.len()..].starts_with(':');
    if has_colon && !name.contains('-') && (name.ends_with("error") || name.ends_with("exception"))
    {
        return true;
    }
    text.ends_with(": command not found") || text.ends_with(": no such file or directory")
}

fn is_apology(text: &str) -> bool {
    let trimmed = |rest: &str| {
        rest.trim_start_matches([' ', ',', '.', ';', '!', '-', '–', ':', '、', '。', '，'])
            .to_owned()
    };
    let first = |text: &str| sentences(text).next().unwrap_or_default().to_owned();
    LANGUAGES.iter().any(|language| {
        let cannot = |text: &str| language.cannot.iter().any(|words| after(text, words).is_some());
        let is_spaced = |words: &&str| words.chars().all(|c| c < '\u{2e80}');
        let has_cannot = |text: &str| {
            language
                .cannot
                .iter()
                .any(|words| if is_spaced(words) { has(text, words) } else { text.contains(words) })
        };
        for words in language.sorry {
            let Some(rest) = after(text, words) else { continue };
            // Its own sentence, or joined to what follows; "sorry messages in dialogues" is none.
            let joined = trimmed(rest);
            let joined =
                ["but ", "that ", "aber ", "dass ", "mais ", "pero ", "ma ", "mas ", "но "]
                    .iter()
                    .find_map(|word| joined.strip_prefix(word))
                    .unwrap_or(&joined)
                    .to_owned();
            if joined.is_empty() {
                return true;
            }
            if is_spaced(words) {
                if cannot(&joined) {
                    return true;
                }
                // I'm sorry for the confusion.
                let is_all = sentences(text).count() == 1;
                if is_all
                    && ["for the", "for this", "for any", "about that", "about the", "about this"]
                        .iter()
                        .any(|words| after(&joined, words).is_some())
                {
                    return true;
                }
            } else if has_cannot(&joined) {
                return true;
            }
        }
        let mut regret = text.to_owned();
        for words in language.sadly {
            if let Some(rest) = after(text, words) {
                // As an AI language model, I cannot ...
                regret = trimmed(
                    rest.split_once(',')
                        .filter(|(before, _)| before.split_whitespace().count() <= 4)
                        .map_or(rest, |(_, behind)| behind),
                );
            }
        }
        let sentence = first(&regret);
        let is_about = |rest: &str| {
            VERBS
                .iter()
                .any(|verb| after(rest.trim_start().trim_start_matches("to "), verb).is_some())
        };
        if language.cannot.iter().any(|words| after(&regret, words).is_some_and(is_about)) {
            return true;
        }
        let is_wanted = language.wanted.iter().any(|words| {
            if is_spaced(words) { has(&sentence, words) } else { sentence.contains(words) }
        });
        let has_none = if language.cannot.first().is_some_and(is_spaced) {
            cannot(&regret)
        } else {
            regret.len() < text.len() && has_cannot(&sentence)
        };
        is_wanted && has_none
    })
}

/// Whether the text begins with a question to the reader. Words before it that say that one is coming are
/// left aside.
fn asks(text: &str, is_question: &dyn Fn(&str) -> bool) -> bool {
    const BEFORE: &[&str] = &[
        "i need",
        "i would need",
        "i'd need",
        "i require",
        "thank",
        "thanks",
        "sure",
        "hello",
        "hi",
        "before i",
        "to propose",
        "of course",
    ];
    for sentence in sentences(text) {
        if is_question(sentence) {
            return true;
        }
        if !BEFORE.iter().any(|words| after(sentence, words).is_some()) {
            return false;
        }
    }
    false
}
