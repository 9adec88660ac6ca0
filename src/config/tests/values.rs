//! Values as they come out, and where they came from.

use super::*;
use crate::config::{SessionMode, Transport};
use crate::domain::SchedulerKind;

#[test]
fn what_is_not_given_has_its_default() {
    let project = Project::new(format!("{CLUSTER}{STUDY}"));
    let config = project.load(&[]).expect("good");
    let folder = std::path::absolute(project.folder.path()).expect("absolute");
    assert_eq!(
        (config.root.clone(), config.db_path.clone()),
        (folder.clone(), folder.join("researchloop.db"))
    );
    assert_eq!(config.artifact_dir, folder.join("artifacts"));
    assert!(
        config.shared_secret.is_none()
            && config.orchestrator_url.is_none()
            && config.claude_command.is_none()
            && config.warnings.is_empty()
    );

    let cluster = config.cluster("here").expect("known");
    assert_eq!((cluster.port, cluster.max_concurrent_jobs, cluster.poll_interval), (22, 4, 30));
    assert_eq!(
        (cluster.connect_timeout, cluster.command_timeout, cluster.retry_delays.as_slice()),
        (30, 240, [30, 120, 300].as_slice())
    );
    assert_eq!(
        (cluster.scheduler, cluster.transport, cluster.host.as_str()),
        (SchedulerKind::Local, Transport::Local, "")
    );

    let study = config.study("mine").expect("known");
    assert_eq!(
        (study.max_sprint_duration, study.red_team_max_rounds, study.allow_loop),
        (28_800, 3, true)
    );
    assert_eq!(
        (study.sprints_dir.as_str(), study.red_team_session, study.max_cost_usd),
        ("mine", SessionMode::Shared, None)
    );
    assert_eq!(
        config.claude_command_for(study, cluster),
        ["claude", "--dangerously-skip-permissions"]
    );
}

#[test]
fn what_is_given_comes_out() {
    let project = Project::new(
        r#"
db_path = "~/data/../x.db"
artifact_dir = "/srv/artifacts"
shared_secret = "geheim"
orchestrator_url = "https://example.org/"
claude_command = "env A='b c' claude"
context = """
Two
lines"""
context_paths = "global.md"

[[cluster]]
name = "hpc"
host = "login"
port = 2222
user = "me"
key_path = "key"
scheduler_type = "sge"
working_dir = "/scratch//me/"
max_concurrent_jobs = 1
environment = { PATH_X = "$HOME/x", N = 1, F = 1.50, B = true, H = 0xff, EMPTY = "" }
claude_command = ["my claude", "-x"]
context_paths = ["a.md", "~/b.md", ""]
known_hosts = "hosts"
poll_interval = 60
runner = "runner"
connect_timeout = 5
command_timeout = 600
retry_delays = []
[cluster.job_options]
z = "last"
"-l" = "gpu=1"
cpus = 4
exclusive = true
requeue = false

[[study]]
name = "s"
cluster = "hpc"
claude_md_path = "s.md"
context = "c"
context_paths = []
sprints_dir = "~/elsewhere/"
job_options.mem = ""
max_sprint_duration_hours = 1.5
red_team_max_rounds = 0
allow_loop = false
model = "opus"
red_team_session = "fresh"
max_cost_usd = 5
"#,
    );
    for name in ["global.md", "key", "a.md", "runner", "s.md"] {
        project.write(name);
    }
    let config = project.load(&[]).expect("good");
    assert_eq!(config.db_path, Path::new("/home/me/data/../x.db"));
    assert_eq!(config.shared_secret.as_ref().map(|secret| secret.reveal()), Some("geheim"));
    assert_eq!(config.orchestrator_url.as_deref(), Some("https://example.org"));
    assert_eq!(
        config.claude_command.as_deref(),
        Some(["env", "A=b c", "claude"].map(str::to_owned).as_slice())
    );
    assert_eq!(config.context, "Two\nlines");
    assert_eq!(config.context_paths, [project.path("global.md")]);

    let cluster = &config.clusters[0];
    assert_eq!(
        (cluster.host.as_str(), cluster.port, cluster.user.as_deref()),
        ("login", 2222, Some("me"))
    );
    assert_eq!(
        (cluster.key_path.as_ref(), cluster.working_dir.as_str()),
        (Some(&project.path("key")), "/scratch//me")
    );
    let environment: Vec<_> =
        cluster.environment.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    assert_eq!(
        environment,
        [
            ("PATH_X", "$HOME/x"),
            ("N", "1"),
            ("F", "1.50"),
            ("B", "true"),
            ("H", "255"),
            ("EMPTY", "")
        ]
    );
    let options: Vec<_> = cluster.job_options.iter().collect();
    assert_eq!(
        options,
        [("z", "last"), ("-l", "gpu=1"), ("cpus", "4"), ("exclusive", "true"), ("requeue", "")],
        "in the order of the file"
    );
    assert_eq!(cluster.context_paths, [project.path("a.md"), "/home/me/b.md".into()]);
    assert_eq!(
        (cluster.poll_interval, cluster.retry_delays.len(), cluster.command_timeout),
        (60, 0, 600)
    );
    assert_eq!((cluster.scheduler, cluster.transport), (SchedulerKind::Sge, Transport::Ssh));

    let study = &config.studies[0];
    assert_eq!(
        (study.max_sprint_duration, study.red_team_max_rounds, study.allow_loop),
        (5400, 0, false)
    );
    assert_eq!(
        (study.red_team_session, study.max_cost_usd, study.model.as_deref()),
        (SessionMode::Fresh, Some(5.0), Some("opus"))
    );
    assert_eq!(
        (study.sprints_dir.as_str(), study.job_options.iter().collect::<Vec<_>>()),
        ("~/elsewhere", vec![("mem", "")])
    );
    assert_eq!(study.claude_md_path, Some(project.path("s.md")));
    assert_eq!(
        config.claude_command_for(study, cluster),
        ["my claude", "-x"],
        "the cluster's goes before the global one"
    );
    let warnings: Vec<_> = config.warnings.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        warnings,
        ["`context_paths` of cluster \"hpc\": there is no file \"/home/me/b.md\""]
    );
}

