//! SLURM job options: which are ours, which cannot be meant, and how one becomes a
//! directive that sbatch reads as exactly one argument.
//!
//! Sites extend sbatch with options of their own, so an unknown name passes when sbatch
//! could know it. Refused is what would break the sprint or what sbatch surely refuses.

use crate::domain::JobOptions;
use crate::domain::options::{OptionProblem, check_text};
use crate::domain::suggestion::nearest;

/// The one-letter names and their long forms.
const LETTERS: &[(&str, &str)] = &[
    ("A", "account"),
    ("B", "extra-node-info"),
    ("C", "constraint"),
    ("D", "chdir"),
    ("F", "nodefile"),
    ("G", "gpus"),
    ("H", "hold"),
    ("J", "job-name"),
    ("L", "licenses"),
    ("M", "clusters"),
    ("N", "nodes"),
    ("O", "overcommit"),
    ("Q", "quiet"),
    ("S", "core-spec"),
    ("V", "version"),
    ("W", "wait"),
    ("a", "array"),
    ("b", "begin"),
    ("c", "cpus-per-task"),
    ("d", "dependency"),
    ("e", "error"),
    ("h", "help"),
    ("i", "input"),
    ("k", "no-kill"),
    ("m", "distribution"),
    ("n", "ntasks"),
    ("o", "output"),
    ("p", "partition"),
    ("q", "qos"),
    ("s", "oversubscribe"),
    ("t", "time"),
    ("v", "verbose"),
    ("w", "nodelist"),
    ("x", "exclude"),
];

const OUTPUT: &str = "researchloop sets it: the output goes to job.log in the sprint's directory";
const TIME: &str =
    "researchloop sets it: use --time, or max_sprint_duration_hours in the configuration";
const NOT_A_JOB: &str = "it would keep sbatch from submitting a job";

/// Names that are ours, or that would break a sprint.
const OWNED: &[(&str, &str)] = &[
    ("array", "a sprint is one job, not an array"),
    ("chdir", "researchloop sets it: a job starts in its sprint's directory"),
    (
        "clusters",
        "jobs on another cluster could not be found again: make it a cluster of its own in the configuration, with its own host",
    ),
    ("error", OUTPUT),
    ("export-file", "variables belong to `environment` in the configuration"),
    ("gid", "a job runs as the user who submits it"),
    ("help", NOT_A_JOB),
    ("input", "a sprint's job reads no input"),
    ("job-name", "researchloop sets it: a job is found again by its name"),
    ("open-mode", OUTPUT),
    ("output", OUTPUT),
    ("parsable", "researchloop sets it"),
    ("quiet", "the answer of sbatch is needed"),
    ("test-only", NOT_A_JOB),
    ("time", TIME),
    ("time-min", TIME),
    ("uid", "a job runs as the user who submits it"),
    ("usage", NOT_A_JOB),
    ("version", NOT_A_JOB),
    ("wait", "sbatch would wait for the end of the job"),
    ("wrap", "researchloop writes the job script"),
];

/// Of each of these, sbatch takes only one, or they contradict each other.
const EXCLUSIVE: &[&[&str]] = &[
    &["mem", "mem-per-cpu", "mem-per-gpu"],
    &["cpus-per-task", "cpus-per-gpu"],
    &["core-spec", "thread-spec"],
    &["ntasks-per-gpu", "gpus-per-task"],
    &["ntasks-per-gpu", "ntasks-per-node"],
    &["exclusive", "oversubscribe"],
    &["requeue", "no-requeue"],
    &["nodelist", "nodefile"],
];

/// Names that take no value.
const FLAGS: &[&str] = &[
    "contiguous",
    "hold",
    "no-requeue",
    "overcommit",
    "oversubscribe",
    "reboot",
    "requeue",
    "spread-job",
    "use-min-nodes",
    "verbose",
    "ignore-pbs",
];

