//! `researchloop demo`: a whole sprint with nothing configured.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, action, open, watch};
use crate::app::App;
use crate::config::FILE_NAME;
use crate::domain::Status;
use crate::page::PAGE_FILE;
use crate::problem::Problem;
use crate::project::demo;
use crate::query;
use crate::tick::Follower;

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
    Err(demo::become_agent(&args.arguments))
}

/// Runs the demonstration.
pub fn run(global: &Global, ui: &Ui, args: &DemoArgs) -> Result {
    let here = std::env::current_dir().map_err(|error| {
        Problem::failed(format!("cannot find out the working directory: {error}"))
    })?;
    let dir = here.join(&args.dir);
    demo::prepare(&dir)?;
    ui.status(
        "This is a demonstration: a scripted stand-in does Claude's part. It is not a model, but the",
    );
    ui.status("experiment is really run, and the sprint goes the same way as one on a cluster.\n");
    let app = App { say: action::command, ..App::new(demo::load(&dir)?) };
    watch::Interrupt::catch();
    let submission = demo::begin(&app)?;
    let id = submission.sprint.row.id.clone();
    let quiet = Ui::new(&Global { quiet: true, ..global.clone() });
    let exit = watch::watch(&app, &quiet, Follower::after(&app, submission)?)?;
    let file = dir.join(FILE_NAME);
    let here = format!("researchloop -c {}", shell_words::quote(&file.display().to_string()));
    if exit == Exit::Signal(2) {
        ui.status(&format!("\nThe job goes on. `{here} sprint watch {id}` shows it."));
        return Ok(exit);
    }
    let shown = query::sprint(&app, id.as_str())?;
    let sprint = &shown.sprint;
    if sprint.status != Status::Completed {
        return Ok(exit);
    }
    let folder = app.artifacts(&id);
    open::refresh(&app, ui, &shown);
    ui.status(&format!(
        "\nThe sprint is completed. What came out of it is in {}:",
        folder.display()
    ));
    for (name, what) in [
        (PAGE_FILE, "all of it on one page: open it in your browser"),
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
    ui.status(&format!("\nTo look at it again:\n  {here} show {id}\n  {here} open {id}"));
    ui.status("\nTo go on with your own cluster:");
    ui.status("  researchloop init                         makes researchloop.toml: describe your cluster there");
    ui.status("  researchloop cluster setup NAME           makes the host known, and puts the runner there");
    ui.status("  researchloop run \"IDEA\" --watch");
    Ok(exit)
}
