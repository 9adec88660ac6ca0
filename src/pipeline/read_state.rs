//! From a YAML tree to a definition: the fields of one state.

use std::collections::BTreeMap;

use super::definition::{
    Act, Action, Body, Evaluator, Fresh, Limit, Routes, StateDef, Verdict, VisitLimit,
};
use super::node::{Node, Value};
use super::problem::{Place, Problem};
use super::read::{Fields, Notes, short};
use super::template::Template;
use super::validate::{path_problem, shell_problem};
use crate::domain::text::is_harmful;

/// Fields of little-loops that have no meaning here yet, with what to do instead.
const NOT_YET: &[(&str, &str)] = &[
    (
        "max_retries",
        "use `max_visits` with `on_max_visits`; it counts all visits, not only those in a row",
    ),
    ("on_retry_exhausted", "use `max_visits` with `on_max_visits`"),
    ("session_mode", "use `session: shared` or `session: fresh`"),
    ("capture", "let the action write a file and name it in `produces`"),
    ("on_maintain", ""),
    ("params", ""),
    ("loop", ""),
    ("with", ""),
    ("context_passthrough", ""),
    ("agent", ""),
    ("tools", ""),
    ("type", ""),
    ("learning", ""),
    ("throttle", ""),
    ("on_throttle_hard", ""),
    ("fragment", ""),
    ("max_rate_limit_retries", "the runner waits for the end of a rate limit"),
    ("on_rate_limit_exhausted", "the runner waits for the end of a rate limit"),
    ("rate_limit_backoff_base_seconds", "the runner waits for the end of a rate limit"),
    ("rate_limit_max_wait_seconds", "the runner waits for the end of a rate limit"),
    ("rate_limit_long_wait_ladder", "the runner waits for the end of a rate limit"),
    ("model", ""),
    ("effort", ""),
    ("idle_timeout", "use `timeout`"),
    ("retryable_exit_codes", ""),
];

/// The kinds of actions.
const KINDS: &[&str] =
    &["skill", "prompt", "shell", "idea", "plan", "review", "evaluate", "verify"];

/// Fields that only a state with an action has.
const ACT_FIELDS: &[&str] = &[
    "action",
    "action_type",
    "produces",
    "session",
    "timeout",
    "max_visits",
    "on_max_visits",
    "evaluate",
    "route",
    "next",
    "on_yes",
    "on_no",
    "on_error",
    "on_success",
    "on_failure",
];

/// Evaluators of little-loops that are not built yet.
const EVALUATORS_NOT_YET: &[&str] = &[
    "output_numeric",
    "output_json",
    "output_contains",
    "convergence",
    "diff_stall",
    "llm_structured",
    "mcp_result",
    "harbor_scorer",
    "classify",
    "comparator",
    "contract",
    "score_stall",
    "action_stall",
];

/// Reads a state. What is wrong goes to the notes; the result is then only good for
/// finding more problems.
pub(super) fn read_state(
    name: String,
    line: u64,
    node: Node,
    default_timeout: Option<u64>,
    notes: &mut Notes,
) -> StateDef {
    let place = Place::state(&short(&name), line);
    if !is_state_name(&name) {
        notes.problem(Problem::new(
            &place,
            "is not a name for a state: use at most 64 letters, digits, `_` and `-`, no `-` first",
        ));
    }
    let nothing = Body::Terminal { success: false };
    let Some(mut fields) = Fields::of(node, &place, notes) else {
        return StateDef { name, title: None, repeats: false, body: nothing };
    };
    let title = fields.take("title").and_then(|(place, node)| {
        let title = notes.text(&place, &node)?;
        if title.chars().any(is_harmful) || title.chars().count() > 100 {
            notes.problem(Problem::new(&place, "is one line of at most 100 characters"));
        }
        Some(title)
    });
    let terminal = fields
        .take("terminal")
        .and_then(|(place, node)| notes.truth(&place, &node))
        .unwrap_or(false);
    let failure =
        fields.take("failure").and_then(|(place, node)| Some((notes.truth(&place, &node)?, place)));
    let body = if terminal {
        for field in ACT_FIELDS {
            if let Some((place, _)) = fields.take(field) {
                notes.problem(Problem::new(
                    &place,
                    "has no place in a terminal state, which does nothing",
                ));
            }
        }
        Body::Terminal { success: !failure.is_some_and(|(failure, _)| failure) }
    } else {
        if let Some((true, place)) = failure {
            notes.problem(Problem::new(&place, "belongs to a state with `terminal: true`"));
        }
        read_act(&mut fields, &place, default_timeout, notes)
            .map_or(nothing, |act| Body::Act(Box::new(act)))
    };
    fields.finish(NOT_YET, notes);
    StateDef { name, title, repeats: false, body }
}

