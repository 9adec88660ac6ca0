//! What is asked of a sprint.

use serde::{Deserialize, Serialize};

use crate::bundle::formats::{PlanOrder, Tweak};
use crate::domain::{LoopId, SprintId, SprintKind, TaskId};

/// What a user asks of one sprint, beside the idea. Kept with the sprint, so that it can
/// be submitted later and repeated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Job options of this sprint; an empty value removes one of the study or cluster.
    #[serde(default)]
    pub options: Vec<(String, String)>,
    /// How long the job may run, in seconds.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// How many rounds of red team and fix.
    #[serde(default)]
    pub rounds: Option<u32>,
    /// The model.
    #[serde(default)]
    pub model: Option<String>,
    /// What the sprint may cost at most, in dollars.
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// What is to be done in the directory of a sprint that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tweak: Option<Tweak>,
    /// The plan that the job is to make, in the place of research.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanOrder>,
}

impl Request {
    /// Reads what was kept with a sprint or a loop. What cannot be read asks for nothing.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// This, except for what `new` says. `is_same` tells which names are one option.
    #[must_use]
    pub fn except(mut self, new: &Self, is_same: impl Fn(&str, &str) -> bool) -> Self {
        for (key, value) in &new.options {
            self.options.retain(|(known, _)| !is_same(known, key));
            self.options.push((key.clone(), value.clone()));
        }
        self.seconds = new.seconds.or(self.seconds);
        self.rounds = new.rounds.or(self.rounds);
        self.model = new.model.clone().or(self.model);
        self.max_cost_usd = new.max_cost_usd.or(self.max_cost_usd);
        self
    }

    /// Which kind of sprint is asked for.
    pub(super) fn kind(&self) -> SprintKind {
        match (&self.tweak, &self.plan) {
            (Some(_), _) => SprintKind::Tweak,
            (None, Some(_)) => SprintKind::Plan,
            (None, None) => SprintKind::Research,
        }
    }
}

/// A sprint that is to be made.
#[derive(Debug, Clone)]
pub struct NewSprintSpec<'a> {
    /// The study's name.
    pub study: &'a str,
    /// The idea; without one, the job finds one.
    pub idea: Option<&'a str>,
    /// Everything else.
    pub request: Request,
    /// The sprint that it repeats, or follows up on.
    pub parent: Option<&'a SprintId>,
    /// The task that it is an attempt at.
    pub task: Option<&'a TaskId>,
    /// The loop that makes it.
    pub loop_id: Option<&'a LoopId>,
    /// What is reserved for it, in dollars.
    pub budget_usd: Option<f64>,
    /// Whether a limit of its loop leaves its job less time than was asked for.
    pub shortened: bool,
}

impl<'a> NewSprintSpec<'a> {
    /// An idea that somebody wants to be tried.
    pub fn new(study: &'a str, idea: &'a str, request: Request) -> Self {
        Self {
            study,
            idea: Some(idea),
            request,
            parent: None,
            task: None,
            loop_id: None,
            budget_usd: None,
            shortened: false,
        }
    }
}
