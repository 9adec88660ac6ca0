//! Completions and manual pages: made for every command that a user sees. `UPDATE_DOCS=1` writes the
//! completions anew that are kept in `completions/`.

use super::document;
use crate::harness::{Project, program, sources};

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
         _clap_complete_researchloop researchloop '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.len() - 1,
        words.last().unwrap()
    );
    let mut shell = project.command("bash");
    shell.args(["--norc", "-c", &script]);
    let output = Project::output(shell);
    assert_eq!(output.stderr, "", "{output}");
    // Options may stand everywhere.
    let lines = output.stdout.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('-'));
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
    let config = project.path("researchloop.toml").display().to_string();
    assert_eq!(offered(&project, &["researchloop", "-c", &config, "run", "-s", ""]), ["s"]);
    assert!(!offered(&project, &["researchloop", "job"]).iter().any(|word| word == "job-run"));
    assert!(!project.path("pwned").exists());
    // A configuration that cannot be read, a database that is none: no word about it.
    project.write("researchloop.db", "no database");
    assert_eq!(offered(&project, &["researchloop", "show", ""]), Vec::<String>::new());
    project.write("researchloop.toml", "[[");
    assert_eq!(offered(&project, &["researchloop", "run", "-s", ""]), Vec::<String>::new());
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
