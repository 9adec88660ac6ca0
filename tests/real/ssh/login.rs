//! Whom the ssh transport trusts, and how it logs in, against real sshd.

use std::path::Path;
use std::process::Stdio;

use researchloop::domain::Secret;
use researchloop::platform::process;
use researchloop::remote::{Remote as _, RemoteError, Ssh, SshTarget, add_known_host, host_key};

use super::{Sshd, keygen, lab_target, limits, public, refusal, said, script, ssh_agent};
use crate::harness::lab;

#[test]
fn an_unknown_host_is_refused_until_it_was_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ssh/known_hosts");
    let target = SshTarget { known_hosts: Some(file.clone()), ..lab_target() };
    let expected = lab().get("RL_LAB_HOST_FINGERPRINT");
    let RemoteError::HostKeyUnknown { fingerprint, .. } = refusal(target.clone()) else {
        panic!("unknown")
    };
    assert_eq!(fingerprint, expected);
    let other = SshTarget {
        accept_fingerprint: Some(lab().get("RL_LAB_HOST_FINGERPRINT_RSA")),
        ..target.clone()
    };
    assert!(matches!(refusal(other), RemoteError::HostKeyUnknown { .. }));
    let once = SshTarget { accept_fingerprint: Some(expected.clone()), ..target.clone() };
    assert_eq!(said(&mut Ssh::new(once), "echo in"), "in\n");
    assert!(!file.exists(), "nothing is written before the user agreed");
    let key = host_key(&target).expect("a key");
    assert_eq!((&key.fingerprint, key.key_type.as_str()), (&expected, "ssh-ed25519"));
    add_known_host(&file, &key).expect("added");
    assert_eq!(said(&mut Ssh::new(target), "echo in"), "in\n");
}

#[test]
fn another_key_than_the_known_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    keygen(&folder.path().join("other"), &["-t", "ed25519", "-N", ""]);
    let file = folder.path().join("known_hosts");
    let port = lab().get("RL_LAB_SSH_PORT");
    let target = SshTarget {
        known_hosts: Some(file.clone()),
        // Whoever accepts a key has to remove the old one first.
        accept_fingerprint: Some(lab().get("RL_LAB_HOST_FINGERPRINT")),
        ..lab_target()
    };
    let lab_hosts =
        std::fs::read_to_string(lab().get("RL_LAB_KNOWN_HOSTS")).expect("the lab's file");
    let other = public(&folder.path().join("other"));
    let ed25519 = lab_hosts
        .lines()
        .find_map(|line| line.find("ssh-ed25519").map(|at| &line[at..]))
        .expect("a key");
    for (text, revoked) in [
        (format!("# a comment\n[127.0.0.1]:{port} {other}\n"), false),
        (format!("{lab_hosts}@revoked * {ed25519}\n"), true),
    ] {
        std::fs::write(&file, &text).expect("written");
        let error = refusal(target.clone());
        assert_eq!(error.hints(None)[0].contains("remove the old line"), !revoked, "{error}");
        let (fingerprint, known_hosts) = match error {
            RemoteError::HostKeyChanged { fingerprint, known_hosts, .. } if !revoked => {
                (fingerprint, known_hosts)
            }
            RemoteError::HostKeyRevoked { fingerprint, known_hosts, .. } if revoked => {
                (fingerprint, known_hosts)
            }
            other => panic!("{other}: {text}"),
        };
        assert_eq!(fingerprint, lab().get("RL_LAB_HOST_FINGERPRINT"));
        assert_eq!(known_hosts, format!("{}:{}", file.display(), text.lines().count()));
    }
}

#[test]
fn a_host_is_recognised_by_any_of_its_keys_and_by_hashed_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("known_hosts");
    let target = SshTarget { known_hosts: Some(file.clone()), ..lab_target() };
    let lab_hosts =
        std::fs::read_to_string(lab().get("RL_LAB_KNOWN_HOSTS")).expect("the lab's file");
    let rsa = lab_hosts.lines().find(|line| line.contains(" ssh-rsa ")).expect("an RSA key");
    std::fs::write(&file, format!("{rsa}\n")).expect("written");
    assert_eq!(said(&mut Ssh::new(target.clone()), "echo in"), "in\n", "only the RSA key is known");
    std::fs::write(&file, rsa.replacen("127.0.0.1", "127.0.*", 1)).expect("written");
    assert_eq!(said(&mut Ssh::new(target.clone()), "echo in"), "in\n", "a pattern");
    std::fs::write(&file, &lab_hosts).expect("written");
    assert!(
        process::command("ssh-keygen")
            .args(["-q", "-H", "-f"])
            .arg(&file)
            .stderr(Stdio::null())
            .status()
            .expect("runs")
            .success()
    );
    assert!(std::fs::read_to_string(&file).expect("read").starts_with("|1|"));
    assert_eq!(said(&mut Ssh::new(target), "echo in"), "in\n", "hashed names");
}