/// Other names of sbatch, for "did you mean" and to tell a name from an abbreviation.
const KNOWN: &[&str] = &[
    "account",
    "acctg-freq",
    "batch",
    "bb",
    "bbf",
    "begin",
    "cluster-constraint",
    "comment",
    "constraint",
    "container",
    "core-spec",
    "cores-per-socket",
    "cpu-freq",
    "cpus-per-gpu",
    "cpus-per-task",
    "deadline",
    "delay-boot",
    "dependency",
    "distribution",
    "exclude",
    "exclusive",
    "export",
    "extra-node-info",
    "get-user-env",
    "gpu-bind",
    "gpu-freq",
    "gpus",
    "gpus-per-node",
    "gpus-per-socket",
    "gpus-per-task",
    "gres",
    "gres-flags",
    "hint",
    "kill-on-invalid-dep",
    "licenses",
    "mail-type",
    "mail-user",
    "mcs-label",
    "mem",
    "mem-bind",
    "mem-per-cpu",
    "mem-per-gpu",
    "mincpus",
    "nice",
    "no-kill",
    "nodefile",
    "nodelist",
    "nodes",
    "ntasks",
    "ntasks-per-core",
    "ntasks-per-gpu",
    "ntasks-per-node",
    "ntasks-per-socket",
    "partition",
    "power",
    "prefer",
    "priority",
    "profile",
    "propagate",
    "qos",
    "reservation",
    "signal",
    "sockets-per-node",
    "switches",
    "thread-spec",
    "threads-per-core",
    "tmp",
    "tres-bind",
    "tres-per-task",
    "wait-all-nodes",
    "wckey",
    "x11",
];

/// What Grid Engine calls it, and what to write here.
const FOREIGN: &[(&str, &str)] = &[
    ("gpu", "gres = \"gpu:1\""),
    ("h_data", "mem = \"8G\""),
    ("h_rt", "--time on the command line, or max_sprint_duration_hours in the configuration"),
    ("h_vmem", "mem = \"8G\""),
    ("hold_jid", "dependency = \"afterok:JOB\""),
    ("j", "nothing: all output goes to job.log"),
    ("l", "one option a resource, such as mem = \"8G\" or gres = \"gpu:1\""),
    ("mem_free", "mem = \"8G\""),
    ("ngpus", "gres = \"gpu:1\""),
    ("P", "account = \"NAME\""),
    ("pe", "cpus-per-task = \"4\""),
    ("r", "requeue = \"true\""),
    ("s_rt", "signal = \"B:USR1@120\""),
    ("s_vmem", "mem = \"8G\""),
    ("virtual_free", "mem = \"8G\""),
];

/// The name as sbatch spells it in full: no dashes in front, no single letters.
pub(super) fn full_name(key: &str) -> &str {
    let bare = key.trim_start_matches('-');
    LETTERS.iter().find(|(letter, _)| *letter == bare).map_or(bare, |(_, name)| name)
}

/// Whether sbatch takes only one of these two options.
pub(super) fn excludes(one: &str, other: &str) -> bool {
    let (one, other) = (full_name(one), full_name(other));
    one != other && EXCLUSIVE.iter().any(|group| group.contains(&one) && group.contains(&other))
}

/// Everything that is wrong, in the order of the options.
pub(super) fn problems(options: &JobOptions) -> Vec<OptionProblem> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut problems = Vec::new();
    for (key, value) in options.iter().filter(|(_, value)| !value.is_empty()) {
        let name = full_name(key);
        let twin = seen
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(other, _)| format!("it is the same as {other:?}: give one of the two"));
        let rival = seen.iter().find(|(other, _)| excludes(key, other));
        let rival = rival.map(|(other, _)| {
            format!("sbatch takes only one of it and {other:?}: give one of the two")
        });
        seen.push((key, name));
        let found = match check_text(key, value) {
            Err(problem) => Some(problem.problem),
            Ok(()) => name_problem(name).or(twin).or(rival).or_else(|| value_problem(name, value)),
        };
        problems.extend(found.map(|problem| OptionProblem { key: key.to_owned(), problem }));
    }
    problems
}

/// Names that a plugin of the site may have brought, but that are nearly one that sbatch has.
pub(super) fn doubts(options: &JobOptions) -> Vec<OptionProblem> {
    let unknown = options.iter().filter(|(key, value)| {
        !value.is_empty() && !is_known(full_name(key)) && name_problem(full_name(key)).is_none()
    });
    let slips = unknown.filter_map(|(key, _)| {
        Some((key, nearest(full_name(key), KNOWN.iter().chain(FLAGS).copied())?))
    });
    slips
        // sbatch takes any beginning of a name.
        .filter(|(key, near)| !near.starts_with(full_name(key)))
        .map(|(key, near)| OptionProblem {
            key: key.to_owned(),
            problem: format!("sbatch has no such option of its own; did you mean {near:?}?"),
        })
        .collect()
}

