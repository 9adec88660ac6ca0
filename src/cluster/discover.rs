//! Asks a host what it is: its scheduler, what that offers, where there is room, and whether Claude is there.
//! One request; nothing is written there.

use super::check::AGENT;
use crate::app::App;
use crate::config::Cluster;
use crate::domain::{SchedulerKind, text};
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Script, Section};
use crate::scheduler::{self, Offer};

/// What was found on a host.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// Where it was asked: `user@host:port`.
    pub place: String,
    /// Its scheduler.
    pub scheduler: SchedulerKind,
    /// What that offers.
    pub offer: Offer,
    /// Folders for large files that may be written to.
    pub folders: Vec<Room>,
    /// Whether Claude Code was found on the login node.
    pub has_claude: bool,
}

/// A folder for large files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The variable that names it; none for one that is only usual.
    pub variable: Option<String>,
    /// Where it is.
    pub path: String,
    /// Its file system, and the space in it.
    pub about: String,
}

/// Why the scheduler of a host is not known.
#[derive(Debug)]
pub enum Unclear {
    /// It did not come so far.
    Failed(Problem),
    /// Both answer: a person has to choose.
    Several,
    /// Neither is there.
    NoScheduler,
}

/// Prints `room VARIABLE|PATH|FILE SYSTEM|SPACE`, by the variables of the login profile, and by what is usual.
const FOLDERS: &str = r#"rl_me=$(id -un 2>/dev/null)
{
if command -v bash >/dev/null 2>&1; then
if command -v timeout >/dev/null 2>&1; then rl_limit='timeout 20'; else rl_limit=; fi
$rl_limit bash -lc 'for name in SCRATCH PSCRATCH SCRATCHDIR SCRATCH_DIR WORK WORKDIR PROJECT; do if [ -n "${!name-}" ]; then printf "rl: %s|%s\n" "$name" "${!name}"; fi; done' </dev/null 2>/dev/null | sed -n 's/^rl: //p'
fi
for rl_base in /scratch /work /lustre /gpfs/scratch /data; do printf -- '-|%s\n' "$rl_base/$rl_me" "$rl_base/users/$rl_me"; done
} | while IFS='|' read -r rl_name rl_path; do
case $rl_path in /*) ;; *) continue ;; esac
if [ -d "$rl_path" ] && [ -w "$rl_path" ]; then
printf 'room %s|%s|%s|%s\n' "$rl_name" "$rl_path" "$(stat -f -c %T "$rl_path" 2>/dev/null)" "$(df -Pk "$rl_path" 2>/dev/null | awk 'NR == 2 { printf "%d GB free\n", $4 / 1048576 }')"
fi
done"#;

/// Asks the host of this cluster. `wanted`: the scheduler that is asked for, if a person has said which.
pub fn discover(
    app: &App,
    cluster: &Cluster,
    wanted: Option<SchedulerKind>,
) -> Result<Discovered, Unclear> {
    let kinds = match wanted {
        Some(kind) => vec![kind],
        None => vec![SchedulerKind::Slurm, SchedulerKind::Sge],
    };
    let mut script = Script::new();
    script.set("CLAUDE", "claude").section("folders", FOLDERS).section("agent", AGENT);
    for kind in &kinds {
        script.section(kind.as_str(), scheduler::scheduler(*kind).offer());
    }
    let mut remote = app.remote(cluster);
    let reply = remote
        .run(script, app.limits(cluster))
        .map_err(|error| Unclear::Failed(Problem::from(error)))?;
    let there: Vec<(SchedulerKind, &Section)> = kinds
        .iter()
        .filter_map(|kind| Some((*kind, reply.section(kind.as_str())?)))
        .filter(|(_, section)| section.status != scheduler::NOT_THERE)
        .collect();
    let answering: Vec<(SchedulerKind, &Section)> =
        there.iter().copied().filter(|(_, section)| section.status == 0).collect();
    // One that is there beside another and says nothing may be what the site has left behind.
    let (kind, section) = match (&answering[..], &there[..]) {
        ([one], _) | ([], [one]) => *one,
        (_, []) => return Err(Unclear::NoScheduler),
        _ => return Err(Unclear::Several),
    };
    if section.status != 0 {
        let said = text::lines(&section.text());
        let said: Vec<String> = said.into_iter().filter(|line| !line.is_empty()).take(3).collect();
        return Err(Unclear::Failed(
            Problem::new(
                ProblemKind::Failed,
                format!(
                    "{} of {} gives no answer: {}",
                    kind.as_str(),
                    remote.place(),
                    said.join("; ")
                ),
            )
            .hint("nothing was written; try again when it answers"),
        ));
    }
    let folders = reply.section("folders").map(|section| section.text().into_owned());
    Ok(Discovered {
        place: remote.place(),
        scheduler: kind,
        offer: scheduler::scheduler(kind).read_offer(&section.text()),
        folders: folders.as_deref().map(rooms).unwrap_or_default(),
        has_claude: reply.section("agent").is_some_and(|section| section.status == 0),
    })
}

/// Reads the folders. One that is named twice is told once.
fn rooms(answer: &str) -> Vec<Room> {
    let mut rooms: Vec<Room> = Vec::new();
    for row in answer.lines().filter_map(|line| line.strip_prefix("room ")) {
        let fields: Vec<&str> = row.split('|').collect();
        let [variable, path, kind, space] = fields[..] else { continue };
        if path.chars().any(text::is_harmful) || rooms.iter().any(|room| room.path == path) {
            continue;
        }
        let about: Vec<&str> =
            [kind, space].into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
        rooms.push(Room {
            variable: Some(variable).filter(|name| *name != "-").map(str::to_owned),
            path: path.to_owned(),
            about: text::line(&about.join(", ")),
        });
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_as_they_were_told() {
        let found = rooms(
            "a banner\nroom SCRATCH|/scratch/me|lustre|812 GB free\nroom -|/scratch/me|lustre|812 GB free\n\
             room -|/lustre/me||\nroom X|/a\u{202e}b|nfs|1 GB free\nroom broken\n",
        );
        let room = |variable: Option<&str>, path: &str, about: &str| Room {
            variable: variable.map(str::to_owned),
            path: path.to_owned(),
            about: about.to_owned(),
        };
        assert_eq!(
            found,
            [
                room(Some("SCRATCH"), "/scratch/me", "lustre, 812 GB free"),
                room(None, "/lustre/me", "")
            ]
        );
    }
}
