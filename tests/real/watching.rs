//! `tick --watch` over a real sshd.

use super::support::{Kind, Site, calm};
use crate::harness::{program, wait_until};

/// Connections of this user that sshd has accepted.
fn logins(site: &Site) -> usize {
    let log = std::fs::read_to_string(site.lab.get("RL_LAB_SSH_LOG")).expect("a log");
    log.lines()
        .filter(|line| line.contains("Accepted") && line.contains(&format!(" {} ", site.user)))
        .count()
}

#[test]
fn many_rounds_go_through_one_connection() {
    let _lab = calm();
    let mut site = Site::own(Kind::Slurm);
    site.play("research:hang");
    let (id, job) = site.submit("go on", &[]);
    site.wait_runs(&id, &job);
    let calls = || {
        let calls = std::fs::read_to_string(site.lab.get("RL_LAB_CALLS")).unwrap_or_default();
        calls.lines().filter(|line| line.contains(&format!(" squeue {} ", site.user))).count()
    };
    let out = std::fs::File::create(site.project.path("out")).expect("a file");
    let mut child = site
        .project
        .command(program())
        .args(["tick", "--watch"])
        .stdout(out)
        .spawn()
        .expect("started");
    let begun = calls();
    wait_until("the first round", 60, || calls() > begun);
    let (before, asked) = (logins(&site), calls());
    wait_until("ten more rounds", 120, || calls() >= asked + 10);
    let after = logins(&site);
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(after, before, "{} rounds\n{}", calls() - asked, site.explain(&id));
    site.project.run(&["sprint", "cancel", &id]).success();
}
