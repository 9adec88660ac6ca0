//! `plan`: from a file, and by a stand-in for Claude that answers as the real one did.

use std::os::unix::fs::PermissionsExt as _;

use super::dialogue::{prompts, recorded};
use super::sprints::interrupted;
use super::text;
use crate::harness::{Project, sources, wait_until};

const GOOD: &str = r#"{"tasks": [
    {"key": "baseline", "idea": "Measure the baseline", "priority": "p0", "done_when": "there is a number"},
    {"key": "decay", "idea": "Does weight decay matter?", "needs": [{"key": "baseline"}], "verify": "touch pwned"},
    {"key": "why", "idea": "Why does it not?\u001b[2J", "needs": [{"key": "decay", "on": "refuted"}]},
    {"key": "sum", "idea": "Sum it up", "needs": [{"key": "why", "on": "any"}, {"key": "decay", "on": "any"}], "priority": "p2"}]}"#;

fn tasks(project: &Project) -> Vec<serde_json::Value> {
    project.run(&["--json", "task", "list", "-s", "s", "--all"]).success().json()["tasks"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_plan_from_a_file_is_shown_and_added_only_when_somebody_says_so() {
    let project = Project::local("");
    project.write("plan.json", GOOD);
    let shown = project.run(&["plan", "-s", "s", "--from", "plan.json"]).success();
    for part in [
        "plan for s: 4 tasks",
        "baseline",
        "└ decay",
        "└ why",
        "[if refuted] Why does it not?[2J",
        "[if any, also needs why:any] Sum it up",
        "p0 Measure",
    ] {
        assert!(shown.stdout.contains(part), "{part:?} is missing: {shown}");
    }
    assert!(
        shown.stderr.contains("task \"decay\": `verify` is left out")
            && shown.stderr.contains("-y adds the tasks"),
        "{shown}"
    );
    assert_eq!(tasks(&project).len(), 0);

    // What --json prints is a plan again.
    let json = project.run(&["--json", "plan", "-s", "s", "--from", "plan.json"]).success();
    assert_eq!(json.json()["written"], false);
    project.write("again.json", &json.stdout);
    let added = project.run(&["plan", "-s", "s", "--from", "again.json", "-y"]).success();
    assert!(added.stderr.contains("4 tasks added to s"), "{added}");
    let made = tasks(&project);
    assert_eq!(made.len(), 4);
    assert!(
        made.iter().all(|task| text(task, "made_by") == "plan" && text(task, "verify").is_empty()),
        "{made:#?}"
    );
    let state = |idea: &str| {
        made.iter()
            .find(|task| text(task, "idea").starts_with(idea))
            .map(|task| text(task, "state").to_owned())
            .unwrap()
    };
    assert_eq!((state("Measure").as_str(), state("Does").as_str()), ("ready", "blocked"));
    assert!(!project.path("pwned").exists());
}

#[test]
fn a_wrong_plan_adds_nothing_and_tells_everything() {
    let project = Project::local("");
    let cases = [
        (
            r#"{"tasks": [{"key": "a", "idea": "", "need": 1}, {"key": "b", "idea": "x", "needs": [{"key": "a", "on": "suported"}]}]}"#,
            &["3 problems in the plan", "did you mean supported?"][..],
        ),
        (
            r#"[{"key": "a", "idea": "x", "needs": [{"key": "c"}]}, {"key": "a", "idea": "y"}]"#,
            &["2 problems", "has the same key", "neither a key"],
        ),
        (
            r#"[{"key": "a", "idea": "x", "needs": [{"key": "b"}]}, {"key": "b", "idea": "y", "needs": [{"key": "a"}]}]"#,
            &["wait for each other: a → b → a"],
        ),
        ("not json", &["holds no JSON object"]),
        (r#"{"tasks": ["#, &["is broken in line 1: it ends in the middle"]),
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
    let recorded =
        std::fs::read_to_string(sources().join("tests/data/claude/2.1.329/structured_ok.jsonl"))
            .unwrap();
    let mut lines: Vec<serde_json::Value> =
        recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.last_mut().unwrap()["structured_output"] = serde_json::from_str(answer).unwrap();
    let mut project = Project::local("");
    project.write("answer.jsonl", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let here = project.path("");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{0}/args'\ncat >'{0}/prompt'\npwd >'{0}/where'\nls -A >>'{0}/where'\nenv >'{0}/env'\ncat '{0}/answer.jsonl'\n",
        here.display()
    );
    project.write("planner", script);
    std::fs::set_permissions(project.path("planner"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        format!("{config}claude_command = [\"./planner\", \"--dangerously-skip-permissions\", \"--allowedTools\", \"Bash\", \"Write(*)\", \"--allowed-tools=Edit\", \"--verbose\", \"--permission-mode\", \"acceptEdits\", \"--add-dir\", \"/\"]\ncontext = \"The birds are grey.\"\n"),
    );
    // A machine without a scheduler.
    project.write("bin/sh", "");
    for tool in ["sh", "cat", "ls", "env"] {
        let _ = std::fs::remove_file(project.path("bin").join(tool));
        std::os::unix::fs::symlink(
            std::path::Path::new("/bin").join(tool),
            project.path("bin").join(tool),
        )
        .unwrap();
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
    assert!(
        added.stderr.contains("The plan cost $") && added.stderr.contains("4 tasks added"),
        "{added}"
    );
    assert_eq!(tasks(&project).len(), 5);
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    let prompt = read("prompt");
    for part in [
        "The birds are grey.",
        "## The goal\n\nFind out why birds are grey\n",
        "an earlier idea",
        "(ready)",
    ] {
        assert!(prompt.contains(part), "{part:?} is missing: {prompt}");
    }
    let args = read("args");
    assert!(
        args.contains("--json-schema\n{")
            && !args.contains("skip-permissions")
            && args.contains("--permission-mode\ndontAsk"),
        "{args}"
    );
    assert!(
        args.starts_with("--verbose\n--add-dir\n/\n-p\n"),
        "rights that a job has are none here: {args}"
    );
    assert!(!args.contains("grey"), "the goal is no argument");
    assert_eq!(read("where").lines().count(), 1, "an empty folder: {}", read("where"));
    assert!(!std::path::Path::new(read("where").trim()).exists(), "which is gone");
    assert!(!read("env").contains("s3cr3t"));
}

#[test]
fn what_claude_could_not_do_is_told() {
    let project = planning("{\"tasks\": []}");
    let empty = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(
        empty.stderr.contains("the plan has no task") && empty.stderr.contains("The plan cost $"),
        "{empty}"
    );
    project.write(
        "answer.jsonl",
        std::fs::read(sources().join("tests/data/claude/2.1.329/not_logged_in.jsonl")).unwrap(),
    );
    let login = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(login.stderr.contains("Claude made no plan: "), "{login}");
    project.write(
        "answer.jsonl",
        std::fs::read(sources().join("tests/data/claude/2.1.329/structured_missing.jsonl"))
            .unwrap(),
    );
    project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    std::fs::remove_file(project.path("planner")).unwrap();
    let missing = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(missing.stderr.contains("is Claude Code installed here?"), "{missing}");
    // On a login node it is not even started.
    project.write("bin/squeue", "");
    let front = project.run(&["plan", "x", "-s", "s", "-y"]).code(4);
    assert!(
        front.stderr.contains("`squeue` is here")
            && front.stderr.contains("--here")
            && front.stderr.contains("--job"),
        "{front}"
    );
    project.run(&["plan", "x", "-s", "s", "-y", "--here"]).code(1);
    assert_eq!(tasks(&project).len(), 0);
}

fn spent(project: &Project) -> (f64, f64) {
    let status = project.run(&["--json", "status"]).success().json();
    (status["total"]["cost_usd"].as_f64().unwrap(), status["spent_today_usd"].as_f64().unwrap())
}

#[test]
fn what_a_plan_costs_is_booked_and_what_was_said_is_kept() {
    let wrong = r#"{"tasks": [{"key": "a", "idea": "x", "needs": [{"key": "b"}]}]}"#;
    let project = planning(wrong);
    let refused = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(
        refused.stderr.contains("neither a key")
            && refused
                .stderr
                .contains("the answer is kept; correct it, and `researchloop plan -s s --from "),
        "{refused}"
    );
    let (total, today) = spent(&project);
    assert!(total > 0.0 && (total - today).abs() < 1e-9, "{total} {today}");
    let kept =
        refused.stderr.split("--from ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    assert!(kept.starts_with(project.path("artifacts/plans").to_str().unwrap()), "{kept}");
    let answer: serde_json::Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    assert_eq!(answer["tasks"][0]["key"], "a");
    std::fs::write(
        &kept,
        std::fs::read_to_string(&kept)
            .unwrap()
            .replace("\"b\"", "\"c\"")
            .replace("needs", "done_when")
            .replace("[\n        {\n          \"key\": \"c\"\n        }\n      ]", "\"x\""),
    )
    .unwrap();
    project.run(&["plan", "-s", "s", "--from", &kept, "-y"]).success();
    assert_eq!(tasks(&project).len(), 1);
    // An answer that is an error costs, too.
    project.write(
        "answer.jsonl",
        std::fs::read(sources().join("tests/data/claude/2.1.329/structured_missing.jsonl"))
            .unwrap(),
    );
    let failed = project.run(&["plan", "x", "-s", "s", "-y"]).code(1);
    assert!(failed.stderr.contains("hint: it cost $"), "{failed}");
    let (more, _) = spent(&project);
    assert!(more > total, "{more}");
    assert_eq!(spent(&project), (more, more));
    // So does a call that ended before it told its cost.
    project.write(
        "answer.jsonl",
        std::fs::read(sources().join("tests/data/claude/2.1.329/sigkill_in_tool.jsonl")).unwrap(),
    );
    project.run(&["plan", "x", "-s", "s", "-y"]).code(1).says("hint: it cost ≈$");
    let (more, total) = (spent(&project).0, more);
    assert!(more > total, "{more}");
    // What a study may cost holds for plans.
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}max_study_cost_usd = {more}\n"));
    std::fs::remove_file(project.path("args")).unwrap();
    for job in [&["--json"][..], &["--json", "--job"]] {
        let limit = project.run(&[&["plan", "x", "-s", "s"][..], job].concat()).code(5);
        assert!(limit.stderr.contains("may cost are used"), "{limit}");
    }
    assert!(!project.path("args").exists(), "Claude was not asked");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace(
            &format!("max_study_cost_usd = {more}"),
            &format!("max_study_cost_usd = {}", more + 1.5),
        ),
    );
    project.run(&["plan", "x", "-s", "s"]);
    let args = std::fs::read_to_string(project.path("args")).unwrap();
    assert!(args.contains("--max-budget-usd\n1.5"), "{args}");
}

#[test]
fn a_job_makes_a_plan_which_is_shown_and_added() {
    let project = recorded("");
    project.run(&["task", "add", "an earlier idea", "-s", "s"]).success();
    let added =
        project.run(&["plan", "Find out why birds are grey", "-s", "s", "--job", "-y"]).success();
    for part in ["plan for s: 2 tasks", "└ next", "The plan cost $", "2 tasks added to s"] {
        assert!(added.stdout.contains(part) || added.stderr.contains(part), "{part}: {added}");
    }
    assert!(!added.stderr.contains("shows the plan"), "it is shown already: {added}");
    assert_eq!(tasks(&project).len(), 3, "the goal itself is no task");
    let (step, prompt) = prompts(&project).remove(0);
    assert_eq!(step, "plan 1");
    for part in [
        "# Plan a study",
        "## The goal\n\nFind out why birds are grey\n",
        "an earlier idea",
        "plan.json",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    assert!(
        std::fs::read_to_string(project.path("calls/1.args")).unwrap().contains("--json-schema")
    );
    let sprints = project.run(&["--json", "sprint", "list"]).success().json();
    let sprint = &sprints["sprints"][0];
    let id = text(sprint, "id").to_owned();
    assert_eq!(
        (text(sprint, "kind"), text(sprint, "status"), &sprint["task_id"]),
        ("plan", "completed", &serde_json::Value::Null)
    );
    assert!(sprint["cost_usd"].as_f64().unwrap() > 0.0 && sprint["time_limit_seconds"] == 1800);
    assert!(project.path(&format!("artifacts/{id}/plan.json")).is_file());
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(
        shown.stdout.contains("\n  Find out why")
            && shown.stdout.contains(&format!("researchloop plan -s s --from {id}")),
        "{shown}"
    );
    project.run(&["sprint", "tweak", &id, "more"]).code(4).says("has made a plan");
    // It is no idea that was had, and its plan can be read again.
    let json = project.run(&["--json", "plan", "-s", "s", "--from", &id]).success().json();
    assert_eq!(
        (json["written"].as_bool(), json["plan"]["tasks"].as_array().unwrap().len()),
        (Some(false), 2)
    );
    std::fs::remove_dir_all(project.path("artifacts")).unwrap();
    let fetched = project.run(&["plan", "-s", "s", "--from", &id]).success();
    assert!(
        fetched.stdout.contains("plan for s: 2 tasks")
            && fetched.stderr.contains(&format!("--from {id} -y")),
        "{fetched}"
    );
    project
        .run(&["plan", "-s", "s", "--from", id.trim_start_matches("sp-")])
        .success()
        .says("has the same idea as t-");
    project.run(&["plan", "-s", "s", "--from", "sp-zz"]).code(3);
    let other = project.submit("an idea", &["--rounds", "0"]);
    project.run(&["plan", "-s", "s", "--from", &other]).code(2).says("was asked for no plan");
}

#[test]
fn a_job_may_leave_the_plan_in_a_file_and_no_command_of_it_is_run() {
    let project = recorded("plan:plan_file");
    let json =
        project.run(&["--json", "plan", "x", "-s", "s", "--job", "--time", "5m", "-y"]).success();
    assert_eq!(json.stdout.lines().count(), 1, "the plan alone: {json}");
    assert!(json.json()["warnings"].to_string().contains("`verify` is left out"), "{json}");
    let made = tasks(&project);
    assert_eq!((made.len(), text(&made[0], "verify")), (1, ""));
}

#[test]
fn a_plan_in_a_file_counts_though_a_tool_was_refused() {
    let project = recorded("plan:plan_refused");
    project.run(&["plan", "x", "-s", "s", "--job", "-y"]).success();
    assert_eq!(tasks(&project).len(), 1);
}

#[test]
fn a_plan_of_a_job_that_is_wrong_is_told_and_stays() {
    let project = recorded("plan:plan_wrong");
    let wrong = project.run(&["plan", "x", "-s", "s", "--job", "-y"]).code(1);
    assert!(
        wrong.stderr.contains("neither a key") && wrong.stderr.contains("/plan.json` reads it"),
        "{wrong}"
    );
    assert_eq!(tasks(&project).len(), 0);
    let none = recorded("plan:plan_none");
    let failed = none.run(&["plan", "x", "-s", "s", "--job", "-y"]).code(1);
    assert!(failed.stdout.contains("there is no plan: no structured answer"), "{failed}");
    let failed = none.run(&["--json", "plan", "x", "-s", "s", "--job", "-y"]).code(1);
    assert!(failed.stderr.contains("there is no plan"), "{failed}");
    let id = text(&none.run(&["--json", "sprint", "list"]).success().json()["sprints"][0], "id")
        .to_owned();
    none.run(&["plan", "-s", "s", "--from", &id]).code(4).says("has no plan: it is failed");
}

#[test]
fn ctrl_c_leaves_the_job_that_makes_a_plan_running() {
    let project = recorded("plan:gate");
    let ended = interrupted(
        &project,
        &["plan", "x", "-s", "s", "--job"],
        || !prompts(&project).is_empty(),
        || {},
    )
    .code(130);
    let id = text(&project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0], "id")
        .to_owned();
    assert!(
        ended.stderr.contains("The job goes on.")
            && ended
                .stderr
                .contains(&format!("`researchloop plan -s s --from {id}` takes the plan")),
        "{ended}"
    );
    project.run(&["plan", "-s", "s", "--from", &id]).code(4);
    project.let_go(&id);
    wait_until("the job has ended, which no tick has seen", 60, || {
        project.run(&["plan", "-s", "s", "--from", &id, "-y"]).code == 0
    });
    assert_eq!(tasks(&project).len(), 2);
}

#[test]
fn the_sprint_of_a_plan_is_told_although_its_cluster_gives_no_answer() {
    let mut project = recorded("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let config = config.replace(
        "name = \"here\"",
        "name = \"here\"\nhost = \"127.0.0.1\"\nport = 1\ntransport = \"ssh\"\nconnect_timeout = 2",
    );
    project.write("researchloop.toml", config);
    project.set("USER", "nobody");
    let json = project.run(&["--json", "plan", "x", "-s", "s", "--job"]).code(6);
    let answer = json.json();
    let id = text(&answer, "sprint_id").to_owned();
    assert_eq!(
        (text(&answer, "status"), &answer["written"]),
        ("pending", &serde_json::Value::Bool(false))
    );
    assert!(json.stderr.contains("not submitted yet") && json.stderr.contains(&id), "{json}");
    assert!(
        json.stderr.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{json}"
    );
    let told = project.run(&["plan", "x", "-s", "s", "--job"]).code(6);
    assert!(
        told.stderr.contains("not submitted yet") && told.stderr.contains("--from sp-"),
        "{told}"
    );
}
