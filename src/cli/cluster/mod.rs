//! `researchloop cluster ...`

mod list;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::bundle::script::OURS;
use crate::cli::exit::{Exit, Result};
use crate::cli::ui::Ui;
use crate::cli::{Global, cluster_defaults, storage, text};
use crate::config::{Cluster, Transport, exposed};
use crate::problem::{Problem, ProblemKind};
use crate::remote::{
    Payload, Remote, RemoteError, Script, Section, add_known_host, host_key, known_hosts_files,
};
use crate::scheduler;
use crate::sprint::{InstallOutcome, RunnerHere, install_runner};

/// Look at clusters, check and prepare them
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// List the clusters of the configuration
    List,
    /// Check the connection, the scheduler, the folder and Claude on the front end
    Check(CheckArgs),
    /// Make the host known, and put the runner there
    Setup(SetupArgs),
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Its name; all clusters without one
    cluster: Option<String>,
    /// The same, as an option
    #[arg(short, long, value_name = "CLUSTER", conflicts_with = "cluster")]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Its name
    cluster: String,
    /// Accept the host key with this fingerprint without asking: SHA256:...
    #[arg(long, value_name = "FINGERPRINT")]
    accept_host_key: Option<String>,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &ClusterCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        ClusterCommand::List => list::run(&app, ui),
        ClusterCommand::Check(args) => {
            check_all(&app, ui, args.cluster.as_deref().or(args.name.as_deref()))
        }
        ClusterCommand::Setup(args) => setup(&app, ui, args),
    }
}

/// One thing that was checked.
struct Checked {
    what: &'static str,
    good: bool,
    said: String,
    hint: Option<String>,
}

fn check_all(app: &App, ui: &Ui, name: Option<&str>) -> Result {
    let clusters: Vec<&Cluster> = match name {
        Some(name) => vec![app.config.cluster(name)?],
        None => app.config.clusters.iter().collect(),
    };
    warn_of_exposed(app, ui);
    let mut all_good = true;
    let mut json = Vec::new();
    for cluster in clusters {
        let mut remote = app.remote(cluster);
        let checks = check(app, cluster, remote.as_mut());
        let good = checks.iter().all(|check| check.good);
        all_good &= good;
        if ui.json {
            let checks: Vec<_> = checks
                .iter()
                .map(|check| serde_json::json!({ "check": check.what, "ok": check.good, "detail": check.said, "hint": check.hint }))
                .collect();
            json.push(
                serde_json::json!({ "name": cluster.name.as_str(), "ok": good, "checks": checks }),
            );
        } else {
            tell(ui, cluster, &checks);
        }
    }
    if ui.json {
        ui.json(&serde_json::json!({ "clusters": json }));
    }
    Ok(if all_good { Exit::Success } else { Exit::Bad })
}

/// Others may read the configuration. With --json, standard error is for one error alone.
fn warn_of_exposed(app: &App, ui: &Ui) {
    if let Some(warning) = exposed(&app.config).filter(|_| !ui.json) {
        ui.warning(&warning);
    }
}

