//! Checks the account's own settings for the scheduler's programs: variables and
//! default files that would change what is configured, or what the programs answer.

use crate::config::Cluster;
use crate::domain::text;
use crate::scheduler;
use crate::view::Check;

/// How many names are shown at most, of each kind.
const MAX_SHOWN: usize = 8;

/// What there is of them, and what can be done about it; nothing when there is nothing.
pub(super) fn check(answer: &str, cluster: &Cluster) -> Option<Check> {
    let configured = scheduler::scheduler(cluster.scheduler).overruled(&cluster.job_options);
    let mut variables: Vec<&str> =
        answer.lines().filter_map(|line| line.strip_prefix("variable ")).collect();
    variables.sort_unstable();
    let (counts, unused): (Vec<&str>, Vec<&str>) =
        variables.into_iter().partition(|name| stays(name, &configured));
    let mut lines = Vec::new();
    if !counts.is_empty() {
        lines.push(format!("count where `job_options` say nothing: {}", some(&counts)));
    }
    if !unused.is_empty() {
        lines.push(format!("set, but not used: {}", some(&unused)));
    }
    let left_out: Vec<&str> =
        answer.lines().filter_map(|line| line.strip_prefix("unused ")).collect();
    lines.extend(
        answer
            .lines()
            .filter_map(|line| line.strip_prefix("file "))
            .map(|file| format!("{file} (what is configured wins)")),
    );
    if !left_out.is_empty() {
        lines.push(format!("left out of it: {}", some(&left_out)));
    }
    let hint = (!counts.is_empty())
        .then(|| "to overrule one of them, set the option in `job_options`".to_owned());
    let detail = text::lines(&lines.join("\n")).join("\n");
    (!lines.is_empty()).then_some(Check { check: "defaults", ok: true, detail, hint })
}

/// sbatch's own variables stay unless they stand for an option that is configured, or one that is ours.
fn stays(name: &str, configured: &[String]) -> bool {
    name.starts_with("SBATCH_")
        && !scheduler::OWN_VARIABLES.contains(&name)
        && !configured.iter().any(|known| known == name)
}

fn some(names: &[&str]) -> String {
    let shown = names.iter().take(MAX_SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
