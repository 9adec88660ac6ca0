//! Mistakes: all of them at once, each at its place, each with a way out.

use super::*;
use crate::config::Severity;
use crate::domain::options::OptionProblem;

#[test]
fn thirteen_mistakes_are_told_at_once() {
    let problems = bad(r#"db_path = 5
shard = "x"

[[cluster]]
name = "hpc"
schedular_type = "slurm"
	port = 70000
working_dir = "$SCRATCH/sprints"
claude_command = "claude 'x"

[[cluster]]
name = "研究室"  # 日本
host = "me@login"
working_dir = "~/sprints"
scheduler_type = "SLURM"

[[study]]
name = "../x"
cluster = "hcp"
max_sprint_duration_hours = "8"

[[study]]
sprints_dir = "a/../b"
cluster = "研究室"
"#);
    let expected = r#"researchloop.toml:1:11: error: `db_path`: expected text, found a whole number
    1 | db_path = 5
      |           ^
      = put it in quotes
researchloop.toml:2:1: error: unknown key "shard"
    2 | shard = ***
      | ^^^^^
researchloop.toml:6:1: error: unknown key "schedular_type" in cluster "hpc"
    6 | schedular_type = ***
      | ^^^^^^^^^^^^^^
      = did you mean `scheduler_type`?
researchloop.toml:7:9: error: `port` of cluster "hpc": expected a whole number from 1 to 65535, found 70000
    7 |     port = 70000
      |            ^^^^^
researchloop.toml:8:15: error: `working_dir` of cluster "hpc": expected an absolute path or one that starts with ~/, found "$SCRATCH/sprints"
    8 | working_dir = "$SCRATCH/sprints"
      |               ^^^^^^^^^^^^^^^^^^
      = variables are not expanded in it: write the path itself
researchloop.toml:9:18: error: `claude_command` of cluster "hpc": a quote is opened but not closed
    9 | claude_command = "claude 'x"
      |                  ^^^^^^^^^^^
researchloop.toml:13:8: error: `host` of cluster "研究室": expected a host name without a user
   13 | host = ***
      |        ^^^
      = write host = "login" and user = "me"
researchloop.toml:15:18: error: `scheduler_type` of cluster "研究室": expected one of slurm, sge, local, found "SLURM"
   15 | scheduler_type = "SLURM"
      |                  ^^^^^^^
      = did you mean `slurm`?
researchloop.toml:18:8: error: `name` of study "../x": "../x" is not a study name: expected letters, digits, dots, dashes, underscores (at most 100)
   18 | name = "../x"
      |        ^^^^^^
researchloop.toml:19:11: error: `cluster` of study "../x": no cluster is named "hcp"
   19 | cluster = "hcp"
      |           ^^^^^
      = did you mean `hpc`?
researchloop.toml:20:29: error: `max_sprint_duration_hours` of study "../x": expected a number of hours, at least one minute, found text
   20 | max_sprint_duration_hours = "8"
      |                             ^^^
      = leave out the quotes
researchloop.toml:22:1: error: `name` of [[study]] is missing
   22 | [[study]]
      | ^^^^^^^^^
      = add: name = "..."
researchloop.toml:23:15: error: `sprints_dir` of [[study]]: `..` cannot be part of it, found "a/../b"
   23 | sprints_dir = "a/../b"
      |               ^^^^^^^^
"#;
    assert_eq!(shown(&problems), expected);
    assert_eq!(problems.len(), 13);
}

#[test]
fn lines_that_are_no_toml_hide_nothing_else() {
    let problems = bad(r#"[[cluster]]
name = hpc
working_dir =
host "login"
port = 0

[[clutser]]
name = "b"

[[study]]
cluster = "hpc"
allow_loop = "yes"
"#);
    assert_eq!(
        shown(&problems),
        r#"researchloop.toml:2:8: error: expected a value, and text only in quotes
    2 | name = hpc
      |        ^^^
      = put it in quotes
researchloop.toml:3:14: error: a value is missing here
    3 | working_dir =
      |              ^
researchloop.toml:4:6: error: key with no value, expected `=`
    4 | host ***
      |      ^^^
researchloop.toml:5:8: error: `port` of [[cluster]]: expected a whole number from 1 to 65535, found 0
    5 | port = 0
      |        ^
researchloop.toml:7:3: error: unknown section "clutser"
    7 | [[clutser]]
      |   ^^^^^^^
      = did you mean [[cluster]]?
researchloop.toml:12:14: error: `allow_loop` of [[study]]: expected true or false, found text
   12 | allow_loop = "yes"
      |              ^^^^^
"#
    );
}

#[test]
fn a_broken_heading_makes_no_unknown_keys() {
    let problems = bad(
        "[[cluster]]\nname = \"a\"\nworking_dir = \"~/a\"\n[[study]\nname = \"b\"\nallow_loop = true\n",
    );
    assert_eq!(
        problems.iter().map(|problem| problem.line()).collect::<Vec<_>>(),
        [Some(4)],
        "{}",
        shown(&problems)
    );
}

/// One mistake behind a right cluster and study: its line and a part of what is said.
fn one(text: &str, line: usize, part: &str) {
    let problems: Vec<_> =
        bad(text).into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    let said = shown(&problems);
    assert_eq!(problems.len(), 1, "{said}");
    assert_eq!(problems[0].line(), Some(line), "{said}");
    assert!(said.contains(part), "{said}");
}

#[test]
fn each_rule_for_a_cluster() {
    for (wrong, part) in [
        ("host = \"-oProxyCommand=x\"", "looks like an option"),
        ("host = \"a b\"", "a blank"),
        ("host = \"a:2222\"", "write host = \"a\" and port = 2222"),
        ("host = \"ssh://a\"", "leave out everything but the name"),
        ("host = \"a\\nb\"", "line breaks"),
        ("host = \"hpc\"\ntransport = \"local\"", "leave out `host`"),
        ("transport = \"ssh\"", "`host` is empty"),
        ("transport = \"shh\"", "did you mean `ssh`?"),
        ("user = \"-l\"", "looks like an option"),
        ("port = 22.5", "a number with a fraction"),
        ("port = \"22\"", "leave out the quotes"),
        ("port = 99999999999999999999999", "from 1 to 65535"),
        ("max_concurrent_jobs = 0", "from 1"),
        ("poll_interval = 0", "from 1"),
        ("connect_timeout = -1", "from 1"),
        ("command_timeout = 0", "from 1"),
        ("retry_delays = [30, \"x\"]", "found text"),
        ("retry_delays = 30", "a list of whole numbers"),
        ("key_path = \"~you/key\"", "your own home folder"),
        ("claude_command = \"  \"", "names no program"),
        ("claude_command = []", "names no program"),
        ("claude_command = [\"\", \"x\"]", "names no program"),
        (
            "claude_command = \"A_KEY=1 claude\"",
            "begins with the variable A_KEY, not with a program",
        ),
        ("claude_command = [\"A_KEY=1\", \"claude\"]", "env A_KEY=... PROGRAM"),
        ("context = \"a\\u0000b\"", "NUL"),
        ("context_paths = [1]", "expected text, found a whole number"),
        ("environment = { \"A B\" = \"x\" }", "\"A B\" is not a name for a variable"),
        ("environment = { \"1A\" = \"x\" }", "\"1A\" is not a name"),
        ("environment = { A = \"a\\u0000\" }", "NUL"),
        ("environment = { A = [1] }", "found a list"),
        ("environment = \"A=1\"", "a table of names and values"),
        ("job_options = { mem = \"8G\\n#SBATCH --wrap=evil\" }", "line breaks"),
        ("job_options = { \"a\\rb\" = \"8G\" }", "line breaks"),
        ("job_options = { \"\" = \"8G\" }", "the name is empty"),
        ("job_options = { mem = 1979-05-27 }", "found a date"),
        ("job_options = { a = { b = 1 } }", "found a table"),
    ] {
        let line = 5 + usize::from(wrong.contains('\n'));
        one(&format!("{CLUSTER}{wrong}\n{STUDY}"), line, part);
    }
    for (wrong, part) in [
        ("working_dir = \"sprints\"", "for example \"~/sprints\""),
        ("working_dir = \"~you/sprints\"", "your own home folder"),
        ("working_dir = \"${HOME}/x\"", "not expanded"),
        ("working_dir = \"/a\\nb\"", "line breaks"),
        ("working_dir = \"\"", "is empty"),
        ("name = \"b\"", "`working_dir` of cluster \"b\" is missing"),
    ] {
        let name = if wrong.starts_with("name") { "" } else { "name = \"b\"\n" };
        let line = if name.is_empty() { 1 } else { 3 };
        one(&format!("[[cluster]]\n{name}{wrong}\n"), line, part);
    }
}

#[test]
fn each_rule_for_a_study() {
    for (wrong, part) in [
        ("cluster = \"elsewhere\"", "known: here"),
        ("cluster = 5", "expected text"),
        ("sprints_dir = \"..\"", "`..`"),
        ("sprints_dir = \"/a/../b\"", "`..`"),
        ("sprints_dir = \"~you\"", "your own home folder"),
        ("sprints_dir = \"a\\tb\"", "control characters"),
        ("max_sprint_duration_hours = 0", "at least one minute"),
        ("max_sprint_duration_hours = -1.5", "at least one minute"),
        ("max_sprint_duration_hours = nan", "at least one minute"),
        ("max_sprint_duration_hours = inf", "at least one minute"),
        ("max_sprint_duration_hours = 1e300", "at least one minute"),
        ("red_team_max_rounds = -1", "from 0 to 100"),
        ("red_team_session = \"freshh\"", "did you mean `fresh`?"),
        ("max_cost_usd = 0", "above 0"),
        ("max_cost_usd = inf", "above 0"),
        ("model = \"--help\"", "looks like an option"),
        ("db_path = \"x\"", "above the first [section]"),
        ("host = \"x\"", "it belongs in [[cluster]]"),
        ("name = \"mine\"", "duplicate key"),
    ] {
        one(&format!("{CLUSTER}{STUDY}{wrong}\n"), 7, part);
    }
}

#[test]
fn names_have_to_be_unique() {
    one(&format!("{CLUSTER}{CLUSTER}"), 6, "cluster \"here\" comes twice, first in line 2");
    one(&format!("{CLUSTER}{STUDY}{STUDY}"), 8, "study \"mine\" comes twice, first in line 6");
}

#[test]
fn a_study_needs_a_cluster_unless_there_is_only_one() {
    let other = CLUSTER.replace("here", "there");
    one(&format!("{CLUSTER}{other}{STUDY}"), 9, "`cluster` of study \"mine\" is missing");
    one(STUDY, 1, "add a [[cluster]]");
    assert_eq!(good(&format!("{CLUSTER}{STUDY}")).studies[0].cluster.as_str(), "here");
}

#[test]
fn a_cluster_with_a_bad_name_does_not_make_its_studies_wrong() {
    one(
        "[[cluster]]\nname = \"a/b\"\nworking_dir = \"~/a\"\n[[study]]\nname = \"mine\"\ncluster = \"a/b\"\n",
        2,
        "is not a cluster name",
    );
}

#[test]
fn sections_of_the_wrong_form() {
    one("[cluster]\nname = \"a\"\nworking_dir = \"~/a\"\n", 1, "write [[cluster]], once for each");
    one("[cluster.hpc]\nhost = \"x\"\n", 1, "name = \"...\"");
    one("cluster = 5\n", 1, "expected [[cluster]] here");
    one("cluster = [5]\n", 1, "expected [[cluster]] here");
    for url in [
        "localhost:8080",
        "http://",
        "https:///x",
        "http://a b",
        "http://a:x",
        "http://:80",
        "ftp://a",
    ] {
        one(
            &format!("[ntfy]\ntopic = \"x\"\nurl = \"{url}\"\n"),
            3,
            "an address that starts with http://",
        );
        // Nothing reads this one yet.
        let config = good(&format!("orchestrator_url = \"{url}\"\n"));
        assert!(
            config.orchestrator_url.is_none()
                && shown(&config.warnings).contains("an address that starts with http://")
        );
    }
    for url in ["http://localhost:8080", "https://[::1]", "https://[::1]:80/x", "http://u:p@a.b/c"]
    {
        assert_eq!(
            good(&format!("orchestrator_url = \"{url}\"\n")).orchestrator_url.as_deref(),
            Some(url)
        );
    }
}

#[test]
fn what_is_told_is_bounded() {
    let many: String = (0..5000).map(|i| format!("k{i} = 1\n")).collect();
    let problems = bad(&many);
    assert_eq!(problems.len(), 101);
    assert!(problems[100].to_string().ends_with("and 4900 more errors"), "{}", problems[100]);
    let wide: String = (0..5000).map(|i| format!("k{i} = 1, ")).collect();
    let problems = bad(format!(
        "[[cluster]]\nname = \"a\"\nworking_dir = \"/a\"\npreset = [{{{wide} name = \"x\"}}]\nport = 0\n"
    ));
    assert!(shown(&problems).len() < 100_000, "{}", shown(&problems).len());
    let long = "k".repeat(500_000);
    assert!(shown(&bad(format!("{long} = 1\nname = \"{long}\"\n"))).len() < 2_000);
}

#[test]
fn a_metric_needs_its_direction_and_an_evaluator_its_metric() {
    let told = |lines: &str| shown(&bad(format!("{CLUSTER}{STUDY}{lines}")));
    let text = told("metric = \"acc\"\n");
    assert!(
        text.contains("`metric` of study \"mine\" needs `metric_better`")
            && text.contains("write metric_better"),
        "{text}"
    );
    let text = told("evaluator = \"python eval.py\"\n");
    assert!(text.contains("`evaluator` of study \"mine\" needs `metric`"), "{text}");
    let text = told("metric = \"acc\"\nmetric_better = \"Higher\"\n");
    assert!(
        text.contains("did you mean `higher`?") && text.matches("error").count() == 1,
        "{text}"
    );
    assert!(told("max_study_gpu_hours = 0\n").contains("expected a number above 0"));

    let study =
        good(&format!("{CLUSTER}{STUDY}metric = \" acc \"\nmetric_better = \"lower\"\nevaluator = \"\"\"\n./eval\n\"\"\"\n")).studies.remove(0);
    assert_eq!(study.metric, Some(("acc".to_owned(), crate::domain::Better::Lower)));
    assert_eq!(study.evaluator.as_deref(), Some("./eval"));
    let config = good(&format!("{CLUSTER}{STUDY}metric_better = \"lower\"\n"));
    assert!(
        config.warnings[0].message.contains("no effect without `metric`"),
        "{:?}",
        config.warnings
    );
}

#[test]
fn job_options_are_checked_for_each_cluster_and_each_study() {
    let text = format!(
        "{CLUSTER}job_options = {{ good = \"1\", bad = \"2\", off = \"\" }}\n[[study]]\nname = \"own\"\n[study.job_options]\nworse = 3\n\
         [[study]]\nname = \"mine\"\njob_options = {{ bad = \"\" }}\n[[study]]\nname = \"other\"\ncluster = \"nope\"\n"
    );
    let project = Project::new(text);
    let check = |_, layers: &[&crate::domain::JobOptions]| -> Vec<OptionProblem> {
        let options = layers.iter().fold(crate::domain::JobOptions::default(), |below, layer| {
            below.overlaid(layer, |key| key)
        });
        let bad = options.iter().filter(|(key, _)| *key != "good");
        bad.map(|(key, _)| OptionProblem { key: key.to_owned(), problem: "no".to_owned() })
            .collect()
    };
    let error = crate::config::load_with(
        &project.path("researchloop.toml"),
        &Environment::new([("HOME", "/home/me")]),
        &check,
    )
    .expect_err("wrong");
    let ConfigError::Invalid { problems, .. } = error else { panic!("{error}") };
    let lines: Vec<_> =
        problems.iter().map(|problem| (problem.line(), problem.message.as_str())).collect();
    assert_eq!(
        lines,
        [
            (Some(5), "`job_options` of cluster \"here\": \"bad\": no"),
            (Some(9), "`job_options` of study \"own\": \"worse\": no"),
            (Some(15), "`cluster` of study \"other\": no cluster is named \"nope\""),
        ]
    );
    assert!(shown(&problems).contains("    9 | worse = 3\n      | ^^^^^"), "{}", shown(&problems));
}