#[test]
fn a_wrong_key_says_what_was_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("stranger");
    keygen(&key, &["-t", "ed25519", "-N", ""]);
    let text = refusal(SshTarget { key_path: Some(key.clone()), ..lab_target() }).to_string();
    assert!(
        text.contains(&format!("tried {}; the host accepts publickey", key.display())),
        "{text}"
    );
    let text = refusal(SshTarget { key_path: Some(folder.path().join("missing")), ..lab_target() })
        .to_string();
    assert!(
        text.contains("missing was left out: No such file") && text.contains("no key was offered"),
        "{text}"
    );
}

#[test]
fn passphrases() {
    let target = |word: Option<String>| SshTarget {
        key_path: Some(lab().get("RL_LAB_KEY2").into()),
        passphrase: word.map(Secret::new),
        ..lab_target()
    };
    assert_eq!(
        said(&mut Ssh::new(target(Some(lab().get("RL_LAB_KEY2_PASSPHRASE")))), "echo in"),
        "in\n"
    );
    for word in [None, Some(String::new()), Some("wrong".to_owned())] {
        let error = refusal(target(word.clone()));
        assert!(
            matches!(&error, RemoteError::Passphrase { key } if *key == lab().get("RL_LAB_KEY2")),
            "{word:?}: {error}"
        );
    }
}

#[test]
fn keys_of_every_kind_and_certificates() {
    let sshd = Sshd::start("");
    let mut authorized = String::new();
    for (name, arguments) in [
        ("rsa", &["-t", "rsa", "-b", "2048", "-N", ""][..]),
        ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]),
        ("pem-locked", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "words"]),
        ("ecdsa", &["-t", "ecdsa", "-N", ""]),
        ("locked", &["-t", "ecdsa", "-N", "words"]),
        ("signed", &["-t", "ed25519", "-N", ""]),
        ("signed-rsa", &["-t", "rsa", "-b", "2048", "-N", ""]),
    ] {
        keygen(&sshd.path(name), arguments);
        if name.starts_with("signed") {
            let mut sign = process::command("ssh-keygen");
            sign.args(["-q", "-I", "test", "-n", &lab().get("RL_LAB_USER"), "-s"])
                .arg(sshd.path("ca"));
            assert!(
                sign.arg(sshd.path(name).with_extension("pub")).status().expect("runs").success()
            );
        } else {
            authorized += &(public(&sshd.path(name)) + "\n");
        }
    }
    std::fs::write(sshd.path("keys"), authorized).expect("written");
    for name in ["rsa", "pem", "pem-locked", "ecdsa", "locked", "signed", "signed-rsa"] {
        let passphrase = name.contains("locked").then(|| Secret::new("words"));
        let reply =
            Ssh::new(SshTarget { key_path: Some(sshd.path(name)), passphrase, ..sshd.target() })
                .run(script("echo in"), limits(600));
        assert!(reply.is_ok(), "{name}: {reply:?}");
    }
    let error = refusal(SshTarget {
        key_path: Some(sshd.path("pem-locked")),
        passphrase: Some(Secret::new("wrong")),
        ..sshd.target()
    });
    assert!(matches!(error, RemoteError::Passphrase { .. }), "{error}");
}

/// The agent is found through the environment, which a test cannot change for itself.
fn with_agent(parent: &str, inside: &str, socket: &Path) {
    let name = format!("{}::{parent}", module_path!().split_once("::").expect("inside a crate").1);
    let mut command = process::command(std::env::current_exe().expect("this program"));
    let run = command
        .args([name.as_str(), "--exact", "--nocapture"])
        .env("SSH_AUTH_SOCK", socket)
        .env("RL_INSIDE", inside)
        .output()
        .expect("runs");
    let text =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
}

