//! Where sprints lie: folders that nodes have under another path or not at all, file systems that lack
//! what a sprint needs.

use std::process::Command;

use super::submissions::{program, slurm};
use super::text;
use crate::harness::{self, Project, sources};

fn calls(project: &Project) -> String {
    std::fs::read_to_string(project.path("calls")).unwrap_or_default()
}

#[test]
fn the_scheduler_gets_the_path_as_it_is_configured() {
    // The login node has the storage as a link to a path that no node knows.
    let project = slurm("", "");
    std::fs::create_dir(project.path("physical")).unwrap();
    std::os::unix::fs::symlink(project.path("physical"), project.path("cluster")).unwrap();
    let id = project.submit("an idea", &[]);
    let sprint = project.show(&id);
    let configured = project.path("cluster").display().to_string();
    assert!(text(&sprint, "remote_dir").starts_with(&configured), "{sprint:#}");
    assert!(
        calls(&project).contains(&format!("--chdir={}", text(&sprint, "remote_dir"))),
        "{}",
        calls(&project)
    );
    // Also after a look at a submission in doubt.
    std::fs::remove_dir_all(project.path("jobs")).unwrap();
    super::submissions::scheduler_says(&project, "sbatch", "sbatch: error: Unspecified error\n", 1);
    super::submissions::scheduler_says(&project, "named", "102\n", 0);
    let id = project.submit("another idea", &[]);
    let sprint = project.show(&id);
    assert!(
        text(&sprint, "job_id") == "102" && text(&sprint, "remote_dir").starts_with(&configured),
        "{sprint:#}"
    );
}

#[test]
fn a_machine_of_another_architecture_gets_the_runner_for_it() {
    let mut project = Project::local("");
    project.put_bin_first();
    program(&project, "uname", "case $1 in -sm) echo Linux aarch64 ;; *) echo somewhere ;; esac");
    // As `install.sh` leaves it, with a link to it from elsewhere.
    std::fs::create_dir(project.path("installed")).unwrap();
    std::fs::copy(harness::program(), project.path("installed/researchloop")).unwrap();
    std::os::unix::fs::symlink(project.path("installed/researchloop"), project.path("linked"))
        .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = project.command(project.path("linked"));
        command.args(arguments);
        Project::output(command)
    };
    let placed = || {
        let folder =
            std::fs::read_dir(project.path("cluster/.researchloop/bin")).into_iter().flatten();
        folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    for arguments in [&["cluster", "setup", "here"][..], &["run", "an idea", "-s", "s"]] {
        run(arguments)
            .code(1)
            .says("is Linux aarch64, but this program is for Linux x86_64")
            .says("`researchloop-runner-aarch64` of the release archive");
    }
    assert_eq!(placed(), Vec::<Vec<u8>>::new());
    let mut runner = vec![0; 5000];
    runner[..4].copy_from_slice(b"\x7fELF");
    runner[18] = 183;
    project.write("installed/researchloop-runner-aarch64", &runner);
    let sprint = run(&["--json", "run", "an idea", "-s", "s"]).success().json();
    assert_eq!(placed(), [runner], "{sprint:#}");
    let setup = run(&["--json", "cluster", "setup", "here"]).success().json();
    assert!(
        project.path("cluster/.researchloop/bin").join(text(&setup, "runner")).is_file(),
        "{setup:#}"
    );
    // Its jobs start that one. This is no program, so they end.
    let script = std::fs::read_to_string(
        project.remote_dir(text(&sprint, "sprint_id")).join("run_sprint.sh"),
    )
    .unwrap();
    assert!(script.contains(text(&setup, "runner")), "another runner is started");
    // What is configured wins.
    let configured = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        configured.replacen("[[cluster]]", "[[cluster]]\nrunner = \"installed/researchloop\"", 1),
    );
    run(&["cluster", "setup", "here"]).code(1).says("its `runner` is for Linux x86_64");
}

#[test]
fn a_folder_that_nodes_do_not_have_is_named() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("accounting", "101|FAILED|0:53|rlab1|0|\n");
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "runner_missing"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "error").contains("could not start the job in its directory"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "hint").contains("shared with the nodes")
            && !text(&sprint, "hint").contains("job options"),
        "{sprint:#}"
    );
}

#[test]
fn a_file_system_without_symbolic_links_is_found_before_anything_is_submitted() {
    for said in ["Function not implemented", "Operation not permitted", "Operation not supported"] {
        let project = slurm("", "");
        program(
            &project,
            "ln",
            &format!("echo \"ln: failed to create symbolic link 'x': {said}\" >&2; exit 1"),
        );
        let check = project.run(&["cluster", "check"]).code(1);
        assert!(
            check.to_string().contains("FAIL  storage")
                && check.to_string().contains("no symbolic links"),
            "{check}"
        );
        let _ = project.run(&["sprint", "run", "an idea", "-s", "s"]).code(1);
        let listed = project.run(&["--json", "sprint", "list"]).success().json()["sprints"].clone();
        let sprint = project.show(text(&listed[0], "id"));
        assert_eq!(
            (text(&sprint, "status"), text(&sprint, "reason")),
            ("failed", "submit_failed"),
            "{sprint:#}"
        );
        assert!(
            text(&sprint, "error").contains(said)
                && text(&sprint, "hint").contains("symbolic links"),
            "{sprint:#}"
        );
        assert!(!calls(&project).contains("--parsable"), "{}", calls(&project));
    }
}

#[test]
fn what_the_folder_lies_on_is_told() {
    let project = slurm("", "");
    let check = project.run(&["--json", "cluster", "check"]).json();
    let checks = check["clusters"][0]["checks"].as_array().unwrap();
    let storage = checks.iter().find(|one| one["check"] == "storage").unwrap();
    assert!(storage["ok"] == true && !text(storage, "detail").is_empty(), "{check:#}");
}

/// The program in this project, where file locks fail with this error.
fn without_locks(project: &Project, errno: i32, arguments: &[&str]) -> harness::Output {
    let nolock = project.path("nolock");
    let made = Command::new("cc")
        .arg("-o")
        .arg(&nolock)
        .arg(sources().join("tests/harness/nolock.c"))
        .status()
        .expect("a C compiler");
    assert!(made.success());
    let mut command = project.command(&nolock);
    command.arg(errno.to_string()).arg(harness::program()).args(arguments);
    Project::output(command)
}

#[test]
fn a_database_where_no_locks_work_says_so_at_once() {
    // As Lustre without `flock` has it, as NFS without lockd, and as others say it.
    for errno in [38, 37, 95, 22] {
        for is_there in [false, true] {
            let project = Project::local("");
            if is_there {
                project.run(&["sprint", "list"]).success();
            }
            let began = std::time::Instant::now();
            let said = without_locks(&project, errno, &["sprint", "list"])
                .code(1)
                .says("locks do not work")
                .says("db_path");
            let said = said.never_says("in use by another process").never_says("from a copy");
            // SQLite's own wait for a lock would be 15 s for each try.
            assert!(is_there || began.elapsed().as_secs() < 120, "{said}");
            without_locks(&project, errno, &["tick", "--watch"]).code(1).says("locks do not work");
            without_locks(&project, errno, &["config", "check"])
                .success()
                .says("locks do not work in");
            project.run(&["sprint", "list"]).success();
        }
    }
}
