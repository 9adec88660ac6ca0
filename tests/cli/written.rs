//! Files that a model wrote: what is read of them, what is asked for again, and where it is said that
//! something could not be used.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{step, text};
use crate::harness::{Project, sources};

/// A project whose agent, after each step, copies what lies in `leaves/STEP` over what it wrote. Every
/// prompt is kept in `prompts`.
fn leaving(files: &[(&str, &[u8])], study: &str) -> Project {
    let project = Project::local("");
    let agent = sources().join("tests/agent/claude");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config
            .replace(&agent.display().to_string(), &project.path("agent.sh").display().to_string())
            + study,
    );
    project.write(
        "agent.sh",
        format!(
            "#!/bin/bash\ncase \" $* \" in *' auth '* | *' --version '*) exec {agent} \"$@\" ;; esac\nprompt=$(mktemp -p {here}/prompts); cat >\"$prompt\"\n\
             step=$(sed -n 's/^# Step: *//p' \"$prompt\" | sed -n 1p)\n{agent} \"$@\" <\"$prompt\"\nstatus=$?\n\
             if [ -d \"{here}/leaves/$step\" ]; then cp -RP --remove-destination \"{here}/leaves/$step/.\" .; fi\nexit $status\n",
            agent = agent.display(),
            here = project.path("").display(),
        ),
    );
    std::fs::set_permissions(project.path("agent.sh"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    std::fs::create_dir_all(project.path("prompts")).unwrap();
    for (path, bytes) in files {
        let path = project.path("leaves").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    project
}

fn run(project: &Project) -> (String, serde_json::Value) {
    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 120);
    (id, sprint)
}

fn prompts(project: &Project) -> Vec<String> {
    std::fs::read_dir(project.path("prompts"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn one_figure_that_is_not_finite_is_left_out_alone() {
    let finding =
        b"```json\n{'verdict': 'Supported.', 'confidence': '80%', 'statement': 'gr\xf6\xdfer: 0.97', 'numbers': {'acc': 0.97, 'p': NaN},}\n```\n";
    let metrics = br#"{"metrics": [{"name": "acc", "value": "0.97", "better": "Higher", "n": 5.0}, {"name": "consistency", "value": NaN}]}"#;
    let project = leaving(
        &[("summarize/results/metrics.json", metrics), ("summarize/finding.json", finding)],
        "",
    );
    let (id, sprint) = run(&project);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    let finding = &sprint["finding"];
    assert_eq!(
        (text(finding, "verdict"), &finding["confidence"], text(finding, "statement")),
        ("supported", &0.8.into(), "größer: 0.97")
    );
    let metrics = sprint["metrics"].as_array().unwrap();
    assert_eq!(
        (metrics.len(), &metrics[0]["value"], &metrics[0]["n"], text(&metrics[0], "better")),
        (1, &0.97.into(), &5.into(), "higher")
    );
    let unusable = serde_json::json!([
        "finding.json: numbers.p is NaN: left out",
        "results/metrics.json: metric 2 (consistency) has the value NaN: left out"
    ]);
    assert_eq!(sprint["unusable"], unusable);
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(
        shown.stdout.contains("not usable")
            && shown.stdout.contains("metric 2 (consistency) has the value NaN"),
        "{shown}"
    );
    // That is no reason to ask again.
    assert_eq!(prompts(&project).len(), 3);
}

#[test]
fn a_file_that_cannot_be_used_is_asked_for_once_more_with_the_reason() {
    let broken: &[u8] = br#"{"v": 1, "verdict": "partially supported", "statement": "x"}"#;
    let good: &[u8] = br#"{"v": 1, "verdict": "supported", "statement": "It works."}"#;
    let project = leaving(&[("summarize/finding.json", broken), ("repair/finding.json", good)], "");
    let (id, sprint) = run(&project);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint["finding"], "verdict")),
        ("completed", "supported"),
        "{sprint:#}"
    );
    assert_eq!(sprint["unusable"], serde_json::json!([]));
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(
        log.stdout.contains("finding.json has the verdict \"partially supported\"")
            && log.stdout.contains("asked for it again"),
        "{log}"
    );
    let asked: Vec<String> = prompts(&project)
        .into_iter()
        .filter(|prompt| prompt.starts_with("# Step: repair"))
        .collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("- finding.json has the verdict \"partially supported\": expected supported, refuted or inconclusive"), "{}", asked[0]);
    assert!(!asked[0].contains("Missing files"), "{}", asked[0]);
}

