//! The way to the simulated cluster. A request's script is really run, by the system's shell, against
//! programs in the scheduler's place that answer from files which are written for that one request.
//!
//! Most requests only ask how jobs and files are. Their answer is made here without a shell, so that
//! thousands take seconds; another test holds that it is what the shell would have answered.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::chance::Chance;
use super::lies::{self, Lies, Way};
use super::world::World;
use crate::platform::process;
use crate::remote::{Limits, Payload, Remote, RemoteError, Reply, Script};

/// One word in the place of a random one: nobody forges answers here.
const NONCE: &str = "0123456789abcdef";

pub struct Front {
    pub world: World,
    pub chance: Chance,
    pub lies: Lies,
    /// Whether answers about jobs and files are made without a shell.
    pub quick: bool,
    pub requests: u32,
    /// Whether sbatch does what it says.
    pub honest: bool,
    pub folder: PathBuf,
}

impl Front {
    pub fn new(folder: &Path, now: i64, seed: u64, quick: bool) -> Self {
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        for (name, text) in PROGRAMS {
            let path = bin.join(name);
            std::fs::write(
                &path,
                format!("#!/bin/sh\ncd -- '{}' || exit 9\n{text}", folder.display()),
            )
            .expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
                .expect("executable");
        }
        Self {
            world: World::new(now),
            chance: Chance::new(seed),
            lies: lies::NONE,
            quick,
            requests: 0,
            honest: false,
            folder: folder.to_path_buf(),
        }
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("written");
    }

    fn took(&self, name: &str) -> String {
        let path = self.folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    }

    /// What the programs will answer in this request.
    fn prepare(&mut self, script: &Script) {
        let lines =
            |lines: Vec<String>| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let (said, status) = lies::queue_says(self.lies.queue);
        self.put("queue", &lines(lies::queue_lines(&self.world, self.lies.queue)));
        self.put("queue.err", said);
        self.put("queue.rc", &status.to_string());
        let (said, status) = lies::accounting_says(self.lies.accounting);
        self.put("accounting", &lines(lies::accounting_lines(&self.world, self.lies.accounting)));
        self.put("accounting.err", said);
        self.put("accounting.rc", &status.to_string());
        let (taken, says, status) = if self.honest || !super::lie("sbatch") {
            (1, "%", 0)
        } else {
            lies::submission(&mut self.chance)
        };
        self.put("sbatch.plan", &format!("{taken} {status} {says}\n"));
        let deaf = !self.honest && super::lie("sbatch") && self.chance.percent(25);
        self.put("scancel.rc", if deaf { "1" } else { "0" });
        self.put("next", &self.world.next_id.to_string());
        self.put("now", &format!("{}\n", self.world.now));
        self.put(
            "files",
            &files_read(script)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default(),
        );
    }

