//! What went wrong, as data: what kind it is, what happened, and what to do next. Every verb returns
//! it; each door says it in its own way.

/// What kind of error it is. The word is part of the JSON output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// 1: something failed.
    Failed,
    /// 1: the configuration is wrong.
    Config,
    /// 2: the command was used wrongly.
    Usage,
    /// 3: there is no such thing.
    NotFound,
    /// 4: something is in a state in which this cannot be done.
    Conflict,
    /// 5: a limit is reached.
    Limit,
}

impl ProblemKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Config => "config",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Limit => "limit",
        }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed | Self::Config => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Limit => 5,
        }
    }
}

/// An error for a person: what happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
    /// It may pass by itself: who goes on for long tries again.
    pub passes: bool,
}

impl Problem {
    /// An error of this kind.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), passes: false }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Failed, message)
    }

    /// With one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
