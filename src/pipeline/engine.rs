//! What comes next: from a position and a verdict to a step or an end.
//!
//! Pure and total. It hides how visits and steps are counted, and what happens at a
//! limit. Whoever runs the steps stores the [`Position`] and asks again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::{
    Act, Action, Body, Definition, Evaluator, Fresh, Limit, StateDef, Verdict,
};
use super::template::{Template, Values};
use super::validate::path_problem;

/// Where a course is. Stored between steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The current state.
    pub state: String,
    /// How often each state was entered, the current visit included.
    #[serde(default)]
    pub visits: BTreeMap<String, u32>,
    /// How many actions were begun, the current one included.
    #[serde(default)]
    pub steps: u32,
}

/// One action, with all values in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state.
    pub state: String,
    /// The number of this visit, from 1.
    pub visit: u32,
    /// For people: `red team (round 1)`.
    pub title: String,
    /// Unique in a course and safe in a file name: `red_team_round_1`.
    pub label: String,
    /// What to do.
    pub action: Action<String>,
    /// For a shell action: `RL_CONTEXT_*`, `RL_STATE_NAME` and `RL_STATE_VISIT`. Else empty.
    pub environment: Vec<(String, String)>,
    /// Files that must exist afterwards: relative, never outside the sprint directory.
    pub produces: Vec<String>,
    /// Whether the agent begins without memory.
    pub fresh_session: bool,
    /// How long the action may take.
    pub timeout_seconds: Option<u64>,
    /// What turns its end into a verdict.
    pub evaluator: Evaluator<String>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// An action, and the position to store before it begins.
    Step(Box<Step>, Position),
    /// The course is over.
    End(End),
}

/// How a course ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Whether that is what was wanted.
    pub success: bool,
    /// The terminal state, else the state whose action was the last.
    pub state: String,
    /// Where the course stands. At a limit it has not moved: with a higher limit the
    /// same verdict leads on.
    pub position: Position,
    /// Why it ended.
    pub because: Because,
}

/// Why a course ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// It came to a terminal state.
    Terminal,
    /// A step failed and its state has no `on_error`.
    Error,
    /// The limit of steps was reached before this state could be entered.
    StepLimit {
        /// The limit.
        max_steps: u32,
        /// The state that comes next.
        next: String,
    },
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The position belongs to another pipeline.
    #[error("the pipeline has no state {state:?}")]
    UnknownState {
        /// The state.
        state: String,
    },
    /// The course is over.
    #[error("the pipeline has ended: {state:?} is terminal")]
    Over {
        /// The state.
        state: String,
    },
    /// A value that the pipeline names is not there.
    #[error("state {state:?}: {field}: the context has no value {key:?}")]
    MissingValue {
        /// The state.
        state: String,
        /// The field.
        field: &'static str,
        /// The key.
        key: String,
    },
    /// A value of the context does not fit.
    #[error("state {state:?}: {field}: context.{key} is {value:?}; expected {expected}")]
    BadValue {
        /// The state.
        state: String,
        /// The field.
        field: &'static str,
        /// The key.
        key: String,
        /// The value, shortened.
        value: String,
        /// What would fit.
        expected: &'static str,
    },
    /// A path leaves the sprint directory once the values are in it.
    #[error("state {state:?}: {field}: {path:?} {problem}")]
    BadPath {
        /// The state.
        state: String,
        /// The field.
        field: &'static str,
        /// The path, shortened.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The verdict leads nowhere.
    #[error("state {state:?}: the verdict {verdict:?} leads nowhere")]
    NoRoute {
        /// The state.
        state: String,
        /// The verdict.
        verdict: &'static str,
    },
    /// States that may not be entered again lead back to each other.
    #[error("no state can be entered: {} lead back to each other", states.join(", "))]
    RedirectCycle {
        /// The states.
        states: Vec<String>,
    },
}

type Context = BTreeMap<String, String>;

/// Begins a course.
///
/// # Errors
/// When a value is missing or does not fit.
pub fn start(definition: &Definition, context: &Context) -> Result<Arrival, EngineError> {
    let nowhere = Position { state: definition.initial.clone(), visits: BTreeMap::new(), steps: 0 };
    enter(definition, &nowhere, &definition.initial, context)
}

