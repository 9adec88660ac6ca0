//! What is known against a result is joined with it: open issues of its last review, its unit, its name.

use serde_json::Value;

use super::loops::{add, finish, shown};
use super::{playing, text};
use crate::harness::{Project, patience};

/// A project whose study is after `acc`, and whose agents do what their idea says.
fn project() -> Project {
    let project = playing("*:by_idea", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let notify = "notify_command = [\"sh\", \"-c\", \"cat >>notices\"]\n";
    project.write(
        "researchloop.toml",
        format!("{notify}{config}metric = \"acc\"\nmetric_better = \"higher\"\n"),
    );
    project
}

fn start(project: &Project, rounds: &str, more: &[&str]) -> String {
    let output = project
        .run(
            &[&["--json", "loop", "start", "-s", "s", "--tasks-only", "--rounds", rounds], more]
                .concat(),
        )
        .success();
    text(&output.json()["loop"], "id").to_owned()
}

/// The places of the board: idea, shown value, `noise`.
fn board(project: &Project) -> Vec<(String, f64, String)> {
    let json = project.run(&["--json", "study", "leaderboard", "s"]).success().json();
    let place = |place: &Value| {
        (
            text(place, "idea").to_owned(),
            place["value"].as_f64().unwrap(),
            text(place, "noise").to_owned(),
        )
    };
    json["places"].as_array().unwrap().iter().map(place).collect()
}

fn notices(project: &Project, kind: &str) -> Vec<Value> {
    let all = std::fs::read_to_string(project.path("notices")).unwrap_or_default();
    all.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|notice| notice["kind"] == kind)
        .collect()
}

#[test]
fn what_the_last_review_left_open_wins_no_board_and_reaches_no_target() {
    let project = project();
    for idea in [
        "sound [acc=0.5]",
        "leaks [acc=0.99] [open]",
        "nobody knows [acc=0.98] [unclear]",
        "better [acc=0.95]",
    ] {
        add(&project, idea, &[]);
    }
    let id = start(&project, "2", &["-n", "9", "--target", "0.9"]);
    let one = finish(&project, &id, 120);
    // The fourth one reaches it, and neither the second nor the third.
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("target", &4.into()), "{one:#}");
    assert!(text(&one, "detail").contains("0.95"), "{one:#}");
    let ids: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "id")).collect();
    let open: Vec<&Value> = one["sprints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sprint| &sprint["open_issues"]["count"])
        .collect();
    assert_eq!(open, [&Value::Null, &1.into(), &Value::Null, &Value::Null], "{one:#}");
    project.run(&["loop", "show", &id]).success().says("! issues open");

    let ideas: Vec<String> = board(&project)
        .into_iter()
        .map(|(idea, _, noise)| format!("{}: {noise}", idea.split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        ideas,
        ["better: unknown", "sound: unknown", "leaks: open_issues", "nobody: open_issues"]
    );
    let plain = project.run(&["study", "leaderboard", "s", "--plain"]).success();
    plain
        .says("0.99 !")
        .says("issues open")
        .says("! #3: 1 critical issue is open")
        .says("! #4: the last review is not clear")
        .says("the best of 2");

    // The reviewer's words, and that they are the reviewer's.
    let quote = "the reviewer: “The test set was used for tuning (round 2).”";
    project
        .run(&["sprint", "show", ids[1]])
        .success()
        .says("! 1 critical issue is open (red_team_round_2)")
        .says(quote);
    project.run(&["study", "findings", "s"]).success().says(quote);
    assert_eq!(
        project.show(ids[1])["open_issues"]["quotes"][0],
        "The test set was used for tuning (round 2)."
    );
    assert!(
        project.show(ids[0])["open_issues"].is_null(),
        "a later review has closed what the first one found"
    );
    let completed = notices(&project, "completed");
    let title = |id: &str| {
        completed
            .iter()
            .find(|notice| notice["data"]["sprint_id"] == id)
            .map_or("", |notice| text(notice, "title"))
    };
    assert!(
        title(ids[1]).contains("completed, 1 critical issue is open")
            && title(ids[0]).ends_with("completed"),
        "{completed:#?}"
    );
    let told = notices(&project, "loop_note");
    assert!(
        told.iter()
            .any(|notice| text(notice, "message")
                .contains("which would reach the target acc >= 0.9")),
        "{told:#?}"
    );
}

#[test]
fn a_repair_that_nobody_reviewed_closes_nothing_and_counts_for_patience() {
    let project = project();
    for idea in [
        "sound [acc=0.5]",
        "one [acc=0.7] [open]",
        "two [acc=0.9] [open]",
        "three [acc=0.95] [open]",
    ] {
        add(&project, idea, &[]);
    }
    let id = start(&project, "2", &["-n", "9", "--patience", "2"]);
    let one = finish(&project, &id, 120);
    assert_eq!(
        (text(&one, "reason"), &one["completed_count"]),
        ("no_improvement", &3.into()),
        "{one:#}"
    );
}

#[test]
fn figures_are_compared_in_one_unit_or_not_at_all() {
    let project = project();
    for idea in
        ["base [acc=0.93 fraction]", "worse [acc=91.2 %]", "odd [acc=94]", "best [acc=96 percent]"]
    {
        add(&project, idea, &[]);
    }
    let id = start(&project, "0", &["-n", "9", "--target", "acc>=95%"]);
    let one = finish(&project, &id, 90);
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("target", &4.into()), "{one:#}");
    assert!(
        text(&one, "detail").contains("the target acc >= 95 % is reached")
            && text(&one, "detail").contains(" has 96 %"),
        "{one:#}"
    );
    let places = board(&project);
    let ideas: Vec<(&str, f64)> = places
        .iter()
        .map(|(idea, value, _)| (idea.split(' ').next().unwrap(), (value * 10.0).round() / 10.0))
        .collect();
    // What most say is the unit; the one without a unit is like them.
    assert_eq!(
        ideas,
        [("best", 96.0), ("odd", 94.0), ("base", 93.0), ("worse", 91.2)],
        "{places:?}"
    );
}

