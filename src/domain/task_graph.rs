//! The graph of a study's tasks: what waits for what, what that means for each task, and
//! whether there is a circle in it.
//!
//! Each task has a beginning and an end. An end waits for its own beginning; the beginning of a
//! task waits for the ends of what it needs; the beginning of a child waits for its parent's, and
//! the end of a parent for those of its children. So what a parent needs, its children need, and
//! a circle through parents is found like any other.

use super::TaskId;
use super::finding::Verdict;
use super::task::{Condition, NeedState, TaskStatus, need_state};

/// A task of the graph. Others are named by their places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: TaskId,
    /// As it is stored.
    pub status: TaskStatus,
    /// What came out.
    pub verdict: Option<Verdict>,
    /// Whether somebody works on it now: then it is not skipped.
    pub held: bool,
    /// The task that it is a part of.
    pub parent: Option<usize>,
    /// What it needs.
    pub needs: Vec<(usize, Condition)>,
}

/// What the graph says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The status that it should have.
    pub status: TaskStatus,
    /// Why, where the graph has decided it.
    pub why: String,
    /// The length of the longest chain of open tasks that waits for it.
    pub depth: u32,
}

/// The beginning or the end of a task: twice its place, plus one for the end.
type Point = usize;

fn begin(task: usize) -> Point {
    2 * task
}

fn end(task: usize) -> Point {
    2 * task + 1
}

/// For each point, the points that it waits for.
fn waits(nodes: &[Node]) -> Vec<Vec<Point>> {
    let mut waits = vec![Vec::new(); 2 * nodes.len()];
    for (task, node) in nodes.iter().enumerate() {
        waits[end(task)].push(begin(task));
        waits[begin(task)].extend(node.needs.iter().map(|(needed, _)| end(*needed)));
        if let Some(parent) = node.parent {
            waits[begin(task)].push(begin(parent));
            waits[end(parent)].push(end(task));
        }
    }
    waits
}

/// All points such that each comes after those that it waits for; those of a circle, and what
/// waits for one, are left out.
fn in_order(waits: &[Vec<Point>]) -> Vec<Point> {
    let mut left: Vec<usize> = waits.iter().map(Vec::len).collect();
    let mut waited_by = vec![Vec::new(); waits.len()];
    for (point, others) in waits.iter().enumerate() {
        for other in others {
            waited_by[*other].push(point);
        }
    }
    let mut order: Vec<Point> = (0..waits.len()).filter(|point| left[*point] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        for waiting in &waited_by[order[next]] {
            left[*waiting] -= 1;
            if left[*waiting] == 0 {
                order.push(*waiting);
            }
        }
        next += 1;
    }
    order
}

/// A circle, as the tasks that wait for each other: the first one is also the last. Nothing when
/// there is none.
pub fn cycle(nodes: &[Node]) -> Option<Vec<TaskId>> {
    let waits = waits(nodes);
    let mut fine = vec![false; waits.len()];
    for point in in_order(&waits) {
        fine[point] = true;
    }
    // What is left waits for a circle or is in one: going on from there leads into it.
    let mut point = fine.iter().position(|fine| !fine)?;
    let mut seen_at: Vec<Option<usize>> = vec![None; waits.len()];
    let mut path = Vec::new();
    while seen_at[point].is_none() {
        seen_at[point] = Some(path.len());
        path.push(point);
        point = waits[point].iter().copied().find(|other| !fine[*other])?;
    }
    let mut tasks: Vec<usize> = path[seen_at[point]?..].iter().map(|point| point / 2).collect();
    tasks.dedup();
    if tasks.len() > 1 && tasks.first() == tasks.last() {
        tasks.pop();
    }
    tasks.push(*tasks.first()?);
    Some(tasks.into_iter().map(|task| nodes[task].id.clone()).collect())
}

