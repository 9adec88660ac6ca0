//! `tick --watch` and `sprint watch` for a long time: a cluster that hangs, a lock, a full disk.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;

use super::{SmallDisk, playing, text};
use crate::harness::{Project, program, sources, wait_until};

/// Two clusters on this machine, whose queues are a few lines of shell: `good` (SLURM) answers at once and
/// counts its questions in `polls`; `bad` (Grid Engine) counts them in `asked`, and hangs when `hangs` is there.
/// Both have a sprint whose job runs.
fn two_clusters() -> Project {
    let mut project = Project::empty();
    let agent = sources().join("tests/agent/claude");
    let cluster = |name: &str, kind: &str| {
        format!(
            "[[cluster]]\nname = \"{name}\"\nscheduler_type = \"{kind}\"\ntransport = \"local\"\nworking_dir = \"{}\"\nclaude_command = [\"{}\"]\n\
             poll_interval = 1\ncommand_timeout = 30\n\n[[study]]\nname = \"{name}\"\ncluster = \"{name}\"\nmax_sprint_duration_hours = 1\n\n",
            project.path(name).display(),
            agent.display()
        )
    };
    let notices = "notify_command = [\"sh\", \"-c\", \"cat >>told\"]\n\n".to_owned();
    project
        .write("researchloop.toml", notices + &cluster("good", "slurm") + &cluster("bad", "sge"));
    let here = project.path("");
    let here = here.display();
    for (name, body) in [
        ("sbatch", "case $* in *--version*) echo 'slurm 22.05' ;; *) echo 101 ;; esac".to_owned()),
        ("squeue", format!("echo x >>{here}/polls; echo '101|RUNNING|n1|None'")),
        ("sacct", "exit 0".to_owned()),
        ("scancel", "exit 0".to_owned()),
        ("qsub", "echo 77".to_owned()),
        (
            "qstat",
            format!(
                "[ ! -e {here}/hangs ] || {{ echo x >>{here}/asked; sleep 600; }}; echo '<job_info><queue_info></queue_info></job_info>'"
            ),
        ),
        ("qacct", "exit 1".to_owned()),
    ] {
        project.write(&format!("bin/{name}"), format!("#!/bin/sh\n{body}\n"));
        std::fs::set_permissions(
            project.path(&format!("bin/{name}")),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
    }
    project.set(
        "PATH",
        &format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap()),
    );
    for name in ["good", "bad"] {
        project.run(&["sprint", "run", "an idea", "-s", name]).success();
    }
    project.write("hangs", "");
    project
}

fn lines(project: &Project, name: &str) -> usize {
    std::fs::read_to_string(project.path(name)).unwrap_or_default().lines().count()
}

/// Starts the program; what it prints is in `NAME.out` and `NAME.err`.
fn watching(project: &Project, name: &str, arguments: &[&str]) -> Child {
    let file = |end: &str| std::fs::File::create(project.path(&format!("{name}.{end}"))).unwrap();
    project
        .command(program())
        .args(arguments)
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .unwrap()
}

fn said(project: &Project, file: &str) -> String {
    std::fs::read_to_string(project.path(file)).unwrap_or_default()
}

