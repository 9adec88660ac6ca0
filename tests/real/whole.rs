//! A whole sprint, watched, and one that ran while nobody looked.

use super::support::{Kind, Site, calm, on_both};

on_both! { a_watched_sprint_completes_and_brings_its_results it_also_runs_for_a_user_of_tcsh it_also_runs_for_a_user_whose_profile_talks nobody_needs_to_look_while_it_runs }

fn watched(kind: Kind, user: &str) {
    let _lab = calm();
    let mut site = Site::of(kind, user);
    // Until it was seen in the queue.
    site.play("report:gate");
    let mut child =
        site.project.spawn(&["sprint", "run", "Does dropout help?", "-s", "s", "--watch"]);
    let mut seen = std::collections::BTreeSet::new();
    let mut id = String::new();
    let started = std::time::Instant::now();
    while child.try_wait().expect("asked").is_none()
        && started.elapsed() < crate::harness::patience(180)
    {
        if id.is_empty() {
            let list = site.project.run(&["--json", "sprint", "list"]);
            if list.code == 0 {
                id = list.json()["sprints"][0]["id"].as_str().unwrap_or_default().to_owned();
            }
        } else if let Some(job) = site.project.show(&id)["job_id"].as_str()
            && let Some(state) = site.queued(job)
        {
            if state == if kind == Kind::Slurm { "RUNNING" } else { "r" } {
                site.project.let_go(&id);
            }
            seen.insert(state);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let _ = child.kill();
    let output = child.wait_with_output().expect("ended");
    let printed = format!(
        "{}\n---- stderr\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(0), "{printed}\n{}", site.explain(&id));
    assert!(
        seen.contains(if kind == Kind::Slurm { "RUNNING" } else { "r" }),
        "never seen in the queue: {seen:?}\n{printed}"
    );
    site.completed_with_results(&id);
    for word in ["research", "summarize", "completed", "$"] {
        assert!(
            printed.to_lowercase().contains(word),
            "the screen never said {word:?}:\n{printed}"
        );
    }
    let show = site.project.run(&["sprint", "show", &id]).success();
    assert!(show.stdout.contains('$') && show.stdout.contains("report.md"), "{show}");
    assert_eq!(site.jobs_of(&id).len(), 1, "{}", site.explain(&id));
}

fn a_watched_sprint_completes_and_brings_its_results(kind: Kind) {
    watched(kind, "RL_LAB_USER");
}

fn it_also_runs_for_a_user_of_tcsh(kind: Kind) {
    watched(kind, "RL_LAB_USER_TCSH");
}

fn it_also_runs_for_a_user_whose_profile_talks(kind: Kind) {
    watched(kind, "RL_LAB_USER_NOISY");
}

fn nobody_needs_to_look_while_it_runs(kind: Kind) {
    let _lab = calm();
    let site = Site::new(kind);
    let (id, job) = site.submit("Does dropout help?", &[]);
    site.wait_gone(&id, &job, 120);
    let tick = site.project.run(&["tick"]).success();
    let sprint = site.project.show(&id);
    assert_eq!(
        sprint["status"],
        "completed",
        "one tick was not enough:\n{tick}\n{}",
        site.explain(&id)
    );
    site.completed_with_results(&id);
    let log = site.project.run(&["sprint", "log", &id]).success();
    for word in ["research", "red_team_round_1", "fix_round_1", "report", "summarize"] {
        assert!(log.stdout.contains(word), "the history lacks {word:?}:\n{log}");
    }
}
