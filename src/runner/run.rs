//! One run of a pipeline inside a job, from the bundle to the recorded end.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use super::agent_call::CallMemory;
use super::environment::{self, environment, replace_tmpdir, temporary_folder};
use super::finish::{self, End};
use super::gpus::GpuWatch;
use super::job_context::{JobContext, Paths};
use super::journal::{Journal, is_no_space, replace};
use super::mailbox::Mailbox;
use super::progress::Progress;
use super::run_failure::{self, RunFailure};
use super::signals::StopSignals;
use super::step::{Judged, StepContext, StepOutcome};
use super::supervisor::{Stopped, Supervisor, ended_note};
use super::time::JobTime;
use super::untold::account_for_killed;
use super::{
    EXIT_COMPLETED, EXIT_FAILED, EXIT_NOT_RECORDED, EXIT_PARKED, leftovers, outputs, profile,
    reaper, restore, steps,
};
use crate::bundle::OWN_FOLDER;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{self, Bundle};
use crate::bundle::journal::Entry;
use crate::domain::{Advice, Reason, SchedulerKind};
use crate::pipeline::{self, Arrival, Body, Position, Step, Verdict};

/// A bundle, a state or an environment is smaller than this.
const MAX_BUNDLE: u64 = 64 << 20;

/// How long after a step's failure a signal may still come that was its cause.
const SIGNAL_LAG: Duration = Duration::from_secs(1);

/// A run, in its parts.
#[derive(Debug)]
struct Run {
    job: JobContext,
    journal: Journal,
    progress: Progress,
    mailbox: Mailbox,
    supervisor: Supervisor,
    calls: CallMemory,
    /// Whether it was begun by an earlier job.
    resumed: bool,
    /// What is to be said of how it began.
    notes: Vec<String>,
    /// Why it must not go on: a newer program has left its state.
    newer: Option<String>,
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
        Err(error) if is_no_space(&error) => {
            End::Failed(run_failure::disk_full(&run.job.paths.dir))
        }
        Err(error) => End::Failed(RunFailure::new(
            Reason::StepFailed,
            format!("the runner could not write its files: {error}"),
            Advice::CheckFiles,
        )),
    };
    let Run { job, mut journal, mut progress, mailbox, mut supervisor, newer, .. } = run;
    supervisor.end_gpus(&mut journal);
    let left = supervisor.end_all();
    profile::forget(&job.paths.own);
    // Also for a disk that turns out to be full while the end is written.
    journal.make_room();
    environment::remove(&job.temporary.folder);
    let status = match &end {
        End::Completed => EXIT_COMPLETED,
        End::Parked(questions) => {
            mailbox.remove_forged(questions);
            EXIT_PARKED
        }
        End::Failed(_) | End::Signal(_) => EXIT_FAILED,
    };
    match finish::record(&job, &mut journal, &mut progress, end, left, newer.is_some()) {
        Ok(()) => {
            mailbox.forget();
            status
        }
        Err(error) => {
            log(&format!("cannot record the end: {error}"));
            EXIT_NOT_RECORDED
        }
    }
}

fn failed(detail: String, advice: Advice) -> End {
    End::Failed(RunFailure::new(Reason::StepFailed, detail, advice))
}

