//! A small follow-up: a sprint of its own whose agent works in the directory of one that has
//! ended, and goes on with its session.

use super::create::create_in;
use super::error::CreateError;
use super::options::is_same_option;
use super::request::{NewSprintSpec, Request};
use crate::app::App;
use crate::bundle::formats::Tweak;
use crate::domain::action::Action;
use crate::domain::{SprintId, SprintKind, task};
use crate::problem::{Problem, ProblemKind};
use crate::store::{SprintRow, Store, StoreError};

/// Why there is no follow-up.
#[derive(Debug, thiserror::Error)]
pub enum TweakError {
    /// The sprint is not in a state for it.
    #[error("{id} {problem}")]
    Not {
        /// The sprint.
        id: SprintId,
        /// What is the matter.
        problem: String,
        /// What to do instead.
        hint: String,
    },
    /// As for any sprint.
    #[error(transparent)]
    Create(#[from] CreateError),
}

impl TweakError {
    /// The sprint to follow up on is not there.
    fn no_parent(id: &SprintId) -> Self {
        Self::Not {
            id: id.clone(),
            problem: "is gone".to_owned(),
            hint: format!("`{}`", Action::ListSprints),
        }
    }
}

impl From<TweakError> for Problem {
    fn from(error: TweakError) -> Self {
        match error {
            TweakError::Create(error) => error.into(),
            TweakError::Not { ref hint, .. } => {
                let hint = hint.clone();
                Self::new(ProblemKind::Conflict, error.to_string()).hint(hint)
            }
        }
    }
}

impl From<StoreError> for TweakError {
    fn from(error: StoreError) -> Self {
        Self::Create(error.into())
    }
}

/// Makes the follow-up, `pending`. It asks for what the sprint has asked for, except for what `new` says.
pub fn tweak(
    app: &App,
    store: &mut Store,
    parent: &SprintRow,
    instruction: &str,
    new: &Request,
) -> Result<SprintId, TweakError> {
    let no = |problem: String, hint: String| {
        Err(TweakError::Not { id: parent.id.clone(), problem, hint })
    };
    let instruction = task::check_idea_text(instruction)
        .map_err(|text| CreateError::Idea(text.replace("the idea", "the instruction")))?;
    if parent.kind == SprintKind::Tweak {
        let of = parent.parent.as_ref().map_or_else(String::new, SprintId::to_string);
        return no(
            format!("is a follow-up of {of} itself"),
            format!("`{}`", Action::TweakSprint { sprint: of }),
        );
    }
    if parent.kind == SprintKind::Plan {
        return no(
            "has made a plan, and no results".to_owned(),
            format!("`{}` makes another one", Action::Plan { study: parent.study.clone() }),
        );
    }
    let change = store.change()?;
    let Some(parent) = change.sprint(&parent.id)? else {
        return Err(TweakError::no_parent(&parent.id));
    };
    if !parent.state.status().is_terminal() {
        let note = Action::SendNote { sprint: parent.id.to_string() };
        let hint = format!("`{note}` sends a note to a sprint that runs");
        return Err(TweakError::Not {
            id: parent.id.clone(),
            problem: format!("is {}: it has not ended", parent.state.status()),
            hint,
        });
    }
    if parent.state.last_job().is_none() || !parent.remote_dir.starts_with('/') {
        let again = Action::ResubmitSprint { sprint: parent.id.to_string(), more: None };
        let hint = format!("`{again}` runs it again");
        return Err(TweakError::Not {
            id: parent.id.clone(),
            problem: "never had a job: it has left nothing to change".to_owned(),
            hint,
        });
    }
    if let Some(open) = change.open_tweak(&parent.id)? {
        let watch = Action::WatchSprint { sprint: open.id.to_string() };
        let hint = format!("`{watch}` waits for it");
        return Err(TweakError::Not {
            id: parent.id.clone(),
            problem: format!("has a follow-up that is {}: {}", open.state.status(), open.id),
            hint,
        });
    }
    let cluster = app.cluster_of(&parent).map_err(CreateError::from)?;
    let earlier = Request::read(&parent.request)
        .except(new, |one, other| is_same_option(cluster, one, other));
    let tweak = Tweak {
        sprint_id: parent.id.to_string(),
        dir: parent.remote_dir.clone(),
        session_id: parent.session_id.clone(),
        instruction: instruction.clone(),
    };
    let request = Request { tweak: Some(tweak), ..earlier };
    let wanted = NewSprintSpec {
        parent: Some(&parent.id),
        ..NewSprintSpec::new(&parent.study, &instruction, request)
    };
    let id = create_in(app, &change, &wanted)?;
    change.commit()?;
    Ok(id)
}
