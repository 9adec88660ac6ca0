//! How a plan looks on a screen.

use crate::cli::render::Render;
use crate::cli::task::lines_of;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::domain::Priority;
use crate::domain::text::number_of;
use crate::plan;
use crate::task::Draft;
use crate::view::{Plan, PlanWaiting};

impl Render for Plan {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        self.tasks.as_deref().map(lines_of).unwrap_or_default()
    }
}

impl Render for PlanWaiting {}

/// The tasks of a plan, each below the last one that it needs.
pub fn of_plan(ui: &Ui, study: &str, drafts: &[Draft]) -> Vec<String> {
    let heading = format!("plan for {study}: {}", number_of(drafts.len(), "task"));
    let mut shown = vec![ui.style().bold().apply_to(heading).to_string()];
    let lines = plan::tree(drafts);
    let name = |place: usize| {
        drafts[place].key.as_deref().map_or_else(|| format!("task {}", place + 1), text::clean)
    };
    let width = lines
        .iter()
        .map(|(branch, place, _)| console::measure_text_width(&format!("{branch}{}", name(*place))))
        .max()
        .unwrap_or(0)
        .min(40);
    for (branch, place, needs) in &lines {
        let draft = &drafts[*place];
        let priority = if draft.priority == Priority::P1 { "  " } else { draft.priority.as_str() };
        let needs =
            if needs.is_empty() { String::new() } else { format!("[{}] ", text::clean(needs)) };
        let line = format!(
            "  {} {priority} {needs}{}",
            text::padded(&format!("{branch}{}", name(*place)), width),
            text::clean(&draft.idea)
        );
        shown.push(text::short(&line, ui.width()));
    }
    shown
}
