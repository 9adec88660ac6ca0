//! What a cluster has to bear: how often it is connected to and asked.

use std::process::Stdio;

use super::support::{Kind, Site, calm};

/// The lines that sshd and the wrappers have written since.
pub struct Counted {
    ssh: usize,
    calls: usize,
}

impl Counted {
    pub fn from_now(site: &Site) -> Self {
        Self { ssh: lines(site, "RL_LAB_SSH_LOG").len(), calls: lines(site, "RL_LAB_CALLS").len() }
    }

    /// Logins and commands of the site's user.
    pub fn ssh(&self, site: &Site) -> (usize, usize) {
        let new = lines(site, "RL_LAB_SSH_LOG").split_off(self.ssh);
        let count = |text: String| new.iter().filter(|line| line.contains(&text)).count();
        (
            count(format!("Accepted publickey for {} ", site.user)),
            count(format!("Starting session: command for {} ", site.user)),
        )
    }

    /// How often the site's user has called a program of the batch system.
    fn calls(&self, site: &Site, program: &str) -> usize {
        let new = lines(site, "RL_LAB_CALLS").split_off(self.calls);
        let of_site = |line: &&String| {
            let mut words = line.split(' ').skip(1);
            words.next() == Some(program) && words.next() == Some(site.user.as_str())
        };
        new.iter().filter(of_site).count()
    }
}

fn lines(site: &Site, log: &str) -> Vec<String> {
    let text = std::fs::read(site.lab.get(log)).expect("a log");
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn submit_costs(kind: Kind) {
    let _lab = calm();
    let site = Site::own(kind);
    let program = if kind == Kind::Slurm { "sbatch" } else { "qsub" };
    for (commands, what) in [(2, "the first time"), (1, "when the runner is there")] {
        let counted = Counted::from_now(&site);
        let (id, _) =
            site.submit(what, &["-o", if kind == Kind::Slurm { "hold=true" } else { "h=true" }]);
        assert_eq!(
            counted.ssh(&site),
            (1, commands),
            "logins and commands, {what}\n{}",
            site.explain(&id)
        );
        assert_eq!(counted.calls(&site, program), 1, "{what}");
    }
    let counted = Counted::from_now(&site);
    let tick = site.project.run(&["tick"]).success();
    assert_eq!(counted.ssh(&site), (1, 1), "logins and commands of a poll\n{tick}");
    let (queue, accounting) =
        if kind == Kind::Slurm { ("squeue", "sacct") } else { ("qstat", "qacct") };
    assert_eq!((counted.calls(&site, queue), counted.calls(&site, accounting)), (1, 0), "{tick}");
}

super::support::on_both! { submit_costs }

#[test]
fn two_hundred_sprints_are_one_question() {
    const SPRINTS: usize = 200;
    let _lab = calm();
    let mut site = Site::own(Kind::Slurm);
    site.play("research:hang");
    let (first, job) = site.submit("number 0", &[]);
    site.wait_runs(&first, &job);
    // The others wait in the queue, so that the machine has nothing to do with them.
    let queue = std::sync::Mutex::new(1..SPRINTS);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(number) = queue.lock().expect("not poisoned").next() else { break };
                    let mut command = site.project.command(crate::harness::program());
                    command
                        .args([
                            "--quiet",
                            "sprint",
                            "run",
                            &format!("number {number}"),
                            "-s",
                            "s",
                            "-o",
                            "hold=true",
                        ])
                        .stdout(Stdio::null());
                    let output = crate::harness::Project::output(command);
                    assert_eq!(output.code, 0, "{output}");
                }
            });
        }
    });
    let list = || {
        site.project.run(&["--json", "sprint", "list", "-n", "1000"]).success().json()["sprints"]
            .as_array()
            .expect("a list")
            .clone()
    };
    assert_eq!(list().iter().filter(|sprint| sprint["job_id"].is_string()).count(), SPRINTS);

    // All are in the queue, and one of them runs.
    let counted = Counted::from_now(&site);
    let tick = site.project.run(&["--json", "tick"]).success();
    assert_eq!(tick.json()["clusters"][0]["sprints"], SPRINTS, "{tick}");
    assert_eq!(counted.ssh(&site), (1, 1), "logins and commands\n{tick}");
    assert_eq!((counted.calls(&site, "squeue"), counted.calls(&site, "sacct")), (1, 0), "{tick}");
    assert_eq!(site.project.show(&first)["phase"], "research", "{tick}");

    // All have ended at once: the accounting is asked for all of them in one question.
    let jobs: Vec<String> =
        list().iter().filter_map(|sprint| sprint["job_id"].as_str().map(str::to_owned)).collect();
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let output = site.admin("scancel", &jobs);
    assert_eq!(output.code, 0, "{output}");
    site.until(&first, "all have left the queue", 120, |site| {
        site.queue().is_some_and(|queue| queue.iter().all(|(id, _)| !jobs.contains(&id.as_str())))
    });
    let counted = Counted::from_now(&site);
    let tick = site.project.run(&["--json", "tick"]).success();
    assert_eq!(tick.json()["clusters"][0]["sprints"], SPRINTS, "{tick}");
    assert!(counted.calls(&site, "squeue") == 1 && counted.calls(&site, "sacct") <= 1, "{tick}");
    assert_eq!(counted.ssh(&site).0, 1, "logins\n{tick}");
    site.until(&first, "all are over", 120, |site| {
        let tick = site.project.run(&["tick"]);
        assert_eq!(tick.code, 0, "{tick}");
        list().iter().all(|sprint| sprint["status"] == "failed")
    });
    for sprint in list() {
        assert_eq!(sprint["reason"], "cancelled_outside", "{sprint:#}");
    }
}
