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
const DOUBTFUL: &[&str] =
    &["found", "remain", "remains", "remaining", "left", "identified", "detected", "observed"];
/// A remark behind the marker says this ...
const REPAIRED: &[&str] = &["repaired", "fixed", "resolved", "addressed", "corrected"];
/// ... with these words, and harmless ones.
const REMARK: &[&str] = &[
    "all", "every", "each", "earlier", "previous", "prior", "former", "critical", "issue",
    "issues", "finding", "findings", "checked", "verified", "too", "of", "from", "and", "has",
];
/// A heading with one of these, or with one that says repaired, speaks of earlier issues ...
const EARLIER: &[&str] =
    &["earlier", "previous", "previously", "prior", "former", "status", "closed"];
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
    "should",
    "need",
    "needs",
    "none",
    "never",
    "partially",
    "partly",
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
/// What may follow on a word that says repaired, unless it ends there.
const BEHIND: &[&str] = &["and", "in", "by", "with", "since", "via", "as", "now"];
/// Before a word that says repaired, at the end of a sentence.
const VERBS: &[&str] =
    &["is", "was", "are", "were", "been", "now", "fully", "completely", "already"];
/// Without a word that says repaired: it is open.
const OPEN: &[&str] = &[
    "open",
    "still",
    "remain",
    "remains",
    "persist",
    "persists",
    "unresolved",
    "unfixed",
    "unrepaired",
    "unaddressed",
    "unchanged",
    "same",
    "before",
    "no",
    "not",
    "never",
    "missing",
    "wrong",
    "worse",
    "insufficient",
    "incomplete",
    "partially",
    "partly",
    "again",
];
/// The words of a text, in small letters.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

fn has(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

/// Whether a heading speaks of issues that were there before.
pub(super) fn is_earlier(heading: &[String]) -> bool {
    has(heading, EARLIER) || has(heading, REPAIRED)
}

/// Whether a heading speaks of issues that are there now, whatever else it says.
pub(super) fn is_present(heading: &[String]) -> bool {
    has(heading, PRESENT)
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
    let is_repaired =
        |at: usize| words.get(at).is_some_and(|word| REPAIRED.contains(&word.as_str()));
    let is_undone =
        |at: usize| has(words.get(at.saturating_sub(3)..at).unwrap_or_default(), UNDONE);
    if (0..words.len()).any(|at| is_repaired(at) && is_undone(at)) {
        Some(false)
    } else if is_settled(text) {
        Some(true)
    } else {
        has(&words, OPEN).then_some(false)
    }
}

/// `Leak: fixed, verified.` and `It was fixed.`, but not `a fixed learning rate` or `is fixed by looking`.
fn is_settled(text: &str) -> bool {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    (0..tokens.len()).any(|at| {
        let token = tokens[at];
        if !words(token).last().is_some_and(|word| REPAIRED.contains(&word.as_str())) {
            return false;
        }
        let before = at.checked_sub(1).map(|before| tokens[before]);
        let next = tokens.get(at + 1).and_then(|next| words(next).next());
        let ends = token.ends_with(|char: char| !char.is_alphanumeric()) || next.is_none();
        // Behind a colon, a dash or a bracket stands what is said of the issue.
        let told = token.starts_with(['(', '[', '*', '✓', '✔'])
            || before.is_none_or(|before| !before.ends_with(char::is_alphanumeric));
        let goes_on = next.as_deref().is_some_and(|next| BEHIND.contains(&next));
        let verb = before
            .and_then(|before| words(before).last())
            .is_some_and(|word| VERBS.contains(&word.as_str()));
        (told && (ends || goes_on)) || (verb && (ends || next.as_deref() == Some("and")))
    })
}
