//! What the engine promises of any pipeline.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::built_in_tests::context;
use super::*;

fn definition(yaml: &str) -> Definition {
    parse(yaml)
        .unwrap_or_else(|problems| {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })
        .definition
}

fn step(arrival: Result<Arrival, EngineError>) -> (Step, Position) {
    match arrival {
        Ok(Arrival::Step(step, position)) => (*step, position),
        other => panic!("no step: {other:?}"),
    }
}

const SHELL: &str = r"
name: shell
initial: try
max_steps: 3
context: { greeting: hello, Case: 1.10 }
states:
  try:
    action: 'echo $${HOME} $RL_CONTEXT_GREETING'
    on_yes: done
    on_no: try
    timeout: 5
    produces: [out.txt, 'logs/${context.greeting}.log']
  done: { terminal: true }
";

#[test]
fn a_shell_gets_values_as_environment_and_never_as_text() {
    let definition = definition(SHELL);
    let (first, _) =
        step(start(&definition, &context(&[("greeting", "$(reboot)/x"), ("more-of", "y")])));
    assert_eq!(first.action, Action::Shell("echo ${HOME} $RL_CONTEXT_GREETING".to_owned()));
    let environment: BTreeMap<_, _> = first.environment.into_iter().collect();
    assert_eq!(
        environment,
        context(&[
            ("RL_CONTEXT_GREETING", "$(reboot)/x"),
            ("RL_CONTEXT_CASE", "1.10"),
            ("RL_CONTEXT_MORE_OF", "y"),
            ("RL_STATE_NAME", "try"),
            ("RL_STATE_VISIT", "1"),
        ])
    );
    assert_eq!(first.timeout_seconds, Some(5));
    assert!(start(&definition, &context(&[("x", "a\0b")])).is_err());
}

#[test]
fn a_path_that_leaves_the_directory_is_refused_when_the_value_is_known() {
    let definition = definition(SHELL);
    for (value, fits) in [
        ("a", true),
        ("a/b", true),
        ("..", true),
        ("../../etc/passwd", false),
        ("/x", false),
        ("a/", true),
        ("a\nb", false),
    ] {
        let arrival = start(&definition, &context(&[("greeting", value)]));
        assert_eq!(arrival.is_ok(), fits, "{value:?}: {arrival:?}");
        assert!(fits || matches!(arrival, Err(EngineError::BadPath { .. })), "{value:?}");
    }
}

#[test]
fn at_the_limit_of_steps_the_course_stands_where_it_was() {
    let mut definition = definition(SHELL);
    let none = BTreeMap::new();
    let (first, mut position) = step(start(&definition, &none));
    assert_eq!((first.label.as_str(), first.title.as_str()), ("try_round_1", "try (round 1)"));
    for _ in 0..2 {
        (_, position) = step(advance(&definition, &position, Verdict::No, &none));
    }
    let Ok(Arrival::End(end)) = advance(&definition, &position, Verdict::No, &none) else {
        panic!("no end")
    };
    assert!(!end.success);
    assert_eq!(end.because, Because::StepLimit { max_steps: 3, next: "try".to_owned() });
    assert_eq!(end.position, position);
    // A terminal state is no step.
    assert!(matches!(
        advance(&definition, &position, Verdict::Yes, &none),
        Ok(Arrival::End(End { success: true, .. }))
    ));
    definition.max_steps = 4;
    assert_eq!(step(advance(&definition, &end.position, Verdict::No, &none)).0.visit, 4);
}

#[test]
fn an_error_without_a_route_ends_the_course_and_can_be_tried_again() {
    let definition = definition(SHELL);
    let none = BTreeMap::new();
    let (first, position) = step(start(&definition, &none));
    let Ok(Arrival::End(end)) = advance(&definition, &position, Verdict::Error, &none) else {
        panic!("no end")
    };
    assert_eq!((end.success, end.because, end.state.as_str()), (false, Because::Error, "try"));
    assert_eq!(resume(&definition, &end.position, &none), Ok(first));
}

