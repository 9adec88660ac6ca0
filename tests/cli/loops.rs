//! Loops on this machine: what they begin, what ends them, and what people do with them.

use serde_json::Value;

use super::{playing, text};
use crate::harness::{Output, Project, patience, tell};

/// Starts a loop on the study `s` and returns its id.
#[track_caller]
pub fn start(project: &Project, more: &[&str]) -> String {
    let output = project
        .run(&[&["--json", "loop", "start", "-s", "s", "--rounds", "0"], more].concat())
        .success();
    text(&output.json()["loop"], "id").to_owned()
}

/// The loop as `loop show --json` tells it.
#[track_caller]
pub fn shown(project: &Project, id: &str) -> Value {
    project.run(&["--json", "loop", "show", id]).success().json()["loop"].clone()
}

/// Why its sprints have failed, those that did.
pub fn why(project: &Project, one: &Value) -> String {
    let failed = one["sprints"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|sprint| sprint["status"] == "failed");
    failed.map(|sprint| project.explain(text(sprint, "id"))).collect()
}

/// Ticks until the loop has ended, and returns it.
#[track_caller]
pub fn finish(project: &Project, id: &str, seconds: u64) -> Value {
    let started = std::time::Instant::now();
    loop {
        let (_, ended) = project.jobs();
        let tick = project.run(&["tick"]);
        let one = shown(project, id);
        if one["status"] != "running" && one["live_count"] == 0 {
            tell(&format!("---- the last tick\n{tick}{}", why(project, &one)));
            return one;
        }
        let limit = patience(seconds);
        assert!(
            started.elapsed() < limit,
            "{id} has not ended after {limit:?}: {one:#}\n---- the last tick\n{tick}{}",
            why(project, &one)
        );
        project.rest(ended);
    }
}

#[track_caller]
pub fn add(project: &Project, idea: &str, more: &[&str]) -> String {
    let output =
        project.run(&[&["--json", "task", "add", idea, "-s", "s"], more].concat()).success();
    let json = output.json();
    let task = if json["task"].is_object() { &json["task"] } else { &json };
    text(task, "id").to_owned()
}

fn ideas(one: &Value) -> Vec<&str> {
    one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "idea")).collect()
}

fn with_metric(project: &Project) {
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        format!("{config}metric = \"acc\"\nmetric_better = \"higher\"\n"),
    );
}

#[test]
fn tasks_come_first_and_then_ideas_that_build_on_what_was_found() {
    let mut project = playing("*:by_idea", "");
    let calls = project.path("calls");
    project.set("RL_AGENT_CALLS", &calls.display().to_string());
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace(
            "environment = { ",
            &format!("environment = {{ RL_AGENT_CALLS = \"{}\", ", calls.display()),
        ),
    );
    add(&project, "the lesser one [refuted]", &["-p", "p2"]);
    add(&project, "the urgent one [supported]", &["-p", "p0"]);
    let id = start(&project, &["-n", "4", "-m", "find something about birds"]);
    let one = finish(&project, &id, 120);
    assert_eq!((text(&one, "status"), text(&one, "reason")), ("completed", "count"), "{one:#}");
    assert_eq!(
        (&one["completed_count"], &one["sprints"].as_array().unwrap().len()),
        (&4.into(), &4),
        "{one:#}"
    );
    let ideas = ideas(&one);
    assert_eq!(ideas[..2], ["the urgent one [supported]", "the lesser one [refuted]"], "{one:#}");
    assert!(!ideas[2].is_empty() && !ideas[3].is_empty() && ideas[2] != ideas[3], "{one:#}");
    assert!(
        one["sprints"].as_array().unwrap().iter().all(|sprint| !text(sprint, "task_id").is_empty()),
        "{one:#}"
    );
    // What the job was told when it had to find an idea: what is wanted, and all that came out before.
    let prompts: Vec<String> = std::fs::read_dir(&calls)
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok())
        .filter(|prompt| prompt.starts_with("# Step: idea"))
        .collect();
    assert_eq!(prompts.len(), 2);
    for prompt in &prompts {
        for part in [
            "find something about birds",
            "the urgent one [supported]",
            "the lesser one [refuted]",
            "refuted",
            "supported",
        ] {
            assert!(prompt.contains(part), "{part:?} is not in:\n{prompt}");
        }
    }
    assert!(
        prompts.iter().any(|prompt| prompt.contains(ideas[2])),
        "the third idea was not told to the fourth sprint"
    );
    let status = project.run(&["--json", "status"]).success().json();
    let (today, spent) = (
        status["studies"][0]["spent_today_usd"].as_f64().unwrap(),
        one["cost_usd"].as_f64().unwrap(),
    );
    assert!(today > 0.0 && today <= spent + 0.005, "{status:#}");
    // A tick after the end changes nothing.
    project.run(&["tick"]).success();
    assert_eq!(shown(&project, &id)["sprints"].as_array().unwrap().len(), 4);
    let tasks = project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 4, "{tasks:#}");
}

