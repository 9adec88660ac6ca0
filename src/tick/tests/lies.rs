//! Which lie the simulated cluster tells, and how long.
//!
//! A sprint can be judged rightly only while some witness is honest. So a queue that leaves jobs out
//! without a complaint is told of for long only while the accounting knows them, or while each of
//! them is at work and its files grow.

use super::chance::Chance;
use super::world::{Job, Stage, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    Honest,
    /// The truth, and on standard error what some other program of that account has to say.
    Noisy,
    /// Exit status 1 and a complaint.
    Down,
    /// Exit status 0, a complaint, and no job.
    Complains,
    /// Exit status 0 and no job.
    Empty,
    /// Exit status 0 and the first half of the jobs.
    Half,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    Honest,
    Off,
    Hangs,
    Fails,
    /// Jobs that have ended are still RUNNING.
    Stale,
    /// Jobs that began or ended lately are not there.
    Late,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    Closed,
    /// All is done, and the answer does not arrive.
    Cut,
}

#[derive(Debug, Clone, Copy)]
pub struct Lies {
    pub queue: Queue,
    pub accounting: Accounting,
    pub way: Way,
    left: i64,
    /// Polls since the last honest answer in which jobs were left out and nobody else knew them.
    blind: u32,
}

/// Everybody is honest. That something else complains there, too, keeps no sprint from its end.
pub const NONE: Lies =
    Lies { queue: Queue::Noisy, accounting: Accounting::Honest, way: Way::Open, left: 0, blind: 0 };

impl Lies {
    /// The lies of the next poll, so many seconds after the last one.
    pub fn next(&mut self, world: &World, seconds: i64, chance: &mut Chance) {
        self.left -= seconds;
        self.way = chance.of(&[(90, Way::Open), (5, Way::Closed), (5, Way::Cut)]);
        if self.left <= 0 {
            self.left = chance.of(&[(50, 1), (30, 60), (15, 300), (5, 900)]);
            self.queue = chance.of(&[
                (52, Queue::Honest),
                (10, Queue::Noisy),
                (6, Queue::Down),
                (12, Queue::Complains),
                (12, Queue::Empty),
                (8, Queue::Half),
            ]);
            self.accounting = chance.of(&[
                (55, Accounting::Honest),
                (10, Accounting::Off),
                (8, Accounting::Hangs),
                (7, Accounting::Fails),
                (10, Accounting::Stale),
                (10, Accounting::Late),
            ]);
        }
        if !super::lie("queue") {
            self.queue = Queue::Honest;
        }
        if !super::lie("accounting") {
            self.accounting = Accounting::Honest;
        }
        if !super::lie("way") {
            self.way = Way::Open;
        }
        self.is_bounded(world);
    }

    fn is_bounded(&mut self, world: &World) {
        let leaves_out = matches!(self.queue, Queue::Empty | Queue::Half);
        let knows = matches!(self.accounting, Accounting::Honest | Accounting::Stale);
        let at_work = |job: &Job| matches!(job.stage, Stage::Running(_));
        if leaves_out && !knows {
            if self.blind >= 2 && !world.jobs.iter().filter(|job| !job.is_over()).all(at_work) {
                self.queue = Queue::Honest;
            }
            // Who gives no answer for long is at some time believed to have nothing to say.
            self.left = self.left.min(400);
        }
        match self.queue {
            Queue::Honest | Queue::Noisy if self.way == Way::Open => self.blind = 0,
            Queue::Empty | Queue::Half if !knows => self.blind += 1,
            _ => {}
        }
    }
}

/// What squeue has: `ID|NAME|STATE|NODE|REASON`. Ended jobs stay for five minutes.
pub fn queue_lines(world: &World, lie: Queue) -> Vec<String> {
    let mut lines: Vec<String> =
        vec![format!("{}|somebody-else|RUNNING|n3|None", super::world::INNOCENT)];
    for job in world.jobs.iter().filter(|job| job.visible <= world.now) {
        if matches!(job.stage, Stage::Over { at, .. } if at + 300 < world.now) {
            continue;
        }
        let (word, _) = job.word();
        let node = if matches!(job.stage, Stage::Pending { .. }) { "" } else { "n1" };
        let reason = if job.earlier.is_empty() || !node.is_empty() { "None" } else { "BeginTime" };
        lines.push(format!("{}|{}|{word}|{node}|{reason}", job.id, job.name));
    }
    match lie {
        Queue::Honest | Queue::Noisy => {}
        Queue::Half => lines.truncate(lines.len() / 2),
        Queue::Down | Queue::Complains | Queue::Empty => lines.clear(),
    }
    lines
}

/// What sacct has: `ID|NAME|STATE|CODE|NODES|SECONDS|TRES`.
pub fn accounting_lines(world: &World, lie: Accounting) -> Vec<String> {
    let mut lines = Vec::new();
    if matches!(lie, Accounting::Off | Accounting::Hangs | Accounting::Fails) {
        return lines;
    }
    for job in world.jobs.iter().filter(|job| job.visible <= world.now) {
        let changed = match job.stage {
            Stage::Over { at, .. } => at,
            _ => job.began.unwrap_or(world.now),
        };
        if lie == Accounting::Late && world.now - changed < 200 {
            continue;
        }
        let row = |word: &str, code: &str| {
            let seconds = job.began.map_or(0, |began| changed.max(began) - began);
            format!("{}|{}|{word}|{code}|n1|{seconds}|cpu=1", job.id, job.name)
        };
        for word in &job.earlier {
            lines.push(row(word, "0:0"));
        }
        let (word, code) = job.word();
        let is_stale = lie == Accounting::Stale
            && matches!(job.stage, Stage::Over { at, .. } if world.now - at < 900);
        lines.push(if is_stale { row("RUNNING", "0:0") } else { row(word, code) });
    }
    lines
}

/// What a scheduler command says on standard error, and its exit status.
pub fn queue_says(lie: Queue) -> (&'static str, i32) {
    match lie {
        Queue::Honest | Queue::Empty | Queue::Half => ("", 0),
        Queue::Noisy => ("perl: warning: Setting locale failed.", 0),
        Queue::Down => {
            ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", 1)
        }
        Queue::Complains => {
            ("squeue: error: slurm_receive_msgs: Zero Bytes were transmitted or received", 0)
        }
    }
}

/// The same of the accounting.
pub fn accounting_says(lie: Accounting) -> (&'static str, i32) {
    match lie {
        Accounting::Honest | Accounting::Stale | Accounting::Late => ("", 0),
        Accounting::Off => ("Slurm accounting storage is disabled", 1),
        Accounting::Hangs => ("", 124),
        Accounting::Fails => {
            ("sacct: error: Problem talking to the database: Connection refused", 1)
        }
    }
}

/// What sbatch does: how many jobs come of it, what it says, and its exit status. `%` is the id.
pub fn submission(chance: &mut Chance) -> (u32, &'static str, i32) {
    let taken = u32::from(chance.percent(50));
    chance.of(&[
        (57, (1, "%", 0)),
        // Some site's wrapper tries again on its own.
        (3, (2, "%", 0)),
        (4, (0, "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Unable to contact slurm controller (receive failure)", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Unable to contact slurm controller (send failure)", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Unable to contact slurm controller (shutdown failure)", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Header lengths are longer than data received", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Unspecified error", 1)),
        (4, (taken, "sbatch: error: Batch job submission failed: Protocol authentication error", 1)),
        (4, (taken, "sbatch: fatal: the moon is full", 1)),
        (2, (taken, "", 1)),
        (2, (0, "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits): QOSMaxSubmitJobPerUserLimit", 1)),
    ])
}
