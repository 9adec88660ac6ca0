//! Opens the file: ours, and of a version that we know.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Store, ids};
use crate::domain::action::Action;
use crate::platform::clock::{self, Clock};
use crate::platform::{file_system, private};
use crate::problem::{Problem, ProblemKind};

/// "rlop": how a file says that it is ours.
const APPLICATION_ID: i32 = 0x726c_6f70;
/// One file a version, applied in order, never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_backlog.sql"),
    include_str!("migrations/0003_claims_and_limits.sql"),
    include_str!("migrations/0004_untold.sql"),
    include_str!("migrations/0005_unknown.sql"),
    include_str!("migrations/0006_waits.sql"),
    include_str!("migrations/0007_counts.sql"),
];
/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(15);

/// What can go wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program's database.
    #[error("{path} is a database of another program{extra}; it was not changed")]
    Foreign {
        /// The file.
        path: String,
        /// What kind, when known.
        extra: &'static str,
    },
    /// A newer program's database.
    #[error(
        "{path} was written by a newer researchloop (schema {found}, this program knows {known})"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// It cannot be opened at all.
    #[error("cannot open the database {path}: {problem}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        problem: String,
    },
    /// File locks do not work where it lies. Without them, two commands at once would destroy it.
    #[error(
        "the database {path} cannot be used: file locks do not work in its folder (a network file system?): {problem}"
    )]
    NoLocks {
        /// The file.
        path: String,
        /// What the system says.
        problem: String,
    },
    /// Results lie beside it that it does not know.
    #[error("{0}")]
    Behind(Box<super::Behind>),
    /// Another one works on it for too long.
    #[error("the database is in use by another process for more than {} s", BUSY.as_secs())]
    Busy,
    /// It can only be read.
    #[error("the database cannot be written")]
    ReadOnly,
    /// No space for it.
    #[error("there is no space left for the database")]
    Full,
    /// Something else.
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
    /// A value in it that this program cannot have written.
    #[error("the database holds something unexpected: {0}")]
    Unexpected(String),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let passes = error.passes();
        let failure = match error {
            StoreError::Foreign { .. } => {
                Self::new(ProblemKind::Conflict, error.to_string()).hint("set `db_path` to another file; ours is made when it is not there")
            }
            StoreError::Newer { .. } => Self::new(ProblemKind::Conflict, error.to_string()).hint("update researchloop, or set `db_path` to another file"),
            StoreError::Behind(ref behind) => Self::new(ProblemKind::Conflict, error.to_string())
                .hint("nothing was begun: what was spent, and what may still run, is not known. Restore the database from a copy that knows them")
                .hint(format!(
                    "to start over without them, or if another project or program keeps its results there, move their folders out of {}, or set `artifact_dir` to another one; what they have cost counts to no limit then",
                    behind.artifacts.display()
                )),
            StoreError::Busy => Self::new(ProblemKind::Conflict, error.to_string()).hint("try again when the other command is done"),
            StoreError::NoLocks { .. } => Self::failed(error.to_string())
                .hint("set `db_path` to a file on a disk of this machine, or have the file system mounted with locks (Lustre: `-o flock`)"),
            StoreError::Full => Self::failed(error.to_string())
                .hint(format!("free space on this machine; what was sent to a cluster meanwhile is looked up by the next `{}`", Action::Tick)),
            StoreError::ReadOnly => Self::failed(error.to_string())
                .hint("it can be read all the same; make it and its folder (`db_path`) writable for you, and free of a read-only file system"),
            StoreError::Unreadable { .. } => Self::failed(error.to_string())
                .hint("make it readable and writable for you, restore it from a copy, or set `db_path` to another file"),
            StoreError::Sqlite(_) => Self::failed(error.to_string())
                .hint(format!("`{}` shows which file it is (`db_path`); restore it from a copy, or set `db_path` to another file", Action::CheckConfig)),
            _ => Self::failed(error.to_string()),
        };
        Self { passes, ..failure }
    }
}

