//! The longest ordinary course, told in advance.
//!
//! For the watch screen ("step 4 of 9") and for `--dry-run`. It walks the real engine,
//! so limits and names are those of the run; it hides how it chooses at a fork: stay in
//! a circle as long as its limits allow, then take the longer way out.

use std::collections::BTreeMap;

use super::definition::{Body, Definition};
use super::engine::{Arrival, Because, EngineError, Position, Step, advance, start, visit_limit};
use super::graph::Graph;

/// A plan longer than this is cut: nobody reads on.
const MAX_PLANNED: usize = 1000;

/// A course that may be expected if nothing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<PlannedStep>,
    /// Whether the course goes on, or meets the limit of steps, behind the last one.
    pub cut: bool,
}

/// A step that may be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// The step as it would be run.
    pub step: Step,
    /// Whether another verdict could leave it out.
    pub may_be_skipped: bool,
    /// Whether no course comes to a good end without it, errors that are gone around included. A run
    /// that says it is complete and has no end of this step contradicts itself.
    pub is_certain: bool,
}

/// Plans the longest ordinary course.
///
/// A circle without a limit of visits is gone through once.
///
/// # Errors
/// When a value is missing or does not fit.
pub fn plan(
    definition: &Definition,
    context: &BTreeMap<String, String>,
) -> Result<Plan, EngineError> {
    let map = Map::of(definition, context)?;
    let mut planned = Plan { steps: Vec::new(), cut: false };
    let mut forked = false;
    let mut arrival = start(definition, context)?;
    loop {
        let (step, position) = match arrival {
            Arrival::End(end) => {
                planned.cut = end.because != Because::Terminal;
                return Ok(planned);
            }
            Arrival::Step(step, position) => (*step, position),
        };
        if planned.steps.len() >= MAX_PLANNED {
            planned.cut = true;
            return Ok(planned);
        }
        let mut ways: Vec<Arrival> = Vec::new();
        for verdict in step.evaluator.verdicts() {
            let way = advance(definition, &position, *verdict, context)?;
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        let may_be_skipped = forked && !(step.visit == 1 && map.unavoidable(&step.state));
        let is_certain = step.visit == 1 && map.certain(&step.state);
        planned.steps.push(PlannedStep { step, may_be_skipped, is_certain });
        forked |= ways.len() > 1;
        match ways
            .into_iter()
            .enumerate()
            .max_by_key(|(at, way)| (map.worth(&position, way), std::cmp::Reverse(*at)))
        {
            Some((_, way)) => arrival = way,
            None => return Ok(planned),
        }
    }
}

/// What is known of the states before the walk.
struct Map<'a> {
    definition: &'a Definition,
    graph: Graph,
    start: usize,
    /// From which state which other can be reached.
    reach: Vec<Vec<bool>>,
    /// How often the plan goes through a state before it looks for the way out.
    rounds: Vec<u32>,
    /// How many states lie on the longest way to a good end; `None` when there is none.
    height: Vec<Option<usize>>,
    /// How many edges lie on the shortest way to a good end.
    distance: Vec<Option<usize>>,
}

impl<'a> Map<'a> {
    fn of(
        definition: &'a Definition,
        context: &BTreeMap<String, String>,
    ) -> Result<Self, EngineError> {
        let graph = Graph::of(definition);
        let count = definition.states.len();
        let reach: Vec<Vec<bool>> = (0..count).map(|at| graph.ordinary_from(at, None)).collect();
        let mut limits = Vec::new();
        for state in &definition.states {
            limits.push(match &state.body {
                Body::Act(act) => {
                    visit_limit(definition, state, act, context)?.map(|(limit, _)| limit)
                }
                Body::Terminal { .. } => None,
            });
        }
        let start = definition
            .states
            .iter()
            .position(|state| state.name == definition.initial)
            .unwrap_or_default();
        let mut map = Self {
            definition,
            graph,
            start,
            reach,
            rounds: Vec::new(),
            height: vec![None; count],
            distance: vec![None; count],
        };
        map.rounds = (0..count)
            .map(|at| {
                let circle = (0..count)
                    .filter(|other| map.same_circle(at, *other))
                    .filter_map(|other| limits.get(other).copied().flatten())
                    .max();
                limits.get(at).copied().flatten().or(circle).unwrap_or(1).max(1)
            })
            .collect();
        map.measure();
        Ok(map)
    }

