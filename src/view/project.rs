//! What is told of a new project.

use std::path::PathBuf;

use serde::Serialize;

/// The files of a project that was just made.
#[derive(Debug, Clone, Serialize)]
pub struct NewProject {
    /// The configuration.
    pub config: PathBuf,
    /// The file that tells Claude about the first study.
    pub study: PathBuf,
    /// What became of the `.gitignore`.
    #[serde(skip)]
    pub git_ignore: GitIgnore,
}

/// What became of the `.gitignore` of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitIgnore {
    /// It was made.
    Made,
    /// It was there, and was left as it is.
    Left {
        /// Lines that it lacks.
        lacks: Vec<&'static str>,
    },
}