impl Run {
    fn open(dir: &Path, mut signals: StopSignals) -> Result<Self, String> {
        let own_folder = Folder::open(dir)
            .and_then(|folder| folder.folder(OWN_FOLDER))
            .map_err(|error| format!("{OWN_FOLDER} {error}"))?;
        let bundle_bytes = own_folder
            .read("bundle.json", MAX_BUNDLE)
            .map_err(|error| format!("bundle.json {error}"))?;
        let bundle: Bundle =
            formats::read("bundle.json", &bundle_bytes).map_err(|error| error.to_string())?;
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
        let restored = restore::state(&own_folder, &bundle, &definition, &lines, incarnation);
        let job_id = std::env::var("RESEARCHLOOP_JOB_ID").unwrap_or_default();
        let mark = format!("{}.{job_id}", bundle.sprint_id);
        let time = JobTime::of(&bundle);
        // What an earlier runner of this job has left goes before the profile starts anything.
        let (ended, left) =
            reaper::end_all(&mark, &[], reaper::grace(time.until_killed(), signals.since()));
        let paths = Paths::of(dir, &bundle);
        let profile = profile::read(&paths.own, &mark, &mut signals, &time);
        let (mut environment, masker) = environment(&own_folder, &profile.variables, &mark)
            .map_err(|error| format!("env: {error}"))?;
        journal.masker = masker;
        let mailbox = Mailbox::open(&paths.own, restored.file.asked.clone());
        let temporary = temporary_folder(&paths.own, &profile.variables)
            .map_err(|error| format!("no temporary folder: {error}"))?;
        if temporary.replaces {
            replace_tmpdir(&mut environment, &profile.variables, &temporary.folder);
        }
        let notes = ended_note(ended, left)
            .into_iter()
            .chain(restored.told)
            .chain(profile.told)
            .chain(temporary.trouble.clone())
            .collect();
        // What lies there when a job goes on is from the job before: the folder is the sprint's own.
        let schedules = if incarnation > 1 && bundle.tweak.is_none() {
            Vec::new()
        } else {
            leftovers::found(&paths.work)
        };
        let gpus = GpuWatch::begin(&environment, Duration::from_secs(bundle.warn_idle_gpus));
        Ok(Self {
            journal,
            progress: Progress { state: restored.file, carried: restored.open },
            mailbox,
            supervisor: Supervisor::new(signals, time, mark, profile.started, gpus),
            calls: CallMemory::new(schedules),
            resumed: restored.resumed,
            notes,
            newer: restored.newer,
            job: JobContext {
                paths,
                bundle,
                definition,
                environment,
                temporary,
                time,
                job_id,
                host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            },
        })
    }

