//! House rules that a machine can check: which folder may name which, which library is used
//! where, and what no source file holds. ARCHITECTURE.md gives the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::sources;

/// What each folder of `src` may name, besides itself. A folder that is missing here fails.
const FLOORS: &[(&str, &[&str])] = &[
    ("platform", &[]),
    ("domain", &[]),
    // What goes wrong has one shape on every floor above.
    ("problem", &["domain"]),
    ("pipeline", &["domain"]),
    ("claude", &["domain", "platform"]),
    ("config", &["domain", "platform"]),
    ("study", &["config", "domain", "platform"]),
    // The bundle is made of the configuration and the pipeline, and read where neither a database nor SSH is.
    ("bundle", &["config", "domain", "pipeline", "platform", "claude", "study"]),
    ("remote", &["domain", "platform", "config"]),
    ("scheduler", &["domain", "platform", "remote", "config"]),
    ("store", &["bundle", "domain", "platform", "config"]),
    ("runner", &["bundle", "claude", "domain", "pipeline", "platform"]),
    ("app", &["config", "domain", "platform", "remote", "scheduler", "store", "bundle"]),
    ("view", &["config", "domain", "store", "study"]),
    ("cluster", &["app", "bundle", "config", "domain", "remote", "scheduler", "sprint", "view"]),
    (
        "project",
        &[
            "app",
            "bundle",
            "config",
            "domain",
            "platform",
            "scheduler",
            "sprint",
            "store",
            "study",
            "view",
        ],
    ),
    // Every verb that is given an id finds here what is meant.
    ("find", &["domain", "store"]),
    ("message", &["app", "bundle", "domain", "find", "platform", "store", "task", "view"]),
    (
        "sprint",
        &[
            "app",
            "bundle",
            "config",
            "domain",
            "find",
            "pipeline",
            "platform",
            "remote",
            "scheduler",
            "store",
            "study",
            "view",
        ],
    ),
    (
        "task",
        &[
            "app", "bundle", "config", "domain", "find", "platform", "sprint", "store", "study",
            "view",
        ],
    ),
    (
        "auto_loop",
        &[
            "app", "config", "domain", "find", "platform", "sprint", "store", "study", "task",
            "view",
        ],
    ),
    (
        "plan",
        &[
            "app", "bundle", "claude", "config", "domain", "find", "platform", "sprint", "store",
            "task", "tick", "view",
        ],
    ),
    ("cron", &["app", "claude", "config", "domain", "platform", "store", "tick", "view"]),
    ("notify", &["app", "config", "domain", "platform", "store"]),
    (
        "tick",
        &[
            "app",
            "auto_loop",
            "notify",
            "task",
            "bundle",
            "config",
            "domain",
            "platform",
            "remote",
            "scheduler",
            "sprint",
            "store",
            "find",
            "view",
        ],
    ),
    (
        "query",
        &[
            "app", "config", "cron", "domain", "find", "platform", "sprint", "store", "study",
            "task", "tick", "view",
        ],
    ),
    (
        "cli",
        // A door only translates: verbs, their answers, and words of the domain.
        &[
            "app",
            "auto_loop",
            "cluster",
            "config",
            "cron",
            "domain",
            "message",
            "notify",
            "page",
            "plan",
            "platform",
            "project",
            "query",
            "sprint",
            "study",
            "task",
            "tick",
            "view",
        ],
    ),
    ("page", &["app", "bundle", "domain", "platform", "view"]),
    ("main", &["cli", "platform"]),
    ("lib", &[]),
];

/// Files of the command line that name a lower floor, and which: the hidden commands inside of a job
/// belong to the runner, and a journal's lines are shown as they are stored.
const DOORS_THAT_NAME_MORE: &[(&str, &[&str])] =
    &[("src/cli/job.rs", &["runner"]), ("src/cli/screen.rs", &["bundle"])];

/// Libraries, and the only folders that may name them.
const ONLY_HERE: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("ssh2", &["remote"]),
    ("minijinja", &["bundle"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("getrandom", &["platform"]),
    ("ureq", &["platform"]),
    ("serde_saphyr", &["domain", "pipeline", "task"]),
    ("strsim", &["domain"]),
    ("pulldown_cmark", &["page"]),
    ("toml_edit", &["config"]),
    // How wide a text is on a screen: also where a mistake in a line is underlined. What drives one.
    ("console", &["cli", "config", "domain"]),
    ("toml", &["config", "project", "study"]),
    ("signal_hook", &["cli", "runner"]),
    // The system's calls: never in what only decides.
    (
        "rustix",
        &[
            "app",
            "bundle",
            "cli",
            "config",
            "platform",
            "remote",
            "runner",
            "scheduler",
            "sprint",
            "store",
        ],
    ),
];

/// Longer files are asking to be two.
const MAX_LINES: usize = 700;

/// A source file: its folder's (or its own) name, its path, its text up to its unit tests.
struct Source {
    part: String,
    path: String,
    text: String,
    whole: String,
}

fn all() -> Vec<Source> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(root).unwrap();
                let part = below
                    .components()
                    .next()
                    .unwrap()
                    .as_os_str()
                    .to_str()
                    .unwrap()
                    .trim_end_matches(".rs")
                    .to_owned();
                let whole = std::fs::read_to_string(&path).unwrap();
                // Comments may name anything; tests use what they like.
                let code = whole.split("\n#[cfg(test)]\nmod ").next().unwrap();
                let text = code
                    .lines()
                    .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
                    .collect::<Vec<_>>()
                    .join("\n");
                found.push(Source { part, path: format!("src/{}", below.display()), text, whole });
            }
        }
    }
    let root = sources().join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 50, "the sources are there");
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Files of tests only.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs")
}

