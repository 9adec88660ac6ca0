//! What `--json` prints is a contract: the exact keys, in their order.

use serde_json::Value;

use super::{playing, text};
use crate::harness::{Project, sources, wait_until};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value:#}"))
        .keys()
        .map(String::as_str)
        .collect()
}

/// All names in an answer, but for those that a model, a person or a table of numbers brings.
fn names(value: &Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                // Of a study in `status`, the states of its tasks; of a finding, its figures.
                if name != "numbers" && !(name == "tasks" && value.is_object()) {
                    names(value, found);
                }
            }
        }
        _ => {}
    }
}

/// Runs a command and asserts that every name in its answer stands in docs/json.md.
#[track_caller]
fn documented(project: &Project, arguments: &[&str]) -> Value {
    let output = project.run(&[&["--json"], arguments].concat());
    assert_eq!((output.stderr.as_str(), output.stdout.lines().count()), ("", 1), "{output}");
    let page = std::fs::read_to_string(sources().join("docs/json.md")).unwrap();
    let mut found = std::collections::BTreeSet::new();
    names(&output.json(), &mut found);
    for name in found {
        assert!(
            page.contains(&format!("`{name}`")) || page.contains(&format!("`{name}[]`")),
            "docs/json.md does not name `{name}` of {arguments:?}"
        );
    }
    output.json()
}

const SPRINT: &[&str] = &[
    "id",
    "study_name",
    "idea",
    "status",
    "phase",
    "reason",
    "error",
    "hint",
    "job_id",
    "directory",
    "remote_dir",
    "cluster",
    "scheduler",
    "host",
    "created_at",
    "submitted_at",
    "started_at",
    "completed_at",
    "time_limit_seconds",
    "summary",
    "session_id",
    "loop_id",
    "task_id",
    "parent",
    "kind",
    "waits_for",
    "cost_usd",
    "cost_estimated",
    "cost_unknown",
    "cost_unknown_usd",
    "tokens",
    "waits_until",
    "resets_at",
    "journal_altered",
    "note",
];
const STUDY: &[&str] = &[
    "name",
    "cluster",
    "description",
    "sprints",
    "active",
    "cost_usd",
    "spent",
    "max_study_cost_usd",
    "max_study_gpu_hours",
    "allow_loop",
    "max_sprint_duration_hours",
    "red_team_max_rounds",
];