/// Goes on from a step that ended with this verdict.
///
/// # Errors
/// When the position or the verdict does not belong to the pipeline, or a value is
/// missing or does not fit.
pub fn advance(
    definition: &Definition,
    position: &Position,
    verdict: Verdict,
    context: &Context,
) -> Result<Arrival, EngineError> {
    let (state, act) = act_of(definition, position)?;
    let error = verdict == Verdict::Error;
    let target = if error {
        act.routes.on_error.as_ref()
    } else {
        act.routes.by_verdict.get(&verdict).or(act.routes.next.as_ref())
    };
    match target {
        Some(target) => enter(definition, position, target, context),
        None if error => Ok(Arrival::End(End {
            success: false,
            state: state.name.clone(),
            position: position.clone(),
            because: Because::Error,
        })),
        None => Err(EngineError::NoRoute { state: state.name.clone(), verdict: verdict.as_str() }),
    }
}

/// The current step again, after an interruption. No visit is counted.
///
/// # Errors
/// When the position does not belong to the pipeline or is at its end, or a value is
/// missing or does not fit.
pub fn resume(
    definition: &Definition,
    position: &Position,
    context: &Context,
) -> Result<Step, EngineError> {
    let (state, act) = act_of(definition, position)?;
    let visit = position.visits.get(&state.name).copied().unwrap_or(1).max(1);
    resolve(definition, state, act, visit, context)
}

/// Resolves every step once, as if it were the first visit, so that a missing value is
/// found before anything is paid for.
pub fn check(definition: &Definition, context: &Context) -> Vec<EngineError> {
    let mut errors: Vec<EngineError> = Vec::new();
    for state in &definition.states {
        let Body::Act(act) = &state.body else { continue };
        let limit = visit_limit(definition, state, act, context).err();
        let found = limit.into_iter().chain(resolve(definition, state, act, 1, context).err());
        for error in found {
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
    }
    errors
}

fn act_of<'a>(
    definition: &'a Definition,
    position: &Position,
) -> Result<(&'a StateDef, &'a Act), EngineError> {
    let state = find(definition, &position.state)?;
    match &state.body {
        Body::Act(act) => Ok((state, act)),
        Body::Terminal { .. } => Err(EngineError::Over { state: state.name.clone() }),
    }
}

fn find<'a>(definition: &'a Definition, name: &str) -> Result<&'a StateDef, EngineError> {
    definition.state(name).ok_or_else(|| EngineError::UnknownState { state: short(name) })
}

fn enter(
    definition: &Definition,
    from: &Position,
    target: &str,
    context: &Context,
) -> Result<Arrival, EngineError> {
    let mut refused: Vec<String> = Vec::new();
    let mut state = find(definition, target)?;
    loop {
        let act = match &state.body {
            Body::Terminal { success } => {
                let position = Position { state: state.name.clone(), ..from.clone() };
                return Ok(Arrival::End(End {
                    success: *success,
                    state: state.name.clone(),
                    position,
                    because: Because::Terminal,
                }));
            }
            Body::Act(act) => act,
        };
        let visit = from.visits.get(&state.name).copied().unwrap_or(0).saturating_add(1);
        if let Some((limit, otherwise)) = visit_limit(definition, state, act, context)?
            && visit > limit
        {
            if refused.contains(&state.name) {
                return Err(EngineError::RedirectCycle { states: refused });
            }
            refused.push(state.name.clone());
            state = find(definition, otherwise)?;
            continue;
        }
        if from.steps >= definition.max_steps {
            let because =
                Because::StepLimit { max_steps: definition.max_steps, next: state.name.clone() };
            return Ok(Arrival::End(End {
                success: false,
                state: from.state.clone(),
                position: from.clone(),
                because,
            }));
        }
        let step = resolve(definition, state, act, visit, context)?;
        let mut position = Position {
            state: state.name.clone(),
            steps: from.steps.saturating_add(1),
            visits: from.visits.clone(),
        };
        position.visits.insert(state.name.clone(), visit);
        return Ok(Arrival::Step(Box::new(step), position));
    }
}

/// How often a state may be entered, and where the course goes instead.
pub(super) fn visit_limit<'a>(
    definition: &Definition,
    state: &StateDef,
    act: &'a Act,
    context: &Context,
) -> Result<Option<(u32, &'a str)>, EngineError> {
    let Some(visits) = &act.visits else { return Ok(None) };
    let limit = match &visits.limit {
        Limit::Literal(number) => *number,
        Limit::Context(key) => {
            let value = lookup(definition, state, "max_visits", key, context)?;
            value
                .trim()
                .parse()
                .map_err(|_| bad_value(state, "max_visits", key, value, "a whole number from 0"))?
        }
    };
    Ok(Some((limit, &visits.otherwise)))
}

