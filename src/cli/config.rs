//! `researchloop config check`

use clap::Subcommand;

use super::failure::{Exit, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::config::Setting;
use crate::domain::options::OptionProblem;
use crate::scheduler;
use crate::study::Program;

/// Look at the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it, and print every value with its source
    Check,
}

/// Checks the configuration. What is wrong has been told by then; this prints what holds.
pub fn run(global: &Global, ui: &Ui, command: &ConfigCommand) -> Result {
    let ConfigCommand::Check = command;
    let config = global.load_quietly()?;
    for warning in &config.warnings {
        super::warn(ui, warning);
    }
    for study in &config.studies {
        for mistake in Program::load(&config, study).mistakes {
            ui.warning(&mistake.to_string());
        }
    }
    let mut problems: Vec<(String, OptionProblem)> = Vec::new();
    for study in &config.studies {
        let cluster = config.cluster(study.cluster.as_str())?;
        let options = cluster.job_options.overlaid(&study.job_options, |key| scheduler::scheduler(cluster.scheduler).option_name(key));
        problems.extend(scheduler::scheduler(cluster.scheduler).check_options(&options).into_iter().map(|problem| (study.name.to_string(), problem)));
    }
    if ui.json {
        let settings: Vec<_> = config
            .resolved()
            .iter()
            .map(|setting| serde_json::json!({ "key": setting.path, "value": setting.value, "source": setting.source.to_string() }))
            .collect();
        let problems: Vec<_> = problems.iter().map(|(study, problem)| format!("study {study}: {problem}")).collect();
        ui.json(&serde_json::json!({ "file": config.file, "settings": settings, "problems": problems }));
    } else {
        // The value gives way: a source without its line number says nothing.
        let width = ui.width().max(120);
        let widest = |of: fn(&Setting) -> &str| config.resolved().iter().map(|setting| console::measure_text_width(of(setting))).max().unwrap_or(0);
        let room = width.saturating_sub(widest(|setting| &setting.path) + widest(|setting| &setting.source) + 6).max(20);
        let rows: Vec<Vec<String>> = config
            .resolved()
            .iter()
            .map(|setting| vec![setting.path.clone(), text::short(&text::clean(&setting.value), room), setting.source.to_string()])
            .collect();
        for line in text::table(&["KEY", "VALUE", "SOURCE"], &rows, width, ui.style_is_on()) {
            ui.line(&line);
        }
    }
    for (study, problem) in &problems {
        ui.warning(&format!("study {study}: {problem}"));
    }
    if problems.is_empty() {
        ui.status(&format!("{} is sound.", config.file.display()));
        Ok(Exit::Success)
    } else {
        Ok(Exit::Bad)
    }
}
