//! Reads `researchloop.toml` and the `RESEARCHLOOP_*` variables, finds all mistakes at
//! once, and hands out typed values that know where they came from. It hides how the
//! file is parsed, what the defaults are, and which variable goes before which key.
//!
//! **Invariant:** whoever holds a [`Config`] need not check it again, except the names
//! of job options, which only the schedulers know: who wants them checked brings that along.

mod build;
mod commands;
mod edit;
mod environment;
mod error;
mod exposed;
mod find;
mod keys;
mod kinds;
mod mask;
mod paths;
mod problem;
mod settings;
mod source;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

pub use commands::shown_command;
pub use edit::{Change, set_in_study};
pub use environment::{Environment, known_variables};
pub use error::{ConfigError, Unreadable};
pub use exposed::exposed;
pub use find::{FILE_NAME, find};
pub use keys::{
    Fallback, KEYS, Key, Kind, Section, VARIABLE_PREFIXES, VARIABLES, secret_variables,
};
pub use problem::{Place, Problem, Severity};
pub use settings::Setting;

use crate::domain::options::OptionProblem;
use crate::domain::{Better, ClusterName, JobOptions, Masker, SchedulerKind, Secret, StudyName};
use source::{Report, Source};

/// The file that `researchloop init` writes. It can be used as it is.
pub const INIT_TEMPLATE: &str = include_str!("../../templates/init/researchloop.toml");

/// A configuration without errors.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The folder of the file, absolute: what relative paths on this machine start from.
    pub root: PathBuf,
    /// The database file, absolute.
    pub db_path: PathBuf,
    /// The folder for fetched results, absolute.
    pub artifact_dir: PathBuf,
    /// The words of the command for every sprint, if one is given.
    pub claude_command: Option<Vec<String>>,
    /// What every sprint should know; may be empty.
    pub context: String,
    /// Files with the same, absolute. They may be missing.
    pub context_paths: Vec<PathBuf>,
    /// What clients of a server show.
    pub shared_secret: Option<Secret>,
    /// The address of a server that jobs can reach, without a slash at the end.
    pub orchestrator_url: Option<String>,
    /// Where notices go to over ntfy, if a topic is given.
    pub ntfy: Option<Ntfy>,
    /// The words of the command that gets each notice, if one is given.
    pub notify_command: Option<Vec<String>>,
    /// The clusters, in the order of the file. Names are unique.
    pub clusters: Vec<Cluster>,
    /// The studies, in the order of the file. Names are unique, clusters exist.
    pub studies: Vec<Study>,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
    settings: Vec<Setting>,
}

/// A topic of an ntfy server.
#[derive(Debug, Clone)]
pub struct Ntfy {
    /// The server.
    pub url: String,
    /// The topic. Who knows it can read along.
    pub topic: Secret,
    /// The access token, if the server wants one.
    pub token: Option<Secret>,
}

/// How a cluster's login node is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// It is this machine.
    Local,
    /// Over SSH.
    Ssh,
}

impl Transport {
    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Ssh => "ssh",
        }
    }
}

/// Which conversation the critic has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionMode {
    /// It goes on in the conversation that did the work.
    Shared,
    /// A new one.
    Fresh,
}

impl SessionMode {
    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Fresh => "fresh",
        }
    }
}

