//! The ssh transport against real sshd: the lab's, and private ones with other settings.

mod configured;
mod login;

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use researchloop::platform::{clock, process};
use researchloop::remote::{Limits, Payload, Remote as _, RemoteError, Script, Ssh, SshTarget};

use crate::harness::{lab, wait_until};

fn lab_target() -> SshTarget {
    SshTarget {
        host: "127.0.0.1".to_owned(),
        port: lab().get("RL_LAB_SSH_PORT").parse().ok(),
        user: Some(lab().get("RL_LAB_USER")),
        key_path: Some(lab().get("RL_LAB_KEY").into()),
        known_hosts: Some(lab().get("RL_LAB_KNOWN_HOSTS").into()),
        connect_timeout: Duration::from_secs(60),
        agent: false,
        ..SshTarget::default()
    }
}

fn script(text: &'static str) -> Script {
    let mut script = Script::new();
    script.section("it", text);
    script
}

fn limits(seconds: u64) -> Limits {
    Limits { deadline: Duration::from_secs(seconds), ..Limits::default() }
}

/// Runs one section and returns what it printed.
fn said(ssh: &mut Ssh, text: &'static str) -> String {
    let reply = ssh.run(script(text), limits(600)).expect("an answer");
    reply.section("it").expect("there").text().into_owned()
}

fn refusal(target: SshTarget) -> RemoteError {
    Ssh::new(target).run(script("echo no"), limits(600)).expect_err("refused")
}

/// The process of sshd that serves this connection.
const SERVER: &str = "echo $PPID";

fn signal(name: &str, pid: &str) {
    assert!(
        process::command("kill").args([name, pid.trim()]).status().expect("kill runs").success()
    );
}

fn keygen(file: &Path, arguments: &[&str]) {
    let made = process::command("ssh-keygen")
        .args(["-q", "-f"])
        .arg(file)
        .args(arguments)
        .status()
        .expect("ssh-keygen runs");
    assert!(made.success());
}

/// Starts an agent that listens there. The socket is there before it does.
fn ssh_agent(socket: &Path) -> Child {
    let agent = process::command("ssh-agent")
        .args(["-D", "-a"])
        .arg(socket)
        .stdout(Stdio::null())
        .spawn()
        .expect("ssh-agent starts");
    wait_until("the agent answers", 120, || UnixStream::connect(socket).is_ok());
    agent
}

