//! Which study or sprint is meant where none is named.

use std::io::Write as _;

use clap::Args;

use super::exit::Result;
use super::text;
use super::ui::Ui;
use crate::app::App;
use crate::query::{self, Fits};
use crate::study;
use crate::view::Sprint;

/// A sprint, by its id or by what fits best.
#[derive(Debug, Clone, Args)]
pub struct WhichArgs {
    /// The sprint's id, or a unique prefix of it; without one the newest sprint that fits
    id: Option<String>,
    /// Without an id: only sprints of this study
    #[arg(short, long, conflicts_with = "id")]
    study: Option<String>,
}

impl WhichArgs {
    /// The id that was given, or that of the newest sprint that fits.
    pub fn newest(&self, app: &App, fits: Fits) -> Result<String> {
        match &self.id {
            Some(id) => Ok(id.clone()),
            None => Ok(query::newest(app, self.study(app)?.as_deref(), fits)?.to_string()),
        }
    }

    /// The id that was given, or that of the only sprint that has not ended. Of several a person
    /// chooses one; without a terminal none is.
    pub fn only_live(&self, app: &App, ui: &Ui, question: &str) -> Result<String> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let live = query::live(app, self.study(app)?.as_deref())?;
        match live.as_slice() {
            [one] => Ok(one.id.to_string()),
            many if many.len() > 1 && ui.can_ask() && !ui.json => {
                let chosen = pick(ui, question, many).and_then(|at| many.get(at));
                chosen.map(|one| one.id.to_string()).ok_or_else(|| query::none_chosen(many))
            }
            many => Err(query::none_chosen(many)),
        }
    }

    /// The study that was named, or whose folder we are in.
    fn study(&self, app: &App) -> Result<Option<String>> {
        match &self.study {
            Some(name) => Ok(Some(app.config.study(name)?.name.to_string())),
            None => Ok(here(app).map(|study| study.name.to_string())),
        }
    }
}

/// The name of the study that was given, of the one whose folder we are in, or of the only one.
pub fn study(app: &App, given: Option<&str>) -> Result<String> {
    let here = std::env::current_dir().ok();
    Ok(study::chosen(&app.config, given, here.as_deref())?.name.to_string())
}

fn here(app: &App) -> Option<&crate::config::Study> {
    let here = std::env::current_dir().ok()?;
    study::of_folder(&app.config, &here)
}

/// Asks a person for one of several sprints.
fn pick(ui: &Ui, question: &str, sprints: &[Sprint]) -> Option<usize> {
    for (at, sprint) in sprints.iter().enumerate() {
        let idea = text::clean(sprint.idea.as_deref().unwrap_or("-"));
        let line = format!("{:>3}  {}  {}  {idea}", at + 1, sprint.id, sprint.status);
        ui.status(&ui.fit(&line));
    }
    let _ = write!(std::io::stderr().lock(), "{question} [1-{}, Enter for none] ", sprints.len());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    answer.trim().parse::<usize>().ok()?.checked_sub(1)
}
