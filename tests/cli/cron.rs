//! `cron` and `tick --log`, with a program `crontab` that keeps a file.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::text;
use crate::harness::{Output, Project};

const OTHERS: &str = "MAILTO=me@example.org\n# mine\n*/7 * * * *\tdate +\\%s >>/tmp/x\n\n0 0 * * * /opt/other # researchloop:000000000000\n";

/// Puts a `crontab` on the PATH of this project. It refuses what is no text of lines, as the real one.
fn with_crontab(project: &mut Project) {
    let file = project.path("crontab.txt");
    let script = format!(
        "#!/bin/sh\nf='{}'\necho \"$*\" >>'{}'\ncase $1 in\n-l) [ -e \"$f\" ] || {{ echo \"no crontab for $USER\" >&2; exit 1; }}; cat \"$f\"; [ ! -e \"$f.edit\" ] || {{ cat \"$f.edit\" >>\"$f\"; rm \"$f.edit\"; }} ;;\n\
         -) cat >\"$f.new\"; [ -z \"$(tail -c 1 \"$f.new\")\" ] || {{ echo 'missing newline before EOF' >&2; exit 1; }}; mv \"$f.new\" \"$f\" ;;\n*) exit 9 ;;\nesac\n",
        file.display(),
        project.path("calls").display(),
    );
    project.write("bin/crontab", script);
    std::fs::set_permissions(project.path("bin/crontab"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    project.put_bin_first();
}

fn crontab(project: &Project) -> String {
    std::fs::read_to_string(project.path("crontab.txt")).unwrap_or_default()
}

/// Runs a line of a crontab as cron does.
fn as_cron(project: &Project, line: &str) -> Output {
    let mut fields = line.splitn(6, ' ');
    let command = fields.nth(5).unwrap().replace("\\%", "%");
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-c", &command])
        .env_clear()
        .env("HOME", project.path("home"))
        .env("SHELL", "/bin/sh")
        .env("PATH", "/usr/bin:/bin");
    shell.current_dir("/").stdin(Stdio::null());
    Project::output(shell)
}

#[test]
fn the_line_is_put_in_once_runs_a_tick_and_is_taken_out() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    project.write("crontab.txt", OTHERS);
    // A path that needs care, and a second project in the same crontab.
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("100% it's/researchloop.toml", &config);
    let other = project.path("100% it's/researchloop.toml");
    let other = other.to_str().unwrap();

    project.run(&["cron", "install"]).success();
    for shown in [project.run(&["cron", "show"]).success(), project.run(&["status"]).success()] {
        assert!(
            shown.stdout.contains("by hand") && !shown.stdout.contains("by cron"),
            "cron has not run yet: {shown}"
        );
    }
    let first = crontab(&project);
    assert!(
        first.starts_with(OTHERS) && first.lines().count() == OTHERS.lines().count() + 1,
        "{first}"
    );
    project.run(&["-c", other, "cron", "install", "--every", "1h"]).success();
    let both = crontab(&project);
    assert!(
        both.starts_with(&first) && both.lines().count() == first.lines().count() + 1,
        "{both}"
    );

    let again = project.run(&["cron", "install"]).success();
    assert!(again.stderr.contains("It was installed already"), "{again}");
    assert_eq!(crontab(&project), both);
    let replaced = project.run(&["cron", "install", "--every", "10m"]).success();
    assert!(replaced.stderr.contains("Replaced the earlier line: a tick every 10m"), "{replaced}");
    assert_eq!(
        crontab(&project),
        both.replace("*/5 * * * * env RESEARCHLOOP_CRON", "*/10 * * * * env RESEARCHLOOP_CRON")
    );

    // cron starts it in `/`, without anything that a user has.
    let id = project.submit("x", &["--rounds", "0"]);
    let now = crontab(&project);
    let line = now.lines().find(|line| line.starts_with("*/10")).unwrap();
    crate::harness::wait_until("cron has brought the sprint to its end", 60, || {
        let tick = as_cron(&project, line);
        assert_eq!(
            (tick.code, tick.stdout.as_str(), tick.stderr.as_str()),
            (0, "", ""),
            "success is quiet"
        );
        text(&project.show(&id), "status") == "completed"
    });
    let log = std::fs::read_to_string(project.path(".researchloop/tick.log")).unwrap();
    assert!(log.lines().last().unwrap().ends_with(&format!("Z {id}: completed")), "{log}");
    let status = project.run(&["status"]).success();
    assert!(status.stdout.contains("ago, by cron, cron runs one every 10m"), "{status}");
    let shown = project.run(&["cron", "show"]).success();
    assert!(shown.stdout.starts_with(line) && shown.stdout.contains(", by cron\n"), "{shown}");
    assert!(as_cron(&project, now.lines().last().unwrap()).code == 0);
    assert!(
        std::fs::read_dir(project.path("100% it's"))
            .unwrap()
            .any(|entry| entry.unwrap().file_name() == "researchloop.db")
    );

    project.run(&["cron", "remove"]).success();
    project.run(&["-c", other, "cron", "remove"]).success();
    assert_eq!(crontab(&project), OTHERS);
    let twice = project.run(&["cron", "remove"]).success();
    assert!(twice.stderr.contains("has no line for this project"), "{twice}");
    assert_eq!(project.run(&["--json", "cron", "show"]).success().json()["installed"], false);
}

#[test]
fn a_line_that_somebody_adds_during_the_try_stays() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    project.write("crontab.txt", OTHERS);
    // The stand-in for `crontab` adds it once it has been asked for what there is.
    project.write("crontab.txt.edit", "1 1 * * * backup\n");
    project.run(&["cron", "install"]).success();
    let now = crontab(&project);
    assert!(
        now.starts_with(OTHERS)
            && now.contains("\n1 1 * * * backup\n")
            && now.contains("RESEARCHLOOP_CRON"),
        "{now}"
    );
}

