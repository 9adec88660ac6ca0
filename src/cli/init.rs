//! `researchloop init`

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Result};
use super::render::Render;
use super::text;
use super::ui::Ui;
use crate::project;
use crate::view::{GitIgnore, NewProject};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A folder for the project, which is made; without it this folder
    #[arg(value_name = "NAME")]
    name: Option<PathBuf>,
    /// The same, as an option
    #[arg(short, long, value_name = "DIR", conflicts_with = "name")]
    path: Option<PathBuf>,
}

/// Makes a project.
pub fn run(ui: &Ui, args: &InitArgs) -> Result {
    let folder = args.name.as_deref().or(args.path.as_deref()).unwrap_or(Path::new("."));
    let made = project::init(folder)?;
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
    if folder != Path::new(".") {
        ui.hint(&format!("`cd {}` first", text::shell_word(&folder.display().to_string())));
    }
    ui.hint("`researchloop run \"my first idea\" --watch` runs on this machine; Claude must be logged in");
    ui.hint("describe your cluster in researchloop.toml, then `researchloop cluster setup NAME`");
    Ok(Exit::Success)
}

impl Render for NewProject {}
