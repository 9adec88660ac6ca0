//! Where a step of the pipeline stands.

use std::fmt;

use super::text::one_line;

/// How long a word that is not known may be, in characters.
const MAX_WORD: usize = 40;

/// Where a step of the pipeline stands: its verdict, once it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// At work.
    Running,
    /// It did what it should; a review found nothing critical.
    Yes,
    /// A review found something critical.
    No,
    /// It failed.
    Error,
    /// Its job ended before it.
    Interrupted,
    /// A word of another version, or of whoever wrote the journal.
    Other(String),
}

impl StepState {
    /// Reads the word.
    pub fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "yes" => Self::Yes,
            "no" => Self::No,
            "error" => Self::Error,
            "interrupted" => Self::Interrupted,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Reads the word that a step has ended with. One that ends goes on no more: that it waits or runs is
    /// no end that a runner would tell.
    pub fn of_end(word: &str) -> Self {
        match Self::of(&one_line(word, MAX_WORD)) {
            Self::Waiting | Self::Running => Self::Interrupted,
            ended => ended,
        }
    }

    /// The word that is stored and shown.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for StepState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_reads_back_and_an_unknown_one_is_kept() {
        for word in ["waiting", "running", "yes", "no", "error", "interrupted", "perhaps"] {
            assert_eq!(StepState::of(word).as_str(), word);
            assert_eq!(StepState::of(word) == StepState::Other(word.to_owned()), word == "perhaps");
        }
    }
}