impl StoreError {
    /// Whether it may pass by itself: a lock, a full disk, a file system that is away for a moment. Who
    /// goes on for long tries again.
    pub fn passes(&self) -> bool {
        match self {
            Self::Busy | Self::Full | Self::Unreadable { .. } | Self::NoLocks { .. } => true,
            Self::Sqlite(error) => !matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
            Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Unexpected(_)
            | Self::ReadOnly
            | Self::Behind(_) => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if let Some(mistake) = ids::mistake(&error) {
            return Self::Unexpected(mistake.to_string());
        }
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::Busy
            }
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::ReadOnly) => Self::ReadOnly,
            // No space for the index of its log, which SQLite calls a failed input or output.
            _ if error.sqlite_error().is_some_and(|error| {
                error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
            }) =>
            {
                Self::Full
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl Store {
    /// Opens the file, and makes it when it is not there.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_it(path).map_err(|error| match error {
            // SQLite calls it a failed input or output, or takes it for a lock of somebody else's.
            StoreError::Busy | StoreError::Sqlite(_) | StoreError::Unreadable { .. } => {
                match (no_locks(path), error) {
                    (Some(problem), _) => {
                        StoreError::NoLocks { path: path.display().to_string(), problem }
                    }
                    (None, StoreError::Sqlite(error)) => StoreError::Unreadable {
                        path: path.display().to_string(),
                        problem: error.to_string(),
                    },
                    (None, other) => other,
                }
            }
            other => other,
        })
    }

    fn open_it(path: &Path) -> Result<Self, StoreError> {
        let unreadable =
            |problem: String| StoreError::Unreadable { path: path.display().to_string(), problem };
        if let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
        {
            private::make_folder(folder).map_err(|error| unreadable(error.to_string()))?;
        }
        if let Some(target) = std::fs::read_link(path).ok().filter(|_| !path.exists()) {
            return Err(unreadable(format!(
                "it is a symbolic link to {}, which is not there",
                target.display()
            )));
        }
        make_private(path).map_err(|error| unreadable(error.to_string()))?;
        let (connection, is_crammed) =
            connect(path).map_err(|error| unreadable(error.to_string()))?;
        connection.busy_timeout(BUSY)?;
        let foreign = |extra| StoreError::Foreign { path: path.display().to_string(), extra };
        // The tables first: who makes a new file makes both at once, so a file that has tables has its
        // id by then.
        let tables: i64 = match connection.query_row(
            "SELECT count(*) FROM sqlite_schema",
            [],
            |row| row.get(0),
        ) {
            Ok(count) => count,
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
                return Err(foreign(" (or no database at all)"));
            }
            Err(error) => return Err(error.into()),
        };
        let application: i32 =
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if application != APPLICATION_ID && (tables > 0 || application != 0) {
            let python: i64 = connection.query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('auto_loops', 'studies', 'sprints')",
                [],
                |row| row.get(0),
            )?;
            return Err(foreign(if python == 3 { " (the Python researchloop)" } else { "" }));
        }
        let mut store = Self::on(connection, is_crammed)?;
        store.migrate(path)?;
        Ok(store)
    }

    /// Looks into a database without waiting and without changing it, not even to bring it up to date.
    pub fn peek(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if usize::try_from(found).ok() != Some(MIGRATIONS.len()) {
            return Err(StoreError::Unexpected("it has another schema".to_owned()));
        }
        Self::on(connection, false)
    }

    /// A database in memory, which is gone afterwards.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut store = Self::on(Connection::open_in_memory()?, false)?;
        store.migrate(Path::new(":memory:"))?;
        Ok(store)
    }

    fn on(connection: Connection, is_crammed: bool) -> Result<Self, StoreError> {
        let clock = Clock::default();
        Self { connection, behind: None, is_crammed, clock: clock.clone() }.with_clock(clock)
    }

    fn migrate(&mut self, path: &Path) -> Result<(), StoreError> {
        // Each is a quick look; none writes when nothing has to change. FULL: after a power cut, a job
        // whose submission is not remembered would be one that nobody knows.
        self.connection.pragma_update(None, "foreign_keys", true)?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let version = |connection: &Connection| -> Result<usize, StoreError> {
            let version: i64 =
                connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(usize::try_from(version).unwrap_or(0))
        };
        let found = version(&self.connection)?;
        if found > MIGRATIONS.len() {
            return Err(StoreError::Newer {
                path: path.display().to_string(),
                found,
                known: MIGRATIONS.len(),
            });
        }
        if found == MIGRATIONS.len() {
            return Ok(());
        }
        use_wal(&self.connection)?;
        let change = self.change()?;
        // Another process may have been quicker.
        let found = version(&change.transaction)?;
        for (index, sql) in MIGRATIONS.iter().enumerate().skip(found) {
            change.transaction.execute_batch(sql)?;
            change.transaction.pragma_update(
                None,
                "user_version",
                i64::try_from(index + 1).unwrap_or(i64::MAX),
            )?;
        }
        change.transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.commit()
    }
}

/// Switches to a log of its own. For that, SQLite does not wait until nobody else works on the file.
fn use_wal(connection: &Connection) -> Result<(), StoreError> {
    let until = clock::instant() + BUSY;
    loop {
        let changed: Result<String, _> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match changed.map_err(StoreError::from) {
            Err(StoreError::Busy) if clock::instant() < until => {
                clock::pause(Duration::from_millis(20))
            }
            other => return other.map(drop),
        }
    }
}

/// Why no file locks can be had where the database lies, when that is so.
fn no_locks(path: &Path) -> Option<String> {
    file_system::no_locks(
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    )
}

/// Whether a file says of itself that it is a database of this program. It is not opened as one.
pub(super) fn is_ours(path: &Path) -> bool {
    use std::io::Read as _;
    // Where a file of SQLite's has its application's id.
    let mut head = [0; 72];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && head[68..] == APPLICATION_ID.to_be_bytes()
}

