//! `researchloop init`

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use crate::project;
use crate::view::{GitIgnore, NewProject};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The project's folder
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    path: PathBuf,
}

/// Makes a project.
pub fn run(ui: &Ui, args: &InitArgs) -> Result {
    let made = project::init(&args.path)?;
    ui.answer(&made);
    let (config, study) = (made.config.display(), made.study.display());
    match &made.git_ignore {
        GitIgnore::Made => ui.status(&format!("Made {config}, {study} and a .gitignore.")),
        GitIgnore::Left { lacks } if lacks.is_empty() => {
            ui.status(&format!("Made {config} and {study}."));
        }
        GitIgnore::Left { lacks } => {
            ui.status(&format!("Made {config} and {study}; .gitignore was left as it is."));
            ui.hint(&format!("add to .gitignore: {}", lacks.join(" ")));
        }
    }
    ui.hint("`researchloop sprint run \"my first idea\" -s my-study --watch` runs on this machine; Claude must be logged in");
    ui.hint("describe your cluster in researchloop.toml, then `researchloop cluster setup NAME`");
    Ok(Exit::Success)
}

impl Render for NewProject {}
