//! `researchloop task import`

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{input, text, which};
use crate::domain::text::number_of;
use crate::task;
use crate::view::{Imported, ImportedTask, SameIdea};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
}

/// Adds the tasks of a file.
pub fn run(app: &App, ui: &Ui, args: &ImportArgs) -> Result {
    let study = &which::study(app, args.study.as_deref())?;
    let name = args.file.display().to_string();
    let content = input::file(&args.file)?;
    let imported = task::import(app, study, &name, &content, &mut |repeats| {
        tell_repeats(ui, repeats);
    })?;
    ui.answer(&imported);
    ui.status(&format!("{} added to {}", number_of(imported.tasks.len(), "task"), study));
    ui.hint(&format!(
        "`researchloop task graph -s {}` shows what waits for what",
        text::shell_word(study)
    ));
    Ok(Exit::Success)
}

impl Render for Imported {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        lines_of(&self.tasks)
    }
}

/// A line for each task of a list that was added.
pub fn lines_of(tasks: &[ImportedTask]) -> Vec<String> {
    let line = |task: &ImportedTask| {
        format!("{}  {}", task.id, text::clean(task.key.as_deref().unwrap_or("-")))
    };
    tasks.iter().map(line).collect()
}

/// Warns of tasks whose idea was had already.
pub fn tell_repeats(ui: &Ui, repeats: &[SameIdea]) {
    const SHOWN: usize = 10;
    for SameIdea { name, earlier } in repeats.iter().take(SHOWN) {
        ui.warning(&text::clean(&format!("{name} has the same idea as {earlier}")));
    }
    if repeats.len() > SHOWN {
        ui.warning(&format!("so have {} more", repeats.len() - SHOWN));
    }
}
