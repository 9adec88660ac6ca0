//! What `--dry-run` shows.

use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::sprint::DryRun;
use crate::view;

/// Shows what a sprint would send, and sends nothing.
pub fn show(ui: &Ui, dry: DryRun) -> Result {
    if ui.json {
        ui.json(&view::DryRun {
            dry_run: true,
            study_name: dry.study,
            cluster: dry.cluster,
            remote_dir: dry.remote_dir,
            script: dry.script,
            script_bytes: dry.script_bytes,
            environment: dry.environment,
            missing_context: dry.missing_context,
            prompts: dry
                .prompts
                .into_iter()
                .map(|(step, text)| view::Prompt { step, text })
                .collect(),
        });
        return Ok(Exit::Success);
    }
    let bold = ui.style().bold();
    ui.line(
        &bold
            .apply_to(format!(
                "# {}/run_sprint.sh on {} ({} bytes)",
                dry.remote_dir, dry.cluster, dry.script_bytes
            ))
            .to_string(),
    );
    ui.line(&dry.script);
    if !dry.environment.is_empty() {
        ui.line(&bold.apply_to("# environment, in a private file beside it").to_string());
        ui.line(&format!("{}\n", dry.environment.join(" ")));
    }
    for (step, text) in &dry.prompts {
        ui.line(&bold.apply_to(format!("# prompt of {step}")).to_string());
        ui.line(text);
    }
    for missing in &dry.missing_context {
        ui.warning(&format!("the context file {missing} is not there"));
    }
    for unfilled in &dry.unfilled_context {
        ui.warning(unfilled);
    }
    ui.status("Nothing was sent: this was a dry run.");
    Ok(Exit::Success)
}
