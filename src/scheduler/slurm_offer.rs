//! What a SLURM offers to this user.

use std::collections::BTreeMap;

use super::offer::{Offer, Queue, memory, name, offered, rows, seconds};
use super::shell::prelude;
use super::surroundings::surroundings;
use crate::domain::text::number_of;

/// Prints `partition`, `node`, `config`, `account` and `charged` lines. Exit status 93 where there is no SLURM, 1 where
/// it does not answer.
pub(super) const OFFER: &str = concat!(
    offered!("scontrol"),
    r#"rl_say partition scontrol show partition --oneliner || { printf '%s\n' "$rl_answer" | rl_why scontrol; exit 1; }
rl_say node sinfo -h -o '%R|%G|%c|%m|%D'
rl_say config scontrol show config | grep '^config DefMemPer'
rl_me=$(id -un 2>/dev/null)
rl_say account sacctmgr -nP list associations user="$rl_me" format=account
rl_say charged sacctmgr -nP list user "$rl_me" format=defaultaccount
exit 0"#
);

/// Reads that.
pub(super) fn read(answer: &str) -> Offer {
    let mut nodes: BTreeMap<&str, Vec<Nodes<'_>>> = BTreeMap::new();
    for row in rows(answer, "node") {
        let fields: Vec<&str> = row.split('|').map(str::trim).collect();
        if let [partition, gres, cpus, megabytes, count] = fields[..] {
            nodes.entry(partition).or_default().push(Nodes { gres, cpus, megabytes, count });
        }
    }
    let mut accounts: Vec<String> = rows(answer, "account").filter_map(name).collect();
    accounts.sort_unstable();
    accounts.dedup();
    // `DefMemPerCPU            = 100`; a partition may have its own.
    let default_memory =
        rows(answer, "config").find_map(|row| row.split_once('=')?.1.trim().parse().ok());
    let mut queues: Vec<Queue> = rows(answer, "partition")
        .filter_map(|row| {
            let fields: BTreeMap<&str, &str> =
                row.split_whitespace().filter_map(|field| field.split_once('=')).collect();
            partition(&fields, &accounts, &nodes)
        })
        .map(|queue| Queue { default_memory: queue.default_memory.or(default_memory), ..queue })
        .collect();
    queues.sort_by_key(|queue| (queue.closed.is_some(), !queue.is_default));
    let default_account = rows(answer, "charged").find_map(name);
    Offer { queues, accounts, default_account, ..Offer::default() }
}

/// Nodes of one kind, as `sinfo` prints them.
struct Nodes<'a> {
    gres: &'a str,
    cpus: &'a str,
    megabytes: &'a str,
    count: &'a str,
}

impl Nodes<'_> {
    fn about(&self) -> Option<String> {
        let (count, cpus) = (least(self.count)?, least(self.cpus)?);
        let memory = least(self.megabytes).map(|size| format!(" and {}", memory(size)));
        let gpus = one_of(self.gres)
            .next()
            .map(|(_, many)| format!(", {} each", number_of(many, "GPU")))
            .unwrap_or_default();
        Some(format!(
            "{} of {}{}{gpus}",
            number_of(count, "node"),
            number_of(cpus, "CPU"),
            memory.unwrap_or_default()
        ))
    }
}

/// A number; a `+` behind it says that some have more.
fn least(text: &str) -> Option<u64> {
    text.trim_end_matches('+').parse().ok()
}

/// Of a list as `gpu:a100:4(S:0-1),lustre:1`: what asks for one GPU, and how many there are.
fn one_of(gres: &str) -> impl Iterator<Item = (String, u64)> + '_ {
    // What stands in parentheses has commas of its own.
    let mut depth = 0_u32;
    let parts = gres.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.filter_map(|part| {
        let part = part.split('(').next()?;
        let (kind, many) = match part.split(':').collect::<Vec<_>>()[..] {
            ["gpu", kind, many] => (format!("gpu:{kind}:1"), many),
            ["gpu", many] => ("gpu:1".to_owned(), many),
            _ => return None,
        };
        Some((name(&kind)?, many.parse().ok().filter(|many| *many > 0)?))
    })
}

