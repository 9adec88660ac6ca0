//! Makes a sprint: everything is checked before anything is written.

use serde::{Deserialize, Serialize};

use super::budget::bounds;
use super::parts::prompts_of;
use crate::app::App;
use crate::bundle::formats::{PlanOrder, Tweak};
use crate::config::{Cluster, Study, UnknownName};
use crate::domain::options::OptionProblem;
use crate::domain::{JobOptions, SprintId, StudyName, id, task};
use crate::platform::{clock, random};
use crate::problem::{Problem, ProblemKind};
use crate::scheduler;
use crate::store::{Change, Cut, NewSprint, SprintRow, Store, StoreError, TaskError, TaskRow};

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
    fn kind(&self) -> &'static str {
        match (&self.tweak, &self.plan) {
            (Some(_), _) => "tweak",
            (None, Some(_)) => "plan",
            (None, None) => "research",
        }
    }
}

/// A sprint that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The study's name.
    pub study: &'a str,
    /// The idea; without one, the job finds one.
    pub idea: Option<&'a str>,
    /// Everything else.
    pub request: Request,
    /// The sprint that it repeats, or follows up on.
    pub parent: Option<&'a str>,
    /// The task that it is an attempt at.
    pub task: Option<&'a str>,
    /// The loop that makes it.
    pub loop_id: Option<&'a str>,
    /// What is reserved for it, in dollars.
    pub budget_usd: Option<f64>,
    /// Whether a limit of its loop leaves its job less time than was asked for.
    pub shortened: bool,
}

impl<'a> Wanted<'a> {
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

/// Why a sprint is not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// No such study or cluster.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The cluster that it has to run on cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The idea is nothing that one can work on.
    #[error("{0}")]
    Idea(String),
    /// Its task cannot be begun now.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Job options that the scheduler would refuse.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Options(Vec<OptionProblem>),
    /// A prompt template of the project that cannot be used.
    #[error("{0}")]
    Template(String),
    /// A limit of the study leaves nothing for it.
    #[error("{what}")]
    Limit {
        /// Which.
        what: String,
        /// The study.
        study: String,
    },
    /// GPU-hours are limited, and cannot be counted.
    #[error(
        "the GPU-hours of the study {study} are limited, but it is not known how many GPUs these of its sprints had: {}",
        sprints.join(", ")
    )]
    UnknownGpus {
        /// The study.
        study: String,
        /// Some of the sprints.
        sprints: Vec<String>,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Unknown(error) => error.into(),
            CreateError::Cluster(error) => error.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Task(error) => error.into(),
            CreateError::Template(_) => Self::failed(error.to_string()),
            CreateError::Limit { ref study, .. } => Self::new(ProblemKind::Limit, error.to_string())
                .hint(format!("raise `max_study_cost_usd` or `max_study_gpu_hours` of the study {study}, or wait for what is reserved")),
            CreateError::UnknownGpus { ref sprints, .. } => {
                let one = sprints.first().map_or("ID", String::as_str);
                Self::new(ProblemKind::Limit, error.to_string()).hint(format!(
                    "their GPU time cannot be counted against `max_study_gpu_hours`: `researchloop sprint delete {one}` gives up counting it"
                ))
            }
            CreateError::Idea(_) | CreateError::Options(_) => Self::new(ProblemKind::Usage, error.to_string()),
        }
    }
}

/// A study and its cluster.
pub fn place_of<'a>(app: &'a App, study: &str) -> Result<(&'a Study, &'a Cluster), UnknownName> {
    let study = app.config.study(study)?;
    let cluster = app.config.cluster(study.cluster.as_str())?;
    Ok((study, cluster))
}

/// Why a sprint's cluster cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The configuration does not know it any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// It is another kind of cluster now.
    #[error(
        "{sprint} was made for {then}, but the cluster {cluster} is {now} in the configuration now: it is not asked about jobs of another scheduler"
    )]
    Changed {
        /// Which sprint.
        sprint: SprintId,
        /// Its cluster.
        cluster: String,
        /// The scheduler when the sprint was made.
        then: &'static str,
        /// The scheduler that the configuration names.
        now: &'static str,
    },
}

impl From<ClusterError> for Problem {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unknown(error) => error.into(),
            ClusterError::Changed { .. } => Self::new(ProblemKind::Conflict, error.to_string())
                .hint("give the new cluster a name of its own, and leave the old one in the configuration until its sprints are over"),
        }
    }
}

