//! Judges an idea that a model had: whether it is one that can be worked on, and whether it is new.

use super::no_idea::{NoIdea, no_idea_of_model};
use super::same_idea::Meaning;
use super::text::paragraph;

/// Fewer characters are no idea that one can work on.
const SHORTEST: usize = 20;
/// More characters do not belong into every prompt.
const LONGEST: usize = 4000;

/// Why an idea is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing, or next to nothing.
    #[error(
        "it has only {0} characters; at least {SHORTEST} are needed to say what is to be tested"
    )]
    Short(usize),
    /// It is an essay.
    #[error("it has {0} characters; at most {LONGEST} are allowed")]
    Long(usize),
    /// It is something else.
    #[error("it is {0}")]
    No(NoIdea),
    /// It was had before.
    #[error("it repeats {id}: {idea}")]
    Repeats {
        /// The earlier sprint or task.
        id: String,
        /// The beginning of the earlier idea.
        idea: String,
    },
}

/// An idea that was had before.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// The sprint or task.
    pub id: &'a str,
    /// The idea, or its beginning.
    pub idea: &'a str,
    /// What [`Meaning::mark`] says of the whole idea; empty when `idea` is the whole.
    pub mark: &'a str,
}

/// Checks an idea against the earlier ones, and returns it as it is kept.
///
/// # Errors
/// Why it is not taken, in words for the model and for people.
pub fn check<'a>(
    text: &str,
    earlier: impl IntoIterator<Item = Earlier<'a>>,
) -> Result<String, Refusal> {
    let idea = paragraph(text, usize::MAX);
    if let Some(what) = no_idea_of_model(&idea) {
        return Err(Refusal::No(what));
    }
    let length = idea.chars().count();
    if length < SHORTEST {
        return Err(Refusal::Short(length));
    }
    if length > LONGEST {
        return Err(Refusal::Long(length));
    }
    match first_same(&idea, earlier) {
        Some(one) => {
            Err(Refusal::Repeats { id: one.id.to_owned(), idea: paragraph(one.idea, 300) })
        }
        None => Ok(idea),
    }
}

/// The first of these that is the same idea.
pub fn first_same<'a>(
    idea: &str,
    earlier: impl IntoIterator<Item = Earlier<'a>>,
) -> Option<Earlier<'a>> {
    let meaning = Meaning::of(idea);
    let mark = meaning.mark();
    let is_same = |one: &Earlier<'_>| {
        if one.mark.is_empty() { Meaning::of(one.idea) == meaning } else { one.mark == mark }
    };
    earlier.into_iter().find(|one| !meaning.is_empty() && is_same(one))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EARLIER: &str =
        "Does a momentum term help gradient descent on a noisy quadratic at an equal budget?";

    fn known<'a>(id: &'a str, idea: &'a str) -> Earlier<'a> {
        Earlier { id, idea, mark: "" }
    }

    #[test]
    fn an_idea_is_kept_without_what_could_harm_a_terminal() {
        let idea =
            "  Try \u{1b}[31ma larger\u{202e} batch\twith the same budget\nand more seeds.\u{7} ";
        assert_eq!(
            check(idea, []).as_deref(),
            Ok("Try [31ma larger batch with the same budget\nand more seeds.")
        );
    }

    #[test]
    fn too_little_and_too_much_are_refused() {
        assert_eq!(check("", []), Err(Refusal::No(NoIdea::Nothing)));
        assert_eq!(check(" \u{0}\u{1b}\n\u{200b}\t ", []), Err(Refusal::No(NoIdea::Nothing)));
        assert_eq!(check("momentum?", []), Err(Refusal::Short(9)));
        assert_eq!(check(&"long words ".repeat(500), []), Err(Refusal::Long(5499)));
        assert!(check(&"ä".repeat(4000), []).is_ok());
    }

    #[test]
    fn what_is_no_idea_is_refused_with_what_it_is() {
        let refused = check("I'm sorry, but I have no new idea for this study.", [])
            .expect_err("refused")
            .to_string();
        assert_eq!(refused, "it is an apology, and says nothing to try");
    }

    #[test]
    fn the_same_words_are_the_same_idea() {
        for repeat in [
            EARLIER,
            "does a MOMENTUM term help gradient-descent, on a noisy quadratic, at an equal budget",
            "Whether the momentum term would help gradient descent on noisy quadratic at equal budget!",
            "Does a momentum term really help gradient descent on a noisy quadratic at an equal budget?",
        ] {
            let refused = check(
                repeat,
                [
                    known("sp-000001", "Something else entirely, about data loading"),
                    known("sp-000002", EARLIER),
                ],
            );
            assert!(
                matches!(&refused, Err(Refusal::Repeats { id, .. }) if id == "sp-000002"),
                "{repeat}: {refused:?}"
            );
        }
        for new in [
            "On a noisy quadratic at an equal budget: does gradient descent help a momentum term?",
            "Does Nesterov's variant help gradient descent on a noisy quadratic with a tuned rate?",
            "Does a smaller rate take away the noise floor of momentum?",
            "研究：勾配降下法における運動量項の効果を調べる、予算を等しくして。",
        ] {
            assert!(check(new, [known("sp-000002", EARLIER)]).is_ok(), "{new}");
        }
    }

    #[test]
    fn of_a_long_idea_its_mark_is_enough_and_its_beginning_is_not() {
        let long = |last: &str| {
            format!(
                "{EARLIER}\n\nUse {}, {last}.",
                (0..100).map(|n| format!("setting{n}")).collect::<Vec<_>>().join(", ")
            )
        };
        let (idea, mark) = (paragraph(&long("Adam"), 119), Meaning::of(&long("Adam")).mark());
        let earlier = Earlier { id: "sp-000003", idea: &idea, mark: &mark };
        assert!(check(&long("Adam"), [earlier]).is_err() && check(&long("SGD"), [earlier]).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_what_is_kept_is_harmless(text in "\\PC{0,60}|.{0,200}", other in ".{0,80}") {
            if let Ok(idea) = check(&text, [known("x", &other)]) {
                prop_assert!(idea.chars().all(|c| c == '\n' || !c.is_control()));
                prop_assert!((SHORTEST..=LONGEST).contains(&idea.chars().count()));
                prop_assert!(check(&text, [known("x", &idea)]).is_err());
            }
        }
    }
}
