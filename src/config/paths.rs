//! Paths on this machine: relative to the folder of the configuration file, with `~`
//! for the user's home folder.

use std::path::{Component, Path, PathBuf};

/// Why a path cannot be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathProblem {
    /// `~somebody/...`
    #[error("only ~/ of your own home folder is understood")]
    OtherHome,
    /// `~/...` without a home folder.
    #[error("it starts with ~, but your home folder is not known (HOME is not set)")]
    NoHome,
}

/// What paths on this machine start from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base<'a> {
    /// The folder of the configuration file, absolute.
    pub root: &'a Path,
    /// The user's home folder.
    pub home: Option<&'a Path>,
}

impl Base<'_> {
    /// The absolute path.
    pub fn resolve(&self, text: &str) -> Result<PathBuf, PathProblem> {
        let path = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                self.home.ok_or(PathProblem::NoHome)?.join(rest.trim_start_matches('/'))
            }
            Some(_) => return Err(PathProblem::OtherHome),
            None => self.root.join(text),
        };
        Ok(path.components().filter(|part| *part != Component::CurDir).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_from_the_file_or_from_home() {
        let base = Base { root: Path::new("/project"), home: Some(Path::new("/home/me")) };
        for (text, path) in [
            ("a.db", "/project/a.db"),
            ("./a/./b", "/project/a/b"),
            ("../a", "/project/../a"),
            ("/x/y", "/x/y"),
            ("~", "/home/me"),
            ("~/k", "/home/me/k"),
            ("~//k", "/home/me/k"),
            ("a~", "/project/a~"),
        ] {
            assert_eq!(base.resolve(text).as_deref(), Ok(Path::new(path)), "{text}");
        }
        assert_eq!(base.resolve("~you/k"), Err(PathProblem::OtherHome));
        assert_eq!(Base { home: None, ..base }.resolve("~/k"), Err(PathProblem::NoHome));
    }
}
