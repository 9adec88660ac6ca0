//! `program.md` as people write it.

use super::parse::{Parsed, parse};
use super::*;

fn clean(text: &str) -> Parsed {
    let (parsed, mistakes) = parse(text, None, 1000);
    assert_eq!(mistakes, []);
    parsed
}

fn mistakes(text: &str) -> String {
    parse(text, None, 1000).1.iter().map(|(line, message)| format!("{line}: {message}\n")).collect()
}

#[test]
fn a_whole_file_is_read() {
    let parsed = clean(
        "# Program: label smoothing\n\nAn introduction that nobody reads.\n\n## DIRECTIVE\n\nFind a smoothing that helps.\n\n### In detail\nNot more than 0.3.\n\n\
         ## Targets:\n- Reach **accuracy** >= 0.95 on the test split\n- report loss < 0.1\n\n## Benchmark\n- **metric**: accuracy\n- command: `python eval.py --split test: all`\n\n\
         ## Budget\nsprints: 12\n* cost: $50\n- GPU hours: 100 h\nuntil: 2026-12-31T12:00:00Z\npatience: 4\n\n## Notes\ncost: 1\n\n## constraints\n- no test data in training\n\
         ```\n## Budget\nsprints: 3\n```\n",
    );
    assert_eq!(
        parsed.directive,
        "Find a smoothing that helps.\n\n### In detail\nNot more than 0.3."
    );
    assert!(
        parsed.constraints.starts_with("- no test data")
            && parsed.constraints.contains("sprints: 3"),
        "{}",
        parsed.constraints
    );
    assert!(parsed.targets.contains("loss < 0.1"));
    assert_eq!(parsed.metric, Some(("accuracy".to_owned(), Better::Higher)));
    assert_eq!(parsed.evaluator.as_deref(), Some("python eval.py --split test: all"));
    assert_eq!(
        parsed.target,
        Some(Target {
            metric: "accuracy".to_owned(),
            higher: true,
            value: 0.95,
            unit: String::new()
        })
    );
    let until = Some(1_798_718_400);
    assert_eq!(clean("## Budget\nuntil: 12h\n").limits.until, Some(1000 + 12 * 3600));
    assert_eq!(
        parsed.limits,
        Limits {
            count: Some(12),
            max_cost_usd: Some(50.0),
            max_gpu_hours: Some(100.0),
            until,
            patience: Some(4)
        }
    );
}

#[test]
fn nothing_is_asked_for_by_an_empty_file_or_by_the_template() {
    assert_eq!(clean(""), Parsed::default());
    assert_eq!(clean(PROGRAM_TEMPLATE), Parsed::default());
    assert_eq!(
        clean("<!-- ## Budget\nsprints: 3\n-->\n## Directive\nx <!-- y --> z"),
        Parsed { directive: "x  z".to_owned(), ..Parsed::default() }
    );
}

#[test]
fn the_template_without_its_comments_is_without_mistakes() {
    let parsed = clean(&PROGRAM_TEMPLATE.replace("<!--", "").replace("-->", ""));
    assert!(
        parsed.metric.is_some() && parsed.target.is_some() && parsed.evaluator.is_some(),
        "{parsed:?}"
    );
    assert!(
        parsed.limits.count.is_some()
            && parsed.limits.until.is_some()
            && parsed.limits.patience.is_some(),
        "{parsed:?}"
    );
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (text, line, part) in [
        ("## Budget\n\nsprints: many\n", 3, "sprints is \"many\": expected a whole number from 1"),
        ("## Budget\ncost: -5\n", 2, "expected an amount of US dollars above 0"),
        ("## Budget\ncost: nan\n", 2, "expected an amount of US dollars above 0"),
        ("## Budget\ndeadline: soon\n", 2, "until: \"soon\" is not a time"),
        ("## Budget\nspritns: 3\n", 2, "did you mean sprints?"),
        ("## Budget\nNot too much.\n", 2, "expected `key: value`"),
        ("## Budget\ncount: 3\nsprints: 4\n", 3, "comes twice"),
        ("## Benchmark\nmetric: loss\n", 2, "say with `better: higher`"),
        ("## Benchmark\nmetric: loss\nbetter: sideways\n", 3, "is not a direction"),
        ("## Benchmark\ncommand: x\n", 2, "without a metric"),
        ("## Benchmark\nmetric: loss\nbetter: lower\ntarget: small\n", 4, "is not a target"),
        (
            "## Benchmark\nmetric: loss\nbetter: lower\n## Targets\nloss >= 3\n",
            5,
            "points the wrong way",
        ),
    ] {
        let told = mistakes(text);
        assert!(told.contains(&format!("{line}: ")) && told.contains(part), "{text}: {told}");
    }
}

#[test]
fn targets_are_found_in_prose_and_in_a_value() {
    let target =
        |text: &str| clean(text).target.map(|target| target.to_string()).unwrap_or_default();
    assert_eq!(
        target("## Benchmark\nmetric: val loss\nbetter: minimize\ntarget: 0.1\n"),
        "val loss <= 0.1"
    );
    assert_eq!(target("## Benchmark\nmetric: f1\ntarget: >= 0.8\n"), "f1 >= 0.8");
    assert_eq!(
        target(
            "## Benchmark\nmetric: val loss\nbetter: lower\n## Targets\nGet Val Loss ≤ 0.2, please\n"
        ),
        "val loss <= 0.2"
    );
    assert_eq!(
        target("## Benchmark\nmetric: f1\nbetter: higher\n## Targets\n- runtime < 10 s\n"),
        ""
    );
    assert_eq!(target("## Targets\nf1 > 0.8.\n"), "f1 >= 0.8");
    // A name that only ends like the metric is another one.
    assert_eq!(
        target(
            "## Benchmark\nmetric: acc\nbetter: higher\n## Targets\n- train_acc >= 0.2\n- loss < 0.1 and acc >= 0.95\n"
        ),
        "acc >= 0.95"
    );
    assert_eq!(target("## Targets\nBetter than 90 % of all, or > most\n"), "");
}

#[test]
fn the_configuration_goes_before_the_file() {
    let given = Some(("acc", Better::Higher));
    let (parsed, mistakes) =
        parse("## Benchmark\nmetric: loss\nbetter: lower\ncommand: x\ntarget: 5\n", given, 1000);
    // The command and the number belong to the loss.
    assert_eq!(
        (parsed.metric, parsed.evaluator, parsed.target),
        (Some(("acc".to_owned(), Better::Higher)), None, None)
    );
    assert_eq!(
        mistakes,
        [(2, "Benchmark: the metric loss is not used: the configuration says acc".to_owned())]
    );
    let (parsed, mistakes) =
        parse("## Benchmark\nmetric: acc\ncommand: x\ntarget: 0.5\n", given, 1000);
    assert_eq!(
        (parsed.evaluator.as_deref(), parsed.target.map(|target| target.to_string()).as_deref()),
        (Some("x"), Some("acc >= 0.5"))
    );
    assert_eq!(mistakes, []);
}
