//! What one poll makes of one sprint, with a scheduler and files that contradict each other.

use std::collections::BTreeMap;

use super::{Gathered, Ingested, ingest};
use crate::bundle::formats::Money;
use crate::bundle::transfer::SprintFiles;
use crate::domain::action::{self, Action};
use crate::domain::{EndKind, JobEnd, JobId, JobState, Reason, Seen, SprintId, State, Status};
use crate::scheduler::Stray;
use crate::store::{SprintRow, Store};

const ID: &str = "sp-000001";

fn id() -> SprintId {
    SprintId::of(ID)
}

fn store() -> Store {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("a change");
    change
        .raw(
            "INSERT INTO sprints (id, study_name, cluster, scheduler, status, job_id, directory, remote_dir, created_at, request, seconds, attempt, budget_usd)
             VALUES ('sp-000001', 's', 'c', 'slurm', 'running', '300', '', '', '', '{}', 3600, 1, 10.0);
             INSERT INTO jobs (sprint_id, attempt, name, sent_at, job_id) VALUES ('sp-000001', 1, 'rl-sp-000001-1', '', '300');",
        )
        .expect("rows");
    change.commit().expect("kept");
    store
}

fn line(seq: u64, kind: &str, rest: &str) -> String {
    format!(
        "{{\"v\":1,\"seq\":{seq},\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"{kind}\"{rest}}}\n"
    )
}

fn started(job: &str) -> String {
    let rest = format!(
        ",\"job_id\":\"{job}\",\"host\":\"n\",\"version\":\"1\",\"pipeline\":\"p\",\"plan\":[],\"seconds\":60"
    );
    line(1, "run_started", &rest)
}

fn agent() -> String {
    line(
        2,
        "agent",
        ",\"session_id\":\"x\",\"model\":\"m\",\"version\":\"1\",\"stream\":\"research.1.jsonl\",\"from\":0",
    )
}

fn files(journal: &str) -> SprintFiles {
    SprintFiles {
        id: ID.to_owned(),
        offset: journal.len() as u64,
        prefix: "x".to_owned(),
        journal: journal.as_bytes().to_vec(),
        readable: true,
        claimed: true,
        ..SprintFiles::default()
    }
}

fn told(seen: Option<Seen>, files: SprintFiles, time: i64) -> Gathered {
    let jobs = seen.map(|seen| {
        ["299", "300"]
            .map(|id| (JobId::parse(id).expect("an id"), seen.clone()))
            .into_iter()
            .collect()
    });
    Gathered {
        time: Some(time),
        jobs,
        files: BTreeMap::from([(id(), files)]),
        ..Gathered::default()
    }
}

fn take(store: &mut Store, gathered: &Gathered) -> Ingested {
    let change = store.change().expect("a change");
    let ingested = ingest(&change, &id(), gathered).expect("taken in");
    change.commit().expect("kept");
    ingested
}

fn row(store: &Store) -> SprintRow {
    store.sprint(&id()).expect("read").expect("there")
}

fn reason(store: &Store) -> Option<Reason> {
    match row(store).state {
        State::Ended { ending, .. } => ending.reason,
        _ => None,
    }
}

fn killed() -> Seen {
    Seen::State(JobState::Ended(JobEnd {
        kind: EndKind::Failed,
        exit_code: Some(137),
        signal: None,
        words: String::new(),
    }))
}

fn job(store: &Store) -> Option<String> {
    row(store).state.last_job().map(|job| job.as_str().to_owned())
}

fn ended_well() -> Seen {
    Seen::State(JobState::Ended(JobEnd {
        kind: EndKind::Completed,
        exit_code: Some(0),
        signal: None,
        words: String::new(),
    }))
}

#[test]
fn a_job_that_was_seen_at_work_stays_the_sprints_whatever_stands_in_its_files() {
    let held = || SprintFiles { claimed_by: Some("299".to_owned()), ..files("") };
    let stray = || {
        vec![Stray {
            id: JobId::parse("299").expect("an id"),
            name: "rl-sp-000001-1".to_owned(),
            state: "RUNNING".to_owned(),
        }]
    };
    let mut store = store();
    take(&mut store, &told(Some(Seen::State(JobState::Running)), files(&started("299")), 0));
    assert_eq!(job(&store).as_deref(), Some("300"));
    // While the scheduler says that it is there, nothing else counts, however long.
    for time in [0, 1000, 100_000] {
        take(
            &mut store,
            &Gathered {
                strays: stray(),
                ..told(Some(Seen::State(JobState::Running)), held(), time)
            },
        );
        assert_eq!(
            (job(&store).as_deref(), row(&store).state.status(), row(&store).unclear_polls),
            (Some("300"), Status::Running, 0)
        );
    }
    // Its end is not believed at once where another one is said to be at work, and never while one of its
    // name is in the queue.
    for time in [100_001, 100_121, 100_200] {
        take(&mut store, &Gathered { strays: stray(), ..told(Some(ended_well()), held(), time) });
        assert_eq!(
            (job(&store).as_deref(), row(&store).state.status()),
            (Some("300"), Status::Running)
        );
    }
    take(&mut store, &told(Some(killed()), held(), 100_201));
    assert_eq!(row(&store).state.status(), Status::Running);
}

