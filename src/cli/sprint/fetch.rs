//! `researchloop sprint fetch`

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::which::WhichArgs;
use crate::cli::{open, text};
use crate::domain::text::number_of;
use crate::query::{self, Fits};
use crate::sprint::{Extent, Handle};
use crate::view::{Fetched, File};

#[derive(Debug, Args)]
pub struct FetchArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Every regular file, not only the report, the reviews and results/
    #[arg(long)]
    all: bool,
    /// Put them into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Brings the sprint's files to this machine.
pub fn run(app: &App, ui: &Ui, args: &FetchArgs) -> Result {
    let mut sprint = Handle::open(app, &args.which.newest(app, Fits::Any)?)?;
    let bar = ui.bar(&format!("fetching {}", sprint.row.id));
    let extent = if args.all { Extent::All } else { Extent::Report };
    let fetched = sprint.fetch(app, args.to.as_deref(), extent, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let fetched = fetched?;
    ui.answer(&fetched);
    if args.to.is_none() {
        open::refresh(app, ui, &query::sprint(app, sprint.row.id.as_str())?);
    }
    for skipped in &fetched.skipped {
        ui.caution(&format!("not fetched: {}", text::clean(skipped)));
    }
    ui.status(&format!(
        "{} in {}",
        number_of(fetched.files.len(), "file"),
        fetched.folder.display()
    ));
    Ok(Exit::Success)
}

impl Render for Fetched {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        let line = |file: &File| {
            let path = self.folder.join(&file.filename).display().to_string();
            format!("{}  {}", text::clean(&path), text::bytes(file.size))
        };
        self.files.iter().map(line).collect()
    }
}