/// The cluster that a sprint was made for. Its study may have moved to another one since.
pub fn cluster_of<'a>(app: &'a App, row: &SprintRow) -> Result<&'a Cluster, ClusterError> {
    let cluster = app.config.cluster(&row.cluster)?;
    if cluster.scheduler == row.scheduler {
        return Ok(cluster);
    }
    Err(ClusterError::Changed {
        sprint: row.id.clone(),
        cluster: row.cluster.clone(),
        then: row.scheduler.as_str(),
        now: cluster.scheduler.as_str(),
    })
}

/// All job options of a sprint: cluster, then study, then its own.
pub fn options_of(cluster: &Cluster, study: &Study, request: &Request) -> JobOptions {
    let own: JobOptions = request.options.iter().cloned().collect();
    let scheduler = scheduler::scheduler(cluster.scheduler);
    scheduler.lay(&scheduler.lay(&cluster.job_options, &study.job_options), &own)
}

/// Whether these are spellings of one option to the cluster's scheduler.
pub fn is_same_option(cluster: &Cluster, one: &str, other: &str) -> bool {
    let scheduler = scheduler::scheduler(cluster.scheduler);
    scheduler.option_name(one) == scheduler.option_name(other)
}

/// What the options of a request may not mean: what the scheduler's rules doubt only because of them, and
/// those that remove what nobody has set.
pub fn doubtful_options(
    app: &App,
    study: &str,
    request: &Request,
) -> Result<Vec<OptionProblem>, UnknownName> {
    let (study, cluster) = place_of(app, study)?;
    let scheduler = scheduler::scheduler(cluster.scheduler);
    let below = options_of(cluster, study, &Request::default());
    let known = scheduler.doubtful_options(&below);
    let mut doubts = scheduler.doubtful_options(&options_of(cluster, study, request));
    doubts.retain(|doubt| !known.contains(doubt));
    for (key, value) in &request.options {
        if value.is_empty()
            && !below
                .iter()
                .any(|(set, _)| scheduler.option_name(set) == scheduler.option_name(key))
        {
            let problem = "an empty value removes an option, but neither the cluster nor the study sets this one".to_owned();
            doubts.push(OptionProblem { key: key.clone(), problem });
        }
    }
    Ok(doubts)
}

/// GPUs that the job of a sprint with these options would have, when that can be told.
pub fn gpus_of(app: &App, study: &Study, request: &Request) -> Option<u32> {
    gpus_on(app.config.cluster(study.cluster.as_str()).ok()?, study, request)
}

fn gpus_on(cluster: &Cluster, study: &Study, request: &Request) -> Option<u32> {
    scheduler::gpus_asked(
        cluster.scheduler,
        &options_of(cluster, study, request),
        cluster.gpu_resource.as_deref(),
    )
}

/// Checks everything that can be checked without the cluster.
pub fn check(app: &App, wanted: &Wanted<'_>) -> Result<Option<String>, CreateError> {
    let (study, cluster) = place_of(app, wanted.study)?;
    check_on(app, study, cluster, wanted)
}

fn check_on(
    app: &App,
    study: &Study,
    cluster: &Cluster,
    wanted: &Wanted<'_>,
) -> Result<Option<String>, CreateError> {
    // What is asked of a finished sprint, or of a plan, may be a question. What is a task or was a sprint
    // already was taken for an idea once.
    let is_new =
        wanted.request.kind() == "research" && wanted.task.is_none() && wanted.parent.is_none();
    let checked = if is_new { task::check_idea } else { task::check_idea_text };
    let idea = wanted.idea.map(checked).transpose().map_err(CreateError::Idea)?;
    let problems = scheduler::scheduler(cluster.scheduler).check_options(&options_of(
        cluster,
        study,
        &wanted.request,
    ));
    if !problems.is_empty() {
        return Err(CreateError::Options(problems));
    }
    prompts_of(app).map_err(CreateError::Template)?;
    Ok(idea)
}

/// Makes the sprint, `pending`, and takes its task for it. Without one, its idea becomes a task.
pub fn create(app: &App, store: &mut Store, wanted: &Wanted<'_>) -> Result<SprintId, CreateError> {
    let change = store.change()?;
    let id = create_in(app, &change, wanted)?;
    match (wanted.task, wanted.idea) {
        (Some(task), _) => drop(change.claim_for_sprint(task, id.as_str())?),
        // Making a plan is no attempt at anything.
        (None, Some(_)) if wanted.request.plan.is_some() => {}
        (None, Some(idea)) => {
            drop(change.make_task_of_sprint(wanted.study, idea, "sprint", id.as_str())?)
        }
        (None, None) => {}
    }
    change.commit()?;
    Ok(id)
}