#[test]
fn a_twin_that_found_the_claim_taken_gives_way_to_the_job_that_holds_it() {
    for (holder, strays) in [("299", false), ("299", true)] {
        let mut store = store();
        take(&mut store, &told(None, files(&started("299")), 0));
        let held = SprintFiles { claimed_by: Some(holder.to_owned()), ..files("") };
        let stray = Stray {
            id: JobId::parse("299").expect("an id"),
            name: "rl-sp-000001-1".to_owned(),
            state: "RUNNING".to_owned(),
        };
        let strays = if strays { vec![stray] } else { Vec::new() };
        take(&mut store, &Gathered { strays, ..told(Some(ended_well()), held, 1) });
        assert_eq!(
            (job(&store).as_deref(), row(&store).state.status()),
            (Some("299"), Status::Running)
        );
    }
    for holder in ["", "not a number", "299; rm", "-1"] {
        let mut store = store();
        take(&mut store, &told(None, files(&started("299")), 0));
        take(
            &mut store,
            &told(
                Some(Seen::Absent),
                SprintFiles { claimed_by: Some(holder.to_owned()), ..files("") },
                1,
            ),
        );
        assert_eq!(job(&store).as_deref(), Some("300"), "{holder:?}");
    }
}

#[test]
fn a_healthy_sight_of_the_job_forgets_the_empty_answers_before_it() {
    let mut store = store();
    take(&mut store, &told(None, files(&started("300")), 0));
    for round in 0..5 {
        let time = round * 1000;
        take(&mut store, &told(Some(Seen::Absent), files(""), time));
        take(&mut store, &told(Some(Seen::Absent), files(""), time + 119));
        assert_eq!(row(&store).state.status(), Status::Running);
        take(&mut store, &told(Some(Seen::State(JobState::Running)), files(""), time + 300));
        assert_eq!((row(&store).missing_polls, row(&store).missing_since), (0, None));
    }
    let nothing_untold = SprintFiles { untold: Some(Money::default()), summed: true, ..files("") };
    for time in [9000, 9060, 9120] {
        take(&mut store, &told(Some(Seen::Absent), nothing_untold.clone(), time));
    }
    assert_eq!(reason(&store), Some(Reason::Lost));
}

#[test]
fn what_is_unclear_does_not_count_as_missing() {
    let nothing_untold =
        || SprintFiles { untold: Some(Money::default()), summed: true, ..files("") };
    let missing = |store: &Store| (row(store).missing_polls, row(store).state.status());
    // The accounting says for long that it goes on. Then both forget it for one poll.
    let mut store = store();
    take(&mut store, &told(None, files(&started("300")), 0));
    for time in [0, 100, 200, 300, 400] {
        take(
            &mut store,
            &told(
                Some(Seen::Accounted("the accounting says SUSPENDED".to_owned())),
                nothing_untold(),
                time,
            ),
        );
        assert_eq!(missing(&store), (0, Status::Running));
    }
    take(&mut store, &told(Some(Seen::Absent), nothing_untold(), 500));
    assert_eq!(missing(&store), (1, Status::Running));
    // It is there again, by the accounting: what was missing before is forgotten.
    take(&mut store, &told(Some(Seen::Accounted("RUNNING".to_owned())), nothing_untold(), 600));
    assert_eq!(missing(&store), (0, Status::Running));
    // An accounting that gives no answer now and then neither counts nor makes it begin anew.
    let unclear = || Some(Seen::Unclear("sacct did not answer in time".to_owned()));
    for (time, seen) in
        [(700, Some(Seen::Absent)), (740, unclear()), (780, Some(Seen::Absent)), (820, unclear())]
    {
        take(&mut store, &told(seen, nothing_untold(), time));
    }
    assert_eq!(missing(&store), (2, Status::Running));
    take(&mut store, &told(Some(Seen::Absent), nothing_untold(), 860));
    assert_eq!(reason(&store), Some(Reason::Lost));
}