#[test]
fn what_cron_could_not_do_is_not_installed() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let far = "[[cluster]]\nname = \"far\"\nhost = \"127.0.0.1\"\nport = 1\nworking_dir = \"/x\"\nscheduler_type = \"slurm\"\nconnect_timeout = 5\n\n[[study]]\nname = \"t\"\ncluster = \"far\"\n";
    project.write("researchloop.toml", format!("{config}\n{far}"));
    let refused = project.run(&["cron", "install"]).code(1);
    assert!(
        refused.stderr.contains("a tick that cron runs would fail: far: connection:"),
        "{refused}"
    );
    assert!(
        refused.stderr.contains("nothing was installed; --force installs it all the same"),
        "{refused}"
    );
    assert!(refused.stderr.contains("tick --watch`"), "{refused}");
    assert_eq!(crontab(&project), "");
    let forced = project.run(&["cron", "install", "--force"]).success();
    assert!(forced.stderr.contains("warning: far: connection:"), "{forced}");
    assert_eq!(crontab(&project).lines().count(), 1);

    // A variable that only this session has: the configuration is whole with it alone.
    project.write("researchloop.toml", &config);
    project.set("RESEARCHLOOP_DB_PATH", "elsewhere.db");
    let warned = project.run(&["cron", "install"]).success();
    assert!(warned.stderr.contains("set here, and not in cron: RESEARCHLOOP_DB_PATH"), "{warned}");

    for (every, says) in [
        ("7m", "cron cannot run every 7m"),
        ("soon", "is not a duration"),
        ("2d", "cron cannot run every"),
    ] {
        let output = project.run(&["cron", "install", "--every", every]).code(2);
        assert!(output.stderr.contains(says), "{output}");
    }
}

#[test]
fn without_a_crontab_program_the_error_says_what_else_there_is() {
    let mut project = Project::local("");
    project.set("PATH", project.path("nothing").to_str().unwrap());
    for command in ["install", "remove", "show"] {
        let output = project.run(&["cron", command]).code(1);
        assert!(
            output.stderr.contains("there is no program `crontab`")
                && output.stderr.contains("tick --watch"),
            "{output}"
        );
    }
    with_crontab(&mut project);
    project.write(
        "bin/crontab",
        "#!/bin/sh\necho 'You (me) are not allowed to use this program (crontab)' >&2\nexit 1\n",
    );
    let output = project.run(&["cron", "install"]).code(1);
    assert!(
        output.stderr.contains("crontab: You (me) are not allowed to use this program"),
        "{output}"
    );
}

