//! The types of a pipeline that was read and found valid.
//!
//! They hide how the file spells things: aliases are resolved, defaults are filled in,
//! templates are parsed.

use std::collections::BTreeMap;

use super::template::Template;

/// A valid state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// What it does, for people. May be empty.
    pub description: String,
    /// The state it begins in. It exists.
    pub initial: String,
    /// How many actions a course may have at most. At least 1.
    pub max_steps: u32,
    /// Values for names that the caller does not give.
    pub context: BTreeMap<String, String>,
    /// The states in file order. Their names are unique.
    pub states: Vec<StateDef>,
}

impl Definition {
    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&StateDef> {
        self.states.iter().find(|state| state.name == name)
    }

    /// The names of the states whose action is of this kind.
    pub fn states_of<'a>(
        &'a self,
        is_of_kind: impl Fn(&Action<Template>) -> bool + 'a,
    ) -> impl Iterator<Item = &'a str> {
        let states = self.states.iter().filter(move |state| match &state.body {
            Body::Act(act) => is_of_kind(&act.action),
            Body::Terminal { .. } => false,
        });
        states.map(|state| state.name.as_str())
    }
}

/// One state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateDef {
    /// A name of ASCII letters, digits, `_` and `-`: safe in file names.
    pub name: String,
    /// What people read instead of the name.
    pub title: Option<String>,
    /// Whether an ordinary course may come back to it. Its visits are then called rounds.
    pub repeats: bool,
    /// What it does.
    pub body: Body,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// One action, then a route.
    Act(Box<Act>),
    /// The course ends.
    Terminal {
        /// Whether that is what was wanted.
        success: bool,
    },
}

/// A state with an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// What is done.
    pub action: Action<Template>,
    /// Files that must exist afterwards, relative to the sprint directory.
    pub produces: Vec<Template>,
    /// Whether the agent begins without memory of the earlier steps.
    pub fresh_session: Fresh,
    /// How long the action may take.
    pub timeout_seconds: Option<u64>,
    /// How often the state may be entered.
    pub visits: Option<VisitLimit>,
    /// What turns the end of the action into a verdict.
    pub evaluate: Evaluator<Template>,
    /// Where each verdict leads.
    pub routes: Routes,
}

/// An action. `T` is [`Template`] in a definition and `String` in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<T> {
    /// The agent gets a prompt template of this name.
    Skill(String),
    /// The agent gets this text.
    Prompt(T),
    /// A shell gets this text. Values reach it as environment variables only.
    Shell(String),
    /// The agent finds an idea. It gets a prompt template of this name.
    Idea(String),
    /// The agent makes a plan. It gets a prompt template of this name.
    Plan(String),
    /// The agent reviews the work. It gets a prompt template of this name.
    Review(String),
    /// A shell gets this text, and measures the result: the last line of its output is the figure.
    Evaluate(String),
    /// A shell gets this text, and says whether the work is done.
    Verify(String),
}

impl<T> Action<T> {
    /// The text of a shell.
    pub fn shell(&self) -> Option<&str> {
        match self {
            Self::Shell(text) | Self::Evaluate(text) | Self::Verify(text) => Some(text),
            Self::Skill(_) | Self::Prompt(_) | Self::Idea(_) | Self::Plan(_) | Self::Review(_) => {
                None
            }
        }
    }
}

/// An evaluator. `T` is [`Template`] in a definition and `String` in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluator<T> {
    /// `yes` when the action was carried out (a shell: exit code 0), else `error`.
    Completed,
    /// Exit code 0 is `yes`, 1 is `no`, any other `error`.
    ExitCode,
    /// `error` when there is no review. Else the reviewer's structured answer decides: `yes` when it
    /// names nothing, and the review's file lists nothing either. Without an answer, `yes` when the
    /// file's section of critical issues holds the stop marker alone; else `no`.
    ReviewClear {
        /// The review, relative to the sprint directory.
        file: T,
    },
}

impl<T> Evaluator<T> {
    /// The verdicts that the evaluator can give besides `error`.
    pub fn verdicts(&self) -> &'static [Verdict] {
        match self {
            Self::Completed => &[Verdict::Yes],
            Self::ExitCode | Self::ReviewClear { .. } => &[Verdict::Yes, Verdict::No],
        }
    }
}

/// What an evaluator says about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is as it should be.
    Yes,
    /// It was done, but something is not as it should be.
    No,
    /// It was not done, or nothing can be said.
    Error,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Error];

    /// The word that files and journals use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Error => "error",
        }
    }

    /// The verdict of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// Where the verdicts of a state lead. Every name is a state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    /// Verdicts other than `error`, with their own routes.
    pub by_verdict: BTreeMap<Verdict, String>,
    /// Any other verdict than `error`.
    pub next: Option<String>,
    /// `error`. Without it, an error ends the pipeline as failed.
    pub on_error: Option<String>,
}

/// How often a state may be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitLimit {
    /// The number of visits.
    pub limit: Limit,
    /// Where the course goes instead of one visit more.
    pub otherwise: String,
}

/// A number that stands in the file or in the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// In the file.
    Literal(u32),
    /// In the context, under this key.
    Context(String),
}

/// Whether the agent begins without memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fresh {
    /// `session: shared`, and the default.
    #[default]
    No,
    /// `session: fresh`.
    Yes,
    /// The word under this key of the context.
    Context(String),
}