    fn go(&mut self) -> io::Result<End> {
        if let Some(end) = self.begin()? {
            return Ok(end);
        }
        let broken = |problem: String| failed(problem, Advice::CorrectPipeline);
        let settings = self.job.settings();
        let mut continues = self.resumed && self.progress.state.step_begun;
        let first = match self.progress.state.position.clone() {
            Some(position) => pipeline::resume(&self.job.definition, &position, &settings)
                .map(|step| Arrival::Step(Box::new(step), position)),
            None => pipeline::start(&self.job.definition, &settings),
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
                    let unsaid =
                        || failed(format!("the pipeline ended in {state}"), Advice::SeeSteps);
                    return Ok(last_failure.map_or_else(unsaid, End::Failed));
                }
            };
            if let Some(end) = self.must_end()? {
                return Ok(end);
            }
            self.enter(&step, &position, continues)?;
            let verdict = match self.take(&step, std::mem::take(&mut continues))? {
                StepOutcome::Judged(Judged { verdict, .. }) => verdict,
                StepOutcome::Failed(failure) => {
                    last_failure = Some(failure);
                    Verdict::Error
                }
                // The position stays, and the step goes on in a later job.
                StepOutcome::Parked(questions) => return Ok(End::Parked(questions)),
                StepOutcome::Stopped(why) => return Ok(self.stopped(why)),
            };
            // An agent that a signal for the whole job has ended may call it a failure of its own, and
            // be quicker than the signal here.
            if verdict == Verdict::Error
                && let Some(Stopped::Signal(name)) =
                    self.supervisor.wait(&mut self.journal, SIGNAL_LAG)
            {
                return Ok(End::Signal(name));
            }
            arrival = match pipeline::advance(&self.job.definition, &position, verdict, &settings) {
                Ok(arrival) => arrival,
                Err(error) => return Ok(broken(error.to_string())),
            };
            let position = match &arrival {
                Arrival::Step(_, position) => position.clone(),
                Arrival::End(end) => end.position.clone(),
            };
            self.progress.advance(&mut self.journal, position)?;
        }
    }

    /// Tells how the run begins. Returns its end, when there is nothing to do.
    fn begin(&mut self) -> io::Result<Option<End>> {
        self.announce()?;
        if let Some(problem) = self.newer.clone() {
            return Ok(Some(failed(problem, Advice::UseNewer)));
        }
        for text in std::mem::take(&mut self.notes) {
            self.journal.write(&Entry::Note { text })?;
        }
        self.journal.step = self.present_step();
        account_for_killed(&self.job, &mut self.journal, &mut self.progress)?;
        self.journal.step = None;
        let (paths, bundle) = (&self.job.paths, &self.job.bundle);
        if let Some(tweak) = &bundle.tweak
            && let Err(problem) = Folder::open(&paths.work)
        {
            let text =
                format!("the directory of {} {problem}: {}", tweak.sprint_id, paths.work_text);
            return Ok(Some(failed(text, Advice::RunAnew)));
        }
        for (name, text) in
            [("idea.txt", bundle.idea.as_deref()), ("CLAUDE.md", Some(bundle.context.as_str()))]
        {
            if let Some(text) = text.filter(|text| !text.is_empty() && bundle.tweak.is_none())
                && !paths.dir.join(name).exists()
            {
                replace(&paths.dir, name, format!("{text}\n").as_bytes())?;
            }
        }
        Ok(self.end_before())
    }

    /// Says what is begun, and which steps are to be expected.
    fn announce(&mut self) -> io::Result<()> {
        let plan = pipeline::plan(&self.job.definition, &self.job.settings())
            .map(|plan| plan.steps)
            .unwrap_or_default();
        self.journal.write(&Entry::RunStarted {
            job_id: self.job.job_id.clone(),
            host: self.job.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: self.job.definition.name.clone(),
            certain: plan
                .iter()
                .filter(|planned| planned.is_certain)
                .map(|planned| planned.step.label.clone())
                .collect(),
            plan: plan
                .into_iter()
                .map(|planned| (planned.step.label, planned.step.title))
                .collect(),
            seconds: self.job.bundle.seconds,
        })
    }

    /// The end of a course that was over before, and was only not recorded.
    fn end_before(&self) -> Option<End> {
        let state = &self.progress.state.position.as_ref()?.state;
        match self.job.definition.state(state)?.body {
            Body::Terminal { success: true } => Some(End::Completed),
            Body::Terminal { success: false } => Some(failed(
                format!("the pipeline ended in {state}, before the job was started again"),
                Advice::SeeSteps,
            )),
            Body::Act(_) => None,
        }
    }

    /// Why no further step is begun, if that is so.
    fn must_end(&mut self) -> io::Result<Option<End>> {
        self.supervisor.tell_news(&mut self.journal)?;
        if let Some(name) = self.supervisor.signals.seen() {
            return Ok(Some(End::Signal(name)));
        }
        if self.job.time.is_over() {
            return Ok(Some(End::Failed(self.job.time_limit())));
        }
        let is_full = self.journal.disk_was_full();
        Ok(is_full.then(|| End::Failed(run_failure::disk_full(&self.job.paths.dir))))
    }

    /// Remembers that this step begins.
    fn enter(&mut self, step: &Step, position: &Position, continues: bool) -> io::Result<()> {
        self.progress.state.position = Some(position.clone());
        self.progress.state.step_begun = true;
        if !continues {
            let promised_before = self.earlier_promises(position);
            self.progress.state.before =
                outputs::stamps(&self.job.paths.work, step, &promised_before);
        }
        self.progress.save(&mut self.journal)
    }

    /// Runs one step with the parts that it may use.
    fn take(&mut self, step: &Step, resumed: bool) -> io::Result<StepOutcome> {
        let carried = std::mem::take(&mut self.progress.carried);
        steps::run(&mut StepContext {
            step,
            resumed,
            spent: if resumed { carried } else { formats::Money::default() },
            job: &self.job,
            journal: &mut self.journal,
            progress: &mut self.progress,
            mailbox: &mut self.mailbox,
            supervisor: &mut self.supervisor,
            calls: &mut self.calls,
        })
    }

    fn stopped(&self, why: Stopped) -> End {
        match why {
            Stopped::Signal(name) => End::Signal(name),
            Stopped::DiskFull => End::Failed(run_failure::disk_full(&self.job.paths.dir)),
            Stopped::Deadline | Stopped::Lingered | Stopped::Silent => {
                End::Failed(self.job.time_limit())
            }
        }
    }

    /// The step that an earlier job has begun: label and visit.
    fn present_step(&self) -> Option<(String, u32)> {
        let state = &self.progress.state;
        let position = state.position.as_ref().filter(|_| state.step_begun)?;
        let step = pipeline::resume(&self.job.definition, position, &self.job.settings()).ok()?;
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
        pipeline::resume(&self.job.definition, &position, &self.job.settings())
            .map(|step| step.produces)
            .unwrap_or_default()
    }
}
