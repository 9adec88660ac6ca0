//! Completions and manual pages: made for every command that a user sees.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::document;
use crate::harness::{Project, program, sources, tell};

/// The names of all commands that are shown, each with those above it.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path = [above, &[below.get_name().to_owned()]].concat();
            found.push(path.clone());
            walk(below, &path, found);
        }
    }
    let mut found = Vec::new();
    walk(&researchloop::cli::command(), &[], &mut found);
    assert!(found.len() > 15);
    found
}

#[test]
fn completion_scripts_are_current() {
    let project = Project::empty();
    for (shell, file) in
        [("bash", "researchloop.bash"), ("zsh", "_researchloop"), ("fish", "researchloop.fish")]
    {
        let script = project.run(&["completions", shell]).success();
        assert_eq!(script.stderr, "");
        document::is_up_to_date(&sources().join("completions").join(file), &script.stdout);
    }
}

/// What bash offers for the last of these words.
fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let quoted = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let program = researchloop_on_path(project);
    let script = format!(
        "PATH='{program}':$PATH; source ./bash; COMP_WORDS=({quoted}); COMP_CWORD={}; COMP_TYPE=9; \
         _researchloop researchloop '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.len() - 1,
        words.last().unwrap()
    );
    let mut shell = project.command("bash");
    shell.args(["--norc", "-c", &script]);
    let output = Project::output(shell);
    assert_eq!(output.stderr, "", "{output}");
    let lines = output.stdout.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// A folder with the program under its own name.
fn researchloop_on_path(project: &Project) -> String {
    let folder = project.path("bin");
    if !folder.exists() {
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(program(), folder.join("researchloop")).unwrap();
    }
    folder.display().to_string()
}

#[test]
fn completion_offers_what_is_there() {
    let project = Project::local("");
    let script = project.run(&["completions", "bash"]).success();
    project.write("bash", &script.stdout);
    // Nothing is there yet, and nothing is made by asking.
    assert_eq!(offered(&project, &["researchloop", "show", ""]), Vec::<String>::new());
    assert!(!project.path("researchloop.db").exists());
    for path in commands() {
        let mut words = vec!["researchloop"];
        words.extend(path.iter().map(String::as_str));
        let found = offered(&project, &words);
        assert!(found.contains(path.last().unwrap()), "{words:?}: {found:?}");
    }
    let add = |idea: &str| {
        let added = project.run(&["--json", "task", "add", idea]).success().json();
        added["task"]["id"].as_str().unwrap().to_owned()
    };
    let task = add("does `touch pwned` $(touch pwned) 'help'; \"it\": \\ [2J?");
    assert_eq!(offered(&project, &["researchloop", "task", "show", ""]), [&*task]);
    assert_eq!(offered(&project, &["researchloop", "task", "show", &task[2..4]]), [&*task]);
    assert_eq!(offered(&project, &["researchloop", "run", "--task", "t-"]), [task]);
    assert_eq!(offered(&project, &["researchloop", "run", "-s", ""]), ["s"]);
    assert_eq!(offered(&project, &["researchloop", "cluster", "check", "h"]), ["here"]);
    assert_eq!(offered(&project, &["researchloop", "ls", "--status", "par"]), ["parked"]);
    assert_eq!(offered(&project, &["researchloop", "ls", "--stat"]), ["--status"]);
    let config = project.path("researchloop.toml").display().to_string();
    assert_eq!(offered(&project, &["researchloop", "-c", &config, "run", "-s", ""]), ["s"]);
    for hidden in ["job-", "demo-", "files-"] {
        assert_eq!(offered(&project, &["researchloop", hidden]), Vec::<String>::new(), "{hidden}");
    }
    assert!(!project.path("pwned").exists());
    let over = project.submit("another idea", &["--rounds", "0"]);
    project.finish(&over, 60);
    assert_eq!(offered(&project, &["researchloop", "show", ""]), [&*over]);
    for cancel in [&["researchloop", "cancel", ""][..], &["researchloop", "sprint", "cancel", ""]] {
        assert_eq!(offered(&project, cancel), Vec::<String>::new(), "what is over");
    }
    // A configuration that cannot be read, a database that is none: no word about it.
    project.write("researchloop.db", "no database");
    assert_eq!(offered(&project, &["researchloop", "show", ""]), Vec::<String>::new());
    project.write("researchloop.toml", "[[");
    assert_eq!(offered(&project, &["researchloop", "run", "-s", ""]), Vec::<String>::new());
}

/// A line is typed in zsh, with a tab at its end, and is kept as it is then; what was shown is printed.
const TYPED_IN_ZSH: &str = "\
zmodload zsh/zpty
zpty shell zsh -d -i
zpty -r shell shown '*type now*'
zpty -w -n shell \"$1\"$'\\t\\x14'
while zpty -r shell shown; do print -rn -- $shown; done
";

/// The completion is loaded when it is first needed, as from a folder of zsh's own.
const ZSHRC: &str = "\
fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D
kept() { print -r -- $BUFFER >kept; exit }
zle -N kept; bindkey '^T' kept; PS1='type now'
";

