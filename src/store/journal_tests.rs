//! What of a journal is kept, and what is made of it.

use super::*;
use crate::bundle::journal::{Entry, parse};
use crate::domain::open_issues::OpenIssues;
use crate::domain::{JobId, Masker, SprintId};
use crate::store::NewSprint;

fn id() -> SprintId {
    SprintId::of("sp-000001")
}

/// A database with one sprint, which nobody has submitted.
fn made() -> Store {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    assert!(change.create_sprint(&NewSprint::example(&id())).expect("made"));
    change.commit().expect("kept");
    store
}

fn line(seq: u64, kind: &str, more: &str) -> Line {
    let text = format!(
        r#"{{"v":1,"seq":{seq},"time":"2026-01-02T03:04:05Z","incarnation":1,"kind":"{kind}"{more}}}"#
    );
    parse(text.as_bytes()).0.remove(0)
}

#[test]
fn of_a_talkative_journal_what_decides_is_kept() {
    let mut store = made();
    let change = store.change().expect("begun");
    let mut seq = 0;
    let mut kept = |offset: u64, kind: &str, text: usize, times: usize| {
        let text = "x".repeat(text);
        let lines: Vec<_> = (0..times)
            .map(|_| {
                seq += 1;
                line(seq, kind, &format!(r#","text":"{text}""#))
            })
            .collect();
        change
            .ingest(
                &id(),
                &JournalPiece { lines: &lines, offset, prefix: "x", altered: false, whole: false },
            )
            .expect("taken in")
            .new_lines
    };
    for (offset, kind, is_kept) in [
        (1 << 20, "said", true),
        (1 << 20, "a_new_kind", true),
        (9 << 20, "said", false),
        (9 << 20, "tool", false),
        (9 << 20, "a_new_kind", false),
        (9 << 20, "cost", true),
        (9 << 20, "suspended", true),
        (9 << 20, "none_left", true),
        (33 << 20, "suspended", false),
        (33 << 20, "cost", false),
        (200 << 20, "step_ended", true),
        (200 << 20, "run_ended", true),
    ] {
        assert_eq!(kept(offset, kind, 10, 1) == 1, is_kept, "{kind} at {offset}");
    }
    assert_eq!(kept(1 << 20, "said", 100_000, 1), 0, "one that is too long");
    // However much of it there is, the database has an end.
    let many: usize = (0..10).map(|_| kept(200 << 20, "step_started", 1 << 20, 10)).sum();
    assert!((60..65).contains(&many), "{many} MiB");
}

#[test]
fn the_session_of_a_sprint_is_the_one_that_the_run_goes_on_with() {
    let mut store = made();
    let change = store.change().expect("begun");
    let known = |seq: u64, session: &str, more: &str| {
        let lines = [line(
            seq,
            "agent",
            &format!(r#","session_id":"{session}","model":"m","version":"1"{more}"#),
        )];
        change
            .ingest(
                &id(),
                &JournalPiece {
                    lines: &lines,
                    offset: seq,
                    prefix: "x",
                    altered: false,
                    whole: false,
                },
            )
            .expect("taken in");
        change.sprint(&id()).expect("read").and_then(|row| row.session_id).unwrap_or_default()
    };
    assert_eq!(known(1, "own-1", r#","aside":true"#), "own-1", "better than none");
    assert_eq!(known(2, "shared", ""), "shared");
    assert_eq!(known(3, "own-2", r#","aside":true"#), "shared");
    assert_eq!(known(4, "anew", ""), "anew");
}

#[test]
fn a_time_at_the_end_of_all_times_is_a_time() {
    let mut store = made();
    let change = store.change().expect("begun");
    for time in ["9999-12-30T21:59:59.9Z", "-009999-01-02T01:59:59Z"] {
        let more = r#","job_id":"7","host":"n","version":"0","pipeline":"p","plan":[],"seconds":18446744073709551615"#;
        let mut line = line(1, "run_started", more);
        line.time = time.parse().expect("a time");
        assert!(matches!(line.entry(), Some(Entry::RunStarted { .. })));
        change
            .ingest(
                &id(),
                &JournalPiece {
                    lines: &[line],
                    offset: 1,
                    prefix: "x",
                    altered: false,
                    whole: false,
                },
            )
            .expect("taken in");
    }
}

const MONEY: &str = r#","cost_usd":0.5,"estimated":false,"input_tokens":1,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0"#;

fn of_step(seq: u64, step: &str, kind: &str, more: &str) -> Line {
    line(seq, kind, &format!(r#","step":"{step}","visit":1{more}"#))
}

fn began(seq: u64, step: &str) -> Line {
    of_step(seq, step, "step_started", &format!(r#","title":"{step}","resumed":false"#))
}

fn ended(seq: u64, step: &str, verdict: &str, detail: &str) -> Line {
    let more = format!(r#","verdict":"{verdict}","detail":"{detail}","seconds":60{MONEY}"#);
    of_step(seq, step, "step_ended", &more)
}

fn agent(seq: u64, session: &str) -> Line {
    line(seq, "agent", &format!(r#","session_id":"{session}","model":"m","version":"1""#))
}

/// What the runner has written by then: its second review found something.
fn truth() -> Vec<Line> {
    vec![
        line(
            1,
            "run_started",
            r#","job_id":"7","host":"node-1","version":"1","pipeline":"p","plan":[["research","Research"],["red_team_round_2","Review"]],"seconds":60"#,
        ),
        began(2, "research"),
        agent(3, "true-session"),
        ended(4, "research", "yes", ""),
        began(5, "red_team_round_2"),
        ended(6, "red_team_round_2", "no", "2 critical issues"),
    ]
}

/// A sprint whose job runs.
fn at_work() -> Store {
    let mut store = made();
    let change = store.change().expect("begun");
    change.begin_submission(&id(), "").expect("begun").expect("can be submitted");
    let job = JobId::parse("7").expect("digits");
    change.accept(&id(), 1, &job, "/d").expect("taken");
    change.set_job_seconds(&id(), 1, 3600).expect("kept");
    change.commit().expect("kept");
    store
}

fn take(store: &mut Store, lines: &[Line], offset: u64, whole: bool) -> Ingested {
    let change = store.change().expect("begun");
    let piece = JournalPiece { lines, offset, prefix: "x", altered: false, whole };
    let ingested = change.ingest(&id(), &piece).expect("taken in");
    change.commit().expect("kept");
    ingested
}

/// What the last review has against the sprint, as soon as it has completed.
fn open_once_it_is_over(store: &Store) -> Option<OpenIssues> {
    let set = |status: &str| {
        store.connection.execute("UPDATE sprints SET status = ?1", [status]).expect("set");
    };
    set("completed");
    let open = store.open_issues(&id()).expect("read");
    set("running");
    open
}

/// What a user is shown of a sprint that follows from its lines.
fn shown(store: &Store) -> String {
    let row = store.sprint(&id()).expect("read").expect("there");
    let started: Vec<(Option<String>, i64)> = store
        .connection
        .prepare("SELECT started_at, earlier_seconds FROM jobs")
        .expect("a query")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows");
    format!(
        "{:#?}",
        (
            store.steps(&id()).expect("read"),
            open_once_it_is_over(store),
            (row.host, row.session_id, row.resets_at, row.started_at),
            row.state.phase(),
            started,
        )
    )
}

#[test]
fn nothing_stays_of_lines_that_the_runner_has_taken_back() {
    let mut honest = at_work();
    take(&mut honest, &truth(), 1, true);
    let expected = shown(&honest);
    let open = open_once_it_is_over(&honest).expect("something is open");
    assert_eq!((&*open.step, open.count), ("red_team_round_2", Some(2)));

    let late = |mut line: Line, minutes: i64| {
        line.time += jiff::SignedDuration::from_mins(minutes);
        line
    };
    let forged = [
        truth(),
        vec![
            began(7, "red_team_round_9"),
            ended(8, "red_team_round_9", "yes", ""),
            ended(9, "research", "error", "forged"),
            agent(10, "another-session"),
            late(line(11, "suspended", r#","seconds":3000"#), 60),
            line(12, "run_ended", &format!(r#","status":"failed","reason":"usage_limit","signal":null,"detail":"","hint":"","resets_at":1800000000,"processes_left":0,"host":"node-9","summary":null{MONEY}"#)),
            began(13, "forged"),
        ],
    ]
    .concat();
    let mut store = at_work();
    take(&mut store, &forged, 1, true);
    assert_eq!(open_once_it_is_over(&store), None, "as long as it is believed");
    assert_eq!(take(&mut store, &truth(), 1, true).contradictions, 7);
    assert_eq!(shown(&store), expected);

    // The same when the runner has gone on, so that its lines stand in the place of the others.
    let on = [truth(), vec![began(7, "fix"), ended(8, "fix", "yes", "")]].concat();
    take(&mut honest, &on, 1, true);
    let mut store = at_work();
    take(&mut store, &forged, 1, true);
    take(&mut store, &on, 1, true);
    assert_eq!(shown(&store), shown(&honest));
    // And when it comes in two pieces.
    let mut store = at_work();
    take(&mut store, &forged, 1, true);
    take(&mut store, &on[..3], 1, true);
    take(&mut store, &on[3..], 2, false);
    assert_eq!(shown(&store), shown(&honest));
}

#[test]
fn a_line_that_is_not_kept_takes_the_place_of_another_one_all_the_same() {
    let far = 9 << 20;
    let mut store = at_work();
    take(&mut store, &truth(), 1, true);
    let expected = shown(&store);
    take(&mut store, &[ended(7, "red_team_round_2", "yes", "")], far, false);
    assert_eq!(open_once_it_is_over(&store), None, "as long as it is believed");
    // What stands there is talk behind the place up to which talk is kept.
    let said = line(7, "said", r#","text":"x""#);
    assert_eq!(take(&mut store, std::slice::from_ref(&said), far, false).contradictions, 1);
    assert_eq!(shown(&store), expected);
    assert_eq!(take(&mut store, &[said], far, false), Ingested::default());
}

#[test]
fn the_steps_of_a_long_journal_stay_when_a_line_of_it_was_altered() {
    let mut store = at_work();
    take(&mut store, &truth(), 1, true);
    for seq in 7..57 {
        take(&mut store, &[began(seq, &format!("step_{seq}"))], seq << 22, false);
    }
    let count = |store: &Store| store.steps(&id()).expect("read").len();
    assert_eq!(count(&store), 52);
    assert_eq!(take(&mut store, &[began(20, "another")], 20 << 22, false).contradictions, 1);
    assert_eq!(count(&store), 52);
}

#[test]
fn that_no_idea_is_left_counts_as_long_as_the_line_stands() {
    let mut store = at_work();
    let none_left = |store: &mut Store| {
        store.change().expect("begun").none_left(&id()).expect("read").is_some()
    };
    let forged = [truth(), vec![line(7, "none_left", r#","why":"none""#)]].concat();
    take(&mut store, &forged, 1, true);
    assert!(none_left(&mut store));
    take(&mut store, &truth(), 1, true);
    assert!(!none_left(&mut store));
}

#[test]
fn behind_much_talk_a_job_that_stood_still_and_one_without_ideas_are_heard() {
    let mut store = at_work();
    take(&mut store, &truth(), 1, true);
    let mut stood = line(7, "suspended", r#","seconds":120"#);
    stood.time += jiff::SignedDuration::from_mins(10);
    let none_left = line(8, "none_left", r#","why":"none""#);
    let mut last = line(9, "signal", r#","name":"TERM""#);
    last.time = stood.time;
    take(&mut store, &[stood, none_left, last], 9 << 20, false);
    let spent = store.money_of_sprint(&id()).expect("a sum");
    assert_eq!(spent.wall_seconds, 8 * 60);
    let why = store.change().expect("begun").none_left(&id()).expect("read");
    assert_eq!(why.as_deref(), Some("none"));
}

#[test]
fn no_field_of_a_journal_is_longer_than_anybody_would_write_it() {
    let mut store = at_work();
    let long = "x".repeat(1 << 20);
    take(&mut store, &truth(), 1, true);
    let lines = [
        line(
            7,
            "run_started",
            &format!(
                r#","job_id":"7","host":"{long}","version":"1","pipeline":"p","plan":[["later","{long}"]],"seconds":60"#
            ),
        ),
        of_step(8, "fix", "step_started", &format!(r#","title":"{long}","resumed":false"#)),
        ended(9, "fix", &long, &long),
        line(
            10,
            "run_ended",
            &format!(
                r#","status":"failed","reason":"step_failed","signal":"{long}","detail":"{long}","hint":"{long}","resets_at":null,"processes_left":0,"host":"{long}","summary":"{long}"{MONEY}"#
            ),
        ),
    ];
    take(&mut store, &lines, 2, false);
    let row = store.sprint(&id()).expect("read").expect("there");
    let steps = store.steps(&id()).expect("read");
    let longest = steps
        .iter()
        .flat_map(|step| [step.title.len(), step.detail.len(), step.state.as_str().len()])
        .chain([row.host.map_or(0, |host| host.len()), row.summary.map_or(0, |text| text.len())])
        .max();
    assert!(longest < Some(5000), "{longest:?}");
}

#[test]
fn a_step_that_has_ended_neither_runs_nor_waits() {
    for word in ["running", "waiting", " running "] {
        let mut store = at_work();
        take(&mut store, &truth(), 1, true);
        take(&mut store, &[ended(7, "red_team_round_2", word, "")], 2, false);
        let steps = store.steps(&id()).expect("read");
        let step = steps.iter().find(|step| step.label == "red_team_round_2").expect("there");
        assert_eq!((step.state.as_str(), step.ended_at.is_some()), ("interrupted", true), "{word}");
        let open = open_once_it_is_over(&store).expect("something is open");
        assert_eq!(open.text, "the last review was not finished");
    }
}

#[test]
fn what_was_spent_since_a_time_is_what_the_sprint_has_cost_since() {
    let costs = |usd: f64| MONEY.replace("0.5", &format!("{usd:?}"));
    let cost = |seq: u64, usd: f64| of_step(seq, "research", "cost", &costs(usd));
    let end = |seq: u64, usd: f64| {
        let more = format!(r#","verdict":"yes","detail":"","seconds":60{}"#, costs(usd));
        of_step(seq, "research", "step_ended", &more)
    };
    let run = || truth()[0].clone();
    let check = |lines: &[Line], expected: f64| {
        let mut store = at_work();
        // In two pieces, as polls bring it.
        take(&mut store, &lines[..2], 1, true);
        take(&mut store, &lines[2..], 2, false);
        let sprint = store.money_of_sprint(&id()).expect("a sum").cost_usd;
        let since: jiff::Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let today = store.spent_since(since).expect("a sum")[0].1.cost_usd;
        assert!((sprint - expected).abs() < 1e-9, "{sprint} of the sprint");
        assert!((today - expected).abs() < 1e-9, "{today} of today");
    };
    check(&[run(), began(2, "research"), cost(3, 1.0), cost(4, 2.0), end(5, 3.0)], 3.0);
    // It is at work, or its runner was killed.
    check(&[run(), began(2, "research"), cost(3, 1.0), cost(4, 2.0)], 3.0);
    // Its end tells of more than its calls, or of less.
    check(&[run(), began(2, "research"), cost(3, 1.0), end(4, 3.5)], 3.5);
    check(&[run(), began(2, "research"), cost(3, 4.0), end(4, 3.5)], 4.0);
    // Nothing is earned.
    check(&[run(), began(2, "research"), end(3, -50.0), began(4, "research"), end(5, 2.0)], 2.0);
}

#[test]
fn what_a_deleted_sprint_has_cost_today_still_counts_today() {
    let mut store = at_work();
    let costs = MONEY.replace("0.5", "3.0");
    let lines = [truth()[0].clone(), began(2, "research"), of_step(3, "research", "cost", &costs)];
    take(&mut store, &lines, 1, true);
    let since: jiff::Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
    let end = "UPDATE sprints SET status = 'completed', completed_at = '2026-01-02T03:04:05Z'";
    store.connection.execute(end, []).expect("ended");
    let before = store.spent_since(since).expect("a sum")[0].1.cost_usd;
    let change = store.change().expect("a change");
    change.delete_sprint(&id()).expect("deleted");
    change.commit().expect("kept");
    let after = store.spent_since(since).expect("a sum")[0].1.cost_usd;
    assert!((before - after).abs() < 1e-9 && before >= 3.0, "{before}, then {after}");
}

#[test]
fn what_no_step_can_have_cost_is_marked() {
    let mut store = at_work();
    take(&mut store, &truth(), 1, true);
    let more =
        format!(r#","verdict":"yes","detail":"","seconds":60{}"#, MONEY.replace("0.5", "-50.0"));
    take(&mut store, &[of_step(7, "research", "step_ended", &more)], 2, false);
    assert!(store.steps(&id()).expect("read")[0].cost_estimated);
}

#[test]
fn lines_have_the_same_limits_and_masks_whichever_way_they_come() {
    let masker = Masker::new([("TOKEN", "hunter2hunter2")]);
    let text = |lines: &[Line]| -> Vec<u8> {
        lines.iter().flat_map(|line| (text_of(line) + "\n").into_bytes()).collect()
    };
    let secret = line(7, "said", r#","text":"it is hunter2hunter2""#);
    let mut of_the_future = line(8, "said", r#","text":"x""#);
    of_the_future.incarnation = 1_000_000;
    let long = line(8, "said", &format!(r#","text":"{}""#, "x".repeat(100_000)));

    let mut by_file = at_work();
    let all = [truth(), vec![secret, of_the_future, long]].concat();
    let (taken, skipped) = journal::take(&text(&all), Default::default(), &masker);
    assert_eq!(skipped, 1);
    take(&mut by_file, &taken, 1 << 20, true);
    let mut by_lines = at_work();
    let change = by_lines.change().expect("begun");
    let reached = change.append_lines(&id(), &text(&all), &masker).expect("taken in");
    change.commit().expect("kept");

    assert_eq!(reached, 7);
    let journal = |store: &Store| store.journal_after(&id(), 0, 100).expect("read");
    assert_eq!(journal(&by_lines), journal(&by_file));
    assert_eq!(journal(&by_lines).last().map(|line| &line.body["text"]), Some(&"it is ***".into()));
    assert_eq!(shown(&by_lines), shown(&by_file));
}

#[test]
fn idle_gpus_that_are_paid_for_are_told_once() {
    for (gpus, told) in [(Some(2), 1), (None, 1), (Some(0), 0)] {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("begun");
        let known = id();
        let sprint = NewSprint { gpus, ..NewSprint::example(&known) };
        assert!(change.create_sprint(&sprint).expect("made"));
        let lines: Vec<Line> =
            [(1, ""), (2, r#","idle_too_long":true"#), (3, r#","idle_too_long":true"#)]
                .map(|(seq, more)| {
                    line(seq, "gpus", &format!(r#","gpus":[],"idle_seconds":2000{more}"#))
                })
                .into();
        let piece =
            JournalPiece { lines: &lines, offset: 10, prefix: "x", altered: false, whole: true };
        change.ingest(&id(), &piece).expect("taken in");
        let mut notices = Vec::new();
        while let Some(notice) = change.claim_notice("c").expect("asked") {
            notices.push(notice);
        }
        assert_eq!(notices.len(), told, "{gpus:?}: {notices:?}");
        if let Some(notice) = notices.first() {
            let text = format!("{notice:?}");
            assert!(text.contains("gpus_idle") && text.contains("been idle for 33m20s"), "{text}");
        }
    }
}
