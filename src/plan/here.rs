//! A plan by one call on this machine.

use std::path::PathBuf;

use serde_json::Value;

use super::ask::{self, Asked, PlanError};
use super::take_in::PlanCost;
use crate::app::App;
use crate::config::Study;
use crate::platform::{private, random};
use crate::problem::{Problem, ProblemKind};
use crate::sprint;

/// A plan that was kept before anybody has looked at it.
#[derive(Debug, Clone)]
pub struct KeptPlan {
    /// What was answered.
    pub value: Value,
    /// The file that it lies in, which can be corrected.
    pub file: PathBuf,
}

/// What came of a call.
#[derive(Debug)]
pub struct Here {
    /// The plan, or why there is none.
    pub plan: Result<KeptPlan, Problem>,
    /// What the call has cost, also when nothing came of it.
    pub cost: PlanCost,
}

/// Asks for a plan on this machine. What it cost is booked and what it said is kept before anybody
/// looks whether it can be used.
pub fn here(app: &App, study: &str, goal: &str) -> Result<Here, Problem> {
    let study = app.config.study(study)?;
    let mut store = app.store()?;
    let left = sprint::left_usd(&store.change()?, study)?;
    let Asked { plan, spent } = ask::ask(app, &store, study, goal, left)?;
    let change = store.change()?;
    change.book_money(study.name.as_str(), "plan", &spent)?;
    change.commit()?;
    let cost = PlanCost { usd: spent.cost_usd, estimated: spent.estimated, unknown_usd: None };
    let plan = match plan {
        Ok(value) => {
            let file = keep(app, study, &value).map_err(|error| {
                Problem::failed(format!("the plan cannot be kept: {error}\n{value}"))
            })?;
            Ok(KeptPlan { value, file })
        }
        Err(error) => Err(error.into()),
    };
    Ok(Here { plan, cost })
}

/// Refuses the login node of a cluster.
pub fn must_be_no_login_node() -> Result<(), Problem> {
    ask::login_node_tool().map_or(Ok(()), |tool| Err(PlanError::LoginNode(tool).into()))
}

/// Keeps what was answered.
fn keep(app: &App, study: &Study, value: &Value) -> std::io::Result<PathBuf> {
    let folder = app.config.artifact_dir.join("plans");
    private::make_folder(&folder)?;
    let path = folder.join(format!(
        "{}-{}-{}.json",
        study.name,
        app.clock.now().strftime("%Y%m%d-%H%M%S"),
        random::hex(2)
    ));
    private::write_new(&path, format!("{value:#}\n").as_bytes())?;
    Ok(path)
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Unknown(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::LoginNode(_) => Self::new(ProblemKind::Conflict, error.to_string())
                .hint("--job asks in a short job on the study's cluster; --here asks Claude on this machine all the same"),
            other => Self::failed(other.to_string()),
        }
    }
}
