-- What comes next: tasks with what they need, loops, messages, findings, notices, money.

CREATE TABLE tasks (
    id             TEXT PRIMARY KEY,
    study_name     TEXT NOT NULL,
    idea           TEXT NOT NULL,
    -- `open`, `done`, `dead`, `skipped` or `cancelled`. Everything else about an open task (ready,
    -- blocked, claimed, waiting) is asked for, never stored.
    status         TEXT NOT NULL DEFAULT 'open',
    -- What came out, once it is done: `supported`, `refuted`, `inconclusive`, or nothing.
    verdict        TEXT,
    -- Why it is dead, skipped or cancelled; what a person said of a done one.
    detail         TEXT NOT NULL DEFAULT '',
    -- 0 is the most urgent, 2 the least.
    priority       INTEGER NOT NULL DEFAULT 1,
    parent         TEXT REFERENCES tasks (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    done_when      TEXT NOT NULL DEFAULT '',
    verify         TEXT NOT NULL DEFAULT '',
    -- `person`, `file`, `plan`, `sprint` or the loop whose job had the idea.
    made_by        TEXT NOT NULL DEFAULT 'person',
    -- The length of the longest chain of open tasks that waits for this one.
    depth          INTEGER NOT NULL DEFAULT 0,
    -- Attempts that failed, and those of them that count.
    failures       INTEGER NOT NULL DEFAULT 0,
    infra_failures INTEGER NOT NULL DEFAULT 0,
    max_attempts   INTEGER NOT NULL DEFAULT 3,
    -- Not before this time, in seconds since 1970.
    retry_at       INTEGER NOT NULL DEFAULT 0,
    -- Who has it: a person, an agent, or the id of a sprint. The token grows with every claim.
    claimed_by     TEXT,
    claim_token    INTEGER NOT NULL DEFAULT 0,
    -- In seconds since 1970; nothing for a sprint, whose claim ends when it settles.
    claim_until    INTEGER,
    created_at     TEXT NOT NULL,
    ended_at       TEXT
) STRICT;

-- In the order in which they are taken: urgent ones, those that most waits for, old ones.
CREATE INDEX tasks_by_study ON tasks (study_name, status, priority, depth DESC, created_at);
CREATE INDEX tasks_open ON tasks (priority, depth DESC, created_at) WHERE status = 'open';
CREATE INDEX tasks_by_parent ON tasks (parent) WHERE parent IS NOT NULL;

-- `task` can run only after `needs` has ended as `on_state` says: `done`, `supported`, `refuted`,
-- `failed` or `any`.
CREATE TABLE task_needs (
    task     TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    needs    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    on_state TEXT NOT NULL DEFAULT 'done',
    PRIMARY KEY (task, needs)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_needs_back ON task_needs (needs, task);

-- What each need has come to: `met`, `never` or `open`. The table in docs/backlog.md says the same.
CREATE VIEW need_states AS
SELECT n.task, n.needs, n.on_state,
    CASE
        WHEN t.status = 'open' THEN 'open'
        WHEN n.on_state = 'any' THEN 'met'
        WHEN n.on_state = 'done' AND t.status = 'done' THEN 'met'
        WHEN n.on_state IN ('supported', 'refuted') AND t.status = 'done' AND t.verdict = n.on_state THEN 'met'
        WHEN n.on_state = 'failed' AND t.status = 'dead' THEN 'met'
        ELSE 'never'
    END AS state
FROM task_needs n JOIN tasks t ON t.id = n.needs;

-- Where each task stands. What a parent needs, its children need. A task with children is never
-- run itself.
CREATE VIEW task_states AS
SELECT t.*, t.rowid AS number,
    CASE
        WHEN t.status <> 'open' THEN t.status
        WHEN EXISTS (SELECT 1 FROM tasks c WHERE c.parent = t.id) THEN 'parent'
        WHEN t.claimed_by IS NOT NULL AND t.claim_until IS NULL THEN 'running'
        WHEN t.claimed_by IS NOT NULL AND t.claim_until > unixepoch() THEN 'claimed'
        WHEN EXISTS (SELECT 1 FROM need_states n WHERE n.task = t.id AND n.state <> 'met') THEN 'blocked'
        WHEN t.parent IS NOT NULL AND EXISTS (
            WITH RECURSIVE above (id) AS (
                VALUES (t.parent)
                UNION
                SELECT p.parent FROM tasks p JOIN above ON p.id = above.id WHERE p.parent IS NOT NULL
            )
            SELECT 1 FROM above JOIN need_states n ON n.task = above.id WHERE n.state <> 'met'
        ) THEN 'blocked'
        WHEN t.retry_at > unixepoch() THEN 'waiting'
        ELSE 'ready'
    END AS state
FROM tasks t;

-- Tasks that can be begun now.
CREATE VIEW ready_tasks AS
SELECT * FROM task_states WHERE status = 'open' AND state = 'ready';

-- Standing orders.
CREATE TABLE loops (
    id            TEXT PRIMARY KEY,
    study_name    TEXT NOT NULL,
    -- `running`, `stopped` or `completed`. A stopped one can be resumed.
    status        TEXT NOT NULL,
    -- Which rule ended it, and the sentence for people.
    reason        TEXT NOT NULL DEFAULT '',
    detail        TEXT NOT NULL DEFAULT '',
    -- What the last tick had to say about it.
    note          TEXT NOT NULL DEFAULT '',
    guidance      TEXT NOT NULL DEFAULT '',
    request       TEXT NOT NULL,
    -- The limits, as JSON: count, cost, GPU-hours, deadline, target, patience, parallel, approval.
    limits        TEXT NOT NULL,
    -- Sprints of the loop that began before this time do not count for "the same failure twice"
    -- and "no improvement": a resume begins these two anew.
    judged_from   TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    ended_at      TEXT
) STRICT;

CREATE INDEX loops_running ON loops (status) WHERE status = 'running';

ALTER TABLE sprints ADD COLUMN kind TEXT NOT NULL DEFAULT 'research';   -- or `tweak`
-- Whether its job has to find its idea itself. Stays when the idea is known.
ALTER TABLE sprints ADD COLUMN finds_idea INTEGER NOT NULL DEFAULT 0;
-- What is reserved for it, in dollars; nothing when no budget bounds it.
ALTER TABLE sprints ADD COLUMN budget_usd REAL;
-- GPUs that its job asks for; nothing when that is not known.
ALTER TABLE sprints ADD COLUMN gpus INTEGER;
-- As the journal tells: when the runner's last incarnation in this job began, and how long the
-- earlier ones ran (a job that went back to the queue has several).
ALTER TABLE jobs ADD COLUMN started_at TEXT;
ALTER TABLE jobs ADD COLUMN earlier_seconds INTEGER NOT NULL DEFAULT 0;
-- The last line of the journal before this job was submitted: what stands there says nothing of it.
ALTER TABLE jobs ADD COLUMN journal_from INTEGER NOT NULL DEFAULT 0;
-- As the accounting tells after the end: GPUs that the job had, and seconds that it ran.
ALTER TABLE jobs ADD COLUMN gpus INTEGER;
ALTER TABLE jobs ADD COLUMN ran_seconds INTEGER;

CREATE INDEX sprints_by_loop ON sprints (loop_id, created_at) WHERE loop_id IS NOT NULL;
CREATE INDEX sprints_by_task ON sprints (task_id, created_at) WHERE task_id IS NOT NULL;

CREATE TABLE messages (
    id          TEXT PRIMARY KEY,
    -- `question` and `approval` come from a job, `dead` from a task that has failed for good,
    -- `note` goes from a person to a sprint.
    kind        TEXT NOT NULL,
    study_name  TEXT NOT NULL,
    sprint_id   TEXT REFERENCES sprints (id) ON DELETE CASCADE,
    task_id     TEXT REFERENCES tasks (id) ON DELETE CASCADE,
    loop_id     TEXT,
    -- The job's own name for it: with the sprint it is unique, so that it is taken in once.
    name        TEXT,
    text        TEXT NOT NULL,
    -- Answers that are offered, as a JSON list.
    choices     TEXT NOT NULL DEFAULT '[]',
    -- `open`, `answered`, `told` (the agent knows it) or `closed` (nobody has to know any more).
    status      TEXT NOT NULL DEFAULT 'open',
    answer      TEXT,
    created_at  TEXT NOT NULL,
    answered_at TEXT,
    -- When the answer, or the note, lay in the sprint's directory.
    delivered_at TEXT,
    UNIQUE (sprint_id, name)
) STRICT;

CREATE INDEX messages_open ON messages (created_at) WHERE status = 'open';
CREATE INDEX messages_due ON messages (created_at) WHERE delivered_at IS NULL;
CREATE INDEX sprints_by_parent ON sprints (parent) WHERE parent IS NOT NULL;

-- What the end of a sprint told.
CREATE TABLE findings (
    sprint_id  TEXT PRIMARY KEY REFERENCES sprints (id) ON DELETE CASCADE,
    study_name TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    confidence REAL,
    statement  TEXT NOT NULL,
    numbers    TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_by_study ON findings (study_name);

CREATE TABLE metrics (
    sprint_id  TEXT NOT NULL REFERENCES sprints (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    -- `agent`: what the job's agent wrote; `evaluator`: what the study's own command said.
    source     TEXT NOT NULL,
    value      REAL NOT NULL,
    unit       TEXT NOT NULL DEFAULT '',
    better     TEXT NOT NULL DEFAULT '',
    n          INTEGER,
    spread     REAL,
    PRIMARY KEY (sprint_id, name, source)
) STRICT, WITHOUT ROWID;

-- What sprints have cost that were deleted since: it counts on, or a limit would forget it.
CREATE TABLE forgotten (
    sprint_id      TEXT NOT NULL,
    study_name     TEXT NOT NULL,
    task_id        TEXT,
    loop_id        TEXT,
    cost_usd       REAL NOT NULL,
    cost_estimated INTEGER NOT NULL,
    tokens         INTEGER NOT NULL,
    wall_seconds   INTEGER NOT NULL,
    gpu_seconds    INTEGER NOT NULL,
    gpu_unknown    INTEGER NOT NULL
) STRICT;

-- What people are to be told, each once: written with the change that it tells of.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    -- The same thing is told once: `started:sp-…`, `loop_ended:loop-…:TIME`.
    key        TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    data       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX outbox_by_time ON outbox (created_at);

-- One row for each way that a notice has gone or failed to go.
CREATE TABLE outbox_sends (
    outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    channel   TEXT NOT NULL,
    sent_at   TEXT,
    tries     INTEGER NOT NULL DEFAULT 0,
    next_at   INTEGER NOT NULL DEFAULT 0,
    problem   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (outbox_id, channel)
) STRICT, WITHOUT ROWID;

-- Small facts with a name: the last good tick, ...
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
