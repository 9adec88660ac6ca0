//! From a YAML tree to a definition: the fields of the file as a whole.
//!
//! Field names are those of little-loops where it has them. A field that is not
//! understood is a problem, never ignored: a limit that is silently dropped costs money.

use std::collections::BTreeMap;

use super::definition::{Body, Definition};
use super::graph;
use super::node::{self, Entry, Node, Value};
use super::older;
use super::problem::{Place, Problem};
use super::read_state::read_state;
use super::template::is_key;
use super::validate;
use crate::domain::text::is_harmful;

/// The steps of a course when the file sets no limit.
const DEFAULT_MAX_STEPS: u32 = 50;
/// More states than anybody can read.
const MAX_STATES: usize = 500;

/// Fields of little-loops that have no meaning here yet, with what to do instead.
const NOT_YET: &[(&str, &str)] = &[
    ("timeout", "the job's time limit bounds the pipeline, `default_timeout` each action"),
    ("max_edge_revisits", "use `max_visits` in a state"),
    ("on_max_steps", ""),
    ("on_max_iterations", ""),
    ("backoff", ""),
    ("maintain", ""),
    ("llm", ""),
    ("on_handoff", ""),
    ("input_key", ""),
    ("parameters", "use `context`"),
    ("required_inputs", "a `${context.KEY}` without a value is an error already"),
    ("scope", ""),
    ("config", ""),
    ("circuit", ""),
    ("category", ""),
    ("labels", ""),
    ("commands", ""),
    ("targets", ""),
    ("import", ""),
    ("fragments", ""),
    ("from", ""),
    ("flow", "use `states`"),
    ("state_defs", "use `states`"),
];

/// A valid file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What it defines.
    pub definition: Definition,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<Problem>,
}

/// Reads and checks a pipeline file.
///
/// # Errors
/// All problems that can be found at once, in the order of their lines. A mistake of
/// YAML syntax comes alone.
pub fn parse(yaml: &str) -> Result<Parsed, Vec<Problem>> {
    let root = node::read(yaml).map_err(|problem| vec![problem])?;
    let mut notes = Notes::default();
    if let Some(mut definition) = read_definition(root, &mut notes) {
        validate::targets(&definition, &notes.targets, &mut notes.problems);
        if notes.problems.is_empty() {
            validate::structure(&definition, &mut notes.problems, &mut notes.warnings);
            graph::mark_repeats(&mut definition);
        }
        if notes.problems.is_empty() {
            return Ok(Parsed { definition, warnings: notes.warnings });
        }
    }
    notes.problems.sort_by_key(|problem| problem.line.unwrap_or(0));
    Err(notes.problems)
}

/// What comes up while a file is read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// Every name that must be a state, with the place that says so.
    pub targets: Vec<(Place, String)>,
}

impl Notes {
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A single value as text that is not empty.
    pub(super) fn text(&mut self, place: &Place, node: &Node) -> Option<String> {
        match node.text() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            Some(_) => {
                self.problem(Problem::new(place, "is empty"));
                None
            }
            None => {
                self.problem(Problem::new(place, format!("expected text, found {}", node.kind())));
                None
            }
        }
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, place: &Place, node: &Node) -> Option<u32> {
        let number = node
            .text()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .filter(|number| *number > 0);
        if number.is_none() {
            let found = node
                .text()
                .map_or_else(|| node.kind().to_owned(), |text| format!("{:?}", short(text)));
            self.problem(Problem::new(
                place,
                format!("expected a whole number from 1, found {found}"),
            ));
        }
        number
    }

    /// A truth value.
    pub(super) fn truth(&mut self, place: &Place, node: &Node) -> Option<bool> {
        let truth = node.truth();
        if truth.is_none() {
            self.problem(Problem::new(
                place,
                format!("expected true or false, found {}", node.kind()),
            ));
        }
        truth
    }

    /// The name of a state. Whether it exists is checked when all states are known.
    pub(super) fn target(&mut self, place: &Place, node: &Node) -> Option<String> {
        let name = self.text(place, node)?;
        self.targets.push((place.clone(), name.clone()));
        Some(name)
    }
}

/// The first characters of a text from outside, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The fields of a mapping, taken one by one. What is left at the end is unknown.
pub(super) struct Fields {
    place: Place,
    entries: Vec<Entry>,
    known: Vec<&'static str>,
}

impl Fields {
    /// The fields of a node, or a problem when it is no mapping.
    pub(super) fn of(node: Node, place: &Place, notes: &mut Notes) -> Option<Self> {
        let kind = node.kind();
        if let Value::Map(entries) = node.value {
            return Some(Self { place: place.clone(), entries, known: Vec::new() });
        }
        notes.problem(Problem::new(place, format!("expected a mapping, found {kind}")));
        None
    }

    /// Takes a field. Its name counts as known from now on.
    pub(super) fn take(&mut self, name: &'static str) -> Option<(Place, Node)> {
        self.known.push(name);
        let at = self.entries.iter().position(|entry| entry.key == name)?;
        let entry = self.entries.remove(at);
        Some((self.place.field(name, entry.line), entry.node))
    }

