//! A real cron drives a loop. It takes minutes.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::loops::{is_whole, shown, start};
use super::support::{Kind, Site};
use crate::harness::Project;

/// A cron daemon, and the crontab as it was.
struct Cron {
    daemon: Child,
    before: String,
}

impl Cron {
    fn start() -> Self {
        let before = Project::output({
            let mut list = Command::new("crontab");
            list.arg("-l").stdin(Stdio::null());
            list
        });
        let daemon = Command::new("cron")
            .arg("-f")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("cron is installed");
        Self { daemon, before: if before.code == 0 { before.stdout } else { String::new() } }
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        if let Ok(mut write) = Command::new("crontab").arg("-").stdin(Stdio::piped()).spawn() {
            if let Some(mut input) = write.stdin.take() {
                let _ = std::io::Write::write_all(&mut input, self.before.as_bytes());
            }
            let _ = write.wait();
        }
    }
}

#[test]
fn a_crontab_alone_drives_a_loop() {
    // A controller that another test stops for some seconds only delays it.
    let site = Site::own(Kind::Slurm);
    let cron = Cron::start();
    let out = site.project.run(&["cron", "install", "--every", "1m"]).success();
    let table = Project::output({
        let mut list = Command::new("crontab");
        list.arg("-l").stdin(Stdio::null());
        list
    });
    assert!(
        table.stdout.contains("researchloop") && table.stdout.contains("tick"),
        "{out}\n{table}"
    );
    let id = start(&site, &["-n", "3", "-m", "find something"]);
    let started = Instant::now();
    // Nobody ticks: reading changes nothing.
    let one = loop {
        let one = shown(&site, &id);
        if one["status"] != "running" {
            break one;
        }
        assert!(
            started.elapsed() < Duration::from_secs(1200),
            "{one:#}\n{}",
            site.project.run(&["status"])
        );
        std::thread::sleep(Duration::from_secs(2));
    };
    is_whole(&site, &one, 3);
    let status = site.project.run(&["--json", "status"]).success().json();
    let by = status.to_string();
    assert!(by.contains("\"cron\""), "the last tick was not by cron: {status:#}");
    site.project.run(&["status"]).success().says("by cron");
    site.project.run(&["cron", "remove"]).success();
    let left = Project::output({
        let mut list = Command::new("crontab");
        list.arg("-l").stdin(Stdio::null());
        list
    });
    assert!(
        !left.stdout.contains(&site.project.path("researchloop.toml").display().to_string()),
        "{left}"
    );
    drop(cron);
}
