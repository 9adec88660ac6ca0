//! `researchloop sprint list`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{screen, text, values};
use crate::query::{self, SprintsQuestion};
use crate::view::{Sprint, Sprints};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only in this status
    #[arg(long)]
    status: Option<String>,
    /// Show at most this many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Lists sprints, newest first.
pub fn run(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let study = args.study.as_deref();
    let status = args.status.as_deref().map(values::status).transpose()?;
    let answer = query::sprints(app, SprintsQuestion { study, status, limit: args.limit })?;
    ui.answer(&answer);
    if answer.sprints.is_empty() && (study.is_some() || status.is_some()) {
        ui.status("No matching sprints.");
    } else if answer.sprints.is_empty() {
        ui.status("No sprints yet.");
        ui.hint("`researchloop sprint run \"an idea\" -s STUDY` starts one");
    }
    Ok(Exit::Success)
}

impl Render for Sprints {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        if self.sprints.is_empty() {
            return Vec::new();
        }
        let cells = |sprint: &Sprint| {
            vec![
                sprint.id.to_string(),
                text::short(&text::clean(&sprint.study_name), 24),
                screen::status(ui, sprint),
                text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint)),
                text::time(&sprint.created_at),
                text::clean(sprint.idea.as_deref().unwrap_or("-")),
            ]
        };
        let rows: Vec<Vec<String>> = self.sprints.iter().map(cells).collect();
        text::table(
            &["ID", "STUDY", "STATUS", "COST", "CREATED (UTC)", "IDEA"],
            &rows,
            ui.width(),
            ui.style_is_on(),
        )
    }
}
