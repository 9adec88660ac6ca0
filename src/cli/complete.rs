//! Completion with what is there: a shell asks this program, which reads the configuration and looks into
//! the database without changing it.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use super::{Color, Global};
use crate::domain::Status;
use crate::query::{self, Named};

/// The variable by which a shell says that it asks for completions.
const VARIABLE: &str = "RESEARCHLOOP_COMPLETE";

/// Answers a shell that asks what may stand at the end of the words behind `--`: one answer a line, with a tab
/// before what it is. Returns whether a shell asked.
pub fn is_answered() -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let Some(last) = words.len().checked_sub(1) else { return true };
    // Options are offered to who has begun one.
    let wants_options = words.last().is_some_and(|word| !word.is_empty());
    let mut command = with_completers(without_hidden(&super::command()), "");
    let here = std::env::current_dir().ok();
    let found = complete(&mut command, words, last, here.as_deref()).unwrap_or_default();
    let mut answer = String::new();
    for candidate in found {
        let value = candidate.get_value().to_string_lossy();
        // A file may be named like this; a shell would take it for two answers.
        if value.contains(['\n', '\t']) || (value.starts_with('-') && !wants_options) {
            continue;
        }
        answer.push_str(&value);
        if let Some(about) = candidate.get_help().map(ToString::to_string) {
            answer.push('\t');
            answer.push_str(about.lines().next().unwrap_or_default());
        }
        answer.push('\n');
    }
    // Who asked may be gone.
    let _ = std::io::stdout().write_all(answer.as_bytes());
    true
}

/// The command line without the commands that nobody types.
pub fn without_hidden(command: &Command) -> Command {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    Command::new("researchloop")
        .args(command.get_arguments().cloned())
        .subcommands(shown)
        .about(command.get_about().cloned().unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
}

/// The command line, with what may stand in each place.
fn with_completers(mut command: Command, path: &str) -> Command {
    let arguments: Vec<String> =
        command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for id in arguments {
        if let Some(completer) = completer(path, &id) {
            command = command.mut_arg(id, |argument: Arg| argument.add(completer));
        }
    }
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}").trim().to_owned();
        command = command.mut_subcommand(name, |below| with_completers(below, &path));
    }
    command
}

/// What may stand in an argument of a command.
fn completer(path: &str, argument: &str) -> Option<ArgValueCompleter> {
    let noun = path.split(' ').next().unwrap_or_default();
    let named = match (noun, argument) {
        (_, "study") => Named::Studies,
        ("study", "name") if path != "study init" => Named::Studies,
        ("cluster", "name" | "cluster") => Named::Clusters,
        (_, "task" | "parent" | "needs") => Named::Tasks,
        ("task", "id" | "ids" | "tasks") => Named::Tasks,
        ("loop", "id" | "ids") => Named::Loops,
        ("reply", "id") => Named::Messages,
        // What is over can neither be ended nor be told anything.
        ("sprint" | "cancel", "id" | "ids") if matches!(path, "cancel" | "sprint cancel") => {
            Named::LiveSprints
        }
        ("sprint" | "show" | "watch" | "log" | "cancel" | "open", "id" | "ids") => Named::Sprints,
        ("sprint" | "ls", "status") => {
            let words = Status::ALL.iter().map(|status| status.as_str());
            return Some(words_of(words.collect()));
        }
        (_, "verdict") => return Some(words_of(vec!["supported", "refuted", "inconclusive"])),
        ("task", "priority") => return Some(words_of(vec!["p0", "p1", "p2"])),
        _ => return None,
    };
    Some(ArgValueCompleter::new(move |typed: &OsStr| candidates(named, typed)))
}

fn words_of(words: Vec<&'static str>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let fit = words.iter().filter(|word| word.starts_with(typed.as_ref()));
        fit.map(|word| CompletionCandidate::new(*word)).collect()
    })
}

/// What begins with what was typed. An id may be typed without its prefix.
fn candidates(named: Named, typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let global = Global { config: config_option(), json: false, quiet: true, color: Color::Never };
    let Ok(config) = global.load_quietly() else { return Vec::new() };
    let is_begun = |name: &str| {
        name.starts_with(typed.as_ref())
            || name.split_once('-').is_some_and(|(_, rest)| {
                !typed.is_empty() && named != Named::Studies && rest.starts_with(typed.as_ref())
            })
    };
    query::suggestions(&config, named)
        .into_iter()
        .filter(|(name, _)| is_begun(name))
        .map(|(name, about)| {
            let about = (!about.is_empty()).then(|| super::text::clean(&about));
            CompletionCandidate::new(name).help(about.map(Into::into))
        })
        .collect()
}

/// The configuration file that stands in the words that were typed.
fn config_option() -> Option<std::path::PathBuf> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let at = words.iter().position(|word| word == "-c" || word == "--config");
    let given = at.and_then(|at| words.get(at + 1)).map(Into::into);
    given.or_else(|| {
        let joined = |word: &OsString| Some(word.to_str()?.strip_prefix("--config=")?.into());
        words.iter().find_map(joined)
    })
}
