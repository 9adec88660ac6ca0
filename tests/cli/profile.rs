//! What the account's profile does to a job, and what the job owes the account.

use super::{is_alive, playing, text};
use crate::harness::{Project, wait_until};

/// A process that hides its environment, as the agents for keys do: no mark is found on it. The profile
/// also counts how often it was read.
const STARTS: &str = "echo read >>~/reads\nenv -i setsid sleep 4000 </dev/null >/dev/null 2>&1 &\necho $! >>~/started\n";

fn started(project: &Project) -> Vec<String> {
    std::fs::read_to_string(project.path("home/started"))
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn assert_all_ended(project: &Project) {
    let pids = started(project);
    assert!(!pids.is_empty());
    for pid in pids {
        assert!(!is_alive(&pid), "{pid} is still there");
    }
}

#[test]
fn what_the_profile_starts_lives_as_long_as_the_job_and_no_longer() {
    // The evaluator is a later step: it finds it alive.
    let project = Project::local("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let study = "evaluator = \"kill -0 $(cat ~/started) && echo 0.5\"\nmetric = \"acc\"\nmetric_better = \"higher\"\n";
    project.write("researchloop.toml", format!("{config}{study}"));
    project.write("home/.bashrc", STARTS);
    // One that was there before, like one of another login.
    let mut other =
        project.command("setsid").args(["sleep", "4000"]).current_dir("/").spawn().unwrap();
    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    let is_other_alive = other.try_wait().unwrap().is_none();
    other.kill().and_then(|()| other.wait()).unwrap();
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_eq!(sprint["metrics"][0]["value"], 0.5, "{sprint:#}");
    assert_all_ended(&project);
    assert!(is_other_alive);
    assert_eq!(
        std::fs::read_to_string(project.path("home/reads")).unwrap(),
        "read\n",
        "it is read once"
    );
    assert!(!project.remote_dir(&id).join(".researchloop/started").exists());
}

#[test]
fn what_the_profile_starts_is_ended_with_a_cancelled_and_with_a_killed_job() {
    for scenario in ["research:hang", "research:kill_runner"] {
        let project = playing(scenario, "");
        project.write("home/.bashrc", STARTS);
        let id = project.submit("an idea", &["--rounds", "0"]);
        if scenario == "research:hang" {
            wait_until("the agent works", 60, || {
                std::fs::read_to_string(project.remote_dir(&id).join(".researchloop/run.jsonl"))
                    .is_ok_and(|text| text.contains("\"agent\""))
            });
            project
                .run(&["sprint", "cancel", &id])
                .success()
                .says("nothing that it started is left");
        } else {
            assert_eq!(text(&project.finish(&id, 60), "reason"), "runner_killed");
        }
        assert_all_ended(&project);
    }
}

#[test]
fn what_the_profile_sets_holds_in_the_job() {
    let project = Project::local("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let study = "evaluator = \"printf '%s|%s|%s\\\\n' $(ulimit -Sn) \\\"$RL_TEST_A\\\" \\\"$RL_TEST_GONE\\\" >~/seen; echo 0.5\"\nmetric = \"acc\"\nmetric_better = \"higher\"\n";
    project.write("researchloop.toml", format!("{config}{study}"));
    // What it does to the shell itself, a function that is called like a program of ours included, is its own.
    project.write("home/.bashrc", "ulimit -Sn 333\nexport RL_TEST_A='a \"b\" c'\nunset RL_TEST_GONE\nalias exec=false\nshopt -s expand_aliases\nexec() { :; }\nset -- x y\nIFS=0\n");
    let mut project = project;
    project.set("RL_TEST_GONE", "still here");
    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_eq!(std::fs::read_to_string(project.path("home/seen")).unwrap(), "333|a \"b\" c|\n");
}

#[test]
fn a_profile_that_becomes_another_shell_is_named_and_not_used() {
    for profile in ["exec sh -c 'exit 0'\n", "exit 3\n"] {
        let project = Project::local("");
        project.write("home/.bashrc", profile);
        let id = project.submit("an idea", &["--rounds", "0"]);
        assert_eq!(project.finish(&id, 60)["status"], "completed");
        project
            .run(&["sprint", "log", &id])
            .success()
            .says("~/.bashrc ends the shell that reads it");
    }
}
