//! `researchloop config check`

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::cli::{Global, text};
use crate::config::Setting;
use crate::project;
use crate::view::ConfigCheck;

/// Checks the configuration, and prints what holds.
pub fn run(global: &Global, ui: &Ui) -> Result {
    let check = project::check(&App::new(global.load_with(&project::check_options)?));
    for problem in &check.problems {
        ui.caution(problem);
    }
    ui.answer(&check);
    let file = check.file.display();
    ui.status(&if check.problems.is_empty() {
        format!("{file}: OK")
    } else {
        format!("{file} can be used; see the warnings above.")
    });
    Ok(Exit::Success)
}

impl Render for ConfigCheck {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        // The value gives way: a source without its line number says nothing.
        let width = ui.width().max(120);
        let widest = |of: fn(&Setting) -> &str| {
            let widths =
                self.settings.iter().map(|setting| console::measure_text_width(of(setting)));
            widths.max().unwrap_or(0)
        };
        let room = width
            .saturating_sub(widest(|setting| &setting.path) + widest(|setting| &setting.source) + 6)
            .max(20);
        let row = |setting: &Setting| {
            let value = text::short(&text::clean(&setting.value), room);
            vec![setting.path.clone(), value, setting.source.clone()]
        };
        let rows: Vec<Vec<String>> = self.settings.iter().map(row).collect();
        text::table(&["KEY", "VALUE", "SOURCE"], &rows, width, ui.style_is_on())
    }
}