#[test]
fn a_loop_is_refused_with_the_reason() {
    let project = playing("", "");
    let refused = |arguments: &[&str], code: i32| -> Output {
        project.run(&[&["loop"], arguments].concat()).code(code)
    };
    refused(&["start", "-s", "nope"], 3).says("no study named");
    refused(&["start", "-s", "s", "-n", "0"], 2).says("-n: expected");
    refused(&["start", "-s", "s", "--max-cost", "-3"], 2);
    refused(&["start", "-s", "s", "--max-cost", "much"], 2)
        .says("--max-cost much: expected a number above 0");
    refused(&["start", "-s", "s", "--until", "soon"], 2).says("--until soon");
    refused(&["start", "-s", "s", "--until", "2001-01-01"], 2).says("that time is over");
    refused(&["start", "-s", "s", "--target", "0.9"], 2).says("declares no metric");
    refused(&["start", "-s", "s", "--patience", "2"], 2).says("declares no metric");
    refused(&["start", "-s", "s", "-o", "nonsense"], 2);
    refused(&["show", "loop-000000"], 3).says("there is no loop");
    refused(&["stop", "zzz"], 3);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}allow_loop = false\n"));
    refused(&["start", "-s", "s"], 4).says("does not allow loops").says("allow_loop = true");
    let list = project.run(&["--json", "loop", "list"]).success().json();
    assert_eq!(list["loops"].as_array().map(Vec::len), Some(0), "{list:#}");
}

#[test]
fn money_ends_a_loop_and_more_money_lets_it_go_on() {
    let project = playing("", "");
    // Others are ready when one has to wait for its next attempt.
    for idea in ["one", "two", "three", "four"] {
        add(&project, idea, &[]);
    }
    // One whole sprint of the stand-in costs more than this.
    let id = start(&project, &["-n", "2", "--max-cost", "0.05"]);
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "status"), text(&one, "reason")), ("stopped", "max_cost"), "{one:#}");
    let spent = one["cost_usd"].as_f64().unwrap();
    // Within one call of the agent.
    assert!((0.01..0.30).contains(&spent), "{one:#}");
    project.run(&["loop", "resume", &id]).code(5).says("would stop at once").says("--max-cost");
    assert_eq!(text(&shown(&project, &id), "status"), "stopped");
    project.run(&["loop", "resume", &id, "--max-cost", "50"]).success();
    let again = finish(&project, &id, 120);
    assert_eq!(
        (text(&again, "status"), text(&again, "reason")),
        ("completed", "count"),
        "{again:#}"
    );
    assert!(
        again["cost_usd"].as_f64().unwrap() > spent,
        "what was spent before counts on: {again:#}"
    );
    project.run(&["loop", "resume", &id]).code(5).says("2 of 2 sprints have completed");
    project.run(&["loop", "edit", &id, "-n", "1"]).code(2).says("2 sprints have completed already");
    project.run(&["loop", "edit", &id]).code(2).says("nothing to change").never_says("changed;");
}

#[test]
fn a_target_ends_a_loop_and_so_does_no_improvement() {
    let project = playing("*:by_idea", "");
    with_metric(&project);
    for idea in ["a [acc=0.5]", "b [acc=0.95]", "c [acc=0.99]"] {
        add(&project, idea, &[]);
    }
    let id = start(&project, &["-n", "9", "--target", "0.9", "--tasks-only"]);
    let one = finish(&project, &id, 90);
    assert_eq!((text(&one, "status"), text(&one, "reason")), ("completed", "target"), "{one:#}");
    assert_eq!(one["completed_count"], 2, "{one:#}");
    assert!(text(&one, "detail").contains("has 0.95; one run, of 2 sprints that were tried: it may be luck, 3 more runs would tell"), "{one:#}");
    for idea in ["d [acc=0.95]", "e [acc=0.94]", "f [acc=0.999]"] {
        add(&project, idea, &[]);
    }
    let id = start(&project, &["-n", "9", "--patience", "2", "--tasks-only"]);
    let one = finish(&project, &id, 120);
    // c is a new best, and may be luck: it does not count. Then d and e are none.
    assert_eq!(
        (text(&one, "status"), text(&one, "reason"), &one["completed_count"]),
        ("stopped", "no_improvement", &3.into()),
        "{one:#}"
    );
}

