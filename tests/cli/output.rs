//! What goes to which stream, and what happens when it cannot be written.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::playing;
use crate::harness::{Project, patience, program};

fn error_of(project: &Project, arguments: &[&str], code: i32) -> Value {
    let output = project.run(&[&["--json"], arguments].concat()).code(code);
    assert_eq!((output.stdout.as_str(), output.stderr.lines().count()), ("", 1), "{output}");
    serde_json::from_str::<Value>(&output.stderr).unwrap_or_else(|_| panic!("{output}"))["error"]
        .clone()
}

#[test]
fn wrong_use_is_told_whole_as_json() {
    let project = Project::local("");
    for (arguments, message, hint) in [
        (&["sprint", "run"][..], "<IDEA>", "Usage: researchloop sprint run"),
        (&["sprint", "run"], "<IDEA>", "--help"),
        (&["sprint", "list", "--stattus", "x"], "--stattus", "did you mean --status?"),
        (&["sprnt"], "sprnt", "did you mean sprint?"),
        (
            &["completions", "tcsh"],
            "[possible values: bash, elvish, fish, powershell, zsh]",
            "did you mean zsh?",
        ),
        (&["loop", "start", "-s", "s", "-n", "x"], "invalid digit", "--help"),
        (
            &["sprint", "run", "x", "-s", "s", "--watch", "--dry-run"],
            "cannot be used with '--dry-run'",
            "--help",
        ),
        (&["sprint"], "a command is missing", "--help"),
        (&[], "a command is missing", "--help"),
    ] {
        let error = error_of(&project, arguments, 2);
        assert_eq!(error["kind"], "usage");
        assert!(error["message"].as_str().unwrap().contains(message), "{message}: {error:#}");
        assert!(error["hints"].to_string().contains(hint), "{hint}: {error:#}");
    }
}

#[test]
fn what_is_to_come_is_said_to_be() {
    let project = Project::local("");
    for word in ["serve", "connect", "disconnect"] {
        project.run(&[word]).code(2).says("is not built yet").never_says("similar");
        assert!(
            error_of(&project, &[word, "--port", "1"], 2)["message"]
                .as_str()
                .unwrap()
                .contains("is not built yet")
        );
    }
    project
        .run(&["-c", "researchloop.toml", "connect", "https://x"])
        .code(2)
        .says("is not built yet");
    project.run(&["sprint", "serve"]).code(2).says("unrecognized");
}

#[test]
fn with_json_no_text_stands_in_front_of_the_error() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nscheduler_type = \"local\"\nworking_dir = \"/tmp/x\"\nuser = \"me\"\n",
    );
    project.run(&["sprint", "list"]).success().says("`user` of cluster \"c\" has no effect");
    assert_eq!(error_of(&project, &["sprint", "show", "nope"], 3)["kind"], "not_found");
    let check = project.run(&["--json", "config", "check"]).success();
    assert!(check.json()["problems"][0].as_str().unwrap().contains("has no effect"), "{check}");
    let made = project.run(&["--json", "study", "init", "two"]).success().json();
    assert!(made["added_to_config"].as_str().unwrap().contains("name = \"two\""), "{made:#}");
    let elsewhere = project
        .run(&["study", "init", "three", "--dir", "other"])
        .success()
        .says("claude_md_path = \"other/studies/three/CLAUDE.md\"");
    assert!(project.path("other/studies/three/program.md").is_file(), "{elsewhere}");
}

#[test]
fn the_id_of_a_new_sprint_is_told_whatever_comes_next() {
    let mut project = playing("", "");
    let quiet = project.run(&["-q", "sprint", "run", "x", "-s", "s", "--rounds", "0"]).success();
    assert!(quiet.stdout.starts_with("sp-") && quiet.stdout.lines().count() == 1, "{quiet}");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace("name = \"here\"", "name = \"here\"\nhost = \"127.0.0.1\"\nport = 1\ntransport = \"ssh\"\nconnect_timeout = 2"),
    );
    project.set("USER", "nobody");
    let watch = project.run(&["--json", "sprint", "run", "x", "-s", "s", "--watch"]).code(6);
    let first: Value = serde_json::from_str(watch.stdout.lines().next().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{watch}"));
    assert!(first["sprint_id"].as_str().unwrap().starts_with("sp-"), "{watch}");
    assert!(
        watch.stderr.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{watch}"
    );
}

#[test]
fn a_reader_that_has_gone_ends_a_follower() {
    let project = playing("research:hang", "");
    let id = project.submit("x", &[]);
    let mut follower = project
        .command(program())
        .args(["sprint", "log", &id, "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(follower.stdout.take().unwrap()).read_line(&mut first).unwrap();
    // The reader is gone by now; the next line cannot be written.
    project.run(&["sprint", "cancel", &id]).success();
    let started = Instant::now();
    let status = loop {
        match follower.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > patience(30) => {
                let _ = follower.kill();
                panic!("it goes on without a reader, after {first:?}");
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    assert!(status.code().is_some(), "{status}");
    project
        .run(&["sprint", "log", &id])
        .success()
        .says("run stopped: the job was asked to stop")
        .never_says("run failed");
}

#[test]
fn a_long_history_is_printed_whole() {
    let project = playing("", "");
    let id = project.submit("x", &["--rounds", "0"]);
    project.finish(&id, 60);
    // More than is read of the database at a time.
    super::dialogue::database(&project)
        .execute(
            r#"INSERT INTO journal (sprint_id, seq, incarnation, time, kind, line)
               WITH RECURSIVE n(i) AS (VALUES (1000) UNION ALL SELECT i + 1 FROM n WHERE i < 101500)
               SELECT ?1, i, 1, '2026-01-01T00:00:00Z', 'note',
                   '{"v":1,"seq":' || i || ',"time":"2026-01-01T00:00:00Z","incarnation":1,"kind":"note","text":"line ' || i || '"}'
               FROM n"#,
            [&id],
        )
        .unwrap();
    for arguments in [
        &["sprint", "log", &id][..],
        &["sprint", "log", &id, "--follow"],
        &["sprint", "watch", &id],
    ] {
        let log = project.run(arguments).success();
        assert!(log.stdout.contains("line 101500\n"), "{}", log.stdout.len());
    }
}

#[test]
fn data_that_cannot_be_written_is_a_failure() {
    let project = Project::local("");
    for arguments in [&["--json", "sprint", "list"][..], &["study", "list"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = project.command(program()).args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"),
            "{output:?}"
        );
    }
}

#[test]
fn a_narrow_terminal_is_believed() {
    let mut project = Project::local("");
    project.set("COLUMNS", "30");
    let list = project.run(&["study", "list"]).success();
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 30), "{list}");
    project.set("COLUMNS", "1");
    project.run(&["status"]).success();
}
