//! A night in which the scheduler, the way to it and the agents lie: sprints go through real verbs
//! against a cluster that is simulated down to its programs and files, in simulated time.
//!
//! `RL_NIGHT_SEED` chooses another night, `RL_NIGHT_POLLS` a longer one. `RL_NIGHT_LIES` names who
//! lies, where it is not everybody: of `queue`, `accounting`, `way`, `sbatch`, `agents` (what they do
//! beside their work), `costs` (results without a price) and `fates` (jobs that do not end well).

pub(super) mod chance;
mod deeds;
mod front;
mod lies;
mod run;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::deeds::Deed;
use self::front::Front;
use super::{Ask, gather, tick_one};
use crate::app::App;
use crate::domain::{Reason, SprintId, State, Status};
use crate::platform::clock::testing;
use crate::sprint::{self, NewSprintSpec, Request};
use crate::store::Store;

const SPRINTS: usize = 50;

struct Night {
    _folder: tempfile::TempDir,
    app: App,
    store: Store,
    front: Front,
    seed: u64,
    began: i64,
    ids: Vec<SprintId>,
    cancelled: BTreeSet<SprintId>,
    wrong: BTreeMap<&'static str, Vec<String>>,
    known: BTreeSet<(String, &'static str)>,
    seen_begun: usize,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Whether these lie in this night.
fn lie(who: &str) -> bool {
    std::env::var("RL_NIGHT_LIES").map_or(true, |named| named.split(',').any(|one| one == who))
}

impl Night {
    fn new(quick: bool) -> Self {
        let seed = number("RL_NIGHT_SEED", 7);
        let memory = std::path::Path::new("/dev/shm");
        let mut folder = tempfile::Builder::new();
        folder.prefix("rl-night-");
        // Thousands of small files, none of which is worth a disk.
        let folder = if memory.is_dir() { folder.tempdir_in(memory) } else { folder.tempdir() }
            .expect("a folder");
        let now = crate::platform::clock::now().as_second();
        testing::set(Some(now));
        let front = Front::new(folder.path(), now, seed, quick);
        let path = folder.path().display();
        std::fs::create_dir(folder.path().join("work")).expect("a folder");
        let of_cluster = format!("runner = \"{path}/bin/researchloop\"\nmax_concurrent_jobs = 8\n");
        let app = App::example(folder.path(), &of_cluster, "");
        let store = Store::in_memory().expect("a database");
        Self {
            _folder: folder,
            app,
            store,
            front,
            seed,
            began: now,
            ids: Vec::new(),
            cancelled: BTreeSet::new(),
            wrong: BTreeMap::new(),
            known: BTreeSet::new(),
            seen_begun: 0,
        }
    }

    fn create(&mut self, deed: Deed) {
        let idea = format!("idea number {} of this night", self.ids.len());
        let id = sprint::create(
            &self.app,
            &mut self.store,
            &NewSprintSpec::new("s", &idea, Request::default()),
        )
        .expect("made");
        self.ids.push(id);
        self.front.world.deeds.insert(0, deed);
    }

    fn poll(&mut self) {
        let cluster = self.app.config.cluster("c").expect("there");
        // What goes wrong is part of the night.
        let _ = tick_one(&self.app, &mut self.store, &mut self.front, cluster, None);
    }

    /// The sprint that works in this directory.
    fn of(&self, dir: &std::path::Path) -> Option<crate::store::SprintRow> {
        let name = dir.file_name()?.to_string_lossy().into_owned();
        let id = self.ids.iter().find(|id| name.contains(id.as_str()))?;
        self.store.sprint(id).expect("read")
    }

    fn complain(&mut self, what: &'static str, id: &SprintId, text: &str) {
        if self.known.insert((id.to_string(), what)) {
            let lies = &self.front.lies;
            let text = format!(
                "{id} at {}: {text} (queue {:?}, accounting {:?}, way {:?})",
                self.front.world.now, lies.queue, lies.accounting, lies.way
            );
            self.wrong.entry(what).or_default().push(text);
        }
    }

    /// What must hold at any time.
    fn check(&mut self) {
        let began: Vec<PathBuf> =
            self.front.world.began[self.seen_begun..].iter().map(|(dir, _)| dir.clone()).collect();
        self.seen_begun = self.front.world.began.len();
        for dir in began {
            if let Some(row) = self.of(&dir)
                && let State::Ended { ending, .. } = &row.state
            {
                let text =
                    format!("its agent began when it was {} {:?}", ending.status, ending.reason);
                self.complain("agents that ran for nobody", &row.id, &text);
            }
        }
        let dirs: Vec<PathBuf> = self.front.world.courses.keys().cloned().collect();
        for dir in dirs {
            let Some(row) = self.of(&dir) else { continue };
            let course = &self.front.world.courses[&dir];
            let deed = course.deed;
            let twice = course
                .agents
                .iter()
                .find(|(_, jobs)| jobs.iter().collect::<BTreeSet<_>>().len() > 1)
                .map(|(attempt, jobs)| format!("{attempt}: {jobs:?}"));
            let alive = self
                .front
                .world
                .alive(&dir)
                .find(|job| job.has_claim)
                .map(|job| format!("job {} is {}", job.id, job.word().0));
            let completed = course.completed;
            if let Some(twice) = twice {
                self.complain("agents run twice", &row.id, &twice);
            }
            let State::Ended { ending, .. } = &row.state else { continue };
            let how = format!(
                "{} {:?}, the agent {deed:?}: {}",
                ending.status, ending.reason, ending.detail
            );
            if let Some(alive) = alive {
                self.complain("false ends", &row.id, &format!("{how}; {alive}"));
            }
            if ending.status == Status::Completed && !completed {
                self.complain("completed that did not", &row.id, &how);
            }
        }
    }

    /// What must hold in the end.
    fn judge(&mut self) {
        if self.front.world.innocent_killed {
            let id = self.ids[0].clone();
            self.complain("innocent jobs ended", &id, "job 7 was told to stop");
        }
        for id in self.ids.clone() {
            let row = self.store.sprint(&id).expect("read").expect("there");
            let State::Ended { ending, .. } = &row.state else {
                self.complain(
                    "sprints lost",
                    &id,
                    &format!("still {}: {}", row.state.status(), row.note),
                );
                continue;
            };
            let found = self
                .front
                .world
                .courses
                .iter()
                .find(|(dir, _)| dir.to_string_lossy().contains(id.as_str()));
            let Some((dir, course)) = found else {
                if ending.status == Status::Completed {
                    self.complain("completed that did not", &id, "it never had a job");
                }
                continue;
            };
            let how = format!(
                "{} {:?}, the agent {:?}: {}",
                ending.status, ending.reason, course.deed, ending.detail
            );
            let wanted = self.cancelled.contains(&id);
            let honest = course.deed == Deed::Nothing;
            let (truth, untold, completed) =
                (course.truth_usd, course.untold_calls, course.completed);
            let waits = self.front.world.alive(dir).next().map(|job| job.id);
            if let Some(job) = waits {
                self.complain("jobs left", &id, &format!("{how}; job {job} is there still"));
            }
            if completed && honest && !wanted && ending.status != Status::Completed {
                self.complain("successes not seen", &id, &how);
            }
            if ending.reason == Some(Reason::SubmitFailed) {
                self.complain("jobs taken for refused", &id, &how);
            }
            let told = row.cost_usd;
            if told < truth - 1e-6 * truth.max(1.0) {
                self.complain(
                    "money lost",
                    &id,
                    &format!("{told:.4} of {truth:.4}; {untold} calls untold; {how}"),
                );
            } else if honest && untold == 0 && (told - truth).abs() > 1e-6 * truth.max(1.0) {
                self.complain("money invented", &id, &format!("{told:.4} of {truth:.4}; {how}"));
            }
        }
    }

    fn run(&mut self, polls: usize) {
        let deeds = [
            Deed::ForgesEnd,
            Deed::TakesNumbers,
            Deed::ForgesCost,
            Deed::ForgesExit,
            Deed::ForgesEndAndKills,
            Deed::ForgesStart,
        ];
        self.front.world.pace = i64::try_from(polls / 1500).expect("small").max(1);
        for poll in 0..polls {
            let seconds = self.front.chance.within(5..40);
            let now = self.front.world.now + seconds;
            let Front { world, chance, lies, .. } = &mut self.front;
            world.advance(now, chance);
            lies.next(world, seconds, chance);
            if poll % (polls / 55).max(1) == 0 && self.ids.len() < SPRINTS {
                let number = self.ids.len();
                // Every third agent does more than its work; the last one writes a line without end.
                let deed = if !lie("agents") {
                    Deed::Nothing
                } else if number + 1 == SPRINTS {
                    Deed::WritesLongLine
                } else if number % 3 == 2 {
                    deeds[number / 3 % deeds.len()]
                } else {
                    Deed::Nothing
                };
                self.create(deed);
            }
            self.poll();
            if poll % 97 == 60 {
                let number = self.front.chance.within(0..40);
                let open: Vec<SprintId> = self
                    .store
                    .open_sprints("c")
                    .expect("read")
                    .into_iter()
                    .map(|row| row.id)
                    .collect();
                self.cancel(
                    usize::try_from(number).ok().and_then(|number| open.get(number)).cloned(),
                );
            }
            // Who cancels a sprint that says another job is its own must not end that job.
            let forged = self.front.world.courses.values().find(|course| {
                course.deed == Deed::ForgesStart && course.done_deed && !course.completed
            });
            if let Some(dir) = forged.map(|course| course.dir.clone())
                && poll % 13 == 0
            {
                let open = self.of(&dir).filter(|row| {
                    !row.state.status().is_terminal() && !self.cancelled.contains(&row.id)
                });
                self.cancel(open.map(|row| row.id));
            }
            self.check();
        }
        // Morning: everybody is honest, and time goes on.
        self.front.lies = lies::NONE;
        self.front.honest = true;
        for round in 0..400 {
            let now = self.front.world.now + if round < 150 { 120 } else { 900 };
            let Front { world, chance, .. } = &mut self.front;
            world.advance(now, chance);
            self.poll();
            self.check();
            let over = |id: &SprintId| {
                self.store
                    .sprint(id)
                    .expect("read")
                    .is_some_and(|row| row.state.status().is_terminal())
            };
            if self.ids.iter().all(over) && self.front.world.jobs.iter().all(world::Job::is_over) {
                break;
            }
        }
        self.judge();
    }

    /// A person has enough of a sprint.
    fn cancel(&mut self, id: Option<SprintId>) {
        let Some(id) = id else { return };
        self.cancelled.insert(id.clone());
        let _ = sprint::cancel_through(&self.app, &mut self.store, &mut self.front, &id);
    }

    fn report(&self, polls: usize) {
        let world = &self.front.world;
        let runs: u32 = world.courses.values().map(|course| course.incarnations).sum();
        let hours = (world.now - self.began) / 3600;
        let text = format!(
            "a night of {polls} polls and {hours} hours: {} sprints, {} jobs, {runs} runs, {} requests; seed {}",
            self.ids.len(),
            world.jobs.len(),
            self.front.requests,
            self.seed
        );
        println!("{text}");
        let wrong: String = self
            .wrong
            .iter()
            .map(|(what, list)| {
                format!(
                    "{what}: {}\n{}",
                    list.len(),
                    list.iter().take(6).map(|text| format!("    {text}\n")).collect::<String>()
                )
            })
            .collect();
        assert!(wrong.is_empty(), "{text}; RL_NIGHT_SEED={} repeats it\n{wrong}", self.seed);
    }
}

#[test]
fn a_night_of_lies_ends_no_sprint_falsely_runs_none_twice_and_loses_no_money() {
    let polls = usize::try_from(number("RL_NIGHT_POLLS", 10_000)).expect("small");
    let mut night = Night::new(true);
    night.run(polls);
    night.report(polls);
}

/// Each request is run by the system's shell.
#[test]
fn a_shorter_night_goes_through_the_real_scripts() {
    let mut night = Night::new(false);
    night.run(300);
    night.report(300);
}

/// What a night is made of in the place of the shell is what the shell says.
#[test]
fn the_quick_answers_of_a_night_are_those_of_the_shell() {
    let mut night = Night::new(true);
    let mut compared = 0;
    for round in 0..120 {
        let Front { world, chance, lies, .. } = &mut night.front;
        let now = world.now + 20;
        world.advance(now, chance);
        lies.next(world, 20, chance);
        if round % 10 == 0 {
            night.create(Deed::Nothing);
        }
        night.poll();
        let rows: Vec<_> = night
            .store
            .open_sprints("c")
            .expect("read")
            .into_iter()
            .filter(|row| row.state.live_job().is_some())
            .collect();
        if rows.is_empty() || round % 3 != 0 {
            continue;
        }
        let cluster = night.app.config.cluster("c").expect("there");
        let mut both = Both(&mut night.front, Vec::new());
        let _ = gather(&night.app, &mut both, cluster, &rows, Ask::All, None);
        for (script, quick, shell) in &both.1 {
            assert_eq!(
                String::from_utf8_lossy(quick),
                String::from_utf8_lossy(shell),
                "the shell's answer is another one: teach it to front.rs\n{script}"
            );
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

/// Asks both ways.
struct Both<'a>(&'a mut Front, Vec<(String, Vec<u8>, Vec<u8>)>);

impl crate::remote::Remote for Both<'_> {
    fn run(
        &mut self,
        script: crate::remote::Script,
        limits: crate::remote::Limits,
    ) -> Result<crate::remote::Reply, crate::remote::RemoteError> {
        let quick = self.0.quickly(&script).unwrap_or_else(|| {
            panic!("front.rs does not know a request of this shape\n{}", script.shown())
        });
        self.0.quick = false;
        let shell = self.0.answer(&script);
        self.0.quick = true;
        self.1.push((script.shown().to_owned(), quick, shell));
        self.0.run(script, limits)
    }

    fn place(&self) -> String {
        self.0.place()
    }
}
