//! `researchloop sprint show`

use std::path::PathBuf;

use serde::Serialize;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::screen;
use crate::cli::ui::Ui;
use crate::cli::which::WhichArgs;
use crate::query::{self, Fits};
use crate::view::OneSprint;

/// A sprint, and where its files are on this machine.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Shown {
    answer: OneSprint,
    #[serde(skip)]
    folder: PathBuf,
}

/// Shows one sprint: how it stands, what it cost, what to do next.
pub fn run(app: &App, ui: &Ui, args: &WhichArgs) -> Result {
    let answer = query::sprint(app, &args.newest(app, Fits::Any)?)?;
    let folder = app.artifacts(&answer.sprint.id);
    ui.answer(&Shown { answer, folder });
    Ok(Exit::Success)
}

impl Render for Shown {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let mut lines = screen::show(ui, &self.answer, &self.folder);
        for message in &self.answer.messages {
            lines.push(String::new());
            lines.extend(message.lines(ui));
        }
        lines
    }
}