#[test]
fn a_tick_with_a_log_prints_nothing_even_when_it_fails() {
    let project = Project::local("");
    let log = project.path("logs/tick.log");
    let log = log.to_str().unwrap();
    let tick = project.run(&["tick", "--quiet", "--log", log]).success();
    assert_eq!(
        (tick.stdout.as_str(), tick.stderr.as_str(), std::path::Path::new(log).exists()),
        ("", "", false),
        "nothing happened"
    );
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("nonsense = 1\n{config}"));
    let tick = project.run(&["tick", "--quiet", "--log", log]).code(1);
    assert_eq!((tick.stdout.as_str(), tick.stderr.as_str()), ("", ""));
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("Z error: ") && text.contains("unknown key \"nonsense\""), "{text}");
}

#[test]
fn a_project_has_one_line_however_its_path_is_spelled() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    project.write("sub/x", "");
    std::os::unix::fs::symlink(project.path(""), project.path("link")).unwrap();
    let spelled = |way: &str| project.path(way).join("researchloop.toml").display().to_string();
    project.run(&["cron", "install"]).success();
    let first = crontab(&project);
    for way in ["sub/..", "link", "link/sub/../.."] {
        let way = if way == "link/sub/../.." { spelled("sub/../link") } else { spelled(way) };
        let again = project.run(&["-c", &way, "cron", "install"]).success();
        assert!(again.stderr.contains("It was installed already"), "{way}: {again}");
        assert_eq!(crontab(&project), first, "{way}");
    }
    project.run(&["-c", &spelled("link"), "cron", "remove"]).success();
    assert_eq!(crontab(&project), "");
}

#[test]
fn many_who_install_at_once_lose_no_line() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    // A `crontab` that takes its time between reading and writing.
    let slow = std::fs::read_to_string(project.path("bin/crontab"))
        .unwrap()
        .replace("-) cat >\"$f.new\"", "-) cat >\"$f.new\"; sleep 0.3");
    project.write("bin/crontab", slow);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let children: Vec<_> = (0..4)
        .map(|number| {
            let file = format!("p{number}/researchloop.toml");
            project.write(&file, &config);
            project.spawn(&["-c", &file, "cron", "install"])
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let now = crontab(&project);
    assert_eq!(now.lines().count(), 4, "{now}");
}

#[test]
fn what_only_this_session_finds_is_not_installed() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    // Both are on the PATH of this session only.
    for program in ["our-claude", "our-teller"] {
        project.write(&format!("bin/{program}"), "#!/bin/sh\n");
        std::fs::set_permissions(
            project.path(&format!("bin/{program}")),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
    }
    project.write(
        "researchloop.toml",
        format!("notify_command = [\"our-teller\"]\n{config}claude_command = [\"our-claude\"]\n"),
    );
    let refused = project.run(&["cron", "install"]).code(1);
    for part in [
        "here: claude: \"our-claude\" would not be found",
        "notify_command: \"our-teller\" is not found",
        "cron's PATH is /usr/bin:/bin",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {refused}");
    }
    assert_eq!(crontab(&project), "");
    project.run(&["cron", "install", "--force"]).success().says("warning: here: claude:");
    // A PATH of the crontab holds for the lines below it.
    project.write("crontab.txt", format!("PATH={}:/usr/bin:/bin\n", project.path("bin").display()));
    project.run(&["cron", "install"]).success();
    project.write("crontab.txt", "PATH=/nowhere\n");
    project.run(&["cron", "install"]).code(1);
}

#[test]
fn the_line_is_tried_in_the_shell_of_the_crontab_and_with_its_log() {
    let mut project = Project::local("");
    with_crontab(&mut project);
    project.write("crontab.txt", "SHELL=/bin/false\n");
    let refused = project.run(&["cron", "install"]).code(1);
    assert!(refused.stderr.contains("/bin/false ended with exit status: 1"), "{refused}");
    if std::path::Path::new("/bin/tcsh").exists() {
        project.write("crontab.txt", "SHELL=/bin/tcsh\n");
        project.run(&["cron", "install"]).success();
    }
    project.write("crontab.txt", "");
    // The log cannot be written: cron would send a mail each time.
    let _ = std::fs::remove_dir_all(project.path(".researchloop"));
    project.write(".researchloop", "in the way");
    let refused = project.run(&["cron", "install"]).code(1);
    assert!(
        refused.stderr.contains("cannot write") && refused.stderr.contains("tick.log"),
        "{refused}"
    );
}
