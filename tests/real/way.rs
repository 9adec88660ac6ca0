//! The way there: host keys, keys with a passphrase, connections that break.

use std::io::{BufRead as _, BufReader, Read as _};

use super::many::Counted;
use super::support::{Kind, Site, calm};

#[test]
fn an_unknown_host_is_refused_until_its_fingerprint_is_accepted() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    let known = site.project.path("known_hosts");
    site.knows(&known);
    let fingerprints =
        [site.lab.get("RL_LAB_HOST_FINGERPRINT"), site.lab.get("RL_LAB_HOST_FINGERPRINT_RSA")];

    let check = site.project.run(&["cluster", "check"]);
    assert_eq!(check.code, 1, "{check}");
    let shown = format!("{}{}", check.stdout, check.stderr);
    let fingerprint = fingerprints
        .iter()
        .find(|fingerprint| shown.contains(*fingerprint))
        .unwrap_or_else(|| panic!("no fingerprint: {check}"))
        .clone();
    assert!(!known.exists(), "known_hosts was written without being asked");

    let run = site.project.run(&["sprint", "run", "an idea", "-s", "s"]);
    assert_ne!(run.code, 0, "{run}");
    assert!(run.stderr.contains(&fingerprint), "{run}");
    assert!(!known.exists(), "known_hosts was written without being asked");

    let wrong = site.project.run(&[
        "cluster",
        "setup",
        "slurm",
        "--accept-host-key",
        "SHA256:0000000000000000000000000000000000000000000",
    ]);
    assert_eq!(wrong.code, 4, "{wrong}");
    assert!(wrong.stderr.contains(&fingerprint) && !known.exists(), "{wrong}");

    let asked = site.project.run(&["cluster", "setup", "slurm"]);
    assert_ne!(asked.code, 0, "without a terminal nobody can be asked: {asked}");
    assert!(asked.stderr.contains("--accept-host-key") && !known.exists(), "{asked}");

    let setup = site.project.run(&["cluster", "setup", "slurm", "--accept-host-key", &fingerprint]);
    assert_eq!(setup.code, 0, "{setup}");
    let written = std::fs::read_to_string(&known).expect("written");
    assert_eq!(written.lines().count(), 1, "{written}");
    site.project.run(&["cluster", "check", "slurm"]).success();

    // What could not be sent before goes now.
    let list = site.project.run(&["--json", "sprint", "list"]).success().json();
    let id = list["sprints"][0]["id"].as_str().expect("a sprint").to_owned();
    let sprint = site.finish(&id, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&id));
}

#[test]
fn a_host_whose_key_has_changed_is_refused() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    let port = site.lab.get("RL_LAB_SSH_PORT");
    // Another key, of the right form, for this host.
    let other = site.project.path("other");
    let mut keygen = std::process::Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &other.display().to_string()]);
    assert_eq!(crate::harness::Project::output(keygen).code, 0);
    let public = std::fs::read_to_string(other.with_extension("pub")).expect("a key");
    let words: Vec<&str> = public.split_whitespace().take(2).collect();
    let line = format!("[127.0.0.1]:{port} {}\n", words.join(" "));
    site.project.write("known_hosts", &line);
    let known = site.project.path("known_hosts");
    site.knows(&known);
    for command in [
        &["cluster", "check", "slurm"][..],
        &["sprint", "run", "an idea", "-s", "s"],
        &[
            "cluster",
            "setup",
            "slurm",
            "--accept-host-key",
            &site.lab.get("RL_LAB_HOST_FINGERPRINT"),
        ],
    ] {
        let output = site.project.run(command);
        assert_ne!(output.code, 0, "{output}");
        assert!(
            format!("{}{}", output.stdout, output.stderr).contains("not the known one"),
            "{output}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(&known).expect("it is there"),
        line,
        "known_hosts was changed"
    );
}

#[test]
fn a_key_with_a_passphrase_needs_it() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    let config = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("read");
    let first = format!("key_path = \"{}\"", site.lab.get("RL_LAB_KEY"));
    assert!(config.contains(&first), "{config}");
    site.project.write(
        "researchloop.toml",
        config.replace(&first, &format!("key_path = \"{}\"", site.lab.get("RL_LAB_KEY2"))),
    );
    let output = site.project.run(&["cluster", "check"]);
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stdout.contains("passphrase"), "{output}");
    site.project.set("RESEARCHLOOP_KEY_PASSPHRASE", "wrong");
    let output = site.project.run(&["cluster", "check"]);
    assert_eq!(output.code, 1, "{output}");
    site.project.set("RESEARCHLOOP_KEY_PASSPHRASE", &site.lab.get("RL_LAB_KEY2_PASSPHRASE"));
    site.project.run(&["cluster", "check"]).success();
}

/// The connection breaks while a screen watches: the screen goes on.
#[test]
fn a_broken_connection_does_not_end_the_watching() {
    let _lab = calm();
    let mut site = Site::own(Kind::Slurm);
    site.play("report:gate");
    let (id, _) = site.submit("an idea", &[]);
    let counted = Counted::from_now(&site);
    let mut child = site.project.spawn(&["sprint", "watch", &id]);
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut printed = String::new();
    // It is in the middle of it.
    while !printed.contains("report") {
        assert_ne!(
            output.read_line(&mut printed).expect("read"),
            0,
            "it ended:\n{printed}\n{}",
            site.explain(&id)
        );
    }
    for cut in 1..=2 {
        site.ctl("kill-sshd-sessions", &site.user);
        crate::harness::wait_until("it has logged in again", 60, || counted.ssh(&site).0 > cut);
    }
    site.project.let_go(&id);
    output.read_to_string(&mut printed).expect("read");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("read");
    let code = child.wait().expect("ended").code();
    assert_eq!(code, Some(0), "{printed}\n---- stderr\n{said}\n{}", site.explain(&id));
    site.completed_with_results(&id);
    let (logins, _) = counted.ssh(&site);
    assert!(logins >= 3, "{logins} logins: the connection was not broken\n{printed}");
}

