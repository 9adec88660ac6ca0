//! Streams that are cut, altered or made up: nothing panics, nothing half is called done,
//! and nothing that is shown can drive a terminal.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample_tests::{lines, samples};
use super::{Exit, Fold, Notice, Verdict};

const EXITS: [Exit; 6] = [
    Exit::Code(0),
    Exit::Code(1),
    Exit::Code(127),
    Exit::Code(143),
    Exit::Signal(9),
    Exit::Signal(4),
];

fn is_safe(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.chars().count() <= 400
}

/// Everything a caller may ask must be answered.
fn ask_all(fold: &Fold, notices: &[Notice]) {
    for notice in notices {
        assert!(is_safe(&notice.to_string()), "{notice:?}");
    }
    for exit in EXITS {
        let verdict = fold.verdict(exit, &["a\nb".to_owned()], "x\u{1b}[0m\r\n");
        assert!(is_safe(&verdict.detail()), "{verdict:?}");
    }
    let spent = fold.spent();
    assert!(spent.cost_usd.is_none_or(|dollars| dollars.is_finite() && dollars >= 0.0));
    assert!([fold.session_id(), fold.model(), fold.version()].into_iter().flatten().all(is_safe));
}

#[test]
fn a_cut_stream_is_never_done() {
    for (name, bytes) in samples() {
        let mut fold = Fold::new();
        for line in lines(&bytes) {
            let whole = fold.verdict(Exit::Code(0), &[], "");
            for end in (1..line.len()).step_by(5) {
                let mut cut = fold.clone();
                let notices = cut.line(&line[..end]);
                assert_eq!(notices, [], "{name}");
                let verdict = cut.verdict(Exit::Code(0), &[], "");
                assert_eq!(verdict.kind(), whole.kind(), "{name}: half a line decides nothing");
            }
            // Only a result that is followed by nothing of its turn may end as done.
            if whole == Verdict::Done {
                assert!(fold.is_idle(), "{name}");
            }
            let notices = fold.line(line);
            ask_all(&fold, &notices);
        }
    }
}

#[test]
fn without_its_result_lines_no_stream_is_done() {
    for (name, bytes) in samples() {
        let mut fold = Fold::new();
        for line in lines(&bytes)
            .filter(|line| serde_json::from_slice::<Value>(line).unwrap()["type"] != "result")
        {
            fold.line(line);
        }
        for exit in EXITS {
            assert_ne!(fold.verdict(exit, &[], ""), Verdict::Done, "{name}, {exit:?}");
        }
        assert_eq!((fold.result_seen(), fold.spent().cost_usd), (false, None), "{name}");
    }
}

/// The line with one value somewhere (down to three levels) replaced, for each of them.
fn altered(value: &Value, with: &Value, depth: usize) -> Vec<Value> {
    let mut all = Vec::new();
    if depth == 0 {
        return all;
    }
    let keys: Vec<String> = match value {
        Value::Object(fields) => fields
            .keys()
            .map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            .collect(),
        Value::Array(items) => (0..items.len().min(2)).map(|index| format!("/{index}")).collect(),
        _ => Vec::new(),
    };
    for key in keys {
        let inner = value.pointer(&key).cloned().unwrap_or_default();
        for replacement in std::iter::once(with.clone()).chain(altered(&inner, with, depth - 1)) {
            let mut copy = value.clone();
            if let Some(place) = copy.pointer_mut(&key) {
                *place = replacement;
            }
            all.push(copy);
        }
    }
    all
}

#[test]
fn a_field_of_any_other_type_never_panics_and_is_never_shown_raw() {
    let evil = "\u{1b}]0;owned\u{7}\r\n\u{9b}2J".repeat(100);
    let replacements = [
        Value::Null,
        json!(-1.5e300),
        json!(u64::MAX),
        json!(evil),
        json!([evil]),
        json!({"a": [1]}),
    ];
    for name in [
        "2.1.329/permission_denied_dontask",
        "2.1.329/usage_limit_5h",
        "2.1.329/background_task_two_results",
        "2.0.60/usage_limit",
    ] {
        let bytes = samples()[name].clone();
        let mut before = Fold::new();
        for line in lines(&bytes) {
            let value: Value = serde_json::from_slice(line).unwrap();
            for with in &replacements {
                for changed in altered(&value, with, 3) {
                    let mut fold = before.clone();
                    let notices = fold.line(changed.to_string().as_bytes());
                    ask_all(&fold, &notices);
                }
            }
            before.line(line);
        }
    }
}