fn signal(name: &str, child: &Child) {
    assert!(
        std::process::Command::new("kill")
            .args([name, &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn handles(child: &Child) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().count()
}

#[test]
fn a_cluster_that_hangs_delays_no_other_and_is_left_behind_at_the_end() {
    let project = two_clusters();
    let mut child = watching(&project, "tick", &["tick", "--watch"]);
    wait_until("the bad cluster is asked", 60, || lines(&project, "asked") > 0);
    let before = lines(&project, "polls");
    wait_until("the good cluster is asked four times", 60, || {
        lines(&project, "polls") >= before + 4
    });
    wait_until("people are told", 60, || said(&project, "told").contains("\"kind\":\"started\""));
    let first = handles(&child);
    // The bad one has 12 s and more for each answer that never comes.
    wait_until("the good cluster is asked twenty times", 120, || {
        lines(&project, "polls") >= before + 20
    });
    let asked = lines(&project, "asked");
    assert!(
        asked <= 8,
        "{asked} questions to the one that hangs, {} to the other",
        lines(&project, "polls")
    );
    assert!(handles(&child) <= first + 6, "{first} files were open, now {}", handles(&child));
    signal("-TERM", &child);
    let began = std::time::Instant::now();
    wait_until("it ends", 60, || child.try_wait().unwrap().is_some());
    // What hangs would go on for ten minutes.
    assert!(began.elapsed().as_secs() < 300, "{:?}", began.elapsed());
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said(&project, "tick.err"));
    // Nobody waits for its leases.
    std::fs::remove_file(project.path("hangs")).unwrap();
    let next = project.run(&["tick"]);
    assert!(!next.stderr.contains("another tick is at work"), "{next}");
}

#[test]
fn trouble_of_a_cluster_is_told_once_until_it_answers_again() {
    let project = two_clusters();
    project.write("bin/qstat", "#!/bin/sh\nfile=$(dirname \"$0\")/../asked; echo x >>\"$file\"\nif [ -e \"$(dirname \"$0\")/../hangs\" ]; then echo 'no master' >&2; exit 1; fi\necho '<job_info><queue_info></queue_info></job_info>'\n");
    let mut child = watching(&project, "tick", &["tick", "--watch"]);
    wait_until("it was asked three times", 60, || lines(&project, "asked") >= 3);
    let warnings = || said(&project, "tick.err").matches("did not answer").count();
    assert_eq!(warnings(), 1, "{}", said(&project, "tick.err"));
    std::fs::remove_file(project.path("hangs")).unwrap();
    wait_until("it answers again", 60, || {
        said(&project, "tick.err").contains("bad: it answers again")
    });
    assert_eq!(warnings(), 1, "{}", said(&project, "tick.err"));
    signal("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_lock_that_passes_ends_neither_tick_watch_nor_sprint_watch() {
    let project = playing("research:slow=3", "");
    let id = project.submit("go on", &["--rounds", "0"]);
    let mut database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    let lock =
        database.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    let mut children = [
        ("tick", watching(&project, "tick", &["tick", "--watch"])),
        ("watch", watching(&project, "watch", &["sprint", "watch", &id])),
        ("log", watching(&project, "log", &["sprint", "log", &id, "--follow"])),
    ];
    for (name, child) in &mut children {
        wait_until(&format!("{name} tells of the lock"), 90, || {
            said(&project, &format!("{name}.err")).contains("in use by another process")
        });
        assert_eq!(child.try_wait().unwrap(), None, "{}", said(&project, &format!("{name}.err")));
    }
    // Longer than anybody waits for it.
    std::thread::sleep(std::time::Duration::from_secs(20));
    lock.commit().unwrap();
    let [(_, tick), (_, watch), (_, log)] = &mut children;
    for (name, child) in [("watch", watch), ("log", log)] {
        assert_eq!(
            child.wait().unwrap().code(),
            Some(0),
            "{}",
            said(&project, &format!("{name}.err"))
        );
    }
    assert_eq!(tick.try_wait().unwrap(), None, "{}", said(&project, "tick.err"));
    wait_until("tick tells that it is over", 60, || {
        said(&project, "tick.err").contains("It works again")
    });
    assert_eq!(
        said(&project, "tick.err").matches("in use by another process").count(),
        1,
        "{}",
        said(&project, "tick.err")
    );
    signal("-TERM", tick);
    assert_eq!(tick.wait().unwrap().code(), Some(0));
    assert_eq!(text(&project.show(&id), "status"), "completed");
}

/// A watcher that meets a full disk, which becomes free again before the job ends.
fn meets_a_full_disk(arguments: &[&str]) -> (Project, SmallDisk, Child) {
    let project = playing("research:gate", "");
    let disk = SmallDisk::for_database(&project, "size=4m", "x.db");
    let id = project.submit("go on", &["--rounds", "0"]);
    let mut arguments = arguments.to_vec();
    if arguments[0] == "sprint" {
        arguments.push(&id);
    }
    let mut child = watching(&project, "it", &arguments);
    wait_until("it watches", 60, || said(&project, "it.out").contains("research"));
    let mut file = std::fs::File::create(project.path("small/full")).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    wait_until("it tells of the disk", 60, || said(&project, "it.err").contains("no space left"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(child.try_wait().unwrap(), None, "{}", said(&project, "it.err"));
    drop(file);
    std::fs::remove_file(project.path("small/full")).unwrap();
    project.let_go(&id);
    let over = || text(&project.show(&id), "status") == "completed";
    wait_until("the sprint is over", 90, over);
    (project, disk, child)
}

#[test]
fn sprint_watch_goes_on_when_a_full_disk_is_free_again() {
    let (project, _disk, mut child) = meets_a_full_disk(&["sprint", "watch"]);
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said(&project, "it.err"));
}

#[test]
fn tick_watch_goes_on_when_a_full_disk_is_free_again() {
    let (project, _disk, mut child) = meets_a_full_disk(&["tick", "--watch"]);
    assert_eq!(child.try_wait().unwrap(), None, "{}", said(&project, "it.err"));
    signal("-TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_stays_as_it_is_ends_tick_watch_with_its_error() {
    let project = playing("research:hang", "");
    project.submit("go on", &[]);
    let mut child = watching(&project, "gone", &["tick", "--watch"]);
    wait_until("it watches", 60, || said(&project, "gone.out").contains("research"));
    std::fs::rename(project.path("researchloop.toml"), project.path("elsewhere.toml")).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{}", said(&project, "gone.err"));
    assert!(
        said(&project, "gone.err").contains("researchloop.toml no longer exists"),
        "{}",
        said(&project, "gone.err")
    );
    std::fs::rename(project.path("elsewhere.toml"), project.path("researchloop.toml")).unwrap();
    rusqlite::Connection::open(project.path("researchloop.db"))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let newer = project.run(&["tick", "--watch"]).code(4);
    assert!(newer.stderr.contains("newer researchloop"), "{newer}");
}
