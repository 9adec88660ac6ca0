//! What a user is told when something went wrong: what it was, and a way on that fits.

use crate::harness::Project;

fn project(working_dir: &str) -> Project {
    Project::with(&format!(
        "[[cluster]]\nname = \"here\"\nscheduler_type = \"local\"\nworking_dir = \"{working_dir}\"\n[[study]]\nname = \"s\"\n"
    ))
}

#[test]
fn a_folder_that_cannot_be_made_is_no_fault_of_the_scheduler() {
    let output =
        project("/proc/no-such-folder").run(&["sprint", "run", "an idea", "-s", "s"]).code(1);
    let output = output.says("/proc/no-such-folder").says("researchloop cluster check");
    output
        .says("could not be placed in /proc/no-such-folder/.researchloop/bin on here: mkdir")
        .never_says("what the scheduler complains about");
}

#[test]
fn a_warning_says_once_that_it_is_one() {
    let project = project("~/sprints");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).expect("read");
    project.write("researchloop.toml", format!("{config}[slack]\nchannel_id = \"C1\"\n"));
    let output = project.run(&["study", "list"]).success();
    assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
    let _ = output.says("researchloop.toml:7:1: [slack] is understood but not used yet");
}

#[test]
fn a_claude_that_is_not_there_is_to_be_installed() {
    let project = Project::local("max_concurrent_jobs = 1");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).expect("read");
    let agent = config
        .lines()
        .find(|line| line.starts_with("claude_command"))
        .expect("an agent")
        .to_owned();
    project.write(
        "researchloop.toml",
        config.replace(&agent, "claude_command = [\"no-such-claude\"]"),
    );
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 30);
    assert_eq!(sprint["reason"], "model_error");
    assert!(
        sprint["hint"].as_str().is_some_and(|hint| hint.contains("install Claude Code")),
        "{sprint:#}"
    );
}