/// The words after `crate::`, also inside of `use crate::{...}`.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in text.match_indices("crate::") {
        // `researchloop_crate::` is another word.
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let after = &text[at + found.len()..];
        let word = |text: &str| {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        };
        match after.strip_prefix('{') {
            Some(list) => names
                .extend(list.split('}').next().unwrap().split(',').map(|item| word(item.trim()))),
            None => drop(names.insert(word(after))),
        }
    }
    names
}

#[test]
fn a_folder_names_only_its_own_floor_and_those_below() {
    let floors: BTreeMap<&str, &[&str]> = FLOORS.iter().copied().collect();
    let all = all();
    let mut wrong = Vec::new();
    for source in all.iter().filter(|source| !is_test(&source.path)) {
        let Some(below) = floors.get(source.part.as_str()) else {
            panic!("{}: say in tests/tidy.rs what {} may name", source.path, source.part)
        };
        let more = DOORS_THAT_NAME_MORE.iter().find(|(path, _)| *path == source.path);
        for name in named(&source.text) {
            if more.is_some_and(|(_, more)| more.contains(&name.as_str())) {
                continue;
            }
            let is_folder = floors.contains_key(name.as_str());
            let is_everywhere = name == "problem"
                && !["platform", "domain", "pipeline"].contains(&source.part.as_str());
            if is_folder && !is_everywhere && name != source.part && !below.contains(&name.as_str())
            {
                wrong.push(format!("{} names crate::{name}", source.path));
            }
        }
    }
    for (path, more) in DOORS_THAT_NAME_MORE {
        let source = all.iter().find(|source| source.path == *path);
        let names = source.map(|source| named(&source.text)).unwrap_or_default();
        for name in more.iter().filter(|name| !names.contains(**name)) {
            wrong.push(format!(
                "{path} does not name crate::{name} any more: take the exception out"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_library_is_named_only_in_its_place() {
    let mut wrong = Vec::new();
    for source in all().iter().filter(|source| !is_test(&source.path)) {
        for (library, places) in ONLY_HERE {
            let named = source.text.match_indices(&format!("{library}::")).any(|(at, _)| {
                !source.text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !places.contains(&source.part.as_str()) {
                wrong.push(format!("{} names {library}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words that follow the program's name on a command line.
const COMMANDS: &[&str] = &[
    "demo",
    "init",
    "config",
    "study",
    "cluster",
    "sprint",
    "task",
    "plan",
    "loop",
    "inbox",
    "reply",
    "cron",
    "status",
    "tick",
    "completions",
    "man",
];

#[test]
fn only_the_command_line_names_its_commands() {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase()).collect::<String>();
    let is_named = |line: &str| {
        let program = "researchloop ";
        let quoted = line
            .match_indices('`')
            .filter(|(at, _)| {
                // A command without the program's name: what follows it is a command of its own.
                let name = word(&line[at + 1..]);
                let rest = &line[at + 1 + name.len()..];
                let is_word = |c: char| c.is_ascii_lowercase() || c == '{';
                COMMANDS.contains(&name.as_str())
                    && rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(is_word))
            })
            .count();
        let whole = line
            .match_indices(program)
            .filter(|(at, _)| COMMANDS.contains(&word(&line[at + program.len()..]).as_str()))
            .count();
        quoted + whole > 0
    };
    let mut wrong = Vec::new();
    for source in all().iter().filter(|source| {
        // The meanings of keys are a page of the documentation.
        !["cli", "main"].contains(&source.part.as_str())
            && source.path != "src/config/keys.rs"
            && !is_test(&source.path)
    }) {
        let lines = source.text.lines().enumerate().filter(|(_, line)| is_named(line));
        wrong.extend(lines.map(|(number, line)| {
            format!("{}:{}: {} (see domain/action.rs)", source.path, number + 1, line.trim())
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut wrong = Vec::new();
    for source in all() {
        if !source.whole.starts_with("//! ") {
            wrong.push(format!("{} does not begin with what it is for", source.path));
        }
        let lines = source.whole.lines().count();
        if lines > 500 {
            eprintln!("{} has {lines} lines: it is asking to be two", source.path);
        }
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines, more than {MAX_LINES}", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_is_unfinished_or_unsafe() {
    let mut wrong = Vec::new();
    for source in all().iter().filter(|source| !is_test(&source.path)) {
        for word in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX", "#[allow("] {
            if source.text.contains(word) {
                wrong.push(format!("{} holds {word}", source.path));
            }
        }
        let word = |text: &str| {
            text.match_indices("unsafe").any(|(at, found)| {
                !text[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        };
        if source.part != "platform" && word(&source.text) {
            wrong.push(format!("{} holds unsafe code", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asserts that none of these words stands in the code of these folders.
fn assert_never_named(folders: &[&str], words: &[&str]) {
    let mut wrong = Vec::new();
    for source in all() {
        if folders.contains(&source.part.as_str()) && !is_test(&source.path) {
            let named = words.iter().filter(|word| source.text.contains(**word));
            wrong.extend(named.map(|word| format!("{} names {word}", source.path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_decides_has_no_clock_no_chance_and_no_files() {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "getrandom",
    ];
    assert_never_named(&["domain", "pipeline"], &words);
}

/// The clock is handed to the store, so that one change happens at one time, and tests can move it.
/// `unixepoch(column)` reads a stored time; without an argument it would be the system's clock.
#[test]
fn the_store_asks_nobody_for_the_time() {
    let words = [
        "clock::now(",
        "SystemTime",
        "Timestamp::now",
        "unixepoch()",
        "'now'",
        "CURRENT_TIMESTAMP",
    ];
    assert_never_named(&["store"], &words);
}

/// What the verbs do and the doors show happens at the time of the `App`, of the database or of a change,
/// which are one and the same, so that tests can move it.
#[test]
fn no_verb_and_no_door_asks_the_system_for_the_time() {
    let folders = [
        "app",
        "auto_loop",
        "cli",
        "cluster",
        "cron",
        "message",
        "notify",
        "plan",
        "project",
        "query",
        "sprint",
        "study",
        "task",
        "tick",
    ];
    assert_never_named(&folders, &["clock::now("]);
}

/// A door asks verbs, and they ask the database.
#[test]
fn no_door_opens_the_database() {
    assert_never_named(&["cli"], &[".store()", "Store::", "&store", "mut store", " store."]);
}

/// Folders that read the words of other programs, which stay as they come.
const OTHERS_WORDS: &[&str] = &["claude", "config", "remote", "scheduler"];
/// Words that are types of `domain`, and the folders that may not compare them as texts. A verdict of a
/// pipeline is a word of whoever wrote the pipeline.
const TYPED: &[(&str, &[&str])] = &[
    ("status", OTHERS_WORDS),
    ("state", OTHERS_WORDS),
    ("kind", OTHERS_WORDS),
    ("reason", OTHERS_WORDS),
    ("verdict", &["claude", "pipeline", "runner", "scheduler"]),
];
/// Where the words of a format are read into types.
const READERS: &[&str] = &["src/bundle/journal.rs"];

#[test]
fn a_status_or_a_kind_is_compared_as_what_it_means() {
    let mut wrong = Vec::new();
    for source in all().iter().filter(|source| !is_test(&source.path)) {
        if READERS.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            let compares = |word: &str| {
                line.match_indices(word).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let is_word =
                        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
                    let after = &line[at + word.len()..];
                    let value = after
                        .strip_prefix(".as_str()")
                        .or_else(|| after.strip_prefix("()"))
                        .unwrap_or(after);
                    let is_compared = [" == \"", " != \""].iter().any(|op| value.starts_with(op));
                    let is_matched = after.starts_with(".as_str() {")
                        || after.starts_with(".as_str(), ") && line.contains("match (");
                    is_word && (is_compared || is_matched)
                })
            };
            if let Some((word, _)) = TYPED
                .iter()
                .find(|(word, but)| !but.contains(&source.part.as_str()) && compares(word))
            {
                wrong.push(format!(
                    "{}:{}: {word} is compared with a text: {}",
                    source.path,
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is called so in the store is the id of something.
const IDS: &[&str] =
    &["id", "sprint", "task", "message", "parent", "loop_id", "sprint_id", "task_id", "message_id"];

#[test]
fn the_store_takes_an_id_as_the_type_that_it_is() {
    let mut wrong = Vec::new();
    for source in all().iter().filter(|source| source.part == "store" && !is_test(&source.path)) {
        for (at, _) in source.text.match_indices("fn ") {
            let head = source.text[at..].split('{').next().unwrap_or_default();
            let is_text = |part: &str| {
                part.split_once(": ").is_some_and(|(name, kind)| {
                    let kind = kind.split(')').next().unwrap_or_default().trim();
                    IDS.contains(&name.trim())
                        && ["&str", "&String", "String", "Option<&str>", "Option<String>"]
                            .contains(&kind)
                })
            };
            if head.split(['(', ',']).any(is_text) {
                let name = head.split('(').next().unwrap_or_default();
                wrong.push(format!("{}: {name} takes an id as a text", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn templates_hold_no_path_of_a_machine() {
    fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&sources().join("templates"), &mut files);
    walk(&sources().join("examples"), &mut files);
    assert!(files.len() > 10);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["/root/", "/home/runner", &format!("{}/", sources().display())] {
            assert!(!text.contains(word), "{} holds {word}", file.display());
        }
    }
}
