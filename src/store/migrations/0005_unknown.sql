-- Why what a sprint has cost is not known, for people: its record is gone. Empty when it is known.
-- `untold_usd` then is what counts in its place.
ALTER TABLE sprints ADD COLUMN cost_unknown TEXT NOT NULL DEFAULT '';
ALTER TABLE forgotten ADD COLUMN cost_unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forgotten ADD COLUMN unknown_usd REAL NOT NULL DEFAULT 0;
-- Whether what a step has cost is not exact.
ALTER TABLE steps ADD COLUMN cost_estimated INTEGER NOT NULL DEFAULT 0;

-- How long the task was to wait when `retry_at` was set, in seconds. A time that is farther off was set
-- while a clock was wrong. For older rows: the longest wait that there is.
ALTER TABLE tasks ADD COLUMN retry_wait INTEGER NOT NULL DEFAULT 691200;

DROP VIEW ready_tasks;
DROP VIEW task_states;

-- Where each task stands. A task with children is never run itself.
CREATE VIEW task_states AS
SELECT t.*, t.rowid AS number,
    CASE
        WHEN t.status <> 'open' THEN t.status
        WHEN EXISTS (SELECT 1 FROM tasks c WHERE c.parent = t.id) THEN 'parent'
        WHEN t.claimed_by IS NOT NULL AND t.claim_until IS NULL THEN 'running'
        WHEN t.claimed_by IS NOT NULL AND t.claim_until > unixepoch() THEN 'claimed'
        WHEN EXISTS (SELECT 1 FROM need_states n WHERE n.task = t.id AND n.state <> 'met') THEN 'blocked'
        WHEN t.parent IS NOT NULL AND t.parent IN (SELECT id FROM waiting_parents) THEN 'blocked'
        WHEN t.retry_at > unixepoch() AND t.retry_at <= unixepoch() + t.retry_wait THEN 'waiting'
        ELSE 'ready'
    END AS state
FROM tasks t;

-- Tasks that can be begun now.
CREATE VIEW ready_tasks AS
SELECT * FROM task_states WHERE status = 'open' AND state = 'ready';

-- What of a sprint's finding and figures could not be used: a JSON list of sentences.
ALTER TABLE sprints ADD COLUMN unusable TEXT NOT NULL DEFAULT '[]';

-- What each need has come to: `met`, `never`, `open`, or `unknown` where a person has to say what came
-- out. The table in docs/backlog.md says the same.
DROP VIEW need_states;
CREATE VIEW need_states AS
SELECT n.task, n.needs, n.on_state,
    CASE
        WHEN t.status = 'open' THEN 'open'
        WHEN n.on_state = 'any' THEN 'met'
        WHEN n.on_state = 'done' AND t.status = 'done' THEN 'met'
        WHEN n.on_state IN ('supported', 'refuted') AND t.status = 'done' AND t.verdict IS NULL THEN 'unknown'
        WHEN n.on_state IN ('supported', 'refuted') AND t.status = 'done' AND t.verdict = n.on_state THEN 'met'
        WHEN n.on_state = 'failed' AND t.status = 'dead' THEN 'met'
        ELSE 'never'
    END AS state
FROM task_needs n JOIN tasks t ON t.id = n.needs;