#[test]
fn figures_without_a_unit_that_may_be_fractions_and_percentages_are_told_apart() {
    let project = project();
    for idea in ["base [acc=0.93]", "other [acc=91.2]", "third [acc=0.9]"] {
        add(&project, idea, &[]);
    }
    let id = start(&project, "0", &["-n", "3", "--target", "0.95"]);
    let one = finish(&project, &id, 90);
    assert_eq!(text(&one, "reason"), "count", "{one:#}");
    assert!(
        text(&one, "detail")
            .contains("has 91.2, which is not compared with the target acc >= 0.95"),
        "{one:#}"
    );
    let places = board(&project);
    assert_eq!(
        places.iter().map(|(idea, ..)| idea.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["base", "third", "other"],
        "{places:?}"
    );
    assert_eq!(places[2].2, "not_comparable");
    project
        .run(&["study", "leaderboard", "s"])
        .success()
        .says("! #3 is not compared: no unit is given, and figures such as 0.93 and 91.2 may be");
}

#[test]
fn a_target_that_nothing_reports_is_warned_of_refused_and_told() {
    let project = project();
    add(&project, "one [acc=0.97] [name=ACC]", &[]);
    add(&project, "two [acc=0.5] [gate]", &[]);
    let direction = project.run(&["loop", "start", "-s", "s", "--target", "acc<=0.95"]);
    direction.code(2).says("points the wrong way").says("acc>=");
    let output = project
        .run(&[
            "loop",
            "start",
            "-s",
            "s",
            "--tasks-only",
            "--rounds",
            "0",
            "-n",
            "2",
            "--target",
            "acf>=0.95",
        ])
        .success();
    output.says("no sprint of the study has reported acf yet; did you mean acc?");
    let list = project.run(&["--json", "loop", "list"]).success().json();
    let id = text(&list["loops"][0], "id").to_owned();
    let started = std::time::Instant::now();
    while !text(&shown(&project, &id), "note").contains("has not reported acf; did you mean") {
        assert!(started.elapsed() < patience(60), "{:#}", shown(&project, &id));
        let _ = project.run(&["tick"]);
    }
    for command in [&["loop", "show", &id][..], &["loop", "list"], &["status"]] {
        let mut wide = project.command(crate::harness::program());
        wide.args(command).env("COLUMNS", "300");
        Project::output(wide).success().says("the target acf >= 0.95 cannot be reached");
    }
    project.run(&["tick"]).success();
    let told = notices(&project, "loop_note");
    assert_eq!(told.len(), 1, "once: {told:#?}");
    // Now it is known what there is.
    project
        .run(&["loop", "edit", &id, "--target", "acf>=0.96"])
        .code(2)
        .says("has reported acf; did you mean");
    project
        .run(&["loop", "start", "-s", "s", "--target", "speed>=3"])
        .code(2)
        .says("they have reported ");
    // Names are compared generously.
    project.run(&["loop", "edit", &id, "--target", "A_c-C >= 95 %"]).success();
    for sprint in shown(&project, &id)["sprints"].as_array().unwrap() {
        project.let_go(text(sprint, "id"));
    }
    let one = finish(&project, &id, 60);
    assert_eq!(text(&one, "reason"), "target", "{one:#}");
    assert_eq!(board(&project)[0].1, 0.97);
}

#[test]
fn one_cause_that_meets_sprints_at_once_does_not_end_a_loop() {
    let project = project();
    for idea in [
        "one [fails]",
        "two, otherwise [fails]",
        "three, quite different [acc=0.5]",
        "and a fourth, of birds [acc=0.6]",
    ] {
        add(&project, idea, &[]);
    }
    // The first two run beside each other, and fail in the same words.
    let id = start(&project, "0", &["-n", "2", "--parallel", "2"]);
    let one = finish(&project, &id, 90);
    let how: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "status")).collect();
    assert_eq!(
        (text(&one, "reason"), how),
        ("count", vec!["failed", "failed", "completed", "completed"]),
        "{one:#}"
    );
}
