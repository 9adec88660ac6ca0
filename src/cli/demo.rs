//! `researchloop demo`: a whole sprint with nothing configured.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Result;
use super::init::make;
use super::ui::Ui;
use super::{Global, action, watch};
use crate::app::App;
use crate::bundle::templates;
use crate::config::{Environment, FILE_NAME};
use crate::domain::Status;
use crate::platform::process;
use crate::problem::{Problem, ProblemKind};
use crate::query;
use crate::sprint::{Deferral, Handle, NewSprintSpec, Request, Submitted};
use crate::tick::Follower;

/// The idea of the demonstration.
const IDEA: &str = "Does a momentum term help gradient descent on a noisy quadratic?";

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Keep the demonstration in this folder
    #[arg(long, value_name = "DIR", default_value = "researchloop-demo")]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct AgentArgs {
    /// What Claude would be called with
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Becomes the scripted agent.
pub fn agent(args: &AgentArgs) -> Result {
    let error = process::command("sh")
        .arg("-c")
        .arg(templates::DEMO_AGENT)
        .arg("demo-agent")
        .args(&args.arguments)
        .exec();
    Err(Problem::failed(format!("cannot start sh: {error}")))
}

/// Runs the demonstration.
pub fn run(global: &Global, ui: &Ui, args: &DemoArgs) -> Result {
    let here = std::env::current_dir().map_err(|error| {
        Problem::failed(format!("cannot find out the working directory: {error}"))
    })?;
    let dir = here.join(&args.dir);
    let file = dir.join(FILE_NAME);
    prepare(&dir, &file)?;
    ui.status(
        "This is a demonstration: a scripted stand-in does Claude's part. It is no model, but the",
    );
    ui.status("experiment is really run, and the sprint goes the same way as one on a cluster.\n");
    let mut config = crate::config::load(&file, &Environment::of_process())?;
    // Whatever the environment says: the demonstration keeps everything in its folder.
    config.artifact_dir = dir.join("artifacts");
    let app = App { say: action::command, ..App::new(config) };
    let wanted = NewSprintSpec::new("demo", IDEA, Request::default());
    let submission = Handle::make(&app, &wanted)?.sprint.submit(&app)?;
    let id = submission.sprint.row.id.clone();
    match &submission.submitted {
        Submitted::Accepted { .. } => {}
        Submitted::Deferred { because: Deferral::NoAnswer(error), .. } => {
            return Err(error.clone().into());
        }
        Submitted::Deferred { why, .. } | Submitted::Refused { why } => {
            return Err(Problem::failed(format!("the demonstration could not start: {why}")));
        }
    }
    let quiet = Ui::new(&Global { quiet: true, ..global.clone() });
    let exit = watch::watch(&app, &quiet, Follower::after(&app, submission)?)?;
    let sprint = query::sprint(&app, id.as_str())?.sprint;
    if sprint.status != Status::Completed {
        return Ok(exit);
    }
    let folder = app.artifacts(&id);
    ui.status(&format!(
        "\nThe sprint is completed. What came out of it is in {}:",
        folder.display()
    ));
    for (name, what) in [
        ("report.md", "the report"),
        ("results/figure.svg", "its figure"),
        ("results/metrics.json", "the numbers, for programs"),
        ("red_team_round_1.md", "the review that found a real flaw"),
        ("fixes_round_1.md", "what was done about it"),
    ] {
        if folder.join(name).is_file() {
            ui.status(&format!("  {name:22} {what}"));
        }
    }
    if let Some(summary) = &sprint.summary {
        ui.status("");
        for line in super::text::clean_lines(summary) {
            ui.status(&format!("  {line}"));
        }
    }
    ui.status(&format!(
        "\nTo look at it again:\n  researchloop -c {} sprint show {id}",
        shell_words::quote(&args.dir.join(FILE_NAME).display().to_string())
    ));
    ui.status("\nTo go on with your own cluster:");
    ui.status("  researchloop init                         makes researchloop.toml: describe your cluster there");
    ui.status("  researchloop cluster setup NAME           makes the host known, and puts the runner there");
    ui.status("  researchloop sprint run \"IDEA\" -s STUDY --watch");
    Ok(exit)
}

/// Makes the demonstration's project, unless it is there from an earlier time.
fn prepare(dir: &Path, file: &Path) -> Result<()> {
    if let Ok(text) = std::fs::read_to_string(file) {
        if text.contains(MARK) {
            std::fs::remove_file(file)
                .map_err(|error| Problem::failed(format!("{}: {error}", file.display())))?;
        } else {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("{} holds a project that is not the demonstration's", dir.display()),
            )
            .hint("choose another folder: researchloop demo --dir DIR"));
        }
    }
    let program = std::env::current_exe()
        .map_err(|error| Problem::failed(format!("cannot find this program: {error}")))?;
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let config = format!(
        "{MARK}\n[[cluster]]\nname = \"here\"\nscheduler_type = \"local\"\nworking_dir = {}\nclaude_command = [{}, \"demo-agent\"]\npoll_interval = 2\n\n\
         [[study]]\nname = \"demo\"\ncluster = \"here\"\ndescription = \"what researchloop does, without a cluster and without a model\"\nmax_sprint_duration_hours = 1\n",
        quoted(&dir.join("cluster").display().to_string()),
        quoted(&program.display().to_string()),
    );
    make(dir, &config).map(drop)
}

/// How a demonstration's configuration begins.
const MARK: &str = "# The project of `researchloop demo`. The agent in it is a scripted stand-in.";
