//! What `--dry-run` shows.

use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::ui::Ui;
use crate::view::DryRun;

/// Shows what a sprint would send, and sends nothing.
pub fn show(ui: &Ui, dry: &DryRun) -> Result {
    ui.answer(dry);
    for missing in &dry.missing_context {
        ui.caution(&format!("the context file {missing} is not there"));
    }
    for unfilled in &dry.unfilled_context {
        ui.caution(unfilled);
    }
    ui.status("Nothing was sent: this was a dry run.");
    Ok(Exit::Success)
}

impl Render for DryRun {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let heading = |text: String| ui.style().bold().apply_to(text).to_string();
        let mut lines = vec![
            heading(format!(
                "# {}/run_sprint.sh on {} ({} bytes)",
                self.remote_dir, self.cluster, self.script_bytes
            )),
            self.script.clone(),
        ];
        if !self.environment.is_empty() {
            lines.push(heading("# environment, in a private file beside it".to_owned()));
            lines.push(format!("{}\n", self.environment.join(" ")));
        }
        for prompt in &self.prompts {
            lines.push(heading(format!("# prompt of {}", prompt.step)));
            lines.push(prompt.text.clone());
        }
        lines
    }
}
