//! Judges an idea that a model had: whether it can be worked on, and whether it is new.
//!
//! Hides how two ideas are compared: as sets of words, without case, punctuation and the
//! words that every sentence has. It errs towards letting an idea pass: a person can still
//! refuse it, and an idea that was wrongly refused is lost.

use std::collections::BTreeSet;

use super::visible::is_harmful;

/// Fewer characters are no idea that one can work on.
const SHORTEST: usize = 20;
/// More characters do not belong into every prompt.
const LONGEST: usize = 4000;
/// The least share of common words of two ideas that are taken for the same, in percent.
const SAME_PERCENT: usize = 80;

/// Words that say nothing of what is investigated.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "if", "in", "into", "is", "it", "its", "of", "on",
    "or", "than", "that", "the", "their", "there", "this", "to", "we", "what", "when", "whether", "which", "will", "with", "would",
];

/// Why an idea is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing, or next to nothing.
    #[error("it has only {0} characters; at least {SHORTEST} are needed to say what is to be tested")]
    Short(usize),
    /// It is an essay.
    #[error("it has {0} characters; at most {LONGEST} are taken")]
    Long(usize),
    /// It was had before.
    #[error("it repeats {id}: {idea}")]
    Repeats {
        /// The earlier sprint or task.
        id: String,
        /// The beginning of the earlier idea.
        idea: String,
    },
}

/// Text of a model without anything that could move a cursor or turn the direction of
/// writing. Line breaks stay.
pub fn clean(text: &str) -> String {
    let harmless = |c: &char| *c == '\n' || !is_harmful(*c);
    text.replace('\t', " ").chars().filter(harmless).collect::<String>().trim().to_owned()
}

/// Cleans a text and cuts it at so many characters.
pub fn bounded(text: &str, most: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= most { text } else { text.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}

/// Checks an idea against the earlier ones (their ids and texts), and returns it as it is kept.
///
/// # Errors
/// Why it is not taken, in words for the model and for people.
pub fn check<'a>(text: &str, earlier: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<String, Refusal> {
    let idea = clean(text);
    let length = idea.chars().count();
    if length < SHORTEST {
        return Err(Refusal::Short(length));
    }
    if length > LONGEST {
        return Err(Refusal::Long(length));
    }
    match earlier.into_iter().find(|(_, other)| is_repeat(&idea, other)) {
        Some((id, other)) => Err(Refusal::Repeats { id: id.to_owned(), idea: bounded(other, 300) }),
        None => Ok(idea),
    }
}

/// Whether an idea repeats an earlier one, of which perhaps only the beginning is known.
fn is_repeat(idea: &str, earlier: &str) -> bool {
    let Some(beginning) = earlier.strip_suffix('…') else { return is_same(idea, earlier) };
    let flat = idea.split_whitespace().collect::<Vec<_>>().join(" ");
    let same_length: String = flat.chars().take(beginning.chars().count()).collect();
    is_same(&flat, beginning) || is_same(&same_length, beginning)
}

/// Whether two ideas are one: the same words, or nearly.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    if one == other {
        return !one.is_empty();
    }
    let (one, other): (BTreeSet<&String>, BTreeSet<&String>) = (one.iter().collect(), other.iter().collect());
    let common = one.intersection(&other).count();
    let all = one.len() + other.len() - common;
    common > 0 && common * 100 >= all * SAME_PERCENT
}

/// The words that count, in their order.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(|word| word.chars().flat_map(char::to_lowercase).collect::<String>())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(&word.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EARLIER: &str = "Does a momentum term help gradient descent on a noisy quadratic at an equal budget?";

    #[test]
    fn an_idea_is_kept_without_what_could_harm_a_terminal() {
        let idea = "  Try \u{1b}[31ma larger\u{202e} batch\twith the same budget\nand more seeds.\u{7} ";
        assert_eq!(check(idea, []).as_deref(), Ok("Try [31ma larger batch with the same budget\nand more seeds."));
    }

    #[test]
    fn too_little_and_too_much_are_refused() {
        assert_eq!(check("", []), Err(Refusal::Short(0)));
        assert_eq!(check(" \u{0}\u{1b}\n\t ", []), Err(Refusal::Short(0)));
        assert_eq!(check("momentum?", []), Err(Refusal::Short(9)));
        assert_eq!(check(&"long words ".repeat(500), []), Err(Refusal::Long(5499)));
        assert!(check(&"ä".repeat(4000), []).is_ok());
    }

    #[test]
    fn the_same_words_are_the_same_idea() {
        for repeat in [
            EARLIER,
            "does a MOMENTUM term help gradient-descent, on a noisy quadratic, at an equal budget",
            "Whether the momentum term would help gradient descent on noisy quadratic at equal budget!",
            "On a noisy quadratic at an equal budget: does gradient descent help a momentum term?",
            "Does a momentum term really help gradient descent on a noisy quadratic at an equal budget?",
        ] {
            let refused = check(repeat, [("sp-000001", "Something else entirely, about data loading"), ("sp-000002", EARLIER)]);
            assert!(matches!(&refused, Err(Refusal::Repeats { id, .. }) if id == "sp-000002"), "{repeat}: {refused:?}");
        }
        for new in [
            "Does Nesterov's variant help gradient descent on a noisy quadratic with a tuned rate?",
            "Does a smaller rate take away the noise floor of momentum?",
            "研究：勾配降下法における運動量項の効果を調べる、予算を等しくして。",
        ] {
            assert!(check(new, [("sp-000002", EARLIER)]).is_ok(), "{new}");
        }
    }

    #[test]
    fn of_a_long_idea_the_beginning_is_enough() {
        let long = format!("{EARLIER}\n\nUse {}.", (0..100).map(|n| format!("setting{n}")).collect::<Vec<_>>().join(", "));
        let known = format!("{}…", long.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(119).collect::<String>());
        assert!(check(&long, [("sp-000003", known.as_str())]).is_err());
        assert!(check("Does a smaller rate take away the noise floor of momentum?", [("sp-000003", known.as_str())]).is_ok());
    }

    #[test]
    fn ideas_without_any_word_that_counts_are_not_all_the_same() {
        assert!(!is_same("the of and is", "to be or that"));
        assert!(!is_same("???", "!!!"));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_what_is_kept_is_harmless(text in "\\PC{0,60}|.{0,200}", other in ".{0,80}") {
            if let Ok(idea) = check(&text, [("x", other.as_str())]) {
                prop_assert!(idea.chars().all(|c| c == '\n' || !c.is_control()));
                prop_assert!((SHORTEST..=LONGEST).contains(&idea.chars().count()));
                prop_assert!(!is_same(&idea, &other));
            }
            prop_assert_eq!(is_same(&text, &other), is_same(&other, &text));
        }
    }
}
