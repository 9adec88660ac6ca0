//! What the user's ssh configuration says, against a real sshd that takes certificates only: the real
//! `ssh -G` is asked, for a configuration of the test's.

use std::path::Path;

use researchloop::platform::process;
use researchloop::remote::SshTarget;

use super::{Sshd, keygen, refusal, said, ssh_agent};
use crate::harness::lab;
use crate::real::support::ssh_with;

/// Signs a key; the certificate gets a name of its own.
fn sign(sshd: &Sshd, key: &str, certificate: &str, valid: &str) {
    let mut command = process::command("ssh-keygen");
    command
        .args(["-q", "-I", "test", "-n", &lab().get("RL_LAB_USER"), "-V", valid, "-s"])
        .arg(sshd.path("ca"));
    assert!(
        command.arg(sshd.path(&format!("{key}.pub"))).status().expect("ssh-keygen runs").success()
    );
    std::fs::rename(sshd.path(&format!("{key}-cert.pub")), sshd.path(certificate)).expect("moved");
}

/// Repeats this test in a process of its own, in which `ssh` reads that configuration. What it tells of a
/// refused login is returned; nothing when the login works.
fn log_in(test: &str, sshd: &Sshd, settings: &str, variables: &[(&str, &Path)]) -> Option<String> {
    let bin = sshd.path("bin");
    let user = lab().get("RL_LAB_USER");
    let head = format!(
        "Host hpc\nHostName 127.0.0.1\nPort {}\nUser {user}\nUserKnownHostsFile {}\n",
        sshd.port,
        sshd.path("known_hosts").display()
    );
    ssh_with(&sshd.path(""), &(head + settings));
    let name = format!("{}::{test}", module_path!().split_once("::").expect("inside a crate").1);
    let mut command = process::command(std::env::current_exe().expect("this program"));
    command
        .args([name.as_str(), "--exact", "--nocapture"])
        .env("RL_FOLDER", sshd.path(""))
        .env_remove("SSH_AUTH_SOCK");
    command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default()));
    command.envs(variables.iter().copied());
    let run = command.output().expect("runs");
    let text =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
    text.lines().find_map(|line| line.strip_prefix("refused: ").map(str::to_owned))
}

/// The part of the process that [`log_in`] has started.
fn is_inside() -> bool {
    if std::env::var_os("RL_FOLDER").is_none() {
        return false;
    }
    let target = SshTarget { host: "hpc".to_owned(), ..SshTarget::default() };
    let mut ssh = researchloop::remote::Ssh::new(target.clone());
    let mut script = researchloop::remote::Script::new();
    script.section("it", "echo in");
    match researchloop::remote::Remote::run(&mut ssh, script, super::limits(600)) {
        Ok(_) => assert_eq!(said(&mut ssh, "echo in"), "in\n"),
        Err(_) => crate::harness::tell(&format!("\nrefused: {}", refusal(target))),
    }
    true
}

#[test]
fn certificates_of_the_ssh_configuration_are_used() {
    if is_inside() {
        return;
    }
    let sshd = Sshd::start("");
    let test = "certificates_of_the_ssh_configuration_are_used";
    let folder = sshd.path("");
    let here = folder.display();
    let certificate = format!("{}-{}.pub", lab().get("RL_LAB_USER"), sshd.port);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = format!("hpc_{kind}");
        keygen(&sshd.path(&key), &["-t", kind, "-N", ""]);
        sign(&sshd, &key, &certificate, "always:forever");
        let settings = format!(
            "IdentityFile {here}/%n_{kind}\nCertificateFile ${{RL_CERTIFICATES}}/%r-%p.pub\nIdentitiesOnly yes\n"
        );
        assert_eq!(log_in(test, &sshd, &settings, &[("RL_CERTIFICATES", &folder)]), None, "{kind}");
    }
    // A key whose file does not show its public part.
    keygen(&sshd.path("pem"), &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
    sign(&sshd, "pem", "pem-certificate", "always:forever");
    std::fs::remove_file(sshd.path("pem.pub")).expect("removed");
    assert_eq!(
        log_in(
            test,
            &sshd,
            &format!("IdentityFile {here}/pem\nCertificateFile {here}/pem-certificate\n"),
            &[]
        ),
        None
    );
    // The agent has the key, not the certificate.
    let socket = sshd.path("agent");
    let mut agent = ssh_agent(&socket);
    let added = process::command("ssh-add")
        .arg("-q")
        .arg(sshd.path("hpc_ed25519"))
        .env("SSH_AUTH_SOCK", &socket)
        .status()
        .expect("ssh-add runs");
    sign(&sshd, "hpc_ed25519", &certificate, "always:forever");
    let certified = format!("CertificateFile {here}/%r-%p.pub\nIdentityAgent {here}/agent\n");
    let both = log_in(test, &sshd, &format!("IdentityFile {here}/hpc_ed25519\n{certified}"), &[]);
    let alone =
        log_in(test, &sshd, &format!("IdentityFile {here}/hpc_ed25519.pub\n{certified}"), &[]);
    let _ = agent.kill();
    let _ = agent.wait();
    assert!(added.success());
    assert_eq!(both, None);
    assert!(
        alone.as_ref().is_some_and(|said| said.contains("its key is in the agent alone")),
        "{alone:?}"
    );
}