    /// Fills in heights and distances, from the good ends backwards. Edges within a
    /// circle count for distances only, so both come to rest.
    fn measure(&mut self) {
        for (at, state) in self.definition.states.iter().enumerate() {
            if matches!(state.body, Body::Terminal { success: true }) {
                set(&mut self.height, at, Some(0));
                set(&mut self.distance, at, Some(0));
            }
        }
        for _ in 0..self.definition.states.len() {
            let mut changed = false;
            for at in 0..self.definition.states.len() {
                for &to in self.graph.ordinary(at) {
                    let longer = if self.same_circle(at, to) {
                        get(&self.height, to)
                    } else {
                        get(&self.height, to).map(|height| height + 1)
                    };
                    if longer > get(&self.height, at) {
                        set(&mut self.height, at, longer);
                        changed = true;
                    }
                    let shorter = get(&self.distance, to).map(|distance| distance + 1);
                    if shorter.is_some()
                        && get(&self.distance, at).is_none_or(|known| shorter < Some(known))
                    {
                        set(&mut self.distance, at, shorter);
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn same_circle(&self, one: usize, other: usize) -> bool {
        let reaches = |from: usize, to: usize| {
            self.reach.get(from).and_then(|row| row.get(to)).copied().unwrap_or(false)
        };
        reaches(one, other) && reaches(other, one)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.definition.states.iter().position(|state| state.name == name)
    }

    /// Whether no good end can be reached without this state, if nothing fails.
    fn unavoidable(&self, name: &str) -> bool {
        self.number(name).is_some_and(|at| {
            at == self.start || !self.ends_well(&self.graph.ordinary_from(self.start, Some(at)))
        })
    }

    /// The same, whatever fails.
    fn certain(&self, name: &str) -> bool {
        self.number(name).is_some_and(|at| {
            at == self.start || !self.ends_well(&self.graph.any_from(self.start, Some(at)))
        })
    }

    /// Whether a good end is among the states that can be reached.
    fn ends_well(&self, reached: &[bool]) -> bool {
        let mut states = self.definition.states.iter().zip(reached);
        states.any(|(state, reached)| {
            *reached && matches!(state.body, Body::Terminal { success: true })
        })
    }

    /// How much a way is to be preferred; higher is better.
    fn worth(&self, from: &Position, way: &Arrival) -> (u8, std::cmp::Reverse<usize>, usize) {
        let nearest = std::cmp::Reverse(0);
        match way {
            Arrival::End(end) => (if end.success { 2 } else { 0 }, nearest, 0),
            Arrival::Step(step, _) => {
                let (Some(here), Some(there)) =
                    (self.number(&from.state), self.number(&step.state))
                else {
                    return (0, nearest, 0);
                };
                let height = get(&self.height, there);
                let round = step.visit <= self.rounds.get(there).copied().unwrap_or(1);
                match height {
                    None => (0, nearest, 0),
                    Some(height) if round && self.same_circle(here, there) => (4, nearest, height),
                    Some(height) if round => (3, nearest, height),
                    // Once round already: from here on the shortest way out.
                    Some(height) => (
                        1,
                        std::cmp::Reverse(get(&self.distance, there).unwrap_or(usize::MAX)),
                        height,
                    ),
                }
            }
        }
    }
}

fn get(values: &[Option<usize>], at: usize) -> Option<usize> {
    values.get(at).copied().flatten()
}

fn set(values: &mut [Option<usize>], at: usize, value: Option<usize>) {
    if let Some(slot) = values.get_mut(at) {
        *slot = value;
    }
}
