//! Ends that are not success: each is told apart, with a reason, a sentence and a hint.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::support::{Kind, Site, calm, lives, on_both, signal};

on_both! { what_the_agent_says_of_its_end time_is_over ended_by_somebody_else a_runner_that_is_killed a_job_that_is_killed_whole a_runner_that_is_not_there a_full_disk }

fn what_the_agent_says_of_its_end(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    let cases: &[(&str, &str, &[&str])] = &[
        ("research:exit=3", "step_failed", &["research", "3"]),
        ("research:replay=not_logged_in", "login", &["log in"]),
        ("research:usage_limit=3600", "usage_limit", &["usage limit", "resets at"]),
        ("research:transient", "model_error", &["model's service", "after retries"]),
        ("research:replay=permission_denied_dontask", "tools_refused", &["not allowed to use"]),
        ("report:no_output_file", "missing_output", &["report.md"]),
    ];
    let mut ids = Vec::new();
    for (scenario, ..) in cases {
        site.play(scenario);
        ids.push(site.submit(scenario, &[]).0);
    }
    for ((_, reason, words), id) in cases.iter().zip(&ids) {
        let sprint = site.finish(id, 120);
        site.ended(&sprint, "failed", reason, words);
        let show = site.project.run(&["sprint", "show", id]).success();
        assert!(show.stdout.contains(reason), "{show}");
        let watch = site.project.run(&["sprint", "watch", id]);
        assert_eq!(watch.code, 1, "{watch}");
    }
    let resets = site.project.show(&ids[2])["resets_at"].as_str().map(str::to_owned);
    let resets: jiff::Timestamp = resets.expect("a time").parse().expect("a time");
    let ahead = resets.as_second() - jiff::Timestamp::now().as_second();
    assert!((3000..3700).contains(&ahead), "{ahead} s: {}", site.explain(&ids[2]));
}

fn hanging(site: &mut Site, more: &[&str]) -> (String, String) {
    site.play("research:hang");
    let (id, job) = site.submit("something long", more);
    site.tick_until(&id, "research runs", 120, |sprint| {
        sprint["phase"] == "research" && !site.runners(sprint).is_empty()
    });
    (id, job)
}

fn time_is_over(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    let id = match kind {
        Kind::Slurm => {
            let (id, job) = hanging(&mut site, &[]);
            site.ctl("timeout-soon", &job);
            site.wait_gone(&id, &job, 90);
            id
        }
        Kind::Sge => {
            site.play("research:hang");
            site.submit("something long", &["--time", "8s"]).0
        }
    };
    let sprint = site.finish(&id, 60);
    site.ended(&sprint, "failed", "time_limit", &["time"]);
    assert!(sprint["hint"].as_str().is_some_and(|hint| hint.contains("--time")), "{sprint:#}");
    assert_eq!(site.runners(&sprint), Vec::<u32>::new(), "it still runs");
}

fn ended_by_somebody_else(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    let (id, job) = hanging(&mut site, &[]);
    let output = site.admin(if kind == Kind::Slurm { "scancel" } else { "qdel" }, &[&job]);
    assert_eq!(output.code, 0, "{output}");
    let sprint = site.finish(&id, 120);
    match kind {
        Kind::Slurm => {
            site.ended(&sprint, "failed", "cancelled_outside", &["CANCELLED", "not from here"])
        }
        // Grid Engine cannot tell: the sentence says so.
        Kind::Sge => site.ended(&sprint, "failed", "cancelled_outside", &["cannot tell", "qdel"]),
    }
    assert_eq!(site.runners(&sprint), Vec::<u32>::new(), "it still runs");
}

fn a_runner_that_is_killed(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    site.play("research:orphan,research:hang");
    let (id, _) = site.submit("something long", &[]);
    let sprint =
        site.tick_until(&id, "the orphan lives", 120, |sprint| orphan_of(sprint).is_some());
    let (orphan, runners) = (orphan_of(&sprint).expect("a process"), site.runners(&sprint));
    assert_eq!(runners.len(), 1, "{}", site.explain(&id));
    signal(runners[0], "KILL");
    let sprint = site.finish(&id, 120);
    match kind {
        Kind::Slurm => site.ended(&sprint, "failed", "runner_killed", &["runner", "killed"]),
        Kind::Sge => site.ended(
            &sprint,
            "failed",
            "runner_killed",
            &["cannot tell", "qdel", "kill -9", "out of memory"],
        ),
    }
    site.until(&id, "what it had started is gone", 30, |_| !lives(orphan));
}

