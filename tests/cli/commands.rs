//! Help, wrong use, and the commands around sprints: init, config, study, cluster.

use super::is_not_troubled_by_a_reader_that_goes_away;
use crate::harness::{Project, program};

#[test]
fn the_help_of_every_command_names_what_is_below_it() {
    fn walk(project: &Project, words: &mut Vec<String>, command: &clap::Command) {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = project.run(&arguments).success();
        assert_eq!(help.stderr, "", "{arguments:?}");
        assert!(help.stdout.contains("Usage:"), "{help}");
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            assert!(
                help.stdout.contains(below.get_name()),
                "{} is missing: {help}",
                below.get_name()
            );
            words.push(below.get_name().to_owned());
            walk(project, words, below);
            words.pop();
        }
        for option in command.get_opts().filter_map(clap::Arg::get_long) {
            assert!(help.stdout.contains(&format!("--{option}")), "--{option} is missing: {help}");
        }
    }
    let project = Project::empty();
    walk(&project, &mut Vec::new(), &researchloop::cli::command());
    assert_eq!(
        project.run(&["--version"]).success().stdout,
        format!("researchloop {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_mistyped_command_or_option_is_answered_with_the_right_one() {
    let project = Project::empty();
    project.run(&["sprnt"]).code(2).says("'sprint'");
    project.run(&["sprint", "lst"]).code(2).says("'list'");
    project.run(&["sprint", "list", "--stattus", "failed"]).code(2).says("'--status'");
    project.run(&["completions", "tcsh"]).code(2).says("'zsh'");
    project.run(&[]).code(2).says("Usage:");
    let error = project.run(&["--json", "sprint", "list", "--what"]).code(2);
    assert_eq!(error.stdout, "");
    let error: serde_json::Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!(
        (&error["error"]["kind"], error["error"]["hints"].is_array()),
        (&serde_json::json!("usage"), true)
    );
    assert!(error["error"]["message"].as_str().unwrap().contains("--what"));
}

#[test]
fn without_a_configuration_it_says_where_it_looked() {
    let project = Project::empty();
    for arguments in [
        &["sprint", "list"][..],
        &["config", "check"],
        &["tick"],
        &["study", "list"],
        &["cluster", "check"],
    ] {
        let output = project
            .run(arguments)
            .code(3)
            .says("no researchloop.toml found")
            .says("researchloop init");
        let steady = project.steady(&output);
        assert!(
            steady.contains("looked for $PROJECT/researchloop.toml, ")
                && steady.contains("$PROJECT/home/.config/researchloop/researchloop.toml"),
            "{steady}"
        );
    }
    project.run(&["-c", "other.toml", "sprint", "list"]).code(3).says("there is no other.toml");
    assert_eq!(std::fs::read_dir(project.path("")).unwrap().count(), 1, "only the home folder");
}

#[test]
fn init_makes_a_project_that_is_sound_and_is_never_made_twice() {
    let project = Project::empty();
    let made = project.run(&["init"]).success();
    let expected = "---- stderr ----\n\
        Made ./researchloop.toml, ./studies/my-study/CLAUDE.md and a .gitignore.\n\
        hint: `researchloop run \"my first idea\" --watch` runs on this machine; Claude must be logged in\n\
        hint: describe your cluster in researchloop.toml, then `researchloop cluster setup NAME`\n\
        [exit status: 0]\n";
    assert_eq!(project.steady(&made), expected);
    project
        .run(&["config", "check"])
        .success()
        .says("  scheduler_type ")
        .says("CLAUDE.md still has questions of its template");
    let before = std::fs::read(project.path("researchloop.toml")).unwrap();
    project.run(&["init"]).code(4).says("already exists");
    assert_eq!(std::fs::read(project.path("researchloop.toml")).unwrap(), before);
    project.run(&["sprint", "run", "x", "-s", "my-study", "--dry-run"]).success();
    project.run(&["init", "--path", "other/deep"]).success();
    assert!(project.path("other/deep/researchloop.toml").is_file());
    project.write("file", "");
    project.run(&["init", "--path", "file/x"]).code(1).says("cannot make a project");
}

#[test]
fn config_check_hides_every_secret() {
    let project = Project::with(
        "shared_secret = \"s3cr3t-one\"\n[[cluster]]\nname = \"here\"\nscheduler_type = \"local\"\nworking_dir = \"/tmp/x\"\nenvironment = { API_KEY = \"s3cr3t-two\" }\n\
         [ntfy]\ntopic = \"s3cr3t-three\"\n",
    );
    let check = project.run(&["config", "check"]).success().never_says("s3cr3t");
    assert!(check.stdout.contains("API_KEY"), "{check}");
    project.run(&["--json", "config", "check"]).success().never_says("s3cr3t");
}

#[test]
fn no_command_that_shows_the_configuration_shows_a_secret_of_a_command() {
    let project = Project::local("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let config = config.replace(
        "claude_command = [",
        "claude_command = [\"env\", \"ANTHROPIC_API_KEY=hunter2\", ",
    );
    let study = "metric = \"acc\"\nmetric_better = \"higher\"\nevaluator = \"python eval.py --token hunter2\"\n";
    let two = "[[study]]\nname = \"two\"\ncluster = \"here\"\nclaude_md_path = \"two/CLAUDE.md\"\nclaude_command = \"env API_KEY=hunter2 true\"\n";
    let notify = "notify_command = [\"sh\", \"-c\", \"API_KEY=hunter2 true -H 'Authorization: Bearer hunter2'\"]\n";
    project.write("researchloop.toml", format!("{notify}{config}{study}{two}"));
    project.write(
        "two/program.md",
        "# Benchmark\nmetric: acc\nbetter: higher\ncommand: curl -u me:hunter2 http://x\n",
    );
    for words in [
        "config check",
        "study list",
        "study show s",
        "study show two",
        "cluster list",
        "cluster check",
        "cron show",
        "status",
        "leaderboard",
        "tick",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let shown = project.run(&words).never_says("hunter2");
        let json = project.run(&[&["--json"], &words[..]].concat()).never_says("hunter2");
        if words == ["study", "show", "s"] {
            assert!(shown.stdout.contains("--token ***"), "{shown}");
            assert_eq!(json.json()["program"]["evaluator"], "python eval.py --token ***");
        }
        if words == ["study", "show", "two"] {
            assert_eq!(json.json()["program"]["evaluator"], "curl -u me:*** http://x", "{json}");
        }
    }
}

#[test]
fn studies() {
    let project = Project::local("");
    assert_eq!(
        project.run(&["study", "list"]).success().stdout,
        "NAME  CLUSTER  SPRINTS  ACTIVE  COST\ns     here     0        0       $0.00\n"
    );
    project.run(&["study", "show", "s"]).success().says("cluster:     here").says("1 h, 3 rounds");
    project
        .run(&["study", "show", "S"])
        .code(3)
        .says("no study named \"S\"")
        .says("did you mean `s`?");
    let made =
        project.run(&["study", "init", "two"]).success().says("[[study]]").says("name = \"two\"");
    assert!(project.path("studies/two/CLAUDE.md").is_file(), "{made}");
    project.run(&["study", "init", "two"]).code(4).says("already exists").says("left as it is");
    let of_known = project.run(&["study", "init", "s"]).success().says("Added to");
    assert_eq!(of_known.stdout.trim(), "claude_md_path = \"studies/s/CLAUDE.md\"", "{of_known}");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    assert!(config.contains("[[study]]\nname = \"two\"\ncluster = \"here\"\n"), "{config}");
    project.run(&["study", "show", "two"]).success();
    for bad in ["../x", "a/b", "", ".", "..", "-x", "$(touch pwned)"] {
        project.run(&["study", "init", "--", bad]).code(2).says("is not a study name");
    }
    assert!(!project.path("x").exists() && !project.path("pwned").exists());
}

#[test]
fn clusters() {
    let project = Project::local("");
    project.run(&["cluster", "list"]).success().says("this machine").says("local");
    for arguments in [
        &["cluster", "check", "here"][..],
        &["cluster", "check"],
        &["cluster", "check", "--name", "here"],
    ] {
        let check = project.run(arguments).success();
        assert_eq!(check.stdout.matches("  ok   ").count(), 5, "{check}");
    }
    project
        .run(&["cluster", "check", "hree"])
        .code(3)
        .says("no cluster named \"hree\"")
        .says("did you mean `here`?");
    project.run(&["cluster", "setup", "here"]).success().says("it is in place");
    project.run(&["cluster", "setup", "here"]).success().says("it is there already");
    project.write("cluster-2", "a file in the way");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", config.replace("/cluster\"", "/cluster-2\""));
    project
        .run(&["cluster", "check"])
        .code(1)
        .says("FAIL  working_dir")
        .says("choose a `working_dir`");
    project.run(&["cluster", "setup", "here"]).code(1);
}

