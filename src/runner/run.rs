//! One run of a pipeline inside a job, from the bundle to the recorded end.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::{self, Temporary, environment, replace_tmpdir, temporary_folder};
use super::journal::{Journal, is_no_space, replace};
use super::run_failure::{self, RunFailure};
use super::signals::StopSignals;
use super::step::{self, Outcome};
use super::supervisor::Stopped;
use super::time::JobTime;
use super::{
    EXIT_COMPLETED, EXIT_FAILED, EXIT_NOT_RECORDED, EXIT_PARKED, agent_call, leftovers, mailbox,
    outputs, profile, reaper, restore,
};
use crate::bundle::OWN_FOLDER;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{self, Bundle, Money, StateFile};
use crate::bundle::journal::{Entry, Question};
use crate::bundle::prompts::Values;
use crate::domain::{Advice, Reason, SchedulerKind};
use crate::pipeline::{self, Arrival, Body, Definition, Position};
use crate::platform::clock;

/// A bundle, a state or an environment is smaller than this.
const MAX_BUNDLE: u64 = 64 << 20;

/// How long after a step's failure a signal may still come that was its cause.
const SIGNAL_LAG: Duration = Duration::from_secs(1);

/// A run.
#[derive(Debug)]
pub struct Run {
    /// The sprint's directory.
    pub dir: PathBuf,
    /// Where the agent works: the same directory, or that of the sprint that is followed up on.
    pub work: PathBuf,
    /// The same, as text.
    pub work_text: String,
    /// Where the agent leaves questions, as it is told.
    ask_dir: String,
    /// Our folder in it.
    pub own: PathBuf,
    /// What the job was given.
    pub bundle: Bundle,
    /// Where events are written.
    pub journal: Journal,
    /// Where the run stands.
    pub state: StateFile,
    /// The signals that stop it.
    pub signals: StopSignals,
    /// How long the job may run.
    pub time: JobTime,
    /// What the agent's environment holds.
    pub environment: Vec<(String, String)>,
    /// What the user's profile has started: it lives until the run ends.
    of_profile: Vec<reaper::Started>,
    /// A private folder for the agent's temporary files.
    pub temporary: Temporary,
    /// What calls of the step that goes on have cost in earlier jobs, of which no end of a step tells.
    pub carried: Money,
    /// Tools that calls have listed and that are not offered to later ones.
    pub withheld: Vec<String>,
    /// What lay where tools leave schedules, before the run.
    pub schedules: Vec<String>,
    /// What the step that just ended has to say of itself.
    pub step_note: String,
    /// What a review has found critical, in the reviewer's words.
    pub step_issues: Vec<String>,
    /// The files of the questions that the run ends with.
    asked: mailbox::Asked,
    /// Names of questions that earlier jobs have asked.
    asked_before: Vec<String>,
    definition: Definition,
    resumed: bool,
    /// What is to be said of how it began.
    told: Vec<String>,
    /// Why that state is not touched.
    pub newer: Option<String>,
    job_id: String,
    /// The node.
    pub host: String,
    mark: String,
}

/// Runs the sprint in this directory and returns the exit status.
pub fn run_job(dir: &Path) -> u8 {
    let log = |text: &str| {
        let _ = writeln!(io::stderr(), "researchloop: {text}");
    };
    let signals = match StopSignals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            log(&format!("cannot catch signals: {error}"));
            return EXIT_NOT_RECORDED;
        }
    };
    reaper::adopt_orphans();
    // The job script starts this program from the folder that it lies in.
    if dir.is_absolute() {
        let _ = std::env::set_current_dir(dir);
    }
    let mut run = match Run::open(dir, signals) {
        Ok(run) => run,
        Err(problem) => {
            log(&format!("cannot start in {}: {problem}", dir.display()));
            return EXIT_NOT_RECORDED;
        }
    };
    let end = match run.go() {
        Ok(end) => end,
        Err(error) if is_no_space(&error) => End::Failed(run_failure::disk_full(&run.dir)),
        Err(error) => End::Failed(RunFailure::new(
            Reason::StepFailed,
            format!("the runner could not write its files: {error}"),
            Advice::CheckFiles,
        )),
    };
    let grace = run.grace();
    let (_, left) = reaper::end_all(&run.mark, &[], grace);
    profile::forget(&run.own);
    // Also for a disk that turns out to be full while the end is written.
    run.journal.make_room();
    environment::remove(&run.temporary.folder);
    let status = match &end {
        End::Completed => EXIT_COMPLETED,
        End::Parked(questions) => {
            mailbox::remove_forged(&run.own, questions, &run.asked_before);
            EXIT_PARKED
        }
        End::Failed(_) | End::Signal(_) => EXIT_FAILED,
    };
    match run.record(end, left) {
        Ok(()) => {
            mailbox::forget(&run.own, &run.asked);
            status
        }
        Err(error) => {
            log(&format!("cannot record the end: {error}"));
            EXIT_NOT_RECORDED
        }
    }
}

