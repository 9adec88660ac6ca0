//! Jobs that a real scheduler suspends.

use std::time::Duration;

use super::support::{Kind, Site, calm, on_both};

on_both! { a_job_that_is_suspended_goes_on }

/// Suspended for longer than SLURM lets it run. In Grid Engine suspended time counts, and a warning
/// comes before it.
fn a_job_that_is_suspended_goes_on(kind: Kind) {
    let _lab = calm();
    let mut site = Site::new(kind);
    site.play("research:gate");
    let (limit, stands) = if kind == Kind::Slurm { ("60s", 70) } else { ("120s", 20) };
    let (id, job) = site.submit("stand still", &["--time", limit, "--rounds", "0"]);
    site.tick_until(&id, "research runs", 120, |sprint| {
        sprint["phase"] == "research" && !site.runners(sprint).is_empty()
    });
    let (suspend, resume): (&[&str], &[&str]) = match kind {
        Kind::Slurm => (&["scontrol", "suspend"], &["scontrol", "resume"]),
        Kind::Sge => (&["qmod", "-sj"], &["qmod", "-usj"]),
    };
    let ask = |words: &[&str]| {
        let output = site.admin(words[0], &[words[1], &job]);
        assert_eq!(output.code, 0, "{output}");
    };
    ask(suspend);
    let state = if kind == Kind::Slurm { "SUSPENDED" } else { "s" };
    site.until(&id, "it is suspended", 60, |site| {
        site.queued(&job).is_some_and(|seen| seen == state)
    });
    std::thread::sleep(Duration::from_secs(stands));
    site.tick_until(&id, "it is still there", 30, |sprint| sprint["status"] == "running");
    ask(resume);
    site.project.let_go(&id);
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "\n{}", site.explain(&id));
    let log = site.project.run(&["sprint", "log", &id]).success();
    assert!(log.stdout.contains("the job was suspended for"), "{log}");
    assert_eq!(log.stdout.contains("signal USR1"), kind == Kind::Sge, "{log}");
}
