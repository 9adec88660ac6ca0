//! Who takes a task, and for how long: options of several commands.

use clap::Args;

use crate::cli::exit::Result;
use crate::cli::text;
use crate::domain::duration;
use crate::problem::{Problem, ProblemKind};

#[derive(Debug, Args)]
pub struct WhoArgs {
    /// Who takes it; the user's name otherwise
    #[arg(long = "as", value_name = "NAME")]
    who: Option<String>,
    /// How long the claim holds without a heartbeat: 30m, 2h
    #[arg(long, value_name = "TIME", default_value = "30m")]
    ttl: String,
}

impl WhoArgs {
    /// The name of whoever takes it.
    pub fn name(&self) -> Result<String> {
        let name = self.who.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
        let name = text::clean(name.trim());
        match (name.len(), name.starts_with("sp-")) {
            (0, _) if self.who.is_none() => Ok("somebody".to_owned()),
            (1..=100, false) => Ok(name),
            _ => Err(Problem::new(
                ProblemKind::Usage,
                "--as: expected a name of at most 100 bytes, which is not the id of a sprint",
            )),
        }
    }

    /// How long the claim holds.
    pub fn seconds(&self) -> Result<u64> {
        seconds(&self.ttl)
    }
}

/// Reads `--ttl`.
pub fn seconds(ttl: &str) -> Result<u64> {
    // Elsewhere that is hours, which nobody means here.
    if ttl.trim().bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("--ttl {ttl:?}: expected a time with its unit"),
        )
        .hint("for example 30m or 2h"));
    }
    duration::parse_seconds(ttl)
        .map_err(|error| Problem::new(ProblemKind::Usage, format!("--ttl: {error}")))
}
