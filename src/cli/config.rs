//! `researchloop config check`

use std::path::Path;

use clap::Subcommand;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::bundle::context;
use crate::config::Setting;
use crate::domain::JobOptions;
use crate::platform::file_system;
use crate::scheduler;
use crate::store::conflicting_copy;
use crate::study::Program;

/// Look at the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it, and print every value with its source
    Check,
}

/// Says that the database, or the folder for it, lies where other machines see it, or where no locks are.
fn far_database(path: &Path) -> Option<String> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    if let Some(problem) = file_system::no_locks(folder) {
        return Some(format!(
            "`db_path`: file locks do not work in {}: {problem}; set it to a file on a disk of this machine",
            folder.display()
        ));
    }
    let kind = file_system::on_network(folder)?;
    Some(format!(
        "`db_path`: {} lies on {kind}: use the database from one machine only (its log is shared memory of that machine), or set `db_path` to a local disk",
        folder.display()
    ))
}

/// Checks the configuration, and prints what holds.
pub fn run(global: &Global, ui: &Ui, command: &ConfigCommand) -> Result {
    let ConfigCommand::Check = command;
    let config = global.load_with(&|kind, layers| {
        let scheduler = scheduler::scheduler(kind);
        // Over nothing: an empty value removes.
        let laid =
            layers.iter().fold(JobOptions::default(), |below, layer| scheduler.lay(&below, layer));
        scheduler.check_options(&laid)
    })?;
    let mut problems: Vec<String> = config.warnings.iter().map(super::warning_text).collect();
    let doubts = |of: &str, kind, options: &JobOptions| -> Vec<String> {
        let doubts = scheduler::scheduler(kind).doubtful_options(options);
        doubts
            .iter()
            .map(|doubt| format!("`job_options` of {of}: {:?}: {}", doubt.key, doubt.problem))
            .collect()
    };
    for cluster in &config.clusters {
        problems.extend(doubts(
            &format!("cluster {:?}", cluster.name.as_str()),
            cluster.scheduler,
            &cluster.job_options,
        ));
    }
    for study in &config.studies {
        if let Ok(cluster) = config.cluster(study.cluster.as_str()) {
            problems.extend(doubts(
                &format!("study {:?}", study.name.as_str()),
                cluster.scheduler,
                &study.job_options,
            ));
            let scheduler = scheduler::scheduler(cluster.scheduler);
            let (_, left_out) = cluster
                .job_options
                .without_excluded(&study.job_options, |one, other| scheduler.excludes(one, other));
            problems.extend(left_out.iter().map(|(of_cluster, of_study)| {
                format!(
                    "`job_options` of study {:?}: {of_study:?} takes the place of {of_cluster:?} of cluster {:?}: the scheduler takes only one of the two",
                    study.name.as_str(),
                    cluster.name.as_str()
                )
            }));
        }
        problems.extend(Program::load(&config, study).mistakes.iter().map(ToString::to_string));
        if let Ok(cluster) = config.cluster(study.cluster.as_str()) {
            let unfilled = context::assemble(&config, cluster, study)
                .map(|context| context.unfilled)
                .unwrap_or_default();
            for text in unfilled.iter().map(|file| context::unfilled_text(file)) {
                if !problems.contains(&text) {
                    problems.push(text);
                }
            }
        }
    }
    problems.extend(crate::config::exposed(&config));
    problems.extend(far_database(&config.db_path));
    problems.extend(conflicting_copy(&config.db_path));
    if ui.json {
        let settings: Vec<_> = config
            .resolved()
            .iter()
            .map(|setting| serde_json::json!({ "key": setting.path, "value": setting.value, "source": setting.source.to_string() }))
            .collect();
        ui.json(
            &serde_json::json!({ "file": config.file, "settings": settings, "problems": problems }),
        );
        return Ok(Exit::Success);
    }
    for problem in &problems {
        ui.warning(problem);
    }
    // The value gives way: a source without its line number says nothing.
    let width = ui.width().max(120);
    let widest = |of: fn(&Setting) -> &str| {
        config
            .resolved()
            .iter()
            .map(|setting| console::measure_text_width(of(setting)))
            .max()
            .unwrap_or(0)
    };
    let room = width
        .saturating_sub(widest(|setting| &setting.path) + widest(|setting| &setting.source) + 6)
        .max(20);
    let rows: Vec<Vec<String>> = config
        .resolved()
        .iter()
        .map(|setting| {
            vec![
                setting.path.clone(),
                text::short(&text::clean(&setting.value), room),
                setting.source.to_string(),
            ]
        })
        .collect();
    for line in text::table(&["KEY", "VALUE", "SOURCE"], &rows, width, ui.style_is_on()) {
        ui.line(&line);
    }
    let file = config.file.display();
    ui.status(&if problems.is_empty() {
        format!("{file} is sound.")
    } else {
        format!("{file} can be used; see the warnings above.")
    });
    Ok(Exit::Success)
}
