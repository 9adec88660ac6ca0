//! Random edits of random graphs, against answers that are found the long way.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{NewTask, TaskError};
use crate::domain::{Condition, TaskId, TaskState, Verdict};
use crate::store::{Change, Store, TaskEdit};

/// A task as it stands in the tables, without any view.
#[derive(Debug, Clone)]
struct Plain {
    status: String,
    verdict: Option<String>,
    parent: Option<String>,
    held: bool,
    depth: i64,
    needs: Vec<(String, String)>,
}

type Model = BTreeMap<String, Plain>;

fn model(change: &Change<'_>) -> Model {
    let mut query = change
        .transaction
        .prepare("SELECT id, status, verdict, parent, claimed_by IS NOT NULL, depth FROM tasks")
        .expect("a query");
    let rows = query.query_map([], |row| {
        let plain = Plain {
            status: row.get(1)?,
            verdict: row.get(2)?,
            parent: row.get(3)?,
            held: row.get(4)?,
            depth: row.get(5)?,
            needs: vec![],
        };
        Ok((row.get::<_, String>(0)?, plain))
    });
    let mut model: Model = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
    let mut query = change
        .transaction
        .prepare("SELECT task, needs, on_state FROM task_needs")
        .expect("a query");
    let rows = query
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
        .expect("rows");
    for row in rows {
        let (task, needs, condition) = row.expect("a row");
        model.get_mut(&task).expect("a task").needs.push((needs, condition));
    }
    model
}

/// The task and everything that it is a part of.
fn line<'a>(model: &'a Model, id: &'a str) -> Vec<&'a str> {
    let mut line = vec![id];
    while let Some(parent) = model[*line.last().expect("one")].parent.as_deref() {
        if line.contains(&parent) {
            break;
        }
        line.push(parent);
    }
    line
}

fn parts<'a>(model: &'a Model, id: &str) -> Vec<&'a str> {
    model
        .iter()
        .filter(|(_, task)| task.parent.as_deref() == Some(id))
        .map(|(id, _)| id.as_str())
        .collect()
}

/// What must have ended before this can end.
fn before<'a>(model: &'a Model, id: &'a str) -> Vec<&'a str> {
    let needs = line(model, id)
        .into_iter()
        .flat_map(|one| model[one].needs.iter().map(|(needed, _)| needed.as_str()));
    needs.chain(parts(model, id)).collect()
}

fn has_cycle(model: &Model) -> bool {
    model.keys().any(|start| {
        let mut seen: Vec<&str> = Vec::new();
        let mut next = before(model, start);
        while let Some(id) = next.pop() {
            if id == start {
                return true;
            }
            if !seen.contains(&id) {
                seen.push(id);
                next.extend(before(model, id));
            }
        }
        false
    })
}

/// Some(true): as it should be. Some(false): never. None: open.
fn need_is_met(model: &Model, needed: &str, condition: &str) -> Option<bool> {
    let task = &model[needed];
    Some(match (task.status.as_str(), condition) {
        ("open", _) => return None,
        (_, "any") | ("done", "done") | ("dead", "failed") => true,
        ("done", "supported" | "refuted") if task.verdict.is_none() => return None,
        ("done", wanted) => task.verdict.as_deref() == Some(wanted),
        _ => false,
    })
}

fn all_needs<'a>(model: &'a Model, id: &'a str) -> Vec<Option<bool>> {
    let needs = line(model, id).into_iter().flat_map(|one| model[one].needs.iter());
    needs.map(|(needed, condition)| need_is_met(model, needed, condition)).collect()
}

fn is_ready(model: &Model, id: &str) -> bool {
    let task = &model[id];
    task.status == "open"
        && !task.held
        && parts(model, id).is_empty()
        && all_needs(model, id).iter().all(|met| *met == Some(true))
}

