//! The job options of a sprint: those of its cluster, of its study, and its own.

use super::request::Request;
use crate::app::App;
use crate::config::{Cluster, Study, UnknownName};
use crate::domain::JobOptions;
use crate::domain::options::OptionProblem;
use crate::scheduler;

/// All job options of a sprint: cluster, then study, then its own.
pub fn options_of(cluster: &Cluster, study: &Study, request: &Request) -> JobOptions {
    let own: JobOptions = request.options.iter().cloned().collect();
    let scheduler = scheduler::scheduler(cluster.scheduler);
    scheduler.lay(&scheduler.lay(&cluster.job_options, &study.job_options), &own)
}

/// Whether these are spellings of one option to the cluster's scheduler.
pub fn is_same_option(cluster: &Cluster, one: &str, other: &str) -> bool {
    let scheduler = scheduler::scheduler(cluster.scheduler);
    scheduler.option_name(one) == scheduler.option_name(other)
}

/// What the options of a request may not mean: what the scheduler's rules doubt only because of them, and
/// those that remove what nobody has set.
pub fn doubtful_options(
    app: &App,
    study: &str,
    request: &Request,
) -> Result<Vec<OptionProblem>, UnknownName> {
    let (study, cluster) = app.study_and_cluster(study)?;
    let scheduler = scheduler::scheduler(cluster.scheduler);
    let below = options_of(cluster, study, &Request::default());
    let known = scheduler.doubtful_options(&below);
    let mut doubts = scheduler.doubtful_options(&options_of(cluster, study, request));
    doubts.retain(|doubt| !known.contains(doubt));
    for (key, value) in &request.options {
        if value.is_empty() && !below.iter().any(|(set, _)| is_same_option(cluster, set, key)) {
            let problem = "an empty value removes an option, but neither the cluster nor the study sets this one".to_owned();
            doubts.push(OptionProblem { key: key.clone(), problem });
        }
    }
    Ok(doubts)
}

/// GPUs that the job of a sprint with these options would have, when that can be told.
pub fn gpus_of(app: &App, study: &Study, request: &Request) -> Option<u32> {
    gpus_on(app.config.cluster(study.cluster.as_str()).ok()?, study, request)
}

/// The same, where the cluster is known.
pub(super) fn gpus_on(cluster: &Cluster, study: &Study, request: &Request) -> Option<u32> {
    scheduler::gpus_asked(
        cluster.scheduler,
        &options_of(cluster, study, request),
        cluster.gpu_resource.as_deref(),
    )
}
