//! The backlog as people and agents use it: tasks, claims, imports, graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::text;
use crate::harness::{Project, wait_until};

const ADD: &[&str] = &["task", "add", "-s", "s", "--json"];

/// Adds a task and returns its id.
fn add(project: &Project, idea: &str, more: &[&str]) -> String {
    let added = project.run(&[ADD, more, &["--", idea]].concat()).success().json();
    text(&added["task"], "id").to_owned()
}

fn show(project: &Project, id: &str) -> Value {
    project.run(&["--json", "task", "show", id]).success().json()["task"].clone()
}

fn state(project: &Project, id: &str) -> String {
    text(&show(project, id), "state").to_owned()
}

/// Imports a file into `s` and returns the ids by their keys.
fn import(project: &Project, content: &str) -> BTreeMap<String, String> {
    project.write("tasks.yaml", content);
    let made = project.run(&["--json", "task", "import", "tasks.yaml", "-s", "s"]).success().json();
    let tasks = made["tasks"].as_array().unwrap();
    tasks.iter().map(|task| (text(task, "key").to_owned(), text(task, "id").to_owned())).collect()
}

#[test]
fn a_typo_in_an_id_is_found_among_many() {
    let project = Project::local("");
    let keys: String =
        (0..40).map(|number| format!("- idea: idea number {number}\n  key: k{number}\n")).collect();
    // The first of them: the newest are not asked for alone.
    let id = import(&project, &keys)["k0"].clone();
    let last = if id.ends_with('0') { '1' } else { '0' };
    let typo = format!("{}{last}", &id[..id.len() - 1]);
    project.run(&["task", "show", &typo]).code(3).says(&format!("did you mean {id}?"));
}

#[test]
fn an_idea_from_the_backlog_to_done() {
    let project = Project::local("");
    project.run(&["task", "list"]).success().says("No tasks yet").says("task add");
    project.run(&["task", "next"]).code(6).says("The backlog is empty");
    let first = project
        .run(&[
            "task",
            "add",
            "measure the baseline",
            "-s",
            "s",
            "-p",
            "p0",
            "--done-when",
            "three seeds",
        ])
        .success();
    let first = first.says("sprint run --task").stdout.trim().to_owned();
    let second = add(&project, "a larger batch", &["--needs", &first[2..]]);
    let list = project.run(&["task", "list"]).success().stdout;
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["ID", "PRIO", "STATE", "NEEDS", "IDEA"]);
    assert_eq!(rows[1][..4], [first.as_str(), "p0", "ready", "-"]);
    assert_eq!(rows[2][..4], [second.as_str(), "p1", "blocked", first.as_str()]);
    assert!(!project.run(&["task", "list", "--ready"]).success().stdout.contains(&second));
    assert!(!project.run(&["task", "list", "--blocked"]).success().stdout.contains("baseline"));
    project.run(&["task", "list", "--dead"]).success().says("None; others: 1 blocked, 1 ready.");

    assert!(project.run(&["task", "next"]).success().stdout.starts_with(&first));
    project
        .run(&["task", "claim", &second])
        .code(4)
        .says("is blocked")
        .says(&format!("it needs {first} (done), which is ready"));
    let claim =
        project.run(&["task", "next", "--claim", "--as", "ann"]).success().says("ann has it until");
    assert!(claim.stdout.starts_with(&format!("{first}  token 1  p0  measure")), "{claim}");
    project.run(&["task", "next"]).code(6).says("No task is ready: 1 blocked, 1 claimed.");
    project.run(&["task", "claim", &first, "--as", "bob"]).code(4).says("ann has it until");
    project.run(&["task", "done", &first]).code(4).says("--token N");
    project
        .run(&["task", "done", &first, "--token", "1", "--verdict", "suported"])
        .code(2)
        .says("did you mean supported?");
    project
        .run(&["task", "heartbeat", &first, "--token", "1", "--ttl", "2h"])
        .success()
        .says("yours until");
    project
        .run(&["task", "done", &first, "--token", "1", "--verdict", "supported", "--note", "0.91"])
        .success()
        .says("done (supported)");
    assert_eq!(state(&project, &second), "ready");
    let shown = project.run(&["task", "show", &first]).success();
    for part in [
        "done (supported)",
        "p0",
        "why:         0.91",
        "done when:   three seeds",
        "waits for it",
        &second,
        "next:",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {shown}");
    }
    project.run(&["task", "done", &first]).code(4).says("is done already").says("task retry");
    project.run(&["task", "cancel", &second, "--reason", "no time"]).success().says("cancelled");
    project.run(&["task", "show", &second]).success().says("no time");
    project.run(&["task", "retry", &second]).success().says("open again; it is ready");
}

