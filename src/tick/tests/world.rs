//! What is true of the simulated cluster: its clock, its jobs, and what its scheduler would say if
//! it told the truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chance::Chance;
use super::deeds::Deed;
use super::run::{Course, Gone, Run};

/// Somebody's job of the same account, which has nothing to do with any sprint.
pub const INNOCENT: u32 = 7;

pub enum Stage {
    Pending { from: i64 },
    Running(Box<Run>),
    Suspended(Box<Run>, i64),
    Over { word: &'static str, code: &'static str, at: i64 },
}

pub struct Job {
    pub id: u32,
    pub name: String,
    pub dir: PathBuf,
    /// From when on the scheduler's listings have it.
    pub visible: i64,
    pub stage: Stage,
    /// Whether it has the sprint's claim.
    pub has_claim: bool,
    /// Ends of earlier incarnations.
    pub earlier: Vec<&'static str>,
    pub began: Option<i64>,
    suspends_at: i64,
}

impl Job {
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over { .. })
    }

    /// The word of the queue, and the accounting's code.
    pub fn word(&self) -> (&'static str, &'static str) {
        match &self.stage {
            Stage::Pending { .. } => ("PENDING", "0:0"),
            Stage::Running(_) => ("RUNNING", "0:0"),
            Stage::Suspended(..) => ("SUSPENDED", "0:0"),
            Stage::Over { word, code, .. } => (word, code),
        }
    }

    fn attempt(&self) -> u32 {
        self.name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

pub struct World {
    pub now: i64,
    pub jobs: Vec<Job>,
    pub courses: BTreeMap<PathBuf, Course>,
    pub next_id: u32,
    /// Agents that began: sprint directory and job.
    pub began: Vec<(PathBuf, u32)>,
    /// What the next sprint's agent does beside its work.
    pub deeds: Vec<Deed>,
    pub innocent_killed: bool,
    /// How many times longer than in the shortest night everything takes.
    pub pace: i64,
}

impl World {
    pub fn new(now: i64) -> Self {
        Self {
            now,
            jobs: Vec::new(),
            courses: BTreeMap::new(),
            next_id: 100,
            began: Vec::new(),
            deeds: Vec::new(),
            innocent_killed: false,
            pace: 1,
        }
    }

    /// The scheduler has taken a job.
    pub fn take(&mut self, id: u32, name: &str, dir: &Path, visible: i64, chance: &mut Chance) {
        if !self.courses.contains_key(dir) {
            let deed = self.deeds.pop().unwrap_or(Deed::Nothing);
            self.courses.insert(dir.to_path_buf(), Course::new(dir, deed, self.pace));
        }
        self.next_id = self.next_id.max(id + 1);
        let from = self.now
            + if chance.percent(20) { chance.within(60..1500) } else { chance.within(1..60) };
        self.jobs.push(Job {
            id,
            name: name.to_owned(),
            dir: dir.to_path_buf(),
            visible,
            stage: Stage::Pending { from },
            has_claim: false,
            earlier: Vec::new(),
            began: None,
            suspends_at: 0,
        });
    }

    /// scancel, of ids and names.
    pub fn cancel(&mut self, ids: &[u32], names: &[String]) {
        self.innocent_killed |= ids.contains(&INNOCENT);
        let now = self.now;
        for job in
            self.jobs.iter_mut().filter(|job| ids.contains(&job.id) || names.contains(&job.name))
        {
            let Some(course) = self.courses.get_mut(&job.dir) else { continue };
            match &mut job.stage {
                Stage::Pending { .. } => {}
                Stage::Running(run) | Stage::Suspended(run, _) => {
                    run.is_stopped(course, now, "TERM")
                }
                Stage::Over { .. } => continue,
            }
            job.stage = Stage::Over { word: "CANCELLED", code: "0:15", at: now };
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, to: i64, chance: &mut Chance) {
        let Self { jobs, courses, began, .. } = self;
        for job in jobs.iter_mut() {
            let Some(course) = courses.get_mut(&job.dir) else { continue };
            loop {
                let stage =
                    std::mem::replace(&mut job.stage, Stage::Over { word: "", code: "", at: 0 });
                let (stage, goes_on) = match stage {
                    Stage::Pending { from } if from <= to => {
                        let stage = begins(job, course, from, chance);
                        if matches!(stage, Stage::Running(_)) {
                            began.push((job.dir.clone(), job.id));
                        }
                        (stage, true)
                    }
                    Stage::Running(mut run) => {
                        let until = if job.suspends_at > 0 { to.min(job.suspends_at) } else { to };
                        match run.go_on(course, until, chance) {
                            Some((at, Gone::Over(word, code))) => {
                                (Stage::Over { word, code, at }, false)
                            }
                            Some((at, Gone::BackToQueue(word))) => {
                                job.earlier.push(word);
                                (Stage::Pending { from: at + chance.within(30..400) }, true)
                            }
                            None if until < to => {
                                job.suspends_at = 0;
                                (Stage::Suspended(run, until + chance.within(60..1500)), true)
                            }
                            None => (Stage::Running(run), false),
                        }
                    }
                    Stage::Suspended(mut run, until) if until <= to => {
                        run.next = run.next.max(until);
                        (Stage::Running(run), true)
                    }
                    other => (other, false),
                };
                job.stage = stage;
                if !goes_on {
                    break;
                }
            }
        }
        self.now = to;
        crate::platform::clock::testing::set(Some(to));
    }

    /// The job of this name that is alive, or may still become so.
    pub fn alive<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = &'a Job> {
        self.jobs.iter().filter(move |job| job.dir == dir && !job.is_over())
    }
}

/// The job script: it takes the claim, or finds that the sprint belongs to another job.
fn begins(job: &mut Job, course: &mut Course, at: i64, chance: &mut Chance) -> Stage {
    let claim = job.dir.join(".researchloop").join(format!("claim-{}", job.attempt()));
    let id = job.id.to_string();
    job.began = job.began.or(Some(at));
    if std::os::unix::fs::symlink(&id, &claim).is_err()
        && std::fs::read_link(&claim).is_ok_and(|known| known != Path::new(&id))
    {
        return Stage::Over { word: "COMPLETED", code: "0:0", at };
    }
    job.has_claim = true;
    job.suspends_at = if chance.percent(20) { at + chance.within(100..1500) } else { 0 };
    Stage::Running(Box::new(Run::begin(course, job.id, job.attempt(), at, chance)))
}
