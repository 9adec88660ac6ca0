//! No secret reaches a message, whatever is wrong with the file around it.

use super::*;

/// `hunter2` stands wherever a secret can stand.
const FULL: &str = r#"shared_secret = "hunter2"
orchestrator_url = "https://me:hunter2@example.org"
context = "c"

[[cluster]]
name = "a"
host = "login"
working_dir = "~/a"
environment = { TOKEN = "hunter2", OTHER_KEY = 'hunter2' }
max_concurrent_jobs = 2

[[cluster]]
name = "b"
working_dir = "~/b"
[cluster.environment]
HF_TOKEN = "hunter2"
LINES = """
hunter2
"""
[cluster.job_options]
mem = "8G"

[[study]]
name = "s"
cluster = "a"

[slack]
bot_token = "hunter2"
signing_secret = "hunter2"
[ntfy]
topic = "hunter2"
token = "hunter2"
[dashboard]
password_hash = "hunter2"
"#;

fn everything_said(result: Result<Config, ConfigError>) -> String {
    match result {
        Ok(config) => format!(
            "{:?}{:?}{}{:?}{:?}",
            config.shared_secret,
            config.ntfy,
            shown(&config.warnings),
            config.clusters,
            config.resolved()
        ),
        Err(error) => format!("{error}{error:?}{:?}", error.hints()),
    }
}

#[test]
fn a_right_file_keeps_its_secrets() {
    let project = Project::new(FULL);
    let config = project.load(&[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.resolved().iter().any(|setting| setting.value == "https://***@example.org"));
    assert!(!everything_said(Ok(config)).contains("hunter2"));
}

#[test]
fn a_slip_at_any_place_keeps_them_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("researchloop.toml");
    let environment = Environment::default();
    for at in 0..FULL.len() {
        // Two slips at each place, in turn: all of them take long.
        let slips = ["", "\"", "=", "\n", "[", " x "];
        for slip in [slips[at % 6], slips[(at / 6 + at + 3) % 6]] {
            let text = format!("{}{slip}{}", &FULL[..at], &FULL[at + 1..]);
            std::fs::write(&file, &text).expect("a file");
            let said = everything_said(load(&file, &environment));
            assert!(!said.contains("hunter2"), "{slip:?} at {at}:\n{said}");
        }
    }
}

#[test]
fn a_secret_within_a_command_is_not_shown() {
    let text = "claude_command = \"env API_KEY=hunter2 claude\"\nnotify_command = [\"curl\", \"-H\", \"Authorization: Bearer hunter2\", \"https://me:hunter2@a.b\"]\n";
    let said = everything_said(
        Project::new(format!("{text}{CLUSTER}{STUDY}metric = \"m\"\nmetric_better = \"higher\"\nevaluator = \"TOKEN=hunter2 ./run\"\n")).load(&[]),
    );
    assert!(!said.contains("hunter2") && said.contains("env 'API_KEY=***' claude"), "{said}");
    for wrong in [
        "claude_command = \"env 'API_KEY=hunter2 claude\"",
        "notify_command = [\"curl --token hunter2\", 3]",
        "claude_command = \"API_KEY=hunter2 claude\"",
        "[[study]]\nname = \"s\"\nevaluator = \"API_KEY=hunter2 ./run\\u0000\"",
    ] {
        let said = everything_said(Project::new(wrong).load(&[]));
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_secret_of_the_wrong_type_is_not_shown() {
    for text in [
        "shared_secret = 12345678",
        "shared_secret = [\"12345678\"]",
        "shared_secret = { a = 12345678 }",
        "shared_secret = \"12345678\\n\"",
        "shared_secrt = \"12345678\"",
        "password = \"12345678\"",
        "slack = \"12345678\"",
        "[[cluster]]\nenvironment = \"TOKEN=12345678\"",
        "[[cluster]]\nenvironment = [\"12345678\"]",
        "[[cluster]]\nenvironment = { A = [12345678] }",
        "[[cluster]]\nenvironment = { \"A-B\" = 12345678 }",
        "[[cluster]]\nhost = \"me:12345678@login\"",
        "orchestrator_url = \"me:12345678@host\"",
    ] {
        let said = everything_said(Project::new(text).load(&[]));
        assert!(!said.contains("12345678"), "{said}");
    }
    let project = Project::new("");
    for name in [
        "RESEARCHLOOP_SHARED_SECRET",
        "RESEARCHLOOP_SHARED_SECRT",
        "RESEARCHLOOP_SLACK_BOT_TOKEN",
        "RESEARCHLOOP_DASHBOARD_PASSWORD",
    ] {
        let said = everything_said(project.load(&[(name, "12345678\n")]));
        assert!(!said.contains("12345678"), "{said}");
    }
}