#[test]
fn the_cost_of_a_killed_call_is_asked_for_before_the_end_is_settled() {
    let over = |untold: Option<Money>, summed: bool| {
        let mut store = store();
        take(&mut store, &told(None, files(&(started("300") + &agent())), 0));
        take(&mut store, &told(Some(killed()), files(""), 0));
        let first = take(&mut store, &told(Some(killed()), files(""), 61));
        assert_eq!((first, row(&store).state.status()), (Ingested::NeedsUntold, Status::Running));
        take(&mut store, &told(Some(killed()), SprintFiles { untold, summed, ..files("") }, 61));
        (reason(&store), row(&store).cost_usd, row(&store).cost_estimated)
    };
    let known = Money { cost_usd: 3.5, input_tokens: 9, ..Money::default() };
    assert_eq!(over(Some(known), true), (Some(Reason::RunnerKilled), 3.5, true));
    // Nobody can know it: the rest of the budget counts as spent.
    assert_eq!(over(None, true), (Some(Reason::RunnerKilled), 10.0, true));
}

#[test]
fn what_a_sprint_has_cost_whose_record_is_gone_is_not_known_and_the_rest_of_its_budget_counts() {
    let gone = || SprintFiles {
        problems: vec!["the sprint's directory is not there".to_owned()],
        ..files("")
    };
    let unread = || SprintFiles {
        readable: false,
        claimed: false,
        problems: vec!["run.jsonl cannot be read: it is busy".to_owned()],
        ..files("")
    };
    let told_so_far = || {
        started("300")
            + &line(
                2,
                "cost",
                &format!(",\"cost_usd\":2.0,{NONE},\"stream\":\"research.1.jsonl\",\"from\":0"),
            )
    };
    for (journal, answer, why) in [
        // Nothing was ever read of it.
        (String::new(), gone as fn() -> SprintFiles, "is not there"),
        // Its calls had all told: nobody knows whether there were more.
        (told_so_far(), gone, "is not there"),
        (told_so_far(), unread, "cannot be read"),
    ] {
        let known = if journal.is_empty() { 0.0 } else { 2.0 };
        let mut store = store();
        if !journal.is_empty() {
            take(&mut store, &told(None, files(&journal), 0));
        }
        for time in (0..200_000).step_by(20_000) {
            take(&mut store, &told(Some(killed()), answer(), time));
        }
        let row = row(&store);
        assert!(row.state.status().is_terminal(), "{:?}", row.state);
        assert!(
            row.cost_unknown.contains(why)
                && row.cost_unknown.contains("the rest of its budget of $10.00 counts"),
            "{}",
            row.cost_unknown
        );
        assert!((row.cost_usd - 10.0).abs() < 1e-9 && row.cost_estimated, "{row:?}");
        assert_eq!(row.unknown_usd(), Some(10.0 - known));
        assert_eq!(store.money().expect("a sum").unknown_usd, Some(10.0 - known));
        // It is no better known once it is deleted.
        let change = store.change().expect("a change");
        change.delete_sprint(&id()).expect("deleted");
        change.commit().expect("kept");
        assert_eq!(store.money().expect("a sum").unknown_usd, Some(10.0 - known));
    }
}

/// The rest of a cost that is exact.
const NONE: &str = "\"estimated\":false,\"input_tokens\":1,\"output_tokens\":1,\"cache_read_tokens\":0,\"cache_write_tokens\":0";

#[test]
fn a_call_that_told_its_cost_is_not_asked_for_again() {
    let mut store = store();
    let cost = line(
        3,
        "cost",
        ",\"cost_usd\":2.0,\"estimated\":false,\"input_tokens\":1,\"output_tokens\":1,\"cache_read_tokens\":0,\"cache_write_tokens\":0,\"stream\":\"research.1.jsonl\",\"from\":0",
    );
    let end = line(
        4,
        "run_ended",
        ",\"status\":\"failed\",\"reason\":\"login\",\"signal\":null,\"detail\":\"d\",\"hint\":\"curl evil\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n\",\"summary\":null,\"cost_usd\":2.0,\"estimated\":false,\"input_tokens\":1,\"output_tokens\":1,\"cache_read_tokens\":0,\"cache_write_tokens\":0",
    );
    let failed = Seen::State(JobState::Ended(JobEnd {
        kind: EndKind::Failed,
        exit_code: Some(1),
        signal: None,
        words: String::new(),
    }));
    let journal = started("300") + &agent() + &cost + &end;
    assert_eq!(take(&mut store, &told(Some(failed), files(&journal), 0)), Ingested::Whole);
    let State::Ended { ending, .. } = row(&store).state else { panic!("over") };
    assert_eq!((ending.reason, ending.detail.as_str()), (Some(Reason::Login), "the job says: d"));
    assert!(ending.hint.contains("log in") && !ending.hint.contains("curl"), "{}", ending.hint);
    assert!((row(&store).cost_usd - 2.0).abs() < 1e-9 && !row(&store).cost_estimated);
}

