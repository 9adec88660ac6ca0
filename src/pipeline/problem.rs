//! What is wrong with a pipeline file: where, what, and what to write instead.

use std::fmt;

use crate::domain::suggestion::nearest;

/// One problem of a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1, where it is known.
    pub line: Option<u64>,
    /// The state it is about.
    pub state: Option<String>,
    /// The field it is about, such as `on_yes` or `evaluate.file`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub(super) fn new(place: &Place, message: impl Into<String>) -> Self {
        Self {
            line: place.line,
            state: place.state.clone(),
            field: place.field.clone(),
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to write instead.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the known word that is most like `word`, or else all of them when they are few.
    pub(super) fn suggest(mut self, word: &str, known: &[&str]) -> Self {
        self.hint = match nearest(word, known.iter().copied()) {
            Some(near) => Some(format!("did you mean {near:?}?")),
            None if known.len() <= 8 => Some(format!("known: {}", known.join(", "))),
            None => None,
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(state) = &self.state {
            write!(f, "state {state:?}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Where in a file something stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub line: Option<u64>,
    pub state: Option<String>,
    pub field: Option<String>,
}

impl Place {
    /// The file as a whole.
    pub(super) fn file() -> Self {
        Self::default()
    }

    /// A state.
    pub(super) fn state(name: &str, line: u64) -> Self {
        Self { line: Some(line), state: Some(name.to_owned()), field: None }
    }

    /// A field of this place.
    pub(super) fn field(&self, name: &str, line: u64) -> Self {
        let field = match &self.field {
            Some(outer) => format!("{outer}.{name}"),
            None => name.to_owned(),
        };
        Self { line: Some(line), state: self.state.clone(), field: Some(field) }
    }
}
