//! What bounds loops that share a study, an account, or an idea.

use serde_json::Value;

use super::loops::{add, finish, shown, start};
use super::{playing, text};
use crate::harness::{Project, patience};

fn with(project: &Project, keys: &str) {
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}{keys}\n"));
}

fn statuses(one: &Value) -> Vec<&str> {
    let mut statuses: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "status")).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn of_two_jobs_with_the_same_idea_the_later_one_is_ended() {
    let idea = "Does a larger batch with the same budget lower the loss of the model?";
    let project = playing(&format!("idea:idea={idea},research:gate"), "");
    let id = start(&project, &["-n", "2", "--parallel", "2"]);
    let started = std::time::Instant::now();
    let one = loop {
        project.run(&["tick"]);
        let one = shown(&project, &id);
        let statuses = statuses(&one);
        if statuses.contains(&"cancelled") {
            for sprint in one["sprints"].as_array().unwrap() {
                project.let_go(text(sprint, "id"));
            }
        }
        if (statuses.contains(&"cancelled") && statuses.contains(&"completed"))
            || started.elapsed() > patience(60)
        {
            break one;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    project.run(&["loop", "stop", &id, "--now"]);
    let sprint = |status: &str| {
        let found =
            one["sprints"].as_array().unwrap().iter().find(|sprint| sprint["status"] == status);
        found.cloned().unwrap_or_else(|| panic!("none is {status}: {one:#}"))
    };
    let (ended, kept) = (sprint("cancelled"), sprint("completed"));
    project
        .run(&["sprint", "show", text(&ended, "id")])
        .success()
        .says(&format!("its idea repeats that of {}", text(&kept, "id")));
    assert_eq!(ended["task_id"], Value::Null, "one idea is one task: {one:#}");
    let tasks = project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1, "{tasks:#}");
}

#[test]
fn what_another_loop_has_only_reserved_ends_no_loop() {
    let project = playing("", "max_concurrent_jobs = 1\n");
    with(&project, "max_study_cost_usd = 50");
    add(&project, "one", &[]);
    add(&project, "two", &[]);
    let first = start(&project, &["-n", "1", "--tasks-only"]);
    let second = start(&project, &["-n", "1", "--tasks-only"]);
    let waits = shown(&project, &second);
    assert_eq!(text(&waits, "status"), "running", "{waits:#}");
    assert!(text(&waits, "note").contains("may leave some of what is reserved"), "{waits:#}");
    for id in [&first, &second] {
        let one = finish(&project, id, 60);
        assert_eq!((text(&one, "status"), text(&one, "reason")), ("completed", "count"), "{one:#}");
    }
}

#[test]
fn a_limit_that_is_not_understood_is_no_missing_limit() {
    let project = playing("", "");
    project.write("studies/s/program.md", "# Budget\n- cost: 1,000\n- max cost usd = 5\n");
    let refused = project
        .run(&["loop", "start", "-s", "s"])
        .code(1)
        .says("program.md:2: Budget: cost")
        .says("program.md:3");
    assert!(refused.stderr.contains("may be a limit"), "{refused}");
    project.write("studies/s/program.md", "# Budget\n- cost: 1000\n");
    let id = start(&project, &["-n", "1"]);
    project.run(&["loop", "stop", &id, "--now"]).success();
    project.write("studies/s/program.md", "# Budget\n- cost: 1,000\n");
    project.run(&["loop", "resume", &id, "-n", "2"]).code(1).says("program.md:2");
}

#[test]
fn a_program_that_breaks_while_a_loop_runs_holds_it_up_and_says_so() {
    let project = playing("", "");
    project.write("studies/s/program.md", "# Budget\n- cost: 1000\n");
    add(&project, "one", &[]);
    let id = start(&project, &["-n", "2"]);
    let sprint = text(&shown(&project, &id)["sprints"][0], "id").to_owned();
    project.write("studies/s/program.md", "# Budget\n- cost: 1,000\n");
    project.finish(&sprint, 60);
    project.run(&["tick"]);
    let held = shown(&project, &id);
    assert!(
        text(&held, "status") == "running" && text(&held, "note").contains("program.md:2"),
        "{held:#}"
    );
    assert_eq!(held["sprints"].as_array().unwrap().len(), 1, "{held:#}");
    project.write("studies/s/program.md", "# Budget\n- cost: 1000\n");
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("count", &2.into()), "{one:#}");
}

#[test]
fn a_usage_limit_is_waited_for_and_kills_neither_the_loop_nor_its_task() {
    let project = playing("research:usage_limit=7200_once", "");
    let task = add(&project, "one", &[]);
    let id = start(&project, &["-n", "1", "--tasks-only"]);
    let sprint = text(&shown(&project, &id)["sprints"][0], "id").to_owned();
    let ended = project.finish(&sprint, 60);
    assert_eq!(text(&ended, "reason"), "usage_limit", "{ended:#}");
    project.run(&["tick"]);
    let one = shown(&project, &id);
    assert!(
        text(&one, "status") == "running" && text(&one, "note").contains("the limit is reset"),
        "{one:#}"
    );
    let row = project.run(&["--json", "task", "show", &task]).success().json();
    let until = text(&row["task"], "retry_at").parse::<jiff::Timestamp>().unwrap();
    let wait = until.as_second()
        - text(&ended, "completed_at").parse::<jiff::Timestamp>().unwrap().as_second();
    assert!((7000..=7300).contains(&wait), "{wait} s: {row:#}");
}

#[test]
fn sprints_whose_gpus_nobody_knows_are_named_and_can_be_given_up() {
    let project = playing("research:gate", "");
    let id = project.submit("one", &["--rounds", "0"]);
    project.let_go(&id);
    project.finish(&id, 60);
    let database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    database.execute("UPDATE sprints SET gpus = NULL", []).unwrap();
    drop(database);
    with(&project, "max_study_gpu_hours = 1");
    project
        .run(&["sprint", "run", "two", "-s", "s"])
        .code(5)
        .says(&id)
        .says(&format!("sprint delete {id}"));
    project.run(&["sprint", "delete", &id, "-y"]).success();
    let two = project.submit("two", &["--rounds", "0"]);
    project.run(&["sprint", "cancel", &two]).success();
}

#[test]
fn a_time_limit_is_a_failure_of_the_work_also_where_money_is_limited() {
    let project = playing("research:hang", "");
    let task = add(&project, "one", &["--max-attempts", "9"]);
    let id = start(&project, &["-n", "2", "--max-cost", "100", "--time", "4s", "--tasks-only"]);
    let started = std::time::Instant::now();
    let one = loop {
        project.run(&["tick"]);
        // Nobody waits a minute for the next try here.
        project.run(&["task", "retry", &task]);
        let one = shown(&project, &id);
        if one["status"] != "running" || started.elapsed() > patience(60) {
            break one;
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
    };
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("stopped", "same_failure"),
        "{one:#}"
    );
}