/// What is to be said of processes that were ended, and of those that could not be.
fn swept(found: usize, left: usize) -> Option<String> {
    let not_all = if left > 0 { format!("; {left} could not be ended") } else { String::new() };
    (found > 0).then(|| format!("{found} process(es) were still running, and were ended{not_all}"))
}

/// How a run ends.
pub enum End {
    /// Its pipeline came to a good end.
    Completed,
    /// It waits for answers.
    Parked(Vec<Question>),
    /// By itself.
    Failed(RunFailure),
    /// It was asked to stop.
    Signal(&'static str),
}

/// What the agent has asked.
pub enum Asks {
    /// Nothing.
    Nothing,
    /// A person has to answer before the step goes on.
    Parked(Outcome),
    /// Nothing that can be used: what is wrong, a sentence each.
    Wrong(Vec<String>),
}

impl Run {
    fn open(dir: &Path, mut signals: StopSignals) -> Result<Self, String> {
        let own = dir.join(OWN_FOLDER);
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let own_folder = Folder::open(dir)
            .and_then(|folder| folder.folder(OWN_FOLDER))
            .map_err(|error| format!("{OWN_FOLDER} {error}"))?;
        let bundle_bytes = own_folder
            .read("bundle.json", MAX_BUNDLE)
            .map_err(|error| format!("bundle.json {error}"))?;
        let bundle: Bundle =
            formats::read("bundle.json", &bundle_bytes).map_err(|error| text(&error))?;
        if bundle.runs_under(SchedulerKind::Sge) {
            signals.usr1_warns();
        }
        let definition = pipeline::parse(&bundle.pipeline)
            .map_err(|problems| {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })?
            .definition;
        let (mut journal, lines) =
            Journal::open(dir).map_err(|error| format!("run.jsonl: {error}"))?;
        let incarnation = journal.incarnation();
        let state = restore::state(&own_folder, &bundle, &definition, &lines, incarnation);
        let job_id = std::env::var("RESEARCHLOOP_JOB_ID").unwrap_or_default();
        let mark = format!("{}.{job_id}", bundle.sprint_id);
        let time = JobTime::of(&bundle);
        // What an earlier runner of this job has left goes before the profile starts anything.
        let (found, left) =
            reaper::end_all(&mark, &[], reaper::grace(time.until_killed(), signals.since()));
        let profile = profile::read(&own, &mark, &mut signals, &time);
        let (mut environment, masker) = environment(&own_folder, &profile.variables, &mark)
            .map_err(|error| format!("env: {error}"))?;
        journal.masker = masker;
        let work = bundle
            .tweak
            .as_ref()
            .map_or_else(|| dir.to_path_buf(), |tweak| PathBuf::from(&tweak.dir));
        let ask_dir = if bundle.tweak.is_some() {
            own.join("ask").display().to_string()
        } else {
            format!("{OWN_FOLDER}/ask")
        };
        mailbox::prepare(&own);
        let asked_before = state.file.asked.clone();
        let temporary = temporary_folder(&own, &profile.variables)
            .map_err(|error| format!("no temporary folder: {error}"))?;
        if temporary.replaces {
            replace_tmpdir(&mut environment, &profile.variables, &temporary.folder);
        }
        Ok(Self {
            dir: dir.to_path_buf(),
            ask_dir,
            own,
            time,
            journal,
            state: state.file,
            told: swept(found, left)
                .into_iter()
                .chain(state.told)
                .chain(profile.told)
                .chain(temporary.trouble.clone())
                .collect(),
            newer: state.newer,
            signals,
            environment,
            of_profile: profile.started,
            temporary,
            carried: state.open,
            work_text: work.display().to_string(),
            withheld: Vec::new(),
            // What lies there when a job goes on is from the job before: the folder is the sprint's own.
            schedules: if incarnation > 1 && bundle.tweak.is_none() {
                Vec::new()
            } else {
                leftovers::found(&work)
            },
            step_note: String::new(),
            step_issues: Vec::new(),
            work,
            asked: mailbox::Asked::default(),
            asked_before,
            definition,
            resumed: state.resumed,
            job_id,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            mark,
            bundle,
        })
    }

    /// Remembers tools that are not to be offered again.
    pub fn learn(&mut self, tools: &[String]) {
        let new: Vec<String> =
            tools.iter().filter(|tool| !self.withheld.contains(tool)).cloned().collect();
        self.withheld.extend(new);
    }

    fn settings(&self) -> BTreeMap<String, String> {
        self.bundle.values()
    }