#[test]
fn wrong_ids_words_and_studies_are_answered_with_the_right_ones() {
    let project = Project::local("");
    let id = add(&project, "x", &[]);
    project
        .run(&["task", "show", "t-zzzzzz"])
        .code(3)
        .says("there is no task \"t-zzzzzz\"")
        .says("task list --all");
    let mistyped = format!("{}q", &id[..7]);
    project.run(&["task", "show", &mistyped]).code(3).says(&format!("did you mean {id}?"));
    project.run(&["task", "show", &id[2..6]]).success().says(&id);
    project.run(&["task", "add", "x", "-s", "S"]).code(3).says("did you mean `s`?");
    project.run(&["task", "add", "x", "-s", "s", "-p", "p3"]).code(2).says("expected p0, p1 or p2");
    project
        .run(&["task", "add", "x", "-s", "s", "--needs", &format!("{id}:refused")])
        .code(2)
        .says("did you mean refuted?");
    project.run(&["task", "add", " \u{1b} ", "-s", "s"]).code(2).says("the idea is empty");
    project.run(&["task", "claim", &id, "--as", "sp-000000"]).code(2).says("--as");
    project.run(&["task", "claim", &id, "--ttl", "soon"]).code(2).says("--ttl");
    project.run(&["task", "edit", &id, "--drop-need", &id]).code(2).says("does not need");
    project.run(&["task", "edit", &id]).code(2).says("nothing to change").never_says("changed;");
    let needs = project.run(&["task", "edit", &id, "--needs", &id]).code(4);
    assert!(needs.stderr.contains(&format!("{id} → {id}")), "{needs}");
    assert_eq!(
        project.run(&["--json", "task", "list", "--all"]).success().json()["tasks"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "nothing else was made"
    );
}

#[test]
fn a_task_can_be_rewritten_and_a_circle_is_refused_with_its_path() {
    let project = Project::local("");
    let (a, b) = (add(&project, "a", &[]), add(&project, "b", &[]));
    let part = add(&project, "part", &["--parent", &a]);
    project
        .run(&[
            "task",
            "edit",
            &b,
            "--needs",
            &a,
            "--idea",
            "better b",
            "-p",
            "p2",
            "--done-when",
            "seen",
        ])
        .success()
        .says("it is blocked");
    let circle = project.run(&["task", "edit", &part, "--needs", &b]).code(4);
    assert!(
        circle.stderr.contains("would wait for each other: ")
            && circle.stderr.matches(" → ").count() == 3,
        "{circle}"
    );
    let row = show(&project, &b);
    assert_eq!(
        (text(&row, "idea"), text(&row, "priority"), text(&row, "done_when")),
        ("better b", "p2", "seen")
    );
    assert_eq!(
        (text(&show(&project, &a), "state"), row["needs"][0]["id"].as_str()),
        ("parent", Some(a.as_str()))
    );
    project.run(&["task", "done", &a]).code(4).says("ends by itself");
    project.run(&["task", "claim", &a]).code(4).says("is made of other tasks");
    project.run(&["task", "edit", &b, "--needs", &format!("{a}:refuted")]).success();
    assert_eq!(text(&show(&project, &b)["needs"][0], "condition"), "refuted");
    project.run(&["task", "edit", &part, "--parent", "none"]).success();
    assert_eq!(state(&project, &a), "ready");
    project.run(&["task", "edit", &b, "--drop-need", &a]).success().says("it is ready");
}

#[test]
fn eight_processes_claim_sixteen_hundred_tasks_and_each_goes_to_one() {
    let project = Project::local("");
    let ideas: Vec<Value> =
        (0..1600).map(|number| serde_json::json!({ "idea": format!("idea {number}") })).collect();
    project.write("many.json", serde_json::to_string(&ideas).unwrap());
    project.run(&["-q", "task", "import", "many.json", "-s", "s"]).success();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let name = format!("w{worker}");
            let mut command = project.command("bash");
            // Who finds the database in use for long is told so (4), and tries again.
            let script = "for i in $(seq 200); do until \"$0\" --json task next -s s --claim --as \"$1\" --ttl 2h; do [ $? = 4 ] || exit 1; done; done";
            command.args(["-c", script]).arg(crate::harness::program()).arg(&name).stdout(Stdio::piped()).stderr(Stdio::piped());
            (name, command.spawn().unwrap())
        })
        .collect();
    let mut claimed = BTreeSet::new();
    for (name, worker) in workers {
        let output = worker.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answers: Vec<Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), 200);
        for answer in answers {
            assert_eq!(
                (answer["token"].as_i64(), text(&answer["task"], "claimed_by")),
                (Some(1), name.as_str())
            );
            assert!(
                claimed.insert(text(&answer["task"], "id").to_owned()),
                "{answer} was claimed twice"
            );
        }
    }
    assert_eq!(claimed.len(), 1600);
    project.run(&["task", "next"]).code(6).says("1600 claimed");
}

