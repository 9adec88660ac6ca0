//! Sprints as attempts at tasks.

use serde_json::Value;

use super::{playing, text};
use crate::harness::Project;

fn task(project: &Project, id: &str) -> Value {
    project.run(&["--json", "task", "show", id]).success().json()["task"].clone()
}

fn add(project: &Project, idea: &str, more: &[&str]) -> String {
    project
        .run(&[&["-q", "task", "add", idea, "-s", "s"], more].concat())
        .success()
        .stdout
        .trim()
        .to_owned()
}

#[test]
fn a_sprint_for_an_idea_makes_the_task_too_and_its_end_is_the_tasks() {
    let project = playing("", "");
    project.run(&["sprint", "run", "x", "-s", "s", "--dry-run"]).success();
    assert!(!project.path("researchloop.db").exists(), "a dry run makes nothing");
    let run = project
        .run(&["--json", "sprint", "run", "an idea", "-s", "s", "--rounds", "0"])
        .success()
        .json();
    let (sprint, id) = (text(&run, "sprint_id"), text(&run, "task_id"));
    let row = task(&project, id);
    assert_eq!(
        [text(&row, "idea"), text(&row, "state"), text(&row, "claimed_by"), text(&row, "made_by")],
        ["an idea", "running", sprint, "sprint"]
    );
    assert_eq!(row["claim_until"], Value::Null, "the claim of a sprint has no end of its own");
    project.run(&["sprint", "run", "--task", id]).code(4).says(&format!("{sprint} works on it"));
    project
        .run(&["task", "done", id, "--token", "1"])
        .code(4)
        .says(&format!("{sprint} works on it"));
    project.run(&["task", "cancel", id]).code(4).says(&format!("sprint cancel {sprint}"));
    project.run(&["sprint", "resubmit", sprint]).code(4).says("works on it");
    assert_eq!(
        project.run(&["--json", "sprint", "list"]).success().json()["sprints"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "no second sprint was made"
    );
    let _ = project.finish(sprint, 60);
    assert_eq!(text(&task(&project, id), "state"), "done");
    project.run(&["sprint", "show", sprint]).success().says(&format!("task:        {id}"));
    project
        .run(&["task", "show", id])
        .success()
        .says("its sprints")
        .says(&format!("sprint show {sprint}"));

    // Once more: the same task, which stays done, whatever comes of the repeat.
    let waits = add(&project, "rests on it", &["--needs", id]);
    project
        .run(&["sprint", "resubmit", sprint])
        .success()
        .says(&format!("{id} is done, and stays so"));
    let again = project.run(&["--json", "sprint", "list", "-n", "1"]).success().json();
    let again = &again["sprints"][0];
    assert_eq!((text(again, "task_id"), text(&task(&project, id), "state")), (id, "done"));
    project.run(&["sprint", "cancel", text(again, "id")]).success();
    assert_eq!(text(&task(&project, &waits), "state"), "ready");
    let row = task(&project, id);
    let costs: f64 = row["sprints"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|sprint| sprint["cost_usd"].as_f64())
        .sum();
    assert!(
        costs > 0.0 && (row["spent"]["cost_usd"].as_f64().unwrap() - costs).abs() < 1e-9,
        "both attempts: {row:#}"
    );
    project.run(&["task", "show", id]).success().says("used: ").says("at list prices");
    assert_eq!((text(&row, "state"), row["sprints"].as_array().unwrap().len()), ("done", 2));
    project.run(&["sprint", "delete", sprint, "-y"]).success();
    assert_eq!(task(&project, id)["sprints"].as_array().unwrap().len(), 1, "the task stays");
}

#[test]
fn a_task_of_the_backlog_becomes_a_sprint_when_it_is_ready() {
    let project = playing("research:end_early=3", "");
    let first = add(
        &project,
        "measure it",
        &["--done-when", "there is a number", "--verify", "test -s findings.md"],
    );
    let second = add(&project, "use it", &["--needs", &first]);
    project.run(&["sprint", "run", "--task", &second]).code(4).says("is blocked").says(&first);
    project.run(&["sprint", "run", "x", "--task", &first]).code(2).says("cannot be used with");
    project.run(&["sprint", "run"]).code(2).says("<IDEA>").says("Usage:");
    project
        .run(&["sprint", "run", "--task", &first, "-s", "other"])
        .code(2)
        .says("belongs to the study s");
    let dry = project.run(&["sprint", "run", "--task", &first, "--dry-run"]).success();
    for part in [
        "measure it",
        "The work is done when this is so: there is a number",
        "# prompt of verify\ntest -s findings.md",
    ] {
        assert!(dry.stdout.contains(part), "{part}: {dry}");
    }
    assert_eq!(text(&task(&project, &first), "state"), "ready", "a dry run takes nothing");
    let run = project.run(&["--json", "sprint", "run", "--task", &first]).success().json();
    let sprint = text(&run, "sprint_id");
    assert_eq!(
        (text(&run, "task_id"), text(&task(&project, &first), "claimed_by")),
        (first.as_str(), sprint)
    );
    let ended = project.finish(sprint, 60);
    assert_eq!(
        (text(&ended, "status"), text(&ended, "idea"), text(&ended, "task_id")),
        ("failed", "measure it", first.as_str())
    );
    // An agent that ends before its first word is no fault of the task, which waits before it is tried again.
    let row = task(&project, &first);
    assert_eq!(
        (text(&row, "state"), row["failures"].as_i64(), row["infra_failures"].as_i64()),
        ("waiting", Some(0), Some(1))
    );
    assert!(
        text(&row, "detail").starts_with(&format!("{sprint}: {}", text(&ended, "reason"))),
        "{row:#}"
    );
    project.run(&["sprint", "run", "--task", &first]).code(4).says("waits until");
    // A person need not wait.
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", config.replace("end_early=3", "gate"));
    let again = project.run(&["--json", "sprint", "resubmit", sprint]).success().json();
    assert_eq!(text(&again, "task_id"), first);
    project.run(&["sprint", "cancel", text(&again, "sprint_id")]).success();
}

#[test]
fn the_keys_of_every_answer_about_tasks() {
    fn keys(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap_or_else(|| panic!("no object: {value:#}"))
            .keys()
            .map(String::as_str)
            .collect()
    }
    const TASK: &[&str] = &[
        "id",
        "study_name",
        "idea",
        "state",
        "verdict",
        "detail",
        "priority",
        "parent",
        "needs",
        "done_when",
        "verify",
        "made_by",
        "depth",
        "failures",
        "infra_failures",
        "max_attempts",
        "retry_at",
        "claimed_by",
        "claim_until",
        "created_at",
        "ended_at",
    ];
    let project = playing("", "");
    let json = |arguments: &[&str], code: i32| {
        let output = project.run(&[&["--json"], arguments].concat()).code(code);
        assert_eq!((output.stderr.as_str(), output.stdout.lines().count()), ("", 1), "{output}");
        output.json()
    };
    let none = json(&["task", "next"], 6);
    assert_eq!((keys(&none), none["open"].as_u64()), (vec!["task", "open"], Some(0)));
    let first = text(&json(&["task", "add", "x", "-s", "s"], 0)["task"], "id").to_owned();
    let made = json(&["task", "add", "y", "-s", "s", "--needs", &first], 0);
    assert_eq!((keys(&made), keys(&made["task"])), (vec!["task"], TASK.to_vec()));
    assert_eq!(keys(&made["task"]["needs"][0]), ["id", "condition", "state"]);
    let show = json(&["task", "show", &first], 0);
    assert_eq!(
        (keys(&show), keys(&show["task"])),
        (vec!["task", "next"], [TASK, &["needed_by", "children", "sprints", "spent"]].concat())
    );
    for list in [json(&["task", "list"], 0), json(&["task", "graph"], 0)] {
        assert_eq!((keys(&list), keys(&list["tasks"][0])), (vec!["tasks"], TASK.to_vec()));
    }
    let claim = json(&["task", "next", "--claim"], 0);
    assert_eq!((keys(&claim), keys(&claim["task"])), (vec!["token", "task"], TASK.to_vec()));
    let token = claim["token"].to_string();
    let until = text(&claim["task"], "claim_until");
    assert!(until.ends_with('Z') && until.parse::<jiff::Timestamp>().is_ok(), "{until}");
    for arguments in [
        &["task", "heartbeat", &first, "--token", &token][..],
        &["task", "release", &first, "--token", &token],
        &["task", "fail", &first, "--reason", "z"],
        &["task", "retry", &first],
        &["task", "edit", &first, "-p", "p0"],
        &["task", "done", &first],
        &["task", "cancel", text(&made["task"], "id")],
    ] {
        let answer = json(arguments, 0);
        assert_eq!(
            (keys(&answer), keys(&answer["task"])),
            (vec!["task"], TASK.to_vec()),
            "{arguments:?}"
        );
    }
    project.write("one.json", r#"[{"idea": "another one", "key": "k"}]"#);
    let made = json(&["task", "import", "one.json", "-s", "s"], 0);
    assert_eq!(
        (keys(&made), keys(&made["tasks"][0])),
        (vec!["study_name", "tasks"], vec!["id", "key"])
    );
}

#[test]
fn the_command_of_a_task_is_the_last_step_of_its_sprint_and_the_task_ends_as_that_says() {
    let project = playing("", "");
    for (command, status, state) in [
        ("test -s findings.md", "completed", "done"),
        ("grep nothing findings.md", "failed", "waiting"),
    ] {
        let id = add(&project, "measure it", &["--verify", command]);
        let run = project
            .run(&["--json", "sprint", "run", "--task", &id, "--rounds", "0"])
            .success()
            .json();
        let ended = project.finish(text(&run, "sprint_id"), 60);
        assert_eq!(
            (text(&ended, "status"), text(&task(&project, &id), "state")),
            (status, state),
            "{ended:#}"
        );
    }
    // A sprint without a task of a person's has no command.
    let sprint = project.finish(&project.submit("x", &["--rounds", "0"]), 60);
    assert!(
        sprint["steps"].as_array().unwrap().iter().all(|step| step["name"] != "verify"),
        "{sprint:#}"
    );
}

#[test]
fn a_task_that_was_rewritten_is_not_answered_by_a_repeat_of_the_old_question() {
    let project = playing("research:exit=3", "");
    let first = add(&project, "the old question", &[]);
    let run = project.run(&["--json", "sprint", "run", "--task", &first]).success().json();
    let sprint = text(&run, "sprint_id").to_owned();
    project.finish(&sprint, 60);
    project.run(&["task", "retry", &first]).success();
    project.run(&["task", "edit", &first, "--idea", "quite another question"]).success();
    let again = project.run(&["--json", "sprint", "resubmit", &sprint]).success().json();
    let other = text(&again, "task_id");
    assert_ne!(other, first);
    assert_eq!(
        (text(&task(&project, other), "idea"), text(&task(&project, &first), "state")),
        ("the old question", "ready")
    );
    project.finish(text(&again, "sprint_id"), 60);
}
