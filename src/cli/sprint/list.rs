//! `researchloop sprint list`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::cli::{screen, text, values};
use crate::store::SprintFilter;
use crate::view;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only in this status
    #[arg(long)]
    status: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Lists sprints, newest first.
pub fn run(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let status = args.status.as_deref().map(values::status).transpose()?;
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let rows =
        store.sprints(&SprintFilter { study: args.study.as_deref(), status, limit: args.limit })?;
    let shown: Vec<view::Sprint> = rows.iter().map(view::sprint).collect();
    if ui.json {
        ui.json(&view::Sprints { sprints: shown });
        return Ok(Exit::Success);
    }
    if shown.is_empty() && (args.study.is_some() || status.is_some()) {
        ui.status("No sprint fits.");
        return Ok(Exit::Success);
    }
    if shown.is_empty() {
        ui.status("No sprints yet.");
        ui.hint("`researchloop sprint run \"an idea\" -s STUDY` starts one");
        return Ok(Exit::Success);
    }
    let cells: Vec<Vec<String>> = shown
        .iter()
        .map(|sprint| {
            vec![
                sprint.id.clone(),
                text::short(&text::clean(&sprint.study_name), 24),
                screen::status(ui, sprint),
                text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint)),
                text::time(&sprint.created_at),
                text::clean(sprint.idea.as_deref().unwrap_or("-")),
            ]
        })
        .collect();
    for line in text::table(
        &["ID", "STUDY", "STATUS", "COST", "CREATED (UTC)", "IDEA"],
        &cells,
        ui.width(),
        ui.style_is_on(),
    ) {
        ui.line(&line);
    }
    Ok(Exit::Success)
}
