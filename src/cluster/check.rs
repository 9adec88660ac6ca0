//! Checks a cluster: the connection, the scheduler, the folder, and Claude on the login node, by one
//! request.

use super::{defaults, storage};
use crate::app::App;
use crate::bundle::script::OURS;
use crate::config::Cluster;
use crate::domain::text;
use crate::problem::Problem;
use crate::remote::{Payload, Remote, RemoteError, Reply, Script, Section};
use crate::scheduler;
use crate::view::{Check, ClusterCheck, ClusterChecks};

/// Checks the cluster of this name, or all of them. Each is told as soon as it is known.
pub fn check(
    app: &App,
    name: Option<&str>,
    mut tell: impl FnMut(&ClusterCheck),
) -> Result<ClusterChecks, Problem> {
    let clusters: Vec<&Cluster> = match name {
        Some(name) => vec![app.config.cluster(name)?],
        None => app.config.clusters.iter().collect(),
    };
    let check = |cluster: &Cluster| {
        let check = check_through(app, cluster, app.remote(cluster).as_mut());
        tell(&check);
        check
    };
    Ok(ClusterChecks { clusters: clusters.into_iter().map(check).collect() })
}

/// Checks a cluster over this connection.
pub(super) fn check_through(app: &App, cluster: &Cluster, remote: &mut dyn Remote) -> ClusterCheck {
    let checks = match remote.run(script(app, cluster), app.limits(cluster)) {
        Ok(reply) => checks(&reply, cluster, remote.place()),
        Err(error) => vec![no_connection(&error, cluster)],
    };
    let ok = checks.iter().all(|check| check.ok);
    ClusterCheck { name: cluster.name.to_string(), ok, checks }
}

fn checks(reply: &Reply, cluster: &Cluster, place: String) -> Vec<Check> {
    let mut checks = vec![Check { check: "connection", ok: true, detail: place, hint: None }];
    checks.extend(programs(reply));
    let defaults = reply.section("defaults");
    checks.extend(defaults.and_then(|section| defaults::check(&section.text(), cluster)));
    let storage = reply.section("storage");
    checks.extend(storage.and_then(|section| storage::check(section, cluster.scheduler)));
    checks.extend(owner(reply));
    checks.extend(timeout(reply, cluster));
    checks.extend(head(reply));
    checks
}

/// The exit status for folders above that a group may write to.
const MAY_BE_RENAMED: i32 = 9;

