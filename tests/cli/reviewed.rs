//! Faults that a careful reader found before a user did.

use super::playing;
use crate::harness::{Project, wait_until};

/// Waits until the runner has recorded its end.
fn wait_for_end(project: &Project, id: &str) {
    let journal = project.remote_dir(id).join(".researchloop/run.jsonl");
    wait_until("the end of the run", 60, || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"run_ended\""))
    });
}

#[test]
fn a_profile_that_changes_the_shell_changes_nothing_of_ours() {
    let project = Project::local("");
    let profile = "cd /\nfor dir in a b; do :; done\nrunner=/bin/false job=9 sprint=x attempt=7 status=3 pid=1\nset -fu\numask 000\nIFS=0\n\
                   alias rm=false mv=false\ntrap 'echo bye' EXIT\nrl_pid=1\n\
                   export PATH=/nowhere POSIXLY_CORRECT=1\nrm() { false; }\nmv() { false; }\n";
    project.write("home/.bashrc", profile);
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
}

#[test]
fn a_scheduler_around_us_is_not_ours() {
    let mut project = Project::local("");
    project.set("SLURM_JOB_ID", "999");
    project.set("JOB_ID", "998");
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    assert!(!matches!(sprint["job_id"].as_str(), Some("998" | "999")), "{sprint:#}");
}

#[test]
fn a_profile_that_ends_the_shell_is_not_used() {
    let project = Project::local("");
    project.write("home/.bashrc", "exit 3\n");
    let id = project.submit("an idea", &[]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
}

#[test]
fn a_passphrase_does_not_reach_the_agent() {
    let mut project = Project::local("");
    let calls = project.path("calls");
    std::fs::create_dir(&calls).unwrap();
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace(
            "environment = {",
            &format!("environment = {{ RL_AGENT_CALLS = \"{}\",", calls.display()),
        ),
    );
    project.set("RESEARCHLOOP_KEY_PASSPHRASE", "hunter2");
    let id = project.submit("an idea", &[]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    let mut seen = 0;
    for entry in std::fs::read_dir(&calls).unwrap().flatten().filter(|entry| entry.path().is_file())
    {
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
        seen += usize::from(text.contains("RESEARCHLOOP_JOB="));
        assert!(!text.contains("hunter2"), "{}", entry.path().display());
    }
    assert!(seen > 0, "no environment was recorded in {}", calls.display());
}

#[test]
fn files_that_cannot_be_read_for_a_while_are_waited_for() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    wait_for_end(&project, &id);
    let folder = project.remote_dir(&id);
    let away = folder.with_extension("away");
    std::fs::rename(&folder, &away).unwrap();
    for _ in 0..3 {
        let _ = project.run(&["tick"]);
    }
    let sprint = project.show(&id);
    assert!(!matches!(sprint["status"].as_str(), Some("failed" | "cancelled")), "{sprint:#}");
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!(project.finish(&id, 30)["status"], "completed");
    assert!(project.path("artifacts").join(&id).join("report.md").is_file());
}

#[test]
fn very_many_files_hide_no_report() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    wait_for_end(&project, &id);
    let folder = project.remote_dir(&id);
    for number in 0..6000 {
        std::fs::write(folder.join(format!("frame_{number}.png")), "x").unwrap();
    }
    assert_eq!(project.finish(&id, 30)["status"], "completed");
    for file in ["report.md", "summary.txt", "results/metrics.json", "red_team_round_1.md"] {
        assert!(project.path("artifacts").join(&id).join(file).is_file(), "{file}");
    }
}

#[test]
fn a_journal_with_impossible_numbers_holds_up_nobody() {
    let project = Project::local("max_concurrent_jobs = 4");
    let (bad, good) = (project.submit("one", &[]), project.submit("two", &[]));
    wait_for_end(&project, &bad);
    let journal = project.remote_dir(&bad).join(".researchloop/run.jsonl");
    let mut text = std::fs::read_to_string(&journal).unwrap();
    for seq in [100_001, 100_002] {
        text.push_str(&format!(
            "{{\"v\":1,\"seq\":{seq},\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"step\":\"research\",\"visit\":1,\"kind\":\"step_ended\",\"verdict\":\"yes\",\
             \"detail\":\"\",\"seconds\":9223372036854775807,\"cost_usd\":1e308,\"estimated\":false,\"input_tokens\":18446744073709551615,\
             \"output_tokens\":18446744073709551615,\"cache_read_tokens\":1,\"cache_write_tokens\":1}}\n"
        ));
    }
    text.push_str("{\"v\":1,\"seq\":100003,\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"step\":\"\\u001b]0;owned\\u0007x\",\"visit\":1,\"kind\":\"step_started\",\"title\":\"t\",\"resumed\":false}\n");
    std::fs::write(&journal, text).unwrap();
    assert_eq!(project.finish(&good, 60)["status"], "completed");
    assert_eq!(project.finish(&bad, 30)["status"], "completed");
    let list = project.run(&["sprint", "list"]).success();
    assert!(!list.stdout.contains('\u{1b}'), "{list}");
}

#[test]
fn two_fetches_at_once_do_not_mix_their_files() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    let results = project.remote_dir(&id).join("results");
    for number in 0_u8..6 {
        std::fs::write(results.join(format!("big{number}.bin")), vec![number; 12 << 20]).unwrap();
    }
    let mut both: Vec<_> =
        (0..2).map(|_| project.spawn(&["--quiet", "sprint", "fetch", &id])).collect();
    for fetch in &mut both {
        drop(fetch.stdout.take());
        assert!(fetch.wait().unwrap().success());
    }
    for number in 0_u8..6 {
        let bytes = std::fs::read(
            project.path("artifacts").join(&id).join(format!("results/big{number}.bin")),
        )
        .unwrap();
        assert!(
            bytes.len() == 12 << 20 && bytes.iter().all(|byte| *byte == number),
            "big{number}.bin is mixed"
        );
    }
    let left =
        std::fs::read_dir(project.path("artifacts").join(&id).join("results")).unwrap().flatten();
    assert!(
        left.into_iter()
            .all(|entry| !entry.file_name().to_string_lossy().starts_with(".researchloop-new"))
    );
}

#[test]
fn a_study_that_moved_does_not_take_its_sprints_along() {
    let project = playing("research:hang", "");
    let id = project.submit("an idea", &[]);
    wait_until("the run", 30, || {
        let _ = project.run(&["tick"]);
        project.show(&id)["status"] == "running"
    });
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let elsewhere = "[[cluster]]\nname = \"elsewhere\"\nhost = \"nowhere.invalid\"\nscheduler_type = \"slurm\"\nworking_dir = \"/x\"\n";
    project.write(
        "researchloop.toml",
        format!("{elsewhere}{}", config.replace("cluster = \"here\"", "cluster = \"elsewhere\"")),
    );
    project.run(&["sprint", "cancel", &id]).success().says("cancelled: the job is gone");
    // The same name for another kind of cluster is refused before anything is asked.
    let id = {
        project.write("researchloop.toml", &config);
        project.submit("another", &[])
    };
    project.write(
        "researchloop.toml",
        config.replace(
            "scheduler_type = \"local\"",
            "host = \"nowhere.invalid\"\nscheduler_type = \"slurm\"",
        ),
    );
    project.run(&["sprint", "cancel", &id]).code(4).says("was made for local");
    project.write("researchloop.toml", &config);
    project.run(&["sprint", "cancel", &id]).success();
}
