//! An agent that repeats what its environment holds: no place that is read by others keeps it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::text;
use crate::harness::{Project, sources};

const TOKEN: &str = "s3cr3t-value-4711";
const ENCODED: &str = "czNjcjN0LXZhbHVlLTQ3MTE=";

/// A project whose agent says its token, uses it in a tool, and then does what `scenario` says.
fn talkative(scenario: &str) -> Project {
    let project = Project::local("");
    project.write(
        "agent",
        format!(
            r#"#!/bin/sh
case "$*" in *stream-json*)
  printf '{{"type":"assistant","message":{{"content":[{{"type":"text","text":"my key is %s, encoded %s"}},{{"type":"tool_use","id":"t","name":"Bash","input":{{"command":"echo %s"}}}}]}}}}\n' "$API_TOKEN" "$(printf %s "$API_TOKEN" | base64)" "$API_TOKEN"
  echo "progress with $API_TOKEN" >progress.md; echo "output with $API_TOKEN" >output.log ;;
esac
exec "{}" "$@"
"#,
            sources().join("tests/agent/claude").display()
        ),
    );
    std::fs::set_permissions(project.path("agent"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let agent =
        format!("claude_command = [\"{}\"]", sources().join("tests/agent/claude").display());
    assert!(config.contains(&agent));
    let config = config
        .replace(&agent, &format!("claude_command = [\"{}\"]", project.path("agent").display()))
        .replace(
            "environment = { ",
            &format!("environment = {{ API_TOKEN = \"{TOKEN}\", RL_SCENARIO = {scenario:?}, "),
        );
    project.write(
        "researchloop.toml",
        config + "metric = \"acc\"\nmetric_better = \"higher\"\nevaluator = \"echo measuring with $API_TOKEN >&2; echo 0.5\"\n",
    );
    project
}

fn assert_hidden(place: &str, bytes: &[u8]) {
    for secret in [TOKEN, ENCODED, "s3cr3t"] {
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "{place} holds {secret}"
        );
    }
}

/// All files that begin so.
fn database(project: &Project) -> Vec<u8> {
    let files = std::fs::read_dir(project.path(".")).unwrap().flatten().map(|entry| entry.path());
    let ours = files
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db")));
    ours.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn everywhere(project: &Project, id: &str, dir: &Path) {
    assert_hidden("the journal", &std::fs::read(dir.join(".researchloop/run.jsonl")).unwrap());
    let database = database(project);
    assert!(database.len() > 1000);
    assert_hidden("the database", &database);
    for command in [
        &["sprint", "log", id][..],
        &["--json", "sprint", "log", id],
        &["sprint", "show", id],
        &["--json", "sprint", "show", id],
        &["inbox"],
        &["status"],
        &["sprint", "watch", id],
    ] {
        let output = project.run(command);
        assert_hidden(&command.join(" "), output.to_string().as_bytes());
    }
}

#[test]
fn what_the_agent_repeats_of_its_environment_is_masked_wherever_it_is_told() {
    let project = talkative("");
    let id = project.submit("say it", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(
        log.stdout.contains("my key is ***, encoded ***") && log.stdout.contains("$ echo ***"),
        "{log}"
    );
    assert!(log.stdout.contains("measuring with ***"), "{log}");
    everywhere(&project, &id, &project.remote_dir(&id));
}

#[test]
fn questions_findings_and_failures_are_masked_too() {
    for (scenario, waits) in
        [(format!("research:ask=May I use {TOKEN}?"), true), ("red_team:exit=3".to_owned(), false)]
    {
        let project = talkative(&scenario);
        let agent = std::fs::read_to_string(project.path("agent")).unwrap();
        // Its last words are those of the failure.
        project.write(
            "agent",
            agent.replace("exec ", "echo \"cannot log in with $API_TOKEN\" >&2\nexec "),
        );
        let id = project.submit("ask or fail", &["--rounds", "1"]);
        let done =
            |sprint: &serde_json::Value| matches!(text(sprint, "status"), "parked" | "failed");
        crate::harness::wait_until("it is parked or has failed", 60, || {
            project.run(&["tick"]);
            done(&project.show(&id))
        });
        let inbox = project.run(&["inbox"]).success();
        assert_eq!(inbox.stdout.contains("May I use ***?"), waits, "{inbox}");
        everywhere(&project, &id, &project.remote_dir(&id));
    }
}
