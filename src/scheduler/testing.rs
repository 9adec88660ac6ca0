//! Runs a scheduler's scripts on this machine, against programs made for one test.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::domain::{JobId, Seen};
use crate::remote::{Limits, Local, Remote as _, Reply, Script};
use crate::scheduler::{Asked, Look, PollError, Scheduler};

/// A folder that is first in PATH, and the home directory of the script.
pub(crate) struct Bench(tempfile::TempDir);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a program there; it also writes each of its calls to `calls`.
    pub(crate) fn program(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        std::fs::write(
            &path,
            format!("#!/bin/sh\necho \"{name} $*\" >>'{}/calls'\n{text}\n", self.path().display()),
        )
        .expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
        self
    }

    /// A program that prints a captured answer.
    pub(crate) fn prints(&self, name: &str, answer: &str) -> &Self {
        std::fs::write(self.path().join(format!("{name}.out")), answer).expect("written");
        self.program(name, &format!("cat '{}/{name}.out'", self.path().display()))
    }

    /// What was called so far, and forgets it.
    pub(crate) fn calls(&self) -> Vec<String> {
        let path = self.path().join("calls");
        let calls = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }

    /// Leaves nothing in PATH but this folder's `tools`: the scheduler's programs of this machine are out
    /// of the way, and what the test puts into `site` is found by a login shell alone.
    pub(crate) fn far_from_the_scheduler(&self, script: &mut Script) {
        let tools = self.path().join("tools");
        let _ = std::fs::create_dir_all(self.path().join("site"));
        if std::fs::create_dir(&tools).is_ok() {
            for name in [
                "awk", "bash", "cat", "cut", "date", "env", "find", "getent", "grep", "head", "id",
                "mkdir", "mv", "rm", "sed", "sh", "sleep", "tail", "timeout", "tr", "uname",
            ] {
                let real = ["/usr/bin", "/bin"]
                    .iter()
                    .map(|folder| Path::new(folder).join(name))
                    .find(|path| path.exists());
                let _ = real.map(|real| std::os::unix::fs::symlink(real, tools.join(name)));
            }
        }
        script.plain("PATH=$BENCH/tools");
    }

    /// What a login shell of the account does.
    pub(crate) fn profile(&self, text: &str) {
        std::fs::write(
            self.path().join(".bash_profile"),
            format!(
                "echo profile >>'{}/calls'\nif [ -d ~/tools ]; then PATH=~/tools; fi\n{text}\n",
                self.path().display()
            ),
        )
        .expect("written");
    }

    /// A script that sees this folder.
    pub(crate) fn script(&self) -> Script {
        let mut script = Script::new();
        script.set("BENCH", &self.path().display().to_string());
        script.plain(
            "PATH=$BENCH:$PATH; HOME=$BENCH; export BENCH PATH HOME; unset SLURM_CLUSTERS; mkdir -p \"$BENCH/sprint\"; cd \"$BENCH/sprint\" || exit 1",
        );
        script
    }

    pub(crate) fn run(&self, script: Script) -> Reply {
        Local.run(script, Limits::default()).expect("an answer")
    }

    /// Exit status and output of one of a scheduler's texts.
    pub(crate) fn text(
        &self,
        text: &'static str,
        values: &[(&'static str, &str)],
    ) -> (i32, String) {
        let mut script = self.script();
        for (name, value) in values {
            script.set(name, value);
        }
        script.section("text", text);
        let reply = self.run(script);
        let section = reply.section("text").expect("there");
        (section.status, section.text().into_owned())
    }

    /// What the scheduler says of these jobs, when all that it says is sound.
    pub(crate) fn poll(
        &self,
        scheduler: &dyn Scheduler,
        jobs: &[JobId],
    ) -> Result<BTreeMap<JobId, Seen>, PollError> {
        let look = self.read(scheduler, &asked(jobs))?;
        look.doubt.map_or(Ok(look.seen), |doubt| Err(PollError(doubt)))
    }

    pub(crate) fn read(
        &self,
        scheduler: &dyn Scheduler,
        jobs: &[Asked],
    ) -> Result<Look, PollError> {
        scheduler.read(&self.look(scheduler, jobs), jobs, Some(NOW))
    }

    /// The whole answer of a look at these jobs.
    pub(crate) fn look(&self, scheduler: &dyn Scheduler, jobs: &[Asked]) -> Reply {
        let mut script = self.script();
        scheduler.ask(&mut script, jobs);
        scheduler.ask_accounting(&mut script, jobs);
        self.run(script)
    }
}

/// The cluster's clock: 20 November 2026, 15:22:04.
pub(crate) const NOW: i64 = 1_795_188_124;

/// These jobs, of sprints that were made a minute ago, without their names.
pub(crate) fn asked(jobs: &[JobId]) -> Vec<Asked> {
    jobs.iter().map(|id| Asked { id: id.clone(), name: String::new(), age: 60 }).collect()
}

/// A job of this number and name.
pub(crate) fn named(number: &str, name: &str) -> Asked {
    Asked { id: JobId::parse(number).expect("an id"), name: name.to_owned(), age: 60 }
}

pub(crate) fn ids(numbers: &[&str]) -> Vec<JobId> {
    numbers.iter().map(|number| JobId::parse(number).expect("an id")).collect()
}

/// Every text of the scheduler is a script that the system's shell and bash accept.
pub(crate) fn assert_plain_shell(scheduler: &dyn Scheduler) {
    let mut asked = Script::new();
    let jobs = [named("1", "rl-sp-a1b2c3-1"), named("2", "")];
    scheduler.ask(&mut asked, &jobs);
    scheduler.ask_accounting(&mut asked, &jobs);
    let texts = [
        scheduler.submit(),
        scheduler.look_up(),
        scheduler.look_up_all(),
        scheduler.cancel(),
        scheduler.probe(),
        scheduler.message_timeout(),
    ];
    for text in texts.into_iter().chain([asked.shown()]) {
        for shell in ["/bin/sh", "/bin/bash"] {
            let output = crate::platform::process::command(shell)
                .args(["-n", "-c", text])
                .output()
                .expect("a shell");
            assert!(
                output.status.success() && output.stderr.is_empty(),
                "{shell}: {}\n{text}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}
