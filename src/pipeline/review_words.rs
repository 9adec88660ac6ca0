//! Words that reviewers use: which of them leave the marker as it is, and which say that an issue is
//! repaired, or was there before.

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
/// Those of them that a remark behind the marker must not hold: "the earlier ones remain".
const DOUBTFUL: &[&str] = &["found", "remain", "remains", "remaining", "left", "identified", "detected", "observed"];
/// A remark behind the marker says this ...
const REPAIRED: &[&str] = &["repaired", "fixed", "resolved", "addressed", "corrected"];
/// ... with these words, and harmless ones.
const REMARK: &[&str] = &[
    "all", "every", "each", "earlier", "previous", "prior", "former", "critical", "issue", "issues", "finding", "findings", "checked", "verified",
    "too", "of", "from", "and", "has",
];
/// A heading with one of these, or with one that says repaired, speaks of earlier issues ...
const EARLIER: &[&str] = &["earlier", "previous", "previously", "prior", "former", "status", "closed"];
/// ... unless it has one of these as well.
const PRESENT: &[&str] = &[
    "not",
    "still",
    "open",
    "remain",
    "remains",
    "remaining",
    "unresolved",
    "unfixed",
    "new",
    "current",
    "must",
    "be",
    "to",
    "should",
    "need",
    "needs",
];
/// Before a word that says repaired: it is not.
const UNDONE: &[&str] = &[
    "not",
    "never",
    "t",
    "cannot",
    "partially",
    "partly",
    "only",
    "half",
    "be",
    "must",
    "should",
    "to",
    "need",
    "needs",
    "can",
    "could",
    "if",
    "until",
];
/// Without a word that says repaired: it is open.
const OPEN: &[&str] = &["open", "still", "remain", "remains", "persist", "persists", "unresolved", "unfixed", "unrepaired", "unaddressed"];
/// The words of a text, in small letters.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a heading speaks of issues that were there before.
pub(super) fn is_earlier(names: &[String]) -> bool {
    let has = |list: &[&str]| names.iter().any(|word| list.contains(&word.as_str()));
    (has(EARLIER) || has(REPAIRED)) && !has(PRESENT)
}

/// Whether a word may stand beside the marker.
pub(super) fn is_harmless(word: &str) -> bool {
    HARMLESS.contains(&word)
}

/// `All earlier findings are repaired.`: nothing but sentences that say so.
pub(super) fn is_remark(text: &str) -> bool {
    text.split(['.', '!', ';', '(', ')']).all(|sentence| {
        let mut words = words(sentence).peekable();
        let mut repaired = words.peek().is_none();
        words.all(|word| {
            let word = word.as_str();
            let says = REPAIRED.contains(&word);
            repaired |= says;
            says || REMARK.contains(&word) || (is_harmless(word) && !DOUBTFUL.contains(&word))
        }) && repaired
    })
}

/// Whether a paragraph says of an issue that it is repaired, or that it is not.
pub(super) fn says_repaired(text: &str) -> Option<bool> {
    let words: Vec<String> = words(text).collect();
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    let mut said = words.iter().enumerate().filter(|(_, word)| is(REPAIRED, word)).map(|(at, _)| at).peekable();
    if said.peek().is_none() {
        return words.iter().any(|word| is(OPEN, word)).then_some(false);
    }
    Some(!said.any(|at| words.iter().take(at).skip(at.saturating_sub(3)).any(|word| is(UNDONE, word))))
}
