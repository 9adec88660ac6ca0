//! Batch systems that fail, hang, or lose their answer: nothing is lost, and nothing runs twice.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::support::{Kind, Site, alone, calm, on_both};

/// A program of the batch system fails for the site's user until this is dropped.
struct Fault(PathBuf);

impl Fault {
    fn of(site: &Site, program: &str, code: u8, says: &str) -> Self {
        let file =
            PathBuf::from(site.lab.get("RL_LAB_BIN")).join(format!("fail-{program}.{}", site.user));
        std::fs::write(&file, format!("{code}\n{says}\n")).expect("written");
        Self(file)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A daemon stands still until this is dropped.
struct Frozen<'a>(&'a Site, &'a str);

impl<'a> Frozen<'a> {
    fn new(site: &'a Site, daemon: &'a str) -> Self {
        site.ctl("freeze", daemon);
        Self(site, daemon)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.ctl("thaw", self.1);
    }
}

on_both! { a_controller_that_is_not_there_is_asked_again_later a_submission_that_is_still_at_work_is_not_repeated a_refusal_is_an_end_with_the_schedulers_words a_queue_that_does_not_answer_changes_nothing an_accounting_that_fails_loses_nothing clients_killed_at_any_instant_leave_exactly_one_job }

fn a_controller_that_is_not_there_is_asked_again_later(kind: Kind) {
    let _lab = calm();
    let site = Site::own(kind);
    let fault = match kind {
        Kind::Slurm => Fault::of(
            &site,
            "sbatch",
            1,
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
        ),
        Kind::Sge => Fault::of(
            &site,
            "qsub",
            1,
            "error: commlib error: got select error (Connection refused)\nUnable to run job: unable to send message to qmaster using port 28644 on host \"localhost\": got send error.\nExiting.",
        ),
    };
    let output = site.project.run(&["sprint", "run", "an idea", "-s", "s"]);
    assert_eq!(output.code, 6, "{output}");
    let list = site.project.run(&["--json", "sprint", "list"]).success().json();
    let id = list["sprints"][0]["id"].as_str().expect("a sprint").to_owned();
    assert_eq!(list["sprints"][0]["status"], "pending", "{output}\n{}", site.explain(&id));
    let tick = site.project.run(&["tick"]);
    assert_eq!(site.project.show(&id)["status"], "pending", "{tick}\n{}", site.explain(&id));
    drop(fault);
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
    assert_eq!(site.jobs_of(&id).len(), 1, "{}", site.explain(&id));
}

fn a_refusal_is_an_end_with_the_schedulers_words(kind: Kind) {
    let _lab = calm();
    let site = Site::new(kind);
    let option = if kind == Kind::Slurm { "partition=nowhere" } else { "q=nowhere.q" };
    let output = site.project.run(&["sprint", "run", "an idea", "-s", "s", "-o", option]);
    assert_eq!(output.code, 1, "{output}");
    assert!(
        output.stderr.contains(if kind == Kind::Slurm { "partition" } else { "nowhere.q" }),
        "{output}"
    );
    let list = site.project.run(&["--json", "sprint", "list"]).success().json();
    site.ended(&list["sprints"][0], "failed", "submit_failed", &[]);
}

fn a_queue_that_does_not_answer_changes_nothing(kind: Kind) {
    let _lab = calm();
    let mut site = Site::own(kind);
    site.play("research:gate");
    let (id, job) = site.submit("an idea", &[]);
    site.tick_until(&id, "it runs", 120, |sprint| sprint["status"] == "running");
    let (program, says) = match kind {
        Kind::Slurm => ("squeue", "slurm_load_jobs error: Socket timed out on send/recv operation"),
        Kind::Sge => (
            "qstat",
            "error: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).",
        ),
    };
    let fault = Fault::of(&site, program, 1, says);
    for _ in 0..4 {
        let tick = site.project.run(&["tick"]);
        let sprint = site.project.show(&id);
        assert_eq!(sprint["status"], "running", "{tick}\n{}", site.explain(&id));
        assert!(tick.stderr.contains("did not answer"), "{tick}");
    }
    drop(fault);
    site.project.let_go(&id);
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
    assert_eq!(site.jobs_of(&id), [job], "{}", site.explain(&id));
}

fn an_accounting_that_fails_loses_nothing(kind: Kind) {
    let _lab = calm();
    let mut site = Site::own(kind);
    site.play("research:hang");
    let (id, job) = site.submit("an idea", &[]);
    let sprint = site.tick_until(&id, "it runs", 120, |sprint| {
        sprint["phase"] == "research" && !site.runners(sprint).is_empty()
    });
    let (program, says) = match kind {
        Kind::Slurm => {
            ("sacct", "sacct: error: Problem talking to the database: Connection refused")
        }
        Kind::Sge => ("qacct", "error: unable to open accounting file"),
    };
    let fault = Fault::of(&site, program, 1, says);
    let output = site.admin(if kind == Kind::Slurm { "scancel" } else { "qdel" }, &[&job]);
    assert_eq!(output.code, 0, "{output}");
    let started = Instant::now();
    // Either the queue itself remembers how the job ended, or the verdict waits for the accounting.
    while started.elapsed() < Duration::from_secs(8) {
        let tick = site.project.run(&["tick"]);
        let now = site.project.show(&id);
        let status = now["status"].as_str().expect("a status");
        assert!(
            status == "running" || now["reason"] == "cancelled_outside",
            "{tick}\n{}",
            site.explain(&id)
        );
        if status == "failed" {
            break;
        }
    }
    drop(fault);
    let sprint_now = site.finish(&id, 120);
    site.ended(&sprint_now, "failed", "cancelled_outside", &[]);
    assert!(site.runners(&sprint).is_empty());
}

/// The controller takes the job, but the answer does not arrive in time: a job exists that
/// nobody has heard of.
#[test]
fn a_job_whose_answer_was_lost_is_found_by_its_name() {
    let lab = calm();
    let mut site = Site::new(Kind::Slurm);
    site.play("research:slow=2");
    // The runner is there and the login node is known, so that the next submission is quick.
    let warm = site.submit("warm", &[]).0;
    site.finish(&warm, 120);
    drop(lab);
    let lab = alone();
    let frozen = Frozen::new(&site, "slurmctld");
    // sbatch gives up after 10 s (MessageTimeout); its request lies in the controller's socket.
    let output = site.project.run(&["sprint", "run", "an idea", "-s", "s"]);
    let id = site.named("an idea");
    let sprint = site.project.show(&id);
    assert_eq!(
        (output.code, sprint["status"].as_str()),
        (6, Some("submitting")),
        "{output}\n{}",
        sprint
    );
    assert!(output.stderr.contains("not known whether the job was taken"), "{output}");
    drop(frozen);
    drop(lab);
    let _lab = calm();
    let sprint =
        site.tick_until(&id, "the job was found", 120, |sprint| sprint["job_id"].is_string());
    assert_ne!(sprint["status"], "submitting");
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
    assert_eq!(site.jobs_of(&id).len(), 1, "{}", site.explain(&id));
}

/// The login node is so slow that the client gives up, but the submission there goes on.
/// A look-up in the meantime finds no job, rightly: it must not lead to a second one.
fn a_submission_that_is_still_at_work_is_not_repeated(kind: Kind) {
    let _lab = calm();
    let mut site = Site::own(kind);
    site.finish(&site.submit("warm", &["--rounds", "0"]).0, 120);
    site.also("command_timeout = 12");
    let slow = PathBuf::from(site.lab.get("RL_LAB_BIN")).join(format!(
        "slow-{}.{}",
        if kind == Kind::Slurm { "sbatch" } else { "qsub" },
        site.user
    ));
    std::fs::write(&slow, "40\n").expect("written");
    let output = site.project.run(&["sprint", "run", "an idea", "-s", "s", "--rounds", "0"]);
    std::fs::remove_file(&slow).expect("removed");
    let id = site.named("an idea");
    assert_eq!(
        (output.code, site.project.show(&id)["status"].as_str()),
        (6, Some("submitting")),
        "{output}\n{}",
        site.explain(&id)
    );
    let tick = site.project.run(&["tick"]);
    assert_eq!(site.project.show(&id)["status"], "submitting", "{tick}\n{}", site.explain(&id));
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
    assert_eq!(site.jobs_of(&id).len(), 1, "{:?}\n{}", site.jobs_of(&id), site.explain(&id));
}

/// The client dies at any instant of `sprint run`: later ticks bring each sprint to exactly
/// one job.
fn clients_killed_at_any_instant_leave_exactly_one_job(kind: Kind) {
    const CUTS: u64 = 20;
    let _lab = calm();
    let site = Site::new(kind);
    let warm = Instant::now();
    let (id, _) = site.submit("warm", &["--rounds", "0"]);
    let usual = warm.elapsed();
    let mut seed = u64::from(std::process::id());
    for cut in 0..CUTS {
        let mut child = site.project.command(crate::harness::program());
        let mut child = child
            .args(["sprint", "run", &format!("cut {cut}"), "-s", "s", "--rounds", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        // Spread over the whole time that it takes, with some chance in it.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = (cut * 1000 + (seed >> 33) % 1000)
            * u64::try_from(usual.as_micros()).expect("short")
            / (CUTS * 1000);
        std::thread::sleep(Duration::from_micros(part));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    let list = || {
        site.project.run(&["--json", "sprint", "list", "-n", "100"]).success().json()["sprints"]
            .as_array()
            .expect("a list")
            .clone()
    };
    let cut: Vec<String> =
        list().iter().filter_map(|sprint| sprint["id"].as_str().map(str::to_owned)).collect();
    site.until(&id, "all sprints are over", 300, |site| {
        let _ = site.project.run(&["tick"]);
        list().iter().all(|sprint| {
            matches!(sprint["status"].as_str(), Some("completed" | "failed" | "cancelled"))
        })
    });
    for id in &cut {
        let sprint = site.project.show(id);
        assert_eq!(sprint["status"], "completed", "{}", site.explain(id));
    }
    // The accounting may be a moment late.
    for id in &cut {
        site.until(id, "the accounting knows the job", 30, |site| !site.jobs_of(id).is_empty());
        assert_eq!(site.jobs_of(id).len(), 1, "{}", site.explain(id));
    }
    assert!(cut.len() > 5, "almost nothing was begun: {cut:?}");
    let stray = processes_of(&site);
    assert!(stray.is_empty(), "{stray}");
}

fn processes_of(site: &Site) -> String {
    let folder = site.folder.display().to_string();
    let left = super::support::processes(|words| {
        words.get(1).is_some_and(|word| word == "job-run")
            && words.iter().any(|word| word.starts_with(&folder))
    });
    left.iter().map(|pid| format!("{pid} ")).collect()
}

#[test]
fn a_requeued_job_goes_on_where_it_was() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    // The first time, the critic never ends.
    site.play("red_team:hang_once");
    let (id, job) = site.submit("an idea", &[]);
    site.tick_until(&id, "the red team is at work", 120, |sprint| {
        sprint["phase"].as_str().is_some_and(|phase| phase.starts_with("red_team"))
    });
    let output = site.admin("scontrol", &["requeue", &job]);
    assert_eq!(output.code, 0, "{output}");
    let sprint = site.finish(&id, 180);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
    site.completed_with_results(&id);
    let journal = std::fs::read_to_string(
        PathBuf::from(sprint["remote_dir"].as_str().expect("a path"))
            .join(".researchloop/run.jsonl"),
    )
    .expect("a journal");
    let starts = |kind: &str, incarnation: u64| {
        let lines =
            journal.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines
            .filter(|line| line["kind"] == kind && line["incarnation"] == incarnation)
            .map(|line| line["step"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(starts("run_started", 1).len() + starts("run_started", 2).len(), 2, "{journal}");
    assert!(
        starts("step_started", 1).contains(&"research".to_owned())
            && !starts("step_started", 2).contains(&"research".to_owned()),
        "research ran twice: {journal}"
    );
    assert_eq!(starts("run_ended", 2).len(), 1, "{journal}");
    let log = site.project.run(&["sprint", "log", &id]).success();
    assert!(log.stdout.contains("research") && log.stdout.contains("summarize"), "{log}");
    assert_eq!(site.jobs_of(&id), [job], "{}", site.explain(&id));
}

#[test]
fn a_login_node_that_hangs_is_given_up_in_time() {
    let _lab = calm();
    let mut site = Site::own(Kind::Slurm);
    site.play("research:slow=3");
    let (id, _) = site.submit("an idea", &[]);
    site.also("command_timeout = 60");
    let slow = PathBuf::from(site.lab.get("RL_LAB_BIN")).join(format!("slow-squeue.{}", site.user));
    std::fs::write(&slow, "300\n").expect("written");
    let started = Instant::now();
    let tick = site.project.run(&["tick"]);
    let took = started.elapsed();
    std::fs::remove_file(&slow).expect("removed");
    assert!(took < Duration::from_secs(280), "{took:?}\n{tick}");
    assert!(tick.stderr.contains("squeue did not answer in time"), "{tick}");
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
}
