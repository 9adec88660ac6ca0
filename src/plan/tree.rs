//! A plan as an indented list: each task below the last one that it needs.

use std::collections::HashMap;

use crate::domain::Condition;
use crate::task::Draft;

/// Deeper tasks are not indented further.
const MAX_LEVELS: usize = 10;

/// For each line: what stands in front, which draft, and how it hangs on others. The drafts have no
/// cycle.
pub fn tree(drafts: &[Draft]) -> Vec<(String, usize, String)> {
    let places: HashMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .filter_map(|(place, draft)| Some((draft.key.as_deref()?, place)))
        .collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut roots = Vec::new();
    let mut texts = Vec::new();
    for (place, draft) in drafts.iter().enumerate() {
        let parent = draft.parent.as_deref().and_then(|parent| places.get(parent).copied());
        let last = draft
            .needs
            .iter()
            .rposition(|(key, _)| places.contains_key(key.as_str()))
            .filter(|_| parent.is_none());
        let shown = |(key, on): &(String, Condition)| {
            if *on == Condition::Done { key.clone() } else { format!("{key}:{on}") }
        };
        let others: Vec<String> = draft
            .needs
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != last)
            .map(|(_, need)| shown(need))
            .collect();
        let mut parts = Vec::new();
        if parent.is_some() {
            parts.push("part".to_owned());
        }
        if let Some((_, on)) =
            last.map(|index| &draft.needs[index]).filter(|(_, on)| *on != Condition::Done)
        {
            parts.push(format!("if {on}"));
        }
        if !others.is_empty() {
            parts.push(format!(
                "{} {}",
                if last.is_some() { "also needs" } else { "needs" },
                others.join(", ")
            ));
        }
        texts.push(parts.join(", "));
        match parent
            .or_else(|| last.and_then(|index| places.get(draft.needs[index].0.as_str()).copied()))
        {
            Some(above) => below[above].push(place),
            None => roots.push(place),
        }
    }
    let mut lines = Vec::new();
    let mut open: Vec<(usize, usize)> = roots.iter().rev().map(|place| (*place, 0)).collect();
    while let Some((place, level)) = open.pop() {
        let branch = if level == 0 {
            String::new()
        } else {
            format!("{}└ ", "  ".repeat(level.min(MAX_LEVELS) - 1))
        };
        lines.push((branch, place, std::mem::take(&mut texts[place])));
        open.extend(below[place].iter().rev().map(|child| (*child, level + 1)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_stands_once_below_what_it_needs() {
        let draft = |key: &str, needs: &[(&str, Condition)]| Draft {
            key: Some(key.to_owned()),
            needs: needs.iter().map(|(key, on)| ((*key).to_owned(), *on)).collect(),
            ..Draft::new(key)
        };
        let drafts = [
            draft("c", &[("a", Condition::Done), ("b", Condition::Refuted)]),
            draft("a", &[]),
            draft("b", &[("a", Condition::Done)]),
            draft("d", &[("t-0a0a0a", Condition::Any)]),
        ];
        let lines: Vec<String> = tree(&drafts)
            .into_iter()
            .map(|(branch, place, text)| format!("{branch}{} {text}", drafts[place].idea))
            .collect();
        assert_eq!(lines, ["a ", "└ b ", "  └ c if refuted, also needs a", "d needs t-0a0a0a:any"]);
    }
}
