//! docs/backlog.md says of states, needs and failures what the program does.

use researchloop::domain::task::{is_infrastructure, need_state};
use researchloop::domain::{Condition, Reason, SchedulerKind, TaskState, TaskStatus, Verdict};

use super::readme::blocks;
use crate::harness::{Project, sources};

fn page() -> String {
    std::fs::read_to_string(sources().join("docs/backlog.md")).unwrap()
}

/// The cells of the table that follows this heading, without its first two lines.
fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
    let part = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let rows = part
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn the_table_of_states_has_them_all() {
    let states: Vec<String> = table(&page(), "States")
        .into_iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    let mut expected: Vec<&str> = TaskState::ALL.iter().map(|state| state.as_str()).collect();
    let mut found: Vec<&str> = states.iter().map(String::as_str).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_table_of_needs_is_what_the_program_decides() {
    let rows = table(&page(), "Needs");
    assert_eq!(rows.len(), 8);
    for row in rows {
        let (status, verdict) = match row[0].split_once(", ") {
            Some((status, verdict)) => (status, Verdict::parse(verdict)),
            None => (row[0].as_str(), None),
        };
        let status = TaskStatus::parse(status).unwrap();
        for (condition, cell) in Condition::ALL.iter().zip(&row[1..]) {
            assert_eq!(
                need_state(status, verdict, *condition).as_str(),
                cell,
                "{} needed {condition}",
                row[0]
            );
        }
    }
}

#[test]
fn the_failures_of_the_infrastructure_are_named() {
    let row = &table(&page(), "Failures")[1][0];
    for reason in Reason::ALL {
        let named = row.contains(&format!("`{reason}`"));
        let (slurm, sge) = (
            is_infrastructure(*reason, SchedulerKind::Slurm),
            is_infrastructure(*reason, SchedulerKind::Sge),
        );
        assert_eq!(named, slurm || sge, "{reason}");
    }
}

#[test]
fn the_sample_of_the_import_can_be_imported() {
    let project = Project::local("");
    project.write("tasks.yaml", blocks(&page(), "yaml").remove(0));
    let ids = project.run(&["task", "import", "tasks.yaml", "-s", "s"]).success();
    assert_eq!(ids.stdout.lines().count(), 7, "{ids}");
    project.run(&["task", "next"]).success().says("Measure the baseline");
}
