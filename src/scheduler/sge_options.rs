//! Grid Engine job options: which are ours, which belong to SLURM, and how one becomes a
//! directive that qsub reads as exactly one option.
//!
//! Grid Engine has several descendants with options of their own, so an unknown name
//! passes unless qsub surely refuses it. Names count with and without a dash in front.

use crate::domain::JobOptions;
use crate::domain::options::{OptionProblem, check_text};

const OUTPUT: &str = "researchloop sets it: the output goes to job.log in the sprint's directory";
const TIME: &str =
    "researchloop sets it: use --time, or max_sprint_duration_hours in the configuration";
const FOLDER: &str = "researchloop sets it: a job starts in its sprint's directory";
const NOT_A_JOB: &str = "it would keep qsub from submitting a job";
const ARRAY: &str = "a sprint is one job, not an array";
const SCRIPT: &str = "researchloop writes the job script";

/// Names that are ours, or that would break a sprint.
const OWNED: &[(&str, &str)] = &[
    ("@", SCRIPT),
    ("C", SCRIPT),
    ("N", "researchloop sets it: a job is found again by its name"),
    ("S", SCRIPT),
    ("b", SCRIPT),
    ("clear", "it would remove what researchloop sets"),
    ("cwd", FOLDER),
    ("e", OUTPUT),
    ("help", NOT_A_JOB),
    ("hold_jid_ad", ARRAY),
    ("i", "a sprint's job reads no input"),
    ("j", OUTPUT),
    ("notify", "researchloop sets it: a job is warned before it is killed"),
    ("o", OUTPUT),
    ("pty", "a sprint's job has no terminal"),
    ("shell", SCRIPT),
    ("sync", "qsub would wait for the end of the job"),
    ("t", ARRAY),
    ("tc", ARRAY),
    ("terse", "researchloop sets it"),
    ("verify", NOT_A_JOB),
    ("wd", FOLDER),
];

/// What SLURM calls it, and what to write here.
const FOREIGN: &[(&str, &str)] = &[
    ("account", "P = \"PROJECT\" (or A = \"NAME\" for the accounting string)"),
    ("array", "nothing: a sprint is one job"),
    ("begin", "a = \"YYYYMMDDhhmm\""),
    ("c", "pe = \"smp 4\" (the site names its parallel environments)"),
    ("constraint", "l = \"RESOURCE=VALUE\""),
    ("cpus", "pe = \"smp 4\" (the site names its parallel environments)"),
    ("cpus-per-task", "pe = \"smp 4\" (the site names its parallel environments)"),
    ("dependency", "hold_jid = \"JOB\""),
    ("exclude", "l = \"hostname=!NODE\""),
    ("exclusive", "l = \"exclusive=true\", where the site has it"),
    ("export", "v = \"NAME=VALUE\""),
    ("gpus", "l = \"gpu=1\" (the site names its resources)"),
    ("gres", "l = \"gpu=1\" (the site names its resources)"),
    ("job-name", "nothing: researchloop names its jobs"),
    ("licenses", "l = \"NAME=1\""),
    ("mail-type", "m = \"be\""),
    ("mail-user", "M = \"ADDRESS\""),
    ("mem", "l = \"h_vmem=8G\""),
    ("mem-per-cpu", "l = \"h_vmem=8G\""),
    ("n", "pe = \"smp 4\" (the site names its parallel environments)"),
    ("nodelist", "l = \"hostname=NODE\""),
    ("nodes", "pe = \"smp 4\": a sprint runs on one node"),
    ("ntasks", "pe = \"smp 4\" (the site names its parallel environments)"),
    ("output", "nothing: all output goes to job.log"),
    ("partition", "q = \"QUEUE\""),
    ("qos", "q = \"QUEUE\" or P = \"PROJECT\", whichever the site uses"),
    ("requeue", "r = \"y\""),
    ("reservation", "ar = \"ID\""),
    ("signal", "l = \"s_rt=HH:MM:SS\", which sends USR1"),
    ("time", "--time on the command line, or max_sprint_duration_hours in the configuration"),
];

/// Resources that people give as options of their own.
const RESOURCES: &[&str] = &[
    "arch",
    "gpu",
    "gpus_per_core",
    "h_data",
    "h_rss",
    "h_vmem",
    "hostname",
    "mem_free",
    "mem_total",
    "mf",
    "ngpus",
    "num_proc",
    "ram_free",
    "s_rt",
    "s_vmem",
    "tmpfs",
    "vf",
    "virtual_free",
];