#[test]
fn a_new_best_that_may_be_luck_does_not_let_a_loop_begin_its_patience_anew() {
    let project = playing("*:by_idea", "");
    with_metric(&project);
    for idea in ["a [acc=0.50]", "b [acc=0.48]", "c [acc=0.51]", "d [acc=0.49]", "e [acc=0.47]"] {
        add(&project, idea, &[]);
    }
    let id = start(&project, &["-n", "9", "--patience", "2", "--tasks-only"]);
    let one = finish(&project, &id, 120);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason"), &one["completed_count"]),
        ("stopped", "no_improvement", &4.into()),
        "{one:#}"
    );
    let luck = text(&one["sprints"][2], "id");
    let told = format!(
        "2 measured sprints brought no improvement beyond the noise; {luck} was a new best: it may be luck"
    );
    assert!(text(&one, "detail").starts_with(&told), "{one:#}");
    let shown = project.run(&["loop", "show", &id]).success();
    let words = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(&format!("it may be luck, 3 more runs would tell: `researchloop sprint resubmit {luck}` makes one (no_improvement)")),
        "{shown}"
    );
}

#[test]
fn a_target_that_repeats_do_not_confirm_lets_a_loop_go_on() {
    let project = playing("*:by_idea", "");
    with_metric(&project);
    add(&project, "a [acc=0.95]", &[]);
    let id = start(&project, &["-n", "2", "--target", "0.9", "--tasks-only"]);
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("target", &1.into()), "{one:#}");
    add(&project, "b [acc=0.3]", &[]);
    project.run(&["loop", "resume", &id]).code(5).says("one run: it may be luck");
    let again = project
        .run(&["--json", "sprint", "resubmit", text(&one["sprints"][0], "id")])
        .success()
        .json();
    let again = text(&again, "sprint_id").to_owned();
    project.finish(&again, 60);
    project.run(&["loop", "resume", &id]).code(5).says("2 runs, all equal");
    // The stand-in always measures the same of an idea; this time it would have been less.
    let database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    assert_eq!(
        database
            .execute(
                "UPDATE metrics SET value = 0.6 WHERE sprint_id = ?1 AND name = 'acc'",
                [&again]
            )
            .unwrap(),
        1
    );
    drop(database);
    project.run(&["loop", "resume", &id]).success();
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("count", &2.into()), "{one:#}");
}

#[test]
fn the_same_failure_twice_ends_a_loop() {
    let project = playing("research:exit=3", "");
    for idea in ["one", "two", "three", "four"] {
        add(&project, idea, &[]);
    }
    let id = start(&project, &["-n", "5"]);
    let one = finish(&project, &id, 60);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("stopped", "same_failure"),
        "{one:#}"
    );
    assert_eq!(
        (&one["completed_count"], one["sprints"].as_array().map(Vec::len)),
        (&0.into(), Some(2)),
        "{one:#}"
    );
    project.run(&["loop", "show", &id]).success().says("fix the cause");
    // A resume judges from now on: two more of the same end it again.
    project.run(&["loop", "resume", &id]).success();
    let one = finish(&project, &id, 60);
    assert_eq!(
        (text(&one, "reason"), one["sprints"].as_array().map(Vec::len)),
        ("same_failure", Some(4)),
        "{one:#}"
    );
}

#[test]
fn a_deadline_ends_a_loop() {
    let project = playing("", "");
    let id = start(&project, &["-n", "50", "--until", "6s"]);
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "status"), text(&one, "reason")), ("stopped", "deadline"), "{one:#}");
    assert!(one["completed_count"].as_u64().unwrap() >= 1, "{one:#}");
}