/// Whether this process was started by [`with_agent`]: then its part is done.
fn did_the_inside() -> bool {
    match std::env::var("RL_INSIDE").as_deref() {
        Ok("opens_a_locked_key") => inside_the_agent_opens_a_locked_key(),
        Ok("only_strangers") => inside_only_strangers_in_the_agent(),
        Ok("hangs") => inside_an_agent_that_hangs(),
        _ => return false,
    }
    true
}

#[test]
fn a_key_of_the_agent_opens_the_door() {
    if did_the_inside() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let mut agent = ssh_agent(&socket);
    for number in 0..7 {
        keygen(
            &folder.path().join(format!("other{number}")),
            &["-t", "ed25519", "-N", "", "-C", "stranger"],
        );
    }
    let add = |path: &Path| {
        process::command("ssh-add")
            .arg("-q")
            .arg(path)
            .env("SSH_AUTH_SOCK", &socket)
            .status()
            .expect("ssh-add runs")
    };
    let result = std::panic::catch_unwind(|| {
        let opened = folder.path().join("opened");
        std::fs::copy(lab().get("RL_LAB_KEY2"), &opened).expect("copied");
        let passphrase = lab().get("RL_LAB_KEY2_PASSPHRASE");
        let mut open = process::command("ssh-keygen");
        assert!(
            open.args(["-q", "-p", "-N", "", "-P", &passphrase, "-f"])
                .arg(&opened)
                .stdout(Stdio::null())
                .status()
                .expect("runs")
                .success()
        );
        for number in 0..7 {
            assert!(add(&folder.path().join(format!("other{number}"))).success());
        }
        with_agent("a_key_of_the_agent_opens_the_door", "only_strangers", &socket);
        assert!(add(&opened).success());
        with_agent("a_key_of_the_agent_opens_the_door", "opens_a_locked_key", &socket);
    });
    let _ = agent.kill();
    let _ = agent.wait();
    result.expect("the tests inside pass");
}

fn inside_the_agent_opens_a_locked_key() {
    // The agent's eighth key, but it belongs to the key file, which has no passphrase here.
    let target =
        SshTarget { agent: true, key_path: Some(lab().get("RL_LAB_KEY2").into()), ..lab_target() };
    assert_eq!(said(&mut Ssh::new(target), "echo in"), "in\n");
    // Its public part says which of the agent's keys is meant.
    let public = format!("{}.pub", lab().get("RL_LAB_KEY2"));
    let target = SshTarget { agent: true, key_path: Some(public.into()), ..lab_target() };
    assert_eq!(said(&mut Ssh::new(target), "echo in"), "in\n");
}

fn inside_only_strangers_in_the_agent() {
    let target = SshTarget { agent: true, ..lab_target() };
    assert_eq!(said(&mut Ssh::new(target.clone()), "echo in"), "in\n", "a named key goes first");
    let text = refusal(SshTarget { key_path: Some("/nonexistent".into()), ..target }).to_string();
    assert!(
        text.contains("the agent's key stranger (ssh-ed25519)")
            && text.contains("2 more keys of the agent were not tried"),
        "{text}"
    );
}

#[test]
fn an_agent_that_hangs_is_left_behind() {
    if did_the_inside() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    with_agent("an_agent_that_hangs_is_left_behind", "hangs", &socket);
}

fn inside_an_agent_that_hangs() {
    let target = SshTarget { agent: true, ..lab_target() };
    assert_eq!(said(&mut Ssh::new(target), "echo in"), "in\n");
}

#[test]
fn a_second_factor_is_named() {
    let sshd = Sshd::start("AuthenticationMethods publickey,password\nPasswordAuthentication yes");
    let text = refusal(sshd.target()).to_string();
    assert!(
        text.contains("the key is good, but the host wants a second factor")
            && text.contains("accepts password"),
        "{text}"
    );
    let sshd = Sshd::start("PubkeyAuthentication no\nPasswordAuthentication yes");
    let text = refusal(sshd.target()).to_string();
    assert!(text.contains("takes no keys") && text.contains("accepts password"), "{text}");
}

#[test]
fn a_host_that_ends_the_login_is_named() {
    let sshd = Sshd::start("MaxAuthTries 1");
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("stranger");
    keygen(&key, &["-t", "ed25519", "-N", ""]);
    let text = refusal(SshTarget { key_path: Some(key), ..sshd.target() }).to_string();
    assert!(text.contains("closed the connection") && text.contains("stranger"), "{text}");
}