/// Names that take no value.
const FLAGS: &[&str] = &["V", "h", "hard", "noshell", "nostdin", "soft"];

/// Names whose value is `y` or `n`.
const YES_NO: &[&str] = &["R", "now", "r"];

/// The name as qsub knows it: without dashes in front.
pub(super) fn bare(key: &str) -> &str {
    key.trim_start_matches('-')
}

/// Everything that is wrong, in the order of the options.
pub(super) fn problems(options: &JobOptions) -> Vec<OptionProblem> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut problems = Vec::new();
    for (key, value) in options.iter().filter(|(_, value)| !value.is_empty()) {
        let name = bare(key);
        let twin = seen
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(other, _)| format!("it is the same as {other:?}: give one of the two"));
        seen.push((key, name));
        let found = match check_text(key, value) {
            Err(problem) => Some(problem.problem),
            Ok(()) => name_problem(name, value).or(twin).or_else(|| value_problem(name, value)),
        };
        problems.extend(found.map(|problem| OptionProblem { key: key.to_owned(), problem }));
    }
    problems
}

fn name_problem(name: &str, value: &str) -> Option<String> {
    let listed = |list: &[(&str, &str)]| {
        list.iter().find(|(known, _)| *known == name).map(|(_, advice)| (*advice).to_owned())
    };
    if let Some(advice) = listed(OWNED) {
        return Some(advice);
    }
    if let Some(advice) = listed(FOREIGN) {
        return Some(format!("that is a SLURM option; on Grid Engine write {advice}"));
    }
    if name == "h_rt" {
        return Some(TIME.to_owned());
    }
    if RESOURCES.contains(&name) {
        return Some(format!(
            "that is a resource, not an option: write l = \"{name}={value}\" (several with commas between them)"
        ));
    }
    if name.contains('-') {
        return Some("qsub has no such option; that looks like one of SLURM".to_owned());
    }
    let plausible = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (!plausible)
        .then(|| "qsub has no such option: names are letters such as l, pe, q or P".to_owned())
}

fn value_problem(name: &str, value: &str) -> Option<String> {
    if value.contains(['"', '\'', '\\', '#', '`']) {
        return Some("quotes, backslashes and # cannot be part of a value".to_owned());
    }
    if FLAGS.contains(&name) {
        return (!is_true(value))
            .then(|| "it takes no value: write \"true\", or leave it out".to_owned());
    }
    if YES_NO.contains(&name) {
        return yes_or_no(value).is_none().then(|| "expected \"y\" or \"n\"".to_owned());
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    match name {
        "pe" => {
            let fits = matches!(words[..], [pe, slots] if !pe.starts_with('-') && slots.bytes().all(|b| b.is_ascii_digit() || b"-,".contains(&b)) && slots.as_bytes()[0] != b'-');
            return (!fits).then(|| {
                "expected a parallel environment and a number of slots, such as \"smp 4\""
                    .to_owned()
            });
        }
        // The others make qsub check the job and submit none.
        "w" => {
            return (!matches!(value, "e" | "w" | "n")).then(|| {
                "expected \"e\", \"w\" or \"n\": with the others qsub submits no job".to_owned()
            });
        }
        "p" => {
            return value
                .parse::<i32>()
                .is_err()
                .then(|| "it is the priority, a number; a queue is q = \"QUEUE\"".to_owned());
        }
        "binding"
            if words.len() == 2
                && matches!(words[0], "env" | "pe" | "set")
                && !words[1].starts_with('-') =>
        {
            return None;
        }
        _ => {}
    }
    // qsub would take a second word, or one with a dash, for another option.
    if words.len() != 1 || value.starts_with('-') {
        return Some("expected one word without blanks".to_owned());
    }
    let asks_for_time =
        name == "l" && value.split(',').any(|part| matches!(part.split('=').next(), Some("h_rt")));
    asks_for_time.then(|| format!("h_rt: {TIME}"))
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "yes" | "y" | "1")
}

fn yes_or_no(value: &str) -> Option<&'static str> {
    match value {
        "y" | "yes" | "true" => Some("y"),
        "n" | "no" | "false" => Some("n"),
        _ => None,
    }
}