#[test]
fn the_keys_of_every_answer() {
    let project = playing("", "");
    let json = |arguments: &[&str]| documented(&project, arguments);
    let dry = json(&["sprint", "run", "x", "-s", "s", "--dry-run"]);
    assert_eq!(
        keys(&dry),
        [
            "dry_run",
            "study_name",
            "cluster",
            "remote_dir",
            "script",
            "script_bytes",
            "environment",
            "missing_context",
            "prompts"
        ]
    );
    assert_eq!(keys(&dry["prompts"][0]), ["step", "text"]);

    let run = json(&["sprint", "run", "x", "-s", "s", "--rounds", "0"]);
    assert_eq!(keys(&run), ["sprint_id", "study_name", "status", "job_id", "task_id"]);
    assert_eq!(text(&run, "status"), "submitted");
    let id = text(&run, "sprint_id");
    let tick = json(&["tick"]);
    assert_eq!(keys(&tick), ["clusters", "loops", "problems", "behind"]);
    assert_eq!(
        keys(&tick["clusters"][0]),
        ["name", "sprints", "changes", "problems", "held_by", "unreachable"]
    );
    let _ = project.finish(id, 60);

    let list = json(&["sprint", "list"]);
    let listed: Vec<_> =
        keys(&list["sprints"][0]).into_iter().filter(|key| *key != "outcome").collect();
    assert_eq!((keys(&list), listed), (vec!["sprints"], SPRINT.to_vec()));
    assert_eq!(keys(&list["sprints"][0]["outcome"]), ["verdict", "metric", "has_open_issues"]);
    let show = json(&["sprint", "show", id]);
    assert_eq!(keys(&show), ["sprint", "standing"]);
    assert_eq!(
        keys(&show["sprint"]),
        [
            SPRINT,
            &[
                "running_seconds",
                "finding",
                "unusable",
                "metrics",
                "open_issues",
                "spent",
                "gpus",
                "now",
                "steps",
                "artifacts"
            ]
        ]
        .concat()
    );
    assert_eq!(keys(&show["sprint"]["finding"]), ["verdict", "confidence", "statement", "numbers"]);
    assert_eq!(
        keys(&show["sprint"]["metrics"][0]),
        ["name", "value", "unit", "better", "n", "source"]
    );
    assert_eq!(keys(&show["sprint"]["tokens"]), ["input", "output", "cached"]);
    assert_eq!(
        keys(&show["sprint"]["steps"][0]),
        [
            "name",
            "title",
            "state",
            "detail",
            "started_at",
            "ended_at",
            "seconds",
            "running_seconds",
            "cost_usd",
            "cost_estimated",
            "tokens",
            "gpu_seconds"
        ]
    );
    assert_eq!(keys(&show["sprint"]["artifacts"][0]), ["filename", "size"]);
    for time in ["created_at", "submitted_at", "started_at", "completed_at"] {
        let time = text(&show["sprint"], time);
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }

    let studies = json(&["study", "list"]);
    assert_eq!((keys(&studies), keys(&studies["studies"][0])), (vec!["studies"], STUDY.to_vec()));
    let study = json(&["study", "show", "s"]);
    assert_eq!(
        (keys(&study), keys(&study["study"])),
        (vec!["study", "program", "sprints"], STUDY.to_vec())
    );
    assert_eq!(
        keys(&study["program"]),
        [
            "file",
            "metric",
            "better",
            "evaluator",
            "target",
            "count",
            "max_cost_usd",
            "max_gpu_hours",
            "until",
            "patience",
            "mistakes"
        ]
    );
    let board = json(&["study", "leaderboard", "s", "--metric", "final_loss_plain"]);
    assert_eq!(
        keys(&board),
        ["study_name", "metric", "better", "measured", "candidates", "places"]
    );
    assert_eq!(
        keys(&board["places"][0]),
        [
            "rank",
            "sprint_id",
            "sprints",
            "task_id",
            "loop_id",
            "idea",
            "value",
            "spread",
            "n",
            "unit",
            "source",
            "claimed",
            "mismatch",
            "verdict",
            "noise",
            "noise_against",
            "noise_why",
            "settle",
            "open_issues",
            "apart",
            "completed_at"
        ]
    );
    let findings = json(&["study", "findings", "s"]);
    assert_eq!(keys(&findings), ["study_name", "findings"]);
    assert_eq!(
        keys(&findings["findings"][0]),
        [
            "sprint_id",
            "task_id",
            "idea",
            "verdict",
            "confidence",
            "statement",
            "numbers",
            "open_issues",
            "summary",
            "completed_at"
        ]
    );
    let money = [
        "cost_usd",
        "cost_estimated",
        "cost_unknown",
        "cost_unknown_usd",
        "tokens",
        "wall_seconds",
        "gpu_seconds",
        "gpu_unknown",
        "reserved_usd",
        "reserved_gpu_seconds",
    ];
    assert_eq!(keys(&study["study"]["spent"]), money);
    let today = [
        "spent_today_usd",
        "spent_today_estimated",
        "spent_today_unknown",
        "spent_today_unknown_usd",
    ];
    let status = json(&["status"]);
    assert_eq!(
        keys(&status),
        [
            &["running", "waiting", "ended", "needs_you", "loops", "studies", "total"],
            &today[..],
            &["tick", "notices", "database_problems"]
        ]
        .concat()
    );
    assert_eq!(
        (keys(&status["studies"][0]), keys(&status["total"])),
        ([&["name", "active", "tasks"], &today[..], &["spent", "metric"]].concat(), money.to_vec())
    );
    assert_eq!(
        (&study["study"]["sprints"], &study["study"]["active"]),
        (&Value::from(1), &Value::from(0))
    );

    let clusters = json(&["cluster", "list"]);
    assert_eq!(
        keys(&clusters["clusters"][0]),
        [
            "name",
            "host",
            "port",
            "user",
            "scheduler_type",
            "transport",
            "max_concurrent_jobs",
            "working_dir"
        ]
    );
    let check = json(&["cluster", "check"]);
    assert_eq!(keys(&check["clusters"][0]), ["name", "ok", "checks"]);
    assert_eq!(keys(&check["clusters"][0]["checks"][0]), ["check", "ok", "detail", "hint"]);
    assert_eq!(keys(&json(&["cluster", "setup", "here"])), ["name", "ok", "runner"]);
    let config = json(&["config", "check"]);
    assert_eq!(
        (keys(&config), keys(&config["settings"][0])),
        (vec!["file", "settings", "problems"], vec!["key", "value", "source"])
    );

    assert_eq!(keys(&json(&["sprint", "fetch", id])), ["sprint_id", "folder", "files", "skipped"]);
    assert_eq!(
        keys(&json(&["sprint", "resubmit", id])),
        ["sprint_id", "study_name", "status", "job_id", "task_id"]
    );
    let second = text(&json(&["sprint", "list"])["sprints"][0], "id").to_owned();
    let _ = project.finish(&second, 60);
    assert_eq!(keys(&json(&["sprint", "delete", id, "--yes"])), ["deleted", "sprint_id"]);
}

