//! Reads what a person gives on standard input or in a file: text in any
//! encoding, and no more of it than is sensible.

use std::io::Read;
use std::path::Path;

use super::exit::Result;
use crate::domain::written;
use crate::problem::{Problem, ProblemKind};

/// The most that is read, in bytes.
const MAX_BYTES: u64 = 4_000_000;

/// The text, or standard input for `-`. `what` is for people: `the idea`.
pub fn given(text: &str, what: &str) -> Result<String> {
    if text == "-" { stdin(what) } else { Ok(text.to_owned()) }
}

/// All of standard input.
pub fn stdin(what: &str) -> Result<String> {
    bounded(std::io::stdin().lock(), &format!("{what} from standard input"))
}

/// All of a file; `-` is standard input.
pub fn file(file: &Path) -> Result<String> {
    let name = file.display().to_string();
    if name == "-" {
        return bounded(std::io::stdin().lock(), "standard input");
    }
    let opened = std::fs::File::open(file).map_err(|error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound {
            ProblemKind::NotFound
        } else {
            ProblemKind::Failed
        };
        Problem::new(kind, format!("cannot read {name}: {error}"))
    })?;
    bounded(opened, &name)
}

fn bounded(from: impl Read, what: &str) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::failed(format!("cannot read {what}: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("cannot read {what}: it is larger than {MAX_BYTES} bytes"),
        ));
    }
    Ok(written::text(&bytes))
}
