//! Checks of a cluster, from answers of a login node that is not there.

use super::check::check_through;
use crate::app::App;
use crate::remote::{FakeRemote, RemoteError};
use crate::view::ClusterCheck;

fn check(mut remote: FakeRemote) -> ClusterCheck {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[[cluster]]\nname = \"hpc\"\nhost = \"login\"\nscheduler_type = \"slurm\"\nworking_dir = \"/work\"\ncommand_timeout = 60\n";
    let app = App::configured(folder.path(), text);
    check_through(&app, &app.config.clusters[0], &mut remote)
}

const GOOD: [(&str, i32, &str); 7] = [
    ("defaults", 0, ""),
    ("scheduler", 0, "slurm 24.05\n"),
    ("patience", 0, "10\n"),
    ("folder", 0, "/work\n1.5 GB free\n"),
    ("storage", 0, "type nfs\n"),
    ("agent", 0, "/usr/bin/claude\n"),
    ("head", 0, ""),
];

fn answering(sections: impl IntoIterator<Item = (&'static str, i32, &'static str)>) -> FakeRemote {
    let remote = FakeRemote::default();
    remote.answers(sections);
    remote
}

/// All is well but one section.
fn with(name: &'static str, status: i32, text: &'static str) -> ClusterCheck {
    let others = GOOD.into_iter().filter(|(known, ..)| *known != name);
    check(answering(others.chain([(name, status, text)])))
}

#[test]
fn each_thing_is_told_in_its_order() {
    let check = check(answering(GOOD));
    let told: Vec<(&str, &str)> =
        check.checks.iter().map(|check| (check.check, check.detail.as_str())).collect();
    let expected = [
        ("connection", "ada@login"),
        ("scheduler", "slurm 24.05"),
        ("working_dir", "/work\n1.5 GB free"),
        ("claude", "/usr/bin/claude"),
        ("storage", "nfs"),
    ];
    assert_eq!((check.name.as_str(), check.ok, told), ("hpc", true, expected.to_vec()));
    assert!(check.checks.iter().all(|check| check.ok && check.hint.is_none()));
}

#[test]
fn what_is_wrong_fails_the_cluster_and_has_a_hint() {
    for (section, status, text, what, hint) in [
        ("scheduler", 127, "sbatch: not found", "scheduler", "on the PATH"),
        ("scheduler", 1, "no answer", "scheduler", "does its controller answer"),
        ("scheduler", 1, "set SGE_ROOT first", "scheduler", "its commands are there"),
        ("folder", 1, "no space", "working_dir", "choose a `working_dir`"),
        ("agent", 1, "no claude", "claude", "`claude_command`"),
        ("storage", 0, "type nfs\nmodes\n", "storage", "another file system"),
        ("owner", 1, "anybody may write", "owner", "`chmod 700`"),
        ("patience", 0, "words\n200\n", "timeout", "`command_timeout = "),
        ("head", 1, "", "head", "coreutils"),
    ] {
        let check = with(section, status, text);
        let wrong: Vec<_> = check.checks.iter().filter(|check| !check.ok).collect();
        let [wrong] = wrong.as_slice() else { panic!("{section}: {wrong:?}") };
        assert_eq!((wrong.check, check.ok), (what, false), "{section}");
        let told = wrong.hint.as_deref().unwrap_or_default();
        assert!(told.contains(hint), "{section}: {told}");
    }
}

#[test]
fn what_is_usual_for_a_group_fails_nothing() {
    let check = with("owner", 9, "its group may rename what is in /");
    let owner = check.checks.last().expect("told");
    assert!(check.ok && owner.ok && owner.check == "owner" && owner.hint.is_some());
}

#[test]
fn without_a_connection_nothing_else_is_told() {
    let unknown = RemoteError::HostKeyUnknown {
        place: "ada@login".to_owned(),
        fingerprint: "SHA256:abc".to_owned(),
    };
    let remote = FakeRemote::default();
    remote.fails(unknown);
    let check = check(remote);
    let [connection] = check.checks.as_slice() else { panic!("{check:?}") };
    assert!(!check.ok && connection.check == "connection");
    assert!(connection.hint.as_deref().is_some_and(|hint| !hint.contains("NAME")), "{check:?}");
}

#[test]
fn what_a_login_node_prints_does_a_screen_no_harm() {
    let check = with("folder", 1, "\u{1b}[31mred\u{1b}[0m\u{202e}\n\n10%\r50%\r\n3\n4\n5\n6\n");
    assert_eq!(check.checks[2].detail, "red\n50%\n3\n4");
}