/// Makes the sprint as a part of a larger change.
pub fn create_in(
    app: &App,
    change: &Change<'_>,
    wanted: &Wanted<'_>,
) -> Result<SprintId, CreateError> {
    let study = app.config.study(wanted.study)?;
    let parent = wanted
        .parent
        .filter(|_| wanted.request.tweak.is_some())
        .map(|parent| change.sprint(parent))
        .transpose()?
        .flatten();
    let cluster = match &parent {
        // It works in the directory of that sprint, wherever the study is at home by now.
        Some(parent) => cluster_of(app, parent)?,
        None => app.config.cluster(study.cluster.as_str())?,
    };
    let idea = check_on(app, study, cluster, wanted)?;
    let request = serde_json::to_string(&wanted.request).unwrap_or_default();
    let gpus = gpus_on(cluster, study, &wanted.request);
    let bounds = bounds(change, study, wanted, gpus)?;
    let cut = bounds.cut(study, &wanted.request);
    // Ids are short, so that people can type them: one may be taken.
    loop {
        let Ok(id) = SprintId::new(&format!("sp-{}", random::hex(3))) else { continue };
        let created = clock::now();
        let directory = id::directory_name(&id, created, idea.as_deref());
        let new = NewSprint {
            id: &id,
            study: study.name.as_str(),
            cluster: cluster.name.as_str(),
            scheduler: cluster.scheduler,
            idea: idea.as_deref(),
            directory: &directory,
            remote_dir: &remote_dir(cluster, study, &directory),
            parent: wanted.parent,
            request: &request,
            seconds: bounds.seconds,
            created,
            kind: wanted.request.kind(),
            task: wanted.task,
            loop_id: wanted.loop_id,
            budget_usd: bounds.budget_usd,
            cut: Cut { time: cut.time || wanted.shortened, ..cut },
            gpus,
        };
        if change.create_sprint(&new)? {
            return Ok(id);
        }
    }
}

/// Where a sprint's directory lies on the cluster.
fn remote_dir(cluster: &Cluster, study: &Study, directory: &str) -> String {
    let base = if study.sprints_dir.starts_with(['/', '~']) {
        study.sprints_dir.trim_end_matches('/').to_owned()
    } else {
        format!(
            "{}/{}",
            cluster.working_dir.trim_end_matches('/'),
            study.sprints_dir.trim_matches('/')
        )
    };
    format!("{base}/{directory}")
}

/// What a sprint that repeats another one asks for: the same, except for what `new` says.
pub fn request_again(
    app: &App,
    store: &Store,
    old: &SprintRow,
    new: &Request,
) -> Result<Request, CreateError> {
    let mut request = Request::read(&old.request);
    // What was left of a loop's GPU-hours is no wish for this time.
    if let Some(of_loop) = old
        .loop_id
        .as_deref()
        .filter(|_| old.cut.time)
        .map(|id| store.one_loop(id))
        .transpose()?
        .flatten()
    {
        request.seconds = Request::read(&of_loop.request).seconds;
    }
    let cluster = app
        .config
        .study(&old.study)
        .ok()
        .and_then(|study| app.config.cluster(study.cluster.as_str()).ok());
    Ok(request.except(new, |one, other| {
        cluster.map_or(one == other, |cluster| is_same_option(cluster, one, other))
    }))
}

/// Makes a sprint that repeats another one: the same idea and options except for what `new` says, and one
/// more attempt at the same task, which is opened again for it unless it is done.
pub fn resubmit(
    app: &App,
    store: &mut Store,
    old: &SprintRow,
    new: &Request,
) -> Result<SprintId, CreateError> {
    let request = request_again(app, store, old, new)?;
    // The study may have been renamed since: then the error says so.
    let study = StudyName::new(&old.study).map_err(|error| CreateError::Idea(error.to_string()))?;
    let Some(idea) = old.idea.clone() else {
        return Err(CreateError::Idea(format!(
            "{} ended before its job had found an idea: there is nothing to repeat",
            old.id
        )));
    };
    let same = |row: &TaskRow| row.idea == task::bounded(&idea, task::MAX_IDEA);
    // A task that was rewritten since asks something else: what is repeated gets a task of its own.
    let task = old
        .task
        .as_deref()
        .map(|task| store.task(task))
        .transpose()?
        .flatten()
        .filter(same)
        .map(|row| row.id.to_string());
    let wanted = Wanted {
        parent: Some(old.id.as_str()),
        task: task.as_deref(),
        ..Wanted::new(study.as_str(), &idea, request)
    };
    let Some(task) = wanted.task else { return create(app, store, &wanted) };
    let change = store.change()?;
    let id = create_in(app, &change, &wanted)?;
    change.reclaim_for_sprint(task, id.as_str())?;
    change.commit()?;
    Ok(id)
}
