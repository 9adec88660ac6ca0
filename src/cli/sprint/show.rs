//! `researchloop sprint show`

use super::IdArgs;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::cli::{inbox, screen};
use crate::find;
use crate::view;

/// Shows one sprint: how it stands, what it cost, what to do next.
pub fn run(app: &App, ui: &Ui, args: &IdArgs) -> Result {
    let store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    let sprint = view::sprint_found(&store, &row)?;
    if ui.json {
        ui.json(&serde_json::json!({ "sprint": sprint }));
        return Ok(Exit::Success);
    }
    for line in screen::show(ui, &sprint, &app.artifacts(row.id.as_str())) {
        ui.line(&line);
    }
    for message in store
        .open_questions(row.id.as_str())?
        .into_iter()
        .chain(store.unread_notes(row.id.as_str())?)
    {
        ui.line("");
        for line in inbox::lines(ui, &view::message(&message)) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
}
