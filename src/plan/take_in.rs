//! From what was answered to tasks of the backlog: read, checked, and added when a person agrees.

use serde_json::Value;

use super::read;
use crate::app::App;
use crate::bundle::answers;
use crate::domain::text;
use crate::problem::{Problem, ProblemKind};
use crate::store::Store;
use crate::task::{self, Draft};
use crate::view::{ImportedTask, SameIdea};

/// Where the tasks stand, for people.
const IN_PLAN: &str = "in the plan";

/// What a plan has cost.
#[derive(Debug, Clone, Copy)]
pub struct PlanCost {
    /// US dollars.
    pub usd: f64,
    /// Whether that is not exact.
    pub estimated: bool,
    /// The dollars that count for what is not known.
    pub unknown_usd: Option<f64>,
}

/// A plan whose tasks can be added.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its tasks, in their order.
    pub drafts: Vec<Draft>,
    /// What was left out, a sentence each.
    pub warnings: Vec<String>,
    /// Which ideas were had already.
    pub repeats: Vec<SameIdea>,
}

/// Reads the text of a plan. `name` is where it comes from, for people.
pub fn of_text(name: &str, content: &str) -> Result<Value, Problem> {
    answers::plan(content.as_bytes()).map_err(|problem| {
        let problem = text::line(&problem);
        Problem::new(
            ProblemKind::Usage,
            format!(
                "{name} {problem}: expected {{\"tasks\": [...]}}, each task with at least `key` and `idea`"
            ),
        )
    })
}

/// Reads a plan, and tries to add its tasks without doing it: a cycle shows here, too.
pub fn check(app: &App, study: &str, value: &Value) -> Result<Checked, Problem> {
    let plan = read(value).map_err(|problems| task::refused(IN_PLAN, &problems))?;
    let mut store = app.store()?;
    create(&mut store, study, &plan.drafts, false)?;
    let repeats = task::repeats(&store, study, &plan.drafts)?;
    Ok(Checked { drafts: plan.drafts, warnings: plan.warnings, repeats })
}

/// Adds the tasks of a plan, all or none.
pub fn add(app: &App, study: &str, drafts: &[Draft]) -> Result<Vec<ImportedTask>, Problem> {
    create(&mut app.store()?, study, drafts, true)
}

/// Makes the tasks, or only tries to.
fn create(
    store: &mut Store,
    study: &str,
    drafts: &[Draft],
    keep: bool,
) -> Result<Vec<ImportedTask>, Problem> {
    let change = store.change()?;
    let tasks = task::create(&change, study, drafts, "plan", IN_PLAN)?;
    if keep {
        change.commit()?;
    }
    Ok(tasks)
}