/// A place that runs jobs.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// The login node; empty when it is this machine.
    pub host: String,
    /// The port of SSH.
    pub port: u16,
    /// The user there, if one is given.
    pub user: Option<String>,
    /// The private key, absolute. It may be missing.
    pub key_path: Option<PathBuf>,
    /// What runs the jobs.
    pub scheduler: SchedulerKind,
    /// How the login node is reached.
    pub transport: Transport,
    /// The folder for sprints on the cluster: absolute, `~`, or `~/...`, which is
    /// expanded there. One line, no slash at the end.
    pub working_dir: String,
    /// How many jobs may wait or run at once, at least 1.
    pub max_concurrent_jobs: u32,
    /// Variables for the job. Names are fit for a shell, values are any text without NUL.
    pub environment: Vec<(String, Secret)>,
    /// Options for the scheduler; `true` and numbers as text, `false` as an empty text.
    pub job_options: JobOptions,
    /// The resource that counts GPUs on Grid Engine, if it is named.
    pub gpu_resource: Option<String>,
    /// The words of the command on this cluster, if one is given.
    pub claude_command: Option<Vec<String>>,
    /// What sprints on this cluster should know; may be empty.
    pub context: String,
    /// Files with the same, absolute. They may be missing.
    pub context_paths: Vec<PathBuf>,
    /// A file of host keys to use instead of the user's, absolute. It may be missing.
    pub known_hosts: Option<PathBuf>,
    /// Seconds between two looks at the queue, at least 1.
    pub poll_interval: u64,
    /// A researchloop binary for this cluster's platform, absolute. It may be missing.
    pub runner: Option<PathBuf>,
    /// Seconds until a connection attempt is given up, at least 1.
    pub connect_timeout: u64,
    /// Seconds until a command on the login node is given up, at least 1.
    pub command_timeout: u64,
    /// Waits in seconds before a passing model error is tried again; may be empty.
    pub retry_delays: Vec<u64>,
    /// Seconds that all GPUs of a job may be idle before somebody is told; 0 for never.
    pub warn_idle_gpus: u64,
}

impl Cluster {
    /// How long the right to work with it alone is taken for, in seconds: longer than its requests take.
    pub fn lease_seconds(&self) -> i64 {
        i64::try_from(self.command_timeout * 3 + self.connect_timeout + 60).unwrap_or(900)
    }

    /// What hides the values of `environment` in what is told.
    pub fn masker(&self) -> Masker {
        Masker::new(self.environment.iter().map(|(name, value)| (name.as_str(), value.reveal())))
    }
}

/// A question, its context and its defaults.
#[derive(Debug, Clone)]
pub struct Study {
    /// Its name.
    pub name: StudyName,
    /// The cluster that its sprints run on.
    pub cluster: ClusterName,
    /// One line for listings; may be empty.
    pub description: String,
    /// A file that tells Claude about the study, absolute. It may be missing.
    pub claude_md_path: Option<PathBuf>,
    /// What its sprints should know; may be empty.
    pub context: String,
    /// Files with the same, absolute. They may be missing.
    pub context_paths: Vec<PathBuf>,
    /// The folder for its sprints on the cluster: relative to `working_dir`, absolute
    /// or `~/...`; without `..`.
    pub sprints_dir: String,
    /// The words of the command for this study, if one is given.
    pub claude_command: Option<Vec<String>>,
    /// Options for the scheduler, to be laid over the cluster's.
    pub job_options: JobOptions,
    /// Seconds that a sprint's job asks for, at least 60.
    pub max_sprint_duration: u64,
    /// How many rounds of criticism and repair at most; 0 for none.
    pub red_team_max_rounds: u32,
    /// Whether auto-loops may run sprints of this study.
    pub allow_loop: bool,
    /// The model that Claude Code should use, if one is given.
    pub model: Option<String>,
    /// Which conversation the critic has.
    pub red_team_session: SessionMode,
    /// The most that one sprint may cost, in dollars, if there is a limit.
    pub max_cost_usd: Option<f64>,
    /// The most that all its sprints may cost together, in dollars, if there is a limit.
    pub max_study_cost_usd: Option<f64>,
    /// The most GPU-hours of all its sprints together, if there is a limit.
    pub max_study_gpu_hours: Option<f64>,
    /// The figure by which its sprints are compared, and which way it gets better.
    pub metric: Option<(String, Better)>,
    /// What measures it: text for a shell in the sprint's directory. There is a metric, too.
    pub evaluator: Option<String>,
}

/// No cluster or study has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no {what} named {} in the configuration", problem::quoted(name))]
pub struct UnknownName {
    /// `study` or `cluster`.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: Vec<String>,
    /// The one that is most like it.
    pub nearest: Option<String>,
}

impl From<UnknownName> for crate::problem::Problem {
    fn from(error: UnknownName) -> Self {
        Self::new(crate::problem::ProblemKind::NotFound, error.to_string()).hint(error.hint())
    }
}

impl UnknownName {
    fn new(what: &'static str, name: &str, known: Vec<String>) -> Self {
        let nearest = kinds::near(name, known.iter().map(String::as_str)).map(str::to_owned);
        Self { what, name: name.to_owned(), known, nearest }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match (&self.nearest, self.known.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, true) => format!("the configuration has no {}", self.what),
            (None, false) => format!("known: {}", self.known.join(", ")),
        }
    }
}

