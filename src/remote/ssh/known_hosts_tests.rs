//! Tests of how known_hosts files are understood, against lines that ssh-keygen wrote.

use std::os::unix::fs::PermissionsExt as _;

use super::super::connect::hashed_name;
use super::*;

// Keys and fingerprints of ssh-keygen.
const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHbm2estv8eYB3AUQvOV/Vdj4XtyT2C9gowCYxSLIZY";
const A_PRINT: &str = "SHA256:8hv/ye+NjxUwqTaurRgxLdjl12VsFyjNM9xxcS3f/NM";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoXRABMsEUuwZRbaIMpitQNPy5RU/toMigoovcpsu4m";
const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQChbc9S5wBQ/lYMt25RxX7tLO3/MgzxV1ts4Ta89IfP7TMZxieqNHmAYDOWDOE+Sl3XUSQDpIE/7WTbxOBITllra/YtkGNgrSbJXKtNOTZp/2Set5PmfnAqFUac9ZTJmA/ZCj2QgHHWHup31IccNAUZQxzZDzOwEgrm06+U94Wpt/cu1FwZbosNUd/Mvxbd149KNtZAmT70mIzXGntMpGgrnzIGW29bhHtegVC7p8hhiRdugzJdZGSzfDGsBZyJlkaG3mcPR4iiCQQADBu3+PddP+jsa2/4OsniuehKbTwoWxtD/1d44UA9rXL4upC27/CDbMCperhwOrvi2Twkv+7f";
// `ssh-keygen -H` of "host.example.org" and "[host.example.org]:2222".
const HASHED: &str = "|1|WhkZQL7pnzRfR/cPf57Cq/y+v0c=|toCz13Opvj07ajiKWX3/fdgKpA8=";
const HASHED_2222: &str = "|1|MNj6CjkdSl8ZLijQPvVlK7KYx4U=|d8FaO42c1q+5F9Wj9090yH8H95k=";

fn blob(line: &str) -> Vec<u8> {
    STANDARD.decode(line.split(' ').nth(1).expect("two words")).expect("base64")
}

fn known(text: &str, host: &str, port: u16) -> KnownHosts {
    let session = ssh2::Session::new().expect("a session without a connection");
    let mut known = KnownHosts::default();
    known.add(text, "kh", &HostNames::new(host, port, None), &|pattern, name| {
        hashed_name(&session, pattern, name)
    });
    known
}

fn judge(text: &str, host: &str, port: u16, key: &str) -> Verdict {
    known(text, host, port).judge(&blob(key))
}

#[test]
fn the_fingerprint_is_the_one_that_ssh_shows() {
    let key =
        HostKey::new(&blob(A), &HostNames::new("Login.Example.org", 22, None)).expect("a key");
    assert_eq!(key.fingerprint, A_PRINT);
    assert_eq!(key.line_for_known_hosts, format!("login.example.org {A}"));
    let key = HostKey::new(&blob(RSA), &HostNames::new("h", 2222, None)).expect("a key");
    assert_eq!(
        (key.key_type.as_str(), key.line_for_known_hosts),
        ("ssh-rsa", format!("[h]:2222 {RSA}"))
    );
    assert_eq!(HostKey::new(b"\0\0\0\x09junk", &HostNames::new("h", 22, None)), None);
}

#[test]
fn plain_lines_comments_and_several_keys_of_one_host() {
    let text = format!(
        "# h {B}\n\n  h,10.0.0.1\t{RSA} a comment\r\nH {A}\nother {B}\nbroken\nh ssh-ed25519\n"
    );
    assert_eq!(judge(&text, "h", 22, A), Verdict::Known);
    assert_eq!(judge(&text, "10.0.0.1", 22, RSA), Verdict::Known);
    assert_eq!(judge(&text, "h", 22, B), Verdict::Refused("kh:3".to_owned()));
    assert_eq!(judge(&text, "x", 22, A), Verdict::Unknown);
    assert_eq!(known(&text, "h", 22).key_types(), ["ssh-rsa", "ssh-ed25519"]);
}

#[test]
fn a_key_of_another_type_than_the_known_one_is_refused() {
    assert_eq!(judge(&format!("h {RSA}\n"), "h", 22, A), Verdict::Refused("kh:1".to_owned()));
}

#[test]
fn ports_have_entries_of_their_own() {
    let text = format!("h {A}\n[h]:2222 {B}\n");
    assert_eq!(judge(&text, "h", 22, A), Verdict::Known);
    assert_eq!(judge(&text, "h", 22, B), Verdict::Refused("kh:1".to_owned()));
    assert_eq!(judge(&text, "h", 2222, B), Verdict::Known);
    assert_eq!(
        judge(&text, "h", 2222, A),
        Verdict::Refused("kh:2".to_owned()),
        "the entry with the port counts alone"
    );
    assert_eq!(judge(&text, "h", 2200, A), Verdict::Known, "the same key on another port");
    assert_eq!(
        judge(&text, "h", 2200, B),
        Verdict::Unknown,
        "another key on another port is no alarm"
    );
}

#[test]
fn patterns_and_exceptions() {
    let text = format!("*.example.org,!bad.example.org,login? {A}\n[*.example.org]:2222 {B}\n");
    for (host, port, verdict) in [
        ("a.example.org", 22, Verdict::Known),
        ("A.B.EXAMPLE.ORG", 22, Verdict::Known),
        ("bad.example.org", 22, Verdict::Unknown),
        ("example.org", 22, Verdict::Unknown),
        ("login1", 22, Verdict::Known),
        ("login12", 22, Verdict::Unknown),
        ("a.example.org", 2222, Verdict::Refused("kh:2".to_owned())),
    ] {
        assert_eq!(judge(&text, host, port, A), verdict, "{host}:{port}");
    }
    assert_eq!(judge(&format!("*,!h {A}\n"), "h", 22, A), Verdict::Unknown);
}