#[test]
fn a_line_of_eight_megabytes_is_read_and_shown_short() {
    let huge = "x\u{7}y ".repeat(2 * 1024 * 1024);
    let mut fold = Fold::new();
    let said =
        json!({"type": "assistant", "message": {"content": [{"type": "text", "text": huge}]}})
            .to_string();
    let notices = fold.line(said.as_bytes());
    ask_all(&fold, &notices);
    assert!(
        matches!(&notices[..], [Notice::Text(text)] if text.starts_with("xy xy") && text.chars().count() == 200)
    );
    let result = json!({"type": "result", "subtype": "success", "is_error": false, "result": huge})
        .to_string();
    fold.line(result.as_bytes());
    assert_eq!(fold.result_text(), Some(huge.as_str()), "the answer itself stays whole");
    assert_eq!(fold.verdict(Exit::Code(0), &[], ""), Verdict::Done);
    let stray = fold.line(huge.as_bytes());
    assert_eq!(stray, []);
}

#[test]
fn deep_or_unknown_or_foreign_lines_say_nothing() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    let mut fold = Fold::new();
    for line in [
        &b""[..],
        b"\xff\xfe{}",
        b"Loading module cuda/12.4",
        b"[1,2]",
        b"{\"type\":\"hologram\",\"x\":1}",
        b"{\"type\":\"system\",\"subtype\":\"from_the_future\"}",
        b"{\"type\":7}",
        b"{}",
        deep.as_bytes(),
    ] {
        assert_eq!(fold.line(line), []);
    }
    ask_all(&fold, &[]);
    let mut fold = Fold::new();
    let ends = b"  {\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"a\xffb\"} \r";
    assert_eq!(fold.line(ends).len(), 1, "a byte that is no text does not hide a result");
    assert!(fold.is_idle());
}

proptest! {
    #[test]
    fn any_bytes_are_taken(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut fold = Fold::new();
        for chunk in &chunks {
            let notices = fold.line(chunk);
            ask_all(&fold, &notices);
        }
        prop_assert_ne!(fold.verdict(Exit::Code(0), &[], ""), Verdict::Done);
    }

    #[test]
    fn any_words_in_an_event_come_out_on_one_line(name in any::<String>(), words in any::<String>(), number in any::<f64>()) {
        let mut fold = Fold::new();
        for event in [
            json!({"type": "system", "subtype": "init", "session_id": name, "model": words, "claude_code_version": name}),
            json!({"type": "system", "subtype": "api_retry", "error": words, "retry_delay_ms": number}),
            json!({"type": "rate_limit_event", "rate_limit_info": {"status": name, "rateLimitType": words, "resetsAt": number,
                "utilization": number, "unifiedWindows": {name.clone(): {"utilization": number}}}}),
            json!({"type": "assistant", "message": {"id": words, "content": [{"type": "text", "text": words},
                {"type": "tool_use", "id": "1", "name": name, "input": {"command": words, "file_path": words}},
                {"type": "tool_use", "id": "2", "name": "Bash", "input": {"command": words}}]}}),
            json!({"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "1", "is_error": true, "content": words}]}}),
            json!({"type": "result", "subtype": "error_x", "errors": [words], "total_cost_usd": number,
                "permission_denials": [{"tool_name": name, "tool_use_id": "3"}]}),
        ] {
            let notices = fold.line(event.to_string().as_bytes());
            ask_all(&fold, &notices);
        }
        prop_assert_ne!(fold.verdict(Exit::Code(0), &[], ""), Verdict::Done);
    }
}