#[test]
fn a_claim_ends_by_itself_and_its_late_holder_is_refused() {
    let project = Project::local("");
    let id = add(&project, "x", &[]);
    project.run(&["task", "claim", &id, "--as", "ann", "--ttl", "1s"]).success();
    wait_until("the claim has expired", 20, || state(&project, &id) == "ready");
    project.run(&["task", "claim", &id, "--as", "bob"]).success().says("token 2");
    for arguments in [
        &["task", "done"][..],
        &["task", "fail", "--reason", "x"],
        &["task", "heartbeat"],
        &["task", "release"],
    ] {
        let late = project.run(&[arguments, &[id.as_str(), "--token", "1"]].concat()).code(4);
        assert!(
            late.stderr.contains(&format!(
                "token 1 of {id} is stale: the claim expired, and bob has it until"
            )),
            "{late}"
        );
    }
    project
        .run(&["task", "release", &id])
        .code(4)
        .says("is taken: bob has it until")
        .says("--token N");
    project.run(&["task", "release", &id, "--token", "2"]).success().says("it is ready");
    project.run(&["task", "claim", &id, "--as", "ann", "--ttl", "1s"]).success().says("token 3");
    wait_until("the claim has expired", 20, || state(&project, &id) == "ready");
    // Nobody has taken it since, and yet: it may have been rewritten, or made of parts.
    project.run(&["task", "edit", &id, "--idea", "quite another question"]).success();
    for arguments in [
        &["task", "done", "--verdict", "supported"][..],
        &["task", "fail", "--reason", "x"],
        &["task", "heartbeat"],
        &["task", "release"],
    ] {
        let late = project.run(&[arguments, &[id.as_str(), "--token", "3"]].concat()).code(4);
        assert!(
            late.stderr.contains("has expired")
                && late.stderr.contains(&format!("researchloop task claim {id}")),
            "{late}"
        );
    }
    assert_eq!(state(&project, &id), "ready");
    project.run(&["task", "claim", &id]).success().says("token 4");
    project.run(&["task", "done", &id, "--token", "4"]).success().says("done");
}

