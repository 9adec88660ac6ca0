//! Tasks in the database: claims, ends, retries, and what the graph makes of them.

use super::{NewTask, TaskError};
use crate::domain::transition::Event;
use crate::domain::{
    Condition, Ending, LoopId, NeedState, Reason, SprintId, TaskId, TaskState, TaskStatus, Verdict,
};
use crate::platform::clock;
use crate::store::{Change, NewSprint, Store, TaskEdit};

fn add(change: &Change<'_>, needs: &[(&TaskId, Condition)], parent: Option<&TaskId>) -> TaskId {
    let needs: Vec<(TaskId, Condition)> =
        needs.iter().map(|(id, condition)| ((*id).clone(), *condition)).collect();
    change.add_task(&NewTask::new("s", "an idea", "person"), &needs, parent).expect("added").id
}

fn state(change: &Change<'_>, id: &TaskId) -> TaskState {
    change.task(id).expect("asked").expect("there").state
}

/// A sprint that works on this task.
fn sprint(change: &Change<'_>, number: u32, task: &TaskId, loop_id: Option<&LoopId>) -> SprintId {
    let id = SprintId::of(&format!("sp-{number:06x}"));
    let new = NewSprint { task: Some(task), loop_id, ..NewSprint::example(&id) };
    assert!(change.create_sprint(&new).expect("made"));
    change.claim_for_sprint(task, &id).expect("claimed");
    id
}

fn end(change: &Change<'_>, sprint: &SprintId, ending: Ending) {
    change.apply(sprint, Event::Over(ending)).expect("applied").expect("a change");
}

fn find(change: &Change<'_>, sprint: &SprintId, verdict: &str) {
    change
        .transaction
        .execute("INSERT INTO findings (sprint_id, study_name, verdict, statement) VALUES (?1, 's', ?2, 'so it is')", (sprint, verdict))
        .expect("written");
}

fn count(change: &Change<'_>, sql: &str) -> i64 {
    change.transaction.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn the_view_of_needs_is_the_table_of_the_domain() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let verdicts =
        [None, Some(Verdict::Supported), Some(Verdict::Refuted), Some(Verdict::Inconclusive)];
    for status in TaskStatus::ALL {
        for verdict in verdicts {
            for condition in Condition::ALL {
                let needed = add(&change, &[], None);
                let task = add(&change, &[(&needed, *condition)], None);
                let verdict_word = verdict.map(Verdict::as_str);
                change
                    .transaction
                    .execute(
                        "UPDATE tasks SET status = ?2, verdict = ?3 WHERE id = ?1",
                        (&needed, status.as_str(), verdict_word),
                    )
                    .expect("set");
                let found: String = change
                    .transaction
                    .query_row("SELECT state FROM need_states WHERE task = ?1", [&task], |row| {
                        row.get(0)
                    })
                    .expect("a need");
                let expected = crate::domain::task::need_state(*status, verdict, *condition);
                assert_eq!(
                    NeedState::parse(&found),
                    Some(expected),
                    "{status} {verdict:?} {condition}"
                );
                change.transaction.execute("DELETE FROM tasks", []).expect("emptied");
            }
        }
    }
}

