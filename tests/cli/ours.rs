//! Nobody else's program is run as us: where others may write, what lies in the place of the runner, of
//! its folders or of a job's script is told, and not started.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{playing, text};
use crate::harness::{Project, wait_until};

/// Somebody else.
const STRANGER: u32 = 12_345;

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The runner that the project has placed.
fn runner(project: &Project) -> PathBuf {
    let files = std::fs::read_dir(project.path("cluster/.researchloop/bin"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files.max_by_key(|path| path.as_os_str().len()).unwrap()
}

/// A program of the runner's size in its place. It leaves a file `pwned` when somebody starts it.
fn exchange(project: &Project, runner: &Path) {
    let len = std::fs::metadata(runner).unwrap().len();
    std::fs::remove_file(runner).unwrap();
    std::fs::write(runner, format!("#!/bin/sh\ntouch '{}'\n", project.path("pwned").display()))
        .unwrap();
    std::fs::File::options().write(true).open(runner).unwrap().set_len(len).unwrap();
    set_mode(runner, 0o755);
}

fn nothing_was_run(project: &Project) {
    assert!(!project.path("pwned").exists(), "somebody else's program was run");
}

/// Ways in which somebody else can own the place of the runner.
const FOREIGN: [&str; 4] = ["file", "folders", "link to a folder", "link to a file"];

fn take_over(project: &Project, runner: &Path, how: &str) {
    let (own, bin) =
        (project.path("cluster/.researchloop"), project.path("cluster/.researchloop/bin"));
    exchange(project, runner);
    match how {
        "file" => chown(runner, Some(STRANGER), None).unwrap(),
        "folders" => [&own, &bin, &runner.to_path_buf()]
            .into_iter()
            .for_each(|path| chown(path, Some(STRANGER), None).unwrap()),
        "link to a folder" => {
            std::fs::rename(&own, project.path("theirs")).unwrap();
            symlink(project.path("theirs"), &own).unwrap();
        }
        _ => {
            let theirs = project.path("theirs-file");
            std::fs::rename(runner, &theirs).unwrap();
            chown(&theirs, Some(STRANGER), None).unwrap();
            symlink(&theirs, runner).unwrap();
        }
    }
}

#[test]
fn a_foreign_runner_is_found_by_check_and_never_started() {
    for how in FOREIGN {
        let project = playing("", "");
        project.run(&["cluster", "setup", "here"]).success();
        take_over(&project, &runner(&project), how);
        let check = project.run(&["cluster", "check", "here"]).code(1);
        assert!(
            check.stdout.contains("belongs to somebody else")
                || check.stdout.contains("is a symbolic link"),
            "{how}: {check}"
        );
        project.run(&["cluster", "setup", "here"]).code(1).says("is not used");
        let id = project.run(&["--json", "sprint", "run", "an idea", "-s", "s"]);
        assert!(id.code != 0, "{how}: {id}");
        let _ = project.run(&["tick"]);
        nothing_was_run(&project);
    }
}

#[test]
fn a_runner_that_is_taken_over_meanwhile_is_not_asked() {
    for how in FOREIGN {
        let project = playing("research:hang", "");
        let id = project.submit("wait", &["--rounds", "0"]);
        let journal = project.remote_dir(&id).join(".researchloop/run.jsonl");
        wait_until("the journal has begun", 30, || {
            std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() >= 2)
        });
        take_over(&project, &runner(&project), how);
        let tick = project.run(&["tick"]);
        assert!(tick.to_string().contains("is not used"), "{how}: {tick}");
        assert_eq!(
            text(&project.show(&id), "status"),
            "running",
            "{how}: what is not known changes nothing"
        );
        project.run(&["sprint", "fetch", &id]).code(1).says("is not used");
        nothing_was_run(&project);
    }
}

#[test]
fn what_is_ours_but_damaged_or_open_to_others_is_put_right() {
    for how in ["damaged", "open file", "open folder", "open folders"] {
        let project = playing("", "");
        project.run(&["cluster", "setup", "here"]).success();
        let runner = runner(&project);
        match how {
            "damaged" => exchange(&project, &runner),
            "open file" => set_mode(&runner, 0o777),
            "open folder" => set_mode(runner.parent().unwrap(), 0o770),
            _ => set_mode(&project.path("cluster/.researchloop"), 0o777),
        }
        let id = project.submit("an idea", &["--rounds", "0"]);
        assert_eq!(text(&project.finish(&id, 60), "status"), "completed", "{how}");
        nothing_was_run(&project);
        project.run(&["cluster", "check", "here"]).success();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&runner), mode(runner.parent().unwrap())), (0o700, 0o700), "{how}");
    }
}

