//! What a job was given, and where it works. Every step reads it, and none changes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment::Temporary;
use super::run_failure::RunFailure;
use super::time::JobTime;
use crate::bundle::OWN_FOLDER;
use crate::bundle::formats::{Bundle, StateFile};
use crate::bundle::prompts::Values;
use crate::domain::{Advice, Reason};
use crate::pipeline::{Definition, Step};

/// Where a job's files are.
#[derive(Debug)]
pub struct Paths {
    /// The sprint's directory.
    pub dir: PathBuf,
    /// Where the agent works: the same directory, or that of the sprint that is followed up on.
    pub work: PathBuf,
    /// The same, as text.
    pub work_text: String,
    /// Our folder in the sprint's directory.
    pub own: PathBuf,
    /// Where the agent leaves questions, as it is told.
    pub ask_dir: String,
}

impl Paths {
    /// The paths of the sprint in this directory.
    pub fn of(dir: &Path, bundle: &Bundle) -> Self {
        let own = dir.join(OWN_FOLDER);
        let (work, ask_dir) = match &bundle.tweak {
            // The agent works elsewhere, so that it needs the whole path.
            Some(tweak) => (PathBuf::from(&tweak.dir), own.join("ask").display().to_string()),
            None => (dir.to_path_buf(), format!("{OWN_FOLDER}/ask")),
        };
        Self { dir: dir.to_path_buf(), work_text: work.display().to_string(), work, own, ask_dir }
    }
}

/// What a job was given.
#[derive(Debug)]
pub struct JobContext {
    /// Where its files are.
    pub paths: Paths,
    /// The order.
    pub bundle: Bundle,
    /// The pipeline of the bundle.
    pub definition: Definition,
    /// What the agent's environment holds.
    pub environment: Vec<(String, String)>,
    /// A private folder for the agent's temporary files.
    pub temporary: Temporary,
    /// How long the job may run.
    pub time: JobTime,
    /// The scheduler's id of the job.
    pub job_id: String,
    /// The node.
    pub host: String,
}

impl JobContext {
    /// What the pipeline may name.
    pub fn settings(&self) -> BTreeMap<String, String> {
        self.bundle.values()
    }

    /// Whether the sprint comes to a finding: a follow-up and a plan do not.
    pub fn has_finding(&self) -> bool {
        self.bundle.tweak.is_none() && self.bundle.plan.is_none()
    }

    /// What the prompts of a step may name. The idea is the given one, or the one that was found here.
    pub fn values<'a>(&'a self, step: &Step, state: &'a StateFile) -> Values<'a> {
        Values {
            study_context: &self.bundle.context,
            idea: self.bundle.idea.as_deref().or(state.idea.as_deref()).unwrap_or_default(),
            done_when: &self.bundle.done_when,
            sprint_dir: &self.paths.work_text,
            round: step.visit,
            max_rounds: self
                .bundle
                .settings
                .get("red_team_max_rounds")
                .and_then(|rounds| rounds.parse().ok())
                .unwrap_or(0),
            ask_dir: &self.paths.ask_dir,
            instruction: self.bundle.tweak.as_ref().map_or("", |tweak| tweak.instruction.as_str()),
            plan: self.bundle.plan.as_ref().map_or("", |plan| plan.prompt.as_str()),
            sprint_id: &self.bundle.sprint_id,
            ..Values::default()
        }
    }

    /// The failure of a job whose time is over.
    pub fn time_limit(&self) -> RunFailure {
        let time = crate::domain::duration::human(self.bundle.seconds);
        RunFailure::new(
            Reason::TimeLimit,
            format!("the job's time limit ({time}) was reached"),
            Advice::MoreTime,
        )
    }
}