#[test]
fn a_command_must_succeed_here_before_a_task_is_done() {
    let project = Project::local("");
    let id =
        add(&project, "x", &["--verify", "echo \"looked at $RESEARCHLOOP_TASK\"; test -f proof"]);
    std::fs::create_dir(project.path("below")).unwrap();
    let mut command = project.command(crate::harness::program());
    command.current_dir(project.path("below")).args([
        "-c",
        "../researchloop.toml",
        "task",
        "done",
        &id,
    ]);
    let refused = Project::output(command)
        .code(1)
        .says("ended with 1")
        .says(&format!("looked at {id}"))
        .says("task edit");
    assert_eq!(state(&project, &id), "ready", "{refused}");
    // In the project's folder, wherever the command was given.
    project.write("proof", "");
    let mut command = project.command(crate::harness::program());
    command.current_dir(project.path("below")).args([
        "-c",
        "../researchloop.toml",
        "--json",
        "task",
        "done",
        &id,
    ]);
    assert_eq!(text(&Project::output(command).success().json()["task"], "state"), "done");
}

#[test]
fn the_third_failure_is_the_last_and_asks_a_person() {
    let project = Project::local("");
    let id = add(&project, "x", &["--max-attempts", "2"]);
    let after = add(&project, "y", &["--needs", &id]);
    project
        .run(&["task", "fail", &id, "--reason", "no\u{1b}[2J data"])
        .success()
        .says("failed 1 of 2 times");
    assert_eq!(state(&project, &id), "waiting");
    project
        .run(&["task", "claim", &id])
        .code(4)
        .says("has failed (no[2J data), and waits until")
        .says("task retry");
    project
        .run(&["task", "fail", &id, "--reason", "no data again"])
        .success()
        .says("dead after 2 failures");
    project
        .run(&["task", "show", &after])
        .success()
        .says("skipped")
        .says(&format!("needs {id} to be done, and that is dead"));
    assert!(project.run(&["task", "list", "--dead"]).success().stdout.contains(&id));
    project.run(&["task", "claim", &after]).code(4).says("is skipped").says("--drop-need");
    project.run(&["task", "retry", &id]).success().says("it is ready");
    let row = show(&project, &id);
    assert_eq!(
        (row["failures"].as_i64(), text(&show(&project, &after), "state")),
        (Some(0), "blocked")
    );
}

const TWELVE: &str = r#"
- {key: report, idea: write it down, needs: [analysis, "scale:any", "why:any", "rescue:any"]}
- {key: why, idea: why is it worse?, needs: ["batch:refuted"]}
- {key: scale, idea: scale it up, needs: ["batch:supported"]}
- {key: scale-more, idea: scale it up further, needs: [scale]}
- {key: batch, idea: a larger batch, needs: [baseline], priority: p0}
- {key: rescue, idea: repair the loader, needs: ["loader:failed"]}
- {key: loader, idea: a faster loader, needs: [baseline], max_attempts: 1}
- {key: uses-loader, idea: train with it, needs: [loader]}
- {key: analysis, idea: the analysis, needs: [baseline]}
- {key: seeds, idea: five seeds, parent: analysis}
- {key: plots, idea: the plots, parent: analysis, needs: [seeds]}
- {key: baseline, idea: the baseline}
"#;

