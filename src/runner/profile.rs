//! Reads the user's profile for the job: once, by a shell of its own, whose environment and limits the job
//! has from then on.
//!
//! What the profile starts (an agent for keys, a tunnel) belongs to the job. Steps may need it, so it lives
//! until the run ends, and is ended with it. Some of it cannot be found by the mark, because it hides its
//! environment: it is known by its parent, which is this process.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use super::journal::replace;
use super::reaper::{self, Started};
use super::signals::StopSignals;
use super::time::JobTime;
use crate::platform::{clock, private, process, random};

/// The file with the processes that the profile has started, for the job script: it ends them when this
/// program was killed. A line each: id, and start in clock ticks.
const STARTED: &str = "started";

/// What the shell does. A profile may change it in every way; what it did to the environment and to the
/// limits is printed, by this very program, wherever `PATH` leads by then.
const SHELL: &str = r#"trap : USR1
for rl_profile in ~/.bashrc ~/.profile; do
  [ -f "$rl_profile" ] || continue
  . "$rl_profile" >/dev/null 2>&1 </dev/null
  break
done
\trap - EXIT DEBUG ERR RETURN
\unset -f unset builtin exec
\builtin exec /proc/%PID%/exe job-environment"#;

/// What the job has of the profile.
#[derive(Debug, Default)]
pub struct Profile {
    /// The variables.
    pub variables: Vec<(String, String)>,
    /// What is to be said of it.
    pub told: Option<String>,
    /// What it has started, and is still there.
    pub started: Vec<Started>,
}

/// What the shell that has read it tells at its end.
#[derive(Debug, Serialize, Deserialize)]
struct Surroundings {
    variables: Vec<(String, String)>,
    /// In the order of [`LIMITS`]: the present one, and the most that it may be raised to.
    limits: Vec<(Option<u64>, Option<u64>)>,
}

/// All limits of a process.
const LIMITS: [Resource; 16] = [
    Resource::As,
    Resource::Core,
    Resource::Cpu,
    Resource::Data,
    Resource::Fsize,
    Resource::Locks,
    Resource::Memlock,
    Resource::Msgqueue,
    Resource::Nice,
    Resource::Nofile,
    Resource::Nproc,
    Resource::Rss,
    Resource::Rtprio,
    Resource::Rttime,
    Resource::Sigpending,
    Resource::Stack,
];

fn own_variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Prints the variables and limits of this process, as the last line.
pub fn tell_surroundings() -> io::Result<()> {
    let limits = LIMITS.map(|resource| {
        let limit = rustix::process::getrlimit(resource);
        (limit.current, limit.maximum)
    });
    let told = Surroundings { variables: own_variables(), limits: limits.to_vec() };
    writeln!(io::stdout(), "\n{}", serde_json::to_string(&told)?)
}

/// Reads it. `mark` is carried by everything that it starts.
pub fn read(own: &Path, mark: &str, signals: &mut StopSignals, time: &JobTime) -> Profile {
    let mut variables = own_variables();
    let home = std::env::var("HOME").unwrap_or_default();
    let mut told = None;
    if let Some(name) =
        [".bashrc", ".profile"].into_iter().find(|name| Path::new(&home).join(name).is_file())
    {
        match surroundings(own, mark, signals, time) {
            Ok(Some(found)) => {
                for (resource, (current, maximum)) in LIMITS.into_iter().zip(found.limits) {
                    let _ = rustix::process::setrlimit(resource, Rlimit { current, maximum });
                }
                variables = joined(variables, found.variables);
            }
            Ok(None) => {
                told = Some(format!(
                    "~/{name} ends the shell that reads it, or makes another program of it: it was not used"
                ))
            }
            Err(error) => told = Some(format!("~/{name} was not used: {error}")),
        }
    }
    extend_path(&mut variables, &home);
    let started: Vec<Started> =
        reaper::members(mark, &[]).into_iter().filter_map(Started::of).collect();
    let lines: String =
        started.iter().map(|one| format!("{} {}\n", one.pid(), one.ticks())).collect();
    let _ = std::fs::remove_file(own.join(STARTED));
    if !lines.is_empty() {
        let _ = replace(own, STARTED, lines.as_bytes());
    }
    Profile { variables, told, started }
}

/// Forgets what the job script would have to end.
pub fn forget(own: &Path) {
    let _ = std::fs::remove_file(own.join(STARTED));
}

fn is_for_us(name: &str) -> bool {
    name.starts_with("RESEARCHLOOP_")
}

/// The variables that the profile has left, but for what it has no say in: what is said to this program
/// alone, and what the scheduler has said of this job.
fn joined(own: Vec<(String, String)>, found: Vec<(String, String)>) -> Vec<(String, String)> {
    let in_job = own.iter().any(|(name, _)| name == "SLURM_JOB_ID");
    let mut variables: Vec<_> =
        own.into_iter().filter(|(name, _)| is_for_us(name) || is_of_scheduler(name)).collect();
    let known: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
    let may_stay =
        |name: &String| !(is_for_us(name) || known.contains(name) || in_job && asks_for_more(name));
    variables.extend(found.into_iter().filter(|(name, _)| may_stay(name)));
    variables
}