impl Config {
    /// The study of this name.
    pub fn study(&self, name: &str) -> Result<&Study, UnknownName> {
        let known = || self.studies.iter().map(|study| study.name.to_string()).collect();
        self.studies
            .iter()
            .find(|study| study.name.as_str() == name)
            .ok_or_else(|| UnknownName::new("study", name, known()))
    }

    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Result<&Cluster, UnknownName> {
        let known = || self.clusters.iter().map(|cluster| cluster.name.to_string()).collect();
        self.clusters
            .iter()
            .find(|cluster| cluster.name.as_str() == name)
            .ok_or_else(|| UnknownName::new("cluster", name, known()))
    }

    /// The words that start Claude Code: the study's, else the cluster's, else the
    /// global ones, else the built-in ones. Never empty.
    pub fn claude_command_for(&self, study: &Study, cluster: &Cluster) -> Vec<String> {
        let given = [&study.claude_command, &cluster.claude_command, &self.claude_command]
            .into_iter()
            .find_map(Clone::clone);
        given.unwrap_or_else(build::built_in_command)
    }

    /// The words that start Claude Code for a study that says nothing of it. Never empty.
    pub fn claude_command_of(&self, cluster: &Cluster) -> Vec<String> {
        [&cluster.claude_command, &self.claude_command]
            .into_iter()
            .find_map(Clone::clone)
            .unwrap_or_else(build::built_in_command)
    }

    /// Every setting with its value and where it came from, for `config check`. Secrets
    /// are shown as `(set)`.
    pub fn resolved(&self) -> &[Setting] {
        &self.settings
    }
}

/// What is wrong with options for a scheduler of this kind, when each of these is laid over the one
/// before it.
pub type CheckOptions = dyn Fn(SchedulerKind, &[&JobOptions]) -> Vec<OptionProblem>;

/// Reads and checks the file. Every problem in it is told at once.
pub fn load(file: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    load_with(file, environment, &|_, _| Vec::new())
}

/// Reads and checks the file, with the job options of each cluster and each study.
pub fn load_with(
    file: &Path,
    environment: &Environment,
    check_options: &CheckOptions,
) -> Result<Config, ConfigError> {
    check_source(&Source::read(file)?, environment, check_options)
}

/// Reads and checks a text as if it stood in the file.
pub fn load_text(
    file: &Path,
    text: &str,
    environment: &Environment,
    check_options: &CheckOptions,
) -> Result<Config, ConfigError> {
    check_source(&Source::new(file, text.to_owned()), environment, check_options)
}

/// A text as a string of TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Checks a text as if it were the file.
fn check_source(
    source: &Source,
    environment: &Environment,
    check_options: &CheckOptions,
) -> Result<Config, ConfigError> {
    let (_, mistakes) = DeTable::parse_recoverable(&source.text);
    let mistakes: BTreeMap<usize, _> = mistakes
        .iter()
        .rev()
        .map(|mistake| (source.line_of(source.within(&span(mistake)).start), mistake))
        .collect();
    // One bad line can hide all that follows it from the parser.
    let broken: BTreeSet<usize> = mistakes.keys().copied().collect();
    let text = source.without(&broken);
    let (root, _) = DeTable::parse_recoverable(&text);
    let root = root.get_ref();
    let mut hidden = mask::in_tree(root);
    if !broken.is_empty() {
        hidden.extend(mask::in_text(source));
    }
    let mut report = Report::new(source, hidden, broken);
    for mistake in mistakes.values() {
        report.syntax(&span(mistake), mistake.message());
    }
    let values = tree::check(root, environment, &mut report);
    let config = build::config(&values, environment, check_options, &mut report);
    let failed = report.has_errors();
    let problems = report.finish();
    match config {
        Some(config) if !failed => Ok(Config { warnings: problems, ..config }),
        _ => Err(ConfigError::Invalid { file: source.file.clone(), problems }),
    }
}

fn span(mistake: &toml::de::Error) -> Range<usize> {
    mistake.span().unwrap_or_default()
}