#[test]
fn the_transport_follows_from_host_and_scheduler() {
    for (lines, transport) in [
        ("", Transport::Local),
        ("host = \"\"\nscheduler_type = \"slurm\"", Transport::Local),
        ("host = \"localhost\"\nscheduler_type = \"local\"", Transport::Local),
        ("host = \"localhost\"\nscheduler_type = \"slurm\"", Transport::Ssh),
        (
            "host = \"localhost\"\nscheduler_type = \"slurm\"\ntransport = \"local\"",
            Transport::Local,
        ),
        ("host = \"localhost\"\nscheduler_type = \"local\"\ntransport = \"ssh\"", Transport::Ssh),
        ("host = \"hpc\"\nscheduler_type = \"local\"", Transport::Ssh),
        ("host = \"::1\"", Transport::Ssh),
    ] {
        let config = good(&format!("[[cluster]]\nname = \"a\"\nworking_dir = \"~\"\n{lines}\n"));
        assert_eq!(config.clusters[0].transport, transport, "{lines}");
    }
    let config = good("[[cluster]]\nname = \"a\"\nworking_dir = \"~\"\nuser = \"me\"\n");
    assert!(
        config.warnings[0].message.contains("without `host` the cluster is this machine"),
        "a forgotten host is told"
    );
}

#[test]
fn the_studys_command_goes_first_and_an_empty_one_does_not_count() {
    let config = good(&format!(
        "claude_command = \"global\"\n{CLUSTER}claude_command = \"\"\n{STUDY}claude_command = \"mine -x\"\n[[study]]\nname = \"b\"\n"
    ));
    let commands: Vec<_> = config
        .studies
        .iter()
        .map(|study| config.claude_command_for(study, &config.clusters[0]))
        .collect();
    assert_eq!(commands, [vec!["mine".to_owned(), "-x".to_owned()], vec!["global".to_owned()]]);
}

#[test]
fn unknown_names_get_help() {
    let config = good(&format!("{CLUSTER}{STUDY}"));
    let near = config.study("mime").expect_err("unknown");
    assert_eq!(
        (near.to_string().as_str(), near.hint().as_str()),
        ("no study named \"mime\" in the configuration", "did you mean `mine`?")
    );
    assert_eq!(config.cluster("elsewhere").expect_err("unknown").hint(), "known: here");
    assert_eq!(
        good("").study("x\u{1b}").expect_err("unknown").hint(),
        "the configuration has no study"
    );
}

