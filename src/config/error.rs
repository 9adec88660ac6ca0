//! Why there is no configuration: nothing found, nothing readable, or mistakes in it.

use std::path::{Path, PathBuf};

use super::problem::{Problem, Severity};
use crate::domain::action::Action;

/// Why a configuration could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file.
    #[error("{}", not_found(looked, *named))]
    NotFound {
        /// The files that were looked for, in order.
        looked: Vec<PathBuf>,
        /// Files that were there but that another user may have put in the way.
        distrusted: Vec<PathBuf>,
        /// Whether the user named the file.
        named: bool,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        reason: Unreadable,
    },
    /// The file was read, and it has errors.
    #[error("{}", invalid(file, problems))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// All errors and warnings, by line.
        problems: Vec<Problem>,
    },
}

impl From<ConfigError> for crate::problem::Problem {
    fn from(error: ConfigError) -> Self {
        let kind = if matches!(error, ConfigError::NotFound { .. }) {
            crate::problem::ProblemKind::NotFound
        } else {
            crate::problem::ProblemKind::Config
        };
        Self { hints: error.hints(), ..Self::new(kind, error.to_string()) }
    }
}

/// Why a file cannot be read as a configuration.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system says no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is a folder.
    #[error("it is a folder, expected a file")]
    Folder,
    /// It is far too long.
    #[error("it is larger than {} KiB", .limit / 1024)]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It is no text.
    #[error("it is not a text file")]
    Binary,
    /// It is text in another encoding.
    #[error("it is not UTF-8 (line {line})")]
    NotUtf8 {
        /// The first line that is not, from 1.
        line: usize,
    },
}

impl ConfigError {
    /// The mistakes in the file, if it could be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::NotFound { .. } | Self::Unreadable { .. } => &[],
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound { named: true, .. } => {
                vec!["check the path after -c, or RESEARCHLOOP_CONFIG".to_owned()]
            }
            Self::NotFound { looked, distrusted, named: false } => {
                let mut hints = vec![format!("write one with: {}", Action::Init)];
                hints.extend(distrusted.iter().map(|file| {
                    format!(
                        "{} belongs to another user and lies in a folder that anyone can write to; use it with -c if you trust it",
                        file.display()
                    )
                }));
                if !looked.is_empty() {
                    hints.push(format!("looked for {}", list(looked)));
                }
                hints
            }
            Self::Unreadable { reason: Unreadable::NotUtf8 { .. }, .. } => {
                vec!["save it as UTF-8".to_owned()]
            }
            Self::Unreadable { reason: Unreadable::Folder, file } => {
                vec![format!("did you mean {}?", file.join(super::FILE_NAME).display())]
            }
            Self::Unreadable { .. } | Self::Invalid { .. } => Vec::new(),
        }
    }
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn not_found(looked: &[PathBuf], named: bool) -> String {
    if named {
        format!("there is no {}", list(looked))
    } else {
        format!("no {} found", super::FILE_NAME)
    }
}

fn invalid(file: &Path, problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let noun = if errors == 1 { "error" } else { "errors" };
    let mut text = format!("{errors} {noun} in {}", file.display());
    for problem in problems {
        text.push_str("\n\n");
        text.push_str(&problem.to_string());
    }
    text
}
