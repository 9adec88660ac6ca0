//! The one reader: what it takes, what it refuses, and how many steps it needs.

use proptest::prelude::*;

use super::json::scanned;
use super::*;
use crate::domain::Verdict;

fn read(text: &str) -> Result<Vec<Node>, String> {
    documents(text.as_bytes(), 1 << 20)
}

fn json(text: &str) -> String {
    let found = read(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    found.iter().map(|node| node.json().expect("sound").to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_person_can_read_is_read() {
    let clean = r#"{"a":0.5,"b":["x",true,null]}"#;
    for text in [
        clean,
        "{a: 0.5, b: ['x', True, None]}",
        "{'a': .5, 'b': ('x')\n}".replace("('x')", "['x', true, null,],").as_str(),
        "// note\n{\"a\": 0.50, /* two */ \"b\": [\"x\", true, null,],}\n# end",
        "{\n  \"a\": 0.5\n  \"b\": [\"x\" \"true\"]\n}"
            .replace("\"x\" \"true\"", "\"x\", true, null")
            .as_str(),
        "```json\n{\"a\": 0.5, \"b\": [\"x\", true, null]}\n```",
        "Here it is:\n\n~~~\n{\"a\": 0.5, \"b\": [\"x\", true, null]}\n~~~\nThat is {all} of [1].",
        "Here it is: {\"a\": 0.5, \"b\": [\"x\", true, null]} as in [1].",
        "```\n{\"a\": 0.5, \"b\": [\"x\", true, null]}",
        "{“a”: +0.5, “b”: [`x`, true, undefined]};",
        "a: 0.5\nb:\n  - x\n  - true\n  - null\n",
        "a = 0.5\n# the rest\nb = ['x', true, null]\n",
        "\u{feff} {\"a\":5e-1,\"b\":[\"\\u0078\",true,null]}\0\0",
        "{\"a\" : np.float64(0.5), \"b\": [\"\"\"x\"\"\", true, null]}",
    ] {
        assert_eq!(json(text), clean, "{text}");
    }
    assert_eq!(
        json("{\"a\": \"the \"best\" one\", 'b': 'it's so'}"),
        r#"{"a":"the \"best\" one","b":"it's so"}"#
    );
    assert_eq!(
        json("{\"a\": \"one\ntwo \\alpha \\ud83d\\ude00 \\ud83d!\"}"),
        r#"{"a":"one\ntwo \\alpha 😀 �!"}"#
    );
    assert_eq!(json("{\"a\":1}\n{\"a\":2}\n"), r#"{"a":1} {"a":2}"#);
    assert_eq!(
        json("{url: http://x.org/a, b: not so, c: 1 // one\n}"),
        r#"{"url":"http://x.org/a","b":"not so","c":1}"#
    );
}

#[test]
fn what_has_no_one_meaning_says_why() {
    for (text, why) in [
        ("", "is empty"),
        (" \r\n\u{feff}", "is empty"),
        ("It works.", "holds no JSON object"),
        ("{\"a\": 1, \"b\": 2", "is broken in line 1: it ends in the middle"),
        // A part of what is broken is not the whole.
        (
            "{\"example\": {\"a\": 1},\n \"a\": 2, \"b\": \"x",
            "is broken in line 2: a text has no end",
        ),
        ("It is {\"example\": {\"a\": 1}, \"a\"", "is broken in line 1"),
        ("{\"a\": 1 2, \"b\"}", "expected a colon behind \"b\""),
        ("{\"a\": }", "there is no value behind \"a\""),
        ("{\"a\": \"x\" 7}", "is broken"),
        ("```json\n{\"a\": 1\n```", "is broken in line 2: it ends in the middle"),
    ] {
        let problem = read(text).expect_err(text);
        assert!(problem.contains(why), "{text}: {problem}");
    }
    assert!(documents(&[b' '; 101], 100).expect_err("large").contains("larger than 100 bytes"));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    assert!(read(&deep).expect_err("deep").contains("nested more than 64 deep"));
}

#[test]
fn every_encoding_with_one_meaning_is_text() {
    let text = "{\"a\": \"größer – ∞\"}";
    let utf16 = |big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let with = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
    for bytes in [
        text.as_bytes().to_vec(),
        with(&[0xef, 0xbb, 0xbf], text.as_bytes()),
        with(&[0xff, 0xfe], &utf16(false)),
        with(&[0xfe, 0xff], &utf16(true)),
        utf16(false),
        utf16(true),
        with(&[0xff, 0xfe, 0, 0], &wide),
    ] {
        assert_eq!(super::text(&bytes), text);
    }
    assert_eq!(super::text(b"gr\xf6\xdfer \x96 5 \x80"), "größer – 5 €");
    assert_eq!(
        super::text(
            "größer \u{e9}"
                .as_bytes()
                .iter()
                .chain(b"\xff!")
                .copied()
                .collect::<Vec<u8>>()
                .as_slice()
        ),
        "größer é\u{fffd}!"
    );
}

#[test]
fn a_number_is_read_when_it_is_one_number() {
    let value =
        |text: &str| figure(&Node::Text(text.to_owned())).map(|figure| (figure.value, figure.unit));
    for (text, expected) in [
        ("0.93", 0.93),
        (" +.5 ", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("1.5E3", 1500.0),
        ("2 x 10^-2", 0.02),
        ("1.0×10^{3}", 1000.0),
        ("\u{2212}0.5", -0.5),
        ("0,93", 0.93),
        ("0,931", 0.931),
        ("12,5", 12.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1_234_567.0),
        ("1 234 567.5", 1_234_567.5),
        ("10_000", 10_000.0),
        ("torch.tensor(0.25)", 0.25),
    ] {
        assert_eq!(value(text), Some((expected, String::new())), "{text}");
    }
    assert_eq!(value("93.1%"), Some((93.1, "%".to_owned())));
    assert_eq!(value("93,1 percent"), Some((93.1, "%".to_owned())));
    assert_eq!(value("12.5 ms"), Some((12.5, "ms".to_owned())));
    for infinite in ["nan", "-NaN", "Infinity", "-inf", "∞", "1e999", ".inf"] {
        assert!(value(infinite).is_some_and(|(value, _)| !value.is_finite()), "{infinite}");
    }
    for none in [
        "",
        "-",
        "1,234",
        "1.2.3",
        "12,34,5",
        "0.9 or 0.8",
        "~0.9",
        "0.9-0.95",
        "0.91–0.95",
        "3 k",
        "2 M",
        "0x1F",
        "high",
        "1e",
        "e5",
        "٣",
        "10^3",
        "1/2",
        "0.9 (best)",
        "0. 9",
        "1e99999999999",
    ] {
        assert_eq!(value(none), None, "{none}");
    }
    let with_bounds = figure(&Node::Text("0.93 ± 0.01".to_owned())).expect("read");
    assert_eq!((with_bounds.value, with_bounds.has_bounds), (0.93, true));
    let count = |text: &str| whole_number(&Node::Text(text.to_owned()));
    assert_eq!(
        (whole_number(&Node::Number(5.0)), count("5"), count("5.0")),
        (Some(5), Some(5), Some(5))
    );
    assert_eq!(
        (
            whole_number(&Node::Number(2.5)),
            whole_number(&Node::Number(0.0)),
            count("5 %"),
            count("-1")
        ),
        (None, None, None, None)
    );
}

#[test]
fn a_verdict_is_read_when_it_is_one_verdict() {
    for (text, expected) in [
        ("supported", Verdict::Supported),
        ("Supported.", Verdict::Supported),
        ("**SUPPORTED**", Verdict::Supported),
        ("confirmed", Verdict::Supported),
        ("The hypothesis is supported by the data", Verdict::Supported),
        ("Supported: 0.93 against 0.90", Verdict::Supported),
        ("supported (p = 0.01)", Verdict::Supported),
        ("REFUTED!", Verdict::Refuted),
        ("falsified", Verdict::Refuted),
        ("Rejected", Verdict::Refuted),
        ("inconclusive", Verdict::Inconclusive),
        ("not conclusive", Verdict::Inconclusive),
        ("Insufficient evidence", Verdict::Inconclusive),
    ] {
        assert_eq!(verdict(text), Some(expected), "{text}");
    }
    for none in [
        "",
        "not supported",
        "Not confirmed",
        "unsupported",
        "partially supported",
        "partly refuted",
        "supported, but only on small data",
        "supported. However, the baseline was weak",
        "supported: not on the test set",
        "supported or refuted",
        "supported/refuted",
        "supported|refuted|inconclusive",
        "supported?",
        "weakly supported",
        "the null hypothesis is rejected",
        "it doesn't hold",
        "proven\u{1b}[2J",
        "done",
        "true",
    ] {
        assert_eq!(verdict(none), None, "{none}");
    }
    assert_eq!(
        (better("Higher is better"), better("minimize"), better("UP")),
        (Some("higher"), Some("lower"), Some("higher"))
    );
    assert_eq!((better("not higher"), better("higher or lower"), better("")), (None, None, None));
}

/// Texts that make a reader begin again and again, or go deep.
fn hostile(size: usize) -> Vec<String> {
    let many = |piece: &str| piece.repeat(size / piece.len());
    let mut all: Vec<String> = [
        "{",
        "[",
        "{\"",
        "{\"a\":",
        "[[1],",
        "{/*",
        "{'",
        "{“",
        "[1,",
        "{\"a\":[",
        "{a",
        "\"",
        "{`{'{\"",
        "[\"a\" ",
        "{\"\\u",
        "```\n{",
        "{a:1}",
        "-",
        "a: ",
        "- ",
        "&a ",
        "[{a:b ",
        "é{\"",
        "{\"a\"\t \t",
    ]
    .into_iter()
    .map(many)
    .collect();
    all.push(format!("{{\"a\":{}", many("1,")));
    all.push(format!("x {{\"a\":\"{}", many("\" ")));
    all.push(format!("{{{}", many("\"a\":1,")));
    all.push(many(" "));
    all
}

#[test]
fn no_text_takes_more_than_some_steps_for_each_character() {
    for text in hostile(200_000) {
        let (_, steps) = scanned(&text);
        let most = text.chars().count() * 40 + 2000;
        assert!(steps <= most, "{}: {steps} steps of {most}", &text[..20]);
        let _ = documents(text.as_bytes(), 1 << 20);
        // What is tried when it is no JSON.
        let _ = read(&format!("x{}", &text[..text.floor_char_boundary(60_000)]));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = documents(&bytes, 200);
        let _ = text(&bytes);
    }

    #[test]
    fn any_text_is_read_without_a_panic(
        parts in proptest::collection::vec(prop_oneof![
            proptest::sample::select(vec!["{", "}", "[", "]", ":", ",", "\"", "'", "“", "\\", "/*", "*/", "//", "#", "```", "\n", "NaN", "1e9", "a", "\\u", "\\ud83d", " ", "=", "null", "\u{0}", "`", "-", "."]).prop_map(str::to_owned),
            "\\PC{0,5}".prop_map(|text| text),
        ], 0..60),
    ) {
        let text = parts.concat();
        let (_, steps) = scanned(&text);
        prop_assert!(steps <= text.chars().count() * 40 + 2000);
        if let Ok(found) = read(&text) {
            for node in &found {
                let _ = (node.json(), figure(node), node.plain());
            }
        }
        let _ = (verdict(&text), better(&text), figure(&Node::Text(text)));
    }

    /// What JSON is for everybody, is the same here.
    #[test]
    fn json_is_read_as_json(value in value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let found = read(&text).map_err(TestCaseError::fail)?;
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].json().map_err(TestCaseError::fail)?, value.clone(), "{}", text);
        }
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        (-1_000_000_i64..1_000_000).prop_map(serde_json::Value::from),
        (-1e6..1e6).prop_map(|number: f64| if number.fract() == 0.0 {
            serde_json::Value::Null
        } else {
            serde_json::Value::from(number)
        }),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        proptest::sample::select(vec![
            "a \"b\" c",
            "\\n",
            "it's",
            "// x",
            "```",
            "\n",
            "\\",
            "{",
            "“”",
            "\u{1f600}"
        ])
        .prop_map(serde_json::Value::from),
    ];
    let tree = leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("\\PC{1,6}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-z\"' ]{1,6}", tree, 0..5)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}
