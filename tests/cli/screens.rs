//! Whole screens, in `tests/snapshots`: each command once for people, once as JSON, once refused.
//!
//! What changes from run to run is replaced (`tests/recorded/masks`). After a change of a screen,
//! `INSTA_UPDATE=always cargo test --test suite cli::screens::` writes them anew: read the difference.

use super::{playing, text};
use crate::harness::{Project, sources};

/// Compares what a run prints, on both streams, with its exit status.
#[track_caller]
fn screen(project: &Project, name: &str, arguments: &[&str]) {
    let output = project.run(arguments);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(sources().join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, project.steady(&output)));
}

/// The same on a terminal of another width.
#[track_caller]
fn at_width(project: &mut Project, width: &str, arguments: &[&str]) {
    project.set("COLUMNS", width);
    screen(project, &format!("{}-at-{width}", name(arguments)), arguments);
    project.set("COLUMNS", "100");
}

/// The command's words.
fn name(arguments: &[&str]) -> String {
    let is_word =
        |word: &&&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    arguments.iter().take(2).take_while(is_word).copied().collect::<Vec<_>>().join("-")
}

/// The same command for people and as JSON, where it changes nothing.
#[track_caller]
fn both(project: &Project, arguments: &[&str]) {
    let name = name(arguments);
    screen(project, &name, arguments);
    screen(project, &format!("{name}.json"), &[&["--json"], arguments].concat());
}

fn add(project: &Project, idea: &str) -> String {
    let output = project.run(&["--json", "task", "add", idea, "-s", "s"]).success();
    text(&output.json()["task"], "id").to_owned()
}

#[test]
fn of_sprints_and_what_came_of_them() {
    let mut project = playing("*:by_idea", "");
    let good = project.submit("does it help? [supported] [acc=0.9]", &["--rounds", "0"]);
    project.finish(&good, 60);
    let bad = project.submit("does it fail? [fails]", &["--rounds", "0"]);
    project.finish(&bad, 60);
    both(&project, &["sprint", "list"]);
    both(&project, &["sprint", "show", &good]);
    screen(&project, "sprint-show-failed", &["sprint", "show", &bad]);
    both(&project, &["sprint", "watch", &good]);
    both(&project, &["sprint", "log", &good]);
    both(&project, &["sprint", "fetch", &good]);
    both(&project, &["study", "list"]);
    both(&project, &["study", "show", "s"]);
    both(&project, &["study", "leaderboard", "s", "--metric", "acc"]);
    both(&project, &["study", "findings", "s"]);
    both(&project, &["cluster", "list"]);
    both(&project, &["config", "check"]);
    both(&project, &["status"]);
    both(&project, &["tick"]);
    // On a narrow one what is cut depends on how long something took: lists are looked at in `widths`.
    for (width, arguments) in [
        ("80", &["sprint", "show", &good][..]),
        ("80", &["study", "leaderboard", "s", "--metric", "acc"]),
        ("140", &["sprint", "list"]),
        ("140", &["sprint", "show", &good]),
        ("140", &["study", "leaderboard", "s", "--metric", "acc"]),
        ("140", &["study", "show", "s"]),
        ("140", &["status"]),
    ] {
        at_width(&mut project, width, arguments);
    }
    for arguments in [
        &["sprint", "cancel", &good][..],
        &["sprint", "delete", "sp-000000", "-y"],
        &["sprint", "fetch", "sp-000000"],
        &["sprint", "list", "--status", "lost"],
        &["sprint", "log", "sp-000000"],
        &["sprint", "resubmit", &good],
        &["sprint", "run", "an idea", "-s", "none"],
        &["sprint", "show", "sp-000000"],
        &["sprint", "tweak", "sp-000000", "more"],
        &["sprint", "watch", "sp-000000"],
        &["study", "show", "none"],
        &["study", "leaderboard", "none"],
        &["study", "findings", "none"],
        &["cluster", "check", "none"],
        &["cluster", "setup", "none"],
        &["cron", "install", "--every", "never"],
        &["init"],
        &["reply", "m-000000", "yes"],
    ] {
        let name = name(arguments);
        screen(&project, &format!("{name}.refused"), arguments);
    }
    let run = ["sprint", "run", "a third idea", "-s", "s", "--rounds", "0"];
    screen(&project, "sprint-run", &run);
    screen(&project, "sprint-delete", &["sprint", "delete", &bad, "-y"]);
    screen(&project, "sprint-delete.json", &["--json", "sprint", "delete", &good, "-y"]);
}

