//! Screens at several widths: nothing is wider than the terminal, and nothing that matters is cut.

use super::playing;
use crate::harness::Project;

const WIDTHS: [usize; 5] = [60, 80, 100, 140, 200];
const IDEAS: [&str; 2] = [
    "does a warm-up of 500 steps help when the batch is small? [supported] [acc=0.91]",
    "does a warm-up of 500 steps help when the batch is large, and the rate is high? [refuted] [acc=0.84]",
];

/// What is laid out by lines, and commands, which stay whole, may be wider.
fn may_be_wide(line: &str) -> bool {
    line.contains('`') || line.contains('/')
}

#[track_caller]
fn fits(project: &mut Project, width: usize, arguments: &[&str]) -> String {
    project.set("COLUMNS", &width.to_string());
    let output = project.run(arguments).success();
    for line in output.stdout.lines().filter(|line| !may_be_wide(line)) {
        assert!(line.chars().count() <= width, "{arguments:?} at {width}: {line:?}\n{output}");
    }
    output.stdout
}

#[test]
fn screens_fit_and_lists_tell_sprints_apart() {
    let mut project = playing("*:by_idea", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}max_cost_usd = 25.0\n"));
    let ids = IDEAS.map(|idea| {
        let id = project.submit(idea, &["--rounds", "0"]);
        project.finish(&id, 60);
        id
    });
    for width in WIDTHS {
        let list = fits(&mut project, width, &["sprint", "list"]);
        for (id, verdict) in ids.iter().zip(["supported", "refuted"]) {
            let row = list.lines().find(|line| line.starts_with(id.as_str())).unwrap();
            assert!(row.contains(verdict), "at {width}: {list}");
        }
        let ideas: Vec<&str> =
            list.lines().skip(1).filter_map(|row| row.split("does a").nth(1)).collect();
        assert!(ideas.len() == 2 && ideas[0] != ideas[1], "at {width}: {list}");
        let status = fits(&mut project, width, &["status"]);
        assert!(ids.iter().all(|id| status.contains(id.as_str())), "at {width}: {status}");
        let words = status.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("`researchloop cron install`"), "at {width}: {status}");
        let show = fits(&mut project, width, &["sprint", "show", &ids[1]]);
        assert!(show.lines().next().unwrap().contains("refuted"), "at {width}: {show}");
        let words = show.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(IDEAS[1]), "the idea is whole at {width}: {show}");
        fits(&mut project, width, &["config", "check"]);
        fits(&mut project, width, &["study", "show", "s"]);
        fits(&mut project, width, &["study", "list"]);
        fits(&mut project, width, &["task", "list", "--all"]);
    }
    // In a pipe nothing is cut, however long it is.
    let mut command = project.command(crate::harness::program());
    command.env_remove("COLUMNS").args(["sprint", "list"]);
    let list = Project::output(command).success();
    assert!(IDEAS.iter().all(|idea| list.stdout.contains(idea)), "{list}");
}
