//! Every recorded stream of the real program, with what must come out of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Exit, Fold, Notice, Verdict};

/// Recorded streams by `VERSION/name`.
pub(super) fn samples() -> BTreeMap<String, Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/claude");
    let inside = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let files: Vec<PathBuf> = inside(&root)
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|version| inside(version))
        .collect();
    let name = |path: &PathBuf| {
        path.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().to_owned()
    };
    let streams = files.iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    streams.map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn told(bytes: &[u8]) -> (Fold, Vec<Notice>) {
    let mut fold = Fold::new();
    let notices = lines(bytes).flat_map(|line| fold.line(line)).collect();
    (fold, notices)
}

fn sample(name: &str) -> (Fold, Vec<Notice>) {
    told(&samples()[name])
}

const OK: Exit = Exit::Code(0);
const BAD: Exit = Exit::Code(1);
const TERM: Exit = Exit::Code(143);

/// Name, exit, kind and something its detail says, cost of the process, tool calls.
type Row = (&'static str, Exit, &'static str, &'static str, Option<f64>, u64);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("2.0.60/background_task", OK, "waits", "in the background", Some(0.0022), 1),
    ("2.0.60/max_budget", OK, "own_limit", "spent as much", Some(0.0233), 1),
    ("2.0.60/max_turns", OK, "own_limit", "model calls", Some(0.0016), 1),
    ("2.0.60/ok", OK, "done", "", Some(0.0053), 0),
    ("2.0.60/permission_denied", OK, "done", "", Some(0.002), 1),
    ("2.0.60/resumed", OK, "done", "", Some(0.0053), 0),
    ("2.0.60/sigterm_in_tool", TERM, "interrupted", "SIGTERM", None, 1),
    ("2.0.60/usage_limit", BAD, "usage_limit", "resets 1:55pm (UTC)", Some(0.0008), 0),
    ("2.1.120/background_task", OK, "done", "", Some(0.0018), 1),
    ("2.1.120/max_budget", BAD, "own_limit", "maximum budget", Some(0.0225), 1),
    ("2.1.120/max_turns", BAD, "own_limit", "number of turns (1)", Some(0.0006), 1),
    ("2.1.120/ok", OK, "done", "", Some(0.0045), 0),
    ("2.1.120/permission_denied", OK, "done", "", Some(0.0012), 1),
    ("2.1.120/resumed", OK, "done", "", Some(0.0045), 0),
    ("2.1.120/sigterm_in_tool", TERM, "interrupted", "SIGTERM", None, 1),
    ("2.1.120/usage_limit", BAD, "usage_limit", "hit your limit", Some(0.0), 0),
    ("2.1.329/auth_401_oauth", BAD, "login", "OAuth token has expired", Some(0.0), 0),
    ("2.1.329/background_task_two_results", OK, "done", "", Some(0.0024), 1),
    ("2.1.329/bad_request_400", BAD, "invalid_request", "must be non-empty", Some(0.0), 0),
    ("2.1.329/connection_refused", BAD, "model_error", "ECONNREFUSED", Some(0.0), 0),
    ("2.1.329/credit_too_low", BAD, "login", "Credit balance", Some(0.0), 0),
    ("2.1.329/max_budget", BAD, "own_limit", "($0.001)", Some(0.03), 1),
    ("2.1.329/max_turns", BAD, "own_limit", "number of turns (2)", Some(0.0016), 2),
    ("2.1.329/model_not_found", BAD, "failed", "claude-nope", Some(0.0), 0),
    ("2.1.329/nohup_child_left", OK, "done", "", Some(0.0016), 1),
    ("2.1.329/not_logged_in", BAD, "login", "/login", Some(0.0), 0),
    ("2.1.329/ok_tools", OK, "done", "", Some(0.01844), 3),
    ("2.1.329/org_not_allowed_403", BAD, "login", "organization", Some(0.0), 0),
    ("2.1.329/output_cut_continued", OK, "done", "", Some(0.0016), 0),
    ("2.1.329/overloaded_529_gave_up", BAD, "model_error", "Overloaded", Some(0.0), 0),
    ("2.1.329/overloaded_then_ok", OK, "done", "", Some(0.0008), 0),
    ("2.1.329/partial_messages", OK, "done", "", Some(0.0008), 0),
    ("2.1.329/permission_denied_dontask", OK, "done", "", Some(0.0024), 2),
    ("2.1.329/prompt_too_long", BAD, "context_full", "Prompt is too long", Some(0.0), 0),
    ("2.1.329/rate_limit_429_gave_up", BAD, "model_error", "(429)", Some(0.0), 0),
    ("2.1.329/rate_limit_api_key_long_retry_after", BAD, "model_error", "slow down", Some(0.0), 0),
    ("2.1.329/resume_unknown_session", BAD, "not_begun", "No conversation found", Some(0.0), 0),
    ("2.1.329/resumed_after_limit", OK, "done", "", Some(0.0004), 0),
    ("2.1.329/retry_429_then_ok", OK, "done", "", Some(0.0008), 0),
    ("2.1.329/sigint_in_tool", OK, "interrupted", "told to stop", Some(0.0008), 1),
    ("2.1.329/sigkill_in_tool", Exit::Signal(9), "interrupted", "SIGKILL", None, 1),
    ("2.1.329/sigterm_in_tool", TERM, "interrupted", "SIGTERM", None, 1),
    ("2.1.329/sigusr1_in_tool", Exit::Signal(10), "interrupted", "SIGUSR1", None, 1),
    ("2.1.329/step1_new_session", OK, "done", "", Some(0.006), 0),
    ("2.1.329/step2_resumed", OK, "done", "", Some(0.0008), 0),
    ("2.1.329/structured_missing", OK, "done", "", Some(0.0016), 0),
    ("2.1.329/structured_ok", OK, "done", "", Some(0.0008), 1),
    ("2.1.329/thinking", OK, "done", "", Some(0.0008), 0),
    ("2.1.329/tool_timeout_moved_to_background", OK, "done", "", Some(0.0024), 1),
    ("2.1.329/usage_limit_5h", BAD, "usage_limit", "5-hour limit", Some(0.0), 0),
    ("2.1.329/usage_limit_7d", BAD, "usage_limit", "weekly limit", Some(0.0), 0),
    ("2.1.329/watchdog_waited_for_reset", OK, "done", "", Some(0.0004), 0),
    ("2.1.332/config_truncated", BAD, "not_begun", "JSON Parse error", Some(0.0), 0),
    ("2.1.332/refusal_no_fallback", BAD, "refused", "safeguards flagged", Some(0.0024), 1),
    ("2.1.332/scheduled_wakeup", OK, "waits", "woken by ScheduleWakeup", Some(0.0024), 2),
];