    /// What the programs were asked to do has happened.
    fn absorb(&mut self) {
        for line in self.took("submitted").lines() {
            let mut fields = line.splitn(3, '|');
            let (Some(Ok(id)), Some(name), Some(dir)) =
                (fields.next().map(str::parse), fields.next(), fields.next())
            else {
                continue;
            };
            // Listings may show it at once, or only after a while.
            let visible = self.world.now
                + if self.chance.percent(75) { 0 } else { self.chance.within(1..45) };
            self.world.take(id, name, Path::new(dir), visible, &mut self.chance);
        }
        let cancelled = self.took("cancelled");
        for line in cancelled.lines() {
            let (mut ids, mut names) = (Vec::new(), Vec::new());
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                match word {
                    "-n" | "--name" | "--jobname" => {
                        names.extend(words.next().unwrap_or_default().split(',').map(str::to_owned))
                    }
                    "-u" | "-M" | "--user" => drop(words.next()),
                    word if word.starts_with("--name=") || word.starts_with("--jobname=") => {
                        names.extend(
                            word.split_once('=')
                                .map_or("", |(_, names)| names)
                                .split(',')
                                .map(str::to_owned),
                        );
                    }
                    word => ids.extend(word.split(',').filter_map(|id| id.parse::<u32>().ok())),
                }
            }
            self.world.cancel(&ids, &names);
        }
    }

    /// The answer as the far side would print it.
    pub fn by_shell(&mut self, script: &Script) -> Vec<u8> {
        let text = script.wire_text(NONCE);
        let mut child = process::command("/bin/sh")
            .args(["-c", r#"IFS= read -r n; eval "$(head -c "$n")""#])
            .env("PATH", format!("{}:/usr/bin:/bin", self.folder.join("bin").display()))
            .env("HOME", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut input = child.stdin.take().expect("a pipe");
        let mut bytes = format!("{}\n{text}", text.len()).into_bytes();
        for payload in script.payloads() {
            match payload {
                Payload::Bytes(more) => bytes.extend_from_slice(more),
                Payload::File { path, .. } => bytes.extend(std::fs::read(path).expect("read")),
            }
        }
        let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
        let output = child.wait_with_output().expect("ended").stdout;
        writer.join().expect("written");
        output
    }

    /// The same, made here. None for a request of another shape.
    pub fn quickly(&self, script: &Script) -> Option<Vec<u8>> {
        let sections = sections(script);
        if sections
            .iter()
            .any(|name| !["clock", "jobs", "files", "accounting"].contains(&name.as_str()))
            || !sections.iter().any(|name| name == "files")
        {
            return None;
        }
        let mut answer = Vec::new();
        let (jobs, accounting) = self.jobs(script);
        for name in sections {
            let output = match name.as_str() {
                "clock" => format!("{}\n", self.world.now).into_bytes(),
                "jobs" => jobs.clone().into_bytes(),
                "accounting" => accounting.clone().into_bytes(),
                _ => files_read(script)?,
            };
            answer.extend(format!("\n{NONCE} + {name}\n").into_bytes());
            answer.extend(output);
            answer.extend(format!("\n{NONCE} = 0\n").into_bytes());
        }
        answer.extend(format!("\n{NONCE} .\n").into_bytes());
        Some(answer)
    }

    /// What the scheduler's shell texts make of its commands' answers: those of the queue, and of the
    /// accounting behind the files.
    fn jobs(&self, script: &Script) -> (String, String) {
        let asked = script
            .shown()
            .split_once("RL_JOBS='")
            .and_then(|(_, rest)| rest.split_once('\''))
            .map_or("", |(asked, _)| asked);
        let ids: Vec<&str> =
            asked.split_whitespace().skip(1).filter_map(|asked| asked.split('=').next()).collect();
        // An error of the scheduler's own program counts, whatever its exit status is.
        let complained = |(said, status): (&'static str, i32)| {
            (said, if status == 0 && said.contains("error") { 98 } else { status })
        };
        let (said, status) = complained(lies::queue_says(self.lies.queue));
        let mut queue = "cluster -\n".to_owned();
        let mut left = ids.clone();
        for line in lies::queue_lines(&self.world, self.lies.queue) {
            let fields: Vec<&str> = line.split('|').collect();
            let (id, name, word) = (fields[0], fields[1], fields[2]);
            if !ids.contains(&id) {
                if name.starts_with("rl-sp-") {
                    queue.push_str(&format!("s {id}|{word}|{name}\n"));
                }
                continue;
            }
            queue.push_str(&format!("q {id}|{word}|{}|{}|{name}\n", fields[3], fields[4]));
            if ["PENDING", "RUNNING", "SUSPENDED"].contains(&word) {
                left.retain(|other| *other != id);
            }
        }
        if !said.is_empty() {
            queue.push_str(&format!("! {said}\n"));
        }
        let left = if matches!(status, 0 | 98) { left } else { Vec::new() };
        queue.push_str(&format!("queue {status}\nleft {}\n", left.join(",")));
        let mut accounting = "cluster -\n".to_owned();
        if left.is_empty() {
            return (queue, accounting);
        }
        let (said, status) = complained(lies::accounting_says(self.lies.accounting));
        for line in lies::accounting_lines(&self.world, self.lies.accounting) {
            let fields: Vec<&str> = line.split('|').collect();
            if left.contains(&fields[0]) {
                accounting.push_str(&format!(
                    "a {}|{}|{}|{}|{}|{}||{}\n",
                    fields[0], fields[2], fields[3], fields[4], fields[5], fields[6], fields[1]
                ));
            }
        }
        if !said.is_empty() {
            accounting.push_str(&format!("! {said}\n"));
        }
        accounting.push_str(&format!("accounting {status}\n"));
        (queue, accounting)
    }

    /// Runs it, as it is, whatever the way does to the answer.
    pub fn answer(&mut self, script: &Script) -> Vec<u8> {
        if self.quick
            && let Some(answer) = self.quickly(script)
        {
            return answer;
        }
        self.prepare(script);
        let answer = self.by_shell(script);
        self.absorb();
        answer
    }
}

impl Remote for Front {
    fn run(&mut self, script: Script, _limits: Limits) -> Result<Reply, RemoteError> {
        self.requests += 1;
        if self.lies.way == Way::Closed {
            return Err(RemoteError::Unreachable {
                place: self.place(),
                problem: "no route to host".to_owned(),
            });
        }
        let answer = self.answer(&script);
        let cut = RemoteError::Cut {
            place: self.place(),
            problem: "the last line is missing".to_owned(),
        };
        if self.lies.way == Way::Cut {
            return Err(cut);
        }
        Reply::parse(&answer, NONCE).ok_or(cut)
    }

    fn place(&self) -> String {
        "the simulated cluster".to_owned()
    }
}

/// The names of a script's sections.
fn sections(script: &Script) -> Vec<String> {
    script
        .shown()
        .lines()
        .filter_map(|line| line.strip_prefix("rl_b '")?.strip_suffix('\''))
        .map(str::to_owned)
        .collect()
}

/// What the runner on the login node answers when it is asked for files: the real one, in this process.
fn files_read(script: &Script) -> Option<Vec<u8>> {
    let request = script.payloads().iter().find_map(|payload| match payload {
        Payload::Bytes(bytes)
            if bytes.starts_with(b"{")
                && bytes.windows(12).any(|part| part == b"\"max_bytes\":") =>
        {
            Some(bytes)
        }
        _ => None,
    })?;
    let mut answer = Vec::new();
    crate::runner::read_files(request.as_slice(), &mut answer).ok()?;
    Some(answer)
}

/// Programs in the scheduler's place. They run in the folder where their answers lie.
const PROGRAMS: &[(&str, &str)] = &[
    ("date", "case $* in +%s) cat now ;; *) exec /bin/date \"$@\" ;; esac\n"),
    (
        "squeue",
        r#"format=%i name=
while [ $# -gt 0 ]; do
  case $1 in
    -o | --format) format=$2; shift ;;
    --format=*) format=${1#*=} ;;
    -n | --name) name=$2; shift ;;
    --name=*) name=${1#*=} ;;
    -u | -t | -j | -M) shift ;;
  esac
  shift
done
cat queue.err >&2
if [ "$(cat queue.rc)" = 0 ] && [ -s queue ]; then
  cat queue
  # One that was taken in this very request.
  if [ -e submitted ]; then awk -F'|' '{ print $1 "|" $2 "|PENDING||None" }' submitted; fi
fi | awk -F'|' -v format="$format" -v name="$name" '
  name == "" || index("," name ",", "," $2 ",") {
    line = format
    gsub(/%[.0-9]*i/, $1, line); gsub(/%[.0-9]*j/, $2, line); gsub(/%[.0-9]*T/, $3, line)
    gsub(/%[.0-9]*N/, $4, line); gsub(/%[.0-9]*r/, $5, line)
    print line
  }'
exit "$(cat queue.rc)"
"#,
    ),
    (
        "sacct",
        r#"format=JobIDRaw name= jobs=
while [ $# -gt 0 ]; do
  case $1 in
    -o | --format) format=$2; shift ;;
    --format=*) format=${1#*=} ;;
    -j | --jobs) jobs=$2; shift ;;
    --jobs=*) jobs=${1#*=} ;;
    --name) name=$2; shift ;;
    --name=*) name=${1#*=} ;;
    -S | -E | -u | -M) shift ;;
  esac
  shift