/// The longest chain of open tasks that waits for the end of this one.
fn chain_after(model: &Model, id: &str) -> i64 {
    let waiting = model.iter().filter(|(_, task)| {
        task.status == "open" && task.needs.iter().any(|(needed, _)| needed == id)
    });
    let own = waiting.map(|(other, _)| chain_from(model, other)).max().unwrap_or(0);
    let above = model[id]
        .parent
        .as_deref()
        .filter(|parent| model[*parent].status == "open")
        .map_or(0, |parent| chain_after(model, parent));
    own.max(above)
}

fn chain_from(model: &Model, id: &str) -> i64 {
    let parts = parts(model, id);
    if parts.is_empty() {
        return 1 + chain_after(model, id);
    }
    parts
        .iter()
        .filter(|part| model[**part].status == "open")
        .map(|part| chain_from(model, part))
        .max()
        .unwrap_or(0)
}

fn check(model: &Model, ready: &[String], next: Option<String>) {
    assert!(!has_cycle(model), "{model:#?}");
    let expected: Vec<&String> = model.keys().filter(|id| is_ready(model, id)).collect();
    assert_eq!(ready.iter().collect::<Vec<_>>(), expected, "{model:#?}");
    let deepest = expected.iter().map(|id| model[*id].depth).max();
    assert_eq!(next.map(|id| model[&id].depth), deepest, "{model:#?}");
    for (id, task) in model {
        assert_eq!(task.depth, chain_after(model, id), "{id}: {model:#?}");
        let below: Vec<&str> =
            parts(model, id).into_iter().map(|part| model[part].status.as_str()).collect();
        let never = all_needs(model, id).contains(&Some(false));
        if below.is_empty() {
            match task.status.as_str() {
                "open" => assert!(!never || task.held, "{id} can never run: {model:#?}"),
                "skipped" => assert!(never, "{id} could run: {model:#?}"),
                _ => {}
            }
            continue;
        }
        let expected = if below.contains(&"open") {
            "open"
        } else if task.status == "cancelled" {
            "cancelled"
        } else if below.contains(&"dead") {
            "dead"
        } else if below.contains(&"done") {
            "done"
        } else {
            "skipped"
        };
        assert_eq!(task.status, expected, "{id}: {model:#?}");
    }
}

/// What is done to the graph. Tasks are named by any number.
#[derive(Debug, Clone)]
enum Op {
    Add { needs: Vec<(usize, usize)>, parent: Option<usize> },
    Need(usize, usize, usize),
    Drop(usize, usize),
    Parent(usize, Option<usize>),
    Done(usize, usize),
    Fail(usize),
    Cancel(usize),
    Retry(usize),
    Claim(usize),
    Release(usize),
}

fn any_op() -> impl Strategy<Value = Op> {
    let n = 0..40_usize;
    prop_oneof![
        5 => (prop::collection::vec((n.clone(), 0..8_usize), 0..3), prop::option::weighted(0.3, n.clone())).prop_map(|(needs, parent)| Op::Add { needs, parent }),
        3 => (n.clone(), n.clone(), 0..8_usize).prop_map(|(a, b, c)| Op::Need(a, b, c)),
        1 => (n.clone(), n.clone()).prop_map(|(a, b)| Op::Drop(a, b)),
        2 => (n.clone(), prop::option::weighted(0.8, n.clone())).prop_map(|(a, b)| Op::Parent(a, b)),
        4 => (n.clone(), 0..4_usize).prop_map(|(a, v)| Op::Done(a, v)),
        2 => n.clone().prop_map(Op::Fail),
        1 => n.clone().prop_map(Op::Cancel),
        2 => n.clone().prop_map(Op::Retry),
        2 => n.clone().prop_map(Op::Claim),
        1 => n.prop_map(Op::Release),
    ]
}

fn condition(number: usize) -> Condition {
    // `done` is the usual one.
    Condition::ALL.get(number).copied().unwrap_or(Condition::Done)
}