#[test]
fn check_tells_who_else_may_write_to_the_working_dir() {
    let project = playing("", "");
    project.run(&["cluster", "setup", "here"]).success();
    let (above, folder) = (project.path(""), project.path("cluster"));
    for (mode_above, mode, owner, code, says) in [
        (0o755, 0o755, 0, 0, ""),
        (0o755, 0o777, 0, 1, "others may write to"),
        (0o755, 0o775, 0, 1, "others may write to"),
        (0o755, 0o755, STRANGER, 1, "belongs to somebody else"),
        (0o777, 0o700, 0, 1, "anybody may rename"),
        // As in /tmp.
        (0o1777, 0o700, 0, 0, ""),
        // A group's folder, and one of our own in it.
        (0o2775, 0o700, 0, 0, "its group may rename"),
    ] {
        set_mode(&above, mode_above);
        set_mode(&folder, mode);
        chown(&folder, Some(owner), None).unwrap();
        let check = project.run(&["cluster", "check", "here"]).code(code).says(says);
        assert!(code == 1 || !says.is_empty() || !check.stdout.contains("owner"), "{check}");
    }
    set_mode(&above, 0o700);
}

#[test]
fn a_job_starts_nobody_elses_runner_and_not_in_somebody_elses_folder() {
    let project = playing("", "");
    let id = project.submit("an idea", &["--rounds", "0"]);
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
    let dir = project.remote_dir(&id);
    let again = || {
        let _ = std::fs::remove_file(dir.join(".researchloop/claim-1"));
        let mut command = project.command(Path::new("/bin/bash"));
        command.arg(dir.join("run_sprint.sh"));
        Project::output(command)
    };
    for part in [dir.clone(), dir.join(".researchloop")] {
        chown(&part, Some(STRANGER), None).unwrap();
        let output = again().code(74).says("does not run").says("belongs to somebody else");
        chown(&part, Some(0), None).unwrap();
        assert!(!output.stdout.contains("pwned"));
    }
    take_over(&project, &runner(&project), "file");
    let _ = again().code(127).says("is not used").says("belongs to somebody else");
    assert!(
        std::fs::read_to_string(dir.join(".researchloop/exit.json"))
            .unwrap()
            .contains("runner_missing")
    );
    nothing_was_run(&project);
}

#[test]
fn an_installed_program_is_used_only_when_nobody_else_can_change_it() {
    let mut project = playing("", "runner = \"elsewhere\"");
    // A runner for another machine: then the one on the PATH is looked for.
    let mut head = b"\x7fELF".to_vec();
    head.resize(64, 0);
    head[18] = 183;
    project.write("elsewhere", head);
    project.write(
        "bin/researchloop",
        format!(
            "#!/bin/sh\ntouch '{}'\necho 'researchloop {}'\n",
            project.path("pwned").display(),
            env!("CARGO_PKG_VERSION")
        ),
    );
    let program = project.path("bin/researchloop");
    project.put_bin_first();
    set_mode(&program, 0o755);
    for how in ["file of somebody else", "open file", "open folder", "folder of somebody else"] {
        let folder = project.path("bin");
        chown(&program, Some(if how == "file of somebody else" { STRANGER } else { 0 }), None)
            .unwrap();
        chown(&folder, Some(if how == "folder of somebody else" { STRANGER } else { 0 }), None)
            .unwrap();
        set_mode(&program, if how == "open file" { 0o777 } else { 0o755 });
        set_mode(&folder, if how == "open folder" { 0o777 } else { 0o755 });
        project.run(&["cluster", "setup", "here"]).code(1).says("is not used");
        nothing_was_run(&project);
    }
    chown(project.path("bin"), Some(0), None).unwrap();
    project.run(&["cluster", "setup", "here"]).success().says("it is there already");
    assert!(project.path("pwned").exists(), "the check itself works");
}

#[test]
fn the_probe_of_check_follows_no_link() {
    let project = playing("", "");
    project.run(&["cluster", "setup", "here"]).success();
    project.write("precious", "precious\n");
    symlink(project.path("precious"), project.path("cluster/.researchloop-check")).unwrap();
    let _ = project.run(&["cluster", "check", "here"]);
    assert_eq!(std::fs::read_to_string(project.path("precious")).unwrap(), "precious\n");
    let left = Command::new("find")
        .arg(project.path("cluster"))
        .args(["-name", ".researchloop-check.*"])
        .output()
        .unwrap();
    assert!(left.stdout.is_empty(), "{}", String::from_utf8_lossy(&left.stdout));
}