/// A login node that is not there: nothing is lost, and a later try goes on.
#[test]
fn a_login_node_that_is_not_there_changes_nothing() {
    let _lab = calm();
    let mut site = Site::new(Kind::Sge);
    let (id, job) = site.submit("an idea", &[]);
    let config = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("read");
    site.project.write(
        "researchloop.toml",
        config.replace(&format!("port = {}", site.lab.get("RL_LAB_SSH_PORT")), "port = 1"),
    );
    let tick = site.project.run(&["tick"]);
    assert_eq!(tick.code, 1, "{tick}");
    assert!(tick.stderr.contains("cannot reach"), "{tick}");
    let waiting = site.project.run(&["sprint", "run", "another", "-s", "s"]);
    assert_eq!(waiting.code, 6, "{waiting}");
    let cancel = site.project.run(&["sprint", "cancel", "--no-wait", &id]);
    assert_ne!(cancel.code, 0, "{cancel}");
    site.also("");
    let sprint = site.finish(&id, 120);
    assert!(
        sprint["status"] == "cancelled" || sprint["status"] == "completed",
        "the wish to cancel was lost: {}",
        site.explain(&id)
    );
    assert_eq!(site.jobs_of(&id), [job]);
    let other = site.named("another");
    let sprint = site.finish(&other, 120);
    assert_eq!(sprint["status"], "completed", "{}", site.explain(&other));
}

/// The project's configuration with one line of its cluster replaced.
fn with_line(site: &Site, key: &str, line: &str) {
    let config = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("there");
    let lines: Vec<&str> = config
        .lines()
        .map(|old| if old.starts_with(&format!("{key} =")) { line } else { old.trim_start() })
        .collect();
    assert!(lines.contains(&line), "{config}");
    site.project.write("researchloop.toml", lines.join("\n"));
}

#[test]
fn an_accepted_key_is_kept_where_the_next_connection_looks() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    with_line(&site, "known_hosts", "");
    let kept = site.project.path("kept");
    // The user's ssh configuration: a file in which nothing is kept, then one of his own.
    let ssh = format!(
        "#!/bin/sh\necho hostname 127.0.0.1\necho userknownhostsfile /dev/null {}\necho globalknownhostsfile none\n",
        kept.display()
    );
    site.project.write("bin/ssh", ssh);
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(site.project.path("bin/ssh"), std::fs::Permissions::from_mode(0o755))
        .expect("set");
    let path = format!(
        "{}:{}",
        site.project.path("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    site.project.set("PATH", &path);
    let check = site.project.run(&["cluster", "check"]).code(1);
    let fingerprint =
        [site.lab.get("RL_LAB_HOST_FINGERPRINT"), site.lab.get("RL_LAB_HOST_FINGERPRINT_RSA")]
            .into_iter()
            .find(|fingerprint| check.stdout.contains(fingerprint))
            .unwrap_or_else(|| panic!("no fingerprint: {check}"));
    site.project
        .run(&["cluster", "setup", "slurm", "--accept-host-key", &fingerprint])
        .success()
        .says(&kept.display().to_string());
    assert_eq!(std::fs::read_to_string(&kept).expect("written").lines().count(), 1);
    site.project.run(&["cluster", "check", "slurm"]).success();
    // With no file to keep it in, that is said.
    std::fs::remove_file(&kept).expect("removed");
    site.project.write("bin/ssh", "#!/bin/sh\necho hostname 127.0.0.1\necho userknownhostsfile /dev/null\necho globalknownhostsfile none\n");
    site.project
        .run(&["cluster", "setup", "slurm", "--accept-host-key", &fingerprint])
        .code(1)
        .says("/dev/null")
        .says("`known_hosts`");
}

#[test]
fn a_refused_login_ends_the_screen_and_is_not_tried_again() {
    let _lab = calm();
    let mut site = Site::new(Kind::Slurm);
    site.play("research:slow=2");
    let (id, _) = site.submit("an idea", &[]);
    let wrong = site.project.path("wrong");
    let mut keygen = std::process::Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &wrong.display().to_string()]);
    assert_eq!(crate::harness::Project::output(keygen).code, 0);
    let before = std::fs::read_to_string(site.project.path("researchloop.toml")).expect("there");
    with_line(&site, "key_path", "key_path = \"wrong\"");
    let started = std::time::Instant::now();
    site.project.run(&["sprint", "watch", &id]).code(1).says("cannot log in");
    assert!(started.elapsed() < std::time::Duration::from_secs(300), "{:?}", started.elapsed());
    // One tick logs in once, also when a submission is open.
    site.project.run(&["sprint", "run", "another idea", "-s", "s"]).code(6).says("cannot log in");
    let tick = site.project.run(&["tick"]).code(1);
    assert_eq!(tick.stderr.matches("cannot log in").count(), 1, "{tick}");
    site.project.run(&["sprint", "log", &id]).success();
    site.project.write("researchloop.toml", before);
    assert_eq!(site.finish(&id, 120)["status"], "completed", "{}", site.explain(&id));
}