#[test]
fn stop_begins_nothing_more_and_stop_now_ends_the_jobs() {
    let project = playing("research:hang", "max_concurrent_jobs = 1");
    let (first, second) = (add(&project, "one", &[]), add(&project, "two", &[]));
    let id = start(&project, &["-n", "5", "--parallel", "2"]);
    let one = shown(&project, &id);
    let states: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "status")).collect();
    assert_eq!(states, ["submitted", "pending"], "one place on the cluster, two sprints: {one:#}");
    let out = project.run(&["loop", "stop", &id]).success();
    let _ = out.says("begins no more sprints").says("goes on to its end");
    let one = shown(&project, &id);
    let states: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "status")).collect();
    assert_eq!(states[1], "cancelled", "of the second one no job was sent: {one:#}");
    project.run(&["tick"]).success();
    assert_eq!(shown(&project, &id)["live_count"], 1);
    project.run(&["loop", "stop", &id]).code(4);
    project
        .run(&["loop", "stop", &id, "--now"])
        .success()
        .says("it is stopped already")
        .says("its job is being cancelled");
    let one = finish(&project, &id, 60);
    assert!(
        one["sprints"].as_array().unwrap().iter().all(|sprint| sprint["status"] == "cancelled"),
        "{one:#}"
    );
    // The loop was stopped, not the work: both tasks are open for another one.
    let tasks = project.run(&["--json", "task", "list", "-s", "s"]).success().json();
    let open: Vec<&str> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| text(task, "id")).collect();
    assert!(open.contains(&first.as_str()) && open.contains(&second.as_str()), "{tasks:#}");
    assert!(
        tasks["tasks"].as_array().unwrap().iter().all(|task| task["state"] == "ready"),
        "{tasks:#}"
    );
}

#[test]
fn a_place_that_is_free_goes_to_the_study_with_the_fewest_jobs() {
    let project = playing("research:hang", "max_concurrent_jobs = 2");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        format!("{config}\n[[study]]\nname = \"t\"\ncluster = \"here\"\n"),
    );
    for number in 0..4 {
        add(&project, &format!("idea {number}"), &[]);
    }
    let id = start(&project, &["-n", "4", "--parallel", "4"]);
    let first = shown(&project, &id)["sprints"]
        .as_array()
        .unwrap()
        .iter()
        .find(|sprint| sprint["status"] == "submitted")
        .cloned()
        .unwrap();
    // The other study comes last and waits ...
    let other = project.run(&["--json", "sprint", "run", "other", "-s", "t"]).success().json();
    assert_eq!(text(&other, "status"), "pending", "{other:#}");
    // ... but the next free place is its own.
    project.run(&["sprint", "cancel", text(&first, "id")]).success();
    project.run(&["tick"]).success();
    assert_ne!(text(&project.show(text(&other, "sprint_id")), "status"), "pending");
    project.run(&["loop", "stop", &id, "--now"]).success();
    project.run(&["sprint", "cancel", text(&other, "sprint_id")]).success();
}

