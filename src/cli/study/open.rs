//! `researchloop study open`

use std::collections::BTreeSet;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::open::{Opened, show};
use crate::cli::ui::Ui;
use crate::cli::which;
use crate::page;
use crate::query::{self, FindingsQuestion, LeaderboardQuestion};

#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The study's name; without it the one whose folder you are in, or the only one
    name: Option<String>,
    /// Only write the page, and print where it is
    #[arg(long)]
    path: bool,
}

/// Most places and findings that the page has.
const MOST: usize = 200;

/// Opens a study's page.
pub fn run(app: &App, ui: &Ui, args: &OpenArgs) -> Result {
    let name = which::study(app, args.name.as_deref())?;
    let shown = query::study(app, &name)?;
    let question = LeaderboardQuestion { study: &name, limit: MOST, metric: None, better: None };
    // Without a metric there is no board, and still a page.
    let board = query::leaderboard(app, question).ok();
    let findings =
        query::findings(app, FindingsQuestion { study: &name, search: "", verdict: None })?;
    let of_board = board.iter().flat_map(|board| &board.places).map(|place| &place.sprint_id);
    let of_findings = findings.findings.iter().map(|found| &found.sprint_id).take(MOST);
    let listed = shown.sprints.iter().map(|sprint| &sprint.id);
    let mut written = BTreeSet::new();
    for id in listed.chain(of_board).chain(of_findings) {
        if !written.contains(id.as_str()) && app.artifacts(id).is_dir() {
            page::write_sprint(app, &query::sprint(app, id.as_str())?)?;
            written.insert(id.to_string());
        }
    }
    let has_page = |id: &str| written.contains(id);
    let page = page::write_study(app, &shown, board.as_ref(), &findings, &has_page)?;
    show(ui, &Opened { sprint_id: None, study_name: Some(name), page }, args.path);
    Ok(Exit::Success)
}
