//! How many GPUs a job asks for, as far as its options tell. It hides the many ways in which
//! SLURM takes that wish.
//!
//! `None` stands for "not known": a site's own default, a whole node, a value that cannot be
//! read. Nobody takes it for zero.

use crate::domain::{JobOptions, SchedulerKind};

use super::slurm_options::full_name;

/// GPUs that these options ask for. `gpu_resource` is the name of the resource that counts GPUs
/// on a cluster of Grid Engine.
pub fn gpus_asked(
    kind: SchedulerKind,
    options: &JobOptions,
    gpu_resource: Option<&str>,
) -> Option<u32> {
    match kind {
        SchedulerKind::Slurm => slurm(options),
        SchedulerKind::Sge => sge(options, gpu_resource),
        // Nothing is allotted there: what a process takes is nobody's share.
        SchedulerKind::Local => Some(0),
    }
}

/// The largest of what the options say: sbatch refuses those that contradict each other.
fn slurm(options: &JobOptions) -> Option<u32> {
    let given: Vec<(&str, &str)> = options
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(key, value)| (full_name(key), value.trim()))
        .collect();
    let find = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    // A whole node comes with all of its GPUs.
    if find("exclusive").is_some_and(|value| !matches!(value, "user" | "mcs" | "topo")) {
        return None;
    }
    let number = |name: &str| find(name).map_or(Some(1), |value| value.parse::<u32>().ok());
    // `2-4` nodes may become four.
    let nodes = || {
        find("nodes").map_or(Some(1), |value| {
            value.rsplit('-').next().and_then(|last| last.parse::<u32>().ok())
        })
    };
    let tasks = || match find("ntasks") {
        Some(value) => value.parse().ok(),
        None => number("ntasks-per-node")?.checked_mul(nodes()?),
    };
    let mut most = 0;
    for (name, value) in &given {
        let one = match *name {
            "gpus" => listed(value)?,
            "gpus-per-node" => listed(value)?.checked_mul(nodes()?)?,
            "gpus-per-task" => listed(value)?.checked_mul(tasks()?)?,
            "gpus-per-socket" => {
                listed(value)?.checked_mul(number("sockets-per-node")?)?.checked_mul(nodes()?)?
            }
            "gres" | "tres-per-node" => of_gres(value)?.checked_mul(nodes()?)?,
            "tres-per-task" => of_gres(value)?.checked_mul(tasks()?)?,
            "tres-per-job" => of_gres(value)?,
            _ => 0,
        };
        most = most.max(one);
    }
    Some(most)
}

/// `2`, `a100:2` or `a100:2,v100:1`.
fn listed(value: &str) -> Option<u32> {
    value.split(',').try_fold(0_u32, |sum, part| {
        let count = part.rsplit(':').next()?.trim();
        // A type alone is one of that type; a number with a letter behind it is no count of GPUs.
        let count = if count.starts_with(|c: char| c.is_ascii_digit()) {
            count.parse::<u32>().ok()?
        } else {
            1
        };
        sum.checked_add(count)
    })
}

/// The GPUs in `gpu:a100:2,shard:4`, `gres/gpu=2` or `gres:gpu:1`; other resources count nothing.
fn of_gres(value: &str) -> Option<u32> {
    value.split(',').try_fold(0_u32, |sum, part| {
        let part = part.trim();
        let part =
            part.strip_prefix("gres/").or_else(|| part.strip_prefix("gres:")).unwrap_or(part);
        let part = part.split('(').next().unwrap_or(part);
        let Some(rest) =
            part.strip_prefix("gpu").filter(|rest| rest.is_empty() || rest.starts_with([':', '=']))
        else {
            return Some(sum);
        };
        let count = if rest.is_empty() { 1 } else { listed(&rest[1..].replace('=', ":"))? };
        sum.checked_add(count)
    })
}

/// What the resource is set to, for the whole job: a parallel environment does not multiply it,
/// as with a resource whose column `consumable` says JOB.
fn sge(options: &JobOptions, gpu_resource: Option<&str>) -> Option<u32> {
    let values = |wanted: &'static str| {
        options
            .iter()
            .filter(move |(key, _)| key.trim_start_matches('-') == wanted)
            .map(|(_, value)| value)
    };
    let resources = || {
        values("l")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|part| !part.is_empty())
    };
    let Some(resource) = gpu_resource else {
        let may_be = |text: &str| {
            ["gpu", "cuda", "nvidia"].iter().any(|word| text.to_ascii_lowercase().contains(word))
        };
        let suspicious =
            resources().any(may_be) || values("q").any(may_be) || values("jc").any(may_be);
        return (!suspicious).then_some(0);
    };
    resources().try_fold(0_u32, |sum, part| match part.split_once('=') {
        Some((name, value)) if name.trim() == resource => {
            sum.checked_add(value.trim().parse().ok()?)
        }
        None if part == resource => sum.checked_add(1),
        _ => Some(sum),
    })
}

