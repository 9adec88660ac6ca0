//! A demonstration: a project of its own, in which a script does the agent's part, and one sprint.

use std::os::unix::process::CommandExt as _;
use std::path::Path;

use super::init::make;
use crate::app::App;
use crate::bundle::templates;
use crate::config::{self, Config, Environment, FILE_NAME};
use crate::domain::action::Action;
use crate::platform::process;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{Deferral, Handle, NewSprintSpec, NewSubmission, Request, Submitted};

/// What it tries.
const IDEA: &str = "Does a momentum term help gradient descent on a noisy quadratic?";
/// Its study.
const STUDY: &str = "demo";

/// Makes the demonstration's project in this folder, anew where it is there from an earlier time.
pub fn prepare(folder: &Path) -> Result<(), Problem> {
    let file = folder.join(FILE_NAME);
    if let Ok(text) = std::fs::read_to_string(&file) {
        let mark = templates::DEMO_CONFIG.lines().next().unwrap_or_default();
        if text.contains(mark) {
            std::fs::remove_file(&file)
                .map_err(|error| Problem::failed(format!("{}: {error}", file.display())))?;
        } else {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("{} holds a project that is not the demonstration's", folder.display()),
            )
            .hint(format!("choose another folder: {}", Action::Demonstrate)));
        }
    }
    let program = std::env::current_exe()
        .map_err(|error| Problem::failed(format!("cannot find this program: {error}")))?;
    let quoted = |path: &Path| config::quoted(&path.display().to_string());
    // The last one first: what is put in may hold such a word.
    let config = templates::DEMO_CONFIG.replacen("PROGRAM", &quoted(&program), 1).replacen(
        "WORKING_DIR",
        &quoted(&folder.join("cluster")),
        1,
    );
    make(folder, &config).map(drop)
}

/// The configuration of the demonstration in this folder.
pub fn load(folder: &Path) -> Result<Config, Problem> {
    let mut config = config::load(&folder.join(FILE_NAME), &Environment::of_process())?;
    // Whatever the environment says: the demonstration keeps everything in its folder.
    config.artifact_dir = folder.join("artifacts");
    Ok(config)
}

/// Begins its sprint.
pub fn begin(app: &App) -> Result<NewSubmission, Problem> {
    let wanted = NewSprintSpec::new(STUDY, IDEA, Request::default());
    let submission = Handle::make(app, &wanted)?.sprint.submit(app)?;
    match &submission.submitted {
        Submitted::Accepted { .. } => Ok(submission),
        Submitted::Deferred { because: Deferral::NoAnswer(error), .. } => Err(error.clone().into()),
        Submitted::Deferred { why, .. } | Submitted::Refused { why } => {
            Err(Problem::failed(format!("the demonstration could not start: {why}")))
        }
    }
}

/// Becomes the scripted agent. Returns only when it cannot.
pub fn become_agent(arguments: &[String]) -> Problem {
    let error = process::command("sh")
        .arg("-c")
        .arg(templates::DEMO_AGENT)
        .arg("demo-agent")
        .args(arguments)
        .exec();
    Problem::failed(format!("cannot start sh: {error}"))
}
