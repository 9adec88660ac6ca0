//! What a study is after: the keys of the configuration and its `program.md`, taken together.
//!
//! `program.md` lies in `studies/NAME/` beside the configuration, or beside the study's
//! `claude_md_path`. It is read anew each time, so that a change counts from the next sprint on.
//! What the configuration says goes before it.

mod init;
mod parse;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use init::{Begun, Configured, Written, init, write_context};
use jiff::Timestamp;
use parse::Parsed;

use crate::config::{Config, Study, shown_command};
use crate::domain::action::Action;
use crate::domain::auto_loop::Target;
use crate::domain::{Better, text};
use crate::problem::{Problem, ProblemKind};

/// The name of the file.
pub const PROGRAM_FILE: &str = "program.md";
/// What `study init` writes.
pub const PROGRAM_TEMPLATE: &str = include_str!("../../templates/init/program.md");
/// A longer file is cut here.
const MAX_BYTES: u64 = 256 << 10;

/// The figure by which sprints are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSpec {
    /// Its name.
    pub name: String,
    /// Which way it gets better.
    pub better: Better,
    /// What measures it: text for a shell in the sprint's directory.
    pub evaluator: Option<String>,
}

impl MetricSpec {
    /// The command that measures it, without the secrets that may stand in it.
    pub fn shown_evaluator(&self) -> Option<String> {
        self.evaluator.as_deref().map(shown_command)
    }
}

/// What a loop of the study may use, unless it is told otherwise. What is `None` bounds nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Sprints.
    pub count: Option<u32>,
    /// US dollars.
    pub max_cost_usd: Option<f64>,
    /// GPU-hours.
    pub max_gpu_hours: Option<f64>,
    /// No sprint is begun after it, in seconds since 1970; a span counts from now on.
    pub until: Option<i64>,
    /// Measured sprints without an improvement beyond the noise.
    pub patience: Option<u32>,
}

/// Something in `program.md` that is probably not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.message),
        }
    }
}

/// What a study is after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Program {
    /// The file that was read; none when there is none.
    pub file: Option<PathBuf>,
    /// The directive: what is wanted; may be empty.
    pub guidance: String,
    /// The targets as they stand in the file; may be empty.
    pub targets: String,
    /// What must be kept to; may be empty.
    pub constraints: String,
    /// The figure by which sprints are compared.
    pub metric: Option<MetricSpec>,
    /// The value of it that ends a loop.
    pub target: Option<Target>,
    /// What may be used.
    pub limits: Limits,
    /// What is probably not as it was meant.
    pub mistakes: Vec<Mistake>,
}

impl Program {
    /// Reads what a study is after, at this time: a deadline may be so many hours from it. A file that
    /// cannot be read is told of in `mistakes`.
    pub fn load(config: &Config, study: &Study, now: Timestamp) -> Self {
        let mut mistakes = Vec::new();
        let places = places(config, study);
        let mut found: Option<(PathBuf, String)> = None;
        for place in places {
            match (read(&place), &found) {
                (Ok(None), _) => {}
                (Ok(Some(text)), None) => found = Some((place, text)),
                (Ok(Some(text)), Some((first, known))) => {
                    if text != *known {
                        mistakes.push(Mistake {
                            message: format!("is not used: {} goes before it", first.display()),
                            file: place,
                            line: 0,
                        });
                    }
                }
                (Err(error), _) => mistakes.push(Mistake {
                    message: format!("cannot be read: {error}"),
                    file: place,
                    line: 0,
                }),
            }
        }
        let file = found.as_ref().map(|(file, _)| file.clone());
        let given = study.metric.as_ref().map(|(name, better)| (name.as_str(), *better));
        let (parsed, told) =
            parse::parse(found.as_ref().map_or("", |(_, text)| text), given, now.as_second());
        mistakes
            .extend(told.into_iter().filter_map(|(line, message)| {
                Some(Mistake { file: file.clone()?, line, message })
            }));
        let Parsed { directive, targets, constraints, metric, evaluator, target, limits } = parsed;
        let metric = metric.map(|(name, better)| MetricSpec {
            name,
            better,
            evaluator: study.evaluator.clone().or(evaluator),
        });
        Self { file, guidance: directive, targets, constraints, metric, target, limits, mistakes }
    }

    /// What the study's sprints should know of it; empty when there is nothing.
    pub fn context(&self) -> String {
        let parts = [("Directive", &self.guidance), ("Constraints", &self.constraints)];
        let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
        parts.map(|(name, text)| format!("## {name}\n\n{text}")).collect::<Vec<_>>().join("\n\n")
    }
}

/// The study that is meant: the one that is named, else the one whose folder `here` is in, else the only
/// one.
pub fn chosen<'a>(
    config: &'a Config,
    given: Option<&str>,
    here: Option<&Path>,
) -> Result<&'a Study, Problem> {
    if let Some(name) = given {
        return Ok(config.study(name)?);
    }
    if let Some(study) = here.and_then(|here| of_folder(config, here)) {
        return Ok(study);
    }
    match config.studies.as_slice() {
        [one] => Ok(one),
        [] => Err(Problem::new(ProblemKind::NotFound, "the configuration has no study")
            .hint(format!("`{}` begins one", Action::BeginStudy))),
        many => {
            let names: Vec<&str> = many.iter().map(|study| study.name.as_str()).collect();
            Err(Problem::new(ProblemKind::Usage, "there are several studies, and none is named")
                .hint(format!("name one with -s: {}", names.join(", "))))
        }
    }
}

/// The study whose folder this is, or lies above it; none when several share it.
pub fn of_folder<'a>(config: &'a Config, here: &Path) -> Option<&'a Study> {
    let here = here.canonicalize().ok()?;
    let root = config.root.canonicalize().ok()?;
    let owns = |study: &&Study| {
        let own = config.root.join("studies").join(study.name.as_str());
        let beside = study.claude_md_path.as_deref().and_then(Path::parent).map(Path::to_owned);
        [Some(own), beside].into_iter().flatten().any(|folder| {
            folder.canonicalize().is_ok_and(|folder| folder != root && here.starts_with(folder))
        })
    };
    let mut owners = config.studies.iter().filter(owns);
    owners.next().filter(|_| owners.next().is_none())
}

/// Where the file may lie; the first one that is there counts.
fn places(config: &Config, study: &Study) -> Vec<PathBuf> {
    let mut places = vec![config.root.join("studies").join(study.name.as_str()).join(PROGRAM_FILE)];
    if let Some(beside) = study
        .claude_md_path
        .as_deref()
        .and_then(Path::parent)
        .map(|folder| folder.join(PROGRAM_FILE))
    {
        // Studies that share a folder would share the file of one of them.
        let shared = config.studies.iter().any(|other| {
            other.name != study.name
                && other.claude_md_path.as_deref().and_then(Path::parent) == beside.parent()
                && *beside != *places[0]
        });
        if !places.contains(&beside) && !shared {
            places.push(beside);
        }
    }
    places
}

/// The text of a file; none when it is not there.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {MAX_BYTES} bytes")));
    }
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    Ok(Some(text::for_model(&text)))
}
