//! Small things of daily use: sprints that are made again, options that are slips, files that nobody has filled in.

use super::loops::start;
use super::{playing, step, text};
use crate::harness::{Project, wait_until};

/// A SLURM cluster that nothing answers for.
fn far_away(more: &str) -> Project {
    Project::with(&format!(
        "[[cluster]]\nname = \"c\"\nscheduler_type = \"slurm\"\nhost = \"nowhere.invalid\"\nworking_dir = \"/work\"\nconnect_timeout = 1\n{more}\n[[study]]\nname = \"s\"\n\
         cluster = \"c\"\n"
    ))
}

#[test]
fn a_sprint_is_made_again_as_before_except_for_what_is_said() {
    let project = far_away("job_options = { partition = \"gpu\" }");
    let made = project.run(&[
        "--json",
        "sprint",
        "run",
        "an idea",
        "-s",
        "s",
        "-o",
        "mem=4G",
        "-o",
        "gres=gpu:1",
        "--time",
        "2h",
        "--rounds",
        "0",
        "--model",
        "opus",
    ]);
    let id =
        made.json()["sprint_id"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{made}"));
    let again = project
        .run(&[
            "sprint",
            "resubmit",
            &id,
            "--dry-run",
            "-o",
            "mem=32G",
            "--time",
            "8h",
            "--max-cost",
            "3",
        ])
        .success();
    for line in ["--mem=32G", "--gres=gpu:1", "--partition=gpu", "--time=0-08:00:00"] {
        assert!(again.stdout.contains(line), "{line}: {again}");
    }
    assert!(!again.stdout.contains("--mem=4G"), "{again}");
    // Another spelling of the same option replaces it, too.
    let letters = project.run(&["sprint", "resubmit", &id, "--dry-run", "-o", "p=cpu"]).success();
    assert!(
        letters.stdout.contains("cpu") && !letters.stdout.contains("partition=gpu"),
        "{letters}"
    );
}

#[test]
fn the_time_of_a_sprint_that_is_made_again_is_that_of_its_job() {
    let project = Project::local("");
    let id = project.submit("an idea", &["--rounds", "0"]);
    project.finish(&id, 60);
    let again = project
        .run(&["--json", "sprint", "resubmit", &id, "--time", "7h", "--model", "opus"])
        .success()
        .json();
    let again = again["sprint_id"].as_str().unwrap().to_owned();
    project.finish(&again, 60);
    let bundle =
        std::fs::read_to_string(project.remote_dir(&again).join(".researchloop/bundle.json"))
            .unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(
        (&bundle["seconds"], &bundle["agent"]["model"], &bundle["settings"]["red_team_max_rounds"]),
        (&25200.into(), &"opus".into(), &"0".into())
    );
}

#[test]
fn what_config_check_says_of_an_option_is_said_of_one_on_the_command_line() {
    let in_file =
        far_away("job_options = { partiton = \"gpu\" }").run(&["config", "check"]).success();
    let doubt = in_file
        .stderr
        .lines()
        .find(|line| line.contains("partiton"))
        .unwrap_or_else(|| panic!("{in_file}"))
        .to_owned();
    let doubt = doubt.rsplit(": ").next().unwrap();
    let project = far_away("");
    let _ = project
        .run(&["sprint", "run", "an idea", "-s", "s", "--dry-run", "-o", "partiton=gpu"])
        .success()
        .says("-o partiton")
        .says(doubt);
    let _ = project
        .run(&["sprint", "run", "an idea", "-s", "s", "-o", "partiton=gpu"])
        .says("-o partiton");
    let _ = project.run(&["loop", "start", "-s", "s", "-o", "partiton=gpu"]).says("-o partiton");
    let _ = project
        .run(&["sprint", "run", "an idea", "-s", "s", "--dry-run", "-o", "mem="])
        .success()
        .says("neither the cluster nor the study sets this one");
    let _ = project
        .run(&["sprint", "run", "an idea", "-s", "s", "--dry-run", "-o", "=4G"])
        .code(2)
        .says("expected KEY=VALUE");
    let good = project
        .run(&["sprint", "run", "an idea", "-s", "s", "--dry-run", "-o", "partition=gpu"])
        .success();
    assert!(!good.stderr.contains("warning"), "{good}");
}

#[test]
fn a_follow_up_points_to_the_report_of_the_sprint_that_it_changed() {
    let project = Project::local("");
    let id = project.submit("an idea", &["--rounds", "0"]);
    project.finish(&id, 60);
    let tweak = project.run(&["--json", "sprint", "tweak", &id, "Add a table"]).success().json();
    let tweak = tweak["sprint_id"].as_str().unwrap().to_owned();
    project.finish(&tweak, 60);
    let shown = project.run(&["sprint", "show", &tweak]).success();
    let line = shown
        .stdout
        .lines()
        .find(|line| line.contains("report.md, then"))
        .unwrap_or_else(|| panic!("{shown}"));
    let path = line
        .split_whitespace()
        .find(|word| word.ends_with("report.md,"))
        .unwrap()
        .trim_end_matches(',');
    assert!(path.contains(&id), "{line}");
    assert!(project.path(path).exists(), "{line}");
}

#[test]
fn what_is_still_our_template_is_not_told_to_the_agent_and_said_once() {
    let project = Project::empty();
    project.run(&["init"]).success();
    let checked = project.run(&["config", "check"]).success();
    assert_eq!(checked.stderr.matches("questions of its template").count(), 1, "{checked}");
    let dry = project.run(&["sprint", "run", "an idea", "-s", "my-study", "--dry-run"]).success();
    assert!(
        !dry.stdout.contains("What do we want to find out") && !dry.stdout.contains("<context>"),
        "{dry}"
    );
    assert_eq!(dry.stderr.matches("questions of its template").count(), 1, "{dry}");
    let file = "studies/my-study/CLAUDE.md";
    let text = std::fs::read_to_string(project.path(file)).unwrap();
    project.write(
        file,
        text.replace(
            "What do we want to find out, and why does it matter?",
            "Beat 0.93 on our data.",
        ),
    );
    let dry = project.run(&["sprint", "run", "an idea", "-s", "my-study", "--dry-run"]).success();
    assert!(
        dry.stdout.contains("Beat 0.93 on our data.")
            && !dry.stdout.contains("What must not be changed"),
        "{dry}"
    );
}

#[test]
fn a_tilde_in_claude_command_is_the_home_folder_where_the_job_runs() {
    let project = Project::local("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let agent = config.lines().find(|line| line.starts_with("claude_command")).unwrap().to_owned();
    let program = agent.split('"').nth(1).unwrap().to_owned();
    let home = project.path("home");
    std::fs::create_dir_all(home.join("tools")).unwrap();
    std::os::unix::fs::symlink(&program, home.join("tools/my-claude")).unwrap();
    for command in ["\"~/tools/my-claude --verbose\"", "[\"~/tools/my-claude\"]"] {
        project.write(
            "researchloop.toml",
            config.replace(&agent, &format!("claude_command = {command}")),
        );
        let _ = project.run(&["cluster", "check"]).says("my-claude");
        let id = project.submit("an idea", &["--rounds", "0"]);
        let sprint = project.finish(&id, 60);
        assert_eq!(text(&sprint, "status"), "completed", "{command}: {sprint:#}");
    }
}

#[test]
fn two_loops_on_one_study_are_told_of() {
    let project = playing("*:slow=30", "");
    let first = start(&project, &["-n", "1"]);
    let second = project
        .run(&["loop", "start", "-s", "s", "-n", "1"])
        .success()
        .says(&format!("{first} runs on this study, too"));
    assert!(second.stderr.contains("the same backlog"), "{second}");
    for one in
        project.run(&["--json", "loop", "list"]).success().json()["loops"].as_array().unwrap()
    {
        project.run(&["loop", "stop", text(one, "id"), "--now"]);
    }
}

#[test]
fn of_a_sprint_that_was_killed_no_step_runs() {
    let project = playing("research:hang", "");
    let id = project.submit("an idea", &["--rounds", "0"]);
    wait_until("the step runs", 60, || {
        project.run(&["tick"]);
        step(&project.show(&id), "research") == "running"
    });
    // The whole job, at once: nothing can be recorded.
    let dir = project.remote_dir(&id);
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&dir))
    });
    let pids: Vec<String> =
        processes.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(
        std::process::Command::new("kill").arg("-KILL").args(&pids).status().unwrap().success(),
        "{pids:?}"
    );
    let sprint = project.finish(&id, 300);
    assert_ne!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_eq!(step(&sprint, "research"), "interrupted", "{sprint:#}");
}
