//! What a job says came out, in every form that means the same.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::bundle::formats::EvaluatorCommand;
use crate::domain::text::one_line;
use crate::domain::{Finding, Metric, Source, Verdict};

#[test]
fn the_samples_in_the_documentation_are_sound() {
    let finding =
        finding(include_bytes!("../../../tests/data/formats/finding.json")).expect("sound");
    assert_eq!(
        (finding.value.verdict, finding.value.confidence, finding.problems.len()),
        (Verdict::Refuted, Some(0.9), 0)
    );
    assert_eq!(finding.value.numbers.get("ratio"), Some(&2.18));
    let metrics =
        metrics(include_bytes!("../../../tests/data/formats/metrics.json")).expect("sound");
    assert_eq!((metrics.value.len(), metrics.problems.len()), (3, 0));
    assert_eq!(
        (metrics.value[0].n, metrics.value[0].spread, metrics.value[0].better.as_str()),
        (Some(20), Some(1.009), "lower")
    );
}

#[test]
fn a_finding_that_cannot_be_used_says_why() {
    for (text, why) in [
        (
            r#"{"v": 1, "verdict": "supported", "confidence": NaN"#,
            "is broken in line 1: it ends in the middle",
        ),
        ("[]", "is a list: expected an object"),
        ("", "is empty"),
        ("The idea is supported.", "holds no JSON object"),
        (r#"{"v":2,"verdict":"supported","statement":"x"}"#, "has format version 2: expected 1"),
        (
            r#"{"v":1,"verdict":"proven\u001b[2J","statement":"x"}"#,
            "has the verdict \"proven[2J\": expected supported",
        ),
        (r#"{"v":1,"verdict":true,"statement":"x"}"#, "has true or false as its verdict"),
        (r#"{"v":1,"statement":"x"}"#, "has no verdict"),
        (
            r#"{"v":1,"verdict":"not supported","statement":"x"}"#,
            "has the verdict \"not supported\"",
        ),
        (
            r#"{"v":1,"verdict":"partially supported","outcome":"supported","statement":"x"}"#,
            "has the verdict \"partially supported\"",
        ),
        (
            r#"{"verdict":"supported","verdict":"refuted","statement":"x"}"#,
            "has two verdicts, \"supported\" and \"refuted\"",
        ),
        (r#"{"outcome":"supported","conclusion":"refuted"}"#, "has two verdicts that differ"),
        ("{\"verdict\":\"supported\"}\n{\"verdict\":\"refuted\"}", "says several different things"),
        // What is inside of a broken one is an example, or something else.
        (r#"{"example":{"verdict":"supported","statement":"x"},"verdict":"refuted"#, "is broken"),
    ] {
        let error = finding(text.as_bytes()).expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(finding(&vec![b' '; 70_000]).expect_err("large").contains("larger than"));
}

#[test]
fn parts_of_a_finding_that_are_wrong_are_left_out() {
    let text = r#"{"v":1,"verdict":"refuted","confidence":1.5,"statement":"a\u0007b\u202ec\nd","numbers":{"good":1,"bad":"two","":3}}"#;
    let read = finding(text.as_bytes()).expect("sound");
    assert_eq!(read.value.statement, "abc d");
    assert_eq!((read.value.confidence, read.value.numbers.len()), (None, 1));
    assert_eq!(read.problems.len(), 3, "{:?}", read.problems);
    assert!(read.problems[0].contains("confidence is 1.5"), "{:?}", read.problems);
    let long = format!(r#"{{"v":1,"verdict":"refuted","statement":"{}"}}"#, "x".repeat(5000));
    assert_eq!(finding(long.as_bytes()).expect("sound").value.statement.chars().count(), 1000);
    let bare = finding(br#"{"v":1,"verdict":"refuted","statement":" \n","numbers":{"a":1e999,"p":NaN,"b":2,"c":1,"c":3}}"#).expect("sound");
    assert_eq!(
        (bare.value.verdict, bare.value.numbers.into_iter().collect::<Vec<_>>()),
        (Verdict::Refuted, vec![("b".to_owned(), 2.0)])
    );
    let told = bare.problems.join("; ");
    assert_eq!(
        told,
        "has no statement; numbers.a is inf: left out; numbers.p is NaN: left out; numbers.c is given twice, with different values: left out"
    );
}

#[test]
fn a_finding_is_found_where_a_model_puts_it() {
    for text in [
        r#"{"finding":"supported","confidence":80,"summary":"It works."}"#,
        r#"{"v":"1","finding":{"verdict":"Confirmed","confidence":"80 %","statement":"It works."}}"#,
        r#"[{"v":1.0,"Verdict":["supported"],"Confidence":"0.8","Conclusion":"It works."}]"#,
        r#"{"result":{"verdict":{"verdict":"supported","confidence":0.8,"statement":"It works."}},"by":"me"}"#,
        "The form is:\n```json\n{\"v\":1,\"verdict\":\"supported|refuted|inconclusive\",\"statement\":\"...\"}\n```\nand mine:\n```\n{'verdict': 'supported', 'confidence': .8, 'statement': 'It works.'}\n```\n",
        "verdict: supported by the data\nconfidence: 0.8\nstatement: It works.\n",
        "verdict = \"supported\"\nconfidence = 0.8\nstatement = \"It works.\"",
    ] {
        let read = finding(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(read.problems, Vec::<String>::new(), "{text}");
        assert_eq!(
            (read.value.verdict, read.value.confidence, read.value.statement.as_str()),
            (Verdict::Supported, Some(0.8), "It works."),
            "{text}"
        );
    }
    let latin =
        finding(b"{\"verdict\":\"supported\",\"statement\":\"gr\xf6\xdfer\"}").expect("sound");
    assert_eq!(latin.value.statement, "größer");
}

#[test]
fn metrics_are_checked_one_by_one() {
    let text = r#"{"v":1,"metrics":[{"name":"acc","value":0.9,"better":"sideways","n":0,"spread":-1},{"name":7,"value":1},{"name":"x","value":"high"},
        {"name":"loss","value":1,"unit":5,"better":"lower","n":3,"spread":0.5},5,{"value":1},{"name":"nan","value":NaN}]}"#;
    let read = metrics(text.as_bytes()).expect("read");
    assert_eq!(
        read.value.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(),
        ["acc", "loss"]
    );
    assert_eq!(
        (read.value[0].n, read.value[0].spread, read.value[0].better.as_str()),
        (None, None, "")
    );
    assert_eq!((read.value[1].n, read.value[1].spread), (Some(3), Some(0.5)));
    let all = read.problems.join("\n");
    for part in [
        "metric 1 (acc): better is \"sideways\"",
        "metric 1 (acc): n is 0",
        "metric 2 has a number as its name",
        "metric 3 (x) has the value \"high\"",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let many: Vec<String> =
        (0..100).map(|at| format!(r#"{{"name":"m{at}","value":{at}}}"#)).collect();
    let read =
        metrics(format!(r#"{{"v":1,"metrics":[{}]}}"#, many.join(",")).as_bytes()).expect("read");
    assert_eq!((read.value.len(), read.problems.len()), (64, 1));
    for (text, why) in [
        (r#"{"v": 99, "metrics": []}"#, "version 99"),
        (r#"{"v": 1}"#, "no list"),
        (r#"{"metrics":"good"}"#, "no list"),
        (
            r#"{"metrics":[{"name":"acc","value":"high"}]}"#,
            "has no figure that can be used: metric 1 (acc) has the value \"high\"",
        ),
        ("accuracy is 0.93", "holds no JSON object"),
    ] {
        let problem = metrics(text.as_bytes()).expect_err(text);
        assert!(problem.contains(why), "{text}: {problem}");
    }
    for none in [r#"{"v":1,"metrics":[]}"#, r#"{"metrics":{}}"#, "[]"] {
        assert_eq!(
            metrics(none.as_bytes()),
            Ok(Read { value: Vec::new(), problems: Vec::new() }),
            "{none}"
        );
    }
    // Said honestly, and no reason to ask again.
    let none = metrics(br#"{"metrics":[{"name":"acc","value":NaN}]}"#).expect("read");
    assert_eq!(
        (none.value.len(), none.problems),
        (0, vec!["metric 1 (acc) has the value NaN: left out".to_owned()])
    );
}

#[test]
fn figures_are_found_in_every_shape_that_means_the_same() {
    let told = |text: &str| -> Vec<(String, f64, String)> {
        let read = metrics(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(read.problems, Vec::<String>::new(), "{text}");
        read.value.into_iter().map(|metric| (metric.name, metric.value, metric.unit)).collect()
    };
    for text in [
        r#"{"accuracy": 0.93}"#,
        r#"{"accuracy": "0,93", "model": "resnet"}"#,
        r#"{"metrics": {"accuracy": {"value": 0.93}}}"#,
        r#"{"results": {"metrics": {"accuracy": 0.93}}}"#,
        r#"{"metrics": {"accuracy": {"mean": 0.93, "std": 0.1, "seeds": [1, 2]}}}"#,
        r#"[{"metric": "accuracy", "score": 0.93}]"#,
        r#"[["accuracy", 0.93]]"#,
        r#"[{"accuracy": 0.93}]"#,
        r#"{"name": "accuracy", "value": 0.93}"#,
        "accuracy: 0.93\n",
        r#"{"metrics": [{"name": "accuracy", "value": 0.93}, {"name": "accuracy", "value": 0.930}]}"#,
        r#"{"metrics": [{"name": "accuracy", "value": "93%", "unit": "fraction"}]}"#,
    ] {
        assert_eq!(told(text), [("accuracy".to_owned(), 0.93, told(text)[0].2.clone())], "{text}");
    }
    assert_eq!(
        told(r#"{"metrics":[{"name":"acc","value":"93%"}]}"#),
        [("acc".to_owned(), 93.0, "%".to_owned())]
    );
    assert_eq!(
        told(r#"{"metrics":[{"name":"acc","value":"93%","unit":"percent"}]}"#),
        [("acc".to_owned(), 93.0, "%".to_owned())]
    );
    assert_eq!(told("{\"name\":\"a\",\"value\":1}\n{\"name\":\"b\",\"value\":2}\n").len(), 2);
    let one = |text: &str| metrics(text.as_bytes()).expect("read").value.remove(0);
    assert_eq!(
        one(r#"{"metrics":{"a":{"value":1,"n":"5","std":"0.5","higher_is_better":true}}}"#),
        one(r#"[{"name":"a","value":1,"n":5.0,"spread":0.5,"better":"Higher"}]"#)
    );
    // Which of two is meant, nobody can say.
    let twice = metrics(br#"{"v":1,"metrics":[{"name":"acc","value":0.5},{"name":"loss","value":1},{"name":"acc","value":0.93}]}"#).expect("read");
    assert_eq!(
        (twice.value.len(), twice.problems.join("; ").as_str()),
        (1, "acc is given twice, with different values: left out")
    );
    let spread = metrics(
        br#"{"v":1,"metrics":[{"name":"acc","value":"0.93 \u00b1 0.01","n":1,"spread":NaN}]}"#,
    )
    .expect("read");
    assert_eq!(
        (spread.value[0].value, spread.value[0].spread, spread.problems.len()),
        (0.93, None, 2),
        "{:?}",
        spread.problems
    );
    let unit = metrics(br#"{"metrics":[{"name":"t","value":"12 ms","unit":"s"}]}"#)
        .expect_err("two units");
    assert!(unit.contains("has the value \"12 ms\" and the unit \"s\""), "{unit}");
}

#[test]
fn an_evaluators_last_line_is_a_number_or_an_object() {
    let plain = |value| Measurement { value, n: None, spread: None };
    for what in [
        plain(-0.1),
        Measurement { n: Some(5), spread: Some(1e-9), ..plain(0.1) },
        Measurement { n: Some(3), ..plain(1e300) },
    ] {
        assert_eq!(measured_in(&measured("test, n = acc", &what), "test, n = acc"), Some(what));
    }
    for odd in [
        "",
        "acc",
        "acc = ",
        "acc = x",
        "acc = nan",
        "acc = 1, n = 2.5",
        "acc = 1, m = 2",
        "loss = 1",
    ] {
        assert_eq!(measured_in(odd, "acc"), None, "{odd}");
    }
    assert_eq!(measurement("0.913\r"), Ok(plain(0.913)));
    assert_eq!(measurement(" -1e-3 "), Ok(plain(-0.001)));
    assert_eq!(
        measurement(r#"{"value": 2, "n": 5, "spread": 0.1, "more": []}"#),
        Ok(Measurement { value: 2.0, n: Some(5), spread: Some(0.1) })
    );
    assert_eq!(measurement(r#"{"value":"0.9"}"#), Ok(plain(0.9)));
    for wrong in [
        "",
        "0.9 accuracy",
        "acc=0.9",
        "{}",
        "1,234",
        "90%",
        "nan.",
        r#"{"value":1,"n":0}"#,
        "{\"value\":1",
    ] {
        assert!(measurement(wrong).is_err(), "{wrong}");
    }
    assert!(measurement("all\u{1b}[2J good").expect_err("text").contains("\"all[2J good\""));
}

#[test]
fn an_evaluator_may_say_that_there_is_no_value() {
    let evaluator = EvaluatorCommand {
        command: String::new(),
        metric: "loss".to_owned(),
        better: "lower".to_owned(),
    };
    for line in [
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-Infinity",
        "tensor(nan)",
        r#"{"value":NaN,"n":3,"spread":NaN}"#,
        r#"{"value":1e999}"#,
        r#"{"value":null}"#,
    ] {
        let found = measurement(line).unwrap_or_else(|problem| panic!("{line}: {problem}"));
        assert!(!found.value.is_finite() && found.figure(&evaluator).is_none(), "{line}");
        let said = measured("loss", &found);
        assert!(
            said.starts_with("loss has no value") && measured_in(&said, "loss").is_none(),
            "{said}"
        );
    }
}

/// What a model may do to a file without changing what it means.
#[derive(Debug, Clone)]
struct Habits {
    quote: char,
    bare_keys: bool,
    numbers_as_text: bool,
    trailing: bool,
    comments: bool,
    lines: bool,
    around: usize,
    encoding: usize,
    version: usize,
    keys: usize,
    wrap: usize,
    word: usize,
}

fn habits() -> impl Strategy<Value = Habits> {
    let first = (proptest::sample::select(vec!['"', '\'', '`']), any::<[bool; 5]>());
    (first, (0..6_usize, 0..6_usize, 0..5_usize, 0..3_usize, 0..4_usize, 0..4_usize)).prop_map(
        |(
            (quote, [bare_keys, numbers_as_text, trailing, comments, lines]),
            (around, encoding, version, keys, wrap, word),
        )| Habits {
            quote,
            bare_keys,
            numbers_as_text,
            trailing,
            comments,
            lines,
            around,
            encoding,
            version,
            keys,
            wrap,
            word,
        },
    )
}

impl Habits {
    fn text(&self, text: &str) -> String {
        let mut written = String::from(self.quote);
        for c in text.chars() {
            match c {
                '\\' => written.push_str("\\\\"),
                c if c == self.quote => written.extend(['\\', c]),
                c => written.push(c),
            }
        }
        written.push(self.quote);
        written
    }

    fn key(&self, key: &str) -> String {
        let spelt = match self.keys {
            0 => key.to_owned(),
            1 => key[..1].to_uppercase() + &key[1..],
            _ => key.to_uppercase(),
        };
        if self.bare_keys { spelt } else { self.text(&spelt) }
    }

    fn number(&self, number: f64) -> String {
        if self.numbers_as_text { self.text(&number.to_string()) } else { number.to_string() }
    }

    /// A table of members that are written already.
    fn table(&self, members: &[(String, String)]) -> String {
        let mut written = "{".to_owned();
        for (at, (key, value)) in members.iter().enumerate() {
            let comment = if self.comments { " // so it is, \"really\"\n" } else { "" };
            let comma = if at + 1 < members.len() || self.trailing { "," } else { "" };
            let end = if self.lines { "\n  " } else { " " };
            let _ = write!(written, "{key}: {value}{comma}{comment}{end}");
        }
        written + "}"
    }

    fn version(&self) -> Option<(String, String)> {
        let told = ["1", "1.0", "\"1\"", "'v1'"].get(self.version)?;
        Some((self.key("v"), (*told).to_owned()))
    }

    fn wrapped(&self, document: String, key: &str) -> String {
        match self.wrap {
            1 => format!("[{document}]"),
            2 => self.table(&[(self.key(key), document)]),
            3 => self.table(&[
                ("\"date\"".to_owned(), "\"2026-01-02\"".to_owned()),
                (self.key(key), document),
            ]),
            _ => document,
        }
    }

    fn file(&self, document: &str) -> Vec<u8> {
        let text = match self.around {
            0 => document.to_owned(),
            1 => format!("```json\n{document}\n```\n"),
            2 => format!(
                "Here is the file, as you asked [1]:\n\n```\n{document}\n```\n\nIt's done {{all}}."
            ),
            3 => format!("The content of it:\n\n{document}\n\nLet me know if it's fine."),
            4 => format!("\n\n \t{document};\n\n"),
            _ => format!("# the file\n{document}\n"),
        };
        let text = if self.encoding == 1 { text.replace('\n', "\r\n") } else { text };
        match self.encoding {
            2 => [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
            3 => std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect(),
            4 => std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect(),
            5 if text.chars().all(|c| u32::from(c) < 256) => {
                text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
            }
            _ => text.into_bytes(),
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,5}_[a-z]{1,5}"
        .prop_filter("a word of the format", |name| !["is_better"].contains(&name.as_str()))
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e6..1e6_f64, proptest::sample::select(vec![0.0, 0.93, -0.5, 1e-9, 1e20, 5.0])]
}

fn finding_of_any() -> impl Strategy<Value = Finding> {
    let verdict =
        proptest::sample::select(vec![Verdict::Supported, Verdict::Refuted, Verdict::Inconclusive]);
    let statement = prop_oneof!["[A-Za-z0-9äöüß,.;:%'\"{}\\[\\]#/`\\\\= -]{1,60}", "\\PC{1,40}"]
        .prop_map(|text| one_line(&text, 1000));
    (
        verdict,
        proptest::option::of(0.0..1.0_f64),
        statement,
        proptest::collection::btree_map(name(), number(), 0..5),
    )
        .prop_map(|(verdict, confidence, statement, numbers)| Finding {
            verdict,
            confidence,
            statement,
            numbers,
        })
        .prop_filter("a sentence", |finding| !finding.statement.is_empty())
}

fn metric_of_any() -> impl Strategy<Value = Metric> {
    let better = proptest::sample::select(vec!["higher", "lower", ""]);
    (
        name(),
        number(),
        proptest::sample::select(vec!["", "fraction", "ms"]),
        better,
        proptest::option::of(1..9_u32),
        proptest::option::of(0.0..9.0_f64),
    )
        .prop_map(|(name, value, unit, better, n, spread)| Metric {
            name,
            value,
            unit: unit.to_owned(),
            better: better.to_owned(),
            n,
            spread,
            source: Source::Agent,
        })
}

fn members_of(habits: &Habits, metric: &Metric) -> Vec<(String, String)> {
    let mut members = vec![(habits.key("value"), habits.number(metric.value))];
    if !metric.unit.is_empty() {
        members.push((habits.key("unit"), habits.text(&metric.unit)));
    }
    if !metric.better.is_empty() {
        let word = match (habits.word, metric.better.as_str()) {
            (0, word) => word.to_owned(),
            (1, word) => word.to_uppercase(),
            (2, word) => format!("{word} is better"),
            (_, "higher") => "maximize".to_owned(),
            (_, _) => "minimize".to_owned(),
        };
        members.push((habits.key("better"), habits.text(&word)));
    }
    if let Some(n) = metric.n {
        members.push((
            habits.key(["n", "n", "runs", "seeds"][habits.word]),
            if habits.numbers_as_text { habits.number(n.into()) } else { format!("{n}.0") },
        ));
    }
    if let Some(spread) = metric.spread {
        members.push((
            habits.key(["spread", "std", "stddev", "sd"][habits.word]),
            habits.number(spread),
        ));
    }
    members
}

proptest! {
    /// Every file that a person would call readable gives the same as its clean form.
    #[test]
    fn a_finding_means_the_same_however_it_is_written(finding in finding_of_any(), habits in habits()) {
        let word = match (habits.word, finding.verdict) {
            (0, verdict) => verdict.as_str().to_owned(),
            (1, verdict) => format!("{}.", verdict.as_str().to_uppercase()),
            (2, Verdict::Supported) => "Confirmed".to_owned(),
            (2, Verdict::Refuted) => "rejected".to_owned(),
            (2, Verdict::Inconclusive) => "not conclusive".to_owned(),
            (_, verdict) => format!("The idea is {} by the data", verdict.as_str()),
        };
        let mut members: Vec<(String, String)> = habits.version().into_iter().collect();
        members.push((habits.key("verdict"), habits.text(&word)));
        if let Some(confidence) = finding.confidence {
            members.push((habits.key("confidence"), habits.number(confidence)));
        }
        members.push((habits.key("statement"), habits.text(&finding.statement)));
        let numbers: Vec<_> = finding.numbers.iter().map(|(name, number)| (habits.text(name), habits.number(*number))).collect();
        members.push((habits.key("numbers"), habits.table(&numbers)));
        let file = habits.file(&habits.wrapped(habits.table(&members), "finding"));
        let clean = serde_json::json!({ "v": 1, "verdict": finding.verdict, "confidence": finding.confidence, "statement": finding.statement, "numbers": finding.numbers });
        let clean = super::finding(clean.to_string().as_bytes());
        prop_assert_eq!(&clean, &Ok(Read { value: finding.sound(), problems: Vec::new() }));
        prop_assert_eq!(super::finding(&file), clean, "{}", String::from_utf8_lossy(&file));
    }

    #[test]
    fn figures_mean_the_same_however_they_are_written(
        metrics in proptest::collection::btree_map(name(), metric_of_any(), 1..5), habits in habits(), shape in 0..3_usize, lost in any::<bool>(),
    ) {
        let metrics: Vec<Metric> = metrics.into_iter().map(|(name, metric)| Metric { name, ..metric }).collect();
        let mut told: Vec<String> = Vec::new();
        let mut named: Vec<(String, String)> = Vec::new();
        for metric in &metrics {
            let mut members = members_of(&habits, metric);
            named.push((habits.text(&metric.name), habits.table(&members)));
            members.insert(0, (habits.key("name"), habits.text(&metric.name)));
            told.push(habits.table(&members));
        }
        if lost {
            named.push((habits.text("p value"), habits.table(&[(habits.key("value"), "NaN".to_owned())])));
            told.push(habits.table(&[(habits.key("name"), habits.text("p value")), (habits.key("value"), "-Infinity".to_owned())]));
        }
        let end = if habits.trailing { ",\n" } else { "\n" };
        let document = match shape {
            0 => {
                let mut members: Vec<(String, String)> = habits.version().into_iter().collect();
                members.push((habits.key("metrics"), format!("[{}{end}]", told.join(",\n"))));
                habits.table(&members)
            }
            1 => habits.table(&[(habits.key("metrics"), habits.table(&named))]),
            _ => format!("[{}{end}]", told.join(",\n")),
        };
        let file = habits.file(&document);
        let clean = super::metrics(serde_json::json!({ "v": 1, "metrics": metrics }).to_string().as_bytes());
        let sound: Vec<Metric> = metrics.into_iter().filter_map(Metric::sound).collect();
        prop_assert_eq!(&clean, &Ok(Read { value: sound.clone(), problems: Vec::new() }));
        let read = super::metrics(&file);
        prop_assert_eq!(read.as_ref().map(|read| &read.value), Ok(&sound), "{}", String::from_utf8_lossy(&file));
        prop_assert_eq!(read.map(|read| read.problems.len()), Ok(usize::from(lost)));
    }

    #[test]
    fn whatever_a_file_holds_it_is_judged(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}:,\"'a-z0-9 \\n#/`.%-]{0,200}") {
        for bytes in [bytes.as_slice(), text.as_bytes(), format!("{{\"verdict\":{text}}}").as_bytes(), format!("{{\"metrics\":[{text}]}}").as_bytes()] {
            if let Ok(read) = finding(bytes) {
                prop_assert_eq!(read.value.clone().sound(), read.value);
                prop_assert!(read.problems.len() <= MAX_PROBLEMS);
            }
            if let Ok(read) = metrics(bytes) {
                prop_assert!(read.value.iter().all(|metric| metric.clone().sound().as_ref() == Some(metric)));
                prop_assert!(read.problems.len() <= MAX_PROBLEMS);
            }
        }
        let _ = measurement(&text);
    }
}
