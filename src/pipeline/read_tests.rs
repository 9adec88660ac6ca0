//! What a reader of a pipeline file is told.

use super::*;

fn told(yaml: &str) -> Vec<String> {
    match parse(yaml) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// A file whose state `a` has these fields.
fn with(fields: &str) -> String {
    format!("name: x\ninitial: a\nstates:\n  a: {{{fields}}}\n  done: {{terminal: true}}\n")
}

#[test]
fn all_problems_come_at_once_with_their_lines() {
    let yaml = r"
name: demo
initial: strat
max_step: 10
states:
  start:
    action: hello
    action_type: skil
    on_sucess: done
  review:
    action: red_team
    action_type: skill
    max_visits: 3
    on_yes: dnoe
  done:
    terminal: true
    next: start
";
    assert_eq!(
        told(yaml),
        [
            "line 3: initial: there is no state \"strat\" (did you mean \"start\"?)",
            "line 4: max_step: is not a known field (did you mean \"max_steps\"?)",
            "line 8: state \"start\": action_type: \"skil\" is not a kind of action (did you mean \"skill\"?)",
            "line 9: state \"start\": on_sucess: is not a known field (did you mean \"on_success\"?)",
            "line 13: state \"review\": max_visits: needs `on_max_visits`: where to go instead",
            "line 14: state \"review\": on_yes: there is no state \"dnoe\" (did you mean \"done\"?)",
            "line 17: state \"done\": next: has no place in a terminal state, which does nothing",
        ]
    );
}

#[test]
fn each_mistake_in_a_state_is_named() {
    for (fields, expected) in [
        ("", "`action` is missing"),
        ("action: x", "the verdict \"yes\" leads nowhere"),
        ("action: x, on_yes: done", "the verdict \"no\" leads nowhere (add `on_no` or `next`)"),
        (
            "action: x, action_type: prompt, on_yes: done, on_no: done",
            "does not say \"no\" (it says yes, error)",
        ),
        ("action: x, on_yes: done, on_success: done, on_no: done", "says again"),
        ("action: x, on_yes: done, route: {no: done}", "stands beside `route`"),
        ("action: x, next: done, route: {_: done}", "says again"),
        ("action: x, route: {maybe: done, _: done}", "does not say \"maybe\""),
        ("action: x, route: [done]", "expected verdicts with states, found a list"),
        ("action: x, next: $current", "write the name of the state itself"),
        ("action: x, next: done, on_blocked: done", "no evaluator of this version says so"),
        (
            "action: x, next: done, max_retries: 2",
            "not supported by this version (use `max_visits`",
        ),
        ("action: x, next: done, capture: y", "not supported by this version"),
        ("action: /commit, next: done", "slash command is not supported"),
        (
            "action: x, action_type: mcp_tool, next: done",
            "\"mcp_tool\" is not supported by this version",
        ),
        ("action: X y, action_type: skill, next: done", "not the name of a skill"),
        ("action: ../x, action_type: skill, next: done", "not the name of a skill"),
        ("action: '', next: done", "action: is empty"),
        ("action: [x], next: done", "expected text, found a list"),
        ("action: 'rm ${context.dir}/x', next: done", "write \"$RL_CONTEXT_DIR\""),
        ("action: 'echo ${captured.a.output}', next: done", "not replaced in a shell text"),
        ("action: 'a ${context.dir', action_type: prompt, next: done", "not closed"),
        ("action: 'a ${HOME}', action_type: prompt, next: done", "stands for nothing"),
        ("action: x, next: done, timeout: 0", "expected a whole number from 1, found \"0\""),
        ("action: x, next: done, timeout: 2h", "expected a whole number from 1, found \"2h\""),
        (
            "action: x, next: done, max_visits: -1, on_max_visits: done",
            "expected a whole number or",
        ),
        (
            "action: x, next: done, max_visits: 'a${context.n}', on_max_visits: done",
            "expected a whole number or",
        ),
        ("action: x, next: done, on_max_visits: done", "needs `max_visits`"),
        ("action: x, next: done, max_visits: 1, on_max_visits: a", "comes back to this state"),
        ("action: x, next: done, session: frehs", "did you mean \"fresh\"?"),
        ("action: x, next: done, session_mode: fresh", "use `session: shared`"),
        ("action: x, next: done, produces: /etc/passwd", "must be relative"),
        ("action: x, next: done, produces: [a, b/../../c]", "without `.` and `..`"),
        ("action: x, next: done, produces: '~/a'", "must be relative"),
        ("action: x, next: done, produces: .researchloop/run.jsonl", "belongs to the runner"),
        ("action: x, next: done, produces: {a: b}", "expected text, found a mapping"),
        ("action: x, next: done, evaluate: exit_code", "expected a mapping, found text"),
        ("action: x, next: done, evaluate: {}", "`type` is missing"),
        ("action: x, next: done, evaluate: {type: exitcode}", "did you mean \"exit_code\"?"),
        (
            "action: x, next: done, evaluate: {type: llm_structured}",
            "\"llm_structured\" is not supported by this version",
        ),
        (
            "action: x, next: done, evaluate: {type: exit_code, negate: true}",
            "evaluate.negate: is not a known field",
        ),
        ("action: x, next: done, evaluate: {type: review_clear}", "`file` is missing"),
        (
            "action: x, next: done, evaluate: {type: review_clear, file: ../r.md}",
            "without `.` and `..`",
        ),
        (
            "action: x, action_type: skill, next: done, evaluate: {type: exit_code}",
            "needs a shell action",
        ),
        ("action: x, next: done, failure: true", "belongs to a state with `terminal: true`"),
        ("terminal: maybe", "expected true or false"),
        ("terminal: true, action: x", "has no place in a terminal state"),
        ("action: x, next: done, title: ' '", "title: is empty"),
    ] {
        let told = told(&with(fields));
        assert!(told.iter().any(|problem| problem.contains(expected)), "{fields}: {told:#?}");
        assert!(
            told.iter().all(|problem| problem.contains('a')
                && (problem.starts_with("line 4: ") || problem.contains("state \"a\""))),
            "{told:#?}"
        );
    }
}

#[test]
fn each_mistake_of_the_file_is_named() {
    for (yaml, expected) in [
        ("", "expected a mapping, found nothing"),
        ("- a", "expected a mapping, found a list"),
        ("name: [", "line 1: unclosed bracket '['"),
        ("name: a\nname: b\n", "line 2: duplicate mapping key"),
        ("a: &a [*a]", "line 1"),
        ("name: x\ninitial: a\n", "`states` is missing"),
        ("name: x\ninitial: a\nstates: []", "expected states by name, found a list"),
        ("name: x\ninitial: a\nstates: {a: {action: x, next: a}}", "no state is terminal"),
        (
            "name: x\ninitial: a\nstates: {a: 1, b: {terminal: true}}",
            "expected a mapping, found a number",
        ),
        ("name: x\ninitial: a/b\nstates: {a/b: {terminal: true}}", "is not a name for a state"),
        (
            "name: x\ninitial: a\nmax_steps: 0\nstates: {a: {terminal: true}}",
            "line 3: max_steps: expected a whole number from 1",
        ),
        (
            "name: x\ninitial: a\nmax_steps: 1\nmax_iterations: 1\nstates: {a: {terminal: true}}",
            "another name for `max_steps`",
        ),
        (
            "name: x\ninitial: a\ntimeout: 5\nstates: {a: {terminal: true}}",
            "not supported by this version (the job's time limit",
        ),
        (
            "name: x\ninitial: a\ncontext: {a: 1, A: 2}\nstates: {a: {terminal: true}}",
            "differs from \"a\" only in case",
        ),
        (
            "name: x\ninitial: a\ncontext: {a-b: 1}\nstates: {a: {terminal: true}}",
            "context.a-b: is not a name",
        ),
        (
            "name: x\ninitial: a\ncontext: {a: [1]}\nstates: {a: {terminal: true}}",
            "expected a single value, found a list",
        ),
        (
            "name: x\ninitial: a\nstates: {a: {action: x, next: a_round_2}, a_round_2: {terminal: true}}",
            "the name that round 2 of \"a\" gets",
        ),
        ("name: x\ninitial: a\nstates: !!python/object {a: {terminal: true}}", "line 3"),
    ] {
        let told = told(yaml);
        assert!(told.iter().any(|problem| problem.contains(expected)), "{yaml}: {told:#?}");
    }
    let circle = "name: x\ninitial: a\nstates:\n  a: {action: x, next: z, max_visits: 1, on_max_visits: b}\n  b: {action: x, next: z, max_visits: 1, on_max_visits: a}\n  z: {terminal: true}\n";
    assert!(
        told(circle).iter().all(|problem| problem.contains("on_max_visits: comes back")),
        "{:#?}",
        told(circle)
    );
    assert!(told(&"x".repeat(2_000_000)).concat().contains("at most 1000000 are read"));
    assert_eq!(told(&"[".repeat(100_000)).len(), 1);
    let row = |name: char, item: &str| format!("{name}: &{name} [{}]\n", [item; 9].join(","));
    let bomb: String = ('a'..='h')
        .map(|name| row(name, &format!("*{}", (name as u8 - 1) as char).replace("*`", "x")))
        .collect();
    assert_eq!(told(&bomb).len(), 1, "{:#?}", told(&bomb));
}

#[test]
fn older_words_mean_the_same() {
    let parsed = parse(
        "name: x\ninitial: 'yes'\nmax_iterations: 7\ndefault_timeout: 60\nstates:\n  yes: {action: make, next: no, on_error: off}\n  no: {action: test, timeout: 5, route: {yes: on, _: yes, _error: off}}\n  on: {terminal: yes}\n  off: {terminal: True, failure: on}\n",
    )
    .expect("valid");
    let definition = parsed.definition;
    assert_eq!((definition.max_steps, definition.states.len()), (7, 4));
    let act = |name: &str| match &definition.state(name).expect("state").body {
        Body::Act(act) => (**act).clone(),
        Body::Terminal { .. } => panic!("{name} is terminal"),
    };
    // Who only says what comes next wants a failed command to be an error.
    assert_eq!((act("yes").evaluate, act("yes").timeout_seconds), (Evaluator::Completed, Some(60)));
    assert_eq!((act("no").evaluate, act("no").timeout_seconds), (Evaluator::ExitCode, Some(5)));
    assert_eq!(act("no").routes.next.as_deref(), Some("yes"));
    assert_eq!(act("no").routes.on_error.as_deref(), Some("off"));
    assert_eq!(
        definition.states.iter().map(|state| state.name.as_str()).collect::<Vec<_>>(),
        ["yes", "no", "on", "off"]
    );
    assert_eq!(
        definition.state("off").map(|state| &state.body),
        Some(&Body::Terminal { success: false })
    );
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let parsed = parse(
        "name: x\ninitial: a\nstates:\n  a: {action: x, next: done, on_error: failed}\n  lost: {action: x, next: done}\n  done: {terminal: true}\n  failed: {terminal: true}\n",
    )
    .expect("valid");
    let warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`description` is missing",
            "state \"lost\": no route leads here",
            "state \"failed\": ends the pipeline as a success (add `failure: true`)"
        ]
    );
}

#[test]
fn anchors_and_merges_work_and_numbers_keep_their_spelling() {
    let parsed = parse(
        "name: x\ninitial: a\ncontext: {version: 1.10, seed: 007, big: 1e999, empty: , word: true}\nstates:\n  a: &base {action: x, next: b, on_error: z}\n  b: {<<: *base, next: z}\n  z: {terminal: true}\n",
    )
    .expect("valid");
    let context: Vec<_> =
        parsed.definition.context.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(context, ["big=1e999", "empty=", "seed=007", "version=1.10", "word=true"]);
    assert!(
        matches!(&parsed.definition.states.get(1).map(|state| &state.body), Some(Body::Act(act)) if act.routes.next.as_deref() == Some("z"))
    );
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(name|states|initial|action|terminal|a|:|-|\\{|\\}|\\[|\\$|&a|\\*a|<<|!!|\n|  |'|#){0,60}") {
        let _ = parse(&text);
    }
}