#[test]
fn a_verdict_that_nobody_can_read_skips_no_task_and_a_person_can_say_it() {
    let unclear: &[u8] = br#"{"v": 1, "verdict": "partially supported", "statement": "x"}"#;
    let project =
        leaving(&[("summarize/finding.json", unclear), ("repair/finding.json", unclear)], "");
    let add = |idea: &str, needs: &[&str]| {
        project
            .run(&[&["task", "add", idea, "-s", "s"][..], needs].concat())
            .success()
            .stdout
            .trim()
            .to_owned()
    };
    let first = add("Does it help at all?", &[]);
    let (yes, no) = (
        add("By how much?", &["--needs", &format!("{first}:supported")]),
        add("Why not?", &["--needs", &format!("{first}:refuted")]),
    );
    let output = project
        .run(&["--json", "sprint", "run", "--task", &first, "--rounds", "0"])
        .success()
        .json();
    let id = text(&output, "sprint_id").to_owned();
    let sprint = project.finish(&id, 120);
    assert_eq!(
        (text(&sprint, "status"), &sprint["finding"]),
        ("completed", &serde_json::Value::Null),
        "{sprint:#}"
    );
    assert!(
        sprint["unusable"][0].as_str().unwrap().contains("has the verdict \"partially supported\""),
        "{sprint:#}"
    );
    let task = |id: &str| project.run(&["--json", "task", "show", id]).success().json();
    for waiting in [&yes, &no] {
        let shown = task(waiting);
        assert_eq!(
            (text(&shown["task"], "state"), text(&shown["task"]["needs"][0], "state")),
            ("blocked", "unknown"),
            "{shown:#}"
        );
        assert!(
            text(&shown, "next").contains(&format!("task done {first} --verdict")),
            "{shown:#}"
        );
    }
    assert!(
        text(&task(&first)["task"], "detail")
            .contains("gave no usable verdict: finding.json has the verdict")
    );
    assert!(
        project
            .run(&["task", "list", "-s", "s"])
            .success()
            .stdout
            .contains(&format!("{first}:supported?"))
    );
    let inbox = project.run(&["inbox"]).success();
    assert!(
        inbox.stdout.contains("has no verdict")
            && inbox.stdout.contains("2 tasks wait for its verdict"),
        "{inbox}"
    );
    project.run(&["task", "done", &first, "--verdict", "supported"]).success();
    assert_eq!(
        (text(&task(&yes)["task"], "state"), text(&task(&no)["task"], "state")),
        ("ready", "skipped")
    );
    assert_eq!(
        project.run(&["--json", "inbox"]).success().json()["messages"],
        serde_json::json!([])
    );
}

#[test]
fn an_evaluator_that_honestly_says_nan_is_a_result_without_a_value() {
    let metrics: &[u8] = br#"{"v": 1, "metrics": [{"name": "val_loss", "value": 0.1}, {"name": "other", "value": 2}]}"#;
    let study = "metric = \"val_loss\"\nmetric_better = \"lower\"\nevaluator = \"echo epoch 3; echo nan\"\n";
    let project = leaving(&[("summarize/results/metrics.json", metrics)], study);
    let (id, sprint) = run(&project);
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "evaluate")),
        ("completed", "yes"),
        "{sprint:#}"
    );
    assert_eq!(text(&sprint["finding"], "verdict"), "inconclusive", "{sprint:#}");
    let names: Vec<&str> =
        sprint["metrics"].as_array().unwrap().iter().map(|metric| text(metric, "name")).collect();
    assert_eq!(names, ["other"], "the agent's word does not stand in for the evaluator's");
    assert!(
        sprint["unusable"]
            .to_string()
            .contains("val_loss has no value: the evaluator measured none"),
        "{sprint:#}"
    );
    let task = project.run(&["--json", "task", "show", text(&sprint, "task_id")]).success().json();
    assert_eq!(
        (text(&task["task"], "state"), text(&task["task"], "verdict"), &task["task"]["failures"]),
        ("done", "inconclusive", &0.into())
    );
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(shown.stdout.contains("val_loss has no value"), "{shown}");
}

#[test]
fn a_promised_file_that_is_a_link_is_called_a_link() {
    let project = leaving(&[("report/out/report.md", b"a report")], "");
    symlink("out/report.md", project.path("leaves/report/report.md")).unwrap();
    let (id, sprint) = run(&project);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "missing_output"),
        "{sprint:#}"
    );
    let link = "report.md is a symbolic link, not a regular file (it leads to out/report.md)";
    assert!(text(&sprint, "error").contains(link), "{sprint:#}");
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(
        log.stdout.contains("report.md is a symbolic link")
            && log.stdout.contains("asked for it again"),
        "{log}"
    );
    let asked =
        prompts(&project).into_iter().find(|prompt| prompt.starts_with("# Step: repair")).unwrap();
    assert!(asked.contains(link) && !asked.contains("Missing files"), "{asked}");
}
