//! `researchloop study list`

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::query;
use crate::view::Studies;

/// Lists them.
pub fn run(app: &App, ui: &Ui) -> Result {
    let studies = query::studies(app)?;
    ui.answer(&studies);
    if studies.studies.is_empty() {
        ui.status("The configuration has no study.");
        ui.hint("`researchloop study init NAME` begins one");
    }
    Ok(Exit::Success)
}

impl Render for Studies {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        if self.studies.is_empty() {
            return Vec::new();
        }
        let rows: Vec<Vec<String>> = self
            .studies
            .iter()
            .map(|study| {
                vec![
                    study.name.clone(),
                    study.cluster.clone(),
                    study.sprints.to_string(),
                    study.active.to_string(),
                    text::cost(
                        study.cost_usd,
                        study.spent.cost_estimated,
                        study.spent.cost_unknown.then_some(study.spent.cost_unknown_usd),
                    ),
                    text::clean(&study.description),
                ]
            })
            .collect();
        let table = Table {
            headers: &["NAME", "CLUSTER", "SPRINTS", "ACTIVE", "COST", "DESCRIPTION"],
            rows,
            gives_way: &["CLUSTER", "COST"],
            ..Table::default()
        };
        table.lines(ui)
    }
}
