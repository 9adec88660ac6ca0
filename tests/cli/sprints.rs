//! `sprint` and `tick` on this machine.

use std::process::Command;

use super::{is_alive, is_not_troubled_by_a_reader_that_goes_away, playing, text};
use crate::harness::{Project, patience, program, wait_until};

/// All regular files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

#[test]
fn a_dry_run_shows_everything_and_touches_nothing() {
    let project = playing("", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace("environment = { ", "environment = { SECRET_KEY = \"s3cr3t-value\", "),
    );
    let dry = project
        .run(&[
            "sprint",
            "run",
            "say \"hello\" $(touch pwned)",
            "-s",
            "s",
            "--time",
            "90m",
            "--dry-run",
        ])
        .success();
    for part in [
        "run_sprint.sh on here",
        "#!/bin/bash",
        "SECRET_KEY",
        "# Step: research",
        "# Step: red_team",
        "# Step: report",
        "say \"hello\" $(touch pwned)",
    ] {
        assert!(dry.stdout.contains(part), "{part:?} is missing: {dry}");
    }
    let dry = dry.never_says("s3cr3t");
    assert!(
        !project.path("cluster").exists()
            && !project.path("researchloop.db").exists()
            && !project.path("pwned").exists(),
        "{dry}"
    );
    let json = project
        .run(&["--json", "sprint", "run", "x", "-s", "s", "--dry-run"])
        .success()
        .never_says("s3cr3t")
        .json();
    assert_eq!(json["dry_run"], true);
    project.run(&["sprint", "run", "x", "-s", "s", "--dry-run", "--watch"]).code(2);
}

#[test]
fn a_secret_reaches_the_agent_and_no_file_but_one() {
    let project = playing("", "");
    let calls = project.path("calls");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let more = format!(
        "environment = {{ SECRET_KEY = \"s3cr3t-value\", RL_AGENT_CALLS = {:?}, COMBINED = \"a-${{HOME}}-$NO_SUCH-$(touch pwned)\", ",
        calls.display().to_string()
    );
    project.write("researchloop.toml", config.replace("environment = { ", &more));
    let id = project.submit("x", &["--rounds", "0"]);
    let private = project.remote_dir(&id).join(".researchloop/env");
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let environment = std::fs::read_to_string(calls.join("1.env")).unwrap();
    assert!(environment.contains("SECRET_KEY=s3cr3t-value\n"));
    assert!(
        environment
            .contains(&format!("COMBINED=a-{}--$(touch pwned)\n", project.path("home").display())),
        "{environment}"
    );
    for file in files(&project.path("")) {
        if file == project.path("researchloop.toml") || file.starts_with(&calls) {
            continue;
        }
        let holds =
            String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("s3cr3t-value");
        assert_eq!(holds, file == private, "{}", file.display());
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    for arguments in [
        &["sprint", "show", &id][..],
        &["sprint", "log", &id],
        &["--json", "sprint", "show", &id],
        &["sprint", "list"],
    ] {
        let _ = project.run(arguments).success().never_says("s3cr3t");
    }
    assert!(files(&project.path("")).iter().all(|file| !file.ends_with("pwned")));
}

#[test]
fn wrong_options_are_refused_before_anything_is_made() {
    let project = Project::local("");
    for (arguments, says) in [
        (&["-o", "gpu"][..], "expected KEY=VALUE"),
        (&["-o", "gres=gpu:1"], "a local cluster has no job options"),
        (&["--time", "5x"], "expected for example 4h"),
        (&["--time", "0"], "--time"),
        (&["--time", "-4h"], ""),
        (&["--time", "99999999999999999999h"], "--time"),
        (&["--rounds", "101"], "at most 100"),
        (&["--rounds", "-1"], ""),
        (&["--model", "a b"], "--model"),
        (&["--model", ""], "--model"),
    ] {
        project
            .run(&[&["sprint", "run", "idea", "-s", "s"], arguments].concat())
            .code(2)
            .says(says);
    }
    project.run(&["sprint", "run", "", "-s", "s"]).code(2).says("the idea is empty");
    project.run(&["sprint", "run", " \n\t ", "-s", "s"]).code(2).says("the idea is empty");
    project.run(&["sprint", "run", "idea", "-s", "S"]).code(3).says("did you mean `s`?");
    assert!(!project.path("cluster").exists());
    assert_eq!(
        project.run(&["--json", "sprint", "list"]).success().json()["sprints"],
        serde_json::json!([])
    );
    project.run(&["sprint", "list", "--status", "runing"]).code(2).says("did you mean running?");
    project.run(&["sprint", "list", "-s", "other"]).code(3);
}

#[test]
fn a_slurm_option_on_grid_engine_is_refused_with_its_spelling_there() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"nowhere.invalid\"\nscheduler_type = \"sge\"\nworking_dir = \"~/x\"\n[[study]]\nname = \"s\"\n",
    );
    project
        .run(&["sprint", "run", "idea", "-s", "s", "-o", "gres=gpu:1", "--dry-run"])
        .code(2)
        .says("gres")
        .says("l = \"gpu=1\"");
    project
        .run(&[
            "sprint",
            "run",
            "idea",
            "-s",
            "s",
            "-o",
            "-l=mem_free=1G\n#$ -o /etc/x",
            "--dry-run",
        ])
        .code(2);
}

