//! What a message between a person and a job is.

use super::string_enum::string_enum;

string_enum! {
    /// What a message is about.
    MessageKind {
        /// A job asks something.
        Question = "question",
        /// A job proposes an idea.
        Approval = "approval",
        /// A task has failed for good.
        Dead = "dead",
        /// Nobody knows what came out of a task.
        Verdict = "verdict",
        /// A person tells a job something.
        Note = "note",
    }
}

string_enum! {
    /// How far a message has come.
    MessageStatus {
        /// Somebody has to answer it; a note: its job does not know it.
        Open = "open",
        /// A person has answered.
        Answered = "answered",
        /// Its job knows it.
        Acknowledged = "told",
        /// Nobody has to answer it any more.
        Closed = "closed",
    }
}

/// How many questions a run asks at once.
pub const MAX_QUESTIONS: usize = 5;
/// How long a question may be, in characters.
pub const MAX_QUESTION: usize = 4000;
/// The same of what a person is asked: a proposed idea has its reason behind it.
pub const MAX_ASKED: usize = MAX_QUESTION + 1100;
/// How many answers a job may offer, and how long each may be, in characters.
pub const MAX_CHOICES: (usize, usize) = (10, 200);
/// How long an answer or a note of a person may be, in characters.
pub const MAX_SAID: usize = 20_000;

/// Stands for one's own words where the command that answers is shown. Nobody says it.
pub const OWN_WORDS: &str = "...";
/// What one's own words on a proposed idea say.
const ANOTHER: &str = "what else to try";

impl MessageKind {
    /// Whether it is about a task. Its answer is for no job.
    pub fn is_of_task(self) -> bool {
        matches!(self, Self::Dead | Self::Verdict)
    }

    /// The answers that are offered, of which each can be given as it is. `choices` are those of the job.
    pub fn answers(self, choices: &[String]) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Approval => &["yes", "no"],
            Self::Dead => &["retry", "cancel", "close"],
            Self::Question | Self::Verdict | Self::Note => return choices.to_vec(),
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// What an answer in one's own words says, where one is offered; may be empty.
    pub fn own_words(self, choices: &[String]) -> Option<&'static str> {
        match self {
            Self::Approval => Some(ANOTHER),
            _ => self.answers(choices).is_empty().then_some(""),
        }
    }

    /// Whether somebody has sent off what stands in the place of an answer, as it was shown: an answer
    /// cannot be taken back.
    pub fn is_stand_in(self, choices: &[String], text: &str) -> bool {
        let mut offered = self.answers(choices);
        if offered.iter().any(|answer| answer == text) {
            return false;
        }
        if self == Self::Approval {
            offered.push(ANOTHER.to_owned());
        }
        // Notices of earlier versions have all of them in one command.
        let all = offered.join("|").replace(['"', '`', '$', '\\'], "'");
        text == OWN_WORDS || text == ANOTHER && self == Self::Approval || text == all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_that_is_offered_can_be_given() {
        let list = |words: &[&str]| -> Vec<String> {
            words.iter().map(|word| (*word).to_owned()).collect()
        };
        for kind in MessageKind::ALL {
            for choices in [&[][..], &["a"], &["a", "b"], &["..."], &["a|b", "..."], &["x\"y", "z"]]
            {
                let choices = list(choices);
                for answer in kind.answers(&choices) {
                    assert!(!kind.is_stand_in(&choices, &answer), "{kind} {choices:?}: {answer}");
                }
                assert_eq!(
                    kind.own_words(&choices).is_some(),
                    *kind == MessageKind::Approval || kind.answers(&choices).is_empty()
                );
            }
        }
        let two = list(&["a", "x\"y"]);
        for (kind, choices, text) in [
            (MessageKind::Question, &two, OWN_WORDS),
            (MessageKind::Question, &two, "a|x'y"),
            (MessageKind::Question, &list(&[]), OWN_WORDS),
            (MessageKind::Approval, &list(&["yes", "no"]), ANOTHER),
            (MessageKind::Approval, &list(&["yes", "no"]), "yes|no|what else to try"),
        ] {
            assert!(kind.is_stand_in(choices, text), "{kind}: {text}");
        }
    }
}
