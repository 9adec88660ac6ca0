//! The environment variables that the configuration looks at, taken once, so that
//! everything after it can be tested without the environment of the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::keys::{KEYS, VARIABLE_PREFIXES, VARIABLES};

/// Environment variables, the home folder and the folders for users' settings.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    undecodable: Vec<String>,
    home: Option<PathBuf>,
    config_dirs: Vec<PathBuf>,
}

impl Environment {
    /// Takes the environment of this process. Nothing else in `config` reads it.
    pub fn of_process() -> Self {
        let mut variables = BTreeMap::new();
        let mut undecodable = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.insert(name, value)),
                Err(_) => undecodable.push(name),
            }
        }
        let mut environment = Self::new(variables);
        environment.undecodable = undecodable;
        if environment.home.is_none() {
            environment.home = dirs::home_dir();
        }
        let fallback = environment.home.as_ref().map(|home| home.join(".config"));
        for dir in [dirs::config_dir(), fallback].into_iter().flatten() {
            if !environment.config_dirs.contains(&dir) {
                environment.config_dirs.push(dir);
            }
        }
        environment
    }

    /// An environment of these variables. `HOME` and `XDG_CONFIG_HOME` are understood.
    pub fn new<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables: BTreeMap<String, String> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let folder =
            |name: &str| variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let config_dirs = folder("XDG_CONFIG_HOME")
            .or_else(|| home.as_ref().map(|home| home.join(".config")))
            .into_iter()
            .collect();
        Self { variables, undecodable: Vec::new(), home, config_dirs }
    }

    /// The value of a variable. An empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The folders in which users' settings lie, the first one first.
    pub fn config_dirs(&self) -> &[PathBuf] {
        &self.config_dirs
    }

    /// The `RESEARCHLOOP_*` variables that are set but that nothing reads.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.as_str())
            .filter(|name| {
                name.starts_with("RESEARCHLOOP_")
                    && !known_variables().any(|known| known == *name)
                    && !VARIABLE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            })
    }

    /// The `RESEARCHLOOP_*` variables whose values are not UTF-8.
    pub fn undecodable(&self) -> impl Iterator<Item = &str> {
        self.undecodable.iter().map(String::as_str).filter(|name| name.starts_with("RESEARCHLOOP_"))
    }
}

/// The names of all variables that the program reads.
pub fn known_variables() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(|key| key.variable).chain(VARIABLES.iter().map(|(name, _)| *name))
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("names", &self.variables.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_values() {
        let environment = Environment::new([("RESEARCHLOOP_SHARED_SECRET", "hunter2")]);
        assert!(!format!("{environment:?}").contains("hunter2"));
    }

    #[test]
    fn only_variables_that_nothing_reads_are_unknown() {
        let environment = Environment::new([
            ("RESEARCHLOOP_DB_PATHS", "x"),
            ("RESEARCHLOOP_DB_PATH", "x"),
            ("RESEARCHLOOP_CONFIG", "x"),
            ("RESEARCHLOOP_LAB_HOST", "x"),
            ("RESEARCHLOOP_JOB_ID", "x"),
            ("RESEARCHLOOP_EMPTY", ""),
            ("OTHER", "x"),
        ]);
        assert_eq!(environment.unknown().collect::<Vec<_>>(), ["RESEARCHLOOP_DB_PATHS"]);
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        assert_eq!(
            Environment::new([("RESEARCHLOOP_DB_PATH", "")]).get("RESEARCHLOOP_DB_PATH"),
            None
        );
    }
}
