//! Lets cron run `tick`: the line, the user's crontab, and a try in cron's own environment.
//! It hides how a crontab is read and written, and what cron does to a command.

mod install;
mod line;
mod log;
mod remove;
mod settings;
mod show;
mod trial;

use std::path::PathBuf;
use std::process::Stdio;

use self::line::{marker, without_line};
use crate::app::App;
use crate::domain::action::Action;
use crate::domain::{complaint, text};
use crate::platform::{private, process};
use crate::problem::Problem;
use crate::store::StoreError;

pub use install::{install, try_out};
pub use line::{LineProblem, Schedule};
pub use log::Log;
pub use remove::remove;
pub use show::show;
pub use trial::Trial;

/// The fact that says how often cron ticks, in seconds; empty when it does not.
pub const EVERY: &str = "cron.every";

/// Why the crontab is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    /// There is no such program.
    #[error("there is no program `crontab` on the PATH")]
    Missing,
    /// It said no.
    #[error("crontab: {0}")]
    Refused(String),
    /// No line can be made of these paths.
    #[error(transparent)]
    Line(#[from] LineProblem),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A path of this program.
    #[error("{0}")]
    Path(String),
}

impl From<CronError> for Problem {
    fn from(error: CronError) -> Self {
        match error {
            CronError::Store(error) => error.into(),
            CronError::Missing => Self::failed(error.to_string()).hint(format!(
                "install cron (Debian: `apt install cron`), or keep `{}` open in a terminal",
                Action::KeepTicking
            )),
            other => Self::failed(other.to_string()),
        }
    }
}

/// Where the log of cron's ticks lies.
pub fn log_path(app: &App) -> PathBuf {
    let root = app.config.root.canonicalize().unwrap_or_else(|_| app.config.root.clone());
    root.join(".researchloop").join("tick.log")
}

/// The configuration file, absolute. Its folder is spelled in one way, however somebody came there, so
/// that a project has one line; the file itself may be a link, and lies where it is named.
fn config_path(app: &App) -> Result<PathBuf, CronError> {
    let path = given_path(app)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(path) };
    let folder = folder.canonicalize().map_err(|error| {
        CronError::Path(format!("cannot tell where {} is: {error}", folder.display()))
    })?;
    Ok(folder.join(name))
}

fn given_path(app: &App) -> Result<PathBuf, CronError> {
    std::path::absolute(&app.config.file).map_err(|error| {
        CronError::Path(format!("cannot tell where {} is: {error}", app.config.file.display()))
    })
}

/// What marks this project's line.
fn marker_of(app: &App) -> Result<String, CronError> {
    Ok(marker(&config_path(app)?))
}

/// The crontab without a line of this project that was made under another spelling of its path.
fn without_other_spelling(app: &App, crontab: &[u8]) -> Result<Vec<u8>, CronError> {
    let given = marker(&given_path(app)?);
    Ok(if given == marker_of(app)? { crontab.to_vec() } else { without_line(crontab, &given) })
}

/// The words of the command that cron runs for this project.
fn command_of(app: &App) -> Result<Vec<PathBuf>, CronError> {
    let program = std::env::current_exe()
        .map_err(|error| CronError::Path(format!("cannot tell where this program is: {error}")))?;
    let word = PathBuf::from;
    Ok(vec![
        program,
        word("--config"),
        config_path(app)?,
        word("tick"),
        word("--quiet"),
        word("--log"),
        log_path(app),
    ])
}

/// Keeps others of this user from changing the crontab until it is dropped: a crontab is read and
/// written whole, and of two who do so at once one is lost.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "it holds the lock")] std::fs::File);

impl Lock {
    /// Waits for it. Where no lock can be had, none is held: what was written is looked at in any case.
    fn take() -> Option<Self> {
        let folder = dirs::cache_dir().map(|folder| folder.join("researchloop"))?;
        private::make_folder(&folder).ok()?;
        let file = private::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("crontab.lock"))
            .ok()?;
        file.lock().ok()?;
        Some(Self(file))
    }
}

/// Reads the user's crontab; empty when there is none.
fn read() -> Result<Vec<u8>, CronError> {
    let output =
        process::command("crontab").arg("-l").stdin(Stdio::null()).output().map_err(missing)?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(output.stdout),
        // The usual answer of those who have none.
        false if said.contains("no crontab for") => Ok(Vec::new()),
        false => Err(CronError::Refused(one_line(&said))),
    }
}

/// Replaces the user's crontab.
fn write(text: &[u8]) -> Result<(), CronError> {
    use std::io::Write as _;
    let mut child = process::command("crontab")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text));
    let output = child.wait_with_output().map_err(|error| CronError::Refused(error.to_string()))?;
    if !output.status.success() {
        return Err(CronError::Refused(one_line(&String::from_utf8_lossy(&output.stderr))));
    }
    written.map_err(|error| CronError::Refused(error.to_string()))
}

fn missing(error: std::io::Error) -> CronError {
    if error.kind() == std::io::ErrorKind::NotFound {
        CronError::Missing
    } else {
        CronError::Refused(error.to_string())
    }
}

fn one_line(text: &str) -> String {
    // Of many lines the one that says why.
    let text = if text.lines().count() > 3 { complaint::telling(text) } else { text.to_owned() };
    let clean: String = text::line(&text).chars().take(300).collect();
    let clean = clean.trim();
    if clean.is_empty() { "it failed and said nothing".to_owned() } else { clean.to_owned() }
}