#[test]
fn variables_go_before_the_file() {
    let project = Project::new(format!("db_path = \"a.db\"\n{CLUSTER}{STUDY}"));
    let config = project
        .load(&[
            ("RESEARCHLOOP_DB_PATH", "b.db"),
            ("RESEARCHLOOP_SHARED_SECRET", "geheim"),
            ("RESEARCHLOOP_ARTIFACT_DIR", ""),
        ])
        .expect("good");
    assert_eq!(config.db_path, project.path("b.db"));
    assert_eq!(config.artifact_dir, project.path("artifacts"), "an empty one does not count");
    let source = |path: &str| {
        config
            .resolved()
            .iter()
            .find(|setting| setting.path == path)
            .map(|setting| (setting.value.clone(), setting.source.clone()))
    };
    assert_eq!(
        source("db_path"),
        Some((project.path("b.db").display().to_string(), "RESEARCHLOOP_DB_PATH".to_owned()))
    );
    assert_eq!(
        source("shared_secret"),
        Some(("(set)".to_owned(), "RESEARCHLOOP_SHARED_SECRET".to_owned()))
    );
    assert!(config.warnings.is_empty());

    let error = project.load(&[("RESEARCHLOOP_NTFY_URL", "example.org")]).expect_err("no address");
    assert!(
        error
            .to_string()
            .contains("RESEARCHLOOP_NTFY_URL: error: expected an address that starts with http://"),
        "{error}"
    );
}

#[test]
fn variables_that_nothing_reads_are_told() {
    let project = Project::new(CLUSTER);
    let config = project
        .load(&[
            ("RESEARCHLOOP_DB_PAHT", "x"),
            ("RESEARCHLOOP_DASHBOARD_PORT", "abc"),
            ("RESEARCHLOOP_DASHBOARD_PASSWORD", "geheim"),
            ("RESEARCHLOOP_LAB_X", "x"),
        ])
        .expect("warnings only");
    assert_eq!(
        shown(&config.warnings),
        "RESEARCHLOOP_DASHBOARD_PORT: warning: it is set, but [dashboard] is not used yet
RESEARCHLOOP_DASHBOARD_PORT: warning: expected a whole number from 1 to 65535, found \"abc\"
RESEARCHLOOP_DB_PAHT: warning: nothing reads this variable
      = did you mean `RESEARCHLOOP_DB_PATH`?
"
    );
}

#[test]
fn every_setting_tells_its_value_and_its_source() {
    let text = "context = \"a\\nb\"\n[[cluster]]\nname = \"hpc\"\nhost = \"login\"\nworking_dir = \"~/x\"\nenvironment = { TOKEN = \"geheim\" }\n[cluster.job_options]\nmem = \"8G\"\n[[study]]\nname = \"mine\"\n";
    let config = good(text);
    let of = |path: &str| {
        let setting = config
            .resolved()
            .iter()
            .find(|setting| setting.path == path)
            .unwrap_or_else(|| panic!("{path}"));
        format!("{} ({})", setting.value, setting.source)
    };
    for (path, expected) in [
        ("context", "\"a\" (2 lines) (researchloop.toml:1)"),
        ("claude_command", "claude --dangerously-skip-permissions (default)"),
        ("cluster.hpc.host", "login (researchloop.toml:4)"),
        ("cluster.hpc.port", "22 (default)"),
        ("cluster.hpc.transport", "ssh (default)"),
        ("cluster.hpc.environment.TOKEN", "(set) (researchloop.toml:6)"),
        ("cluster.hpc.job_options.mem", "8G (researchloop.toml:8)"),
        ("cluster.hpc.retry_delays", "30, 120, 300 (default)"),
        ("study.mine.cluster", "hpc (default)"),
        ("study.mine.sprints_dir", "mine (default)"),
        ("study.mine.max_sprint_duration_hours", "8h00m (default)"),
        ("shared_secret", " (default)"),
    ] {
        assert_eq!(of(path), expected, "{path}");
    }
}