#[test]
fn the_keys_of_what_comes_next() {
    let project = playing("", "");
    let json = |arguments: &[&str]| documented(&project, arguments);
    assert_eq!(keys(&json(&["task", "next"])), ["task", "open"]);
    let task = json(&["task", "add", "an idea", "-s", "s", "--done-when", "soon"]);
    assert_eq!(keys(&task), ["task"]);
    let id = text(&task["task"], "id");
    json(&["task", "add", "another", "-s", "s", "--needs", id]);
    assert_eq!(keys(&json(&["task", "show", id])), ["task", "next"]);
    for arguments in
        [&["task", "list"][..], &["task", "graph"], &["task", "edit", id, id, "-p", "p0"]]
    {
        assert_eq!(keys(&json(arguments)), ["tasks"]);
    }
    assert_eq!(keys(&json(&["task", "claim", id])), ["token", "task"]);
    json(&["task", "release", id, "--token", "1"]);
    project.write("tasks.yaml", "- key: a\n  idea: x y z\n");
    assert_eq!(keys(&json(&["task", "import", "tasks.yaml", "-s", "s"])), ["study_name", "tasks"]);
    project.write("plan.json", "{\"tasks\": [{\"key\": \"a\", \"idea\": \"what is this\"}]}");
    assert_eq!(
        keys(&json(&["plan", "-s", "s", "--from", "plan.json", "-y"])),
        ["study_name", "plan", "written", "warnings", "tasks"]
    );
    let started =
        json(&["loop", "start", "-s", "s", "-n", "1", "--target", "acc>=0.5", "--rounds", "0"]);
    assert_eq!(keys(&started), ["loop"]);
    let id = text(&started["loop"], "id");
    assert_eq!(
        (text(&started["loop"], "loop_id"), &started["loop"]["stopped_at"]),
        (id, &Value::Null)
    );
    assert_eq!(keys(&json(&["loop", "edit", id, "-n", "2"])), ["loop"]);
    assert_eq!(keys(&json(&["status"])["loops"][0]), keys(&started["loop"]));
    let stopped = json(&["loop", "stop", id, "--now"]);
    assert_eq!(stopped["loop"]["stopped_at"], stopped["loop"]["ended_at"]);
    assert_eq!(keys(&json(&["loop", "show", id])), ["loop", "best"]);
    assert_eq!(keys(&json(&["loop", "list"])), ["loops"]);
    assert_eq!(keys(&json(&["inbox"])), ["messages"]);
    assert_eq!(
        keys(&json(&["study", "init", "two"])),
        ["study_name", "claude_md_path", "program", "added_to_config", "add_to_config"]
    );
    assert_eq!(keys(&documented(&Project::empty(), &["init"])), ["config", "study"]);
}

#[test]
fn watching_and_logs_are_json_lines() {
    let project = playing("", "");
    let id = project.submit("x", &["--rounds", "0"]);
    let watch = project.run(&["--json", "sprint", "watch", &id]).success();
    let lines: Vec<Value> = watch
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.len() > 3, "{watch}");
    assert!(watch.stdout.contains("completed"), "{watch}");
    let log = project.run(&["--json", "sprint", "log", &id]).success();
    let numbers: Vec<u64> = log
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "numbered without a gap");
}

#[test]
fn a_sprint_that_is_watched_has_the_fields_of_one_that_is_shown() {
    let project = playing("red_team:red_team_never_clear", "");
    let id = project.submit("x", &["--rounds", "1"]);
    let watch = project.run(&["--json", "sprint", "watch", &id]).success();
    let last: Value = serde_json::from_str(watch.stdout.lines().last().unwrap()).unwrap();
    let shown = project.show(&id);
    assert_eq!((text(&last["sprint"], "status"), keys(&last)), ("completed", vec!["sprint"]));
    assert_eq!(keys(&last["sprint"]), keys(&shown));
    assert_eq!(last["sprint"], shown);
    assert_ne!(shown["open_issues"]["quotes"], serde_json::json!([]), "{shown:#}");
}

#[test]
fn a_change_of_a_sprint_is_told_in_words_of_their_lists() {
    let project = playing("research:hang", "");
    let id = project.submit("x", &["--rounds", "0"]);
    let mut change = Value::Null;
    wait_until("the step is told", 60, || {
        let tick = project.run(&["--json", "tick"]).success().json();
        change = tick["clusters"][0]["changes"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or(change.take());
        !change["phase"].is_null()
    });
    assert_eq!(
        change,
        serde_json::json!({ "sprint_id": id, "status": "running", "phase": "research" })
    );
    project.run(&["sprint", "cancel", &id]).success();
}

#[test]
fn errors_are_json_on_standard_error_alone() {
    let project = playing("", "");
    for (arguments, code, kind) in [
        (&["sprint", "show", "nope"][..], 3, "not_found"),
        (&["sprint", "run", "x", "-s", "other"], 3, "not_found"),
        (&["sprint", "run", "", "-s", "s"], 2, "usage"),
        (&["sprint", "list", "--status", "odd"], 2, "usage"),
        (&["study", "init", "a/b"], 2, "usage"),
        (&["-c", "none.toml", "tick"], 3, "not_found"),
    ] {
        let output = project.run(&[&["--json"], arguments].concat()).code(code);
        assert_eq!(output.stdout, "", "{output}");
        let error: Value =
            serde_json::from_str(&output.stderr).unwrap_or_else(|_| panic!("{output}"));
        assert_eq!(
            (keys(&error), keys(&error["error"])),
            (vec!["error"], vec!["kind", "message", "hints"])
        );
        assert_eq!(text(&error["error"], "kind"), kind);
    }
    project.write("researchloop.toml", "[[cluster]]\nnam = 3\n");
    let output = project.run(&["--json", "tick"]).code(1);
    assert_eq!(serde_json::from_str::<Value>(&output.stderr).unwrap()["error"]["kind"], "config");
}