/// Makes the file with a mode that nobody else can read, before SQLite makes it.
fn make_private(path: &Path) -> std::io::Result<()> {
    match private::new_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// Connects for writing, and where that cannot be, for reading. To read a database with a log, SQLite
/// makes a file beside it. Where nothing can be made, nobody else writes, so it is read as it is, unless
/// its log holds something that would be missed. True when there is no space to write.
fn connect(path: &Path) -> Result<(Connection, bool), rusqlite::Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // Nobody waits here for locks that cannot be had: where there are none, SQLite says that they are taken.
    connection.busy_timeout(Duration::ZERO)?;
    let looked: Result<i64, _> =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
    if looked
        .as_ref()
        .is_err_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
        && no_locks(path).is_some()
    {
        return looked.map(|_: i64| (connection, false));
    }
    let is_closed = |error: &rusqlite::Error| {
        matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
        )
    };
    // Without space for the index of the log, which others share, it is kept in memory. Nobody else can
    // use the file as long.
    let is_full = |error: rusqlite::Error| matches!(StoreError::from(error), StoreError::Full);
    if looked.as_ref().is_err_and(|error| {
        error
            .sqlite_error()
            .is_some_and(|code| is_full(rusqlite::Error::SqliteFailure(*code, None)))
    }) {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        return Ok((connection, true));
    }
    let log_is_empty =
        || std::fs::metadata(format!("{}-wal", path.display())).map_or(true, |log| log.len() == 0);
    if !looked.is_err_and(|error| is_closed(&error)) || !log_is_empty() {
        return Ok((connection, false));
    }
    let quoted =
        path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{quoted}?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Ok((Connection::open_with_flags(uri, flags)?, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SprintId;

    #[test]
    fn another_programs_database_is_never_written() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("other.db");
        Connection::open(&path)
            .expect("opened")
            .execute_batch("CREATE TABLE x (y); INSERT INTO x VALUES (1)")
            .expect("made");
        let before = std::fs::read(&path).expect("read");
        assert!(matches!(Store::open(&path), Err(StoreError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).expect("read"), before);
        let text = temp.path().join("text.db");
        std::fs::write(&text, "this is a text file, not a database at all, and it is long enough")
            .expect("written");
        let error = Store::open(&text).expect_err("no database");
        assert!(error.to_string().contains("another program"), "{error}");
    }

    #[test]
    fn an_empty_database_with_the_id_of_another_program_is_not_taken() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("other.db");
        let other = Connection::open(&path).expect("opened");
        for version in [0, 7] {
            other.pragma_update(None, "application_id", 77).expect("set");
            other.pragma_update(None, "user_version", version).expect("set");
            assert!(
                matches!(Store::open(&path), Err(StoreError::Foreign { .. })),
                "version {version}"
            );
        }
        assert_eq!(
            other
                .pragma_query_value::<i32, _>(None, "application_id", |row| row.get(0))
                .expect("read"),
            77
        );
    }

    #[test]
    fn a_broken_file_is_named() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("broken.db");
        drop(Store::open(&path).expect("made"));
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[100..4096].fill(0xff);
        std::fs::write(&path, bytes).expect("written");
        let error = Store::open(&path).expect_err("broken");
        assert!(
            matches!(error, StoreError::Unreadable { .. })
                && error.to_string().contains("broken.db"),
            "{error}"
        );
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("new.db");
        drop(Store::open(&path).expect("made"));
        Connection::open(&path)
            .expect("opened")
            .pragma_update(None, "user_version", 99)
            .expect("set");
        let error = Store::open(&path).expect_err("newer");
        assert!(error.to_string().contains("schema 99"), "{error}");
    }

    #[test]
    fn what_an_older_note_says_of_a_limit_is_known() {
        let connection = Connection::open_in_memory().expect("a database");
        for sql in &MIGRATIONS[..5] {
            connection.execute_batch(sql).expect("a schema");
        }
        let sprints = [
            ("sp-000001", "parked", "does not go on: $9.00 of the $9.00 are used"),
            ("sp-000002", "parked", "cannot go on now: does not go on: no"),
            ("sp-000003", "pending", "does not go on: no"),
        ];
        for (id, status, note) in sprints {
            connection
                .execute(
                    "INSERT INTO sprints (id, study_name, cluster, scheduler, status, note, directory, remote_dir, request, seconds, created_at)
                     VALUES (?1, 's', 'c', 'slurm', ?2, ?3, 'd', '/d', '{}', 60, '2026-01-02T03:04:05Z')",
                    (id, status, note),
                )
                .expect("made");
        }
        connection.pragma_update(None, "user_version", 5).expect("set");
        let mut store = Store::on(connection, false).expect("a store");
        store.migrate(Path::new(":memory:")).expect("of today");
        let limits = sprints.map(|(id, ..)| {
            let sprint = store.sprint(&SprintId::of(id)).expect("read").expect("there");
            sprint.limit_reason().map(str::to_owned)
        });
        assert_eq!(limits, [Some("$9.00 of the $9.00 are used".to_owned()), None, None]);
    }

    #[test]
    fn many_at_once_make_one_schema() {
        let temp = tempfile::tempdir().expect("a folder");
        for round in 0..20 {
            let path = temp.path().join(format!("{round}.db"));
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let path = path.clone();
                    std::thread::spawn(move || Store::open(&path).map(drop))
                })
                .collect();
            for thread in threads {
                thread.join().expect("no panic").expect("opened");
            }
        }
    }
}
