//! Completions and manual pages: made for every command that a user sees. `UPDATE_DOCS=1` writes the
//! completions anew that are kept in `completions/`.

use std::process::Command;

use super::document;
use crate::harness::{Project, sources};

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
fn completions_know_every_command() {
    let project = Project::empty();
    for (shell, file) in
        [("bash", "researchloop.bash"), ("zsh", "_researchloop"), ("fish", "researchloop.fish")]
    {
        let script = project.run(&["completions", shell]).success();
        assert_eq!(script.stderr, "");
        for path in commands() {
            assert!(script.stdout.contains(path.last().unwrap()), "{shell} does not know {path:?}");
        }
        project.write(shell, &script.stdout);
        document::is_up_to_date(&sources().join("completions").join(file), &script.stdout);
    }
    assert!(Command::new("bash").arg("-n").arg(project.path("bash")).status().unwrap().success());
    // What a shell really offers.
    let mut shell = project.command("bash");
    shell.args([
        "--norc",
        "-c",
        "source ./bash; COMP_WORDS=(researchloop sprint re); COMP_CWORD=2; _researchloop researchloop re sprint; printf '%s\\n' \"${COMPREPLY[@]}\"",
    ]);
    let offered = Project::output(shell);
    assert_eq!(offered.stdout, "resubmit\n", "{offered}");
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
