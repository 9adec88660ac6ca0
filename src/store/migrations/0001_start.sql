-- What this program remembers. Times are UTC in RFC 3339. Every change of a row in
-- `sprints` has an event, written in the same transaction.

CREATE TABLE sprints (
    id             TEXT PRIMARY KEY,
    study_name     TEXT NOT NULL,
    cluster        TEXT NOT NULL,
    scheduler      TEXT NOT NULL,
    idea           TEXT,
    status         TEXT NOT NULL,
    phase          TEXT,
    reason         TEXT,
    detail         TEXT NOT NULL DEFAULT '',
    hint           TEXT NOT NULL DEFAULT '',
    job_id         TEXT,
    directory      TEXT NOT NULL,
    remote_dir     TEXT NOT NULL,
    runner         TEXT NOT NULL DEFAULT '',
    created_at     TEXT NOT NULL,
    submitted_at   TEXT,
    started_at     TEXT,
    completed_at   TEXT,
    parent         TEXT,
    loop_id        TEXT,
    task_id        TEXT,
    request        TEXT NOT NULL,
    attempt        INTEGER NOT NULL DEFAULT 0,
    seconds        INTEGER NOT NULL,
    summary        TEXT,
    session_id     TEXT,
    host           TEXT,
    resets_at      INTEGER,
    cost_usd       REAL NOT NULL DEFAULT 0,
    cost_estimated INTEGER NOT NULL DEFAULT 0,
    input_tokens   INTEGER NOT NULL DEFAULT 0,
    output_tokens  INTEGER NOT NULL DEFAULT 0,
    cached_tokens  INTEGER NOT NULL DEFAULT 0,
    -- How far the journal was read, and what stood before that place.
    journal_offset INTEGER NOT NULL DEFAULT 0,
    journal_prefix TEXT NOT NULL DEFAULT '',
    journal_altered INTEGER NOT NULL DEFAULT 0,
    -- Healthy polls in a row in which nothing knew the job, and the first one's time by the
    -- cluster's clock, in seconds since 1970.
    missing_polls  INTEGER NOT NULL DEFAULT 0,
    missing_since  INTEGER,
    -- When the results were fetched, and how often that was tried.
    results_at     TEXT,
    results_tries  INTEGER NOT NULL DEFAULT 0,
    -- Not before this time, in seconds since 1970.
    results_next   INTEGER NOT NULL DEFAULT 0,
    cancel_asked_at TEXT,
    -- When the scheduler was last told, in seconds since 1970.
    cancel_sent    INTEGER NOT NULL DEFAULT 0,
    note           TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX sprints_by_time ON sprints (created_at DESC, id);
CREATE INDEX sprints_by_study ON sprints (study_name, created_at DESC);
CREATE INDEX sprints_open ON sprints (cluster, status) WHERE status NOT IN ('completed', 'failed', 'cancelled');
CREATE INDEX sprints_unfetched ON sprints (cluster) WHERE status IN ('completed', 'failed', 'cancelled') AND results_at IS NULL;

-- One sprint can have several jobs: a submission each.
CREATE TABLE jobs (
    sprint_id    TEXT NOT NULL REFERENCES sprints (id) ON DELETE CASCADE,
    attempt      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    job_id       TEXT,
    state        TEXT NOT NULL DEFAULT '',
    sent_at      TEXT NOT NULL,
    accepted_at  TEXT,
    ended_at     TEXT,
    exit_code    INTEGER,
    signal       INTEGER,
    words        TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sprint_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
    sprint_id     TEXT NOT NULL REFERENCES sprints (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    label         TEXT NOT NULL,
    title         TEXT NOT NULL,
    state         TEXT NOT NULL,
    detail        TEXT NOT NULL DEFAULT '',
    started_at    TEXT,
    ended_at      TEXT,
    seconds       INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL NOT NULL DEFAULT 0,
    tokens        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sprint_id, label)
) STRICT, WITHOUT ROWID;

-- The journals of runs, as they were written on the clusters. The first line of a number stays.
CREATE TABLE journal (
    sprint_id   TEXT NOT NULL REFERENCES sprints (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    time        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    line        TEXT NOT NULL,
    PRIMARY KEY (sprint_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    sprint_id  TEXT NOT NULL REFERENCES sprints (id) ON DELETE CASCADE,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    fetched_at TEXT NOT NULL,
    PRIMARY KEY (sprint_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id        INTEGER PRIMARY KEY,
    time      TEXT NOT NULL,
    sprint_id TEXT,
    kind      TEXT NOT NULL,
    data      TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX events_by_sprint ON events (sprint_id, id);

-- Exclusive rights that expire. The token grows with every holder.
CREATE TABLE leases (
    name    TEXT PRIMARY KEY,
    holder  TEXT NOT NULL,
    token   INTEGER NOT NULL,
    until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