/// What each task should be, now that the others are as they are: skipped when what it needs can
/// never come, open again when it can, a parent as its children are. There is one answer only,
/// and asking again changes nothing.
pub fn settle(nodes: &[Node]) -> Vec<Settled> {
    let waits = waits(nodes);
    let order = in_order(&waits);
    let mut settled: Vec<Settled> = nodes
        .iter()
        .map(|node| Settled { status: node.status, why: String::new(), depth: 0 })
        .collect();
    let mut children = vec![Vec::new(); nodes.len()];
    for (task, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children[parent].push(task);
        }
    }
    // Why a task can never begin.
    let mut never: Vec<Option<String>> = vec![None; nodes.len()];
    for point in &order {
        let task = point / 2;
        let node = &nodes[task];
        if *point == begin(task) {
            never[task] = why_never(nodes, &settled, node).or_else(|| {
                let parent = node.parent?;
                never[parent]
                    .as_ref()
                    .map(|why| format!("is a part of {}, which {why}", nodes[parent].id))
            });
            continue;
        }
        let (status, why) = if children[task].is_empty() {
            match (node.status, &never[task]) {
                (TaskStatus::Open | TaskStatus::Skipped, Some(why)) if !node.held => {
                    (TaskStatus::Skipped, why.clone())
                }
                (TaskStatus::Skipped, None) => {
                    (TaskStatus::Open, "what it needs can come again".to_owned())
                }
                (status, _) => (status, String::new()),
            }
        } else {
            of_children(nodes, &settled, node, &children[task], never[task].as_deref())
        };
        settled[task].status = status;
        settled[task].why = why;
    }
    // From the last to the first: how much waits for the end, or the beginning, of each.
    let mut chain = vec![0_u32; waits.len()];
    for point in order.iter().rev() {
        let task = point / 2;
        let open = settled[task].status == TaskStatus::Open;
        if *point == begin(task) && children[task].is_empty() && open {
            chain[*point] = chain[end(task)] + 1;
        }
        if *point == end(task) {
            settled[task].depth = chain[*point];
        }
        // An open task makes all wait that it waits for. Its own end does not make its beginning
        // count, and neither does a parent's end that of a child twice.
        if open {
            let own = chain[*point];
            for other in &waits[*point] {
                if *other != begin(task) {
                    chain[*other] = chain[*other].max(own);
                }
            }
        }
    }
    settled
}

fn why_never(nodes: &[Node], settled: &[Settled], node: &Node) -> Option<String> {
    let (needed, condition) = node.needs.iter().find(|(needed, condition)| {
        let verdict =
            nodes[*needed].verdict.filter(|_| settled[*needed].status == TaskStatus::Done);
        need_state(settled[*needed].status, verdict, *condition) == NeedState::Never
    })?;
    let other = &nodes[*needed];
    let status = settled[*needed].status;
    let is = match (status, other.verdict) {
        (TaskStatus::Done, Some(verdict)) => verdict.as_str(),
        (TaskStatus::Done, None) => "done without a verdict",
        (status, _) => status.as_str(),
    };
    let wanted = match condition {
        Condition::Failed => "to have failed",
        Condition::Any => "to be over",
        Condition::Done => "to be done",
        Condition::Supported => "to be supported",
        Condition::Refuted => "to be refuted",
    };
    Some(format!("needs {} {wanted}, and that is {is}", other.id))
}

fn of_children(
    nodes: &[Node],
    settled: &[Settled],
    node: &Node,
    children: &[usize],
    never: Option<&str>,
) -> (TaskStatus, String) {
    let with = |status: TaskStatus| children.iter().find(|child| settled[**child].status == status);
    if with(TaskStatus::Open).is_some() {
        return (TaskStatus::Open, String::new());
    }
    if node.status == TaskStatus::Cancelled {
        return (TaskStatus::Cancelled, String::new());
    }
    if let Some(dead) = with(TaskStatus::Dead) {
        return (TaskStatus::Dead, format!("its part {} is dead", nodes[*dead].id));
    }
    if with(TaskStatus::Done).is_some() {
        return (TaskStatus::Done, "its parts are done".to_owned());
    }
    (TaskStatus::Skipped, never.unwrap_or("none of its parts was done").to_owned())
}
