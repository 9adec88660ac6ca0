//! Checks that concern several states, and the shapes of paths and shell texts.

use super::definition::{Body, Definition};
use super::graph::Graph;
use super::problem::{Place, Problem};
use crate::domain::text::is_harmful;

/// Every name that a route says must be a state.
pub(super) fn targets(
    definition: &Definition,
    targets: &[(Place, String)],
    problems: &mut Vec<Problem>,
) {
    let names: Vec<&str> = definition.states.iter().map(|state| state.name.as_str()).collect();
    for (place, target) in targets {
        if !names.contains(&target.as_str()) {
            let shown: String = target.chars().take(60).collect();
            let problem = Problem::new(place, format!("there is no state {shown:?}"));
            problems.push(if target == "$current" {
                problem.hint("write the name of the state itself")
            } else {
                problem.suggest(target, &names)
            });
        }
    }
}

/// What can only be judged when everything else is right.
pub(super) fn structure(
    definition: &Definition,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) {
    labels(definition, problems);
    redirects(definition, problems);

    let graph = Graph::of(definition);
    let start = definition
        .states
        .iter()
        .position(|state| state.name == definition.initial)
        .unwrap_or_default();
    let reached = graph.any_from(start, None);
    for (at, state) in definition.states.iter().enumerate() {
        let place = Place { state: Some(state.name.clone()), ..Place::file() };
        if at != start && !reached.get(at).copied().unwrap_or(false) {
            warnings.push(Problem::new(&place, "no route leads here"));
        }
        let sounds_bad = ["fail", "error", "abort"]
            .iter()
            .any(|word| state.name.to_ascii_lowercase().contains(word));
        if sounds_bad && matches!(state.body, Body::Terminal { success: true }) {
            warnings.push(
                Problem::new(&place, "ends the pipeline as a success").hint("add `failure: true`"),
            );
        }
    }
}

/// The second visit of `a` is called `a_round_2`, so no state may have that name.
fn labels(definition: &Definition, problems: &mut Vec<Problem>) {
    for state in &definition.states {
        if let Some((stem, round)) = state.name.rsplit_once("_round_")
            && round.parse::<u32>().is_ok()
            && definition.state(stem).is_some()
        {
            let place = Place { state: Some(state.name.clone()), ..Place::file() };
            problems.push(
                Problem::new(&place, format!("has the name that round {round} of {stem:?} gets"))
                    .hint("choose another name"),
            );
        }
    }
}

/// States that are full send the course on. If they sent it round, it would never arrive.
fn redirects(definition: &Definition, problems: &mut Vec<Problem>) {
    for state in &definition.states {
        let mut at = redirect(definition, &state.name);
        for _ in 0..definition.states.len() {
            match at {
                Some(name) if name == state.name => {
                    let place = Place {
                        state: Some(state.name.clone()),
                        field: Some("on_max_visits".to_owned()),
                        line: None,
                    };
                    problems.push(Problem::new(
                        &place,
                        "comes back to this state when all states on the way are full",
                    ));
                    break;
                }
                Some(name) => at = redirect(definition, name),
                None => break,
            }
        }
    }
}

fn redirect<'a>(definition: &'a Definition, name: &str) -> Option<&'a str> {
    match &definition.state(name)?.body {
        Body::Act(act) => act.visits.as_ref().map(|visits| visits.otherwise.as_str()),
        Body::Terminal { .. } => None,
    }
}

/// Why a text is no path of a file below the sprint directory.
pub(super) fn path_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.len() > 1024 || path.split('/').any(|component| component.len() > 255) {
        return Some("is too long for a file name");
    }
    if path.chars().any(|char| is_harmful(char) || char == '\\') {
        return Some("holds a control character or a backslash");
    }
    if path.starts_with('/') || path.starts_with('~') {
        return Some("must be relative to the sprint directory");
    }
    if path.split('/').any(|component| matches!(component, "" | "." | "..")) {
        return Some("must name a file below the sprint directory, without `.` and `..`");
    }
    if path.split('/').next() == Some(".researchloop") {
        return Some("belongs to the runner");
    }
    None
}

/// Finds `${word.` in a shell text, with what to write instead. A shell has no such
/// names, so it was meant to be replaced; and a value must never become shell text.
pub(super) fn shell_problem(text: &str) -> Option<(String, String)> {
    for (at, _) in text.match_indices("${") {
        // `$${` is the escape for `${`.
        if text.get(..at).is_some_and(|before| before.ends_with('$')) {
            continue;
        }
        let name = text.get(at + 2..)?.split('}').next().unwrap_or_default();
        let Some((space, key)) = name.split_once('.') else { continue };
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if word(space) {
            let shown: String = name.chars().take(60).collect();
            let hint = match space {
                "context" | "state" if word(key) => {
                    format!("write \"$RL_{}_{}\"", space.to_uppercase(), key.to_uppercase())
                }
                _ => "values reach a shell as environment variables, such as \"$RL_CONTEXT_KEY\""
                    .to_owned(),
            };
            return Some((format!("`${{{shown}}}` is not replaced in a shell text"), hint));
        }
    }
    None
}