#[test]
fn a_pattern_made_to_take_for_ever_does_not() {
    let pattern = "*a".repeat(200);
    assert!(!matches_pattern(&pattern, &"a".repeat(150)));
    assert!(matches_pattern(&pattern, &"a".repeat(250)));
}

#[test]
fn a_revoked_key_is_refused_even_if_it_is_known_too() {
    for revoked in
        [format!("@revoked * {A}\n"), format!("@revoked h {A}\n"), format!("@revoked\th {A} old\n")]
    {
        for port in [22, 2222] {
            let text = format!("h {A}\n[h]:2222 {A}\n{revoked}");
            assert_eq!(
                judge(&text, "h", port, A),
                Verdict::Revoked("kh:3".to_owned()),
                "{revoked}"
            );
        }
    }
    let text = format!("@revoked h {B}\nh {A}\n");
    assert_eq!(judge(&text, "h", 22, A), Verdict::Known);
    assert_eq!(known(&text, "h", 22).key_types(), ["ssh-ed25519"]);
    assert_eq!(
        judge(&format!("@revoked h {B}\n"), "h", 22, A),
        Verdict::Unknown,
        "a revoked key says nothing about others"
    );
}

#[test]
fn an_authority_is_no_host() {
    assert_eq!(
        judge(&format!("@cert-authority * {A}\n@new-marker h {A}\n"), "h", 22, A),
        Verdict::Unknown
    );
}

#[test]
fn hashed_names() {
    let text = format!("{HASHED} {A}\n{HASHED_2222} {B}\n");
    assert_eq!(judge(&text, "host.example.org", 22, A), Verdict::Known);
    assert_eq!(judge(&text, "Host.Example.org", 22, B), Verdict::Refused("kh:1".to_owned()));
    assert_eq!(judge(&text, "host.example.org", 2222, B), Verdict::Known);
    assert_eq!(judge(&text, "other.example.org", 22, A), Verdict::Unknown);
    assert_eq!(
        judge(&format!("@revoked {HASHED} {A}\n"), "host.example.org", 22, A),
        Verdict::Revoked("kh:1".to_owned())
    );
    for broken in ["|", "|1|", "|1|x", "|1||", "|1|AAAA|", "|2|AAAA|AAAA", "|1|AAAA|AAAA|AAAA"] {
        assert_eq!(
            judge(&format!("{broken} {A}\n"), "host.example.org", 22, A),
            Verdict::Unknown,
            "{broken}"
        );
    }
}

#[test]
fn an_alias_stands_for_host_and_port() {
    let mut hosts = KnownHosts::default();
    hosts.add(
        &format!("pool {A}\nh {B}\n"),
        "kh",
        &HostNames::new("h", 2222, Some("Pool")),
        &|_, _| false,
    );
    assert_eq!(hosts.judge(&blob(A)), Verdict::Known);
    assert_eq!(hosts.judge(&blob(B)), Verdict::Refused("kh:1".to_owned()));
}

#[test]
fn a_line_whose_type_is_not_its_key_does_not_count() {
    let lie = format!("h {}\n", A.replace("ssh-ed25519", "ssh-rsa"));
    assert_eq!(judge(&lie, "h", 22, A), Verdict::Unknown);
    assert_eq!(
        judge("h ssh-ed25519 AAAA\nh ssh-ed25519 ====\nh ssh-ed25519 /////w==\n", "h", 22, A),
        Verdict::Unknown
    );
}

#[test]
fn several_files_count_together_and_missing_ones_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<_> =
        ["one", "two", "missing"].iter().map(|name| folder.path().join(name)).collect();
    std::fs::write(&files[0], format!("h {A}\n\u{fffd}\n")).expect("written");
    std::fs::write(
        &files[1],
        [b"\xff\xfe junk\n".to_vec(), format!("h {B}\n").into_bytes()].concat(),
    )
    .expect("written");
    let names = HostNames::new("h", 22, None);
    let hosts = KnownHosts::load(&files, &names, &|_, _| false);
    assert_eq!((hosts.judge(&blob(A)), hosts.judge(&blob(B))), (Verdict::Known, Verdict::Known));
    let Verdict::Refused(place) = hosts.judge(&blob(RSA)) else { panic!("refused") };
    assert_eq!(place, format!("{}:1", files[0].display()));
}

#[test]
fn a_line_is_added_once_and_only_for_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(".ssh/known_hosts");
    let key = HostKey::new(&blob(A), &HostNames::new("h", 2222, None)).expect("a key");
    add_known_host(&file, &key).expect("added");
    add_known_host(&file, &key).expect("nothing to add");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), format!("[h]:2222 {A}\n"));
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    std::fs::write(&file, "other line without end").expect("written");
    add_known_host(&file, &key).expect("added");
    assert_eq!(
        std::fs::read_to_string(&file).expect("read"),
        format!("other line without end\n[h]:2222 {A}\n")
    );
    assert_eq!(
        KnownHosts::load(&[file], &HostNames::new("h", 2222, None), &|_, _| false).judge(&blob(A)),
        Verdict::Known
    );
}