#[test]
fn an_idea_may_come_from_standard_input() {
    let project = Project::local("");
    project.write("idea", "an idea\nof two lines\n");
    let mut command = project.command(program());
    command
        .args(["--json", "sprint", "run", "-", "-s", "s", "--dry-run"])
        .stdin(std::fs::File::open(project.path("idea")).unwrap());
    let output = Project::output(command).success();
    assert!(output.stdout.contains("an idea\\nof two lines"), "{output}");
}

#[test]
fn ids_may_be_shortened_while_one_fits() {
    let project = playing("*:hang", "max_concurrent_jobs = 1");
    let ids: Vec<String> =
        (0..18).map(|number| project.submit(&format!("idea {number}"), &[])).collect();
    let id = &ids[0];
    assert_eq!(text(&project.show(&id[3..]), "id"), id);
    let unique = (4..9)
        .map(|length| &id[..length])
        .find(|short| ids.iter().filter(|id| id.starts_with(short)).count() == 1);
    assert_eq!(text(&project.show(unique.unwrap()), "id"), id);
    // Of 18 ids two begin with the same digit.
    let twice = ids
        .iter()
        .map(|id| &id[..4])
        .find(|short| ids.iter().filter(|id| id.starts_with(short)).count() > 1)
        .unwrap();
    project.run(&["sprint", "show", twice]).code(2).says("the prefix of several ids");
    for odd in [
        "sp-zzzzzz",
        "sp-",
        "",
        "%",
        "sp-%",
        "sp-______",
        "../..",
        "$(touch pwned)",
        "sp-000000; touch pwned",
        "\u{1b}[2J",
    ] {
        project
            .run(&["sprint", "show", "--", odd])
            .code(3)
            .says("there is no sprint")
            .never_says("\u{1b}");
    }
    let mut near = id.clone();
    near.push('0');
    project.run(&["sprint", "show", &near]).code(3).says("did you mean sp-");
    assert!(!project.path("pwned").exists());
    project.run(&["sprint", "cancel", id]).success();
}

#[test]
fn only_so_many_jobs_are_out_and_the_rest_follow() {
    let project = playing("research:gate", "max_concurrent_jobs = 1");
    let ids: Vec<String> = (0..3)
        .map(|number| project.submit(&format!("idea {number}"), &["--rounds", "0"]))
        .collect();
    let states =
        || ids.iter().map(|id| text(&project.show(id), "status").to_owned()).collect::<Vec<_>>();
    assert_eq!(states()[1..], ["pending", "pending"]);
    project.run(&["sprint", "show", &ids[1]]).success().says("waits for a free slot");
    project.run(&["sprint", "fetch", &ids[1]]).code(4).says("has no files yet");
    let mut most = 0;
    wait_until("all three are completed", 60, || {
        let _ = project.run(&["tick"]);
        let now = states();
        for (id, _) in ids.iter().zip(&now).filter(|(_, state)| *state == "running") {
            project.let_go(id);
        }
        most = most.max(
            now.iter()
                .filter(|state| matches!(state.as_str(), "submitting" | "submitted" | "running"))
                .count(),
        );
        now.iter().all(|state| state == "completed")
    });
    assert_eq!(most, 1, "never two at once");
    let starts: Vec<String> =
        ids.iter().map(|id| text(&project.show(id), "started_at").to_owned()).collect();
    assert!(starts[0] < starts[1] && starts[1] < starts[2], "oldest first: {starts:?}");
}

