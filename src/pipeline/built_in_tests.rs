//! What the built-in pipeline promises.

use std::collections::BTreeMap;

use super::*;

pub(super) fn context(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn research() -> Definition {
    let parsed = parse(built_in(DEFAULT).expect("there")).expect("valid");
    assert_eq!(parsed.warnings, []);
    parsed.definition
}

/// Runs a course in which every review says `review(round)`, and returns its labels.
fn course(rounds: &str, review: impl Fn(u32) -> Verdict) -> (Vec<String>, End) {
    let definition = research();
    let context = context(&[("red_team_max_rounds", rounds)]);
    let mut labels = Vec::new();
    let mut arrival = start(&definition, &context).expect("start");
    loop {
        match arrival {
            Arrival::End(end) => return (labels, end),
            Arrival::Step(step, position) => {
                let verdict =
                    if step.state == "red_team" { review(step.visit) } else { Verdict::Yes };
                labels.push(step.label);
                arrival = advance(&definition, &position, verdict, &context).expect("advance");
            }
        }
    }
}

#[test]
fn the_course_is_that_of_the_python_tool() {
    for (rounds, clear_in, expected) in [
        ("0", 1, "research report summarize"),
        ("1", 1, "research red_team_round_1 report summarize"),
        ("1", 9, "research red_team_round_1 fix_round_1 report summarize"),
        ("3", 2, "research red_team_round_1 fix_round_1 red_team_round_2 report summarize"),
        (
            "2",
            9,
            "research red_team_round_1 fix_round_1 red_team_round_2 fix_round_2 report summarize",
        ),
    ] {
        let (labels, end) =
            course(rounds, |round| if round >= clear_in { Verdict::Yes } else { Verdict::No });
        assert_eq!(labels.join(" "), expected, "{rounds} rounds, clear in round {clear_in}");
        assert!(end.success && end.state == "done" && end.because == Because::Terminal);
    }
}

#[test]
fn an_error_in_any_step_fails_the_sprint() {
    let definition = research();
    let none = BTreeMap::new();
    let mut arrival = start(&definition, &none).expect("start");
    let mut seen = 0;
    while let Arrival::Step(step, position) = arrival {
        seen += 1;
        let Arrival::End(end) =
            advance(&definition, &position, Verdict::Error, &none).expect("advance")
        else {
            panic!("{} went on", step.label)
        };
        assert!(!end.success && end.state == "failed", "{}", step.label);
        arrival = advance(
            &definition,
            &position,
            if step.state == "red_team" { Verdict::No } else { Verdict::Yes },
            &none,
        )
        .expect("advance");
    }
    assert_eq!(seen, 1 + 2 * 3 + 2);
}

#[test]
fn each_step_names_its_files_and_its_session() {
    let definition = research();
    let context = context(&[("red_team_max_rounds", "2"), ("red_team_session", "fresh")]);
    let steps: Vec<Step> = plan(&definition, &context)
        .expect("plan")
        .steps
        .into_iter()
        .map(|planned| planned.step)
        .collect();
    let shown: Vec<String> =
        steps.iter().map(|step| format!("{} -> {}", step.title, step.produces.join(" "))).collect();
    assert_eq!(
        shown,
        [
            "research -> findings.md",
            "red team (round 1) -> red_team_round_1.md",
            "fix (round 1) -> fixes_round_1.md",
            "red team (round 2) -> red_team_round_2.md",
            "fix (round 2) -> fixes_round_2.md",
            "report -> report.md",
            "summarize -> summary.txt finding.json",
        ]
    );
    for step in &steps {
        assert_eq!(step.fresh_session, step.state == "red_team", "{}", step.label);
        let name = step.state.clone();
        let is_review = name == "red_team";
        assert_eq!(step.action, if is_review { Action::Review(name) } else { Action::Skill(name) });
    }
    let file = "red_team_round_2.md".to_owned();
    assert_eq!(steps.get(3).map(|step| &step.evaluator), Some(&Evaluator::ReviewClear { file }));
}

#[test]
fn the_plan_says_what_may_be_skipped() {
    let marks = |rounds: &str| {
        let plan = plan(&research(), &context(&[("red_team_max_rounds", rounds)])).expect("plan");
        assert!(!plan.cut);
        let mark = |step: PlannedStep| {
            format!("{}{}", step.step.label, if step.may_be_skipped { "?" } else { "" })
        };
        plan.steps.into_iter().map(mark).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(marks("0"), "research report summarize");
    assert_eq!(marks("1"), "research red_team_round_1 fix_round_1? report summarize");
    assert_eq!(
        marks("2"),
        "research red_team_round_1 fix_round_1? red_team_round_2? fix_round_2? report summarize"
    );
    assert!(
        plan(&research(), &context(&[("red_team_max_rounds", "4000000000")])).expect("plan").cut
    );
}

#[test]
fn a_value_that_does_not_fit_is_found_before_the_start() {
    let found = |key, value| {
        check(&research(), &context(&[(key, value)]))
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(found("red_team_max_rounds", " 5 "), "");
    assert_eq!(
        found("red_team_max_rounds", "many"),
        "state \"red_team\": max_visits: context.red_team_max_rounds is \"many\"; expected a whole number from 0"
    );
    assert!(found("red_team_max_rounds", "-1").contains("max_visits"));
    assert!(found("red_team_session", "new").contains("expected `shared` or `fresh`"));
}

#[test]
fn what_measures_and_verifies_comes_last_and_only_when_it_is_wanted() {
    let steps = |pairs: &[(&str, &str)]| {
        let planned =
            plan(&research(), &context(&[&[("red_team_max_rounds", "0")], pairs].concat()))
                .expect("plan")
                .steps;
        planned.into_iter().map(|planned| planned.step).collect::<Vec<_>>()
    };
    let labels = |pairs: &[(&str, &str)]| {
        steps(pairs).into_iter().map(|step| step.label).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(labels(&[("evaluate", "1")]), "research report summarize evaluate");
    assert_eq!(labels(&[("verify", "1")]), "research report summarize verify");
    let both =
        steps(&[("evaluate", "1"), ("verify", "1"), ("verify_command", "rm -rf \"$HOME\"; true")]);
    let last = both.last().expect("steps");
    assert_eq!((both.len(), last.label.as_str()), (5, "verify"));
    // The user's text is a value, not a part of the text that the shell reads.
    assert!(matches!(&last.action, Action::Verify(text) if !text.contains("HOME")), "{last:?}");
    assert!(
        last.environment
            .iter()
            .any(|(name, value)| name == "RL_CONTEXT_VERIFY_COMMAND" && value.contains("HOME")),
        "{last:?}"
    );
}

#[test]
fn files_of_before_the_kinds_were_written_down_mean_the_same() {
    for (name, older) in [
        (DEFAULT, include_str!("../../tests/data/pipelines/unnamed-kinds-research.yaml")),
        (TWEAK, include_str!("../../tests/data/pipelines/unnamed-kinds-tweak.yaml")),
        (PLAN, include_str!("../../tests/data/pipelines/unnamed-kinds-plan.yaml")),
    ] {
        let now = parse(built_in(name).expect("there")).expect("valid").definition;
        assert_eq!(parse(older).expect("valid").definition, now, "{name}");
    }
    // Where a kind is written down, a name stands for nothing.
    let mixed = parse(
        "name: x\ninitial: a\nstates:\n  a: {action: idea, action_type: idea, on_yes: evaluate}\n  evaluate: {action: 'true', action_type: shell, next: done}\n  done: {terminal: true}\n",
    )
    .expect("valid")
    .definition;
    assert!(
        matches!(&mixed.states[1].body, Body::Act(act) if matches!(act.action, Action::Shell(_)))
    );
}
