//! Puts a study's context together: global, then cluster, then study, then its `program.md`.

use std::path::Path;

use jiff::Timestamp;

use crate::config::{Cluster, Config, Study};
use crate::domain::placeholder::without_template;
use crate::study::Program;

/// How much context one sprint takes at most, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// Why the context cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A file could not be read.
    #[error("cannot read the context file {path}: {problem}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        problem: String,
    },
    /// It is more than a model can use.
    #[error("the context of this study is {bytes} bytes; at most {MAX_BYTES} are sent")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
}

/// The context, and the files that were named but are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// The parts, joined by blank lines; empty when there is none.
    pub text: String,
    /// For a warning.
    pub missing: Vec<String>,
    /// Files of which a part is still our template: it was left out.
    pub unfilled: Vec<String>,
}

/// What is to be said of such a file.
pub fn unfilled_text(file: &str) -> String {
    format!(
        "{file} still has questions of its template that nobody has answered: they are left out of what the agent is told"
    )
}

/// Reads and joins the parts in their order.
pub fn assemble(
    config: &Config,
    cluster: &Cluster,
    study: &Study,
    now: Timestamp,
) -> Result<Context, ContextError> {
    let mut context = Context::default();
    let mut parts: Vec<String> = Vec::new();
    let mut add_text = |text: &str| {
        if !text.trim().is_empty() {
            parts.push(text.trim().to_owned());
        }
    };
    let groups: [(&str, Vec<&Path>); 3] = [
        (&config.context, config.context_paths.iter().map(AsRef::as_ref).collect()),
        (&cluster.context, cluster.context_paths.iter().map(AsRef::as_ref).collect()),
        (
            &study.context,
            study.context_paths.iter().chain(&study.claude_md_path).map(AsRef::as_ref).collect(),
        ),
    ];
    for (inline, files) in groups {
        add_text(inline);
        for file in files {
            match std::fs::read(file) {
                Ok(bytes) => {
                    let (text, unfilled) = without_template(&String::from_utf8_lossy(&bytes));
                    add_text(&text);
                    if unfilled > 0 {
                        context.unfilled.push(file.display().to_string());
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    context.missing.push(file.display().to_string())
                }
                Err(error) => {
                    return Err(ContextError::Unreadable {
                        path: file.display().to_string(),
                        problem: error.to_string(),
                    });
                }
            }
        }
    }
    add_text(&Program::load(config, study, now).context());
    context.text = parts.join("\n\n");
    if context.text.len() > MAX_BYTES {
        return Err(ContextError::TooLarge { bytes: context.text.len() });
    }
    Ok(context)
}
