//! `researchloop sprint fetch`

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::sprint::{Extent, Handle};
use crate::view;

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Every regular file, not only the report, the reviews and results/
    #[arg(long)]
    all: bool,
    /// Put them into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Brings the sprint's files to this machine.
pub fn run(app: &App, ui: &Ui, args: &FetchArgs) -> Result {
    let mut sprint = Handle::open(app, &args.id)?;
    let row = sprint.row.clone();
    let to = args.to.clone().unwrap_or_else(|| app.artifacts(&row.id));
    let bar = ui.bar(&format!("fetching {}", row.id));
    let extent = if args.all { Extent::All } else { Extent::Report };
    let fetched = sprint.fetch(app, &to, extent, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let fetched = fetched?;
    if ui.json {
        let files = fetched
            .files
            .into_iter()
            .map(|(filename, size)| view::File { filename, size })
            .collect();
        ui.json(&view::Fetched {
            sprint_id: row.id.clone(),
            folder: to,
            files,
            skipped: fetched.skipped,
        });
        return Ok(Exit::Success);
    }
    for (path, size) in &fetched.files {
        ui.line(&format!(
            "{}  {}",
            text::clean(&to.join(path).display().to_string()),
            text::bytes(*size)
        ));
    }
    for skipped in &fetched.skipped {
        ui.warning(&format!("not fetched: {}", text::clean(skipped)));
    }
    ui.status(&format!("{} file(s) in {}", fetched.files.len(), to.display()));
    Ok(Exit::Success)
}