/// The script of the job dies with the runner, so nobody is left to say anything. The verdict
/// waits a minute for files that other nodes see late.
fn a_job_that_is_killed_whole(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    site.play("research:orphan,research:hang");
    let (id, _) = site.submit("something long", &[]);
    let sprint =
        site.tick_until(&id, "the orphan lives", 120, |sprint| orphan_of(sprint).is_some());
    let (orphan, runners) = (orphan_of(&sprint).expect("a process"), site.runners(&sprint));
    assert_eq!(runners.len(), 1, "{}", site.explain(&id));
    let script = parent(runners[0]).expect("the job's script");
    signal(script, "KILL");
    signal(runners[0], "KILL");
    let sprint = site.finish(&id, 240);
    match kind {
        Kind::Slurm => site.ended(&sprint, "failed", "runner_killed", &["runner", "killed"]),
        Kind::Sge => site.ended(
            &sprint,
            "failed",
            "runner_killed",
            &["cannot tell", "qdel", "kill -9", "out of memory"],
        ),
    }
    // The scheduler ends what is left of a job.
    site.until(&id, "what it had started is gone", 30, |_| !lives(orphan));
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat[stat.rfind(") ")? + 2..].split(' ').nth(1)?.parse().ok()
}

/// Between the submission and the start of the job, somebody has cleaned up.
fn a_runner_that_is_not_there(kind: Kind) {
    let _lab = calm();
    let site = Site::new(kind);
    let held = if kind == Kind::Slurm { "hold=true" } else { "h=true" };
    for (what, reason) in [("removed", "runner_missing"), ("not executable", "noexec")] {
        let (id, job) = site.submit(what, &["-o", held]);
        for runner in
            std::fs::read_dir(site.folder.join(".researchloop/bin")).expect("a folder").flatten()
        {
            if reason == "noexec" {
                std::fs::set_permissions(runner.path(), std::fs::Permissions::from_mode(0o600))
                    .expect("changed");
            } else {
                std::fs::remove_file(runner.path()).expect("removed");
            }
        }
        let output = match kind {
            Kind::Slurm => site.admin("scontrol", &["release", &job]),
            Kind::Sge => site.admin("qrls", &[&job]),
        };
        assert_eq!(output.code, 0, "{output}");
        site.wait_gone(&id, &job, 60);
        let sprint = site.finish(&id, 60);
        site.ended(&sprint, "failed", reason, &["runner"]);
    }
    // The next sprint finds it in order again.
    let (id, _) = site.submit("afterwards", &["--rounds", "0"]);
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
}

/// The process that the scenario `orphan` has left.
pub fn orphan_of(sprint: &serde_json::Value) -> Option<u32> {
    let file = Path::new(sprint["remote_dir"].as_str()?).join("orphan.pid");
    let pid = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
    lives(pid).then_some(pid)
}

#[test]
fn more_memory_than_asked_for() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    if site.lab.get("RL_LAB_OOM") != "1" {
        println!("not run: this kernel's memory limits cannot be used by the lab's SLURM");
        return;
    }
    site.play("research:eat_memory=300");
    let (id, _) = site.submit("something large", &["-o", "mem=100M"]);
    let sprint = site.finish(&id, 120);
    site.ended(&sprint, "failed", "out_of_memory", &["memory"]);
    assert!(sprint["hint"].as_str().is_some_and(|hint| hint.contains("mem=")), "{sprint:#}");
}

/// A small file system of its own.
struct Small(tempfile::TempDir);

impl Small {
    fn new(megabytes: u32, user: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix("rl-small-").tempdir_in("/tmp").expect("a folder");
        let path = folder.path().display().to_string();
        let mut command = std::process::Command::new("mount");
        command.args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={megabytes}m,mode=755,uid={user}"),
            "tmpfs",
            &path,
        ]);
        let output = crate::harness::Project::output(command);
        assert_eq!(output.code, 0, "{output}");
        Self(folder)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .args(["-l", &self.0.path().display().to_string()])
            .status();
    }
}

fn a_full_disk(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    let runner = std::fs::metadata(crate::harness::program()).expect("the program").len();
    let small = Small::new(u32::try_from(runner >> 20).expect("small") + 16, &site.user);
    std::fs::set_permissions(small.0.path(), std::fs::Permissions::from_mode(0o755))
        .expect("opened");
    site.live_in(&small.0.path().join("work"));
    site.play("research:fill_disk");
    let (id, job) = site.submit("something with much output", &[]);
    site.wait_gone(&id, &job, 120);
    let sprint = site.finish(&id, 30);
    site.ended(&sprint, "failed", "disk_full", &["no space left"]);
}
