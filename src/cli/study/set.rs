//! `researchloop study set`

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::which;
use crate::config::{self, Change, Config, Environment, Setting};
use crate::problem::{Problem, ProblemKind};
use crate::project;

#[derive(Debug, Args)]
pub struct SetArgs {
    /// What is to be changed: KEY=VALUE, job_options.NAME=VALUE; an empty value takes the key out
    #[arg(required = true, value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
}

/// What holds of a study after a change.
#[derive(Debug, Serialize)]
struct Set {
    study_name: String,
    settings: Vec<Setting>,
}

/// Changes keys of a study in the configuration file.
pub fn run(app: &App, ui: &Ui, args: &SetArgs) -> Result {
    let study = which::study(app, args.study.as_deref())?;
    let changes: Vec<Change> = args
        .changes
        .iter()
        .map(|text| Change::parse(text))
        .collect::<std::result::Result<_, _>>()?;
    if changes.iter().any(|change| change.key == "name") {
        let problem = "the name of a study cannot be changed: its sprints are known by it";
        return Err(Problem::new(ProblemKind::Usage, problem));
    }
    let changed = change(app, &study, &changes)?;
    let section = format!("study.{study}");
    let of_study = |setting: &&Setting| setting.section == section && setting.source != "default";
    let settings = changed.resolved().iter().filter(of_study).cloned().collect();
    ui.answer(&Set { study_name: study, settings });
    ui.status(&format!("{}: changed", app.config.file.display()));
    Ok(Exit::Success)
}

/// Changes keys of a study, where the file can still be read after that.
pub fn change(app: &App, study: &str, changes: &[Change]) -> std::result::Result<Config, Problem> {
    let environment = Environment::of_process();
    config::set_in_study(&app.config, &environment, &project::check_options, study, changes)
}

impl Render for Set {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        super::super::config::check::lines(ui, &self.settings.iter().collect::<Vec<_>>())
    }
}