#[test]
fn a_cluster_that_cannot_be_reached_is_no_crash() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"127.0.0.1\"\nport = 1\nscheduler_type = \"slurm\"\nworking_dir = \"~/x\"\nconnect_timeout = 5\n[[study]]\nname = \"s\"\n",
    );
    project.run(&["cluster", "check"]).code(1).says("cannot reach").says("refused");
    project
        .run(&["sprint", "run", "idea", "-s", "s"])
        .code(6)
        .says("not submitted yet")
        .says("it stays pending");
    assert_eq!(
        project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0]["status"],
        "pending"
    );
    assert!(project.run(&["tick"]).says("cannot reach").code < 2);
    project
        .run(&[
            "sprint",
            "cancel",
            project.run(&["--json", "sprint", "list"]).json()["sprints"][0]["id"].as_str().unwrap(),
        ])
        .success();
}

#[test]
fn color_comes_only_when_it_is_asked_for() {
    let project = Project::local("");
    for arguments in [&["study", "list"][..], &["cluster", "check"], &["study", "show", "x"]] {
        let plain = project.run(arguments);
        assert!(!plain.to_string().contains('\u{1b}'), "{plain}");
        let colored = project.run(&[&["--color", "always"], arguments].concat());
        assert!(colored.to_string().contains('\u{1b}'), "{colored}");
        let mut command = project.command(program());
        command.args(["--color", "never"]).args(arguments).env("CLICOLOR_FORCE", "1");
        assert!(!Project::output(command).to_string().contains('\u{1b}'));
    }
    project.run(&["--color", "sometimes", "study", "list"]).code(2).says("never");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::local("");
    for arguments in [
        &["--help"][..],
        &["config", "check"],
        &["completions", "bash"],
        &["sprint", "run", "x", "-s", "s", "--dry-run"],
    ] {
        is_not_troubled_by_a_reader_that_goes_away(&project, arguments);
    }
}
