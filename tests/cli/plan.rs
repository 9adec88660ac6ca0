//! `plan`: from a file, and by a stand-in for Claude that answers as the real one did.

use std::os::unix::fs::PermissionsExt as _;

use super::text;
use crate::harness::{Project, sources};

const GOOD: &str = r#"{"tasks": [
    {"key": "baseline", "idea": "Measure the baseline", "priority": "p0", "done_when": "there is a number"},
    {"key": "decay", "idea": "Does weight decay matter?", "needs": [{"key": "baseline"}], "verify": "touch pwned"},
    {"key": "why", "idea": "Why does it not?\u001b[2J", "needs": [{"key": "decay", "on": "refuted"}]},
    {"key": "sum", "idea": "Sum it up", "needs": [{"key": "why", "on": "any"}, {"key": "decay", "on": "any"}], "priority": "p2"}]}"#;

fn tasks(project: &Project) -> Vec<serde_json::Value> {
    project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json()["tasks"].as_array().unwrap().clone()
}

#[test]
fn a_plan_from_a_file_is_shown_and_added_only_when_somebody_says_so() {
    let project = Project::local("");
    project.write("plan.json", GOOD);
    let shown = project.run(&["plan", "-s", "s", "--from", "plan.json"]).success();
    for part in [
        "plan for s: 4 task(s)",
        "baseline",
        "└ decay",
        "└ why",
        "[if refuted] Why does it not?[2J",
        "[if any, also needs why:any] Sum it up",
        "p0 Measure",
    ] {
        assert!(shown.stdout.contains(part), "{part:?} is missing: {shown}");
    }
    assert!(shown.stderr.contains("task \"decay\": `verify` is left out") && shown.stderr.contains("-y adds the tasks"), "{shown}");
    assert_eq!(tasks(&project).len(), 0);

    // What --json prints is a plan again.
    let json = project.run(&["--json", "plan", "-s", "s", "--from", "plan.json"]).success();
    assert_eq!(json.json()["written"], false);
    project.write("again.json", &json.stdout);
    let added = project.run(&["plan", "-s", "s", "--from", "again.json", "-y"]).success();
    assert!(added.stderr.contains("4 task(s) added to s"), "{added}");
    let made = tasks(&project);
    assert_eq!(made.len(), 4);
    assert!(made.iter().all(|task| text(task, "made_by") == "plan" && text(task, "verify").is_empty()), "{made:#?}");
    let state = |idea: &str| made.iter().find(|task| text(task, "idea").starts_with(idea)).map(|task| text(task, "state").to_owned()).unwrap();
    assert_eq!((state("Measure").as_str(), state("Does").as_str()), ("ready", "blocked"));
    assert!(!project.path("pwned").exists());
}

#[test]
fn a_wrong_plan_adds_nothing_and_tells_everything() {
    let project = Project::local("");
    let cases = [
        (
            r#"{"tasks": [{"key": "a", "idea": "", "why": 1}, {"key": "b", "idea": "x", "needs": [{"key": "a", "on": "suported"}]}]}"#,
            &["3 problem(s) in the plan", "did you mean supported?"][..],
        ),
        (
            r#"[{"key": "a", "idea": "x", "needs": [{"key": "c"}]}, {"key": "a", "idea": "y"}]"#,
            &["2 problem(s)", "has the same key", "neither a key"],
        ),
        (
            r#"[{"key": "a", "idea": "x", "needs": [{"key": "b"}]}, {"key": "b", "idea": "y", "needs": [{"key": "a"}]}]"#,
            &["wait for each other: a → b → a"],
        ),
        ("not json", &["is no JSON"]),
        ("{}", &["expected {\"tasks\": [...]}"]),
    ];
    for (plan, says) in cases {
        project.write("plan.json", plan);
        for more in [&[][..], &["-y"]] {
            let output = project.run(&[&["plan", "-s", "s", "--from", "plan.json"], more].concat());
            assert!(matches!(output.code, 2 | 4), "{output}");
            for part in says {
                assert!(output.stderr.contains(part), "{part:?} is missing: {output}");
            }
        }
        assert_eq!(tasks(&project).len(), 0);
    }
    project.run(&["plan", "-s", "s", "--from", "nothing.json"]).code(3);
    project.run(&["plan", "-s", "nowhere", "--from", "plan.json"]).code(3);
    project.run(&["plan", "-s", "s"]).code(2);
}

