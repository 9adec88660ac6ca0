//! A plan by a short job: a sprint of the kind `plan` asks, and its answer comes back with its results.

use std::path::{Path, PathBuf};

use super::ask;
use super::take_in::PlanCost;
use crate::app::App;
use crate::bundle::PLAN_FILE;
use crate::domain::{SprintId, SprintKind, State, Status, text};
use crate::find;
use crate::problem::Problem;
use crate::sprint::{self, CreateError, Extent, Handle, NewSprintSpec, Request};
use crate::tick::Follower;
use crate::view::PlanWaiting;

/// How a sprint stands whose plan was waited for.
#[derive(Debug)]
pub enum Waited {
    /// It has made a plan.
    Completed,
    /// It has ended without one.
    Ended(Problem),
    /// It goes on.
    NotYet(PlanWaiting),
}

/// A plan that a sprint has left.
#[derive(Debug)]
pub struct LeftPlan {
    /// Where it lies on this machine: the work of a model, and read like one from anywhere.
    pub file: PathBuf,
    /// What it has cost.
    pub cost: PlanCost,
}

/// Why a sprint has left no plan.
#[derive(Debug)]
pub enum LeftError {
    /// It was asked for none.
    OtherKind,
    /// It has made one for this study.
    OtherStudy(String),
    /// It has not completed: it stands so.
    Unfinished(Status),
    /// It cannot be found out.
    Problem(Problem),
}

impl From<Problem> for LeftError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Makes the sprint that asks for a plan of this study. It is still to be submitted.
pub fn request(app: &App, study: &str, goal: &str, request: Request) -> Result<Handle, Problem> {
    let study = app.config.study(study)?;
    let mut store = app.store()?;
    let order = ask::order(app, &store, study, goal)?;
    let spec =
        NewSprintSpec::new(study.name.as_str(), goal, Request { plan: Some(order), ..request });
    let id = sprint::create(app, &mut store, &spec).map_err(|error| match error {
        CreateError::Idea(text) => CreateError::Idea(text.replace("the idea", "the goal")),
        other => other,
    })?;
    Handle::of(store, &id)
}

/// How the sprint stands.
pub fn waited(app: &App, id: &SprintId) -> Result<Waited, Problem> {
    let row = Handle::open(app, id.as_str())?.row;
    Ok(match &row.state {
        State::Ended { ending, .. } if ending.status == Status::Completed => Waited::Completed,
        State::Ended { ending, .. } => Waited::Ended(
            Problem::failed(format!("{id}: {}: {}", ending.status, text::line(&ending.detail)))
                .hint(ending.hint.clone()),
        ),
        state => Waited::NotYet(PlanWaiting {
            sprint_id: id.clone(),
            study_name: row.study.clone(),
            status: state.status().as_str(),
            written: false,
        }),
    })
}

/// The sprint that a name means, unless it is that of a file.
pub fn named(app: &App, name: &Path) -> Result<Option<SprintId>, Problem> {
    let Some(id) = name.to_str().filter(|text| !text.contains(['/', '.']) && !name.exists()) else {
        return Ok(None);
    };
    let store = app.store()?;
    if find::is_sprint(&store, id)? {
        return Ok(Some(find::sprint(&store, id)?.id));
    }
    Ok(None)
}

/// Refuses to begin a plan with a database that does not know all sprints.
pub fn may_begin(app: &App) -> Result<(), Problem> {
    Ok(app.store()?.must_be_whole()?)
}

/// The plan that a sprint has left for this study. Its file is fetched when it is not there yet. Before
/// that it is looked at, by `look`: its job may be over, and no tick has seen it.
pub fn left_by(
    app: &App,
    id: &SprintId,
    study: &str,
    look: impl FnOnce(&mut Follower<'_>),
) -> Result<LeftPlan, LeftError> {
    let mut follower = Follower::open(app, id.as_str())?;
    match follower.row().kind {
        SprintKind::Plan if follower.row().study == study => {}
        SprintKind::Plan => return Err(LeftError::OtherStudy(follower.row().study.clone())),
        _ => return Err(LeftError::OtherKind),
    }
    look(&mut follower);
    let mut sprint = follower.into_sprint()?;
    let row = sprint.row.clone();
    if row.state.status() != Status::Completed {
        return Err(LeftError::Unfinished(row.state.status()));
    }
    let own = app.artifacts(id);
    let file = own.join(PLAN_FILE);
    if !file.is_file() {
        sprint.fetch(app, Some(&own), Extent::Report, |_, _| {})?;
    }
    let cost = PlanCost {
        usd: row.cost_usd,
        estimated: row.cost_estimated,
        unknown_usd: row.unknown_usd(),
    };
    Ok(LeftPlan { file, cost })
}
