//! Whole files, as users write them.

mod compatibility;
mod files;
mod mistakes;
mod secrets;
mod values;

use std::path::{Path, PathBuf};

use super::{Config, ConfigError, Environment, Problem, load};

/// A folder with a configuration file in it.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("researchloop.toml"), text).expect("a file");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, "text").expect("a file");
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let home = ("HOME", "/home/me");
        let environment = Environment::new(variables.iter().copied().chain([home]));
        load(&self.path("researchloop.toml"), &environment)
    }
}

fn good(text: &str) -> Config {
    Project::new(text).load(&[]).unwrap_or_else(|error| panic!("{error}"))
}

fn bad(text: impl AsRef<[u8]>) -> Vec<Problem> {
    match Project::new(text).load(&[]) {
        Err(ConfigError::Invalid { problems, .. }) => problems,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("no problem was found"),
    }
}

/// The problems as they are shown, with the bare name of the file.
fn shown(problems: &[Problem]) -> String {
    let named = problems.iter().map(|problem| Problem {
        file: Path::new("researchloop.toml").to_owned(),
        ..problem.clone()
    });
    named.map(|problem| format!("{problem}\n")).collect()
}

/// One cluster and one study that are right, to put something wrong behind.
const CLUSTER: &str =
    "[[cluster]]\nname = \"here\"\nscheduler_type = \"local\"\nworking_dir = \"~/sprints\"\n";
const STUDY: &str = "[[study]]\nname = \"mine\"\n";