#[test]
fn every_recorded_stream_ends_as_it_really_ended() {
    let samples = samples();
    let mut wrong = Vec::new();
    for (name, bytes) in &samples {
        let Some(&(_, exit, kind, says, cost, tools)) = ROWS.iter().find(|row| row.0 == name)
        else {
            wrong.push(format!("{name} has no row"));
            continue;
        };
        let (fold, _) = told(bytes);
        let verdict = fold.verdict(exit, &[], "");
        let right_words = if says.is_empty() {
            verdict == Verdict::Done
        } else {
            verdict.detail().contains(says)
        };
        if verdict.kind() != kind || !right_words {
            wrong.push(format!("{name}: {verdict:?}"));
        }
        let micro = |dollars: f64| (dollars * 1e6).round() as i64;
        let spent = fold.spent();
        if spent.cost_usd.map(micro) != cost.map(micro) || spent.estimated != cost.is_none() {
            wrong.push(format!("{name}: {spent:?}"));
        }
        if fold.tool_calls() != tools || fold.session_id().is_none_or(|id| id.len() != 36) {
            wrong.push(format!(
                "{name}: {} tools, session {:?}",
                fold.tool_calls(),
                fold.session_id()
            ));
        }
        // A program that did not begin says nothing else of itself.
        let version = name.split('/').next();
        if !["2.1.329/resume_unknown_session", "2.1.332/config_truncated"].contains(&name.as_str())
            && (fold.version() != version || fold.model().is_none())
        {
            wrong.push(format!("{name}: version {:?}, model {:?}", fold.version(), fold.model()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(samples.len(), ROWS.len(), "a row without a sample");
}

#[test]
fn a_promised_file_is_no_end_while_the_agent_waits_to_be_woken() {
    let missing = ["findings.md".to_owned()];
    let (fold, _) = sample("2.1.332/scheduled_wakeup");
    for missing in [&[][..], &missing] {
        let verdict = fold.verdict(OK, missing, "");
        assert!(
            matches!(&verdict, Verdict::Waits { files, timer: true, .. } if files == missing),
            "{verdict:?}"
        );
    }
    // Where it is woken after all, its next result counts.
    let mut fold = fold;
    let init =
        String::from_utf8_lossy(lines(&samples()["2.1.332/scheduled_wakeup"]).next().unwrap())
            .into_owned();
    fold.line(init.as_bytes());
    assert!(
        fold.unattended().iter().any(|tool| tool == "ScheduleWakeup")
            && !fold.unattended().iter().any(|tool| tool == "Bash")
    );
    fold.line(br#"{"type":"result","subtype":"success","is_error":false,"result":"done"}"#);
    assert_eq!(fold.verdict(OK, &[], ""), Verdict::Done);
}

#[test]
fn an_answer_that_the_safety_filter_stopped_is_no_end_of_the_conversation_once_it_is_overcome() {
    let bytes = samples()["2.1.332/refusal_no_fallback"].clone();
    let mut fold = Fold::new();
    let all: Vec<&[u8]> = lines(&bytes).collect();
    for line in &all[..all.len() - 2] {
        fold.line(line);
    }
    fold.line(br#"{"type":"assistant","message":{"id":"m2","model":"claude-opus-5-5","stop_reason":"end_turn","content":[{"type":"text","text":"so be it"}]}}"#);
    fold.line(br#"{"type":"result","subtype":"success","is_error":false,"result":"done"}"#);
    assert_eq!(fold.verdict(OK, &[], ""), Verdict::Done);
    // Older versions call it a success.
    let (mut fold, _) = told(all[0]);
    fold.line(br#"{"type":"result","subtype":"success","is_error":false,"stop_reason":"refusal","result":"I cannot help"}"#);
    assert_eq!(fold.verdict(OK, &[], ""), Verdict::Done, "all is there");
    assert_eq!(fold.verdict(OK, &["report.md".to_owned()], "").kind(), "refused");
}

#[test]
fn the_reset_of_a_usage_limit_is_known_wherever_the_program_tells_it() {
    for (name, expected) in [
        ("2.0.60/usage_limit", None),
        ("2.1.120/usage_limit", Some(1_795_182_873)),
        ("2.1.329/usage_limit_5h", Some(1_795_188_967)),
        ("2.1.329/usage_limit_7d", Some(1_795_610_167)),
    ] {
        let (fold, _) = sample(name);
        let verdict = fold.verdict(BAD, &[], "");
        assert!(
            matches!(verdict, Verdict::UsageLimit { resets_at, .. } if resets_at == expected),
            "{name}: {verdict:?}"
        );
    }
    // A lost event does no harm: the failed request says it too.
    let bytes = samples()["2.1.329/usage_limit_5h"].clone();
    let mut fold = Fold::new();
    for line in
        lines(&bytes).filter(|line| !String::from_utf8_lossy(line).contains("\"rate_limit_event\""))
    {
        fold.line(line);
    }
    assert!(fold.limit().is_none());
    assert!(matches!(
        fold.verdict(BAD, &[], ""),
        Verdict::UsageLimit { resets_at: Some(1_795_188_967), .. }
    ));
}

#[test]
fn steps_of_one_session_add_up_to_what_was_spent() {
    for (version, names, total) in [
        ("2.1.329", ["step1_new_session", "step2_resumed"], 0.0068),
        ("2.1.120", ["ok", "resumed"], 0.009),
        ("2.0.60", ["ok", "resumed"], 0.0106),
    ] {
        let sum: f64 = names
            .iter()
            .map(|name| sample(&format!("{version}/{name}")).0.spent().cost_usd.unwrap())
            .sum();
        assert!((sum - total).abs() < 1e-9, "{version}: {sum}");
    }
    let second = sample("2.1.329/step2_resumed").0.spent();
    assert_eq!(
        (second.input_tokens, second.output_tokens),
        (100, 20),
        "tokens of this process alone"
    );
    assert_eq!(second.reported_total_usd, Some(0.006_800_000_000_000_000_5));
}

#[test]
fn a_killed_step_still_tells_its_tokens() {
    for name in ["2.1.329/sigkill_in_tool", "2.1.329/sigterm_in_tool", "2.0.60/sigterm_in_tool"] {
        let spent = sample(name).0.spent();
        assert_eq!((spent.input_tokens, spent.turns, spent.estimated), (100, 1, true), "{name}");
    }
    let tokens = sample("2.1.329/ok_tools").0.spent();
    assert_eq!((tokens.input_tokens, tokens.output_tokens), (1210, 150));
    assert_eq!(
        (tokens.cache_read_tokens, tokens.cache_write_tokens, tokens.turns),
        (3000, 2000, 4)
    );
    assert!(!tokens.estimated);
}

#[test]
fn what_was_promised_decides_when_the_agent_says_it_is_done() {
    let missing = ["report.md".to_owned()];
    for name in [
        "2.0.60/permission_denied",
        "2.1.120/permission_denied",
        "2.1.329/permission_denied_dontask",
    ] {
        let (fold, notices) = sample(name);
        let tool = if name.ends_with("dontask") { "Bash" } else { "Write" };
        let verdict = fold.verdict(OK, &missing, "");
        assert!(
            matches!(&verdict, Verdict::ToolsRefused { tools, .. } if tools == &[tool]),
            "{verdict:?}"
        );
        assert!(verdict.detail().contains("report.md"));
        let denied =
            notices.iter().filter(|notice| matches!(notice, Notice::Denied { .. })).count();
        assert_eq!(denied, 1, "{name}: told once");
    }
    let verdict = sample("2.1.329/ok_tools").0.verdict(OK, &missing, "");
    assert_eq!(verdict, Verdict::MissingOutput { files: missing.to_vec(), structured: false });
    // A failure stays what it is, whatever is missing.
    assert_eq!(sample("2.1.329/not_logged_in").0.verdict(BAD, &missing, "").kind(), "login");
}

#[test]
fn a_structured_answer_is_missed_only_when_it_was_asked_for() {
    for (name, present) in [("2.1.329/structured_missing", false), ("2.1.329/structured_ok", true)]
    {
        let mut fold = Fold::new().expecting_structured_output();
        for line in lines(&samples()[name]) {
            fold.line(line);
        }
        let expected = if present {
            Verdict::Done
        } else {
            Verdict::MissingOutput { files: vec![], structured: true }
        };
        assert_eq!(fold.verdict(OK, &[], ""), expected);
        assert_eq!(
            fold.structured_output().and_then(|output| output.get("score")).is_some(),
            present
        );
    }
}

#[test]
fn a_result_is_not_the_end_while_something_runs_in_the_background() {
    for name in [
        "2.1.120/background_task",
        "2.1.329/background_task_two_results",
        "2.1.329/tool_timeout_moved_to_background",
    ] {
        let bytes = samples()[name].clone();
        let mut fold = Fold::new();
        let mut seen = Vec::new();
        for line in lines(&bytes) {
            fold.line(line);
            let state = (fold.result_seen(), fold.background_tasks(), fold.is_idle());
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        // Starts it, ends the turn, is woken, ends again.
        let story = [
            (false, 0, false),
            (false, 1, false),
            (true, 1, true),
            (true, 0, true),
            (true, 0, false),
            (true, 0, true),
        ];
        assert_eq!(seen, story, "{name}");
        assert!(fold.result_text().is_some_and(|text| text == "notified" || text == "again"));
    }
}

#[test]
fn a_reader_sees_the_work_as_it_goes() {
    let (_, notices) = sample("2.1.329/ok_tools");
    let shown: Vec<String> = notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        shown,
        [
            "session ae021f81-d17a-4177-8e35-6b7b947702c6, model claude-opus-5-5, version 2.1.329",
            "I'll run a command.",
            "Bash $ echo hi-from-bash && pwd && id -un",
            "Now a file.",
            "Write report.md",
            "A failing one.",
            "Bash $ echo out; echo err >&2; exit 3",
            "Bash failed: Exit code 3 out err",
            "All done. Metric 0.93",
            "turn ended: All done. Metric 0.93",
        ]
    );
    let (_, retried) = sample("2.1.329/overloaded_then_ok");
    assert!(retried.iter().any(|notice| notice.to_string()
        == "request failed (overloaded, status 529), trying again in 2 s (2 of 10)"));
    let (_, limited) = sample("2.1.329/usage_limit_7d");
    assert!(
        limited
            .iter()
            .any(|notice| notice.to_string() == "usage limit rejected, seven_day, 60 % used")
    );
}