done
cat accounting.err >&2
awk -F'|' -v format="$format" -v name="$name" -v jobs="$jobs" '
  BEGIN { count = split(format, fields, ","); at["JobIDRaw"] = 1; at["JobID"] = 1; at["JobName"] = 2; at["State"] = 3; at["ExitCode"] = 4
    at["NodeList"] = 5; at["ElapsedRaw"] = 6; at["AllocTRES"] = 7 }
  (name == "" || index("," name ",", "," $2 ",")) && (jobs == "" || index("," jobs ",", "," $1 ",")) {
    line = ""
    for (i = 1; i <= count; i++) { field = fields[i]; sub(/%.*/, "", field); line = line (i > 1 ? "|" : "") (field in at ? $at[field] : "") }
    print line
  }' accounting
exit "$(cat accounting.rc)"
"#,
    ),
    (
        "sbatch",
        r#"read -r taken status says <sbatch.plan
id=$(cat next)
while [ "$taken" -gt 0 ]; do
  taken=$((taken - 1)) id=$(cat next)
  echo $((id + 1)) >next
  printf '%s|%s|%s\n' "$id" "$(sed -n 's/^#SBATCH --job-name=//p' "$OLDPWD/run_sprint.sh")" "$OLDPWD" >>submitted
done
case $says in %) echo "$id" ;; *) printf '%s\n' "$says" >&2 ;; esac
exit "$status"
"#,
    ),
    (
        "scancel",
        r#"if [ "$(cat scancel.rc)" != 0 ]; then
  echo 'scancel: error: Kill job error on job id: Unable to contact slurm controller (receive failure)' >&2
  exit 1
fi
echo "$*" >>cancelled
"#,
    ),
    (
        "researchloop",
        concat!(
            "case $1 in\n--version) echo 'researchloop ",
            env!("CARGO_PKG_VERSION"),
            "' ;;\nfiles-read) cat >/dev/null; cat files ;;\n",
            "files-results) cat >/dev/null; echo '{\"v\":1,\"parts\":[],\"next\":null,\"files\":[],\"skipped\":[]}' ;;\n*) exit 9 ;;\nesac\n"
        ),
    ),
];
