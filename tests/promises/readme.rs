//! Every block of commands in README.md runs, one after another, in one empty folder.

use std::process::Command;

use crate::harness::{Project, program, sources};

/// The texts of all blocks of this kind.
pub fn blocks(text: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&format!("\n```{kind}\n")) {
        let inside = &rest[at + kind.len() + 5..];
        let end = inside.find("\n```").unwrap_or(inside.len());
        found.push(inside[..end].to_owned());
        rest = &inside[end..];
    }
    found
}

/// A project whose PATH begins with this program, and with the scripted agent as `claude`.
fn with_programs() -> Project {
    let mut project = Project::empty();
    std::fs::create_dir(project.path("bin")).unwrap();
    std::os::unix::fs::symlink(program(), project.path("bin/researchloop")).unwrap();
    std::os::unix::fs::symlink(sources().join("tests/agent/claude"), project.path("bin/claude"))
        .unwrap();
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    project.set("PATH", &path);
    project.set("STAND_IN_PAUSE", "0");
    project
}

#[test]
fn the_commands_of_the_readme_run_as_they_stand() {
    let readme = std::fs::read_to_string(sources().join("README.md")).unwrap();
    let blocks = blocks(&readme, "sh");
    assert!(blocks.len() >= 4, "README.md has {} blocks of commands", blocks.len());
    let project = with_programs();
    for block in blocks {
        let mut shell: Command = project.command("bash");
        // Without a profile that would set PATH anew, and ending at the first command that fails.
        shell.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", &block]);
        let output = Project::output(shell);
        assert_eq!(output.code, 0, "this block of README.md fails:\n{block}\n{output}");
    }
}

#[test]
fn the_first_two_commands_of_the_readme_are_there() {
    let readme = std::fs::read_to_string(sources().join("README.md")).unwrap();
    let first = readme.find("./install.sh --demo").expect("command 1");
    let second = readme.find("tests/run").expect("command 2");
    assert!(first < second);
    for file in ["install.sh", "tests/run", ".ci/run"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(sources().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{file} can be executed");
    }
}

#[test]
fn every_prompt_that_can_be_replaced_is_named() {
    let page = std::fs::read_to_string(sources().join("docs/configuration.md")).unwrap();
    let line =
        page.lines().find(|line| line.starts_with("- **Prompts**")).expect("a line on prompts");
    for entry in std::fs::read_dir(sources().join("templates/skills")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".md.j2").expect("a prompt");
        assert!(
            line.contains(&format!("`{name}`")),
            "docs/configuration.md does not name the prompt {name}"
        );
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages =
        vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for entry in std::fs::read_dir(sources().join("docs")).unwrap() {
        pages.push(format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    for page in pages {
        let file = sources().join(&page);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{page}: {error}"));
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(
                file.parent().unwrap().join(target).exists(),
                "{page} leads to {target}, which is not there"
            );
        }
    }
}

#[test]
fn every_example_loads_and_shows_what_it_would_send() {
    let project = with_programs();
    let mut count = 0;
    for entry in std::fs::read_dir(sources().join("examples")).unwrap() {
        let example = entry.unwrap().path();
        if !example.is_dir() {
            continue;
        }
        let name = example.file_name().unwrap().to_str().unwrap().to_owned();
        // A copy, as a user would take: the repository stays as it is.
        assert!(
            Command::new("cp")
                .arg("-r")
                .arg(&example)
                .arg(project.path(&name))
                .status()
                .unwrap()
                .success()
        );
        let config = project.path(&format!("{name}/researchloop.toml"));
        assert!(config.is_file(), "examples/{name} has no researchloop.toml");
        let config = config.to_str().unwrap();
        project.run(&["-c", config, "config", "check"]).success().never_says("warning");
        let studies = project.run(&["--json", "-c", config, "study", "list"]).success().json();
        let studies = studies["studies"].as_array().unwrap().clone();
        assert!(!studies.is_empty(), "examples/{name} has no study");
        for study in studies {
            let study = study["name"].as_str().unwrap().to_owned();
            let dry = project
                .run(&[
                    "--json",
                    "-c",
                    config,
                    "sprint",
                    "run",
                    "an idea",
                    "-s",
                    &study,
                    "--dry-run",
                ])
                .success()
                .json();
            assert_eq!(
                dry["missing_context"],
                serde_json::json!([]),
                "examples/{name}, study {study}"
            );
        }
        count += 1;
    }
    assert!(count >= 3, "{count} examples");
}
