//! Ticks are killed, come twice, and are late: a loop counts right all the same.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::loops::{add, shown, start, why};
use super::{playing, text};
use crate::harness::{Project, patience, program};

/// How many jobs each sprint had: each job leaves a record with its name.
fn jobs(project: &Project) -> BTreeMap<String, u32> {
    let mut jobs = BTreeMap::new();
    for folder in std::fs::read_dir(project.path("home/.researchloop/local")).unwrap() {
        let record =
            std::fs::read_to_string(folder.unwrap().path().join("record")).unwrap_or_default();
        if let Some(name) = record.split_whitespace().nth(5) {
            *jobs.entry(name.chars().skip(3).take(9).collect()).or_default() += 1;
        }
    }
    jobs
}

fn tick(project: &Project) -> std::process::Child {
    project
        .command(program())
        .arg("tick")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killed_ticks_and_ticks_at_once_never_count_twice() {
    let project = playing("", "");
    // Two jobs that look for an idea at the same time may find the same one: only the last one looks.
    for task in ["a task", "another one", "a third task", "the last of them"] {
        add(&project, task, &[]);
    }
    let id = start(&project, &["-n", "5", "--parallel", "2"]);
    let started = Instant::now();
    let mut round = 0;
    let one = loop {
        round += 1;
        // One that is killed somewhere in the middle, and two at once.
        let mut killed = tick(&project);
        std::thread::sleep(Duration::from_millis(round * 7 % 90));
        let _ = killed.kill();
        let _ = killed.wait();
        let (mut first, mut second) = (tick(&project), tick(&project));
        let _ = (first.wait(), second.wait());
        // And all that was read of the runs comes once more, the ends too.
        if round % 3 == 0 {
            let database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
            database.busy_timeout(Duration::from_secs(120)).unwrap();
            database
                .execute("UPDATE sprints SET journal_offset = 0, journal_prefix = ''", ())
                .unwrap();
        }
        let one = shown(&project, &id);
        if one["status"] != "running" {
            break one;
        }
        assert!(started.elapsed() < patience(180), "{one:#}\n{}", why(&project, &one));
    };
    let sprints = one["sprints"].as_array().unwrap();
    assert_eq!(
        (text(&one, "reason"), &one["completed_count"], sprints.len()),
        ("count", &5.into(), 5),
        "{one:#}"
    );
    let jobs = jobs(&project);
    assert_eq!(jobs.len(), 5, "{jobs:?}");
    for sprint in sprints {
        assert_eq!(jobs.get(text(sprint, "id")), Some(&1), "jobs of {sprint:#}: {jobs:?}");
    }
    let tasks = project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json();
    let done =
        tasks["tasks"].as_array().unwrap().iter().filter(|task| task["state"] == "done").count();
    assert_eq!((done, tasks["tasks"].as_array().unwrap().len()), (5, 5), "{tasks:#}");
    let again = project.run(&["tick"]).success();
    assert_eq!(shown(&project, &id)["sprints"].as_array().unwrap().len(), 5, "{again}");
}

#[test]
fn a_loop_whose_cluster_cannot_be_reached_goes_on_when_it_can() {
    let project = playing("", "");
    let folder = project.path("cluster");
    // A file where the working directory should be: nothing can be sent.
    std::fs::write(&folder, "in the way").unwrap();
    let id = start(&project, &["-n", "1"]);
    let first = shown(&project, &id);
    assert_eq!(first["sprints"].as_array().unwrap().len(), 1, "{first:#}");
    std::fs::remove_file(&folder).unwrap();
    let started = Instant::now();
    while shown(&project, &id)["completed_count"] != 1 {
        project.run(&["tick"]);
        let one = shown(&project, &id);
        assert!(started.elapsed() < patience(150), "{one:#}\n{}", why(&project, &one));
        std::thread::sleep(Duration::from_millis(500));
    }
    project.run(&["tick"]);
    assert_eq!(text(&shown(&project, &id), "reason"), "count");
}