/// A project whose Claude answers with this plan, in the words of a recorded answer.
fn planning(answer: &str) -> Project {
    let recorded = std::fs::read_to_string(sources().join("tests/data/claude/2.1.329/structured_ok.jsonl")).unwrap();
    let mut lines: Vec<serde_json::Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.last_mut().unwrap()["structured_output"] = serde_json::from_str(answer).unwrap();
    let mut project = Project::local("");
    project.write("answer.jsonl", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let here = project.path("");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{0}/args'\ncat >'{0}/prompt'\npwd >'{0}/where'\nls -A >>'{0}/where'\nenv >'{0}/env'\ncat '{0}/answer.jsonl'\n",
        here.display()
    );
    project.write("planner", script);
    std::fs::set_permissions(project.path("planner"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        format!("{config}claude_command = [\"./planner\", \"--dangerously-skip-permissions\", \"--allowedTools\", \"Bash\", \"Write(*)\", \"--allowed-tools=Edit\", \"--verbose\", \"--permission-mode\", \"acceptEdits\", \"--add-dir\", \"/\"]\ncontext = \"The birds are grey.\"\n"),
    );
    // A machine without a scheduler.
    project.write("bin/sh", "");
    for tool in ["sh", "cat", "ls", "env"] {
        let _ = std::fs::remove_file(project.path("bin").join(tool));
        std::os::unix::fs::symlink(std::path::Path::new("/bin").join(tool), project.path("bin").join(tool)).unwrap();
    }
    project.set("PATH", project.path("bin").to_str().unwrap());
    project
}

#[test]
fn one_call_to_claude_makes_a_plan() {
    let mut project = planning(GOOD);
    project.run(&["task", "add", "an earlier idea", "-s", "s"]).success();
    project.set("RESEARCHLOOP_KEY_PASSPHRASE", "s3cr3t");
    let added = project.run(&["plan", "Find out why birds are grey", "-s", "s", "-y"]).success();
    assert!(added.stderr.contains("The plan cost $") && added.stderr.contains("4 task(s) added"), "{added}");
    assert_eq!(tasks(&project).len(), 5);
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    let prompt = read("prompt");
    for part in ["The birds are grey.", "## The goal\n\nFind out why birds are grey\n", "an earlier idea", "(ready)"] {
        assert!(prompt.contains(part), "{part:?} is missing: {prompt}");
    }
    let args = read("args");
    assert!(args.contains("--json-schema\n{") && !args.contains("skip-permissions") && args.contains("--permission-mode\ndontAsk"), "{args}");
    assert!(args.starts_with("--verbose\n--add-dir\n/\n-p\n"), "rights that a job has are none here: {args}");
    assert!(!args.contains("grey"), "the goal is no argument");
    assert_eq!(read("where").lines().count(), 1, "an empty folder: {}", read("where"));
    assert!(!std::path::Path::new(read("where").trim()).exists(), "which is gone");
    assert!(!read("env").contains("s3cr3t"));
}

#[test]
fn what_claude_could_not_do_is_told() {
    let project = planning("{\"tasks\": []}");
    let empty = project.run(&["plan", "x", "-s", "s", "-y"]).code(2);
    assert!(empty.stderr.contains("the plan has no task"), "{empty}");
    project.write("answer.jsonl", std::fs::read(sources().join("tests/data/claude/2.1.329/not_logged_in.jsonl")).unwrap());
    let login = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(login.stderr.contains("Claude made no plan: "), "{login}");
    project.write("answer.jsonl", std::fs::read(sources().join("tests/data/claude/2.1.329/structured_missing.jsonl")).unwrap());
    project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    std::fs::remove_file(project.path("planner")).unwrap();
    let missing = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(missing.stderr.contains("is Claude Code installed here?"), "{missing}");
    // On a front end it is not even started.
    project.write("bin/squeue", "");
    let front = project.run(&["plan", "x", "-s", "s", "-y"]).code(4);
    assert!(front.stderr.contains("`squeue` is here") && front.stderr.contains("--here"), "{front}");
    project.run(&["plan", "x", "-s", "s", "-y", "--here"]).code(1);
    assert_eq!(tasks(&project).len(), 0);
}
