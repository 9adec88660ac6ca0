//! `researchloop loop list`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::domain::{LoopStatus, SprintId};
use crate::query::{self, LoopsQuestion};
use crate::view::Loops;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only those that run
    #[arg(long)]
    running: bool,
    /// Show at most this many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Lists loops, the running ones first.
pub fn run(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let study = args.study.as_deref();
    let question = LoopsQuestion { study, running: args.running, limit: args.limit };
    let loops = query::loops(app, question)?;
    ui.answer(&loops);
    if loops.loops.is_empty() {
        ui.status("There is no loop.");
        ui.hint("`researchloop loop start -s STUDY` starts one");
    }
    Ok(Exit::Success)
}

impl Render for Loops {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        if self.loops.is_empty() {
            return Vec::new();
        }
        let rows: Vec<Vec<String>> = self
            .loops
            .iter()
            .map(|one| {
                vec![
                    one.id.to_string(),
                    text::clean(&one.study_name),
                    one.status.to_string(),
                    format!("{}/{}", one.completed_count, one.total_count),
                    one.current_sprint_id.as_ref().map_or("-", SprintId::as_str).to_owned(),
                    text::cost(
                        one.cost_usd,
                        one.cost_estimated,
                        one.cost_unknown.then_some(one.cost_unknown_usd),
                    ),
                    text::age(&one.created_at, ui.now()),
                    text::clean(if one.status == LoopStatus::Running {
                        &one.note
                    } else {
                        &one.detail
                    }),
                ]
            })
            .collect();
        let table = Table {
            headers: &["ID", "STUDY", "STATUS", "PROGRESS", "CURRENT", "COST", "AGE", "NOTE"],
            rows,
            gives_way: &["AGE", "CURRENT", "COST"],
            ..Table::default()
        };
        table.lines(ui)
    }
}
