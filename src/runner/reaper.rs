//! Ends everything that a run has started.
//!
//! The runner makes itself the parent of orphans, so a process that was started with
//! `nohup` and `setsid` is still a descendant. A mark in the environment finds those that
//! were started while another runner, killed since, was in charge.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions};

use crate::platform::{clock, process};

/// The variable that marks every process of a job.
pub const MARK: &str = "RESEARCHLOOP_JOB";

/// Between asking processes to end and making them, where there is time: they may have something
/// to save. Schedulers wait for half a minute and more before they kill.
const GRACE: Duration = Duration::from_secs(10);
/// The same for those that are asked when others have used that time up.
const LATE_GRACE: Duration = Duration::from_secs(2);
/// The same when the job's time is over.
const LEAST_GRACE: Duration = Duration::from_millis(700);

/// How long processes may take to end when they are asked to. `left`: until the scheduler ends
/// the job; `signalled`: since when it waits for that, if it does.
pub fn grace(left: Duration, signalled: Option<Instant>) -> Duration {
    let used = signalled.map_or(Duration::ZERO, clock::since);
    GRACE.saturating_sub(used).max(LATE_GRACE).min(left / 4).max(LEAST_GRACE)
}

/// Makes this process the parent of all orphans among its descendants.
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// A process that is known for certain, by its id and when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    pid: u32,
    ticks: u64,
}

impl Started {
    /// This process, if it is there.
    pub fn of(pid: Pid) -> Option<Self> {
        let pid = u32::try_from(pid.as_raw_nonzero().get()).ok()?;
        Some(Self { pid, ticks: process::start_ticks(pid)? })
    }

    /// Its id.
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// When it began, in clock ticks since the machine did.
    pub fn ticks(self) -> u64 {
        self.ticks
    }
}

/// Lists all processes that belong to the run: descendants of this process, and those
/// that carry the mark. Not this process, nothing that has ended already, and neither those that are
/// spared nor what descends from them.
pub fn members(mark: &str, spared: &[Started]) -> Vec<Pid> {
    let own = std::process::id();
    let marked = format!("{MARK}={mark}");
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for pid in processes() {
        let Some((state, parent)) = state_and_parent(pid) else { continue };
        if state == 'Z' || state == 'X' {
            continue;
        }
        children.entry(parent).or_default().push(pid);
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if pid != own
            && environment.split(|byte| *byte == 0).any(|variable| variable == marked.as_bytes())
        {
            found.insert(pid);
        }
    }
    let kept: Vec<u32> = spared
        .iter()
        .filter(|one| process::start_ticks(one.pid) == Some(one.ticks))
        .map(|one| one.pid)
        .collect();
    let kept = with_descendants(kept, &mut children);
    found.extend(with_descendants(vec![own], &mut children));
    found.remove(&own);
    found.into_iter().filter(|pid| !kept.contains(pid)).filter_map(process::pid).collect()
}

/// These, and what descends from them. Whose children were looked at is taken out of the table.
fn with_descendants(mut open: Vec<u32>, children: &mut BTreeMap<u32, Vec<u32>>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    while let Some(parent) = open.pop() {
        found.insert(parent);
        open.extend(children.remove(&parent).unwrap_or_default());
    }
    found
}

/// The state letter and the parent of a process, from its `stat` file. The name in it may
/// hold anything, brackets and spaces too, so what follows its last bracket is read.
fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether this text stands in the environment of a process of ours.
pub fn is_known_to_a_process(text: &str) -> bool {
    let holds = |pid| {
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    processes().any(holds)
}

/// Collects orphans that have ended, but not this child, whose end somebody waits for. A week of
/// short commands would otherwise leave as many dead entries in the table of processes.
pub fn reap_but(child: u32) {
    let own = std::process::id();
    for pid in processes() {
        if pid != child
            && state_and_parent(pid) == Some(('Z', own))
            && let Some(pid) = process::pid(pid)
        {
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

fn processes() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// Collects children that have ended.
pub fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}

/// Ends all members but those that are spared: first politely, and after this time by force. Returns how
/// many there were, and how many could not be ended.
pub fn end_all(mark: &str, spared: &[Started], grace: Duration) -> (usize, usize) {
    let first = members(mark, spared);
    for pid in &first {
        let _ = rustix::process::kill_process(*pid, Signal::TERM);
    }
    let started = clock::instant();
    loop {
        reap();
        let left = members(mark, spared);
        if left.is_empty() {
            return (first.len(), 0);
        }
        let waited = clock::since(started);
        if waited > grace + Duration::from_secs(4) {
            return (first.len(), left.len());
        }
        if waited > grace {
            for pid in &left {
                let _ = rustix::process::kill_process(*pid, Signal::KILL);
            }
        }
        clock::pause(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_have_time_to_end_as_far_as_the_job_has() {
        let ahead = Duration::from_secs;
        assert_eq!(grace(ahead(3600), None), GRACE);
        assert!(grace(ahead(20), None) < Duration::from_secs(6));
        assert_eq!(grace(Duration::ZERO, None), LEAST_GRACE);
        let long_ago = clock::instant().checked_sub(Duration::from_secs(60));
        assert_eq!(grace(ahead(3600), long_ago), LATE_GRACE);
    }
}