#[test]
fn a_waiting_sprint_is_cancelled_without_any_job() {
    let project = playing("*:hang", "max_concurrent_jobs = 1");
    let (first, second) = (project.submit("one", &[]), project.submit("two", &[]));
    project.run(&["sprint", "cancel", &second]).success();
    assert_eq!(text(&project.show(&second), "status"), "cancelled");
    project.run(&["sprint", "delete", &first, "--yes"]).code(4).says("sprint cancel");
    project.run(&["sprint", "cancel", &first]).success();
}

#[test]
fn ticks_at_the_same_time_do_not_disturb_each_other() {
    let project = playing("research:slow=1", "max_concurrent_jobs = 5");
    let ids: Vec<String> = (0..3)
        .map(|number| project.submit(&format!("idea {number}"), &["--rounds", "0"]))
        .collect();
    let started = std::time::Instant::now();
    loop {
        let mut ticks: Vec<_> = (0..4).map(|_| project.spawn(&["tick"])).collect();
        for tick in &mut ticks {
            let status = tick.wait().unwrap();
            assert!(status.success(), "{status}");
        }
        if ids.iter().all(|id| text(&project.show(id), "status") == "completed") {
            break;
        }
        assert!(
            started.elapsed() < patience(60),
            "{}",
            ids.iter().map(|id| project.explain(id)).collect::<String>()
        );
    }
    for id in &ids {
        let sprint = project.show(id);
        assert!(sprint["cost_usd"].as_f64().unwrap() > 0.0);
        let log = project.run(&["--json", "sprint", "log", id]).success();
        assert_eq!(
            log.stdout.matches("\"run_ended\"").count(),
            1,
            "each line is there once: {log}"
        );
    }
}

/// What is said by a command that gets Ctrl-C when this is so, and behind that.
pub(super) fn interrupted(
    project: &Project,
    arguments: &[&str],
    when: impl Fn() -> bool,
    behind: impl FnOnce(),
) -> crate::harness::Output {
    let mut command = project.command(program());
    command
        .args(arguments)
        .stdout(std::fs::File::create(project.path("out")).unwrap())
        .stderr(std::fs::File::create(project.path("err")).unwrap());
    let mut child = command.spawn().unwrap();
    wait_until("it is as far as that", 30, when);
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
    behind();
    let status = child.wait().unwrap();
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    crate::harness::Output {
        stdout: read("out"),
        stderr: read("err"),
        code: status.code().unwrap_or(-1),
    }
}

#[test]
fn ctrl_c_ends_the_watching_and_not_the_job() {
    let project = playing("research:hang", "");
    let said =
        || std::fs::read_to_string(project.path("out")).unwrap_or_default().contains("research");
    interrupted(&project, &["sprint", "run", "wait", "-s", "s", "--watch"], said, || {})
        .code(130)
        .says("The job goes on")
        .says("sprint watch sp-");
    let list = project.run(&["--json", "sprint", "list"]).success().json();
    let (id, job) = (
        text(&list["sprints"][0], "id").to_owned(),
        text(&list["sprints"][0], "job_id").to_owned(),
    );
    assert!(is_alive(&job), "the job {job} is gone");
    assert_eq!(text(&project.show(&id), "status"), "running");
    project.run(&["sprint", "cancel", &id]).success();
    assert!(!is_alive(&job));
}

