//! Checks the configuration of a project, and tells what holds.

use std::path::Path;

use crate::app::App;
use crate::bundle::context;
use crate::config::{Cluster, Study, exposed};
use crate::domain::options::OptionProblem;
use crate::domain::{JobOptions, SchedulerKind};
use crate::platform::file_system;
use crate::scheduler;
use crate::store::conflicting_copy;
use crate::study::Program;
use crate::view::ConfigCheck;

/// What is wrong with job options for a scheduler of this kind, each laid over the one before it.
pub fn check_options(kind: SchedulerKind, layers: &[&JobOptions]) -> Vec<OptionProblem> {
    let scheduler = scheduler::scheduler(kind);
    // Over nothing: an empty value removes.
    let laid =
        layers.iter().fold(JobOptions::default(), |below, layer| scheduler.lay(&below, layer));
    scheduler.check_options(&laid)
}

/// Every value of the configuration with its source, and what should be looked at.
pub fn check(app: &App) -> ConfigCheck {
    let (config, now) = (&app.config, app.clock.now());
    let mut problems: Vec<String> =
        config.warnings.iter().map(crate::config::Problem::warning_text).collect();
    for cluster in &config.clusters {
        let of = format!("cluster {:?}", cluster.name.as_str());
        problems.extend(doubts(&of, cluster.scheduler, &cluster.job_options));
    }
    for study in &config.studies {
        let cluster = config.cluster(study.cluster.as_str()).ok();
        problems.extend(cluster.iter().flat_map(|cluster| options_of(study, cluster)));
        problems.extend(Program::load(config, study, now).mistakes.iter().map(ToString::to_string));
        let unfilled = cluster
            .and_then(|cluster| context::assemble(config, cluster, study, now).ok())
            .map(|context| context.unfilled)
            .unwrap_or_default();
        for text in unfilled.iter().map(|file| context::unfilled_text(file)) {
            if !problems.contains(&text) {
                problems.push(text);
            }
        }
    }
    problems.extend(exposed(config));
    problems.extend(far_database(&config.db_path));
    problems.extend(conflicting_copy(&config.db_path));
    ConfigCheck { file: config.file.clone(), settings: config.resolved().to_vec(), problems }
}

/// Options that the scheduler may not know.
fn doubts(of: &str, kind: SchedulerKind, options: &JobOptions) -> Vec<String> {
    scheduler::scheduler(kind)
        .doubtful_options(options)
        .iter()
        .map(|doubt| format!("`job_options` of {of}: {:?}: {}", doubt.key, doubt.problem))
        .collect()
}

/// What is to be said of a study's options over those of its cluster.
fn options_of(study: &Study, cluster: &Cluster) -> Vec<String> {
    let mut problems =
        doubts(&format!("study {:?}", study.name.as_str()), cluster.scheduler, &study.job_options);
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
    problems
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
