//! Begins a project: a configuration, folders, a first study, and what git shall leave alone.

use std::path::{Path, PathBuf};

use crate::bundle::templates;
use crate::config::FILE_NAME;
use crate::domain::action::Action;
use crate::platform::private;
use crate::problem::{Problem, ProblemKind};
use crate::study;
use crate::view::{GitIgnore, NewProject};

/// The study of the first configuration.
const STUDY: &str = "my-study";
/// What of a project is nothing for git: results, the database, the log of ticks.
const IGNORED: [&str; 3] = ["/artifacts/", "/researchloop.db*", "/.researchloop/"];

/// Where the configuration of a new project in this folder will be. One that is there is left as it is.
pub fn new_file(folder: &Path) -> Result<PathBuf, Problem> {
    let file = folder.join(FILE_NAME);
    if file.symlink_metadata().is_ok() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{} already exists", file.display()),
        )
        .hint(format!("it was left as it is; `{}` looks at it", Action::CheckConfig)));
    }
    Ok(file)
}

/// Makes a project in this folder, with this configuration; without one, with that for this machine.
pub fn init(folder: &Path, text: Option<&str>) -> Result<NewProject, Problem> {
    let config = new_file(folder)?;
    let git_ignore = make(folder, text.unwrap_or(templates::INIT_CONFIG))?;
    let study = folder.join("studies").join(STUDY).join("CLAUDE.md");
    if !study.exists() {
        study::write_context(&study, STUDY)?;
    }
    Ok(NewProject { config, study, git_ignore })
}

/// Makes the folders and the configuration of a project. A `.gitignore` that is there already is left as
/// it is.
pub(super) fn make(folder: &Path, config: &str) -> Result<GitIgnore, Problem> {
    let failed = |error: std::io::Error| {
        Problem::failed(format!("cannot make a project in {}: {error}", folder.display()))
    };
    private::make_folder(&folder.join("artifacts")).map_err(failed)?;
    private::make_folder(&folder.join("studies")).map_err(failed)?;
    let file = folder.join(".gitignore");
    let git_ignore = match std::fs::read_to_string(&file) {
        Ok(text) => GitIgnore::Left { lacks: lacking(&text) },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            private::write_new(&file, format!("{}\n", IGNORED.join("\n")).as_bytes())
                .map_err(failed)?;
            GitIgnore::Made
        }
        Err(error) => return Err(failed(error)),
    };
    // It may come to hold secrets.
    private::write_new(&folder.join(FILE_NAME), config.as_bytes()).map_err(failed)?;
    Ok(git_ignore)
}

/// What is missing in a `.gitignore`.
fn lacking(text: &str) -> Vec<&'static str> {
    let is_there = |line: &str| {
        text.lines().any(|known| known.trim().trim_matches('/') == line.trim_matches('/'))
    };
    IGNORED.into_iter().filter(|line| !is_there(line)).collect()
}