#[test]
fn of_the_backlog() {
    let project = Project::local("");
    screen(&project, "task-add", &["task", "add", "the first idea", "-s", "s"]);
    screen(&project, "task-add.json", &["--json", "task", "add", "the second idea", "-s", "s"]);
    let [one, two] = ["the third idea", "the fourth idea"].map(|idea| add(&project, idea));
    both(&project, &["task", "list"]);
    both(&project, &["task", "show", &one]);
    both(&project, &["task", "next", "-s", "s"]);
    both(&project, &["task", "graph", "s"]);
    for (verb, more) in [
        ("edit", &["--priority", "p0"][..]),
        ("claim", &[]),
        ("heartbeat", &[]),
        ("release", &[]),
        ("fail", &["--reason", "it cannot be"]),
        ("retry", &[]),
        ("done", &[]),
    ] {
        let arguments = |id| [&["task", verb, id], more].concat();
        screen(&project, &format!("task-{verb}"), &arguments(&one));
        let json = [&["--json"], arguments(&two).as_slice()].concat();
        screen(&project, &format!("task-{verb}.json"), &json);
        let refused = arguments("t-000000");
        screen(&project, &format!("task-{verb}.refused"), &refused);
    }
    let [three, four] = ["the fifth idea", "the sixth idea"].map(|idea| add(&project, idea));
    screen(&project, "task-cancel", &["task", "cancel", &three]);
    screen(&project, "task-cancel.json", &["--json", "task", "cancel", &four]);
    screen(&project, "task-cancel.refused", &["task", "cancel", "t-000000"]);
    screen(&project, "task-add.refused", &["task", "add", "", "-s", "s"]);
    screen(&project, "task-show.refused", &["task", "show", "t-000000"]);
    screen(&project, "task-next.refused", &["task", "next", "-s", "none"]);
    screen(&project, "task-graph.refused", &["task", "graph", "none"]);
    screen(&project, "task-import.refused", &["task", "import", "none.yaml", "-s", "s"]);
}

#[test]
fn of_loops_and_messages() {
    let project = playing("*:by_idea", "");
    add(&project, "does it help? [supported]");
    let start = ["loop", "start", "-s", "s", "-n", "1", "--tasks-only", "--rounds", "0"];
    screen(&project, "loop-start", &start);
    let list = project.run(&["--json", "loop", "list"]).success().json();
    let id = text(&list["loops"][0], "id").to_owned();
    super::loops::finish(&project, &id, 60);
    let held = add(&project, "does it help as well? [supported]");
    project.run(&["task", "claim", &held]).success();
    screen(&project, "loop-start.json", &[&["--json"], &start[..]].concat());
    both(&project, &["loop", "list"]);
    both(&project, &["loop", "show", &id]);
    both(&project, &["inbox"]);
    both(&project, &["cron", "show"]);
    for (verb, more) in [("edit", &["-n", "3"][..]), ("resume", &[]), ("stop", &[])] {
        let arguments = |id| [&["loop", verb, id], more].concat();
        screen(&project, &format!("loop-{verb}"), &arguments(&id));
        screen(&project, &format!("loop-{verb}.refused"), &arguments("loop-000000"));
    }
    screen(&project, "loop-show.refused", &["loop", "show", "loop-000000"]);
    screen(&project, "loop-start.refused", &["loop", "start", "-s", "none"]);
    screen(&project, "plan.refused", &["plan", "a goal", "-s", "none"]);
}

#[test]
fn of_a_new_project() {
    screen(&Project::empty(), "init", &["init"]);
    screen(&Project::empty(), "init.json", &["--json", "init"]);
    let project = Project::local("");
    screen(&project, "status-empty", &["status"]);
    screen(&Project::empty(), "status.refused", &["status"]);
}