#[test]
fn a_graph_with_conditions_runs_to_its_end_in_order_and_skips_what_it_should() {
    let project = Project::local("");
    let ids = import(&project, TWELVE);
    assert_eq!(ids.len(), 12);
    let key =
        |id: &str| ids.iter().find(|(_, known)| *known == id).map(|(key, _)| key.clone()).unwrap();
    let mut order = Vec::new();
    loop {
        let next = project.run(&["--json", "task", "next", "--claim", "--as", "test"]);
        if next.code == 6 {
            break;
        }
        let next = next.success().json();
        let id = text(&next["task"], "id").to_owned();
        let token = next["token"].to_string();
        let key = key(&id);
        match key.as_str() {
            "loader" => project
                .run(&["task", "fail", &id, "--token", &token, "--reason", "it is slower"])
                .success(),
            "batch" => project
                .run(&["task", "done", &id, "--token", &token, "--verdict", "refuted"])
                .success(),
            _ => project.run(&["task", "done", &id, "--token", &token]).success(),
        };
        order.push(key);
    }
    // Priority, then what most waits for, then age.
    assert_eq!(order, ["baseline", "batch", "loader", "seeds", "why", "rescue", "plots", "report"]);
    for (key, expected) in [
        ("scale", "skipped"),
        ("scale-more", "skipped"),
        ("uses-loader", "skipped"),
        ("loader", "dead"),
        ("analysis", "done"),
        ("report", "done"),
    ] {
        assert_eq!(state(&project, &ids[key]), expected, "{key}");
    }
    assert_eq!(
        text(&show(&project, &ids["scale"]), "detail"),
        format!("needs {} to be supported, and that is refuted", ids["batch"])
    );
    let tree = project.run(&["task", "graph", "-s", "s"]).success().stdout;
    let line = |key: &str| {
        tree.lines()
            .find(|line| line.contains(&ids[key]))
            .unwrap_or_else(|| panic!("{key}: {tree}"))
    };
    assert_eq!(tree.lines().count(), 12);
    for (key, parts) in [
        ("baseline", &["✔ ", " done "][..]),
        ("batch", &["─ ✔ ", " done (refuted) p0"]),
        ("loader", &["✘ ", " dead "]),
        ("scale", &["↷ ", " skipped [if supported]"]),
        ("seeds", &["done [part]"]),
        ("report", &["└─ ✔ ", " done [also needs ", " and 1 more]"]),
    ] {
        assert!(parts.iter().all(|part| line(key).contains(part)), "{key}: {tree}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_and_nothing_of_it_is_made() {
    let project = Project::local("");
    let known = add(&project, "there already", &[]);
    let other = format!("- {{idea: x, needs: [\"{known}:refuted\", bsae], parent: t-ffffff}}\n");
    project.write(
        "wrong.yaml",
        format!("- {{key: base, idea: b}}\n- {{key: base, idea: again}}\n{other}"),
    );
    let refused = project.run(&["task", "import", "wrong.yaml", "-s", "s"]).code(2);
    for part in [
        "3 problems in wrong.yaml; no task was added",
        "task 2 (\"base\"): task 1 has the same key",
        "task 3: `needs` names \"bsae\", which is neither a key of this file nor the id of a task (did you mean \"base\"?)",
        "task 3: `parent` names \"t-ffffff\"",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {refused}");
    }
    project.write("circle.yaml", "- {key: a, idea: a, needs: [b]}\n- {key: b, idea: b, needs: [c]}\n- {key: c, idea: c, parent: a}\n");
    let circle = project.run(&["task", "import", "circle.yaml", "-s", "s"]).code(4);
    assert!(
        ["a → b → c → a", "b → c → a → b", "c → a → b → c"]
            .iter()
            .any(|path| circle.stderr.contains(path)),
        "{circle}"
    );
    project.write("syntax.yaml", "- {idea: x");
    project.run(&["task", "import", "syntax.yaml", "-s", "s"]).code(2).says("1 problem");
    project.run(&["task", "import", "none.yaml", "-s", "s"]).code(3).says("none.yaml");
    assert_eq!(
        project.run(&["--json", "task", "list", "--all"]).success().json()["tasks"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // What is there already can be named by its id.
    let ids = import(&project, &format!("- {{key: after, idea: x, needs: [{known}]}}\n"));
    assert_eq!(state(&project, &ids["after"]), "blocked");
}

const HOSTILE: &[&str] = &[
    "a\"]; click t_1 \"javascript:alert(1)\"",
    "</div><script>alert(1)</script> & &lt;b&gt;",
    "back\\slash \\N \\\" \"; } digraph x {",
    "lines\nand\ttabs\r%%{init: {}}%% `code` |pipe| [[x]] #quot; -->",
    "\u{202e}turned \u{1b}]0;title\u{7} \u{1b}[2J 日本語の研究 🙂",
];

#[test]
fn hostile_ideas_stay_labels_in_every_format() {
    let mut project = Project::local("");
    project.set("COLUMNS", "80");
    let ids: Vec<String> = HOSTILE.iter().map(|idea| add(&project, idea, &[])).collect();
    for pair in ids.windows(2) {
        project.run(&["task", "edit", &pair[1], "--needs", &pair[0]]).success();
    }
    let tree = project.run(&["task", "graph"]).success().stdout;
    assert_eq!(tree.lines().count(), HOSTILE.len(), "{tree}");
    assert!(!tree.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{tree:?}");
    for line in tree.lines() {
        assert!(console_width(line) <= 80, "{line}");
    }
    let mermaid = project.run(&["task", "graph", "--format", "mermaid"]).success().stdout;
    assert_eq!(
        mermaid.lines().filter(|line| line.contains("[\"")).count(),
        HOSTILE.len(),
        "{mermaid}"
    );
    for line in mermaid.lines().filter(|line| line.contains("[\"")) {
        let label = line.split("[\"").nth(1).and_then(|rest| rest.split("\"]:::").next()).unwrap();
        assert!(
            !label
                .replace("<br/>", "")
                .contains(['"', '<', '>', '[', ']', '{', '}', '|', '`', '\\', '\u{1b}']),
            "{line}"
        );
    }
    let dot = project.run(&["task", "graph", "--format", "dot"]).success().stdout;
    assert_eq!(dot.matches(" [label=").count(), HOSTILE.len(), "{dot}");
    // When Graphviz is here, it must take it as it is meant: these boxes and arrows, no others.
    project.write("graph.dot", &dot);
    let drawn = Command::new("dot").args(["-Tplain"]).arg(project.path("graph.dot")).output();
    if let Ok(drawn) = drawn {
        assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
        let plain = String::from_utf8_lossy(&drawn.stdout).into_owned();
        let count = |word: &str| plain.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!((count("node "), count("edge ")), (HOSTILE.len(), HOSTILE.len() - 1), "{plain}");
    }
    let graph = project.run(&["task", "graph", "--format", "json"]).success().json();
    assert_eq!(graph["tasks"].as_array().unwrap().len(), HOSTILE.len());
    let shown = project.run(&["task", "show", &ids[4]]).success();
    assert!(!shown.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
}

/// Columns, where wide characters count twice.
fn console_width(line: &str) -> usize {
    line.chars()
        .map(|c| {
            if ('\u{1100}'..'\u{fb00}').contains(&c) && !('\u{2000}'..'\u{2e80}').contains(&c)
                || c > '\u{ffff}'
            {
                2
            } else {
                1
            }
        })
        .sum()
}

#[test]
fn a_long_chain_and_colors_fit_the_terminal() {
    let mut project = Project::local("");
    project.set("COLUMNS", "80");
    let chain: Vec<Value> =
        (0..30).map(|n| serde_json::json!({ "key": format!("k{n}"), "idea": "word ".repeat(40), "needs": if n > 0 { vec![format!("k{}", n - 1)] } else { vec![] } })).collect();
    project.write("chain.json", serde_json::to_string(&chain).unwrap());
    project.run(&["task", "import", "chain.json", "-s", "s"]).success();
    let tree = project.run(&["task", "graph"]).success().stdout;
    assert_eq!(tree.lines().count(), 30);
    assert!(tree.lines().all(|line| console_width(line) <= 80 && line.contains("word")), "{tree}");
    assert!(tree.contains("(29) · t-"), "{tree}");
    let colored = project.run(&["--color", "always", "task", "graph"]).success().stdout;
    assert!(colored.contains("\u{1b}[36m○") && colored.contains("\u{1b}[2m· "), "{colored:?}");
}