/// Options of which one replaces the other, or that sbatch refuses beside each other, and the variables
/// that stand for them, without `SBATCH_`. Where an option is in no group, its variable is its own name.
const GROUPS: &[(&[&str], &[&str])] = &[
    (&["mem", "mem-per-cpu", "mem-per-gpu"], &["MEM_PER_NODE", "MEM_PER_CPU", "MEM_PER_GPU"]),
    (
        &["gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "gres", "tres-per-task"],
        &["GPUS", "GPUS_PER_NODE", "GPUS_PER_SOCKET", "GPUS_PER_TASK", "GRES", "TRES_PER_TASK"],
    ),
    (&["cpus-per-task", "cpus-per-gpu"], &["CPUS_PER_TASK", "CPUS_PER_GPU"]),
    (&["requeue", "no-requeue"], &["REQUEUE", "NO_REQUEUE"]),
    (&["exclusive", "oversubscribe"], &["EXCLUSIVE", "OVERSUBSCRIBE"]),
    (&["core-spec", "thread-spec"], &["CORE_SPEC", "THREAD_SPEC"]),
    (
        &[
            "hint",
            "threads-per-core",
            "ntasks-per-core",
            "ntasks-per-socket",
            "extra-node-info",
            "sockets-per-node",
            "cores-per-socket",
        ],
        &["HINT", "THREADS_PER_CORE"],
    ),
    (&["switches"], &["REQ_SWITCH", "WAIT4SWITCH"]),
    (&["bb", "bbf"], &["BURST_BUFFER"]),
    (&["cpu-freq"], &["CPU_FREQ_REQ"]),
];

/// The variables of the environment that would overrule these options: sbatch believes them more than the
/// lines of a script.
pub(super) fn variables(options: &JobOptions) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in options
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, _)| whole_name(full_name(key)))
    {
        let own = name.to_uppercase().replace('-', "_");
        let of_group = GROUPS
            .iter()
            .filter(|(names, _)| names.contains(&name))
            .flat_map(|(_, variables)| variables.iter().copied());
        for variable in std::iter::once(own.as_str())
            .chain(of_group)
            .map(|variable| format!("SBATCH_{variable}"))
        {
            if !found.contains(&variable) {
                found.push(variable);
            }
        }
    }
    found
}

/// sbatch takes any beginning of a name that no other one has.
fn whole_name(name: &str) -> &str {
    let mut longer = KNOWN.iter().chain(FLAGS).filter(|known| known.starts_with(name));
    match (is_known(name), longer.next(), longer.next()) {
        (false, Some(one), None) => one,
        _ => name,
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || FLAGS.contains(&name)
}

fn name_problem(name: &str) -> Option<String> {
    if let Some((_, advice)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return Some((*advice).to_owned());
    }
    if let Some((_, advice)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        return Some(format!("that is a Grid Engine option; on SLURM write {advice}"));
    }
    if is_known(name) {
        return None;
    }
    let plausible = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plausible {
        let near = nearest(&name.replace('_', "-"), KNOWN.iter().chain(FLAGS).copied());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        return Some(format!(
            "sbatch has no such option: names are lower-case words with dashes{hint}"
        ));
    }
    // sbatch takes any unambiguous beginning of a name: "out" would be --output.
    let (owned, advice) = OWNED.iter().find(|(owned, _)| owned.starts_with(name))?;
    Some(format!("sbatch would read it as --{owned}; {advice}"))
}

fn value_problem(name: &str, value: &str) -> Option<String> {
    if value.contains(['"', '\'', '\\']) {
        return Some("quotes and backslashes cannot be part of a value".to_owned());
    }
    if matches!(value, "false" | "no") && (FLAGS.contains(&name) || name == "exclusive") {
        return Some("it has no value to turn it off: leave it out, or set it to \"\" to remove what an earlier layer says".to_owned());
    }
    (FLAGS.contains(&name) && !is_true(value))
        .then(|| "it takes no value: write \"true\"".to_owned())
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "yes" | "1")
}