/// Whether a word can name a state, and a file after it.
fn is_state_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !name.starts_with('-')
}

fn read_act(
    fields: &mut Fields,
    state: &Place,
    default_timeout: Option<u64>,
    notes: &mut Notes,
) -> Option<Act> {
    let kind = fields.take("action_type");
    let action = fields.take("action");
    if action.is_none() {
        notes.problem(Problem::new(state, "`action` is missing").hint("or `terminal: true`"));
    }
    let action = action.and_then(|(place, node)| read_action(kind, &place, &node, notes));
    let produces = fields
        .take("produces")
        .map(|(place, node)| read_produces(&place, node, notes))
        .unwrap_or_default();
    let fresh_session = fields
        .take("session")
        .and_then(|(place, node)| read_session(&place, &node, notes))
        .unwrap_or_default();
    let timeout =
        fields.take("timeout").and_then(|(place, node)| notes.count(&place, &node)).map(u64::from);
    let visits = read_visits(fields, notes);
    let evaluate = fields.take("evaluate");
    let routes = read_routes(fields, notes);
    // Without an action there is no default evaluator to check the routes against.
    let action = action?;
    let evaluate = match evaluate {
        Some((place, node)) => read_evaluator(&place, node, &action, notes)?,
        None => default_evaluator(&action, &produces, &routes, state, notes)?,
    };
    let routes = check_routes(routes, &evaluate, state, notes);
    Some(Act {
        action,
        produces,
        fresh_session,
        timeout_seconds: timeout.or(default_timeout),
        visits,
        evaluate,
        routes,
    })
}

/// The evaluator of a state that names none.
fn default_evaluator(
    action: &Action<Template>,
    produces: &[Template],
    routes: &RawRoutes,
    state: &Place,
    notes: &mut Notes,
) -> Option<Evaluator<Template>> {
    match action {
        Action::Review(_) => match produces {
            [file] => Some(Evaluator::ReviewClear { file: file.clone() }),
            _ => {
                notes.problem(
                    Problem::new(state, "a review needs `produces`: the one file that it is in")
                        .hint("or `evaluate` with the type review_clear and the file"),
                );
                None
            }
        },
        // Whoever only says what comes next wants a failed command to be an error.
        Action::Shell(_) if !routes.by_verdict.is_empty() => Some(Evaluator::ExitCode),
        _ => Some(Evaluator::Completed),
    }
}

fn read_action(
    kind: Option<(Place, Node)>,
    place: &Place,
    node: &Node,
    notes: &mut Notes,
) -> Option<Action<Template>> {
    let text = notes.text(place, node);
    let kind = match kind {
        Some((place, node)) => Some((notes.text(&place, &node)?, place)),
        None => None,
    };
    let text = text?;
    let word = kind.as_ref().map(|(word, _)| word.as_str());
    match word {
        Some(word @ ("skill" | "idea" | "plan" | "review")) => {
            let valid = text.len() <= 64
                && text.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
                });
            if !valid || text.starts_with('-') {
                notes.problem(Problem::new(
                    place,
                    "is not the name of a skill: use small letters, digits, `_` and `-`",
                ));
            }
            Some(match word {
                "idea" => Action::Idea(text),
                "plan" => Action::Plan(text),
                "review" => Action::Review(text),
                _ => Action::Skill(text),
            })
        }
        Some("prompt") => Template::parse(&text)
            .map_err(|error| notes.problem(Problem::new(place, error.to_string())))
            .ok()
            .map(Action::Prompt),
        None if text.starts_with('/') => {
            notes.problem(
                Problem::new(place, "a slash command is not supported by this version")
                    .hint("set `action_type` to skill, prompt or shell"),
            );
            None
        }
        Some("shell" | "evaluate" | "verify") | None => {
            if let Some(problem) = shell_problem(&text) {
                notes.problem(Problem::new(place, problem.0).hint(problem.1));
            }
            // The escape means the same in every text.
            let text = text.replace("$${", "${");
            Some(match word {
                Some("evaluate") => Action::Evaluate(text),
                Some("verify") => Action::Verify(text),
                _ => Action::Shell(text),
            })
        }
        Some(other) => {
            let place = kind.as_ref().map_or(place, |(_, place)| place);
            notes.problem(match other {
                "slash_command" | "mcp_tool" | "contributed" | "learning" | "human_approval" => {
                    Problem::new(place, format!("{other:?} is not supported by this version"))
                        .hint(format!("known: {}", KINDS.join(", ")))
                }
                _ => Problem::new(place, format!("{:?} is not a kind of action", short(other)))
                    .suggest(other, KINDS),
            });
            None
        }
    }
}