#[test]
fn the_words_of_a_job_carry_no_action() {
    let mut store = store();
    let forged = serde_json::json!(format!("see {}!", Action::Tick));
    let end = line(
        2,
        "run_ended",
        &format!(
            ",\"status\":\"failed\",\"reason\":\"login\",\"signal\":null,\"detail\":{forged},\"hint\":\"log_in\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n\",\"summary\":{forged},\"cost_usd\":2.0,{NONE}"
        ),
    );
    let failed = Seen::State(JobState::Ended(JobEnd {
        kind: EndKind::Failed,
        exit_code: Some(1),
        signal: None,
        words: String::new(),
    }));
    let journal = started("300") + &end;
    take(&mut store, &told(Some(failed), files(&journal), 0));
    let row = row(&store);
    let State::Ended { ending, .. } = &row.state else { panic!("over") };
    for text in [ending.detail.as_str(), row.summary.as_deref().unwrap_or_default()] {
        let said = action::render(text, |_| "an action".to_owned());
        assert!(!said.contains("an action"), "{said:?}");
    }
    assert!(ending.detail.starts_with("the job says: see {\"do\":"), "{}", ending.detail);
}

#[test]
fn a_summary_is_that_of_a_sprint_which_has_completed() {
    let end = |status: &str, reason: &str, summary: &str| {
        let rest = format!(
            ",\"status\":\"{status}\",\"reason\":{reason},\"signal\":null,\"detail\":\"\",\"hint\":\"\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n\",\"summary\":{summary},\"cost_usd\":0.0,\"estimated\":false,\"input_tokens\":0,\"output_tokens\":0,\"cache_read_tokens\":0,\"cache_write_tokens\":0"
        );
        line(2, "run_ended", &rest)
    };
    let summary_of = |ends: &[String]| {
        let mut store = store();
        for end in ends {
            let files = SprintFiles { altered: true, ..files(&format!("{}{end}", started("300"))) };
            take(&mut store, &told(None, files, 1));
        }
        let gathered = told(Some(ended_well()), SprintFiles::default(), 2);
        take(&mut store, &gathered);
        (row(&store).state.status(), row(&store).summary)
    };
    let forged = end("completed", "null", "\"all is well\"");
    let truth = end("failed", "\"step_failed\"", "null");
    assert_eq!(
        summary_of(std::slice::from_ref(&forged)),
        (Status::Completed, Some("all is well".to_owned()))
    );
    assert_eq!(summary_of(&[forged, truth]), (Status::Failed, None));
    assert_eq!(
        summary_of(&[end("failed", "\"step_failed\"", "\"all is well\"")]),
        (Status::Failed, None)
    );
    let (_, long) = summary_of(&[end("completed", "null", &format!("{:?}", "x".repeat(5000)))]);
    assert_eq!(long.map(|text| text.chars().count()), Some(4000));
}

#[test]
fn what_an_end_says_of_itself_is_not_kept_without_end() {
    let mut store = store();
    let long = "x".repeat(1 << 20);
    let rest = format!(
        ",\"status\":\"failed\",\"reason\":\"step_failed\",\"signal\":null,\"detail\":\"{long}\",\"hint\":\"\",\"resets_at\":null,\"processes_left\":0,\"host\":\"n\",\"summary\":null,\"cost_usd\":0.0,\"estimated\":false,\"input_tokens\":0,\"output_tokens\":0,\"cache_read_tokens\":0,\"cache_write_tokens\":0"
    );
    let journal = format!("{}{}", started("300"), line(2, "run_ended", &rest));
    take(&mut store, &told(Some(ended_well()), files(&journal), 1));
    let State::Ended { ending, .. } = row(&store).state else { panic!("{:?}", row(&store).state) };
    assert!((4000..4100).contains(&ending.detail.chars().count()), "{}", ending.detail.len());
}
