//! Brings the files of a sprint to this machine, piece by piece.
//!
//! Whoever answers there may be anybody: how much, how often and how long is bounded by what the first
//! answer announces and by what was asked for.

use std::path::Path;
use std::time::Duration;

use super::arrive::Arrival;
use super::install_runner::{InstallOutcome, RunnerHere, install_runner, use_runner};
use crate::app::{App, ClusterError};
use crate::bundle::FORMAT_VERSION;
use crate::bundle::transfer::{ResultsHead, ResultsRequest, split_results};
use crate::config::{Cluster, UnknownName};
use crate::domain::action::Action;
use crate::domain::{SprintId, Status, text};
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Limits, Payload, Remote, RemoteError, Script};
use crate::store::{SprintRow, Store, StoreError};

/// The largest file of the report's set that is brought.
const MAX_REPORT_FILE: u64 = 50 << 20;
/// The largest file of `--all`.
const MAX_ANY_FILE: u64 = 4 << 30;
/// How much one request brings.
const PIECE: u64 = 32 << 20;
/// Files that grow while they are brought may take so many requests more than was announced.
const SPARE_PIECES: u64 = 3;
/// Who brings less than that in a second is given up.
const LEAST_RATE: u64 = 256 << 10;

/// How much is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The report's set, by itself: what a laptop can take of each sprint without being asked.
    Unasked,
    /// The report's set, because a person asks.
    Report,
    /// Every regular file.
    All,
}

impl Extent {
    fn max_file(self) -> u64 {
        if self == Self::All { MAX_ANY_FILE } else { MAX_REPORT_FILE }
    }

    fn max_total(self) -> u64 {
        match self {
            Self::Unasked => 200 << 20,
            Self::Report => 500 << 20,
            Self::All => u64::MAX,
        }
    }
}

/// Why files could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The far side has nothing, or said something odd.
    #[error("the files of the sprint could not be read on {place}: {problem}")]
    Answer {
        /// Where.
        place: String,
        /// What it said.
        problem: String,
    },
    /// A file could not be written here.
    #[error("cannot write {path}: {problem}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        problem: String,
    },
    /// It never had a job that could have made some.
    #[error("{sprint} has no files yet: it is {status}")]
    NoFiles {
        /// The sprint.
        sprint: SprintId,
        /// How it stands.
        status: Status,
    },
    /// Its cluster cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The configuration does not know its study or cluster any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The way to the cluster.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Cluster(error) => error.into(),
            FetchError::Unknown(error) => error.into(),
            FetchError::NoFiles { .. } => Self::new(ProblemKind::Conflict, error.to_string()),
            FetchError::Store(error) => error.into(),
            FetchError::Remote(error) => error.into(),
            FetchError::Answer { .. } | FetchError::Write { .. } => Self::failed(error.to_string()),
        }
    }
}

/// What was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Paths below the folder, with sizes.
    pub files: Vec<(String, u64)>,
    /// What was left out, one sentence each.
    pub skipped: Vec<String>,
}

/// Brings a sprint's files into a folder. What comes into its own folder is written down. `progress`
/// hears bytes done and in all.
pub fn fetch(
    app: &App,
    store: &mut Store,
    row: &SprintRow,
    to: &Path,
    extent: Extent,
    progress: impl FnMut(u64, u64),
) -> Result<Fetched, FetchError> {
    let id = &row.id;
    if !row.was_submitted() || row.state.last_job().is_none() {
        return Err(FetchError::NoFiles { sprint: row.id.clone(), status: row.state.status() });
    }
    let cluster = app.cluster_of(row)?;
    let mut remote = app.remote(cluster);
    let tweaks = store.tweaks_of(id)?;
    let fetched = fetch_through(app, remote.as_mut(), cluster, row, &tweaks, to, extent, progress)?;
    if to == app.artifacts(id) {
        remember(store, id, &fetched)?;
    }
    Ok(fetched)
}

