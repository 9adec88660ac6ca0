//! The configuration for a cluster that was asked what it is: what was seen, with the choices as comments.

use std::fmt::Write as _;

use super::address::Address;
use super::discover::{Discovered, Room};
use crate::bundle::templates;
use crate::config::quoted;
use crate::domain::{SchedulerKind, text};
use crate::scheduler::Queue;

/// Where the template describes clusters, and what stands behind that.
const CLUSTERS: &str = "[[cluster]]";
const STUDIES: &str = "\n# What is studied";
/// The time that a sprint's job asks for, in hours, where its partition allows it.
const HOURS: u64 = 8;
/// Claude Code needs about a gigabyte for itself: below this, in MB, a job asks for memory.
const LITTLE_MEMORY: u64 = 4096;
/// What it asks for then, in MB.
const ENOUGH_MEMORY: u64 = 8192;
/// Most of a kind that are listed.
const MOST: usize = 40;

/// The whole configuration.
pub fn describe(address: &Address, found: &Discovered) -> String {
    let template = templates::INIT_CONFIG;
    let (before, rest) = template.split_once(CLUSTERS).unwrap_or((template, ""));
    let studies = rest.find(STUDIES).and_then(|at| rest.get(at..)).unwrap_or_default();
    // Its first line says that it is for this machine.
    let before = before.split_once('\n').map_or(before, |(_, rest)| rest);
    let place = text::line(&found.place);
    let studies = studies.replacen("\"here\"", &quoted(&address.cluster_name()), 1).replacen(
        &format!("max_sprint_duration_hours = {HOURS}"),
        &format!("max_sprint_duration_hours = {}", hours(chosen_limit(found))),
        1,
    );
    let cluster = cluster(address, found);
    format!(
        "# The configuration of researchloop, as {place} answered.\n{before}{cluster}\n{studies}"
    )
}

fn cluster(address: &Address, found: &Discovered) -> String {
    let mut text = address.lines();
    let _ = writeln!(text, "scheduler_type = {}", quoted(found.scheduler.as_str()));
    text.push_str(&working_dir(&found.folders));
    text.push_str("max_concurrent_jobs = 4                 # more wait here until one is over\n");
    if !found.has_claude {
        text.push_str(
            "# Claude was not found on the login node. If it is not on the PATH of your login profile:\n\
             #claude_command = \"/path/to/claude --dangerously-skip-permissions\"\n",
        );
    }
    text.push_str(&match found.scheduler {
        SchedulerKind::Slurm => slurm(found),
        SchedulerKind::Sge => sge(found),
        SchedulerKind::Local => String::new(),
    });
    text
}

/// Where sprints go: the folder that the site names for large files, else the home folder.
fn working_dir(rooms: &[Room]) -> String {
    let line = |room: &Room| {
        let path = quoted(&format!("{}/researchloop", room.path.trim_end_matches('/')));
        let variable = room.variable.as_ref().map(|name| format!("${}", text::line(name)));
        let about: Vec<String> = variable
            .into_iter()
            .chain([room.about.clone()])
            .filter(|part| !part.is_empty())
            .collect();
        let line = format!("working_dir = {path}  # {}", about.join(", "));
        line.trim_end_matches([' ', '#']).to_owned()
    };
    let home = "working_dir = \"~/researchloop\"          # in your home folder";
    let is_scratch =
        |room: &&Room| room.variable.as_deref().is_some_and(|name| name.contains("SCRATCH"));
    let named = rooms.iter().find(is_scratch);
    let mut lines = match named {
        Some(room) => format!("{}\n#{home}\n", line(room)),
        None => format!("{home}\n"),
    };
    for room in rooms.iter().filter(|room| Some(*room) != named).take(MOST) {
        let _ = writeln!(lines, "#{}", line(room));
    }
    lines
}

/// The partition that jobs go to: the default one, else the first that takes them.
fn chosen(found: &Discovered) -> Option<&Queue> {
    found.offer.open().find(|queue| queue.is_default).or_else(|| found.offer.open().next())
}

/// The longest time of a job that goes where the configuration sends it, in seconds.
fn chosen_limit(found: &Discovered) -> Option<u64> {
    match found.scheduler {
        SchedulerKind::Slurm => chosen(found)?.most_seconds,
        // Grid Engine finds a queue that allows the time.
        SchedulerKind::Sge => {
            found.offer.open().map(|queue| queue.most_seconds.unwrap_or(u64::MAX)).max()
        }
        SchedulerKind::Local => None,
    }
}