    /// Says that what is left is unknown.
    pub(super) fn finish(self, not_yet: &[(&str, &str)], notes: &mut Notes) {
        for entry in &self.entries {
            let place = self.place.field(&short(&entry.key), entry.line);
            notes.problem(match not_yet.iter().find(|(name, _)| *name == entry.key) {
                Some((_, "")) => Problem::new(&place, "is not supported by this version"),
                Some((_, instead)) => {
                    Problem::new(&place, "is not supported by this version").hint(*instead)
                }
                None => {
                    Problem::new(&place, "is not a known field").suggest(&entry.key, &self.known)
                }
            });
        }
    }
}

fn read_definition(root: Node, notes: &mut Notes) -> Option<Definition> {
    let file = Place::file();
    let mut fields = Fields::of(root, &file, notes)?;

    let name = required(&mut fields, "name", notes).and_then(|(place, node)| {
        let name = notes.text(&place, &node)?;
        if name.chars().any(is_harmful) || name.chars().count() > 100 {
            notes.problem(Problem::new(&place, "is one line of at most 100 characters"));
        }
        Some(name)
    });
    let description = match fields.take("description") {
        Some((place, node)) => notes.text(&place, &node).unwrap_or_default(),
        None => {
            notes.warnings.push(Problem::new(&file, "`description` is missing"));
            String::new()
        }
    };
    let initial = required(&mut fields, "initial", notes)
        .and_then(|(place, node)| notes.target(&place, &node));
    let max_steps = max_steps(&mut fields, notes);
    let timeout = fields
        .take("default_timeout")
        .and_then(|(place, node)| notes.count(&place, &node))
        .map(u64::from);
    let context = fields
        .take("context")
        .map(|(place, node)| read_context(node, &place, notes))
        .unwrap_or_default();

    let mut states = Vec::new();
    if let Some((place, node)) = required(&mut fields, "states", notes) {
        match node.value {
            Value::Map(entries) if entries.len() > MAX_STATES => {
                notes.problem(Problem::new(
                    &place,
                    format!("has {} states; at most {MAX_STATES} are allowed", entries.len()),
                ));
            }
            Value::Map(entries) => {
                states = entries
                    .into_iter()
                    .map(|Entry { key, line, node }| read_state(key, line, node, timeout, notes))
                    .collect();
            }
            _ => notes.problem(Problem::new(
                &place,
                format!("expected states by name, found {}", node.kind()),
            )),
        }
        if notes.problems.is_empty()
            && !states.iter().any(|state| matches!(state.body, Body::Terminal { .. }))
        {
            notes.problem(
                Problem::new(&place, "no state is terminal, so the pipeline could never end")
                    .hint("add a state with `terminal: true`"),
            );
        }
    }
    fields.finish(NOT_YET, notes);
    older::name_kinds(&mut states);
    Some(Definition { name: name?, description, initial: initial?, max_steps, context, states })
}

fn required(fields: &mut Fields, name: &'static str, notes: &mut Notes) -> Option<(Place, Node)> {
    let found = fields.take(name);
    if found.is_none() {
        notes.problem(Problem::new(&Place::file(), format!("`{name}` is missing")));
    }
    found
}

/// `max_steps`, or `max_iterations` as it was called before. Both count entries of states.
fn max_steps(fields: &mut Fields, notes: &mut Notes) -> u32 {
    let older = fields.take("max_iterations");
    let found = match (fields.take("max_steps"), older) {
        (Some(_), Some((place, _))) => {
            notes
                .problem(Problem::new(&place, "is another name for `max_steps`; keep one of them"));
            None
        }
        (newer, older) => newer.or(older),
    };
    found.and_then(|(place, node)| notes.count(&place, &node)).unwrap_or(DEFAULT_MAX_STEPS)
}

fn read_context(node: Node, place: &Place, notes: &mut Notes) -> BTreeMap<String, String> {
    let mut context = BTreeMap::new();
    if matches!(node.value, Value::Null) {
        return context;
    }
    let Some(fields) = Fields::of(node, place, notes) else { return context };
    let mut variables = BTreeMap::new();
    for Entry { key, line, node } in fields.entries {
        let place = place.field(&short(&key), line);
        if !is_key(&key) {
            notes.problem(Problem::new(&place, "is not a name: use letters, digits and `_`"));
            continue;
        }
        // Both would become the same environment variable of a shell action.
        if let Some(other) = variables.insert(key.to_ascii_uppercase(), key.clone()) {
            notes.problem(Problem::new(&place, format!("differs from {other:?} only in case")));
        }
        match (&node.value, node.text()) {
            (Value::Null, _) => drop(context.insert(key, String::new())),
            (_, Some(text)) => drop(context.insert(key, text.to_owned())),
            (_, None) => notes.problem(Problem::new(
                &place,
                format!("expected a single value, found {}", node.kind()),
            )),
        }
    }
    context
}
