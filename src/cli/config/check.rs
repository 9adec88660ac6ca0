//! `researchloop config check`

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::ui::Ui;
use crate::cli::{Global, text};
use crate::config::Setting;
use crate::project;
use crate::view::ConfigCheck;

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Show the defaults, too
    #[arg(short, long)]
    pub all: bool,
}

/// Checks the configuration, and prints what holds.
pub fn run(global: &Global, ui: &Ui, args: &CheckArgs) -> Result {
    let app = App::new(global.load_with(&project::check_options)?);
    let shown = Shown::new(ui, &app, args.all);
    ui.answer(&shown);
    shown.tell(ui);
    if !args.all {
        ui.hint("`researchloop config check --all` shows the defaults, too");
    }
    Ok(Exit::Success)
}

/// A configuration, and how much of it is shown.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Shown {
    /// All of it.
    pub check: ConfigCheck,
    /// Whether defaults are shown to people.
    #[serde(skip)]
    pub all: bool,
}

impl Shown {
    /// Checks a configuration. Its problems are shown at once.
    pub fn new(ui: &Ui, app: &App, all: bool) -> Self {
        let check = project::check(app);
        for problem in &check.problems {
            ui.caution(problem);
        }
        Self { check, all }
    }

    /// Says whether it can be used.
    pub fn tell(&self, ui: &Ui) {
        let file = self.check.file.display();
        ui.status(&if self.check.problems.is_empty() {
            format!("{file}: OK")
        } else {
            format!("{file} can be used; see the warnings above.")
        });
    }
}

/// What differs from the defaults, or all of it, by section. The value stands last: it is cut where a
/// terminal is narrow, and its source is not.
impl Render for Shown {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let shown = |setting: &&Setting| self.all || setting.source != "default";
        lines(ui, &self.check.settings.iter().filter(shown).collect::<Vec<_>>())
    }
}

/// Settings by section.
pub fn lines(ui: &Ui, settings: &[&Setting]) -> Vec<String> {
    let mut lines = Vec::new();
    for section in settings.chunk_by(|one, other| one.section == other.section) {
        let name = section.first().map_or("", |setting| setting.section.as_str());
        if !name.is_empty() {
            lines.push(ui.style().bold().apply_to(format!("[{name}]")).to_string());
        }
        let row = |setting: &&Setting| {
            let key = setting.path.strip_prefix(name).unwrap_or(&setting.path);
            let key = key.trim_start_matches('.').to_owned();
            vec![key, setting.source.clone(), text::clean(&setting.value)]
        };
        let table = Table {
            headers: &["KEY", "SET IN", "VALUE"],
            rows: section.iter().map(row).collect(),
            indent: if name.is_empty() { 0 } else { 2 },
            ..Table::default()
        };
        lines.extend(table.lines(ui).into_iter().skip(1));
    }
    lines
}
