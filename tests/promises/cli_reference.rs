//! `docs/cli.md` is what `--help` says. `UPDATE_DOCS=1` writes it anew.

use super::document;
use crate::harness::{Project, sources};

/// What stands above the commands.
const HEAD: &str = "# Commands

This page is what `--help` prints, command by command.

The options under \"Global options\" belong to every command. They are printed once, for `researchloop` itself.

Any id may be shortened while only one thing of its kind fits: `sp-1a2b3c`, `sp-1a` or `1a` for a sprint; tasks (`t-`), loops (`loop-`) and messages (`m-`) likewise.
";

/// The help of a command, without the options that every command has.
fn help(project: &Project, path: &[&str]) -> String {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let text = project.run(&arguments).success().stdout;
    let text = match text.split_once("\nGlobal options:\n") {
        // What follows them, as examples, belongs to the command again.
        Some((own, rest)) if !path.is_empty() => {
            let behind = rest.split_once("\n\n").map_or("", |(_, behind)| behind);
            format!("{own}\n{behind}")
        }
        _ => text,
    };
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Adds a command, then the commands below it.
fn add(page: &mut String, project: &Project, command: &clap::Command, path: &[&str]) {
    let name =
        ["researchloop"].into_iter().chain(path.iter().copied()).collect::<Vec<_>>().join(" ");
    page.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", help(project, path)));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        let mut path = path.to_vec();
        path.push(below.get_name());
        add(page, project, below, &path);
    }
}

#[test]
fn the_page_of_the_commands_is_what_help_says() {
    let mut page = HEAD.to_owned();
    add(&mut page, &Project::empty(), &researchloop::cli::command(), &[]);
    for command in ["sprint run", "cluster setup", "tick", "completions"] {
        assert!(page.contains(&format!("\n## researchloop {command}\n")), "{command} is missing");
    }
    document::is_up_to_date(&sources().join("docs/cli.md"), &page);
}