/// What a scheduler sets: its own words about the job, and which devices it has.
fn is_of_scheduler(name: &str) -> bool {
    const DEVICES: [&str; 5] = [
        "CUDA_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
        "GPU_DEVICE_ORDINAL",
        "ZE_AFFINITY_MASK",
    ];
    const SGE: [&str; 8] =
        ["JOB_ID", "JOB_NAME", "NSLOTS", "NHOSTS", "NQUEUES", "PE", "PE_HOSTFILE", "SGE_TASK_ID"];
    name.starts_with("SLURM_") || DEVICES.contains(&name) || SGE.contains(&name)
}

/// What `srun` would take for a wish that differs from what the job has: some of it excludes the other.
fn asks_for_more(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("SLURM_") else { return false };
    ["MEM_PER_", "CPUS_PER_", "GPUS", "NTASKS", "TRES_PER_", "NNODES", "NPROCS"]
        .iter()
        .any(|head| rest.starts_with(head))
}

/// Where the agent's program is often found, and where the system's are always.
fn extend_path(variables: &mut Vec<(String, String)>, home: &str) {
    let known = variables
        .iter()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.clone())
        .unwrap_or_default();
    let middle = if known.is_empty() { String::new() } else { format!("{known}:") };
    variables.retain(|(name, _)| name != "PATH");
    variables.push((
        "PATH".to_owned(),
        format!("{home}/.local/bin:{home}/.claude/bin:{middle}/usr/local/bin:/usr/bin:/bin"),
    ));
}

/// None when the shell did not come to its end, or a signal or the job's time ended it.
fn surroundings(
    own: &Path,
    mark: &str,
    signals: &mut StopSignals,
    time: &JobTime,
) -> io::Result<Option<Surroundings>> {
    // A file without a name, and no pipe: what the profile leaves running may hold it open.
    let path = own.join(format!("profile.{}.tmp", random::hex(4)));
    let mut answer = private::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    let mut command = process::command("bash");
    command
        .args([
            "--norc",
            "--noprofile",
            "-c",
            &SHELL.replace("%PID%", &std::process::id().to_string()),
        ])
        .env(reaper::MARK, mark);
    for (name, _) in
        own_variables().iter().filter(|(name, _)| is_for_us(name) && name != reaper::MARK)
    {
        command.env_remove(name);
    }
    command
        .current_dir(own.parent().unwrap_or(own))
        .stdin(Stdio::null())
        .stdout(answer.try_clone()?)
        .stderr(Stdio::null());
    let mut shell = std::os::unix::process::CommandExt::process_group(&mut command, 0).spawn()?;
    loop {
        if shell.try_wait()?.is_some() {
            break;
        }
        if signals.seen().is_some() || time.is_over() {
            process::signal_group(shell.id(), Signal::KILL);
            shell.wait()?;
            return Ok(None);
        }
        reaper::reap_but(shell.id());
        clock::pause(Duration::from_millis(20));
    }
    last_line(&mut answer)
}

fn last_line(answer: &mut File) -> io::Result<Option<Surroundings>> {
    let mut text = Vec::new();
    answer.rewind()?;
    answer.read_to_end(&mut text)?;
    Ok(text
        .trim_ascii_end()
        .rsplit(|byte| *byte == b'\n')
        .next()
        .and_then(|line| serde_json::from_slice(line).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scheduler_has_said_of_the_job_outlives_the_profile() {
        let pairs = |text: &str| -> Vec<(String, String)> {
            text.split(' ')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        let own = pairs(
            "SLURM_JOB_ID=7 SLURM_MEM_PER_NODE=200 SLURM_CPUS_PER_TASK=4 CUDA_VISIBLE_DEVICES=2 RESEARCHLOOP_X=1 PATH=/bin GONE=1",
        );
        let left = pairs(
            "SLURM_JOB_ID=3 SLURM_MEM_PER_CPU=100 SLURM_MEM_PER_NODE=200 SLURM_CPUS_PER_TASK=1 SLURM_CPU_BIND=none CUDA_VISIBLE_DEVICES=0 \
             RESEARCHLOOP_X=2 RESEARCHLOOP_Y=2 PATH=/opt:/bin NEW=1",
        );
        let mut variables: Vec<String> = joined(own, left.clone())
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        variables.sort();
        assert_eq!(
            variables,
            [
                "CUDA_VISIBLE_DEVICES=2",
                "NEW=1",
                "PATH=/opt:/bin",
                "RESEARCHLOOP_X=1",
                "SLURM_CPUS_PER_TASK=4",
                "SLURM_CPU_BIND=none",
                "SLURM_JOB_ID=7",
                "SLURM_MEM_PER_NODE=200"
            ]
        );
        // Elsewhere than in a job of SLURM, the profile says what it says.
        let names = |variables: Vec<(String, String)>| {
            variables.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names(joined(pairs("PATH=/bin"), left)).contains(&"SLURM_MEM_PER_CPU".to_owned()));
    }
}