/// Also one that comes before there is anything to watch.
#[test]
fn ctrl_c_during_a_submission_leaves_the_job_running() {
    let mut project = playing("research:hang", "");
    // What the submission asks the login node for waits until Ctrl-C was sent.
    let here = project.path("");
    let here = here.display();
    super::submissions::program(
        &project,
        "uname",
        &format!(
            ": >{here}/asked\nuntil [ -e {here}/sent ]; do sleep 0.05; done\nexec /usr/bin/uname \"$@\""
        ),
    );
    project.put_bin_first();
    let ended = interrupted(
        &project,
        &["sprint", "run", "wait", "-s", "s", "--watch"],
        || project.path("asked").exists(),
        || project.write("sent", ""),
    )
    .code(130);
    let said = &ended.stderr;
    assert!(said.contains("The job goes on") && said.contains("sprint watch sp-"), "{ended}");
    let list = project.run(&["--json", "sprint", "list"]).success().json();
    let (id, job) = (text(&list["sprints"][0], "id"), text(&list["sprints"][0], "job_id"));
    assert!(is_alive(job), "the job {job} is gone");
    project.run(&["sprint", "cancel", id]).success();
}

#[test]
fn tick_watch_goes_on_until_interrupted() {
    let project = playing("", "");
    let id = project.submit("x", &["--rounds", "0"]);
    let done = || project.path(&format!("artifacts/{id}/report.md")).exists();
    interrupted(&project, &["tick", "--watch"], done, || {}).success();
}

#[test]
fn the_whole_life_of_a_sprint() {
    let project = playing("", "");
    let watched = project
        .run(&[
            "sprint",
            "run",
            "whole life",
            "-s",
            "s",
            "--rounds",
            "1",
            "--model",
            "opus",
            "--watch",
        ])
        .success();
    assert!(
        watched.stdout.contains("research") && watched.stdout.contains("completed"),
        "{watched}"
    );
    let list = project.run(&["sprint", "list"]).success();
    assert_eq!(list.stdout.lines().count(), 2, "{list}");
    let id = text(
        &project.run(&["--json", "sprint", "list", "--status", "completed"]).json()["sprints"][0],
        "id",
    )
    .to_owned();
    project.run(&["sprint", "list", "--status", "failed"]).success().says("No matching sprints");
    // Its one review found something, and nobody looked at the repair.
    let shown = project.run(&["sprint", "show", &id]).success().says("critical issues are open");
    let next = shown.stdout.split("\nnext: ").nth(1).unwrap();
    assert!(next.contains("red_team_round_1.md"), "{shown}");
    project.run(&["sprint", "log", &id]).success().says("run completed");
    project
        .run(&["sprint", "log", &id, "--step", "reserch"])
        .code(3)
        .says("did you mean research?");
    assert!(
        project.run(&["sprint", "log", &id, "--follow"]).success().stdout.contains("run completed")
    );

    let all = project.run(&["sprint", "fetch", &id, "--all", "--to", "copy"]).success();
    assert!(
        project.path("copy/CLAUDE.md").is_file() || project.path("copy/code").is_dir(),
        "{all}"
    );
    project.run(&["sprint", "fetch", &id]).success().says("report.md");

    let again = project.run(&["--json", "sprint", "resubmit", &id]).success().json();
    let again = text(&again, "sprint_id").to_owned();
    let sprint = project.finish(&again, 60);
    assert_eq!(
        (text(&sprint, "parent"), text(&sprint, "idea"), text(&sprint, "status")),
        (id.as_str(), "whole life", "completed")
    );

    let folder = project.remote_dir(&id);
    project.run(&["sprint", "delete", &id]).code(2).says("--yes");
    project.run(&["sprint", "delete", &id, "--remote", "--yes"]).success().says("on the cluster");
    assert!(!folder.exists() && !project.path(&format!("artifacts/{id}")).exists());
    project.run(&["sprint", "show", &id]).code(3);
    let folder = project.remote_dir(&again);
    project.run(&["sprint", "delete", &again, "-y"]).success();
    assert!(folder.exists(), "only with --remote");
}

#[test]
fn output_that_nobody_reads_to_its_end_is_no_panic() {
    let project = playing("", "");
    let id = project.submit("x", &["--rounds", "0"]);
    let _ = project.finish(&id, 60);
    for arguments in [
        &["sprint", "log", &id][..],
        &["sprint", "watch", &id],
        &["sprint", "show", &id],
        &["--json", "sprint", "list"],
    ] {
        is_not_troubled_by_a_reader_that_goes_away(&project, arguments);
    }
}
