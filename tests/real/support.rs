//! A project whose cluster is the lab's SLURM or Grid Engine, over ssh; hides users, keys,
//! queues and everything that has to be cleaned away.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Lab, Output, Project, lab, patience, record, sources, tell, write_program};

static CALM: RwLock<()> = RwLock::new(());

/// The lab, while it works as it should. Tests that make it misbehave wait for this one.
pub fn calm() -> RwLockReadGuard<'static, ()> {
    CALM.read().unwrap_or_else(PoisonError::into_inner)
}

/// The lab for this test alone.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    CALM.write().unwrap_or_else(PoisonError::into_inner)
}

/// The accounts that no test uses now. `None` before the first one is asked for.
static FREE: Mutex<Option<Vec<String>>> = Mutex::new(None);
static RETURNED: Condvar = Condvar::new();

/// An account of the lab that no other test uses: what fails or is counted there concerns this one alone.
struct Account(String);

impl Account {
    fn take(lab: &Lab) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let all =
                || lab.get("RL_LAB_USERS_OWN").split(',').map(str::to_owned).collect::<Vec<_>>();
            if let Some(name) = free.get_or_insert_with(all).pop() {
                return Self(name);
            }
            free = RETURNED.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = free.as_mut() {
            free.push(std::mem::take(&mut self.0));
        }
        RETURNED.notify_one();
    }
}

/// Which queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Slurm,
    Sge,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Sge => "sge",
        }
    }
}

/// One test on both queues.
macro_rules! on_both {
    ($($name:ident)+) => { $(
        mod $name {
            use crate::real::support::Kind;
            #[test]
            fn slurm() { super::$name(Kind::Slurm); }
            #[test]
            fn sge() { super::$name(Kind::Sge); }
        }
    )+ };
}
pub(crate) use on_both;

/// A project with one cluster of the lab and the study `s`. What it put there goes with it.
pub struct Site {
    pub project: Project,
    pub kind: Kind,
    pub lab: Lab,
    pub user: String,
    /// The working directory on the "cluster", which is this machine.
    pub folder: PathBuf,
    agent: tempfile::TempDir,
    environment: Vec<(String, String)>,
    more: String,
    known_hosts: String,
    /// Given back when all else is cleaned away.
    _account: Option<Account>,
}

impl Site {
    /// For the lab's ordinary user.
    pub fn new(kind: Kind) -> Self {
        Self::of(kind, "RL_LAB_USER")
    }

    /// For the user that lab.env names so.
    pub fn of(kind: Kind, user: &str) -> Self {
        let lab = lab();
        let user = lab.get(user);
        Self::made(kind, lab, user, None)
    }

    /// For a user that no other test has meanwhile.
    pub fn own(kind: Kind) -> Self {
        let lab = lab();
        let account = Account::take(&lab);
        Self::made(kind, lab, account.0.clone(), Some(account))
    }

    fn made(kind: Kind, lab: Lab, user: String, account: Option<Account>) -> Self {
        let home = home_of(&user);
        let agent =
            tempfile::Builder::new().prefix("rl-agent-").tempdir_in("/tmp").expect("a folder");
        for part in ["tests/agent", "tests/data/claude", "templates/demo"] {
            copy_for_all(&sources().join(part), &agent.path().join(part));
        }
        open_to_all(agent.path());
        let unique = agent
            .path()
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .replace("rl-agent-", "rl-real-");
        let site = Self {
            project: Project::empty(),
            kind,
            known_hosts: lab.get("RL_LAB_KNOWN_HOSTS"),
            lab,
            user,
            folder: home.join(unique),
            agent,
            environment: Vec::new(),
            more: String::new(),
            _account: account,
        };
        site.configure();
        site
    }

    /// What the scripted agent plays from now on.
    pub fn play(&mut self, scenario: &str) {
        self.set("RL_SCENARIO", scenario);
    }