fn read_file(place: &Place, node: &Node, notes: &mut Notes) -> Option<Template> {
    let text = notes.text(place, node)?;
    match Template::parse(&text) {
        Ok(template) => {
            if let Some(problem) = path_problem(&template.shape()) {
                notes.problem(Problem::new(place, format!("{:?} {problem}", short(&text))));
            }
            Some(template)
        }
        Err(error) => {
            notes.problem(Problem::new(place, error.to_string()));
            None
        }
    }
}

fn read_produces(place: &Place, node: Node, notes: &mut Notes) -> Vec<Template> {
    match node.value {
        Value::List(items) => items
            .iter()
            .filter_map(|item| {
                let place = Place { line: Some(item.line), ..place.clone() };
                read_file(&place, item, notes)
            })
            .collect(),
        _ => read_file(place, &node, notes).into_iter().collect(),
    }
}

fn read_session(place: &Place, node: &Node, notes: &mut Notes) -> Option<Fresh> {
    let text = notes.text(place, node)?;
    match text.trim() {
        "shared" => return Some(Fresh::No),
        "fresh" => return Some(Fresh::Yes),
        _ => {}
    }
    if let Ok(template) = Template::parse(text.trim())
        && let Some(key) = template.single_context_key()
    {
        return Some(Fresh::Context(key.to_owned()));
    }
    notes.problem(
        Problem::new(place, format!("{:?} is not a kind of session", short(&text)))
            .suggest(&text, &["shared", "fresh", "${context.KEY}"]),
    );
    None
}

fn read_visits(fields: &mut Fields, notes: &mut Notes) -> Option<VisitLimit> {
    let limit = fields.take("max_visits");
    let otherwise = fields.take("on_max_visits");
    match (&limit, &otherwise) {
        (Some((place, _)), None) => {
            notes.problem(Problem::new(place, "needs `on_max_visits`: where to go instead"))
        }
        (None, Some((place, _))) => {
            notes.problem(Problem::new(place, "needs `max_visits`: after how many"))
        }
        _ => {}
    }
    let otherwise = otherwise.and_then(|(place, node)| notes.target(&place, &node));
    let (place, node) = limit?;
    let text = notes.text(&place, &node)?;
    let limit = match text.trim().parse::<u32>() {
        Ok(number) => Some(Limit::Literal(number)),
        Err(_) => Template::parse(text.trim()).ok().and_then(|template| {
            template.single_context_key().map(|key| Limit::Context(key.to_owned()))
        }),
    };
    if limit.is_none() {
        notes.problem(Problem::new(
            &place,
            format!("expected a whole number or `${{context.KEY}}`, found {:?}", short(&text)),
        ));
    }
    Some(VisitLimit { limit: limit?, otherwise: otherwise? })
}

fn read_evaluator(
    place: &Place,
    node: Node,
    action: &Action<Template>,
    notes: &mut Notes,
) -> Option<Evaluator<Template>> {
    let mut fields = Fields::of(node, place, notes)?;
    let Some((at, node)) = fields.take("type") else {
        notes.problem(
            Problem::new(place, "`type` is missing")
                .hint("known: completed, exit_code, review_clear"),
        );
        return None;
    };
    let evaluator = match notes.text(&at, &node)?.as_str() {
        "completed" => Some(Evaluator::Completed),
        "exit_code" => {
            if action.shell().is_none() {
                notes.problem(Problem::new(&at, "\"exit_code\" needs a shell action"));
            }
            Some(Evaluator::ExitCode)
        }
        "review_clear" => match fields.take("file") {
            Some((place, node)) => {
                read_file(&place, &node, notes).map(|file| Evaluator::ReviewClear { file })
            }
            None => {
                notes.problem(Problem::new(
                    place,
                    "`file` is missing: the review, relative to the sprint directory",
                ));
                None
            }
        },
        other if EVALUATORS_NOT_YET.contains(&other) => {
            notes.problem(
                Problem::new(&at, format!("{other:?} is not supported by this version"))
                    .hint("known: completed, exit_code, review_clear"),
            );
            return None;
        }
        other => {
            notes.problem(
                Problem::new(&at, format!("{:?} is not an evaluator", short(other)))
                    .suggest(other, &["completed", "exit_code", "review_clear"]),
            );
            return None;
        }
    };
    fields.finish(&[("source", "")], notes);
    if matches!(action, Action::Review(_))
        && !matches!(evaluator, None | Some(Evaluator::ReviewClear { .. }))
    {
        notes.problem(Problem::new(&at, "a review is judged by \"review_clear\""));
    }
    evaluator
}