/// A pipeline whose only step is carried out, or is not.
fn only_yes() -> Definition {
    definition(
        "name: x\ninitial: a\nstates:\n  a: {action: b, action_type: prompt, on_yes: z}\n  z: {terminal: true}\n",
    )
}

#[test]
fn a_position_or_verdict_of_another_pipeline_is_an_error() {
    let definition = definition(SHELL);
    let none = BTreeMap::new();
    let stored = |json: &str| serde_json::from_str::<Position>(json).expect("json");
    assert!(matches!(
        resume(&definition, &stored(r#"{"state":"gone"}"#), &none),
        Err(EngineError::UnknownState { .. })
    ));
    assert!(matches!(
        advance(
            &definition,
            &stored(r#"{"state":"done","visits":{},"steps":2}"#),
            Verdict::Yes,
            &none
        ),
        Err(EngineError::Over { .. })
    ));
    assert!(matches!(
        advance(&only_yes(), &stored(r#"{"state":"a"}"#), Verdict::No, &none),
        Err(EngineError::NoRoute { .. })
    ));
    assert_eq!(
        resume(&definition, &stored(r#"{"state":"try","visits":{"try":0},"later":1}"#), &none)
            .map(|step| step.visit),
        Ok(1)
    );
}

#[test]
fn a_missing_value_is_named_before_the_start() {
    let definition = definition(
        "name: x\ninitial: a\nstates:\n  a: {action: 'write ${context.topic} in ${context.style}', action_type: prompt, next: b}\n  b: {terminal: true}\n",
    );
    let errors = check(&definition, &context(&[("style", "prose")]));
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["state \"a\": action: the context has no value \"topic\""]
    );
    let (only, _) =
        step(start(&definition, &context(&[("style", "prose"), ("topic", "${state.name}")])));
    assert_eq!(only.action, Action::Prompt("write ${state.name} in prose".to_owned()));
}

#[test]
fn full_states_that_send_each_other_round_are_an_error() {
    let mut looping = definition(
        "name: x\ninitial: a\nstates:\n  a: {action: a, max_visits: 0, on_max_visits: b, next: c}\n  b: {action: b, max_visits: 0, on_max_visits: c, next: c}\n  c: {terminal: true}\n",
    );
    assert!(matches!(
        start(&looping, &BTreeMap::new()),
        Ok(Arrival::End(End { success: true, .. }))
    ));
    // The reader refuses this, so it is made by hand.
    for state in &mut looping.states {
        if let Body::Act(act) = &mut state.body
            && let Some(visits) = &mut act.visits
        {
            visits.otherwise = if state.name == "a" { "b".to_owned() } else { "a".to_owned() };
        }
    }
    assert!(matches!(start(&looping, &BTreeMap::new()), Err(EngineError::RedirectCycle { .. })));
}

#[test]
fn a_plan_goes_round_an_open_circle_once_and_takes_the_longer_way() {
    let plan_of = |yaml: &str| {
        let plan = plan(&definition(yaml), &BTreeMap::new()).expect("plan");
        let labels: Vec<String> = plan
            .steps
            .into_iter()
            .map(|step| step.step.label + if step.may_be_skipped { "?" } else { "" })
            .chain(plan.cut.then(|| "...".to_owned()))
            .collect();
        labels.join(" ")
    };
    let ends = "done: {terminal: true}, bad: {terminal: true, failure: true}";
    for (states, expected) in [
        (
            "a: {action: x, on_yes: done, on_no: b}, b: {action: x, next: a}",
            "a_round_1 b_round_1? a_round_2?",
        ),
        (
            "b: {action: x, next: a}, a: {action: x, on_yes: done, on_no: b}",
            "a_round_1 b_round_1? a_round_2?",
        ),
        (
            "a: {action: x, on_yes: done, on_no: b}, b: {action: x, next: c}, c: {action: x, next: done}",
            "a b? c?",
        ),
        ("a: {action: x, on_yes: b, on_no: bad}, b: {action: x, next: done}", "a b"),
        ("a: {action: x, next: a}", "a_round_1 a_round_2 a_round_3 a_round_4 ..."),
        ("a: {action: x, max_visits: 2, on_max_visits: done, next: a}", "a_round_1 a_round_2"),
        ("a: {action: x, next: done, on_error: a}", "a"),
    ] {
        let yaml = format!("{{name: x, initial: a, max_steps: 4, states: {{{states}, {ends}}}}}");
        assert_eq!(plan_of(&yaml), expected, "{states}");
    }
}

/// Valid pipelines of up to six states, with random routes and limits.
fn any_definition() -> impl Strategy<Value = Definition> {
    let state =
        (0..6_usize, 0..6_usize, 0..6_usize, proptest::option::of((0..4_u32, 0..6_usize)), 0..3_u8);
    (proptest::collection::vec(state, 1..6), 1..30_u32).prop_filter_map(
        "circle of limits",
        |(states, max_steps)| {
            let count = states.len();
            let name = |at: usize| if at >= count { "end".to_owned() } else { format!("s{at}") };
            let mut yaml = format!(
                "name: x\ninitial: s0\nmax_steps: {max_steps}\nstates:\n  end: {{terminal: true}}\n"
            );
            for (at, (yes, no, error, limit, kind)) in states.iter().enumerate() {
                yaml += &format!("  s{at}: {{action: x, on_yes: {}, ", name(*yes));
                yaml += &match kind {
                    0 => format!("on_no: {}, on_error: {}", name(*no), name(*error)),
                    1 => format!("next: {}", name(*no)),
                    _ => format!("on_no: {}", name(*no)),
                };
                if let Some((limit, otherwise)) = limit {
                    yaml += &format!(", max_visits: {limit}, on_max_visits: {}", name(*otherwise));
                }
                yaml += "}\n";
            }
            parse(&yaml).ok().map(|parsed| parsed.definition)
        },
    )
}

proptest! {
    #[test]
    fn any_course_ends_within_its_limits(definition in any_definition(), verdicts in proptest::collection::vec(prop_oneof![Just(Verdict::Yes), Just(Verdict::No), Just(Verdict::Error)], 40)) {
        let none = BTreeMap::new();
        let mut labels = Vec::new();
        let mut arrival = start(&definition, &none);
        let mut verdicts = verdicts.into_iter();
        let end = loop {
            match arrival {
                Ok(Arrival::End(end)) => break end,
                Ok(Arrival::Step(step, position)) => {
                    prop_assert!(position.steps <= definition.max_steps);
                    let limit = definition.state(&step.state).and_then(|state| match &state.body {
                        Body::Act(act) => act.visits.as_ref().map(|visits| visits.limit.clone()),
                        Body::Terminal { .. } => None,
                    });
                    if let Some(Limit::Literal(limit)) = limit {
                        prop_assert!(step.visit <= limit, "{} visits of {}", step.visit, step.state);
                    }
                    prop_assert_eq!(position.visits.values().sum::<u32>(), position.steps);
                    prop_assert!(!labels.contains(&step.label), "{} came twice", step.label);
                    labels.push(step.label.clone());
                    let json = serde_json::to_string(&position).expect("json");
                    let stored: Position = serde_json::from_str(&json).expect("json");
                    prop_assert_eq!(resume(&definition, &stored, &none), Ok(*step));
                    prop_assert_eq!(&stored, &position);
                    arrival = advance(&definition, &position, verdicts.next().expect("within 40 steps"), &none);
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        };
        prop_assert_eq!(end.success, end.because == Because::Terminal);
        prop_assert!(plan(&definition, &none).is_ok());
    }
}
