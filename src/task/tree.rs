//! The graph of tasks as an indented list: each task once, below what it is a part of, or below
//! the newest task that it needs.

use std::collections::HashMap;

use crate::domain::{Condition, TaskId, TaskState};
use crate::store::{Need, TaskRow};
use crate::view::TreeLine;

/// Deeper tasks are not indented further: a long chain stays on the screen.
const MAX_LEVELS: usize = 10;

/// Orders the tasks, which come by age, into lines.
pub fn lines(rows: &[TaskRow], needs: &[Need]) -> Vec<TreeLine> {
    let places: HashMap<&TaskId, usize> =
        rows.iter().enumerate().map(|(place, row)| (&row.id, place)).collect();
    let mut needs_of: Vec<Vec<(usize, Condition)>> = vec![Vec::new(); rows.len()];
    for need in needs {
        if let (Some(task), Some(needed)) = (places.get(&need.task), places.get(&need.needs)) {
            needs_of[*task].push((*needed, need.condition));
        }
    }
    let mut below = vec![Vec::new(); rows.len()];
    let mut roots = Vec::new();
    let mut texts = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let own = &mut needs_of[place];
        own.sort_by_key(|(needed, _)| std::cmp::Reverse(*needed));
        let parent = row.parent.as_ref().and_then(|parent| places.get(parent).copied());
        let placed = parent.is_none().then(|| own.first().copied()).flatten();
        let condition = |condition: Condition| {
            if condition == Condition::Done { String::new() } else { format!(":{condition}") }
        };
        let others: Vec<String> = own
            .iter()
            .skip(usize::from(placed.is_some()))
            .map(|(needed, is)| format!("{}{}", rows[*needed].id, condition(*is)))
            .collect();
        let mut parts = Vec::new();
        if parent.is_some() {
            parts.push("part".to_owned());
        }
        if let Some((_, is)) = placed.filter(|(_, is)| *is != Condition::Done) {
            parts.push(format!("if {is}"));
        }
        if !others.is_empty() {
            let more = if others.len() > 2 {
                format!(" and {} more", others.len() - 2)
            } else {
                String::new()
            };
            let also = if placed.is_some() { "also needs" } else { "needs" };
            parts.push(format!("{also} {}{more}", others[..others.len().min(2)].join(", ")));
        }
        texts.push(parts.join(", "));
        match parent.or(placed.map(|(needed, _)| needed)) {
            Some(above) => below[above].push(place),
            None => roots.push(place),
        }
    }
    // Its parts come right below a task, then what comes after it.
    for (above, under) in below.iter_mut().enumerate() {
        under.sort_by_key(|place| rows[*place].parent.as_ref() != Some(&rows[above].id));
    }
    let mut lines = Vec::new();
    // What is still to come: place, the branches in front of it, whether it is the last one there.
    let mut stack: Vec<(usize, String, usize, bool)> =
        roots.iter().rev().map(|place| (*place, String::new(), 0, true)).collect();
    while let Some((place, indent, level, last)) = stack.pop() {
        let branch = match level {
            0 => String::new(),
            level if level > MAX_LEVELS => format!("{indent}({level}) "),
            _ => format!("{indent}{}", if last { "└─ " } else { "├─ " }),
        };
        lines.push(TreeLine { branch, place, needs: texts[place].clone() });
        let inner = match level {
            0 => String::new(),
            level if level >= MAX_LEVELS => indent,
            _ => format!("{indent}{}", if last { "   " } else { "│  " }),
        };
        let count = below[place].len();
        stack.extend(
            below[place]
                .iter()
                .enumerate()
                .rev()
                .map(|(number, under)| (*under, inner.clone(), level + 1, number + 1 == count)),
        );
    }
    lines
}

/// The sign of a state.
pub fn mark(state: TaskState) -> &'static str {
    match state {
        TaskState::Ready => "○",
        TaskState::Running | TaskState::Claimed => "▶",
        TaskState::Done => "✔",
        TaskState::Dead => "✘",
        TaskState::Waiting => "↻",
        TaskState::Blocked => "·",
        TaskState::Parent => "▣",
        TaskState::Skipped => "↷",
        TaskState::Cancelled => "−",
    }
}
