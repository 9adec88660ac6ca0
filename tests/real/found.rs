//! `init --host`: what a login node says of itself becomes a configuration that runs a sprint as it is.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::support::{Kind, Site, calm, ssh_with};
use crate::harness::{Output, write_program};

/// What the test puts into the account's home folder, and what sprints put there.
struct Left(Vec<PathBuf>);

impl Drop for Left {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_dir_all(path).or_else(|_| std::fs::remove_file(path));
        }
    }
}

/// The site's project, in which `ssh` knows the account as `hpc`.
fn with_alias(site: &mut Site) {
    let settings = format!(
        "Host hpc\nHostName 127.0.0.1\nPort {}\nUser {}\nIdentityFile {}\nUserKnownHostsFile {}\n",
        site.lab.get("RL_LAB_SSH_PORT"),
        site.user,
        site.lab.get("RL_LAB_KEY"),
        site.lab.get("RL_LAB_KNOWN_HOSTS"),
    );
    ssh_with(&site.project.path(""), &settings);
    site.project.put_bin_first();
}

fn runs_unchanged(mut site: Site) {
    let _calm = calm();
    with_alias(&mut site);
    let home = site.home();
    let _left = Left([".local", "researchloop"].map(|name| home.join(name)).into());
    let init = |more: &[&str]| -> Output {
        site.project.run(&[&["init", "found", "--host", "hpc"], more].concat())
    };
    let both = init(&[]).code(4);
    let both = both.says("hpc has SLURM and Grid Engine");
    both.says(&format!("researchloop init found --host hpc --scheduler {}", site.kind.name()));
    assert!(!site.project.path("found").exists(), "nothing was written");

    let agent = site.agent_program();
    let claude = format!("#!/bin/sh\nSTAND_IN_PAUSE=0 exec '{}' \"$@\"\n", agent.display());
    let without = init(&["--scheduler", site.kind.name()]).success();
    without.says("Claude was not found on the login node");
    std::fs::remove_dir_all(site.project.path("found")).expect("removed");
    write_program(&home.join(".local/bin/claude"), &claude);
    let owner = std::fs::metadata(&home).expect("a home");
    for path in [".local", ".local/bin", ".local/bin/claude"] {
        std::os::unix::fs::chown(home.join(path), Some(owner.uid()), Some(owner.gid()))
            .expect("given");
    }
    let made = init(&["--scheduler", site.kind.name()]).success();
    assert!(!made.stderr.contains("Claude was not found"), "{made}");

    let file = site.project.path("found/researchloop.toml");
    let text = std::fs::read_to_string(&file).expect("written");
    for line in match site.kind {
        Kind::Slurm => [
            "#   main: the default; at most 7d0h; 2 nodes of 128 CPUs and 31 GB",
            "#   short: at most 10m00s; 2 nodes of 128 CPUs and 31 GB",
            "job_options = { partition = \"main\", mem = \"8192M\" }",
        ],
        Kind::Sge => [
            "gpu_resource = \"gpu\"  # counts GPUs, for GPU-hours",
            "#   all.q: no time limit; 320 slots a node",
            "#job_options = { \"-q\" = \"all.q\", \"-pe\" = \"smp 4\" }  # 4 slots",
        ],
    } {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is missing:\n{text}");
    }
    let file = file.display().to_string();
    let ran = site.project.run(&["-c", &file, "--json", "run", "an idea", "--watch"]).success();
    let last: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!(last["sprint"]["status"], "completed", "{ran}");
}

#[test]
fn slurm() {
    runs_unchanged(Site::own(Kind::Slurm));
}

#[test]
fn sge_by_an_account_with_tcsh() {
    runs_unchanged(Site::of(Kind::Sge, "RL_LAB_USER_TCSH"));
}

#[test]
fn slurm_by_an_account_with_a_noisy_profile() {
    runs_unchanged(Site::of(Kind::Slurm, "RL_LAB_USER_NOISY"));
}

#[test]
fn a_host_that_is_not_known_or_not_there_leaves_nothing_behind() {
    let _calm = calm();
    let mut site = Site::new(Kind::Slurm);
    with_alias(&mut site);
    let port = site.lab.get("RL_LAB_SSH_PORT");
    let address = format!("{}@127.0.0.1:{port}", site.user);
    let asked = site.project.run(&["init", "new", "--host", &address]).code(4);
    let fingerprint = site.lab.get("RL_LAB_HOST_FINGERPRINT");
    asked.says(&format!("init new --host {address} --accept-host-key {fingerprint}"));
    site.project.run(&["init", "new", "--host", "nowhere.invalid"]).code(1).says("nowhere.invalid");
    site.project.run(&["init", "new", "--host", "a b"]).code(2).says("is no host");
    assert!(!site.project.path("new").exists(), "nothing was written");
}