/// Tells who else may write to the folder, to what we put there, or rename it from above. Where
/// anybody may write, the sticky bit keeps others from renaming what is not theirs.
const OWNER: &str = r#"case $WORK in '~') WORK=$HOME ;; '~/'*) WORK=$HOME/${WORK#'~/'} ;; esac
cd "$WORK" 2>/dev/null || exit 0
here=$(pwd -P) status=0 up=$here
for part in . .researchloop .researchloop/bin .researchloop/bin/*; do
  [ -e "$part" ] || [ -L "$part" ] || continue
  rl_ours "./$part" "$here/$part" || { printf '%s\n' "${rl_bad#not ours: }" | sed 's,/\.$,,; s,/\. , ,'; status=1; }
done
while [ "$status" != 1 ] && [ "$up" != / ]; do
  up=${up%/*}; up=${up:-/}
  if [ -n "$(find "$up" -prune ! -perm -1000 -perm -002)" ]; then echo "anybody may rename what is in $up"; status=1
  elif [ -n "$(find "$up" -prune ! -perm -1000 -perm -020)" ]; then echo "its group may rename what is in $up"; status=9; fi
done
exit $status"#;

/// Looks for the program CLAUDE on the login node, and prints where it is.
pub(super) const AGENT: &str = r#"case $CLAUDE in '~/'*) CLAUDE=$HOME/${CLAUDE#'~/'} ;; esac
PATH=$HOME/.local/bin:$HOME/.claude/bin:$PATH
command -v "$CLAUDE" && exit 0
# A profile may print something, too.
command -v bash >/dev/null && bash -lc 'printf "\nrl: %s\n" "$(command -v "$0")"' "$CLAUDE" 2>/dev/null | sed -n 's/^rl: //p' | tail -n 1 | grep . && exit 0
printf '%s\n' "$CLAUDE is not on the PATH of the login node"; exit 1"#;

fn script(app: &App, cluster: &Cluster) -> Script {
    let scheduler = scheduler::scheduler(cluster.scheduler);
    let mut script = Script::new();
    script
        .set("WORK", &cluster.working_dir)
        .set("CLAUDE", app.config.claude_command_of(cluster).first().map_or("claude", String::as_str))
        .section("host", "uname -n && id -un")
        .section_of("defaults", &[scheduler.defaults()])
        .section_of("scheduler", &[scheduler.probe()])
        .section_of("patience", &[scheduler.message_timeout()])
        .section(
            "folder",
            r#"case $WORK in '~') WORK=$HOME ;; '~/'*) WORK=$HOME/${WORK#'~/'} ;; esac
mkdir -p "$WORK" && cd "$WORK" && (set -C; echo check >".researchloop-check.$$") && rm -f ".researchloop-check.$$" && pwd -P && df -Pk . | awk 'NR == 2 { printf "%.1f GB free\n", $4 / 1048576 }'"#,
        )
        .plain(OURS)
        .section("owner", OWNER)
        .section("storage", storage::SCRIPT)
        .section("agent", AGENT)
        // Some builds of busybox read more than they were asked for: what follows is lost then.
        .section_with_input("head", Payload::Bytes(b"12345678".to_vec()), r#"head -c 4 >/dev/null; [ "$(cat)" = 5678 ]"#);
    script
}

fn no_connection(error: &RemoteError, cluster: &Cluster) -> Check {
    let hint = error.hints(Some(cluster.name.as_str())).into_iter().next();
    Check { check: "connection", ok: false, detail: error.to_string(), hint }
}

/// What has to be there: the scheduler, the folder, Claude.
fn programs(reply: &Reply) -> Vec<Check> {
    [
        ("scheduler", "scheduler", "is `scheduler_type` right, and does its controller answer?"),
        (
            "folder",
            "working_dir",
            "choose a `working_dir` that you may write to and that compute nodes see",
        ),
        (
            "agent",
            "claude",
            "install Claude Code on the cluster, or set `claude_command`; a job may still find it by your profile",
        ),
    ]
    .into_iter()
    .filter_map(|(section, check, hint)| {
        let section = reply.section(section)?;
        let (ok, detail) = (section.status == 0, first_lines(section));
        let hint =
            if check == "scheduler" { scheduler_hint(&detail).unwrap_or(hint) } else { hint };
        Some(Check { check, ok, detail, hint: (!ok).then(|| hint.to_owned()) })
    })
    .collect()
}

/// What to do about a scheduler whose programs are not there, or miss their surroundings.
fn scheduler_hint(said: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["the login profile"]) {
        return Some(
            "make the way to the scheduler known to non-interactive shells, or the login profile fast and without another shell in it",
        );
    }
    if says(&["not found", "No such file or directory"]) {
        return Some(
            "is `scheduler_type` right, and are its commands on the PATH of non-interactive shells?",
        );
    }
    says(&["SGE_ROOT", "SGE_CELL", "initialize environment", "configuration source", "configuration file", "shared libraries"])
        .then_some("its commands are there, but neither the environment of non-interactive shells nor your login profile leads them to the scheduler")
}

/// Who else may change what lies there.
fn owner(reply: &Reply) -> Option<Check> {
    let section = reply.section("owner").filter(|section| section.status != 0)?;
    let ok = section.status == MAY_BE_RENAMED;
    let hint = if ok {
        "that is as usual for the folder of a group: they could hinder your sprints, but what they put there is never run"
    } else {
        "nobody else may write to a `working_dir`: make a folder of your own in it, `chmod 700` it, and set `working_dir` to that"
    };
    Some(Check { check: "owner", ok, detail: first_lines(section), hint: Some(hint.to_owned()) })
}

/// Whether the controller may take longer to answer than a request is waited for.
fn timeout(reply: &Reply, cluster: &Cluster) -> Option<Check> {
    let text = reply.section("patience")?.text();
    let waits = text.lines().rev().find_map(|line| line.trim().parse::<u64>().ok())?;
    let longer = scheduler::longer_timeout(waits, cluster.command_timeout)?;
    let detail = format!(
        "the controller may take {waits} s to answer (MessageTimeout), but requests are given up after {} s: a slow one is never heard",
        cluster.command_timeout
    );
    let hint = Some(format!("set `command_timeout = {longer}` of the cluster"));
    Some(Check { check: "timeout", ok: false, detail, hint })
}

/// Whether files that are sent there arrive whole.
fn head(reply: &Reply) -> Option<Check> {
    reply.section("head").filter(|section| section.status != 0)?;
    let detail = "`head -c` reads more of its input than it is asked for: files that are sent to the login node would be damaged".to_owned();
    let hint = Some("install GNU coreutils there (Alpine: `apk add coreutils`)".to_owned());
    Some(Check { check: "head", ok: false, detail, hint })
}

/// The first lines of an output, harmless.
fn first_lines(section: &Section) -> String {
    text::lines(&section.text())
        .into_iter()
        .filter(|line| !line.is_empty())
        .take(4)
        .collect::<Vec<_>>()
        .join("\n")
}