fn partition(
    fields: &BTreeMap<&str, &str>,
    accounts: &[String],
    nodes: &BTreeMap<&str, Vec<Nodes<'_>>>,
) -> Option<Queue> {
    let of = |key: &str| fields.get(key).copied().unwrap_or_default();
    let name = name(of("PartitionName"))?;
    let allowed = of("AllowAccounts");
    let is_account = |one: &str| accounts.iter().any(|known| known == one);
    let closed = if of("State") != "UP" {
        Some(format!("its state is {}", of("State")))
    } else if of("RootOnly") == "YES" {
        Some("only for root".to_owned())
    } else if !matches!(allowed, "" | "ALL") && !allowed.split(',').any(is_account) {
        Some(format!("only for accounts {allowed}"))
    } else if !matches!(of("AllowGroups"), "" | "ALL") {
        Some(format!("only for groups {}", of("AllowGroups")))
    } else if !matches!(of("AllowQos"), "" | "ALL") {
        Some(format!("only with qos {}", of("AllowQos")))
    } else {
        None
    };
    let kinds = nodes.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
    let mut gpus: Vec<String> =
        kinds.iter().flat_map(|kind| one_of(kind.gres)).map(|(one, _)| one).collect();
    gpus.sort_unstable();
    gpus.dedup();
    Some(Queue {
        is_default: of("Default") == "YES",
        closed,
        most_seconds: seconds(of("MaxTime")),
        nodes: kinds.iter().filter_map(Nodes::about).collect(),
        gpus,
        default_memory: ["DefMemPerCPU", "DefMemPerNode"]
            .iter()
            .find_map(|key| of(key).parse().ok())
            .filter(|size| *size > 0),
        node_memory: kinds.iter().filter_map(|kind| least(kind.megabytes)).min(),
        name,
        ..Queue::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "\
partition PartitionName=gpu AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Default=NO MaxTime=2-00:00:00 State=UP RootOnly=NO DefMemPerCPU=4096
partition PartitionName=main AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Default=YES MaxTime=UNLIMITED State=UP RootOnly=NO
partition PartitionName=theirs AllowGroups=ALL AllowAccounts=physics,math AllowQos=ALL Default=NO MaxTime=04:00:00 State=UP RootOnly=NO
partition PartitionName=ours AllowGroups=ALL AllowAccounts=math,vision AllowQos=ALL Default=NO MaxTime=04:00:00 State=UP RootOnly=NO
partition PartitionName=old AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Default=NO MaxTime=04:00:00 State=DOWN RootOnly=NO
partition PartitionName=$(id) State=UP
node main|(null)|128|32000|2
node gpu|gpu:a100:4(S:0-1),lustre:1|64+|512000+|7
node gpu|gpu:tesla:v100:2|8|64000|1
node gpu|gpu:h100:8(IDX:0-3,5),nvme|96|1024000|1
account vision
account vision
account
charged vision
config DefMemPerCPU            = 100
a line of a profile
";

    #[test]
    fn what_a_slurm_offers_is_read_and_nothing_else() {
        let offer = read(ANSWER);
        let names: Vec<&str> = offer.queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(names, ["main", "gpu", "ours", "theirs", "old"]);
        assert_eq!(offer.accounts, ["vision"]);
        assert_eq!(offer.default_account.as_deref(), Some("vision"));
        let about: Vec<String> = offer.queues.iter().map(Queue::about).collect();
        assert_eq!(
            about,
            [
                "the default; no time limit; 2 nodes of 128 CPUs and 31 GB",
                "at most 2d0h; 7 nodes of 64 CPUs and 500 GB, 4 GPUs each; 1 node of 8 CPUs and 62 GB; \
                 1 node of 96 CPUs and 1000 GB, 8 GPUs each",
                "at most 4h00m",
                "at most 4h00m; only for accounts physics,math",
                "at most 4h00m; its state is DOWN",
            ]
        );
        assert_eq!(offer.queues[1].gpus, ["gpu:a100:1", "gpu:h100:1"]);
        let memory = |at: usize| (offer.queues[at].default_memory, offer.queues[at].node_memory);
        assert_eq!((memory(0), memory(1)), ((Some(100), Some(32_000)), (Some(4096), Some(64_000))));
    }

    #[test]
    fn an_empty_answer_offers_nothing() {
        assert_eq!(read(""), Offer::default());
        assert_eq!(read("node x\npartition \naccount \u{202e}a\n"), Offer::default());
    }
}