#[test]
fn a_claim_that_has_expired_is_refused_whether_it_was_retaken_or_not() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let id = add(&change, &[], None);
    let first = change.claim_task(&id, "ann", 1800).expect("claimed").claim_token;
    assert!(matches!(change.claim_task(&id, "bob", 1800), Err(TaskError::NotNow(_))));
    assert!(
        matches!(change.finish_task(&id, None, None, ""), Err(TaskError::NotNow(_))),
        "without the token"
    );
    let expire = || {
        change
            .transaction
            .execute("UPDATE tasks SET claim_until = unixepoch() - 1", [])
            .expect("expired")
    };
    expire();
    assert_eq!(state(&change, &id), TaskState::Ready);
    let second = change.claim_task(&id, "bob", 1800).expect("claimed").claim_token;
    assert!(second > first);
    for late in [
        change.finish_task(&id, Some(first), None, "").map(drop),
        change.fail_task(&id, Some(first), "x").map(drop),
        change.heartbeat_task(&id, first, 60).map(drop),
        change.release_task(&id, Some(first)).map(drop),
    ] {
        assert!(
            matches!(&late, Err(TaskError::Stale(refusal)) if refusal.what.contains("stale") && refusal.what.contains("bob")),
            "{late:?}"
        );
    }
    assert!(matches!(change.finish_task(&id, Some(99), None, ""), Err(TaskError::Stale(_))));
    expire();
    for late in [
        change.finish_task(&id, Some(second), None, "").map(drop),
        change.fail_task(&id, Some(second), "x").map(drop),
        change.heartbeat_task(&id, second, 60).map(drop),
        change.release_task(&id, Some(second)).map(drop),
    ] {
        assert!(
            matches!(&late, Err(TaskError::Stale(refusal)) if refusal.what.contains("expired")),
            "{late:?}"
        );
    }
    let second = change.claim_task(&id, "bob", 1800).expect("claimed again").claim_token;
    let done =
        change.finish_task(&id, Some(second), Some(Verdict::Refuted), "seen").expect("in time");
    assert_eq!(
        (done.state, done.verdict, done.detail.as_str(), done.claimed_by),
        (TaskState::Done, Some(Verdict::Refuted), "seen", None)
    );
    assert!(
        matches!(change.finish_task(&id, Some(second), None, ""), Err(TaskError::Stale(_))),
        "it is over"
    );
}

#[test]
fn a_claim_that_was_given_back_counts_nothing_and_cannot_be_used() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let id = add(&change, &[], None);
    let token = change.claim_task(&id, "ann", 1800).expect("claimed").claim_token;
    let row = change.release_task(&id, Some(token)).expect("released");
    assert_eq!((row.state, row.failures), (TaskState::Ready, 0));
    assert!(matches!(change.finish_task(&id, Some(token), None, ""), Err(TaskError::Stale(_))));
}

#[test]
fn failures_wait_longer_each_time_and_the_last_one_asks_a_person_once() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let id = add(&change, &[], None);
    let now =
        || change.transaction.execute("UPDATE tasks SET retry_at = 0", []).expect("time passes");
    for (number, base) in [(1, 60), (2, 120)] {
        let sprint = sprint(&change, number, &id, None);
        assert_eq!(state(&change, &id), TaskState::Running);
        end(&change, &sprint, Ending::failed(Reason::TimeLimit, "too long", ""));
        let row = change.task(&id).expect("asked").expect("there");
        let wait = row.retry_at - count(&change, "SELECT unixepoch()");
        assert_eq!(
            (row.state, row.failures, row.detail.as_str()),
            (TaskState::Waiting, number, format!("{sprint}: time_limit: too long").as_str())
        );
        assert!((base * 4 / 5 - 2..=base * 6 / 5).contains(&wait), "{wait}");
        // The clock was set back since: a wait is believed as far as it was meant to last.
        change.transaction.execute("UPDATE tasks SET retry_at = retry_at + 60", []).expect("set");
        assert_eq!(state(&change, &id), TaskState::Ready);
        change.transaction.execute("UPDATE tasks SET retry_at = retry_at - 60", []).expect("set");
        assert_eq!(state(&change, &id), TaskState::Waiting);
        now();
    }
    let last = sprint(&change, 3, &id, None);
    end(&change, &last, Ending::failed(Reason::OutOfMemory, "too much", ""));
    assert_eq!(state(&change, &id), TaskState::Dead);
    let messages = || {
        count(
            &change,
            "SELECT count(*) FROM messages WHERE kind = 'dead' AND status = 'open' AND sprint_id IS NULL",
        )
    };
    assert_eq!(
        (messages(), count(&change, "SELECT count(*) FROM outbox WHERE kind = 'task_dead'")),
        (1, 1)
    );
    assert_eq!(
        change.apply(&last, Event::Over(Ending::completed())).expect("asked"),
        None,
        "the end comes again"
    );
    assert_eq!(messages(), 1);
    let row = change.retry_task(&id).expect("again");
    assert_eq!((row.state, row.failures, messages()), (TaskState::Ready, 0, 0));
}