/// Brings the report's set, or all regular files, through a connection. `tweaks` are the sprint's follow-ups, whose reports
/// lie there too. `progress` hears bytes done and in all.
#[expect(clippy::too_many_arguments, reason = "what to copy, from where, to where")]
pub fn fetch_through(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    tweaks: &[SprintId],
    to: &Path,
    wanted: Extent,
    mut progress: impl FnMut(u64, u64),
) -> Result<Fetched, FetchError> {
    let also: Vec<String> = tweaks.iter().map(|id| format!("tweak_{id}.md")).collect();
    let limits = app.limits(cluster);
    let began = clock::instant();
    let mut arrival = Arrival::at(to, wanted.max_file(), to == app.artifacts(&row.id));
    let mut bounds: Option<Bounds> = None;
    let mut from = None;
    let mut runner = row.runner.clone();
    let mut placed = false;
    loop {
        let request = ResultsRequest {
            v: FORMAT_VERSION,
            dir: row.remote_dir.clone(),
            all: wanted == Extent::All,
            max_file: wanted.max_file(),
            max_total: PIECE,
            from: from.clone(),
            also: also.clone(),
        };
        let mut script = Script::new();
        use_runner(&mut script, &runner, from.is_none());
        script.section_with_input(
            "results",
            Payload::Bytes(serde_json::to_vec(&request).unwrap_or_default()),
            "rl_start files-results",
        );
        // One deadline over all requests.
        let odd = |remote: &dyn Remote, problem: String| FetchError::Answer {
            place: remote.place(),
            problem,
        };
        let deadline = match &bounds {
            Some(bounds) => bounds.time.saturating_sub(clock::since(began)).min(limits.deadline),
            None => limits.deadline,
        };
        if deadline.is_zero() {
            return Err(odd(
                remote,
                format!("they did not come within {} s", clock::since(began).as_secs()),
            ));
        }
        let reply = remote.run(
            script,
            Limits { deadline, max_bytes: 2 * usize::try_from(PIECE).unwrap_or(usize::MAX) },
        )?;
        let section =
            reply.section("results").ok_or_else(|| odd(remote, "no answer".to_owned()))?;
        if section.status == 127 && !placed {
            // The runner is gone from the cluster (scratch was cleaned), or may not be used as it is.
            placed = true;
            let mut here = app
                .runner_here(cluster)
                .and_then(RunnerHere::read)
                .map_err(|error| odd(remote, error.to_string()))?;
            match install_runner(remote, cluster, &mut here, limits)? {
                InstallOutcome::There(path) | InstallOutcome::Sent(path) => runner = path,
                InstallOutcome::Refused(why) => return Err(odd(remote, why)),
            }
            continue;
        }
        let answer = split_results(&section.output, PIECE, from.as_ref());
        let (head, bytes) = answer
            .ok_or_else(|| odd(remote, text::line(&section.text()).chars().take(300).collect()))?;
        let bounds = match &mut bounds {
            Some(bounds) => bounds,
            None => bounds.insert(
                Bounds::of(&head, wanted, limits, to).map_err(|problem| odd(remote, problem))?,
            ),
        };
        arrival.take(&head, bytes)?;
        progress(arrival.done, bounds.total.max(arrival.done));
        let Some(next) = head.next else { break };
        bounds.pieces = bounds.pieces.saturating_sub(1);
        if bounds.pieces == 0 {
            let fetch = |all| Action::FetchSprint { sprint: row.id.to_string(), all };
            arrival.skip(match wanted {
                Extent::Unasked => format!(
                    "the rest is too large to be fetched automatically; use `{}`",
                    fetch(false)
                ),
                Extent::Report => format!(
                    "the rest: more than {} bytes; use `{}`",
                    wanted.max_total(),
                    fetch(true)
                ),
                Extent::All => "the rest: more came than was announced".to_owned(),
            });
            break;
        }
        from = Some(next);
    }
    arrival.finish()
}

/// What all requests of one fetch may take. The first answer announces it, and nothing that comes
/// later raises it.
struct Bounds {
    /// Bytes.
    total: u64,
    /// Requests that are left.
    pieces: u64,
    /// Since the beginning.
    time: Duration,
}

impl Bounds {
    fn of(head: &ResultsHead, wanted: Extent, limits: Limits, to: &Path) -> Result<Self, String> {
        let announced = head
            .files
            .iter()
            .try_fold(0_u64, |sum, (_, size)| sum.checked_add(*size))
            .ok_or("its files would be larger than any disk")?;
        let total = announced.min(wanted.max_total());
        if let Some(free) = free_bytes(to)
            && free < total
        {
            return Err(format!(
                "{total} bytes are announced, and only {free} are free for {}",
                to.display()
            ));
        }
        Ok(Self {
            total,
            pieces: total.div_ceil(PIECE) + SPARE_PIECES,
            time: limits.deadline + Duration::from_secs(total / LEAST_RATE),
        })
    }
}

/// How much room there is where a folder is, or will be.
fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let stat = rustix::fs::statvfs(there).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

/// Remembers what was brought.
pub fn remember(store: &mut Store, id: &SprintId, fetched: &Fetched) -> Result<(), StoreError> {
    let change = store.change()?;
    for (path, size) in &fetched.files {
        change.put_artifact(id, path, *size)?;
    }
    change.commit()
}
