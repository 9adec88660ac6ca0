//! A whole backlog, run by a loop to its end: the right order, the right skips.

use serde_json::Value;

use super::loops::{finish, start};
use super::{playing, text};
use crate::harness::Project;

const BACKLOG: &str = "
- {key: base, idea: 'base [supported]', priority: p0}
- {key: a, idea: 'a [refuted]', needs: 'base:supported'}
- {key: b, idea: 'b [supported]', needs: 'base:refuted'}
- {key: c, idea: 'c [supported]', needs: 'a:refuted'}
- {key: d, idea: 'd [supported]', needs: 'a:supported'}
- {key: e, idea: 'e [supported]', needs: d}
- {key: f, idea: 'f [fails]', needs: base, max_attempts: 1}
- {key: g, idea: 'g [inconclusive]', needs: 'f:failed'}
- {key: p, idea: 'p, in parts', needs: c}
- {key: p1, idea: 'p1 [supported]', parent: p}
- {key: p2, idea: 'p2 [refuted]', parent: p}
- {key: q, idea: 'q [supported]', needs: [p, 'e:any', 'g:any']}
";

fn tasks(project: &Project) -> Vec<Value> {
    let json = project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json();
    json["tasks"].as_array().unwrap().clone()
}

fn name(task: &Value) -> &str {
    text(task, "idea").split([' ', ',']).next().unwrap_or_default()
}

#[test]
fn twelve_tasks_run_in_the_right_order_with_the_right_skips() {
    let project = playing("*:by_idea", "");
    project.write("backlog.yaml", BACKLOG);
    project.run(&["task", "import", "backlog.yaml", "-s", "s"]).success();
    assert_eq!(tasks(&project).len(), 12);
    let id = start(&project, &["-n", "50", "--parallel", "2", "--tasks-only"]);
    let one = finish(&project, &id, 180);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("completed", "backlog_done"),
        "{one:#}"
    );
    let order: Vec<&str> = one["sprints"].as_array().unwrap().iter().map(name).collect();
    let at = |task: &str| {
        order
            .iter()
            .position(|other| *other == task)
            .unwrap_or_else(|| panic!("{task} never ran: {order:?}"))
    };
    for (first, then) in [
        ("base", "a"),
        ("base", "f"),
        ("a", "c"),
        ("f", "g"),
        ("c", "p1"),
        ("c", "p2"),
        ("p1", "q"),
        ("p2", "q"),
        ("g", "q"),
    ] {
        assert!(at(first) < at(then), "{first} before {then}: {order:?}");
    }
    assert_eq!(order.len(), 8, "each that can run runs once: {order:?}");
    for (task, state, verdict) in [
        ("base", "done", "supported"),
        ("a", "done", "refuted"),
        ("b", "skipped", ""),
        ("c", "done", "supported"),
        ("d", "skipped", ""),
        ("e", "skipped", ""),
        ("f", "dead", ""),
        ("g", "done", "inconclusive"),
        ("p", "done", ""),
        ("p1", "done", "supported"),
        ("p2", "done", "refuted"),
        ("q", "done", "supported"),
    ] {
        let tasks = tasks(&project);
        let found = tasks.iter().find(|other| name(other) == task).unwrap();
        assert_eq!((text(found, "state"), text(found, "verdict")), (state, verdict), "{found:#}");
        if state == "skipped" {
            assert!(
                text(found, "detail").contains("t-"),
                "it says because of which task: {found:#}"
            );
        }
    }
    // The dead one asks once, and a retry lets what it held up go on.
    let inbox = project.run(&["--json", "inbox"]).success().json();
    let dead: Vec<&Value> = inbox["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["kind"] == "dead")
        .collect();
    assert_eq!(dead.len(), 1, "{inbox:#}");
    for format in ["tree", "mermaid", "dot", "json"] {
        let graph = project.run(&["task", "graph", "-s", "s", "--format", format]).success();
        for part in ["base", "p1", "q"] {
            assert!(graph.stdout.contains(part), "{format}: {graph}");
        }
    }
}