fn tell(ui: &Ui, cluster: &Cluster, checks: &[Checked]) {
    ui.line(&ui.style().bold().apply_to(cluster.name.as_str()).to_string());
    for check in checks {
        let mark = if check.good {
            ui.style().green().apply_to("  ok   ")
        } else {
            ui.style().red().apply_to("  FAIL ")
        };
        let mut lines = text::clean_lines(&check.said).into_iter();
        ui.line(&format!(
            "{mark} {} {}",
            text::padded(check.what, 12),
            lines.next().unwrap_or_default()
        ));
        for line in lines {
            ui.line(&format!("{}{line}", " ".repeat(21)));
        }
        if let Some(hint) = &check.hint {
            ui.line(&format!("{}{hint}", " ".repeat(21)));
        }
    }
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

/// The first lines of what was said, harmless.
fn said(section: &Section) -> String {
    text::clean_lines(&section.text())
        .into_iter()
        .filter(|line| !line.is_empty())
        .take(4)
        .collect::<Vec<_>>()
        .join("\n")
}

fn check(app: &App, cluster: &Cluster, remote: &mut dyn Remote) -> Vec<Checked> {
    let mut script = Script::new();
    script
        .set("WORK", &cluster.working_dir)
        .set("CLAUDE", app.config.claude_command_of(cluster).first().map_or("claude", String::as_str))
        .section("host", "uname -n && id -un")
        .section_of("defaults", &[scheduler::scheduler(cluster.scheduler).defaults()])
        .section_of("scheduler", &[scheduler::scheduler(cluster.scheduler).probe()])
        .section_of("patience", &[scheduler::scheduler(cluster.scheduler).message_timeout()])
        .section(
            "folder",
            r#"case $WORK in '~') WORK=$HOME ;; '~/'*) WORK=$HOME/${WORK#'~/'} ;; esac
mkdir -p "$WORK" && cd "$WORK" && (set -C; echo check >".researchloop-check.$$") && rm -f ".researchloop-check.$$" && pwd -P && df -Pk . | awk 'NR == 2 { printf "%.1f GB free\n", $4 / 1048576 }'"#,
        )
        .plain(OURS)
        .section("owner", OWNER)
        .section("storage", storage::STORAGE)
        .section(
            "agent",
            r#"case $CLAUDE in '~/'*) CLAUDE=$HOME/${CLAUDE#'~/'} ;; esac
PATH=$HOME/.local/bin:$HOME/.claude/bin:$PATH
command -v "$CLAUDE" && exit 0
command -v bash >/dev/null && bash -lc 'command -v "$0"' "$CLAUDE" 2>/dev/null | tail -n 1 | grep . && exit 0
printf '%s\n' "$CLAUDE is not on the PATH of the front end"; exit 1"#,
        )
        // Some builds of busybox read more than they were asked for: what follows is lost then.
        .section_with_input("head", Payload::Bytes(b"12345678".to_vec()), r#"head -c 4 >/dev/null; [ "$(cat)" = 5678 ]"#);
    let reply = match remote.run(script, app.limits(cluster)) {
        Ok(reply) => reply,
        Err(error) => {
            let hint = error
                .hints()
                .first()
                .map(|hint| hint.replace("NAME", &text::shell_word(cluster.name.as_str())));
            return vec![Checked {
                what: "connection",
                good: false,
                said: error.to_string(),
                hint,
            }];
        }
    };
    let mut checks =
        vec![Checked { what: "connection", good: true, said: remote.place(), hint: None }];
    for (section, what, hint) in [
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
    ] {
        let Some(section) = reply.section(section) else { continue };
        let good = section.status == 0;
        let said = said(section);
        let hint = if what == "scheduler" { scheduler_hint(&said).unwrap_or(hint) } else { hint };
        checks.push(Checked { what, good, said, hint: (!good).then(|| hint.to_owned()) });
    }
    if let Some((said, hint)) = reply
        .section("defaults")
        .and_then(|section| cluster_defaults::told(&section.text(), cluster))
    {
        checks.push(Checked { what: "defaults", good: true, said, hint });
    }
    if let Some(found) =
        reply.section("storage").and_then(|section| storage::found(section, cluster.scheduler))
    {
        checks.push(Checked {
            what: "storage",
            good: found.good,
            said: text::clean_lines(&found.said).join("\n"),
            hint: found.hint,
        });
    }
    if let Some(section) = reply.section("owner").filter(|section| section.status != 0) {
        let good = section.status == MAY_BE_RENAMED;
        let hint = if good {
            "that is as usual for the folder of a group: they could hinder your sprints, but what they put there is never run"
        } else {
            "nobody else may write to a `working_dir`: make a folder of your own in it, `chmod 700` it, and set `working_dir` to that"
        };
        checks.push(Checked {
            what: "owner",
            good,
            said: said(section),
            hint: Some(hint.to_owned()),
        });
    }
    let waits = reply.section("patience").and_then(|section| {
        section.text().lines().rev().find_map(|line| line.trim().parse::<u64>().ok())
    });
    if let Some((waits, longer)) = waits
        .and_then(|waits| Some((waits, scheduler::longer_timeout(waits, cluster.command_timeout)?)))
    {
        let said = format!(
            "the controller may take {waits} s to answer (MessageTimeout), but requests are given up after {} s: a slow one is never heard",
            cluster.command_timeout
        );
        checks.push(Checked {
            what: "timeout",
            good: false,
            said,
            hint: Some(format!("set `command_timeout = {longer}` of the cluster")),
        });
    }
    if reply.section("head").is_some_and(|section| section.status != 0) {
        let said = "`head -c` reads more of its input than it is asked for: files that are sent to the front end would be damaged".to_owned();
        checks.push(Checked {
            what: "head",
            good: false,
            said,
            hint: Some("install GNU coreutils there (Alpine: `apk add coreutils`)".to_owned()),
        });
    }
    checks
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

fn setup(app: &App, ui: &Ui, args: &SetupArgs) -> Result {
    let cluster = app.config.cluster(&args.cluster)?;
    warn_of_exposed(app, ui);
    if cluster.transport == Transport::Ssh {
        make_known(app, ui, cluster, args.accept_host_key.as_deref())?;
    }
    let mut remote = app.remote(cluster);
    let path = app
        .runner_here(cluster)
        .map_err(|error| Problem::failed(format!("cannot find the runner: {error}")))?;
    let runner = RunnerHere::read(path.clone()).map_err(|error| {
        Problem::failed(format!("cannot read the runner {}: {error}", path.display()))
    })?;
    ui.status(&format!("{}: placing the runner ({})", cluster.name, text::bytes(runner.len)));
    let spinner = ui.spinner("sending");
    let placed = install_runner(remote.as_mut(), cluster, &runner, app.limits(cluster));
    spinner.finish_and_clear();
    match placed? {
        InstallOutcome::There(path) => {
            ui.status(&format!("{}: it is there already: {path}", cluster.name))
        }
        InstallOutcome::Sent(path) => {
            ui.status(&format!("{}: it is in place: {path}", cluster.name))
        }
        InstallOutcome::Refused(why) => return Err(Problem::failed(text::clean(&why))),
    }
    let checks = check(app, cluster, remote.as_mut());
    let good = checks.iter().all(|check| check.good);
    if ui.json {
        ui.json(&serde_json::json!({ "name": cluster.name.as_str(), "ok": good, "runner": runner.hash }));
    } else {
        tell(ui, cluster, &checks);
    }
    Ok(if good { Exit::Success } else { Exit::Bad })
}

/// Makes the host known, after the person has compared its fingerprint.
fn make_known(app: &App, ui: &Ui, cluster: &Cluster, accepted: Option<&str>) -> Result<()> {
    let mut remote = app.remote(cluster);
    let mut hello = Script::new();
    hello.section("hello", "true");
    match remote.run(hello, app.limits(cluster)) {
        Err(RemoteError::HostKeyUnknown { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => return Ok(()),
    }
    let key = host_key(&app.ssh_target(cluster))?;
    match accepted {
        Some(fingerprint) if fingerprint == key.fingerprint => {}
        Some(_) => {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!(
                    "{} offers {}, which is not the fingerprint that you gave",
                    cluster.host, key.fingerprint
                ),
            )
            .hint("compare it with your cluster's documentation; nothing was written"));
        }
        None => {
            ui.status(&format!("{} is not known here. Its {} key is", cluster.host, key.key_type));
            ui.status(&format!("  {}", key.fingerprint));
            if !ui.ask("Is it the one in your cluster's documentation?") {
                return Err(Problem::new(
                    ProblemKind::Conflict,
                    format!(
                        "the host key of {} was not accepted: {}",
                        cluster.host, key.fingerprint
                    ),
                )
                .hint(format!(
                    "when it is right: researchloop cluster setup {} --accept-host-key {}",
                    text::shell_word(cluster.name.as_str()),
                    key.fingerprint
                )));
            }
        }
    }
    // One of those that the next connection reads.
    let mut refused = Vec::new();
    for file in known_hosts_files(&app.ssh_target(cluster))? {
        match add_known_host(&file, &key) {
            Ok(()) => {
                ui.status(&format!("{} is known now, in {}", cluster.host, file.display()));
                return Ok(());
            }
            Err(error) => refused.push(format!("{}: {error}", file.display())),
        }
    }
    let why = if refused.is_empty() {
        "the ssh configuration names no file for it".to_owned()
    } else {
        refused.join("; ")
    };
    Err(Problem::failed(format!(
        "the host key of {} can be kept in no known_hosts file: {why}",
        cluster.host
    ))
    .hint("set `known_hosts` of the cluster to a file of your own"))
}