/// Routes with their places, before they are checked against the evaluator.
#[derive(Default)]
struct RawRoutes {
    by_verdict: BTreeMap<String, (Place, String)>,
    next: Option<String>,
    on_error: Option<String>,
}

fn read_routes(fields: &mut Fields, notes: &mut Notes) -> RawRoutes {
    let mut routes = RawRoutes::default();
    let mut first_shorthand = None;
    for (name, verdict) in [
        ("on_yes", "yes"),
        ("on_success", "yes"),
        ("on_no", "no"),
        ("on_failure", "no"),
        ("on_error", "error"),
    ] {
        let Some((place, node)) = fields.take(name) else { continue };
        first_shorthand.get_or_insert_with(|| place.clone());
        let target = notes.target(&place, &node).unwrap_or_default();
        if verdict == "error" {
            routes.on_error = Some(target);
        } else if routes.by_verdict.insert(verdict.to_owned(), (place.clone(), target)).is_some() {
            notes.problem(Problem::new(
                &place,
                format!("says again where the verdict {verdict:?} leads"),
            ));
        }
    }
    // Words of other evaluators: known, so that nobody is told to write something else.
    for name in ["on_partial", "on_blocked"] {
        if let Some((place, _)) = fields.take(name) {
            notes.problem(Problem::new(
                &place,
                "is never taken: no evaluator of this version says so",
            ));
        }
    }
    if let Some((place, node)) = fields.take("next") {
        routes.next = Some(notes.target(&place, &node).unwrap_or_default());
    }
    if let Some((place, node)) = fields.take("route") {
        if let Some(shorthand) = first_shorthand {
            let name = shorthand.field.clone().unwrap_or_default();
            notes.problem(Problem::new(
                &shorthand,
                format!("stands beside `route`; write {name} in the table"),
            ));
        }
        read_table(&place, node, &mut routes, notes);
    }
    routes
}

fn read_table(place: &Place, node: Node, routes: &mut RawRoutes, notes: &mut Notes) {
    let kind = node.kind();
    let Value::Map(entries) = node.value else {
        notes.problem(Problem::new(place, format!("expected verdicts with states, found {kind}")));
        return;
    };
    for entry in entries {
        let at = place.field(&short(&entry.key), entry.line);
        let target = notes.target(&at, &entry.node).unwrap_or_default();
        let again = match entry.key.as_str() {
            "_" => routes.next.replace(target).is_some(),
            "_error" | "error" => routes.on_error.replace(target).is_some(),
            _ => routes.by_verdict.insert(entry.key, (at.clone(), target)).is_some(),
        };
        if again {
            notes.problem(Problem::new(&at, "says again what another field says"));
        }
    }
}

/// Every verdict must lead somewhere, and every route must be one that can be taken.
fn check_routes(
    routes: RawRoutes,
    evaluate: &Evaluator<Template>,
    state: &Place,
    notes: &mut Notes,
) -> Routes {
    let said: Vec<&str> = evaluate.verdicts().iter().map(|verdict| verdict.as_str()).collect();
    for (verdict, (place, _)) in &routes.by_verdict {
        if !said.contains(&verdict.as_str()) {
            let words = format!("{}, error", said.join(", "));
            notes.problem(
                Problem::new(
                    place,
                    format!(
                        "is never taken: the evaluator of this state does not say {:?}",
                        short(verdict)
                    ),
                )
                .hint(format!("it says {words}")),
            );
        }
    }
    if routes.next.is_none() {
        for verdict in said.iter().filter(|verdict| !routes.by_verdict.contains_key(**verdict)) {
            notes.problem(
                Problem::new(state, format!("the verdict {verdict:?} leads nowhere"))
                    .hint(format!("add `on_{verdict}` or `next`")),
            );
        }
    }
    let by_verdict = routes
        .by_verdict
        .into_iter()
        .filter_map(|(verdict, (_, target))| Some((Verdict::parse(&verdict)?, target)))
        .collect();
    Routes { by_verdict, next: routes.next, on_error: routes.on_error }
}