fn lookup<'a>(
    definition: &'a Definition,
    state: &StateDef,
    field: &'static str,
    key: &str,
    context: &'a Context,
) -> Result<&'a str, EngineError> {
    let found = context.get(key).or_else(|| definition.context.get(key)).map(String::as_str);
    found.ok_or_else(|| EngineError::MissingValue {
        state: state.name.clone(),
        field,
        key: key.to_owned(),
    })
}

fn bad_value(
    state: &StateDef,
    field: &'static str,
    key: &str,
    value: &str,
    expected: &'static str,
) -> EngineError {
    EngineError::BadValue {
        state: state.name.clone(),
        field,
        key: key.to_owned(),
        value: short(value),
        expected,
    }
}

fn resolve(
    definition: &Definition,
    state: &StateDef,
    act: &Act,
    visit: u32,
    context: &Context,
) -> Result<Step, EngineError> {
    let values =
        Values { given: context, defaults: &definition.context, state: &state.name, visit };
    let render = |field: &'static str, template: &Template| {
        template.render(&values).map_err(|key| EngineError::MissingValue {
            state: state.name.clone(),
            field,
            key,
        })
    };
    let file = |field: &'static str, template: &Template| {
        let path = render(field, template)?;
        match path_problem(&path) {
            Some(problem) => Err(EngineError::BadPath {
                state: state.name.clone(),
                field,
                path: short(&path),
                problem,
            }),
            None => Ok(path),
        }
    };
    let action = match &act.action {
        Action::Prompt(text) => Action::Prompt(render("action", text)?),
        Action::Skill(name) => Action::Skill(name.clone()),
        Action::Idea(name) => Action::Idea(name.clone()),
        Action::Plan(name) => Action::Plan(name.clone()),
        Action::Review(name) => Action::Review(name.clone()),
        Action::Shell(text) => Action::Shell(text.clone()),
        Action::Evaluate(text) => Action::Evaluate(text.clone()),
        Action::Verify(text) => Action::Verify(text.clone()),
    };
    let environment = match action.shell() {
        Some(_) => environment(definition, state, &values)?,
        None => Vec::new(),
    };
    let fresh_session = match &act.fresh_session {
        Fresh::No => false,
        Fresh::Yes => true,
        Fresh::Context(key) => match lookup(definition, state, "session", key, context)? {
            "fresh" => true,
            "shared" => false,
            other => return Err(bad_value(state, "session", key, other, "`shared` or `fresh`")),
        },
    };
    let evaluator = match &act.evaluate {
        Evaluator::Completed => Evaluator::Completed,
        Evaluator::ExitCode => Evaluator::ExitCode,
        Evaluator::ReviewClear { file: review } => {
            Evaluator::ReviewClear { file: file("evaluate.file", review)? }
        }
    };
    let produces =
        act.produces.iter().map(|path| file("produces", path)).collect::<Result<_, _>>()?;
    let plain = state.title.clone().unwrap_or_else(|| state.name.replace('_', " "));
    let (title, label) = if state.repeats || visit > 1 {
        (format!("{plain} (round {visit})"), format!("{}_round_{visit}", state.name))
    } else {
        (plain, state.name.clone())
    };
    let timeout_seconds = act.timeout_seconds;
    Ok(Step {
        state: state.name.clone(),
        visit,
        title,
        label,
        action,
        environment,
        produces,
        fresh_session,
        timeout_seconds,
        evaluator,
    })
}

/// The values of a shell action. They are never part of its text.
fn environment(
    definition: &Definition,
    state: &StateDef,
    values: &Values<'_>,
) -> Result<Vec<(String, String)>, EngineError> {
    let mut variables = BTreeMap::new();
    for (key, value) in definition.context.iter().chain(values.given) {
        if value.contains('\0') {
            return Err(bad_value(
                state,
                "action",
                key,
                value,
                "a text without NUL, which no environment can hold",
            ));
        }
        let name: String = key
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' })
            .collect();
        variables.insert(format!("RL_CONTEXT_{name}"), value.clone());
    }
    variables.insert("RL_STATE_NAME".to_owned(), state.name.clone());
    variables.insert("RL_STATE_VISIT".to_owned(), values.visit.to_string());
    Ok(variables.into_iter().collect())
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