    /// The idea that is worked on: the given one, or the one that was found here.
    pub fn idea(&self) -> &str {
        self.bundle.idea.as_deref().or(self.state.idea.as_deref()).unwrap_or_default()
    }

    /// What the prompts of a step may name.
    pub fn values(&self, step: &pipeline::Step) -> Values<'_> {
        Values {
            study_context: &self.bundle.context,
            idea: self.idea(),
            done_when: &self.bundle.done_when,
            sprint_dir: &self.work_text,
            round: step.visit,
            max_rounds: self
                .bundle
                .settings
                .get("red_team_max_rounds")
                .and_then(|rounds| rounds.parse().ok())
                .unwrap_or(0),
            ask_dir: &self.ask_dir,
            instruction: self.bundle.tweak.as_ref().map_or("", |tweak| tweak.instruction.as_str()),
            plan: self.bundle.plan.as_ref().map_or("", |plan| plan.prompt.as_str()),
            sprint_id: &self.bundle.sprint_id,
            ..Values::default()
        }
    }

    /// What the agent's new questions make of a step.
    pub fn questions(&mut self) -> io::Result<Asks> {
        self.asked = mailbox::take_questions(&self.own, &mut self.journal, &mut self.state)?;
        Ok(match (self.asked.questions.is_empty(), self.asked.problems.is_empty()) {
            (false, _) => Asks::Parked(Outcome::Parked(self.asked.questions.clone())),
            (true, false) => Asks::Wrong(self.asked.problems.clone()),
            (true, true) => Asks::Nothing,
        })
    }

