//! What need not be said: the study, the id, the longer name of a command.

use super::{playing, text};
use crate::harness::Project;

/// A second study in a folder of its own, beside `s`.
fn with_two_studies() -> Project {
    let project = playing("research:gate", "");
    project.run(&["study", "init", "two"]).success();
    project
}

#[test]
fn the_only_study_needs_no_name_and_of_several_the_folder_says_which() {
    let project = playing("*:by_idea", "");
    let only = project.run(&["--json", "run", "an idea", "--rounds", "0"]).success().json();
    assert_eq!(text(&only, "study_name"), "s");
    project.finish(text(&only, "sprint_id"), 60);

    let project = with_two_studies();
    project
        .run(&["run", "an idea"])
        .code(2)
        .says("several studies")
        .says("name one with -s: s, two");
    project.run(&["loop", "start", "-n", "1"]).code(2).says("name one with -s");
    let mut inside = project.command("bash");
    let program = crate::harness::program();
    let script = format!("cd studies/two && {} --json run 'an idea' --dry-run", program.display());
    inside.args(["-c", &script]);
    let dry = Project::output(inside);
    assert_eq!(text(&dry.json(), "study_name"), "two", "{dry}");
    project.run(&["run", "an idea", "-s", "tow"]).code(3).says("did you mean `two`?");
}

#[test]
fn without_an_id_the_newest_sprint_that_fits_is_meant() {
    let project = with_two_studies();
    project.run(&["show"]).code(3).says("there is no sprint yet").says("sprint run");
    project.run(&["cancel"]).code(3).says("no sprint is running");
    let older = project.submit("the older one", &["--rounds", "0"]);
    let shown = project.run(&["--json", "show"]).success().json();
    assert_eq!(text(&shown["sprint"], "id"), older);
    let newer = project.submit("the newer one", &["--rounds", "0"]);
    let shown = project.run(&["--json", "show"]).success().json();
    assert_eq!(text(&shown["sprint"], "id"), newer);
    assert_eq!(project.run(&["ls"]).success().stdout, project.run(&["sprint", "list"]).stdout);
    // Nobody guesses which of two is to end.
    let refused = project.run(&["cancel"]).code(2).says("name one");
    assert!(refused.stderr.contains(&older) && refused.stderr.contains(&newer), "{refused}");
    project.run(&["cancel", &newer]).success();
    let cancelled = project.run(&["--json", "cancel"]).success().json();
    assert_eq!(text(&cancelled, "sprint_id"), older);
    project.run(&["show", "-s", "two"]).code(3).says("of the study two");
    project.run(&["show", &older, "-s", "s"]).code(2).says("cannot be used with");
}

#[test]
fn words_of_other_tools_lead_somewhere_and_hidden_commands_nowhere() {
    let project = Project::local("");
    for (word, meant) in [
        ("logs", "log"),
        ("rm", "sprint delete"),
        ("ps", "status"),
        ("sprints", "ls"),
        ("statsu", "status"),
    ] {
        project.run(&[word]).code(2).says(&format!("'{meant}'"));
        let json = project.run(&["--json", word]).code(2);
        assert!(json.stderr.contains(&format!("did you mean {meant}?")), "{json}");
    }
    for word in ["job-rum", "files-red", "demo-agnet"] {
        let wrong = project.run(&[word]).code(2);
        assert!(
            !["job-run", "files-read", "demo-agent"].iter().any(|name| wrong.stderr.contains(name)),
            "{wrong}"
        );
    }
}

#[test]
fn settings_of_a_study_are_changed_in_the_file_and_only_if_it_can_be_read_after_that() {
    let project = Project::local("");
    let file = project.path("researchloop.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let set = project.run(&["study", "set", "model=opus", "max_cost_usd=2.5"]).success();
    assert!(set.stdout.contains("model") && set.stdout.contains("opus"), "{set}");
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.contains("model = \"opus\"") && after.contains("max_cost_usd = 2.5"), "{after}");
    for (change, says) in [
        ("modell=opus", "did you mean `model`?"),
        ("max_cost_usd=-1", "max_cost_usd"),
        ("name=other", "cannot be changed"),
        ("model", "expected KEY=VALUE"),
        ("max_sprint_duration_hours=0", "max_sprint_duration_hours"),
    ] {
        let refused = project.run(&["study", "set", change]);
        assert_ne!(refused.code, 0, "{change}: {refused}");
        assert!(refused.stderr.contains(says), "{change}: {refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), after, "{change}");
    }
    project.run(&["study", "set", "model=", "max_cost_usd="]).success();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn everything_is_checked_at_once() {
    let project = Project::local("");
    let check = project.run(&["check"]).success();
    assert!(check.stdout.contains("[cluster.here]") && check.stdout.contains("  ok   "), "{check}");
    assert!(!check.stdout.contains("poll_interval  default"), "{check}");
    let all = project.run(&["check", "--all"]).success();
    assert!(all.stdout.lines().count() > check.stdout.lines().count(), "{all}");
    let json = project.run(&["--json", "check"]).success().json();
    assert_eq!(json["clusters"][0]["name"], "here");
    assert!(json["config"]["settings"].as_array().is_some_and(|all| all.len() > 20), "{json:#}");
}