#[test]
fn failures_of_machines_do_not_count_but_not_for_ever() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let id = add(&change, &[], None);
    for number in 1..=5 {
        assert_eq!(state(&change, &id), TaskState::Ready, "{number}");
        let sprint = sprint(&change, number, &id, None);
        end(&change, &sprint, Ending::failed(Reason::NodeFailed, "gone", ""));
        change.transaction.execute("UPDATE tasks SET retry_at = 0", []).expect("time passes");
    }
    let row = change.task(&id).expect("asked").expect("there");
    assert_eq!((row.state, row.failures, row.infra_failures), (TaskState::Dead, 0, 5));
}

#[test]
fn a_cancelled_sprint_calls_its_task_off_unless_its_loop_was_stopped() {
    let its_loop = LoopId::of("loop-000001");
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    for (number, loop_status, expected) in [
        (1, None, TaskState::Cancelled),
        (2, Some("running"), TaskState::Cancelled),
        (3, Some("stopped"), TaskState::Ready),
    ] {
        let id = add(&change, &[], None);
        if let Some(status) = loop_status {
            change
                .transaction
                .execute(
                    "INSERT OR REPLACE INTO loops (id, study_name, status, request, limits, judged_from, created_at) VALUES ('loop-000001', 's', ?1, '{}', '{}', '', '')",
                    [status],
                )
                .expect("made");
        }
        let sprint = sprint(&change, number, &id, loop_status.map(|_| &its_loop));
        end(&change, &sprint, Ending::cancelled("asked"));
        assert_eq!(state(&change, &id), expected, "{loop_status:?}");
    }
}

#[test]
fn a_sprint_that_was_cancelled_with_its_loop_leaves_its_task_although_the_loop_goes_on() {
    let its_loop = LoopId::of("loop-000001");
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let with = |status: &str, judged_from: &str| {
        let sql = "INSERT OR REPLACE INTO loops (id, study_name, status, request, limits, judged_from, created_at) VALUES ('loop-000001', 's', ?1, '{}', '{}', ?2, '')";
        change.transaction.execute(sql, [status, judged_from]).expect("made");
    };
    let cancelling = |number: u32, task: &TaskId| {
        let id = sprint(&change, number, task, Some(&its_loop));
        change.begin_submission(&id, "").expect("begun").expect("can be");
        change.apply(&id, Event::CancelAsked).expect("applied").expect("a change");
        id
    };
    let (first, second) = (add(&change, &[], None), add(&change, &[], None));
    with("stopped", "2020-01-01T00:00:00Z");
    let sprint = cancelling(1, &first);
    // Resumed before the job was gone.
    with("running", &(clock::now() + jiff::SignedDuration::from_secs(1)).to_string());
    end(&change, &sprint, Ending::cancelled("asked"));
    assert_eq!(state(&change, &first), TaskState::Ready);
    with("running", "2020-01-01T00:00:00Z");
    let sprint = cancelling(2, &second);
    end(&change, &sprint, Ending::cancelled("asked"));
    assert_eq!(state(&change, &second), TaskState::Cancelled);
}

#[test]
fn what_waits_for_a_verdict_that_nobody_knows_is_not_skipped() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let first = add(&change, &[], None);
    let yes = add(&change, &[(&first, Condition::Supported)], None);
    let no = add(&change, &[(&first, Condition::Refuted)], None);
    let over = add(&change, &[(&first, Condition::Done)], None);
    let one = sprint(&change, 1, &first, None);
    change.put_unusable(&one, &["finding.json has no verdict".to_owned()]).expect("kept");
    end(&change, &one, Ending::completed());
    let states = || [&first, &yes, &no, &over].map(|id| state(&change, id));
    assert_eq!(
        states(),
        [TaskState::Done, TaskState::Blocked, TaskState::Blocked, TaskState::Ready]
    );
    let row = change.task(&first).expect("asked").expect("there");
    assert_eq!(row.detail, format!("{one} gave no usable verdict: finding.json has no verdict"));
    let open = || {
        count(&change, "SELECT count(*) FROM messages WHERE kind = 'verdict' AND status = 'open'")
    };
    assert_eq!((open(), change.waits_for_verdicts("s").expect("counted")), (1, 2));
    assert!(change.finish_task(&first, None, None, "").is_err());
    change.finish_task(&first, None, Some(Verdict::Refuted), "").expect("said");
    assert_eq!(states(), [TaskState::Done, TaskState::Skipped, TaskState::Ready, TaskState::Ready]);
    assert_eq!((open(), change.waits_for_verdicts("s").expect("counted")), (0, 0));
    assert!(
        change.finish_task(&first, None, Some(Verdict::Supported), "").is_err(),
        "it is known by now"
    );
    // Where nobody waits for it, nobody is asked.
    let alone = add(&change, &[], None);
    let other = sprint(&change, 2, &alone, None);
    end(&change, &other, Ending::completed());
    assert_eq!((state(&change, &alone), open()), (TaskState::Done, 0));
}