/// Hours of a sprint, no more than this many seconds.
fn hours(limit: Option<u64>) -> String {
    match limit {
        Some(seconds) if seconds < HOURS * 3600 => {
            let hundredths = (seconds / 36).max(1);
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => HOURS.to_string(),
    }
}

fn slurm(found: &Discovered) -> String {
    let mut text = String::new();
    let of = |queue: &Queue, gpu: Option<&String>| {
        let mut options = format!("partition = {}", quoted(&queue.name));
        if let Some(gpu) = gpu {
            let _ = write!(options, ", gres = {}", quoted(gpu));
        }
        if queue.default_memory.is_some_and(|memory| memory < LITTLE_MEMORY) {
            let memory = queue.node_memory.unwrap_or(ENOUGH_MEMORY).min(ENOUGH_MEMORY);
            let _ = write!(options, ", mem = \"{memory}M\"");
        }
        format!("job_options = {{ {options} }}")
    };
    let chosen = chosen(found);
    if let Some(memory) =
        chosen.and_then(|queue| queue.default_memory).filter(|memory| *memory < LITTLE_MEMORY)
    {
        let _ = writeln!(
            text,
            "# A job that asks for no memory gets {memory} MB there, which is little."
        );
    }
    text.push_str("# Partitions:\n");
    for queue in found.offer.queues.iter().take(MOST) {
        let _ = writeln!(text, "#   {}: {}", queue.name, queue.about());
    }
    if let Some(queue) = chosen {
        let _ = writeln!(text, "{}", of(queue, None));
    }
    for queue in found.offer.open().take(MOST) {
        if queue.gpus.is_empty() && Some(queue) != chosen {
            let _ = writeln!(text, "#{}", of(queue, None));
        }
        for gpu in &queue.gpus {
            let _ = writeln!(text, "#{}", of(queue, Some(gpu)));
        }
    }
    text.push_str(&accounts("account", "account", found));
    text
}

fn sge(found: &Discovered) -> String {
    let mut text = String::new();
    for gpus in &found.offer.gpu_resources {
        let comment = if found.offer.gpu_resources.len() == 1 { "" } else { "#" };
        let _ = writeln!(
            text,
            "{comment}gpu_resource = {}  # counts GPUs, for GPU-hours",
            quoted(gpus)
        );
    }
    text.push_str("# Queues; a job that names none goes where it fits:\n");
    for queue in found.offer.queues.iter().take(MOST) {
        let _ = writeln!(text, "#   {}: {}", queue.name, queue.about());
    }
    for queue in found.offer.open().take(MOST) {
        let name = quoted(&queue.name);
        let _ = writeln!(text, "#job_options = {{ \"-q\" = {name} }}");
        for environment in queue.environments.iter().take(MOST) {
            let slots = quoted(&format!("{environment} 4"));
            let _ = writeln!(
                text,
                "#job_options = {{ \"-q\" = {name}, \"-pe\" = {slots} }}  # 4 slots"
            );
        }
    }
    for gpus in &found.offer.gpu_resources {
        let _ = writeln!(
            text,
            "#job_options = {{ \"-l\" = {} }}  # one GPU",
            quoted(&format!("{gpus}=1"))
        );
    }
    text.push_str(&accounts("project", "\"-P\"", found));
    text
}

/// The accounts that a job may be charged to, by this option as it stands in a table.
fn accounts(what: &str, option: &str, found: &Discovered) -> String {
    let mut text = String::new();
    let known = &found.offer.accounts;
    if known.len() < 2 && found.offer.default_account.is_some() || known.is_empty() {
        return text;
    }
    let default = match &found.offer.default_account {
        Some(default) => format!(" (without a choice: {default})"),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "# Add one of these to `job_options` to choose the {what} that is charged{default}:"
    );
    for account in known.iter().take(MOST) {
        let _ = writeln!(text, "#   {option} = {}", quoted(account));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Offer;

    #[test]
    fn a_sprint_asks_for_no_more_time_than_there_is() {
        assert_eq!(hours(None), "8");
        assert_eq!(hours(Some(7 * 86_400)), "8");
        assert_eq!(hours(Some(4 * 3600)), "4");
        assert_eq!(hours(Some(5400)), "1.5");
        assert_eq!(hours(Some(600)), "0.16");
    }

    #[test]
    fn what_was_found_stands_in_a_configuration_that_is_read() {
        let queue = |name: &str| Queue { name: name.to_owned(), ..Queue::default() };
        let slurm = Offer {
            queues: vec![
                Queue {
                    is_default: true,
                    most_seconds: Some(4 * 3600),
                    default_memory: Some(100),
                    node_memory: Some(4000),
                    ..queue("main")
                },
                Queue { gpus: vec!["gpu:a100:1".to_owned()], ..queue("gpu") },
                Queue { closed: Some("only for accounts \u{202e}x".to_owned()), ..queue("staff") },
            ],
            accounts: vec!["a".to_owned(), "b".to_owned()],
            default_account: Some("a".to_owned()),
            gpu_resources: Vec::new(),
        };
        let sge = Offer {
            queues: vec![Queue { environments: vec!["smp".to_owned()], ..queue("all.q") }],
            accounts: vec!["vision".to_owned()],
            gpu_resources: vec!["gpu".to_owned()],
            ..Offer::default()
        };
        let folders = vec![
            Room {
                variable: Some("WORK".to_owned()),
                path: "/w/\"me".to_owned(),
                about: String::new(),
            },
            Room {
                variable: Some("SCRATCH".to_owned()),
                path: "/s".to_owned(),
                about: "nfs".to_owned(),
            },
        ];
        let load = |text: &str| {
            let file = std::path::Path::new("/p/researchloop.toml");
            let home = crate::config::Environment::new([("HOME", "/home/me")]);
            let read = crate::config::load_text(file, text, &home, &|_, _| Vec::new());
            read.unwrap_or_else(|error| panic!("{error}\n{text}"))
        };
        let mut told = String::new();
        for (scheduler, offer) in [
            (SchedulerKind::Slurm, slurm),
            (SchedulerKind::Sge, sge),
            (SchedulerKind::Local, Offer::default()),
        ] {
            let found = Discovered {
                place: "me@hpc:22".to_owned(),
                scheduler,
                offer,
                folders: folders.clone(),
                has_claude: scheduler != SchedulerKind::Local,
            };
            let text = describe(&Address::parse("me@hpc").expect("a host"), &found);
            let read = load(&text);
            assert_eq!((read.clusters.len(), read.studies.len()), (1, 1), "{text}");

            // What is offered is read, too, when the mark is taken away.
            let without: String = text
                .lines()
                .filter(|line| !line.starts_with("job_options"))
                .map(|line| format!("{line}\n"))
                .collect();
            for line in text.lines().filter(|line| line.starts_with("#job_options = { ")) {
                let _ = load(&without.replacen(line, line.trim_start_matches('#'), 1));
            }
            let (_, rest) = text.split_once("[[cluster]]").expect("a cluster");
            told.push_str(rest.split_once("# What is studied").expect("studies").0);
        }
        assert_eq!(told.trim(), EXPECTED.trim());
    }

    const EXPECTED: &str = r##"
name = "hpc"
host = "hpc"
user = "me"
scheduler_type = "slurm"
working_dir = "/s/researchloop"  # $SCRATCH, nfs
#working_dir = "~/researchloop"          # in your home folder
#working_dir = '/w/"me/researchloop'  # $WORK
max_concurrent_jobs = 4                 # more wait here until one is over
# A job that asks for no memory gets 100 MB there, which is little.
# Partitions:
#   main: the default; at most 4h00m
#   gpu: no time limit
#   staff: no time limit; only for accounts x
job_options = { partition = "main", mem = "4000M" }
#job_options = { partition = "gpu", gres = "gpu:a100:1" }
# Add one of these to `job_options` to choose the account that is charged (without a choice: a):
#   account = "a"
#   account = "b"



name = "hpc"
host = "hpc"
user = "me"
scheduler_type = "sge"
working_dir = "/s/researchloop"  # $SCRATCH, nfs
#working_dir = "~/researchloop"          # in your home folder
#working_dir = '/w/"me/researchloop'  # $WORK
max_concurrent_jobs = 4                 # more wait here until one is over
gpu_resource = "gpu"  # counts GPUs, for GPU-hours
# Queues; a job that names none goes where it fits:
#   all.q: no time limit
#job_options = { "-q" = "all.q" }
#job_options = { "-q" = "all.q", "-pe" = "smp 4" }  # 4 slots
#job_options = { "-l" = "gpu=1" }  # one GPU
# Add one of these to `job_options` to choose the project that is charged:
#   "-P" = "vision"



name = "hpc"
host = "hpc"
user = "me"
scheduler_type = "local"
working_dir = "/s/researchloop"  # $SCRATCH, nfs
#working_dir = "~/researchloop"          # in your home folder
#working_dir = '/w/"me/researchloop'  # $WORK
max_concurrent_jobs = 4                 # more wait here until one is over
# Claude was not found on the login node. If it is not on the PATH of your login profile:
#claude_command = "/path/to/claude --dangerously-skip-permissions"
"##;
}
