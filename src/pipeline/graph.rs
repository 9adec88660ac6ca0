//! Which state leads to which.
//!
//! An *ordinary* course is one without errors: it takes the routes of all verdicts but
//! `error`, and the way out when a state may not be entered again.

use std::collections::{BTreeMap, VecDeque};

use super::definition::{Act, Body, Definition};

/// The states as numbers in file order, with their edges.
pub(super) struct Graph {
    ordinary: Vec<Vec<usize>>,
    errors: Vec<Option<usize>>,
}

impl Graph {
    /// Names that are no states are left out.
    pub(super) fn of(definition: &Definition) -> Self {
        let numbers: BTreeMap<&str, usize> = definition
            .states
            .iter()
            .enumerate()
            .map(|(at, state)| (state.name.as_str(), at))
            .collect();
        let number = |name: &String| numbers.get(name.as_str()).copied();
        let mut graph = Self { ordinary: Vec::new(), errors: Vec::new() };
        for state in &definition.states {
            let (ordinary, error) = match &state.body {
                Body::Act(act) => (
                    ordinary_targets(act).filter_map(number).collect(),
                    act.routes.on_error.as_ref().and_then(number),
                ),
                Body::Terminal { .. } => (Vec::new(), None),
            };
            graph.ordinary.push(ordinary);
            graph.errors.push(error);
        }
        graph
    }

    /// The states that an ordinary course may come to from `start`, by at least one edge.
    /// The state `without`, if any, is not entered.
    pub(super) fn ordinary_from(&self, start: usize, without: Option<usize>) -> Vec<bool> {
        self.reach(start, without, |at| self.ordinary.get(at).into_iter().flatten().copied())
    }

    /// The states that any course may come to from `start`, by at least one edge.
    /// The state `without`, if any, is not entered.
    pub(super) fn any_from(&self, start: usize, without: Option<usize>) -> Vec<bool> {
        self.reach(start, without, |at| {
            self.ordinary
                .get(at)
                .into_iter()
                .flatten()
                .copied()
                .chain(self.errors.get(at).copied().flatten())
        })
    }

    fn reach<I: Iterator<Item = usize>>(
        &self,
        start: usize,
        without: Option<usize>,
        edges: impl Fn(usize) -> I,
    ) -> Vec<bool> {
        let mut seen = vec![false; self.ordinary.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for to in edges(at) {
                if Some(to) != without
                    && let Some(mark) = seen.get_mut(to)
                    && !*mark
                {
                    *mark = true;
                    queue.push_back(to);
                }
            }
        }
        seen
    }

    /// The ordinary edges of a state.
    pub(super) fn ordinary(&self, at: usize) -> &[usize] {
        self.ordinary.get(at).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Marks the states that an ordinary course may come back to.
pub(super) fn mark_repeats(definition: &mut Definition) {
    let graph = Graph::of(definition);
    for (at, state) in definition.states.iter_mut().enumerate() {
        state.repeats = graph.ordinary_from(at, None).get(at).copied().unwrap_or(false);
    }
}

fn ordinary_targets(act: &Act) -> impl Iterator<Item = &String> {
    // `next` is an ordinary edge only when some verdict has no route of its own.
    let default =
        act.evaluate.verdicts().iter().any(|verdict| !act.routes.by_verdict.contains_key(verdict));
    let next = act.routes.next.as_ref().filter(|_| default);
    act.routes
        .by_verdict
        .values()
        .chain(next)
        .chain(act.visits.as_ref().map(|visits| &visits.otherwise))
}
