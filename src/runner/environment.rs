//! The surroundings of the agent's process: its environment, and a folder for temporary files.

use std::io;
use std::path::{Path, PathBuf};

use super::sweep;
use crate::bundle::folder::{Folder, Refused};
use crate::platform::random;

/// The file of variables is smaller than this.
const MAX_ENV: u64 = 64 << 20;

/// A private folder with a short name: names of sockets in it end at 108 bytes.
pub fn temporary_folder() -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let base = std::env::var("TMPDIR").ok().filter(|base| base.len() <= 50 && Path::new(base).is_dir()).unwrap_or_else(|| "/tmp".to_owned());
    let folder = Path::new(&base).join(format!("rl-{}", random::hex(4)));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// The agent's environment: this process's own, the user's values, and the mark.
pub fn environment(own: &Folder, mark: &str) -> io::Result<Vec<(String, String)>> {
    // What is meant for this program itself is not for the agent: a passphrase may be among it.
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !name.starts_with("RESEARCHLOOP_"))
        .collect();
    let given: Vec<(String, String)> = match own.read("env", MAX_ENV) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(Refused::Missing) => Vec::new(),
        Err(problem) => return Err(io::Error::other(problem.to_string())),
    };
    let mut set = |name: String, value: String| {
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
    };
    for (name, value) in given {
        let value = expand(&value, |name| std::env::var(name).ok());
        set(name, value);
    }
    set(sweep::MARK.to_owned(), mark.to_owned());
    Ok(variables)
}

/// Puts values in the place of `$NAME` and `${NAME}`. Nothing else is expanded.
fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, behind)) if !name.is_empty() && name.chars().all(is_name) => (name, behind),
            _ => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            expanded.push('$');
            rest = after;
        } else {
            expanded.push_str(&value_of(name).unwrap_or_default());
            rest = behind;
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_expanded() {
        let value_of = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
        for (text, expanded) in
            [("$HOME/x:${HOME}y", "/home/u/x:/home/uy"), ("$NO-${NO}", "-"), ("$(id) `id` $1 $$ ${a b} 5$", "$(id) `id` $1 $$ ${a b} 5$")]
        {
            assert_eq!(expand(text, value_of), expanded);
        }
    }
}
