//! What is told of the configuration.

use std::path::PathBuf;

use serde::Serialize;

use crate::config::Setting;

/// A configuration that can be used.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigCheck {
    /// The file.
    pub file: PathBuf,
    /// Every value that holds.
    pub settings: Vec<Setting>,
    /// What should be looked at, a sentence each.
    pub problems: Vec<String>,
}