/// The type and the key of a `.pub` file.
fn public(file: &Path) -> String {
    let text = std::fs::read_to_string(file.with_extension("pub")).expect("a .pub file");
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// An sshd of our own, which ends with this value.
struct Sshd {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Sshd {
    fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .expect("readable");
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host"), &["-t", "ed25519", "-N", ""]);
        keygen(&path("ca"), &["-t", "ed25519", "-N", ""]);
        std::fs::write(path("keys"), public(&PathBuf::from(lab().get("RL_LAB_KEY"))) + "\n")
            .expect("written");
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let shown = folder.path().display();
        let text = format!(
            "{settings}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\nAuthorizedKeysFile {shown}/keys\n\
             TrustedUserCAKeys {shown}/ca.pub\nStrictModes no\nUsePAM no\nUseDNS no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        );
        std::fs::write(path("config"), text).expect("written");
        let known = format!("[127.0.0.1]:{port} {}\n", public(&path("host")));
        std::fs::write(path("known_hosts"), known).expect("written");
        let mut command = process::command("/usr/sbin/sshd");
        command
            .args(["-D", "-e", "-f"])
            .arg(path("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("sshd starts");
        let sshd = Self { child, port, folder };
        let end = clock::instant() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(clock::instant() < end, "sshd does not listen");
            clock::pause(Duration::from_millis(20));
        }
        sshd
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn target(&self) -> SshTarget {
        SshTarget {
            port: Some(self.port),
            known_hosts: Some(self.path("known_hosts")),
            ..lab_target()
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_login_shell_gets_files_and_values_exactly() {
    let _lab = super::support::calm();
    for user in ["RL_LAB_USER", "RL_LAB_USER_NOISY", "RL_LAB_USER_TCSH"] {
        let user = lab().get(user);
        let mut ssh = Ssh::new(SshTarget { user: Some(user.clone()), ..lab_target() });
        for _ in 0..3 {
            let mut script = Script::new();
            script.set("A", "it's $HOME `id` \"q\" \\ \n!x");
            script.section("value", r#"printf %s "$A""#);
            let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
            script.section_with_input("sum", Payload::Bytes(bytes), "cksum");
            script.section_with_input("unread", Payload::Bytes(vec![b'x'; 100_000]), "exit 3");
            script.section("who", "id -un; cat; echo $0 | grep -c nothing >&2; exit 7");
            let reply = ssh.run(script, limits(600)).expect("an answer");
            assert_eq!(
                reply.section("value").expect("there").text(),
                "it's $HOME `id` \"q\" \\ \n!x"
            );
            assert_eq!(reply.section("sum").expect("there").text().trim(), "1700571226 300000");
            assert_eq!(reply.section("unread").map(|s| s.status), Some(3));
            let who = reply.section("who").expect("there");
            assert_eq!((who.text().as_ref(), who.status), (format!("{user}\n\n0\n").as_str(), 7));
        }
        assert_eq!(ssh.place(), format!("{user}@127.0.0.1:{}", lab().get("RL_LAB_SSH_PORT")));
    }
}

#[test]
fn many_connections_at_once() {
    // A library that was built without threads would crash here.
    let connections = (0..8).map(|number| {
        std::thread::spawn(move || {
            for _ in 0..3 {
                let mut ssh = Ssh::new(lab_target());
                let mut script = Script::new();
                script.section_with_input("it", Payload::Bytes(vec![number; 500_000]), "wc -c");
                assert_eq!(
                    ssh.run(script, limits(600))
                        .expect("an answer")
                        .section("it")
                        .expect("there")
                        .text(),
                    "500000\n"
                );
            }
        })
    });
    for connection in connections.collect::<Vec<_>>() {
        connection.join().expect("no panic");
    }
}

#[test]
fn requests_share_one_connection() {
    let mut ssh = Ssh::new(lab_target());
    assert_eq!(said(&mut ssh, SERVER), said(&mut ssh, SERVER));
}

#[test]
fn twenty_megabytes_there_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("big");
    let bytes: Vec<u8> =
        (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&path, &bytes).expect("written");
    let usual = lab_target();
    // This one changes its keys after every megabyte.
    let sshd = Sshd::start("RekeyLimit 1M");
    for target in [usual, sshd.target()] {
        let mut ssh = Ssh::new(target);
        said(&mut ssh, "echo warm");
        let before = clock::instant();
        let mut up = Script::new();
        up.section_with_input(
            "up",
            Payload::File { path: path.clone(), len: bytes.len() as u64 },
            "f=$(mktemp) && cat >\"$f\" && echo \"$f\"",
        );
        let reply = ssh.run(up, limits(600)).expect("an answer");
        let up_time = clock::instant() - before;
        let name = reply.section("up").expect("there").text().trim().to_owned();
        let before = clock::instant();
        let mut down = Script::new();
        down.set("F", &name);
        down.section("down", "cat \"$F\"; rm -f \"$F\"");
        let reply = ssh.run(down, limits(600)).expect("an answer");
        println!("20 MB up {up_time:?}, down {:?}", clock::instant() - before);
        assert!(reply.section("down").expect("there").output == bytes, "the bytes are the same");
    }
}

#[test]
fn much_output_before_the_input_is_read() {
    let mut script = Script::new();
    script.section(
        "much",
        "head -c 8000000 /dev/zero; sleep 1; echo what stands beside the answer >&2",
    );
    script.section_with_input(
        "input",
        Payload::Bytes(vec![7; 8_000_000]),
        "sleep 1; head -c 6000000 /dev/zero; wc -c",
    );
    let reply = Ssh::new(lab_target()).run(script, limits(600)).expect("an answer");
    assert_eq!(reply.section("much").expect("there").output.len(), 8_000_000);
    assert!(reply.section("input").expect("there").output.ends_with(b"8000000\n"));
}

#[test]
fn a_deadline_ends_the_request_and_the_next_one_works() {
    let mut ssh = Ssh::new(lab_target());
    said(&mut ssh, "echo warm");
    let before = clock::instant();
    let error = ssh.run(script("sleep 300"), limits(1)).expect_err("too late");
    let time = clock::instant() - before;
    assert!(matches!(error, RemoteError::Timeout { .. }) && error.may_have_run(), "{error}");
    assert!(time < Duration::from_secs(200), "{time:?}");
    assert_eq!(said(&mut ssh, "echo again"), "again\n");
}

#[test]
fn a_connection_that_was_ended_between_requests_is_opened_again() {
    let mut ssh = Ssh::new(lab_target());
    for _ in 0..2 {
        let server = said(&mut ssh, SERVER);
        signal("-KILL", &server);
        assert_ne!(said(&mut ssh, SERVER), server);
    }
}

#[test]
fn a_connection_that_froze_between_requests_is_opened_again() {
    let mut ssh = Ssh::new(SshTarget { connect_timeout: Duration::from_secs(10), ..lab_target() });
    let server = said(&mut ssh, SERVER);
    signal("-STOP", &server);
    assert_ne!(said(&mut ssh, SERVER), server);
    signal("-KILL", &server);
}

#[test]
fn a_request_that_was_cut_off_is_not_sent_again() {
    let mut ssh = Ssh::new(lab_target());
    let file = said(&mut ssh, "mktemp").trim().to_owned();
    let mut script = Script::new();
    script.set("F", &file);
    script.section(
        "it",
        "echo once >>\"$F\"; echo oh dear; kill -KILL $PPID; sleep 5; echo late >>\"$F\"",
    );
    let error = ssh.run(script, limits(600)).expect_err("cut off");
    assert!(matches!(error, RemoteError::Cut { .. }) && error.may_have_run(), "{error}");
    let mut script = Script::new();
    script.set("F", &file);
    script.section("it", "cat \"$F\"; rm -f \"$F\"");
    assert_eq!(
        ssh.run(script, limits(600)).expect("an answer").section("it").expect("there").text(),
        "once\n"
    );
}

#[test]
fn a_shell_that_was_killed_is_no_answer() {
    let mut script = Script::new();
    script.plain("echo last words >&2; kill -KILL $$");
    let error = Ssh::new(lab_target()).run(script, limits(600)).expect_err("killed");
    let text = error.to_string();
    assert!(
        matches!(error, RemoteError::Cut { .. })
            && text.contains("signal KILL")
            && text.contains("last words"),
        "{text}"
    );
}

#[test]
fn a_host_without_a_shell_says_why() {
    let sshd = Sshd::start("ForceCommand echo 'This account is currently not available.'; exit 1");
    let mut ssh = Ssh::new(sshd.target());
    for _ in 0..2 {
        let error = ssh.run(script("echo no"), limits(600)).expect_err("no shell");
        assert!(
            matches!(&error, RemoteError::Shell { problem, .. } if problem.contains("status 1") && problem.contains("not available")),
            "{error}"
        );
        assert!(!error.may_have_run());
    }
}

#[test]
fn too_much_output_is_refused() {
    let mut ssh = Ssh::new(lab_target());
    let error =
        ssh.run(script("yes"), Limits { max_bytes: 100_000, ..limits(600) }).expect_err("too much");
    assert!(matches!(error, RemoteError::TooLarge { max_bytes: 100_000, .. }), "{error}");
    assert_eq!(said(&mut ssh, "echo again"), "again\n");
}

#[test]
fn something_left_behind_does_not_hold_us_up() {
    let mut ssh = Ssh::new(lab_target());
    said(&mut ssh, "echo warm");
    let before = clock::instant();
    let mut script = Script::new();
    script.plain("sleep 200 &");
    script.section("it", "echo done");
    assert!(ssh.run(script, limits(600)).is_ok());
    assert!(clock::instant() - before < Duration::from_secs(120));
    assert_eq!(said(&mut ssh, "echo again"), "again\n");
}

/// The error, and how long it took.
fn timed(target: SshTarget) -> (RemoteError, Duration) {
    let before: Instant = clock::instant();
    let error = refusal(target);
    (error, clock::instant() - before)
}

#[test]
fn a_peer_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().ok().map(|address| address.port());
    let (error, time) =
        timed(SshTarget { port, connect_timeout: Duration::from_secs(1), ..lab_target() });
    assert!(
        matches!(error, RemoteError::Unreachable { .. })
            && error.to_string().contains("no answer within 1 s"),
        "{error}"
    );
    assert!(time < Duration::from_secs(120), "{time:?}");
    drop(listener);
    let (error, _) = timed(SshTarget { port, ..lab_target() });
    assert!(error.to_string().contains("refused"), "{error}");
    let (error, _) = timed(SshTarget { host: "no-such-host.invalid".to_owned(), ..lab_target() });
    assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
}

#[test]
fn a_host_that_freezes_while_it_works_is_given_up_in_time() {
    let mut ssh = Ssh::new(lab_target());
    let server = said(&mut ssh, SERVER);
    let before = clock::instant();
    let mut script = Script::new();
    script.section_with_input(
        "it",
        Payload::Bytes(vec![0; 30_000_000]),
        "kill -STOP $PPID; cat >/dev/null",
    );
    let error = ssh.run(script, limits(20)).expect_err("frozen");
    let time = clock::instant() - before;
    signal("-KILL", &server);
    assert!(matches!(error, RemoteError::Timeout { .. }), "{error}");
    assert!(time < Duration::from_secs(120), "{time:?}");
}

#[test]
fn too_many_logins_at_once_are_named() {
    let sshd = Sshd::start("MaxStartups 1:100:1");
    // Somebody who is greeted, and then says nothing.
    let end = clock::instant() + Duration::from_secs(120);
    let _waiting = loop {
        let mut stream = TcpStream::connect(("127.0.0.1", sshd.port)).expect("connected");
        let mut greeting = [0; 4];
        if stream.read_exact(&mut greeting).is_ok() && &greeting == b"SSH-" {
            break stream;
        }
        assert!(clock::instant() < end, "nobody is greeted");
        clock::pause(Duration::from_millis(20));
    };
    let error = refusal(sshd.target());
    assert!(
        matches!(error, RemoteError::Unreachable { .. })
            && error.to_string().contains("too many logins at once"),
        "{error}"
    );
}

#[test]
fn a_host_with_one_session_per_connection_is_enough() {
    let sshd = Sshd::start("MaxSessions 1");
    let mut ssh = Ssh::new(sshd.target());
    let server = said(&mut ssh, SERVER);
    for _ in 0..20 {
        assert_eq!(said(&mut ssh, SERVER), server);
    }
    let none = Sshd::start("MaxSessions 0");
    let error = refusal(none.target());
    assert!(
        matches!(error, RemoteError::Unreachable { .. })
            && error.to_string().contains("MaxSessions"),
        "{error}"
    );
}