#[test]
fn an_approved_idea_is_worked_on_and_another_one_is_not() {
    let project = playing("", "");
    let id = start(&project, &["-n", "1", "--approve"]);
    let ask = |number: usize| -> String {
        let started = std::time::Instant::now();
        loop {
            project.run(&["tick"]);
            let inbox = project.run(&["--json", "inbox"]).success().json();
            let open: Vec<&Value> = inbox["messages"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|message| message["kind"] == "approval")
                .collect();
            if let Some(message) = open.first() {
                return text(message, "id").to_owned();
            }
            assert!(
                started.elapsed() < patience(60),
                "no approval {number}: {inbox:#} {:#}",
                shown(&project, &id)
            );
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    };
    let first = ask(1);
    assert!(
        text(&shown(&project, &id), "note").contains("waits for an answer"),
        "{:#}",
        shown(&project, &id)
    );
    project.run(&["reply", &first, "no"]).success();
    let second = ask(2);
    assert_ne!(first, second);
    project.run(&["reply", &second, "yes"]).success();
    let one = finish(&project, &id, 60);
    assert_eq!((text(&one, "reason"), &one["completed_count"]), ("count", &1.into()), "{one:#}");
    let states: Vec<&str> =
        one["sprints"].as_array().unwrap().iter().map(|sprint| text(sprint, "status")).collect();
    assert_eq!(states, ["cancelled", "completed"], "{one:#}");
}

#[test]
fn what_a_study_may_cost_bounds_its_sprints_and_loops_together() {
    let project = playing("", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}max_study_cost_usd = 0.30\n"));
    let id = project.submit("the first", &["--rounds", "0"]);
    // All that is left is kept for the first one: nothing can be begun beside it.
    project
        .run(&["sprint", "run", "the second", "-s", "s"])
        .code(5)
        .says("are reserved")
        .says("max_study_cost_usd");
    let first = project.finish(&id, 60);
    assert_eq!(text(&first, "status"), "completed", "{first:#}");
    let one = start(&project, &["-n", "9", "--max-cost", "100"]);
    let one = finish(&project, &one, 60);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("stopped", "max_study_cost"),
        "{one:#}"
    );
    // A wider limit of the loop is no help, and is not offered.
    let id = text(&one, "id");
    project
        .run(&["loop", "show", id])
        .success()
        .says("raise `max_study_cost_usd` of the study s")
        .never_says("--max-cost USD");
    project
        .run(&["loop", "resume", id])
        .code(5)
        .says("would stop at once")
        .says("max_study_cost_usd")
        .never_says("--max-cost USD");
    project
        .run(&["loop", "start", "-s", "s"])
        .code(5)
        .says("would stop at once")
        .says("max_study_cost_usd");
    assert_eq!(
        project.run(&["--json", "loop", "list"]).success().json()["loops"].as_array().map(Vec::len),
        Some(1)
    );
    let study = project.run(&["--json", "study", "show", "s"]).success().json();
    let spent = study["study"]["cost_usd"].as_f64().unwrap();
    assert!((0.25..0.45).contains(&spent), "{study:#}");
    project.run(&["sprint", "run", "the third", "-s", "s"]).code(5).says("max_study_cost_usd");
    // What a deleted sprint has cost is held against the limit, and shown.
    project.run(&["sprint", "delete", text(&first, "id"), "-y"]).success();
    let after = project.run(&["--json", "study", "show", "s"]).success().json();
    assert!((after["study"]["cost_usd"].as_f64().unwrap() - spent).abs() < 1e-9, "{after:#}");
    project.run(&["study", "show", "s"]).success().says("of $0.30 used");
    // Its own limit is kept for a single sprint, too.
    project.write("researchloop.toml", &config);
    let id = project.submit("a small one", &["--rounds", "0", "--max-cost", "0.03"]);
    let small = project.finish(&id, 60);
    assert!(small["cost_usd"].as_f64().unwrap() < 0.2 && small["status"] == "failed", "{small:#}");
    assert!(text(&small, "error").contains("budget"), "{small:#}");
}

#[test]
fn a_claim_that_runs_out_does_not_keep_a_loop_waiting_for_what_can_never_be() {
    let project = playing("", "");
    let first = add(&project, "the base", &[]);
    let second = add(&project, "what builds on it", &["--needs", &first]);
    project.run(&["task", "done", &first]).success();
    project.run(&["task", "claim", &second, "--ttl", "40s"]).success();
    // The base was not done after all, and cannot be.
    project.run(&["task", "retry", &first]).success();
    for _ in 0..3 {
        project.run(&["task", "fail", &first, "--reason", "it cannot be"]).success();
    }
    let id = start(&project, &["-n", "2", "--tasks-only"]);
    assert_eq!(text(&shown(&project, &id), "status"), "running");
    std::thread::sleep(std::time::Duration::from_secs(41));
    let one = finish(&project, &id, 10);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("completed", "backlog_done"),
        "{one:#}"
    );
    let task = project.run(&["--json", "task", "show", &second]).success().json();
    assert_eq!(task["task"]["state"], "skipped", "{task:#}");
}

#[test]
fn a_sprint_that_counts_for_a_running_loop_is_not_deleted() {
    let project = playing("", "");
    add(&project, "one", &[]);
    let blocked = add(&project, "two", &[]);
    project.run(&["task", "claim", &blocked]).success();
    let id = start(&project, &["-n", "2", "--tasks-only"]);
    let sprint = text(&shown(&project, &id)["sprints"][0], "id").to_owned();
    project.finish(&sprint, 60);
    let cost = shown(&project, &id)["cost_usd"].as_f64().unwrap();
    assert!(cost > 0.0);
    project.run(&["sprint", "delete", &sprint, "-y"]).code(4).says(&format!("loop stop {id}"));
    project.run(&["loop", "stop", &id]).success();
    project.run(&["sprint", "delete", &sprint, "-y"]).success();
    // It is gone, but neither what it has cost nor that it was one of two.
    let after = shown(&project, &id);
    assert_eq!(after["completed_count"], 1, "{after:#}");
    project.run(&["loop", "edit", &id, "-n", "1"]).success();
    project.run(&["loop", "resume", &id]).code(5).says("1 of 1 sprints have completed");
    assert!((after["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-9, "{after:#}");
}
