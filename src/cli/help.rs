//! What `--help` and the manual pages say beside the options: groups of commands, examples, and the
//! sections that belong to all of it.

use clap::Command;

/// Commands in groups, those that matter most first.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Every day", &["run", "watch", "ls", "open", "status"]),
    ("Sprints", &["show", "log", "cancel", "sprint"]),
    ("What comes next", &["task", "plan", "loop", "inbox", "reply"]),
    ("Set up", &["demo", "init", "check", "study", "cluster", "auto", "config"]),
    ("More", &["tick", "cron", "completions", "man", "help"]),
];

/// The same below `task`: what people type, and what agents that work on tasks do.
const TASK_GROUPS: [(&str, &[&str]); 2] = [
    (
        "Commands",
        &["add", "list", "show", "graph", "next", "edit", "retry", "cancel", "import", "help"],
    ),
    ("For who works on a task", &["claim", "heartbeat", "release", "done", "fail"]),
];

/// An example of each command, with what it does; the command stands without the program's name.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    ("demo", &[("demo", "a whole sprint here, with a scripted agent")]),
    (
        "init",
        &[
            ("init", "a project in this folder"),
            ("init my-project", "in a new one"),
            ("init my-project --host hpc", "asks the login node `hpc` what it offers"),
        ],
    ),
    ("check", &[("check", "what differs from the defaults, then every cluster")]),
    (
        "run",
        &[
            ("run \"Does momentum help?\" --watch", "in the only study, with a live screen"),
            (
                "run \"Does momentum help?\" -s sgd --time 6h -o gres=gpu:1",
                "with more time and a GPU",
            ),
        ],
    ),
    ("watch", &[("watch", "the newest sprint that runs"), ("watch sp-1a2b3c", "this one")]),
    ("ls", &[("ls", "the newest sprints"), ("ls -s sgd --status failed", "those that failed")]),
    ("show", &[("show", "the newest sprint"), ("show 1a2b", "by a part of its id")]),
    (
        "open",
        &[("open", "the newest result, in your browser"), ("open 1a2b --term", "as text here")],
    ),
    ("log", &[("log --follow", "of the newest sprint, until it ends")]),
    ("cancel", &[("cancel", "the only sprint that runs; of several you choose")]),
    ("config check", &[("config check --all", "every value with its source")]),
    ("study list", &[("study list", "all studies")]),
    ("study show", &[("study show sgd", "what it is after, and its newest sprints")]),
    ("study leaderboard", &[("study leaderboard sgd", "its sprints, the best first")]),
    ("study findings", &[("study findings sgd --search momentum", "what was found about that")]),
    ("study open", &[("study open sgd", "everything about it on one page")]),
    ("study init", &[("study init sgd", "a new study")]),
    (
        "study set",
        &[("study set -s sgd model=opus job_options.mem=64G", "the model, and more memory")],
    ),
    ("cluster list", &[("cluster list", "the clusters of the configuration")]),
    ("cluster check", &[("cluster check hpc", "connection, scheduler, folder, Claude")]),
    ("cluster setup", &[("cluster setup hpc", "makes its host known, puts the runner there")]),
    ("sprint run", &[("sprint run \"Does momentum help?\" -s sgd", "submits one sprint")]),
    ("sprint list", &[("sprint list -n 50", "the newest 50")]),
    ("sprint show", &[("sprint show sp-1a2b3c", "one sprint")]),
    ("sprint watch", &[("sprint watch sp-1a2b3c", "a live screen until it ends")]),
    ("sprint log", &[("sprint log sp-1a2b3c --step research", "one step of it")]),
    ("sprint fetch", &[("sprint fetch sp-1a2b3c --all", "every file")]),
    ("sprint cancel", &[("sprint cancel sp-1a2b3c", "ends it, and waits for that")]),
    (
        "sprint tweak",
        &[(
            "sprint tweak sp-1a2b3c \"make the axis of figure 2 logarithmic\"",
            "a small follow-up",
        )],
    ),
    ("sprint resubmit", &[("sprint resubmit sp-1a2b3c -o mem=64G", "again, with more memory")]),
    ("sprint delete", &[("sprint delete sp-1a2b3c --remote", "here and on the cluster")]),
    (
        "task add",
        &[("task add \"Why does it not?\" --needs t-1a2b3c:refuted", "once that is refuted")],
    ),
    ("task list", &[("task list --all", "those that are over, too")]),
    ("task show", &[("task show t-1a2b3c", "what it needs, and its attempts")]),
    ("task edit", &[("task edit t-1a2b3c -p p0", "makes it urgent")]),
    ("task next", &[("task next", "what comes next")]),
    ("task claim", &[("task claim t-1a2b3c --as me --ttl 2h", "takes it for two hours")]),
    ("task heartbeat", &[("task heartbeat t-1a2b3c --token 3", "keeps it")]),
    ("task release", &[("task release t-1a2b3c --token 3", "gives it back")]),
    ("task done", &[("task done t-1a2b3c --verdict supported", "says what came out")]),
    ("task fail", &[("task fail t-1a2b3c --token 3 --reason \"no data\"", "says that it failed")]),
    ("task retry", &[("task retry t-1a2b3c", "tries it again")]),
    ("task cancel", &[("task cancel t-1a2b3c", "leaves it undone")]),
    ("task import", &[("task import tasks.yaml -s sgd", "adds the tasks of a file")]),
    ("task graph", &[("task graph -s sgd", "what waits for what")]),
    (
        "plan",
        &[(
            "plan \"Find out why the loss diverges\" -s sgd",
            "proposes tasks, adds them if you agree",
        )],
    ),
    (
        "loop start",
        &[(
            "loop start -s sgd -n 10 --max-cost 60 --target \"accuracy>=0.95\"",
            "up to ten sprints",
        )],
    ),
    ("loop list", &[("loop list", "the running ones first")]),
    ("loop show", &[("loop show loop-1a2b3c", "what it did, and why it waits")]),
    ("loop edit", &[("loop edit loop-1a2b3c -n 20", "more sprints")]),
    ("loop stop", &[("loop stop loop-1a2b3c --now", "cancels its jobs, too")]),
    ("loop resume", &[("loop resume loop-1a2b3c", "lets it go on")]),
    ("inbox", &[("inbox", "what waits for you, with the commands that answer it")]),
    ("reply", &[("reply m-1a2b3c \"the second data set\"", "answers a question")]),
    ("auto on", &[("auto on --every 15m", "every 15 minutes")]),
    ("auto off", &[("auto off", "nothing goes on by itself any more")]),
    ("auto status", &[("auto status", "whether it is on, and when it last ran")]),
    ("cron install", &[("cron install --every 15m", "a tick every 15 minutes")]),
    ("cron show", &[("cron show", "the line, the last tick, what went wrong")]),
    ("cron remove", &[("cron remove", "takes the line out again")]),
    ("status", &[("status", "everything on one screen")]),
    ("tick", &[("tick", "once"), ("tick --watch", "until interrupted")]),
    (
        "completions",
        &[(
            "completions bash > ~/.local/share/bash-completion/completions/researchloop",
            "for bash",
        )],
    ),
    ("man", &[("man --to ~/.local/share/man/man1", "for `man researchloop-run`")]),
];