#[test]
fn the_task_of_a_sprint_that_is_deleted_is_free_again() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let id = add(&change, &[], None);
    let sprint = sprint(&change, 1, &id, None);
    assert!(matches!(change.cancel_task(&id, ""), Err(TaskError::NotNow(_))));
    assert!(matches!(change.release_task(&id, None), Err(TaskError::NotNow(_))));
    change.delete_sprint(&sprint).expect("deleted");
    assert_eq!(state(&change, &id), TaskState::Ready);
}

#[test]
fn a_sprint_with_an_idea_of_its_own_becomes_a_task_and_can_be_tried_again() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let first = add(&change, &[], None);
    let sprint_id = sprint(&change, 1, &first, None);
    let made = change
        .make_task_of_sprint("s", "\u{1b}an idea\u{0} of a job", "loop-0a0a0a", &sprint_id)
        .expect("made");
    let row = change.task(&made).expect("asked").expect("there");
    assert_eq!(
        (row.idea.as_str(), row.sprint(), row.made_by.as_str()),
        ("an idea of a job", Some(sprint_id.clone()), "loop-0a0a0a")
    );
    find(&change, &sprint_id, "refuted");
    end(&change, &sprint_id, Ending::completed());
    let row = change.task(&made).expect("asked").expect("there");
    assert_eq!((row.state, row.verdict), (TaskState::Done, Some(Verdict::Refuted)));
    let refused =
        change.claim_for_sprint(&made, &SprintId::of("sp-00000f")).expect_err("it is done");
    assert!(refused.to_string().contains("is done"), "{refused}");
    // A repeat of what is done is an attempt like any other, and takes nothing back: others may rest on it.
    let needs = add(&change, &[(&made, Condition::Refuted)], None);
    let other = add(&change, &[], None);
    let repeat = sprint(&change, 2, &other, None);
    let row = change.reclaim_for_sprint(&made, &repeat).expect("once more");
    assert_eq!(
        (row.state, row.verdict, row.sprint()),
        (TaskState::Done, Some(Verdict::Refuted), None)
    );
    assert_eq!(change.sprint(&repeat).expect("asked").expect("there").task.as_ref(), Some(&made));
    end(&change, &repeat, Ending::failed(Reason::TimeLimit, "x", ""));
    assert_eq!(
        (state(&change, &made), state(&change, &needs)),
        (TaskState::Done, TaskState::Ready)
    );
    change.retry_task(&made).expect("a person wants it anew");
    assert_eq!(
        (state(&change, &made), state(&change, &needs)),
        (TaskState::Ready, TaskState::Blocked)
    );
    change.reclaim_for_sprint(&made, &SprintId::of("sp-00000f")).expect("once more");
    let refused = change.reclaim_for_sprint(&made, &SprintId::of("sp-000010")).expect_err("taken");
    assert!(refused.to_string().contains("sp-00000f works on it"), "{refused}");
}

#[test]
fn nobody_but_a_person_gives_a_command() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    for (made_by, accepted) in [
        ("person", true),
        ("file", true),
        ("plan", false),
        ("sprint", false),
        ("loop-000001", false),
    ] {
        let new = NewTask { verify: "touch x", ..NewTask::new("s", "an idea", made_by) };
        assert_eq!(change.insert_task(&new).is_ok(), accepted, "{made_by}");
    }
}

