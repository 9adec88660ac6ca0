//! The job options of a sprint: those of its cluster, of its study, and its own.

use super::request::Request;
use crate::app::App;
use crate::config::{Cluster, Study, UnknownName};
use crate::domain::JobOptions;
use crate::domain::options::OptionProblem;
use crate::scheduler;
use crate::store::SprintRow;

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

/// The job option that asks for twice the memory that a sprint had, when that can be told.
pub fn twice_the_memory(app: &App, row: &SprintRow) -> Option<(String, String)> {
    let (study, cluster) = app.study_and_cluster(&row.study).ok()?;
    if cluster.name.as_str() != row.cluster {
        return None;
    }
    let options = options_of(cluster, study, &Request::read(&row.request));
    options.iter().find_map(|(key, value)| {
        let name = key.trim_start_matches('-');
        let twice = match name {
            "mem" | "mem-per-cpu" | "mem-per-gpu" => twice(value)?,
            // Grid Engine has it among other resources.
            "l" => {
                let mut found = false;
                let part = |part: &str| match part.split_once('=') {
                    Some((
                        name @ ("h_vmem" | "s_vmem" | "virtual_free" | "mem_free" | "m_mem_free"
                        | "h_rss" | "s_rss"),
                        size,
                    )) => {
                        let size = twice(size)?;
                        found = true;
                        Some(format!("{name}={size}"))
                    }
                    _ => Some(part.to_owned()),
                };
                let parts: Option<Vec<String>> = value.split(',').map(part).collect();
                parts.filter(|_| found)?.join(",")
            }
            _ => return None,
        };
        Some((name.to_owned(), twice))
    })
}

/// Twice a size such as `32G`.
fn twice(size: &str) -> Option<String> {
    let digits = size.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = size.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let is_unit = unit.len() <= 2 && unit.bytes().all(|byte| byte.is_ascii_alphabetic());
    (number > 0 && is_unit)
        .then(|| number.checked_mul(2))
        .flatten()
        .map(|twice| format!("{twice}{unit}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sprint::{Handle, NewSprintSpec};

    #[test]
    fn twice_the_memory_is_asked_for_where_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = App::example(folder.path(), "job_options = { mem = \"32G\" }", "");
        let made = |options: &[(&str, &str)]| {
            let own = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let request = Request { options: own.collect(), ..Request::default() };
            let row = Handle::make(&app, &NewSprintSpec::new("s", "an idea", request));
            twice_the_memory(&app, &row.expect("made").sprint.row)
        };
        let option = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
        assert_eq!(made(&[]), option("mem", "64G"));
        assert_eq!(made(&[("mem", "500M")]), option("mem", "1000M"));
        assert_eq!(made(&[("mem", "")]), None);
        assert_eq!(made(&[("mem", "lots")]), None);
        assert_eq!(
            (twice("8"), twice("0"), twice("99999999999999999999G")),
            (Some("16".to_owned()), None, None)
        );
    }
}