/// Does it. Returns the model that it should have led to, where a circle is possible.
fn apply(
    change: &Change<'_>,
    ids: &mut Vec<TaskId>,
    op: &Op,
) -> (Result<(), TaskError>, Option<Model>) {
    let id = |number: usize| ids[number % ids.len()].clone();
    let before = model(change);
    let edit = |task: TaskId, edit: TaskEdit<'_>, wanted: Model| {
        (change.edit_task(&task, &edit).map(drop), Some(wanted))
    };
    match op {
        Op::Add { needs, parent } => {
            let mut needs: Vec<(TaskId, Condition)> = if ids.is_empty() {
                vec![]
            } else {
                needs.iter().map(|(number, is)| (id(*number), condition(*is))).collect()
            };
            needs.dedup_by(|one, other| one.0 == other.0);
            let parent = parent.filter(|_| !ids.is_empty()).map(id);
            let new = NewTask { max_attempts: 1, ..NewTask::new("s", "an idea", "person") };
            let made = change.add_task(&new, &needs, parent.as_ref());
            (made.map(|row| ids.push(row.id)), None)
        }
        _ if ids.is_empty() => (Ok(()), None),
        Op::Need(task, needed, is) => {
            let (task, needed, is) = (id(*task), id(*needed), condition(*is));
            let mut wanted = before;
            let needs = &mut wanted.get_mut(task.as_str()).expect("there").needs;
            needs.push((needed.to_string(), is.to_string()));
            edit(task, TaskEdit { needs: &[(needed, is)], ..TaskEdit::default() }, wanted)
        }
        Op::Drop(task, needed) => (
            change
                .edit_task(
                    &id(*task),
                    &TaskEdit { drop_needs: &[id(*needed)], ..TaskEdit::default() },
                )
                .map(drop),
            None,
        ),
        Op::Parent(task, parent) => {
            let (task, parent) = (id(*task), parent.map(id));
            let mut wanted = before;
            wanted.get_mut(task.as_str()).expect("there").parent =
                parent.as_ref().map(TaskId::to_string);
            edit(task, TaskEdit { parent: Some(parent.as_ref()), ..TaskEdit::default() }, wanted)
        }
        Op::Done(task, verdict) => {
            let verdict = [
                None,
                Some(Verdict::Supported),
                Some(Verdict::Refuted),
                Some(Verdict::Inconclusive),
            ][*verdict];
            let task = id(*task);
            let token = change
                .task(&task)
                .expect("asked")
                .filter(|row| row.state == TaskState::Claimed)
                .map(|row| row.claim_token);
            (change.finish_task(&task, token, verdict, "").map(drop), None)
        }
        Op::Fail(task) => (change.fail_task(&id(*task), None, "it failed").map(drop), None),
        Op::Cancel(task) => (change.cancel_task(&id(*task), "").map(drop), None),
        Op::Retry(task) => (change.retry_task(&id(*task)).map(drop), None),
        Op::Claim(task) => (change.claim_task(&id(*task), "somebody", 1800).map(drop), None),
        Op::Release(task) => (change.release_task(&id(*task), None).map(drop), None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn random_edits_never_make_a_circle_and_ready_is_what_the_long_way_finds(ops in prop::collection::vec(any_op(), 1..60)) {
        let mut store = Store::in_memory().expect("a database");
        let mut ids = Vec::new();
        for op in ops {
            let change = store.change().expect("begun");
            let (result, wanted) = apply(&change, &mut ids, &op);
            if result.is_ok() {
                change.commit().expect("committed");
            } else {
                drop(change);
            }
            match result {
                Ok(()) => prop_assert!(!wanted.is_some_and(|wanted| has_cycle(&wanted))),
                Err(TaskError::Cycle(path)) => {
                    prop_assert!(path.len() > 1 && path.first() == path.last(), "{path:?}");
                    if let Some(wanted) = wanted {
                        prop_assert!(has_cycle(&wanted), "{path:?} is no circle");
                    }
                }
                Err(TaskError::Store(error)) => panic!("{op:?}: {error}"),
                Err(_) => {}
            }
            let change = store.change().expect("begun");
            let mut query = change.transaction.prepare("SELECT id FROM ready_tasks ORDER BY id").expect("a query");
            let ready: Vec<String> = query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("rows");
            let next = change.next_ready("s").expect("asked").map(|row| row.id.to_string());
            check(&model(&change), &ready, next);
        }
    }
}