/// What belongs to every command.
const SECTIONS: &str = "\
Environment:
  RESEARCHLOOP_CONFIG          the configuration file, as with --config
  RESEARCHLOOP_DB_PATH         the database, before `db_path`
  RESEARCHLOOP_ARTIFACT_DIR    the folder for results, before `artifact_dir`
  RESEARCHLOOP_KEY_PASSPHRASE  the passphrase of the SSH key
  NO_COLOR, COLUMNS, TZ        as usual

Files:
  researchloop.toml            the configuration, here or in a folder above
  researchloop.db              everything that is known
  artifacts/ID/                what was fetched of a sprint

Exit status:
  0  success; of what follows a sprint: it completed
  1  failed, or the answer is bad; also what the cluster did not answer
  2  wrong usage, or an id that fits several things
  3  there is no such thing, or no configuration
  4  it cannot be done in this state, or somebody else holds it
  5  a limit is reached: money, GPU-hours
  6  it waits: for an answer, a free slot, the end of a job
  130, 143  interrupted, terminated; the job goes on

Start with `researchloop demo`: it needs no cluster, no Claude and no network.";

/// The command line with groups, examples and sections.
pub fn with_help(command: Command) -> Command {
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}\nGlobal options:\n{{options}}{{after-help}}",
        groups(&command, &GROUPS)
    );
    let command = below(command, "").help_template(template).after_help(SECTIONS);
    command.mut_subcommand("task", |task| {
        let template = format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}\nGlobal options:\n{{options}}",
            groups(&task, &TASK_GROUPS)
        );
        task.help_template(template)
    })
}

/// Adds the examples of all commands below one.
fn below(mut command: Command, path: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |one| match examples(&path) {
            Some(text) => one.after_help(text),
            None => below(one, &path),
        });
    }
    command
}

/// The examples of a command as a section of its page.
fn examples(path: &str) -> Option<String> {
    let (_, examples) = EXAMPLES.iter().find(|(name, _)| *name == path)?;
    let mut text = "Examples:".to_owned();
    for (line, what) in *examples {
        text.push_str(&format!("\n  researchloop {line}\n      {what}"));
    }
    Some(text)
}

/// The list of commands, in groups.
fn groups(command: &Command, groups: &[(&str, &[&str])]) -> String {
    let mut text = String::new();
    for (heading, names) in groups {
        text.push_str(&format!("{heading}:\n"));
        for name in *names {
            let about = command
                .find_subcommand(name)
                .and_then(Command::get_about)
                .map_or_else(|| "Print help, also for one command".to_owned(), ToString::to_string);
            text.push_str(&format!("  {name:<12}{about}\n"));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path = format!("{path} {}", below.get_name()).trim().to_owned();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let command = super::super::command();
        let mut found = Vec::new();
        leaves(&command, "", &mut found);
        for path in &found {
            assert!(EXAMPLES.iter().any(|(name, _)| name == path), "{path} has no example");
        }
        for (name, examples) in EXAMPLES {
            assert!(found.iter().any(|path| path == name), "there is no command {name}");
            for (line, _) in *examples {
                // What a shell does with the output is no argument.
                let line = line.split(" > ").next().unwrap_or_default();
                let words = shell_words::split(line).expect("words");
                let words = ["researchloop".to_owned()].into_iter().chain(words);
                if let Err(error) = command.clone().try_get_matches_from(words) {
                    panic!("{line}: {error}");
                }
                assert!(line.starts_with(name), "{line} is no example of {name}");
            }
        }
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let command = super::super::command();
        let grouped = |groups: &[(&str, &[&str])]| -> Vec<String> {
            groups
                .iter()
                .flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned()))
                .collect()
        };
        let task = command.find_subcommand("task").expect("there");
        for (command, groups) in [(&command, grouped(&GROUPS)), (task, grouped(&TASK_GROUPS))] {
            let mut shown: Vec<String> = command
                .get_subcommands()
                .filter(|below| !below.is_hide_set())
                .map(|below| below.get_name().to_owned())
                .chain(["help".to_owned()])
                .collect();
            let mut groups = groups;
            shown.sort();
            shown.dedup();
            groups.sort();
            assert_eq!(shown, groups);
        }
    }
}
