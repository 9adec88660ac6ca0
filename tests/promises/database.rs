//! A database of every schema that there was can be opened for ever: one file each in
//! `tests/data/database`, with a loop, its sprint, a task that is done and one that was skipped.

use crate::harness::{Project, sources};

#[test]
fn databases_of_earlier_schemas_are_opened_and_lose_nothing() {
    let files: Vec<_> = std::fs::read_dir(sources().join("tests/data/database"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let project = Project::local("");
        std::fs::copy(&file, project.path("researchloop.db")).unwrap();
        let json =
            |arguments: &[&str]| project.run(&[&["--json"], arguments].concat()).success().json();
        let sprint = &json(&["sprint", "list"])["sprints"][0];
        assert_eq!(
            (sprint["idea"].as_str(), sprint["status"].as_str()),
            (Some("the base"), Some("completed")),
            "{}",
            file.display()
        );
        let tasks = json(&["task", "list", "--all"]);
        let states: Vec<&str> = tasks["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|task| task["state"].as_str())
            .collect();
        assert_eq!(states, ["done", "skipped"], "{}", file.display());
        let one = json(&["loop", "list"])["loops"][0].clone();
        assert_eq!(
            (one["completed_count"].as_u64(), one["reason"].as_str()),
            (Some(1), Some("backlog_done")),
            "{one:#}"
        );
        // And it is worked on.
        project.run(&["task", "add", "a new one", "-s", "s"]).success();
        project.run(&["tick"]).success();
        let id = project.submit("another idea", &["--rounds", "0"]);
        assert_eq!(project.finish(&id, 60)["status"], "completed", "{}", file.display());
    }
}
