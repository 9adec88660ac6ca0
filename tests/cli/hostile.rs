//! Bad input of all kinds: from files that a model wrote, from a damaged machine, from the
//! command line. The answer is a clear error with the right exit code; nothing is lost, and
//! nothing is executed.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::Value;

use super::believed::waiting;
use super::{SmallDisk, playing, text};
use crate::harness::Project;

fn lines(project: &Project, id: &str) -> Vec<Value> {
    let log = project.run(&["--json", "sprint", "log", id]).success();
    log.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lets it go on, and ticks until the sprint is over or the time is; never may a tick hang or crash.
fn ticked(project: &Project, id: &str, seconds: u64) -> Value {
    project.let_go(id);
    let started = std::time::Instant::now();
    loop {
        let began = std::time::Instant::now();
        let tick = project.run(&["tick"]);
        assert!(tick.code <= 1 && began.elapsed().as_secs() < 300, "{tick}");
        let sprint = project.show(id);
        if matches!(text(&sprint, "status"), "completed" | "failed")
            || started.elapsed().as_secs() > seconds
        {
            return sprint;
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

#[test]
fn a_fifo_or_a_link_in_place_of_the_journal_is_not_read() {
    for kind in ["fifo", "symlink", "folder"] {
        let (project, id, dir) = waiting("");
        let before = lines(&project, &id);
        let journal = dir.join(".researchloop/run.jsonl");
        std::fs::rename(&journal, dir.join("moved")).unwrap();
        match kind {
            "fifo" => assert!(Command::new("mkfifo").arg(&journal).status().unwrap().success()),
            "symlink" => symlink("/etc/hostname", &journal).unwrap(),
            _ => std::fs::create_dir(&journal).unwrap(),
        }
        let sprint = ticked(&project, &id, 2);
        // The runner puts the journal back with the next line that it writes.
        let is_back = std::fs::symlink_metadata(&journal).is_ok_and(|metadata| metadata.is_file());
        assert!(
            text(&sprint, "note").contains("run.jsonl")
                || text(&sprint, "status") != "running"
                || is_back,
            "{kind}: {sprint:#}"
        );
        let after = lines(&project, &id);
        assert_eq!(after[..before.len()], before[..], "{kind}: what was read stays");
        assert!(
            !project
                .run(&["sprint", "log", &id])
                .stdout
                .contains(std::fs::read_to_string("/etc/hostname").unwrap().trim_end())
                || kind != "symlink"
                || {
                    // The host's name stands in the run's first line anyway.
                    before[0]["host"].as_str()
                        == Some(std::fs::read_to_string("/etc/hostname").unwrap().trim_end())
                }
        );
    }
}

#[test]
fn a_rewritten_journal_is_marked_and_its_first_lines_stay() {
    let (project, id, dir) = waiting("");
    let before = lines(&project, &id);
    let journal = dir.join(".researchloop/run.jsonl");
    let forged = std::fs::read_to_string(&journal).unwrap().replace("\"research\"", "\"forged\"");
    std::fs::write(&journal, forged).unwrap();
    project.run(&["tick"]).success();
    project.let_go(&id);
    let sprint = ticked(&project, &id, 600);
    assert_eq!(sprint["journal_altered"], true, "{sprint:#}");
    assert_eq!(lines(&project, &id)[..before.len()], before[..]);
    project.run(&["sprint", "show", &id]).success().says("altered");
}

#[test]
fn a_shortened_journal_is_marked_and_nothing_of_it_is_lost() {
    let (project, id, dir) = waiting("");
    let before = lines(&project, &id);
    std::fs::File::options()
        .write(true)
        .open(dir.join(".researchloop/run.jsonl"))
        .unwrap()
        .set_len(20)
        .unwrap();
    let _ = project.run(&["tick"]);
    let sprint = project.show(&id);
    assert_eq!(sprint["journal_altered"], true, "{sprint:#}");
    assert_eq!(lines(&project, &id)[..before.len()], before[..]);
    project.let_go(&id);
    let _ = ticked(&project, &id, 60);
}

#[test]
fn binary_endless_and_foreign_lines_in_the_journal_are_skipped() {
    let (project, id, dir) = waiting("");
    let mut journal =
        std::fs::File::options().append(true).open(dir.join(".researchloop/run.jsonl")).unwrap();
    journal
        .write_all(b"\xff\xfe\x00\x01 binary\n{\"v\":1,\"seq\":2,\"kind\":\n[]\nnull\n{}\n")
        .unwrap();
    journal
        .write_all(b"{\"v\":99,\"seq\":400,\"time\":\"2030-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"run_ended\",\"status\":\"completed\"}\n")
        .unwrap();
    journal.write_all(b"{\"v\":1,\"seq\":18446744073709551615,\"time\":\"2030-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"x\"}\n").unwrap();
    journal.write_all("endless ".repeat(1 << 20).as_bytes()).unwrap();
    journal.write_all(b"\n").unwrap();
    let sprint = ticked(&project, &id, 600);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(lines(&project, &id).iter().all(|line| line["seq"].as_u64().unwrap() < 400));
}

#[test]
fn names_in_results_are_only_names() {
    let project = playing("research:hostile_names", "");
    let id = project.submit("names", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let results = project.path(&format!("artifacts/{id}/results"));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&results).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(
            kind.is_file() || kind.is_dir(),
            "{:?} is neither a file nor a folder",
            entry.file_name()
        );
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    assert!(
        !names.iter().any(|name| name.contains(['\u{202e}', '\u{200b}', '\u{1b}'])),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name == "$(touch pwned).txt")
            && names.iter().any(|name| name == "with space.txt"),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name == "passwd" || name == "etc" || name == "pipe"),
        "{names:?}"
    );
    for arguments in [
        &["sprint", "show", &id][..],
        &["sprint", "fetch", &id, "--all"],
        &["--json", "sprint", "show", &id],
        &["sprint", "list"],
    ] {
        let output = project.run(arguments).success();
        assert!(
            !output.to_string().contains('\u{1b}') && !output.to_string().contains('\u{202e}')
                || arguments[0] == "--json",
            "{output}"
        );
    }
    let pwned =
        Command::new("find").arg(project.path("")).args(["-name", "pwned"]).output().unwrap();
    assert!(pwned.stdout.is_empty(), "something was executed");
}

#[test]
fn a_huge_file_stays_on_the_cluster_and_is_named() {
    let project = playing("research:huge_file", "");
    let id = project.submit("huge", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(!project.path(&format!("artifacts/{id}/results/huge.bin")).exists());
    assert!(project.path(&format!("artifacts/{id}/report.md")).exists());
    assert!(text(&sprint, "note").contains("huge.bin"), "{sprint:#}");
}

#[test]
fn a_link_in_the_folder_of_results_is_not_followed() {
    let project = playing("", "");
    project.write("precious/report.md", "precious");
    let id = project.submit("link", &["--rounds", "0"]);
    std::fs::create_dir_all(project.path(&format!("artifacts/{id}"))).unwrap();
    symlink(project.path("precious"), project.path(&format!("artifacts/{id}/results"))).unwrap();
    symlink(project.path("precious/report.md"), project.path(&format!("artifacts/{id}/report.md")))
        .unwrap();
    let _ = project.finish(&id, 60);
    project.run(&["sprint", "fetch", &id]).code(1).says("results is in the way");
    assert_eq!(std::fs::read_to_string(project.path("precious/report.md")).unwrap(), "precious");
    assert_eq!(std::fs::read_dir(project.path("precious")).unwrap().count(), 1);
    assert!(
        std::fs::read_to_string(project.path(&format!("artifacts/{id}/report.md")))
            .unwrap()
            .contains("stand-in"),
        "the link is replaced"
    );
}

#[test]
fn half_written_records_in_the_job_are_no_end() {
    let (project, id, dir) = waiting("");
    for name in ["exit.json", "state.json"] {
        std::fs::write(dir.join(".researchloop").join(name), "{\"v\":1,\"reason\":\"runner_ki")
            .unwrap();
    }
    let _ = project.run(&["tick"]);
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "running", "{sprint:#}");
    std::fs::write(dir.join(".researchloop/exit.json"), "{\"v\":99,\"reason\":\"x\"}").unwrap();
    assert_eq!(text(&ticked(&project, &id, 600), "status"), "completed");
}

#[test]
fn a_runner_that_was_exchanged_by_a_job_is_put_right_before_it_is_asked() {
    let (project, id, dir) = waiting("");
    let bin = project.path("cluster/.researchloop/bin");
    let runner = std::fs::read_dir(&bin).unwrap().next().unwrap().unwrap().path();
    let right = std::fs::read(&runner).unwrap();
    std::fs::remove_file(&runner).unwrap();
    std::fs::write(
        &runner,
        format!("#!/bin/sh\ntouch '{}'\ncat >/dev/null\nexit 3\n", project.path("pwned").display()),
    )
    .unwrap();
    std::fs::set_permissions(&runner, std::fs::Permissions::from_mode(0o700)).unwrap();
    let _ = project.run(&["tick"]).success();
    assert!(std::fs::read(&runner).unwrap() == right, "it is the right one again");
    assert!(!project.path("pwned").exists(), "the other one was started");
    assert_eq!(text(&ticked(&project, &id, 600), "status"), "completed", "{}", dir.display());
}

#[test]
fn a_time_at_the_end_of_all_times_stops_no_tick() {
    let (project, id, dir) = waiting("");
    let line = r#"{"v":1,"seq":400,"time":"9999-12-30T21:59:59.9Z","incarnation":2,"kind":"run_started","job_id":"local-1","host":"n","version":"0","pipeline":"p","plan":[],"seconds":1}"#;
    let mut journal =
        std::fs::File::options().append(true).open(dir.join(".researchloop/run.jsonl")).unwrap();
    journal.write_all(format!("{line}\n").as_bytes()).unwrap();
    let _ = project.run(&["tick"]).never_says("fault of the program").never_says("panicked");
    assert!(lines(&project, &id).iter().any(|line| line["seq"] == 400), "it was taken in");
    project.let_go(&id);
}

#[test]
fn another_programs_database_is_left_alone() {
    let project = Project::local("");
    for (name, bytes) in [
        (
            "text",
            b"this is a text and no database, and it is long enough to be looked at\n".to_vec(),
        ),
        ("binary", vec![0xff; 8192]),
    ] {
        project.write("researchloop.db", &bytes);
        for arguments in [&["sprint", "list"][..], &["tick"], &["sprint", "run", "x", "-s", "s"]] {
            project.run(arguments).code(4).says("researchloop.db").says("db_path");
            assert_eq!(std::fs::read(project.path("researchloop.db")).unwrap(), bytes, "{name}");
        }
    }
    std::fs::remove_file(project.path("researchloop.db")).unwrap();
    let foreign = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    foreign
        .execute_batch("CREATE TABLE auto_loops (x); CREATE TABLE studies (x); CREATE TABLE sprints (x); INSERT INTO sprints VALUES ('old')")
        .unwrap();
    drop(foreign);
    let before = std::fs::read(project.path("researchloop.db")).unwrap();
    project.run(&["sprint", "list"]).code(4).says("Python");
    assert_eq!(std::fs::read(project.path("researchloop.db")).unwrap(), before);
    assert!(!project.path("cluster").exists());
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let project = Project::local("");
    project.run(&["sprint", "list"]).success();
    rusqlite::Connection::open(project.path("researchloop.db"))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    project.run(&["sprint", "list"]).code(4).says("99").says("update researchloop");
    project.write("folder/x", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("db_path = \"folder\"\n{config}"));
    let output = project.run(&["sprint", "list"]);
    assert!(output.code == 1 || output.code == 4, "{output}");
}

#[test]
fn a_full_disk_under_the_database_loses_nothing() {
    let project = playing("*:exit=3", "");
    let _disk = SmallDisk::for_database(&project, "size=1m", "db");
    let id = project.submit("one", &[]);
    let _ = std::fs::write(project.path("small/big"), vec![1; 2 << 20]);
    let idea = "long ".repeat(8000);
    let output = project.run(&["sprint", "run", &idea, "-s", "s"]).code(1);
    assert!(output.stderr.contains("space") && !output.stderr.contains("panicked"), "{output}");
    let _ = project.run(&["tick"]);
    std::fs::remove_file(project.path("small/big")).unwrap();
    let sprint = project.finish(&id, 30);
    assert_eq!(text(&sprint, "reason"), "step_failed", "{sprint:#}");
    let list = project.run(&["--json", "sprint", "list"]).success().json();
    assert_eq!(
        list["sprints"].as_array().unwrap().len(),
        1,
        "the second one was never made: {list:#}"
    );
}

#[test]
fn twelve_mistakes_in_a_configuration_are_told_at_once() {
    let project = Project::with(
        "db_pth = \"x\"\nartifact_dir = 7\ncontext_paths = \"a\"\n\
         [[cluster]]\nname = \"c\"\nscheduler_type = \"slrm\"\nworking_dir = \"relative\"\nport = 99999\nmax_concurrent_jobs = -1\nhots = \"h\"\n\
         [[cluster]]\nname = \"c\"\nscheduler_type = \"local\"\nworking_dir = \"/tmp/x\"\n\
         [[study]]\nname = \"s\"\ncluster = \"cc\"\nmax_sprint_duration_hours = \"long\"\nred_team_max_rounds = -3\n[[study]]\nname = \"a/b\"\ncluster = \"c\"\n",
    );
    let output = project.run(&["config", "check"]).code(1);
    for word in [
        "db_pth",
        "artifact_dir",
        "context_paths",
        "slrm",
        "relative",
        "99999",
        "max_concurrent_jobs",
        "hots",
        "cc",
        "max_sprint_duration_hours",
        "red_team_max_rounds",
        "a/b",
    ] {
        assert!(output.stderr.contains(word), "{word} is not told: {output}");
    }
    assert!(
        output.stderr.contains("^^") && output.stderr.matches("did you mean").count() >= 3,
        "{output}"
    );
    assert_eq!(output.stdout, "");
    for (text, says) in [
        ("name = \n", "researchloop.toml:1"),
        ("\u{0}\u{1}", "researchloop.toml"),
        ("[[cluster]\n", "researchloop.toml:1"),
    ] {
        project.write("researchloop.toml", text);
        project.run(&["config", "check"]).code(1).says(says);
    }
    project.write("researchloop.toml", [0xff, 0xfe, 0x00]);
    project.run(&["config", "check"]).code(1).says("researchloop.toml");
}

#[test]
fn a_folder_or_a_device_as_configuration_is_refused() {
    let project = Project::empty();
    std::fs::create_dir(project.path("dir")).unwrap();
    project.run(&["-c", "dir", "config", "check"]).code(1).says("dir");
    project.run(&["-c", "/dev/zero", "config", "check"]).code(1).says("/dev/zero");
    std::fs::create_dir(project.path("researchloop.toml")).unwrap();
    project.run(&["config", "check"]).code(3).says("no researchloop.toml found");
}

#[test]
fn ideas_of_every_kind_are_text() {
    let project = playing("", "max_concurrent_jobs = 1");
    project.run(&["sprint", "run", &"x".repeat(100_000), "-s", "s"]).code(2).says("at most 65536");
    let odd = "\u{1b}[2J\u{7}'; touch pwned; \"$(touch pwned)` {{ 7*7 }} {% raw %} \u{202e}RESEARCHLOOP_BUNDLE\n%BUNDLE% ünïcödé 日本 \\";
    let id = project.submit(odd, &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let idea = std::fs::read_to_string(project.remote_dir(&id).join("idea.txt")).unwrap();
    assert_eq!(idea, format!("{}\n", odd.replace(['\u{1b}', '\u{7}'], "")));
    for arguments in [&["sprint", "show", &id][..], &["sprint", "list"]] {
        let output = project
            .run(arguments)
            .success()
            .never_says("\u{1b}")
            .never_says("\u{7}")
            .never_says("\u{202e}");
        assert!(output.stdout.contains("touch pwned"), "{output}");
    }
    let pwned =
        Command::new("find").arg(project.path("")).args(["-name", "pwned"]).output().unwrap();
    assert!(pwned.stdout.is_empty(), "something was executed");
}

#[test]
fn job_options_cannot_add_lines_to_the_script() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"nowhere.invalid\"\nscheduler_type = \"slurm\"\nworking_dir = \"~/x\"\n[[study]]\nname = \"s\"\n",
    );
    for option in ["mem=1G\ntouch pwned", "a\nb=c", "mem=$(touch pwned)\r", "=x", "mem=1G\0"] {
        if option.contains('\0') {
            continue;
        }
        let output =
            project.run(&["sprint", "run", "x", "-s", "s", "-o", option, "--dry-run"]).code(2);
        assert_eq!(output.stdout, "", "{output}");
    }
    let quoted = project.run(&[
        "sprint",
        "run",
        "x",
        "-s",
        "s",
        "-o",
        "comment=$(touch pwned); x",
        "--dry-run",
    ]);
    assert!(quoted.code == 2 || quoted.code == 0, "{quoted}");
    assert!(!project.path("pwned").exists());
}

#[test]
fn a_study_cannot_lead_out_of_its_folder() {
    let project = Project::local("");
    for name in ["../up", "a/b", "/abs", "..", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{3164}b"] {
        project.run(&["study", "show", name]).code(3);
        project.run(&["sprint", "run", "x", "-s", name]).code(3);
        project.run(&["study", "init", name]).code(2);
    }
}