#[test]
fn what_is_wrong_with_a_certificate_or_a_key_is_named() {
    if is_inside() {
        return;
    }
    let sshd = Sshd::start("");
    let test = "what_is_wrong_with_a_certificate_or_a_key_is_named";
    let folder = sshd.path("");
    let here = folder.display();
    keygen(&sshd.path("k"), &["-t", "ed25519", "-N", ""]);
    keygen(&sshd.path("other"), &["-t", "ed25519", "-N", ""]);
    keygen(&sshd.path("locked"), &["-t", "ed25519", "-N", "words"]);
    sign(&sshd, "k", "expired.pub", "20240101Z:20240102Z");
    sign(&sshd, "k", "later.pub", "20900101Z:20900102Z");
    sign(&sshd, "other", "of-another.pub", "always:forever");
    std::fs::create_dir(sshd.path("folder")).expect("made");
    for (settings, words) in [
        (
            format!("IdentityFile {here}/k\nCertificateFile {here}/expired.pub\n"),
            "it expired at 2024-01-02T00:00:00Z",
        ),
        (
            format!("IdentityFile {here}/k\nCertificateFile {here}/later.pub\n"),
            "it is not valid before 2090-01-01",
        ),
        (
            format!("IdentityFile {here}/k\nCertificateFile {here}/of-another.pub\n"),
            "none of the key files is its key",
        ),
        (
            format!("IdentityFile {here}/k\nCertificateFile {here}/missing.pub\n"),
            "missing.pub was left out: No such file",
        ),
        (
            format!("IdentityFile {here}/k\nCertificateFile {here}/k.pub\n"),
            "it is not a certificate",
        ),
        (
            format!("IdentityFile {here}/k\nIdentityFile {here}/missing\n"),
            "missing was left out: No such file",
        ),
        (
            format!("IdentityFile {here}/k\nIdentityFile {here}/folder\n"),
            "folder was left out: it is a folder",
        ),
        (
            format!("IdentityFile {here}/k\nIdentityFile {here}/locked\n"),
            "locked needs a passphrase",
        ),
        (
            format!("IdentityFile {here}/k\nIdentityFile ${{RL_NOT_SET}}/x\n"),
            "the variable RL_NOT_SET is not set",
        ),
        (
            format!("IdentityFile {here}/k\nPKCS11Provider /lib/token.so\n"),
            "not used of the ssh configuration: PKCS11Provider /lib/token.so",
        ),
        ("IdentityFile none\n".to_owned(), "no key was offered"),
        (format!("IdentityFile {here}/k\nRevokedHostKeys {here}/host.pub\n"), "is revoked"),
        (format!("IdentityFile {here}/k\nRevokedHostKeys {here}/missing\n"), "RevokedHostKeys"),
        (format!("IdentityFile {here}/k\nAddressFamily inet6\n"), "no address"),
    ] {
        let told = log_in(test, &sshd, &settings, &[]);
        assert!(told.as_ref().is_some_and(|told| told.contains(words)), "{settings}: {told:?}");
    }
}
