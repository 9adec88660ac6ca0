//! What this program makes on this machine is for its user alone, whatever the umask is; and a database
//! that cannot be written can be read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{SmallDisk, playing, text};
use crate::harness::{Project, program};

/// Everything below a folder that somebody else could read or write.
fn open_to_others(folder: &Path) -> Vec<String> {
    let found = Command::new("find")
        .arg(folder)
        .args(["-mindepth", "1", "!", "-type", "l", "-perm", "/077", "-printf", "%m %P\n"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

/// Runs the program with no umask at all.
fn unmasked(project: &Project, arguments: &[&str]) -> crate::harness::Output {
    let mut command = project.command(Path::new("/bin/sh"));
    command.args(["-c", "umask 000; exec \"$@\"", "sh"]).arg(program()).args(arguments);
    Project::output(command)
}

#[test]
fn a_project_is_private_without_a_umask() {
    let project = Project::empty();
    unmasked(&project, &["init", "--path", "new"]).success();
    assert_eq!(open_to_others(&project.path("new")), Vec::<String>::new());
    let mode =
        |name: &str| std::fs::metadata(project.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("new/researchloop.toml"), mode("new/artifacts")), (0o600, 0o700));
    unmasked(&project, &["-c", "new/researchloop.toml", "study", "init", "other"]).success();
    unmasked(&project, &["-c", "new/researchloop.toml", "tick", "--log", "new/logs/tick.log"])
        .success();
    unmasked(&project, &["-c", "new/researchloop.toml", "sprint", "list"]).success();
    assert_eq!(open_to_others(&project.path("new")), Vec::<String>::new());
}

#[test]
fn database_results_and_the_sprints_folder_are_private_without_a_umask() {
    let project = playing("", "");
    let run =
        unmasked(&project, &["--json", "sprint", "run", "an idea", "-s", "s", "--rounds", "0"])
            .success();
    let id = run.json()["sprint_id"].as_str().unwrap().to_owned();
    crate::harness::wait_until("it is over", 60, || {
        let _ = unmasked(&project, &["tick"]);
        text(&project.show(&id), "status") == "completed"
    });
    // While somebody has it open, its log and the index of it are there.
    let open = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    let _: i64 = open.query_row("SELECT count(*) FROM sprints", [], |row| row.get(0)).unwrap();
    unmasked(&project, &["sprint", "fetch", &id, "--all"]).success();
    assert!(project.path("researchloop.db-wal").exists());
    for name in ["artifacts", "cluster"] {
        assert_eq!(open_to_others(&project.path(name)), Vec::<String>::new());
    }
    for name in ["artifacts", "researchloop.db", "researchloop.db-wal", "researchloop.db-shm"] {
        assert_eq!(
            std::fs::metadata(project.path(name)).unwrap().permissions().mode() & 0o077,
            0,
            "{name}"
        );
    }
}

#[test]
fn a_configuration_with_secrets_that_others_may_read_is_told_of() {
    let project = playing("", "");
    let file = project.path("researchloop.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        config.replace("environment = { ", "environment = { WANDB_API_KEY = \"0123456789\", "),
    )
    .unwrap();
    for (mode, is_told) in [(0o644, true), (0o640, true), (0o600, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        for arguments in [&["config", "check"][..], &["cluster", "check", "here"]] {
            let output = project.run(arguments);
            assert_eq!(
                output.stderr.contains("can be read by other users"),
                is_told,
                "{mode:o} {arguments:?}: {output}"
            );
        }
        project.run(&["sprint", "list"]).success().never_says("can be read by other users");
    }
    // Variables without a secret.
    let plain = playing("", "");
    std::fs::set_permissions(
        plain.path("researchloop.toml"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    plain.run(&["config", "check"]).success().never_says("can be read by other users");
}

#[test]
fn a_database_on_a_read_only_file_system_is_read() {
    let project = playing("", "");
    let _disk = SmallDisk::for_database(&project, "size=8m", "a?b%20#c.db");
    let id = project.submit("an idea", &["--rounds", "0"]);
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
    let remount = |mode: &str| {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{mode}")])
            .arg(project.path("small"))
            .status()
            .unwrap();
        assert!(status.success());
    };
    remount("ro");
    for arguments in [
        &["sprint", "list"][..],
        &["sprint", "show", &id],
        &["sprint", "log", &id],
        &["status"],
        &["task", "list"],
        &["findings"],
        &["leaderboard"],
        &["inbox"],
        &["loop", "list"],
        &["study", "list"],
        &["config", "check"],
    ] {
        let output = project.run(arguments);
        assert!(
            matches!(output.code, 0 | 2) && !output.stderr.contains("database"),
            "{arguments:?}: {output}"
        );
    }
    project.run(&["sprint", "list"]).success().says("an idea");
    let refused = project.run(&["sprint", "run", "another idea", "-s", "s"]).code(1);
    assert!(
        refused.stderr.contains("cannot be written")
            && refused.stderr.contains("can be read all the same"),
        "{refused}"
    );
    remount("rw");
    project.submit("another idea, quite different", &["--rounds", "0"]);
}

#[test]
fn a_full_disk_is_told_without_a_word_that_nothing_was_changed() {
    let project = playing("*:exit=3", "");
    let _disk = SmallDisk::for_database(&project, "size=1m", "db");
    let _ = project.submit("one", &[]);
    let _ = std::fs::write(project.path("small/big"), vec![1; 2 << 20]);
    project
        .run(&["sprint", "run", &"long ".repeat(8000), "-s", "s"])
        .code(1)
        .says("free space")
        .never_says("nothing was changed");
}