#[test]
fn zsh_and_fish_show_what_is_there_and_run_none_of_it() {
    let mut project = Project::local("");
    researchloop_on_path(&project);
    project.put_bin_first();
    let idea = "`touch pwned` $(touch pwned) 'it': \"a:b\" %F{red} \\ *";
    let added = project.run(&["--json", "task", "add", idea]).success().json();
    let task = added["task"]["id"].as_str().unwrap().to_owned();
    project.run(&["task", "add", "another"]).success();
    let shell = |name: &str, arguments: &[&str]| {
        let mut command = project.command(name);
        command.env("ZDOTDIR", project.path("zdotdir")).env("TERM", "xterm").args(arguments);
        match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tell(&format!("{name} is not installed: nothing was completed in it"));
                None
            }
            output => {
                let output = output.unwrap();
                assert_eq!(String::from_utf8_lossy(&output.stderr), "");
                Some(String::from_utf8_lossy(&output.stdout).into_owned())
            }
        }
    };

    project.write("zdotdir/.zshrc", ZSHRC);
    project.write("type.zsh", TYPED_IN_ZSH);
    let script = project.run(&["completions", "zsh"]).success();
    project.write("functions/_researchloop", &script.stdout);
    let part = &task[2..];
    for (typed, kept) in [
        (format!("researchloop task show {part}"), format!("researchloop task show {task} ")),
        ("researchloop ls --status=par".to_owned(), "researchloop ls --status=parked ".to_owned()),
        ("researchloop job".to_owned(), "researchloop job".to_owned()),
    ] {
        if shell("zsh", &["-f", "type.zsh", &typed]).is_some() {
            let found = std::fs::read_to_string(project.path("kept")).unwrap();
            assert_eq!(found, format!("{kept}\n"), "{typed}");
        }
    }
    if let Some(shown) = shell("zsh", &["-f", "type.zsh", "researchloop task show t-"]) {
        assert!(
            shown.contains(&format!("{task}  -- `touch pwned` $(touch pwned) 'it'")),
            "{shown}"
        );
    }

    let script = project.run(&["completions", "fish"]).success();
    project.write("it.fish", &script.stdout);
    for (typed, offered) in [
        ("task show t-", format!("{task}\t`touch pwned` $(touch pwned) 'it'")),
        ("ls --status=par", "--status=parked".to_owned()),
    ] {
        let script = format!("source it.fish; complete -C 'researchloop {typed}'");
        if let Some(shown) = shell("fish", &["--no-config", "-c", &script]) {
            assert!(shown.contains(&offered), "{typed}: {shown}");
        }
    }
    assert!(!project.path("pwned").exists());
}

#[test]
fn bash_lists_ids_with_what_they_are_and_says_nothing_without_the_program() {
    let project = Project::local("");
    project.run(&["task", "add", "$(touch pwned) one"]).success();
    project.run(&["task", "add", "another"]).success();
    let script = project.run(&["completions", "bash"]).success();
    project.write("bash", &script.stdout);
    let listed = |path: &str| {
        let script = format!(
            "PATH='{path}':/usr/bin:/bin; source ./bash; COMP_WORDS=(researchloop task show t-); COMP_CWORD=3; \
             COMP_TYPE=63; _researchloop researchloop t-; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let mut shell = project.command("bash");
        shell.args(["--norc", "-u", "-c", &script]);
        Project::output(shell)
    };
    let with = listed(&researchloop_on_path(&project)).success();
    assert!(with.stdout.contains("  $(touch pwned) one\n"), "{with}");
    assert!(!project.path("pwned").exists());
    let without = listed("/nowhere");
    assert_eq!((without.stdout.trim(), &*without.stderr), ("", ""), "{without}");
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let project = Project::empty();
    project.run(&["man", "--to", "pages/here"]).success();
    let names: Vec<String> = std::fs::read_dir(project.path("pages/here"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.contains(&"researchloop.1".to_owned()), "{names:?}");
    for path in commands() {
        let page = format!("researchloop-{}.1", path.join("-"));
        assert!(names.contains(&page), "{page} is missing: {names:?}");
        let text = std::fs::read_to_string(project.path("pages/here").join(&page)).unwrap();
        assert!(text.contains(".TH") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    project.write("file", "");
    project.run(&["man", "--to", "file/x"]).code(1).says("cannot write manual pages");
}

#[test]
fn a_word_that_is_no_text_hides_nothing_from_who_completes() {
    let project = Project::local("");
    project.run(&["task", "add", "an idea"]).success();
    let mut asked = project.command(program());
    asked.args(["--", "researchloop"]).arg(OsStr::from_bytes(b"--study=\xff\xfe"));
    asked.args(["task", "show", "t-"]).env("RESEARCHLOOP_COMPLETE", "1");
    let answered = Project::output(asked).success();
    assert!(answered.stdout.contains("an idea"), "{answered}");
    assert_eq!(answered.stderr, "");
}