/// The GPUs in a list of trackable resources, as sacct prints it:
/// `cpu=4,gres/gpu=2,gres/gpu:a100=2`. `None` when it names none: a site that does not track them
/// shows the same as a job without any.
pub(super) fn in_tres(text: &str) -> Option<u32> {
    let mut typed = None;
    for (name, count) in text.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name.strip_prefix("gres/gpu") {
            Some("") => return count.parse().ok(),
            // One that cannot be read is not none: then nothing is known.
            Some(rest) if rest.starts_with(':') => {
                typed = Some(typed.unwrap_or(0_u32).saturating_add(count.parse().ok()?))
            }
            _ => {}
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slurm_of(options: &[(&str, &str)]) -> Option<u32> {
        gpus_asked(SchedulerKind::Slurm, &options.iter().copied().collect(), None)
    }

    fn sge_of(options: &[(&str, &str)], resource: Option<&str>) -> Option<u32> {
        gpus_asked(SchedulerKind::Sge, &options.iter().copied().collect(), resource)
    }

    #[test]
    fn every_way_to_ask_slurm_for_gpus() {
        for (options, gpus) in [
            (&[] as &[_], Some(0)),
            (&[("mem", "8G"), ("cpus-per-task", "4")], Some(0)),
            (&[("gres", "gpu:1")], Some(1)),
            (&[("gres", "gpu")], Some(1)),
            (&[("gres", "gpu:a100:4")], Some(4)),
            (&[("--gres", "gpu:a100")], Some(1)),
            (&[("gres", "gpu:a100:2,gpu:v100:1,shard:8")], Some(3)),
            (&[("gres", "lustre:1")], Some(0)),
            (&[("gres", "gpumem:8G")], Some(0)),
            (&[("gres", "gpu:2"), ("nodes", "3")], Some(6)),
            (&[("gres", "gpu:2"), ("N", "1-4")], Some(8)),
            (&[("gres", "gpu:2(S:0-1)")], Some(2)),
            (&[("gpus", "4")], Some(4)),
            (&[("-G", "a100:2,v100:1")], Some(3)),
            (&[("gpus-per-node", "2"), ("nodes", "2"), ("ntasks", "8")], Some(4)),
            (&[("gpus-per-task", "1"), ("ntasks", "8")], Some(8)),
            (&[("gpus-per-task", "a100:1"), ("ntasks-per-node", "4"), ("nodes", "2")], Some(8)),
            (&[("gpus-per-task", "2")], Some(2)),
            (&[("gpus-per-socket", "2"), ("sockets-per-node", "2"), ("nodes", "2")], Some(8)),
            (&[("tres-per-task", "gres/gpu:2"), ("ntasks", "3")], Some(6)),
            (&[("tres-per-task", "cpu=4,gres/gpu=1"), ("n", "2")], Some(2)),
            (&[("gres", "gpu:2"), ("gpus", "2")], Some(2)),
            // Not to be known.
            (&[("gpus", "2K")], None),
            (&[("gres", "gpu:99999999999")], None),
            (&[("gres", "gpu:1"), ("nodes", "many")], None),
            (&[("exclusive", "true"), ("gres", "gpu:1")], None),
            (&[("exclusive", "user"), ("gres", "gpu:1")], Some(1)),
            (&[("gpus", "4000000000"), ("gres", "gpu:4000000000"), ("nodes", "4")], None),
        ] {
            assert_eq!(slurm_of(options), gpus, "{options:?}");
        }
    }

    #[test]
    fn grid_engine_counts_the_resource_that_the_site_names() {
        assert_eq!(sge_of(&[], Some("gpu")), Some(0));
        assert_eq!(sge_of(&[("l", "gpu=2,h_vmem=8G"), ("pe", "smp 4")], Some("gpu")), Some(2));
        assert_eq!(sge_of(&[("-l", "ngpus=1")], Some("gpu")), Some(0));
        assert_eq!(sge_of(&[("l", "gpu")], Some("gpu")), Some(1));
        assert_eq!(sge_of(&[("l", "gpu=two")], Some("gpu")), None);
        assert_eq!(sge_of(&[("l", "gpu=0.5")], Some("gpu")), None);
        // Without its name, anything that looks like one makes the number unknown.
        assert_eq!(sge_of(&[("l", "h_vmem=8G")], None), Some(0));
        assert_eq!(sge_of(&[("l", "h_vmem=8G,NGPUS=1")], None), None);
        assert_eq!(sge_of(&[("q", "gpu.q")], None), None);
        assert_eq!(gpus_asked(SchedulerKind::Local, &JobOptions::default(), None), Some(0));
    }

    #[test]
    fn gpus_among_what_slurm_tracks() {
        assert_eq!(in_tres("billing=4,cpu=4,gres/gpu=2,mem=8G,node=1"), Some(2));
        assert_eq!(in_tres("cpu=4,gres/gpu:a100=2,gres/gpu=2,node=1"), Some(2));
        assert_eq!(in_tres("cpu=4,gres/gpu:a100=2,gres/gpu:v100=1"), Some(3));
        assert_eq!(in_tres("cpu=4,gres/gpumem=2,mem=8G"), None);
        assert_eq!(in_tres(""), None);
        assert_eq!(in_tres("gres/gpu=lots,=,,x"), None);
        assert_eq!(
            in_tres("gres/gpu:a100=2,gres/gpu:v100=?"),
            None,
            "a count that cannot be read is not none"
        );
    }
}
