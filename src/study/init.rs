//! Begins a study: its two files, and what is to be added to the configuration.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{PROGRAM_FILE, PROGRAM_TEMPLATE};
use crate::config::{Change, Config};
use crate::domain::StudyName;
use crate::domain::placeholder::CLAUDE_MD;
use crate::platform::private;
use crate::problem::{Problem, ProblemKind};

/// The files of a new study, and what is to be added to the configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Begun {
    /// Its name.
    pub study_name: String,
    /// The file that tells Claude about it.
    pub claude_md_path: PathBuf,
    /// The file that says what it is after.
    pub program: PathBuf,
    /// What was added to the configuration; null when nothing was.
    pub added_to_config: Option<String>,
    /// What is still to be added to the configuration; null when nothing is.
    pub add_to_config: Option<String>,
    /// Why it was not added.
    #[serde(skip)]
    pub problem: Option<Problem>,
    /// Which of the two files were written now.
    #[serde(skip)]
    pub written: Vec<Written>,
    /// What the configuration has in the place of that.
    #[serde(skip)]
    pub configured: Configured,
}

/// A file of a new study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The one that tells Claude about it.
    Context,
    /// The one that says what it is after.
    Program,
}

/// Which context the configuration knows of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configured {
    /// It does not know the study.
    NoStudy,
    /// None.
    None,
    /// This file.
    File(PathBuf),
}

/// Adds a study, with these keys, to the configuration.
pub type Add<'a> = dyn Fn(&str, &[Change]) -> Result<Config, Problem> + 'a;

/// Writes the files of a study that are not there yet, into `studies/NAME` below a folder: the
/// configuration's unless another one is given. `add` adds the study to the configuration.
pub fn init(
    config: &Config,
    name: &str,
    dir: Option<&Path>,
    add: &Add<'_>,
) -> Result<Begun, Problem> {
    let name = StudyName::new(name)
        .map_err(|error| Problem::new(ProblemKind::Usage, error.to_string()))?;
    let root = &config.root;
    let below = match dir {
        Some(dir) => std::path::absolute(dir)
            .map_err(|error| Problem::failed(format!("{}: {error}", dir.display())))?,
        None => root.clone(),
    };
    let folder = below.join("studies").join(name.as_str());
    let context = folder.join("CLAUDE.md");
    let program = folder.join(PROGRAM_FILE);
    let mut written = Vec::new();
    // Of a study that was begun earlier, what is there stays as it is.
    if program.exists() || !context.exists() {
        write_context(&context, name.as_str())?;
        written.push(Written::Context);
    }
    if !program.exists() {
        write_new(&program, &PROGRAM_TEMPLATE.replace("NAME", name.as_str()))?;
        written.push(Written::Program);
    }
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = context.strip_prefix(root).unwrap_or(&context).display().to_string();
    let change =
        |key: &str, value: &str| Change { key: key.to_owned(), value: Some(value.to_owned()) };
    let reads = change("claude_md_path", &path);
    let path = quoted(&path);
    let mut changes = vec![reads];
    let (configured, section) = match config.study(name.as_str()).ok() {
        // Files that nobody would read.
        Some(study) => (
            study.claude_md_path.clone().map_or(Configured::None, Configured::File),
            (study.claude_md_path.as_deref() != Some(context.as_path()))
                .then(|| format!("claude_md_path = {path}")),
        ),
        None => {
            let cluster =
                config.clusters.first().map_or("CLUSTER", |cluster| cluster.name.as_str());
            changes.insert(0, change("cluster", cluster));
            let section = format!(
                "[[study]]\nname = \"{name}\"\ncluster = {}\nclaude_md_path = {path}",
                quoted(cluster)
            );
            (Configured::NoStudy, Some(section))
        }
    };
    // What another file says of it is not overruled, and without a cluster there is nothing to add.
    let adds = section.is_some()
        && !config.clusters.is_empty()
        && !matches!(configured, Configured::File(_));
    let added = adds.then(|| add(name.as_str(), &changes));
    let (added_to_config, add_to_config, problem) = match added {
        Some(Ok(_)) => (section, None, None),
        Some(Err(problem)) => (None, section, Some(problem)),
        None => (None, section, None),
    };
    Ok(Begun {
        study_name: name.to_string(),
        claude_md_path: context,
        program,
        added_to_config,
        add_to_config,
        problem,
        written,
        configured,
    })
}

/// Writes the first version of a study's context; never over an existing file.
pub fn write_context(file: &Path, name: &str) -> Result<(), Problem> {
    write_new(file, &CLAUDE_MD.replace("NAME", name))
}

fn write_new(file: &Path, text: &str) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        let is_there = error.kind() == std::io::ErrorKind::AlreadyExists;
        if is_there {
            Problem::new(ProblemKind::Conflict, format!("{} already exists", file.display()))
                .hint("it was left as it is")
        } else {
            Problem::failed(format!("{}: {error}", file.display()))
        }
    };
    if let Some(folder) = file.parent() {
        private::make_folder(folder).map_err(failed)?;
    }
    private::write_new(file, text.as_bytes()).map_err(failed)
}