#[test]
fn a_circle_is_refused_with_its_path() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let a = add(&change, &[], None);
    let b = add(&change, &[(&a, Condition::Done)], None);
    let part = add(&change, &[], Some(&a));
    let edit = |id: &TaskId, needs: &[(TaskId, Condition)], parent: Option<Option<&TaskId>>| {
        change.edit_task(id, &TaskEdit { needs, parent, ..TaskEdit::default() })
    };
    let path = |result: Result<_, TaskError>| match result {
        Err(TaskError::Cycle(path)) => {
            path.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        other => panic!("no circle: {other:?}"),
    };
    let need = |id: &TaskId| vec![(id.clone(), Condition::Any)];
    let undo = |id: &TaskId, needed: &TaskId| {
        change
            .transaction
            .execute("DELETE FROM task_needs WHERE task = ?1 AND needs = ?2", [id, needed])
            .expect("undone");
    };
    let found = path(edit(&a, &need(&b), None));
    assert!([format!("{a} {b} {a}"), format!("{b} {a} {b}")].contains(&found), "{found}");
    undo(&a, &b);
    assert_eq!(path(edit(&b, &need(&b), None)), format!("{b} {b}"));
    undo(&b, &b);
    // A part that needs what it is a part of; a parent that needs its part; and one that waits for it.
    let found = path(edit(&part, &need(&a), None));
    assert!([format!("{a} {part} {a}"), format!("{part} {a} {part}")].contains(&found), "{found}");
    undo(&part, &a);
    assert_eq!(path(edit(&a, &need(&part), None)).split(' ').count(), 3);
    undo(&a, &part);
    assert_eq!(
        path(edit(&part, &need(&b), None)).split(' ').count(),
        4,
        "the part, what it needs, its parent, the part"
    );
    undo(&part, &b);
    assert_eq!(path(edit(&a, &[], Some(Some(&part)))).split(' ').count(), 3);
}

#[test]
fn what_a_parent_needs_its_parts_need_and_it_ends_with_them() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let first = add(&change, &[], None);
    let parent = add(&change, &[(&first, Condition::Supported)], None);
    let inner = add(&change, &[], Some(&parent));
    let part = add(&change, &[], Some(&inner));
    let after = add(&change, &[(&parent, Condition::Done)], None);
    assert_eq!(
        [&parent, &inner, &part, &after].map(|id| state(&change, id)),
        [TaskState::Parent, TaskState::Parent, TaskState::Blocked, TaskState::Blocked]
    );
    let why = change.claim_task(&part, "x", 60).expect_err("blocked").to_string();
    assert!(
        why.contains(&format!("needs {first} (supported)")) && why.contains(parent.as_str()),
        "{why}"
    );
    change.finish_task(&first, None, Some(Verdict::Supported), "").expect("done");
    assert_eq!(state(&change, &part), TaskState::Ready);
    change.finish_task(&part, None, None, "").expect("done");
    assert_eq!(
        [&inner, &parent, &after].map(|id| state(&change, id)),
        [TaskState::Done, TaskState::Done, TaskState::Ready]
    );
    // What was done is opened again: so is everything that it closed.
    change.retry_task(&part).expect("again");
    assert_eq!(
        [&part, &parent, &after].map(|id| state(&change, id)),
        [TaskState::Ready, TaskState::Parent, TaskState::Blocked]
    );
}

#[test]
fn a_dead_need_skips_what_waits_for_it_and_a_retry_brings_it_back() {
    let mut store = Store::in_memory().expect("a database");
    let change = store.change().expect("begun");
    let first = add(&change, &[], None);
    let second = add(&change, &[(&first, Condition::Done)], None);
    let third = add(&change, &[(&second, Condition::Done)], None);
    let rescue = add(&change, &[(&first, Condition::Failed)], None);
    change
        .edit_task(&first, &TaskEdit { max_attempts: Some(1), ..TaskEdit::default() })
        .expect("edited");
    change.fail_task(&first, None, "it does not compile").expect("failed");
    let states = || [&first, &second, &third, &rescue].map(|id| state(&change, id));
    assert_eq!(
        states(),
        [TaskState::Dead, TaskState::Skipped, TaskState::Skipped, TaskState::Ready]
    );
    let row = change.task(&second).expect("asked").expect("there");
    assert_eq!(row.detail, format!("needs {first} to be done, and that is dead"));
    assert_eq!(count(&change, "SELECT count(*) FROM messages"), 1, "one question, not three");
    change.retry_task(&first).expect("again");
    assert_eq!(
        states(),
        [TaskState::Ready, TaskState::Blocked, TaskState::Blocked, TaskState::Blocked]
    );
}
