//! What a Grid Engine offers to this user.

use std::collections::BTreeMap;

use super::offer::{Offer, Queue, name, offered, rows, seconds};
use super::shell::prelude;
use super::surroundings::surroundings;
use crate::domain::text::number_of;

/// Prints `queue`, `environment`, `project` and `complex` lines. Exit status 93 where there is no Grid Engine,
/// 1 where it does not answer.
pub(super) const OFFER: &str = concat!(
    offered!("qconf"),
    r#"SGE_SINGLE_LINE=1; export SGE_SINGLE_LINE
rl_say queue qconf -sq '*' || { printf '%s\n' "$rl_answer" | rl_why qconf; exit 1; }
rl_say environment qconf -spl
rl_say project qconf -sprjl
rl_say complex qconf -sc
exit 0"#
);

/// Reads that.
pub(super) fn read(answer: &str) -> Offer {
    let environments: Vec<String> = rows(answer, "environment").filter_map(name).collect();
    let mut queues: Vec<Queue> = Vec::new();
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    for row in rows(answer, "queue").chain(["qname"]) {
        let (key, value) = row.split_once(char::is_whitespace).unwrap_or((row, ""));
        if key == "qname" {
            queues.extend(queue(&std::mem::take(&mut fields), &environments));
        }
        fields.insert(key, value.trim());
    }
    queues.sort_by_key(|queue| queue.closed.is_some());
    // name shortcut type relop requestable consumable default urgency
    let gpu_resources = rows(answer, "complex")
        .filter_map(|row| match row.split_whitespace().collect::<Vec<_>>()[..] {
            [complex, _, "INT", _, "YES" | "FORCED", "YES" | "JOB" | "HOST", ..] => name(complex),
            _ => None,
        })
        .filter(|complex| complex.to_ascii_lowercase().contains("gpu"))
        .collect();
    Offer {
        queues,
        accounts: rows(answer, "project").filter_map(name).collect(),
        default_account: None,
        gpu_resources,
    }
}

fn queue(fields: &BTreeMap<&str, &str>, known: &[String]) -> Option<Queue> {
    // Hosts may have values of their own, behind a comma; the first one is that of the queue.
    let of = |key: &str| {
        fields.get(key).and_then(|value| value.split(',').next()).unwrap_or_default().trim()
    };
    let name = name(of("qname"))?;
    let set = |key: &str| Some(of(key)).filter(|value| !matches!(*value, "" | "NONE"));
    let closed = if !of("qtype").split_whitespace().any(|kind| kind == "BATCH") {
        Some("it takes no batch jobs".to_owned())
    } else if let Some(users) = set("user_lists") {
        Some(format!("only for users of {users}"))
    } else {
        set("projects").map(|projects| format!("only for projects {projects}"))
    };
    let slots = of("slots").parse::<u64>().ok();
    let listed = of("pe_list").split_whitespace();
    Some(Queue {
        closed,
        most_seconds: [seconds(of("h_rt")), seconds(of("s_rt"))].into_iter().flatten().min(),
        nodes: slots
            .map(|slots| format!("{} a node", number_of(slots, "slot")))
            .into_iter()
            .collect(),
        environments: listed
            .filter(|one| known.iter().any(|known| known == one))
            .map(str::to_owned)
            .collect(),
        name,
        ..Queue::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "\
queue qname                 all.q
queue qtype                 BATCH INTERACTIVE
queue pe_list               make smp
queue slots                 1,[node1=64],[node2=32]
queue h_rt                  48:00:00,[node1=96:00:00]
queue s_rt                  INFINITY
queue user_lists            NONE
queue projects              NONE
queue qname                 staff.q
queue qtype                 BATCH
queue slots                 8
queue h_rt                  INFINITY
queue user_lists            staff
queue qname                 talk.q
queue qtype                 INTERACTIVE
environment smp
environment mpi
project vision
complex gpu                 gpu        INT       <=    YES         YES        0        0
complex gpu_mem             gm         MEMORY    <=    YES         YES        0        0
complex hasgpu              hg         BOOL      ==    YES         NO         0        0
complex #name               shortcut   type      relop requestable consumable default  urgency
";

    #[test]
    fn what_a_grid_engine_offers_is_read() {
        let offer = read(ANSWER);
        let told: Vec<(&str, String)> =
            offer.queues.iter().map(|queue| (queue.name.as_str(), queue.about())).collect();
        assert_eq!(
            told,
            [
                ("all.q", "at most 2d0h; 1 slot a node".to_owned()),
                ("staff.q", "no time limit; 8 slots a node; only for users of staff".to_owned()),
                ("talk.q", "no time limit; it takes no batch jobs".to_owned()),
            ]
        );
        assert_eq!(offer.queues[0].environments, ["smp"]);
        assert_eq!(offer.accounts, ["vision"]);
        assert_eq!(offer.gpu_resources, ["gpu"]);
        assert_eq!(read(""), Offer::default());
    }
}