    /// Sets a variable of the job.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self.configure();
    }

    /// Adds lines to the cluster's section.
    pub fn also(&mut self, line: &str) {
        self.more.push_str(line);
        self.more.push('\n');
        self.configure();
    }

    /// Uses another known_hosts file.
    pub fn knows(&mut self, known_hosts: &Path) {
        self.known_hosts = known_hosts.display().to_string();
        self.configure();
    }

    /// Puts the sprints elsewhere than into the home folder.
    pub fn live_in(&mut self, folder: &Path) {
        self.folder = folder.to_path_buf();
        self.configure();
    }

    fn configure(&self) {
        let environment: String =
            self.environment.iter().map(|(name, value)| format!(", {name} = {value:?}")).collect();
        self.project.write(
            "researchloop.toml",
            format!(
                "[[cluster]]\nname = \"{kind}\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\nkey_path = \"{key}\"\n\
                 known_hosts = \"{known_hosts}\"\nscheduler_type = \"{kind}\"\nworking_dir = \"{folder}\"\nclaude_command = [\"{agent}/tests/agent/claude\"]\n\
                 poll_interval = 1\nretry_delays = [0]\nmax_concurrent_jobs = 300\n\
                 environment = {{ STAND_IN_PAUSE = \"0\", STAND_IN_COST_PER_TURN = \"0.01\"{environment} }}\n{more}\n\
                 [[study]]\nname = \"s\"\ncluster = \"{kind}\"\nmax_sprint_duration_hours = 1\n",
                kind = self.kind.name(),
                port = self.lab.get("RL_LAB_SSH_PORT"),
                user = self.user,
                key = self.lab.get("RL_LAB_KEY"),
                known_hosts = self.known_hosts,
                folder = self.folder.display(),
                agent = self.agent.path().display(),
                more = self.more,
            ),
        );
    }

    /// Runs an administrator's program.
    pub fn admin(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).envs(self.lab.admin_variables()).stdin(Stdio::null());
        Project::output(command)
    }

    /// Runs the lab's `ctl`.
    #[track_caller]
    pub fn ctl(&self, what: &str, whom: &str) {
        let mut command = Command::new(sources().join("tests/lab/ctl"));
        command
            .args([what, whom])
            .env("RL_LAB_STATE", self.lab.get("RL_LAB_STATE"))
            .stdin(Stdio::null());
        let output = Project::output(command);
        assert_eq!(output.code, 0, "ctl {what} {whom}: {output}");
    }

    /// The jobs in the queue: number and state, with those that are ending.
    ///
    /// `None` when the queue did not answer.
    pub fn queue(&self) -> Option<Vec<(String, String)>> {
        let output = match self.kind {
            Kind::Slurm => self.admin("squeue", &["-h", "-o", "%i %T"]),
            Kind::Sge => self.admin("qstat", &["-u", "*"]),
        };
        if output.code != 0 {
            return None;
        }
        let state = match self.kind {
            Kind::Slurm => 1,
            Kind::Sge => 4,
        };
        let line = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let id = words.first().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(((*id).to_owned(), (*words.get(state)?).to_owned()))
        };
        Some(output.stdout.lines().filter_map(line).collect())
    }

    /// The state of a job in the queue.
    pub fn queued(&self, job: &str) -> Option<String> {
        self.queue()?.into_iter().find(|(id, _)| id == job).map(|(_, state)| state)
    }

    /// Waits, without our program, until a job runs.
    #[track_caller]
    pub fn wait_runs(&self, id: &str, job: &str) {
        self.until(id, "the job runs", 120, |site| {
            site.queued(job).is_some_and(|state| state == "RUNNING" || state == "r")
        });
    }

    /// Waits, without our program, until a job has left the queue.
    #[track_caller]
    pub fn wait_gone(&self, id: &str, job: &str, seconds: u64) {
        self.until(id, "the job has left the queue", seconds, |site| {
            site.queue().is_some_and(|jobs| jobs.iter().all(|(known, _)| known != job))
        });
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&self, id: &str, what: &str, seconds: u64, mut is_so: impl FnMut(&Self) -> bool) {
        let started = Instant::now();
        let _waiting = record::Waiting::begin();
        while !is_so(self) {
            assert!(
                started.elapsed() < patience(seconds),
                "{what}: not within {:?}\n{}",
                patience(seconds),
                self.explain(id)
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// All jobs, past and present, that were ever submitted for a sprint.
    #[track_caller]
    pub fn jobs_of(&self, id: &str) -> Vec<String> {
        let prefix = format!("rl-{id}-");
        let mut jobs: Vec<String> = match self.kind {
            Kind::Slurm => {
                let mut jobs = Vec::new();
                for (program, arguments) in [
                    ("squeue", &["-h", "-t", "all", "-o", "%i|%j"][..]),
                    (
                        "sacct",
                        &["-a", "-n", "-P", "-X", "-S", "now-2hours", "-o", "JobIDRaw,JobName"][..],
                    ),
                ] {
                    let output = self.admin(program, arguments);
                    assert_eq!(output.code, 0, "{output}");
                    jobs.extend(
                        output
                            .stdout
                            .lines()
                            .filter_map(|line| line.split_once('|'))
                            .filter(|(_, name)| name.starts_with(&prefix))
                            .map(|(id, _)| id.to_owned()),
                    );
                }
                jobs
            }
            Kind::Sge => {
                let queue = self.admin("qstat", &["-xml", "-r", "-u", "*"]);
                assert_eq!(queue.code, 0, "{queue}");
                let (mut jobs, mut number) = (Vec::new(), String::new());
                for piece in queue.stdout.split('<') {
                    match piece.split_once('>') {
                        Some(("JB_job_number", text)) => text.clone_into(&mut number),
                        Some(("full_job_name", text)) if text.starts_with(&prefix) => {
                            jobs.push(number.clone())
                        }
                        _ => {}
                    }
                }
                let past = self.admin("qacct", &["-j", &format!("{prefix}*")]);
                jobs.extend(
                    past.stdout
                        .lines()
                        .filter_map(|line| line.strip_prefix("jobnumber"))
                        .map(|text| text.trim().to_owned()),
                );
                jobs
            }
        };
        jobs.sort();
        jobs.dedup();
        jobs
    }

    /// Everything that helps to understand a sprint.
    pub fn explain(&self, id: &str) -> String {
        format!("{}---- queue\n{:?}\n", self.project.explain(id), self.queue())
    }

    /// Submits a sprint and returns its id and its job's.
    #[track_caller]
    pub fn submit(&self, idea: &str, more: &[&str]) -> (String, String) {
        let id = self.project.submit(idea, more);
        let sprint = self.project.show(&id);
        let job =
            sprint["job_id"].as_str().unwrap_or_else(|| panic!("no job:\n{}", self.explain(&id)));
        (id.clone(), job.to_owned())
    }

    /// The id of the sprint with this idea.
    #[track_caller]
    pub fn named(&self, idea: &str) -> String {
        let list = self.project.run(&["--json", "sprint", "list", "-n", "1000"]).success().json();
        let found = list["sprints"]
            .as_array()
            .and_then(|sprints| sprints.iter().find(|sprint| sprint["idea"] == idea));
        found
            .and_then(|sprint| sprint["id"].as_str())
            .unwrap_or_else(|| panic!("no sprint with the idea {idea:?}: {list:#}"))
            .to_owned()
    }

    /// Ticks until the sprint is over, and returns it.
    #[track_caller]
    pub fn finish(&self, id: &str, seconds: u64) -> Value {
        self.tick_until(id, "the sprint is over", seconds, |sprint| {
            matches!(sprint["status"].as_str(), Some("completed" | "failed" | "cancelled"))
        })
    }

    /// Ticks until something is so of the sprint, and returns it.
    #[track_caller]
    pub fn tick_until(
        &self,
        id: &str,
        what: &str,
        seconds: u64,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let started = Instant::now();
        loop {
            let tick = self.project.run(&["tick"]);
            let sprint = self.project.show(id);
            if is_so(&sprint) {
                if sprint["status"] == "failed" {
                    tell(&format!("---- the last tick\n{tick}{}", self.explain(id)));
                }
                return sprint;
            }
            assert!(
                started.elapsed() < patience(seconds),
                "{what}: not within {:?}\n---- the last tick\n{tick}{}",
                patience(seconds),
                self.explain(id)
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Asserts how a sprint ended, and that something useful is said about it. `words`
    /// must all stand in the sentence.
    #[track_caller]
    pub fn ended(&self, sprint: &Value, status: &str, reason: &str, words: &[&str]) {
        let id = sprint["id"].as_str().expect("an id");
        assert_eq!(
            (sprint["status"].as_str(), sprint["reason"].as_str()),
            (Some(status), Some(reason)),
            "\n{}",
            self.explain(id)
        );
        let (detail, hint) = (
            sprint["error"].as_str().unwrap_or_default(),
            sprint["hint"].as_str().unwrap_or_default(),
        );
        for word in words {
            assert!(
                detail.contains(word),
                "the sentence lacks {word:?}: {detail}\n{}",
                self.explain(id)
            );
        }
        assert!(
            !detail.trim().is_empty() && !hint.trim().is_empty(),
            "nothing is said: {detail:?} {hint:?}\n{}",
            self.explain(id)
        );
        assert!(!hint.contains(" ID"), "the hint does not name the sprint: {hint}");
    }

    /// Asserts that a sprint completed, and that everything of it is here.
    #[track_caller]
    pub fn completed_with_results(&self, id: &str) {
        let sprint = self.project.show(id);
        assert_eq!(sprint["status"], "completed", "\n{}", self.explain(id));
        assert!(sprint["cost_usd"].as_f64().unwrap_or(0.0) > 0.0, "no cost:\n{}", self.explain(id));
        assert!(
            sprint["summary"].as_str().is_some_and(|text| !text.trim().is_empty()),
            "no summary:\n{}",
            self.explain(id)
        );
        let steps: Vec<&str> = sprint["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .filter(|step| step["state"] == "yes" || step["state"] == "no")
            .filter_map(|step| step["name"].as_str())
            .collect();
        for step in ["research", "red_team_round_1", "fix_round_1", "report", "summarize"] {
            assert!(steps.contains(&step), "{step} is missing in {steps:?}\n{}", self.explain(id));
        }
        let folder = self.project.path("artifacts").join(id);
        let files: Vec<&str> = sprint["artifacts"]
            .as_array()
            .expect("files")
            .iter()
            .filter_map(|file| file["filename"].as_str())
            .collect();
        for file in ["report.md", "findings.md", "summary.txt", "results/metrics.json"] {
            assert!(
                folder.join(file).metadata().is_ok_and(|data| data.len() > 0),
                "{file} was not fetched: {files:?}\n{}",
                self.explain(id)
            );
        }
        assert!(
            files.iter().any(|file| file.ends_with(".svg") && folder.join(file).exists()),
            "no figure: {files:?}\n{}",
            self.explain(id)
        );
        let metrics = std::fs::read_to_string(folder.join("results/metrics.json")).expect("read");
        assert!(serde_json::from_str::<Value>(&metrics).is_ok(), "{metrics}");
    }

    /// The home folder of the account.
    pub fn home(&self) -> PathBuf {
        home_of(&self.user)
    }

    /// The scripted agent, where the account can start it.
    pub fn agent_program(&self) -> PathBuf {
        self.agent.path().join("tests/agent/claude")
    }

    /// Pids of the runner of a sprint.
    pub fn runners(&self, sprint: &Value) -> Vec<u32> {
        let directory = sprint["directory"].as_str().expect("a directory");
        processes(|command| {
            command.get(1).is_some_and(|word| word == "job-run")
                && command.get(2).is_some_and(|word| word.ends_with(directory))
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for name in ["squeue", "sacct", "sbatch", "scancel", "qstat", "qacct", "qsub", "qdel"] {
            for fault in ["fail", "slow"] {
                let _ = std::fs::remove_file(
                    Path::new(&self.lab.get("RL_LAB_BIN"))
                        .join(format!("{fault}-{name}.{}", self.user)),
                );
            }
        }
        let list = self.project.run(&["--json", "sprint", "list", "-n", "10000"]).json_or_null();
        let over = |sprint: &Value| {
            matches!(sprint["status"].as_str(), Some("completed" | "failed" | "cancelled"))
        };
        let sprints = list["sprints"].as_array().cloned().unwrap_or_default();
        let jobs: Vec<&str> = sprints
            .iter()
            .filter(|sprint| !over(sprint))
            .filter_map(|sprint| sprint["job_id"].as_str())
            .collect();
        if !jobs.is_empty() {
            let _ = match self.kind {
                Kind::Slurm => self.admin("scancel", &jobs),
                Kind::Sge => self.admin("qdel", &jobs),
            };
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(120)
                && self
                    .queue()
                    .is_none_or(|queue| queue.iter().any(|(id, _)| jobs.contains(&id.as_str())))
            {
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        if self
            .folder
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("rl-real-"))
        {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Processes whose command line fits.
pub fn processes(fits: impl Fn(&[String]) -> bool) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        fits(&words)
    })
    .collect()
}

/// Whether a process lives.
pub fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rfind(") ").is_some_and(|at| !stat[at + 2..].starts_with(['Z', 'X']))
}

/// Sends a signal.
pub fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// In `bin` of this folder, an `ssh` that reads these settings alone.
pub fn ssh_with(folder: &Path, settings: &str) {
    let config = folder.join("ssh_config");
    std::fs::write(&config, settings).expect("written");
    let text = format!("#!/bin/sh\nexec /usr/bin/ssh -F '{}' \"$@\"\n", config.display());
    write_program(&folder.join("bin/ssh"), &text);
}

fn home_of(user: &str) -> PathBuf {
    let accounts = std::fs::read_to_string("/etc/passwd").expect("accounts");
    let line = accounts
        .lines()
        .find(|line| line.starts_with(&format!("{user}:")))
        .unwrap_or_else(|| panic!("no account {user}"));
    PathBuf::from(line.split(':').nth(5).expect("a home"))
}

fn copy_for_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_for_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Lets every user read and enter, and execute what is a script.
pub fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("opened");
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("read").flatten() {
            open_to_all(&entry.path());
        }
    }
}