/// The options as arguments of a directive, one each.
pub(super) fn arguments(options: &JobOptions) -> Vec<String> {
    let argument = |(key, value): (&str, &str)| {
        let name = bare(key);
        if FLAGS.contains(&name) || (value == "true" && !YES_NO.contains(&name)) {
            return format!("-{name}");
        }
        let value =
            if YES_NO.contains(&name) { yes_or_no(value).unwrap_or(value) } else { value.trim() };
        format!("-{name} {value}")
    };
    options.iter().filter(|(_, value)| !value.is_empty()).map(argument).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(key: &str, value: &str) -> String {
        problems(&[(key, value)].into_iter().collect())
            .pop()
            .map(|problem| problem.problem)
            .unwrap_or_default()
    }

    #[test]
    fn options_become_one_argument_each() {
        let options: JobOptions = [
            ("-l", "gpu=1,h_vmem=8G"),
            ("pe", "smp 4"),
            ("q", "*@@gpu"),
            ("-P", "vision"),
            ("p", "-100"),
            ("r", "true"),
            ("V", "true"),
            ("hold_jid", "12,13"),
            ("jc", "gpu.small"),
            ("M", ""),
        ]
        .into_iter()
        .collect();
        assert_eq!(problems(&options), []);
        assert_eq!(
            arguments(&options),
            [
                "-l gpu=1,h_vmem=8G",
                "-pe smp 4",
                "-q *@@gpu",
                "-P vision",
                "-p -100",
                "-r y",
                "-V",
                "-hold_jid 12,13",
                "-jc gpu.small"
            ]
        );
    }

    #[test]
    fn slurm_options_are_translated() {
        for (key, value, text) in [
            ("gres", "gpu:1", "l = \"gpu=1\""),
            ("mem", "8G", "l = \"h_vmem=8G\""),
            ("--cpus-per-task", "4", "pe = \"smp 4\""),
            ("partition", "gpu", "q = \"QUEUE\""),
            ("account", "a", "P = \"PROJECT\""),
            ("qos", "a", "q = \"QUEUE\" or P"),
            ("time", "4:00:00", "max_sprint_duration_hours"),
            ("mail-user", "a@b", "M = \"ADDRESS\""),
            ("p", "gpu", "a queue is q"),
            ("ntasks-per-node", "1", "looks like one of SLURM"),
        ] {
            let problem = problem_of(key, value);
            assert!(problem.contains(text), "{key}: {problem}");
        }
        for (name, _) in FOREIGN {
            assert!(!problem_of(name, "1").is_empty(), "{name}");
        }
    }

    #[test]
    fn a_check_in_place_of_a_submission_is_refused() {
        assert!(
            problem_of("w", "v").contains("submits no job")
                && problem_of("-w", "p").contains("submits no job")
        );
        assert_eq!(
            (problem_of("w", "e"), problem_of("w", "n"), problem_of("w", "w")),
            Default::default()
        );
    }

    #[test]
    fn resources_belong_to_l() {
        assert!(problem_of("h_vmem", "8G").contains("l = \"h_vmem=8G\""));
        assert!(problem_of("gpu", "1").contains("l = \"gpu=1\""));
    }

    #[test]
    fn what_is_ours_is_refused() {
        for (name, _) in OWNED {
            assert!(
                !problem_of(name, "1").is_empty()
                    && !problem_of(&format!("-{name}"), "1").is_empty(),
                "{name}"
            );
        }
        for (key, value) in [("l", "h_rt=99:00:00"), ("-l", "gpu=1,h_rt=1:0:0"), ("h_rt", "1:0:0")]
        {
            assert!(problem_of(key, value).contains("max_sprint_duration_hours"), "{key}");
        }
        assert_eq!(problem_of("l", "s_rt=00:10:00"), "");
    }

    #[test]
    fn values_cannot_become_another_option() {
        for (key, value) in [
            ("l", "gpu=1 -sync y"),
            ("q", "-sync"),
            ("pe", "smp -4"),
            ("pe", "smp"),
            ("pe", "smp 4 -t"),
            ("pe", "smp four"),
            ("pe", "-t 1"),
            ("A", "a\nb"),
            ("A", "a\\"),
            ("A", "a # b"),
            ("ac", "\"k=v w\""),
            ("A", " "),
            ("r", "maybe"),
            ("V", "no"),
            ("p", "1 -sync y"),
        ] {
            assert!(!problem_of(key, value).is_empty(), "{key} {value:?}");
        }
        for key in ["-", "a b", "ü", "1", "l\tx"] {
            assert!(!problem_of(key, "x").is_empty(), "{key:?}");
        }
        assert!(problems(&[("l", "a=1"), ("-l", "b=1")].into_iter().collect()).len() == 1);
    }
}
