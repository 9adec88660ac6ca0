//! A project in a folder of its own, and the program in an environment without the user's.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Output, patience, program, record, sources, steady, tell};

/// A project. Its folder is removed with it.
#[derive(Debug)]
pub struct Project {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Drop for Project {
    /// A test that failed in the middle leaves no job behind: everything that works in this
    /// project's folder is ended.
    fn drop(&mut self) {
        record::sprints(self.folder.path());
        for _ in 0..20 {
            let mut found = false;
            for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                let Some(pid) = entry
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse::<i32>().ok())
                    .and_then(rustix::process::Pid::from_raw)
                else {
                    continue;
                };
                if std::fs::read_link(entry.path().join("cwd"))
                    .is_ok_and(|place| place.starts_with(self.folder.path()))
                {
                    found = true;
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
            if !found {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        let project = Self {
            folder: tempfile::Builder::new().prefix("rl-test").tempdir().expect("a folder"),
            variables: Vec::new(),
        };
        std::fs::create_dir(project.path("home")).expect("made");
        project
    }

    /// A project with this configuration.
    pub fn with(config: &str) -> Self {
        let project = Self::empty();
        project.write("researchloop.toml", config);
        project
    }

    /// A project on this machine, whose agent is the scripted one of the tests. `more` is added
    /// to the cluster's section.
    pub fn local(more: &str) -> Self {
        let project = Self::empty();
        let agent = sources().join("tests/agent/claude");
        let config = format!(
            "[[cluster]]\nname = \"here\"\nscheduler_type = \"local\"\nworking_dir = \"{}\"\nclaude_command = [\"{}\"]\npoll_interval = 1\nretry_delays = [0]\n\
             environment = {{ STAND_IN_PAUSE = \"0\", STAND_IN_COST_PER_TURN = \"0.01\" }}\n{more}\n\n\
             [[study]]\nname = \"s\"\ncluster = \"here\"\nmax_sprint_duration_hours = 1\n",
            project.path("cluster").display(),
            agent.display(),
        );
        project.write("researchloop.toml", &config);
        project
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders that it needs.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Sets a variable for all later commands.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Lets later commands find the programs in the project's `bin` before all others.
    pub fn put_bin_first(&mut self) {
        let others = std::env::var("PATH").expect("a PATH");
        self.set("PATH", &format!("{}:{others}", self.path("bin").display()));
    }

    /// A command in a clean environment, in the project's folder.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("COLUMNS", "100")
            .env("TERM", "dumb")
            .env("LANG", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(program());
        command.args(arguments);
        Self::output(command)
    }

    /// Runs a command to its end.
    pub fn output(mut command: Command) -> Output {
        let output = command.output().expect("started");
        let output = Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output
                .status
                .code()
                .or(output.status.signal().map(|signal| 128 + signal))
                .unwrap_or(-1),
        };
        record::run(&command, &output);
        output
    }

    /// Starts the program and leaves it running, with pipes.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(program())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    }

    /// Submits a sprint of study `s` and returns its id.
    #[track_caller]
    pub fn submit(&self, idea: &str, more: &[&str]) -> String {
        let mut arguments = vec!["--json", "sprint", "run", idea, "-s", "s"];
        arguments.extend(more);
        let output = self.run(&arguments);
        assert_eq!(output.code, 0, "{output}");
        output.json()["sprint_id"].as_str().expect("an id").to_owned()
    }

    /// The sprint as `sprint show --json` tells it.
    #[track_caller]
    pub fn show(&self, id: &str) -> serde_json::Value {
        self.run(&["--json", "sprint", "show", id]).success().json()["sprint"].clone()
    }

    /// The sprint's directory on its cluster, which is this machine.
    #[track_caller]
    pub fn remote_dir(&self, id: &str) -> PathBuf {
        PathBuf::from(self.show(id)["remote_dir"].as_str().expect("a directory"))
    }

    /// Lets the sprint's agent go on, which waits at its `gate`.
    #[track_caller]
    pub fn let_go(&self, id: &str) {
        super::let_go(&self.remote_dir(id));
    }

    /// All that can tell why a sprint is as it is: what is known of it here, and the ends of its files.
    pub fn explain(&self, id: &str) -> String {
        let json = self.run(&["--json", "sprint", "show", id]);
        let folder =
            PathBuf::from(json.json_or_null()["sprint"]["remote_dir"].as_str().unwrap_or_default());
        let end_of = |name: &str| {
            let text = std::fs::read(folder.join(name))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let text = text.unwrap_or_else(|error| format!("({error})"));
            let lines: Vec<String> =
                text.lines().rev().take(15).map(|line| line.chars().take(600).collect()).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        let files = ["job.log", ".researchloop/exit.json", ".researchloop/run.jsonl", "output.log"];
        let ends: String = files
            .iter()
            .map(|name| format!("---- the end of {name}\n{}\n", end_of(name)))
            .collect();
        format!(
            "---- sprint show\n{}---- json\n{}\n{ends}",
            self.run(&["sprint", "show", id]),
            json.stdout
        )
    }

    /// Ticks until the sprint is over, and returns it. A test that fails afterwards shows why the sprint did.
    #[track_caller]
    pub fn finish(&self, id: &str, seconds: u64) -> serde_json::Value {
        let started = std::time::Instant::now();
        loop {
            let waiting = record::Waiting::begin();
            let (_, ended) = self.jobs();
            let tick = self.run(&["tick"]);
            let sprint = self.show(id);
            drop(waiting);
            if matches!(sprint["status"].as_str(), Some("completed" | "failed" | "cancelled")) {
                if sprint["status"] != "completed" {
                    tell(&format!("---- the last tick\n{tick}{}", self.explain(id)));
                }
                return self.show(id);
            }
            let limit = patience(seconds);
            assert!(
                started.elapsed() < limit,
                "{id} is not over after {limit:?}\n---- the last tick\n{tick}{}",
                self.explain(id)
            );
            self.rest(ended);
        }
    }

    /// How many jobs of this machine's clusters have begun, and how many of them have ended.
    pub fn jobs(&self) -> (usize, usize) {
        let folders = std::fs::read_dir(self.path("home/.researchloop/local"));
        folders.into_iter().flatten().flatten().fold((0, 0), |(begun, ended), job| {
            (begun + 1, ended + usize::from(job.path().join("exit").exists()))
        })
    }

    /// Waits before the next tick: until a job has ended since there were so many, but not for
    /// long. While a job is at work, there is little to see for a tick, and each one costs.
    pub fn rest(&self, ended: usize) {
        let (begun, now_ended) = self.jobs();
        let longest = if begun > now_ended { 1000 } else { 300 };
        let started = std::time::Instant::now();
        while self.jobs().1 == ended && started.elapsed().as_millis() < longest {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// The printed text with everything that changes from run to run replaced.
    pub fn steady(&self, output: &Output) -> String {
        let text = output
            .to_string()
            .replace(&self.folder.path().display().to_string(), "$PROJECT")
            .replace(&sources().display().to_string(), "$SOURCES");
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let text = text
            .replace(&format!(" on {host}"), " on HOST")
            .replace(&format!("\"host\":\"{host}\""), "\"host\":\"HOST\"");
        steady(&text)
    }
}
