//! `researchloop study init`

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::config::Change;
use crate::study::{self, Begun, Configured, Written};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Its name
    name: String,
    /// Write below this folder, into studies/NAME; below the configuration's otherwise
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Writes what is not there yet.
pub fn run(app: &App, ui: &Ui, args: &InitArgs) -> Result {
    let add = |name: &str, changes: &[Change]| super::set::change(app, name, changes);
    let begun = study::init(&app.config, &args.name, args.dir.as_deref(), &add)?;
    for written in &begun.written {
        ui.status(&match written {
            Written::Context => {
                format!("Wrote {}: describe the study there.", begun.claude_md_path.display())
            }
            Written::Program => format!(
                "Wrote {}: say there what is wanted, how it is measured, and what it may cost.",
                begun.program.display()
            ),
        });
    }
    if let Some(problem) = &begun.problem {
        ui.warning(&problem.message);
    }
    if begun.added_to_config.is_some() {
        ui.status(&format!("Added to {}:", app.config.file.display()));
    }
    if begun.add_to_config.is_some() {
        let (name, file) = (&begun.study_name, app.config.file.display());
        ui.status(&match &begun.configured {
            Configured::NoStudy => {
                format!("Then add this to {file}, with your cluster's name:")
            }
            Configured::None => format!(
                "Then add this to the [[study]] of {name} in {file}, which does not read it yet:"
            ),
            Configured::File(other) => format!(
                "Then put this into the [[study]] of {name} in {file}, which reads {} so far:",
                other.display()
            ),
        });
    }
    ui.answer(&begun);
    Ok(Exit::Success)
}

impl Render for Begun {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        let shown = self.added_to_config.iter().chain(&self.add_to_config);
        shown.map(|section| format!("\n{section}")).collect()
    }
}
