//! A database that is gone, empty, old or full: said before anything is spent, and what can be read is read.

use std::path::Path;

use super::SmallDisk;
use crate::harness::{Output, Project};

/// A project in which one sprint has completed.
fn project() -> (Project, String) {
    let project = Project::local("");
    let id = project.submit("the first idea", &["--rounds", "0"]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    (project, id)
}

/// Without what SQLite leaves beside it.
fn take_away(project: &Project) {
    for name in ["researchloop.db", "researchloop.db-wal", "researchloop.db-shm"] {
        let _ = std::fs::remove_file(project.path(name));
    }
}

fn jobs(project: &Project) -> usize {
    walk(&project.path("cluster/s"))
}

fn walk(path: &Path) -> usize {
    std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("run_sprint.sh").exists())
        .count()
}

/// All that spends refuses, names the sprint and what to do, and has sent nothing.
#[track_caller]
fn assert_refuses(project: &Project, id: &str) {
    let before = jobs(project);
    for arguments in [
        &["sprint", "run", "another idea that costs", "-s", "s"][..],
        &["loop", "start", "-s", "s", "-n", "2"],
        &["plan", "-s", "s", "a goal that costs money"],
        &["tick"],
    ] {
        let output = project.run(arguments);
        assert!([1, 4].contains(&output.code), "{arguments:?}: {output}");
        output.says("does not know 1 sprint").says(id);
        if arguments[0] != "tick" {
            project
                .run(arguments)
                .code(4)
                .says("Restore the database from a copy")
                .says("move their folders out of");
        }
    }
    assert_eq!(jobs(project), before);
    project.run(&["sprint", "list"]).success().says("warning: ").says(id);
    let status = project.run(&["--json", "status"]).success().json();
    assert!(
        status["database_problems"][0].as_str().is_some_and(|problem| problem.contains(id)),
        "{status:#}"
    );
    project.run(&["status"]).success().says(id);
}

#[test]
fn a_database_that_is_gone_or_empty_is_told_before_anything_is_spent() {
    let (project, id) = project();
    take_away(&project);
    project.run(&["sprint", "list"]).success().says("does not know 1 sprint").says(&id);
    assert_refuses(&project, &id);
    take_away(&project);
    project.write("researchloop.db", "");
    assert_refuses(&project, &id);
    // A new beginning is made by hand.
    std::fs::rename(project.path("artifacts"), project.path("earlier")).unwrap();
    let next = project.submit("a new beginning", &["--rounds", "0"]);
    assert_eq!(project.finish(&next, 60)["status"], "completed");
}

#[test]
fn an_older_copy_of_the_database_is_told_before_anything_is_spent() {
    let (project, _) = project();
    let copy = std::fs::read(project.path("researchloop.db")).unwrap();
    // Submitted, and nothing of it fetched.
    let lost = project.submit("after the copy", &["--rounds", "0"]);
    take_away(&project);
    project.write("researchloop.db", &copy);
    assert_refuses(&project, &lost);
}

#[test]
fn deleted_sprints_and_other_folders_are_no_reason() {
    let (project, id) = project();
    project.run(&["sprint", "delete", &id, "--yes"]).success();
    std::fs::create_dir_all(project.path("artifacts").join(&id)).unwrap();
    std::fs::create_dir_all(project.path("artifacts/figures of mine")).unwrap();
    let next = project.submit("another idea", &["--rounds", "0"]);
    assert_eq!(project.finish(&next, 60)["status"], "completed");
    let says = |output: Output| assert!(!output.to_string().contains("does not know"), "{output}");
    says(project.run(&["status"]));
    says(project.run(&["tick"]));
}

#[test]
fn a_link_that_leads_nowhere_and_a_copy_of_a_sync_program_are_named() {
    let (project, _) = project();
    let copy = "researchloop (my laptop's conflicted copy).db";
    std::fs::copy(project.path("researchloop.db"), project.path(copy)).unwrap();
    project.write("notes about a conflict.txt", "text");
    for arguments in [&["status"][..], &["config", "check"]] {
        project.run(arguments).success().says(copy).says("two machines");
    }
    std::fs::remove_file(project.path(copy)).unwrap();
    let output = project.run(&["status"]).success().to_string();
    assert!(!output.contains("two machines"), "{output}");
    take_away(&project);
    std::os::unix::fs::symlink(
        project.path("away/researchloop.db"),
        project.path("researchloop.db"),
    )
    .unwrap();
    project
        .run(&["status"])
        .code(1)
        .says("a symbolic link to")
        .says("away/researchloop.db, which is not there");
}

#[test]
fn on_a_full_disk_everything_can_be_read_and_the_rest_says_what_is_wrong() {
    let project = Project::local("");
    let _disk = SmallDisk::for_database(&project, "size=2m", "x.db");
    let id = project.submit("the first idea", &["--rounds", "0"]);
    project.finish(&id, 60);
    let _ = std::fs::write(project.path("small/fill"), vec![0; 5 << 20]);
    project.run(&["sprint", "list"]).success().says(&id);
    project.run(&["status"]).success().says("STUDIES");
    project.run(&["sprint", "show", &id]).success().says("completed");
    for arguments in [&["tick"][..], &["task", "add", "a task that finds no space", "-s", "s"]] {
        project.run(arguments).code(1).says("no space left").says("free space");
    }
}