    fn go(&mut self) -> io::Result<End> {
        let plan = pipeline::plan(&self.definition, &self.settings())
            .map(|plan| plan.steps)
            .unwrap_or_default();
        self.journal.write(&Entry::RunStarted {
            job_id: self.job_id.clone(),
            host: self.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: self.definition.name.clone(),
            certain: plan
                .iter()
                .filter(|planned| planned.is_certain)
                .map(|planned| planned.step.label.clone())
                .collect(),
            plan: plan
                .into_iter()
                .map(|planned| (planned.step.label, planned.step.title))
                .collect(),
            seconds: self.bundle.seconds,
        })?;
        if let Some(problem) = self.newer.clone() {
            return Ok(End::Failed(RunFailure::new(Reason::StepFailed, problem, Advice::UseNewer)));
        }
        for text in std::mem::take(&mut self.told) {
            self.journal.write(&Entry::Note { text })?;
        }
        self.journal.step = self.present_step();
        agent_call::account_for_killed(self)?;
        self.journal.step = None;
        if let Some(tweak) = &self.bundle.tweak
            && let Err(problem) = Folder::open(&self.work)
        {
            let text =
                format!("the directory of {} {problem}: {}", tweak.sprint_id, self.work_text);
            return Ok(End::Failed(RunFailure::new(Reason::StepFailed, text, Advice::RunAnew)));
        }
        for (name, text) in [
            ("idea.txt", self.bundle.idea.as_deref()),
            ("CLAUDE.md", Some(self.bundle.context.as_str())),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty() && self.bundle.tweak.is_none())
                && !self.dir.join(name).exists()
            {
                replace(&self.dir, name, format!("{text}\n").as_bytes())?;
            }
        }
        let broken = |problem: String| {
            End::Failed(RunFailure::new(Reason::StepFailed, problem, Advice::CorrectPipeline))
        };
        let mut continues = self.resumed && self.state.step_begun;
        let terminal = self.state.position.as_ref().and_then(|position| {
            match self.definition.state(&position.state)?.body {
                Body::Terminal { success } => Some((success, position.state.clone())),
                Body::Act(_) => None,
            }
        });
        match terminal {
            // The course was over before; only its end was not recorded.
            Some((true, _)) => return Ok(End::Completed),
            Some((false, state)) => {
                let text =
                    format!("the pipeline ended in {state}, before the job was started again");
                return Ok(End::Failed(RunFailure::new(
                    Reason::StepFailed,
                    text,
                    Advice::SeeSteps,
                )));
            }
            None => {}
        }
        let first = match self.state.position.clone() {
            Some(position) => pipeline::resume(&self.definition, &position, &self.settings())
                .map(|step| Arrival::Step(Box::new(step), position)),
            None => pipeline::start(&self.definition, &self.settings()),
        };
        let mut arrival = match first {
            Ok(arrival) => arrival,
            Err(error) => return Ok(broken(error.to_string())),
        };
        let mut last_failure: Option<RunFailure> = None;
        loop {
            let (step, position) = match arrival {
                Arrival::Step(step, position) => (step, position),
                Arrival::End(end) if end.success => return Ok(End::Completed),
                Arrival::End(pipeline::End { state, .. }) => {
                    let unsaid = || {
                        RunFailure::new(
                            Reason::StepFailed,
                            format!("the pipeline ended in {state}"),
                            Advice::SeeSteps,
                        )
                    };
                    return Ok(End::Failed(last_failure.unwrap_or_else(unsaid)));
                }
            };
            self.tell_news()?;
            if let Some(name) = self.signals.seen() {
                return Ok(End::Signal(name));
            }
            if self.time.is_over() {
                return Ok(End::Failed(self.time_limit()));
            }
            if self.journal.disk_was_full() {
                return Ok(End::Failed(run_failure::disk_full(&self.dir)));
            }
            self.state.position = Some(position.clone());
            self.state.step_begun = true;
            if !continues {
                self.state.before =
                    outputs::stamps(&self.work, &step, &self.earlier_promises(&position));
            }
            self.journal.save(&self.state)?;
            let verdict = match step::run(self, &step, std::mem::take(&mut continues))? {
                Outcome::Verdict(verdict, failure) => {
                    // An agent that a signal for the whole job has ended may call it a failure of its
                    // own, and be quicker than the signal here.
                    if verdict == pipeline::Verdict::Error
                        && let Some(Stopped::Signal(name)) = self.wait(SIGNAL_LAG)
                    {
                        return Ok(End::Signal(name));
                    }
                    last_failure = failure.or(last_failure);
                    verdict
                }
                // The position stays, and the step goes on in a later job.
                Outcome::Parked(questions) => return Ok(End::Parked(questions)),
                Outcome::Stopped(Stopped::Signal(name)) => return Ok(End::Signal(name)),
                Outcome::Stopped(Stopped::DiskFull) => {
                    return Ok(End::Failed(run_failure::disk_full(&self.dir)));
                }
                Outcome::Stopped(Stopped::Deadline | Stopped::Lingered | Stopped::Silent) => {
                    return Ok(End::Failed(self.time_limit()));
                }
            };
            arrival =
                match pipeline::advance(&self.definition, &position, verdict, &self.settings()) {
                    Ok(arrival) => arrival,
                    Err(error) => return Ok(broken(error.to_string())),
                };
            self.state.step_begun = false;
            self.state.position = Some(match &arrival {
                Arrival::Step(_, position) => position.clone(),
                Arrival::End(end) => end.position.clone(),
            });
            self.journal.save(&self.state)?;
        }
    }

    /// The step that an earlier job has begun: label and visit.
    fn present_step(&self) -> Option<(String, u32)> {
        let position = self.state.position.as_ref().filter(|_| self.state.step_begun)?;
        let step = pipeline::resume(&self.definition, position, &self.settings()).ok()?;
        Some((step.label, step.visit))
    }

    /// What the same state has promised in its visit before: there it may stay as it is.
    fn earlier_promises(&self, position: &Position) -> Vec<String> {
        let mut position = position.clone();
        let Some(visits) = position.visits.get_mut(&position.state).filter(|visits| **visits > 1)
        else {
            return Vec::new();
        };
        *visits -= 1;
        pipeline::resume(&self.definition, &position, &self.settings())
            .map(|step| step.produces)
            .unwrap_or_default()
    }

    fn time_limit(&self) -> RunFailure {
        let time = crate::domain::duration::human(self.bundle.seconds);
        RunFailure::new(
            Reason::TimeLimit,
            format!("the job's time ({time}) was over"),
            Advice::MoreTime,
        )
    }

    /// Notes what has happened to the job as a whole.
    fn tell_news(&mut self) -> io::Result<()> {
        match self.signals.warning() {
            Some(text) => self.journal.write(&Entry::Note { text }),
            None => self.journal.tell_standstill(),
        }
    }

    fn grace(&mut self) -> Duration {
        reaper::grace(self.time.until_killed(), self.signals.since())
    }

    /// Ends whatever the agent or a command has left running. It was told so.
    pub fn clear_up(&mut self) -> io::Result<()> {
        let grace = self.grace();
        let (found, left) = reaper::end_all(&self.mark, &self.of_profile, grace);
        if self.journal.disk_was_full() {
            self.journal.make_room();
        }
        swept(found, left).map_or(Ok(()), |text| self.journal.write(&Entry::Note { text }))
    }

    /// Waits, unless the run must stop earlier.
    pub fn wait(&mut self, time: Duration) -> Option<Stopped> {
        let until = clock::instant() + time;
        loop {
            if let Some(name) = self.signals.seen() {
                return Some(Stopped::Signal(name));
            }
            if self.time.is_over() {
                return Some(Stopped::Deadline);
            }
            // It is told again with the next line, if it cannot be written now.
            let _ = self.tell_news();
            let now = clock::instant();
            if now >= until {
                return None;
            }
            clock::pause((until - now).min(Duration::from_millis(100)));
        }
    }
}