/// The options as arguments of a directive, one each.
pub(super) fn arguments(options: &JobOptions) -> Vec<String> {
    let argument = |(key, value): (&str, &str)| {
        let name = full_name(key);
        if value == "true" || (FLAGS.contains(&name) && is_true(value)) {
            return format!("--{name}");
        }
        // Unquoted, a blank ends the argument and # the line. Inside of double quotes
        // sbatch expands nothing.
        let plain =
            value.chars().all(|c| c.is_ascii_alphanumeric() || "_.,:=/@%+-*[]&|!()^".contains(c));
        if plain { format!("--{name}={value}") } else { format!("--{name}=\"{value}\"") }
    };
    options.iter().filter(|(_, value)| !value.is_empty()).map(argument).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Scheduler as _;
    use crate::scheduler::slurm::Slurm;

    fn problem_of(key: &str, value: &str) -> String {
        problems(&[(key, value)].into_iter().collect())
            .pop()
            .map(|problem| problem.problem)
            .unwrap_or_default()
    }

    #[test]
    fn a_name_that_is_nearly_one_is_doubted() {
        let options: JobOptions = [
            ("cpu-per-task", "4"),
            ("site-flag", "x"),
            ("partiton", "gpu"),
            ("mem", "8G"),
            ("time-mi", "1"),
            ("memm", ""),
            ("p", "x"),
        ]
        .into_iter()
        .collect();
        let doubted: Vec<String> = doubts(&options)
            .into_iter()
            .map(|doubt| format!("{}: {}", doubt.key, doubt.problem))
            .collect();
        assert_eq!(
            doubted,
            [
                "cpu-per-task: sbatch has no such option of its own; did you mean \"cpus-per-task\"?",
                "partiton: sbatch has no such option of its own; did you mean \"partition\"?"
            ]
        );
    }

    #[test]
    fn options_become_one_argument_each() {
        let options: JobOptions = [
            ("gres", "gpu:a100:1"),
            ("--mem", "8G"),
            ("-p", "long,short"),
            ("requeue", "true"),
            ("comment", "a b # $HOME `id`"),
            ("exclusive", "true"),
            ("constraint", "[rack1|rack2]&ib"),
            ("site-flag", "x"),
            ("wckey", "a#b"),
            ("nice", ""),
        ]
        .into_iter()
        .collect();
        assert_eq!(problems(&options), []);
        assert_eq!(
            arguments(&options),
            [
                "--gres=gpu:a100:1",
                "--mem=8G",
                "--partition=long,short",
                "--requeue",
                "--comment=\"a b # $HOME `id`\"",
                "--exclusive",
                "--constraint=[rack1|rack2]&ib",
                "--site-flag=x",
                "--wckey=\"a#b\"",
            ]
        );
    }

    #[test]
    fn an_option_overrules_every_variable_that_speaks_of_the_same() {
        let of = |key: &str| variables(&[(key, "x")].into_iter().collect()).join(" ");
        for (key, names) in [
            ("partition", "SBATCH_PARTITION"),
            ("-p", "SBATCH_PARTITION"),
            ("parti", "SBATCH_PARTITION"),
            ("mem-per-cpu", "SBATCH_MEM_PER_CPU SBATCH_MEM_PER_NODE SBATCH_MEM_PER_GPU"),
            ("no-requeue", "SBATCH_NO_REQUEUE SBATCH_REQUEUE"),
            ("site-flag", "SBATCH_SITE_FLAG"),
            ("switches", "SBATCH_SWITCHES SBATCH_REQ_SWITCH SBATCH_WAIT4SWITCH"),
        ] {
            assert_eq!(of(key), names, "{key}");
        }
        assert!(
            of("gres").contains("SBATCH_GPUS ") && of("G").contains("SBATCH_GRES"),
            "{} {}",
            of("gres"),
            of("G")
        );
        assert_eq!(
            variables(&[("account", "")].into_iter().collect()),
            Vec::<String>::new(),
            "one that is removed is not configured"
        );
    }

    #[test]
    fn what_is_ours_is_refused_under_every_name() {
        for key in [
            "output", "--output", "-o", "o", "out", "job-name", "J", "job", "error", "wrap", "wr",
            "array", "a", "arr", "chdir", "D", "uid", "parsable", "wait",
        ] {
            assert!(!problem_of(key, "x").is_empty(), "{key}");
        }
        assert!(problem_of("t", "4:00:00").contains("max_sprint_duration_hours"));
        assert!(problem_of("time", "4:00:00").contains("--time"));
        assert!(problem_of("clusters", "b").contains("cluster of its own"));
        assert!(problem_of("out", "x").contains("--output"));
    }

    #[test]
    fn every_known_name_passes() {
        for name in KNOWN {
            assert_eq!(problem_of(name, "5"), "", "{name}");
        }
        for name in FLAGS {
            assert_eq!(problem_of(name, "true"), "", "{name}");
            assert!(problem_of(name, "5").contains("no value"), "{name}");
            assert!(problem_of(name, "false").contains("leave it out"), "{name}");
        }
    }

    #[test]
    fn grid_engine_options_are_translated() {
        assert!(problem_of("h_vmem", "8G").contains("mem = \"8G\""));
        assert!(problem_of("-l", "gpu=1").contains("gres"));
        assert!(problem_of("-pe", "smp 4").contains("cpus-per-task"));
        assert!(problem_of("-P", "p").contains("account"));
    }

    #[test]
    fn names_that_sbatch_cannot_know_are_refused_with_the_nearest() {
        assert!(problem_of("cpus_per_task", "4").contains("did you mean \"cpus-per-task\"?"));
        assert!(problem_of("Mem", "4").contains("did you mean \"mem\"?"));
        for key in ["-", "--", "Z", "mem=4G --wrap", "a b", "ü", "-1"] {
            assert!(!problem_of(key, "x").is_empty(), "{key:?}");
        }
        // A plugin of the site may know it.
        assert_eq!(problem_of("container-image", "x.sqsh"), "");
    }

    #[test]
    fn values_cannot_leave_their_argument() {
        for value in ["a\" --wrap=\"x", "a' b", "a\\", "a\n#SBATCH --wrap=x", "a\rb"] {
            assert!(!problem_of("comment", value).is_empty(), "{value:?}");
        }
    }

    #[test]
    fn of_two_that_exclude_each_other_the_later_layer_counts() {
        let layer = |pairs: &[(&str, &str)]| -> JobOptions { pairs.iter().copied().collect() };
        let cluster =
            layer(&[("mem", "8G"), ("requeue", "true"), ("c", "4"), ("partition", "main")]);
        for (later, expected) in [
            (layer(&[("mem-per-cpu", "2G")]), "requeue c partition mem-per-cpu"),
            (
                layer(&[("--mem-per-gpu", "2G"), ("no-requeue", "true")]),
                "c partition --mem-per-gpu no-requeue",
            ),
            (layer(&[("cpus-per-gpu", "2")]), "mem requeue partition cpus-per-gpu"),
            // What is switched off excludes nothing.
            (layer(&[("mem-per-cpu", "")]), "mem requeue c partition"),
            (layer(&[("mem", "1G")]), "mem requeue c partition"),
        ] {
            let laid = Slurm.lay(&cluster, &later);
            assert_eq!(
                laid.iter().map(|(key, _)| key).collect::<Vec<_>>().join(" "),
                expected,
                "{later:?}"
            );
            assert_eq!(problems(&laid), [], "{later:?}");
        }
        // In one layer, both places are named.
        for (one, other) in [
            ("mem", "mem-per-cpu"),
            ("--mem-per-gpu", "mem"),
            ("S", "thread-spec"),
            ("exclusive", "s"),
            ("w", "F"),
        ] {
            let value = |key: &str| {
                if matches!(full_name(key), "exclusive" | "oversubscribe") { "true" } else { "1" }
            };
            let found = problems(&layer(&[(one, value(one)), (other, value(other))]));
            assert!(
                matches!(&found[..], [problem] if problem.key == other && problem.problem.contains(&format!("{one:?}"))),
                "{one} {other}: {found:?}"
            );
        }
        assert_eq!(problems(&layer(&[("mem", "1G"), ("mem-per-cpu", "")])), []);
    }

    #[test]
    fn one_option_under_two_names_is_named() {
        let found = problems(&[("partition", "a"), ("-p", "b")].into_iter().collect());
        assert_eq!(
            found,
            [OptionProblem {
                key: "-p".to_owned(),
                problem: "it is the same as \"partition\": give one of the two".to_owned()
            }]
        );
    }
}
