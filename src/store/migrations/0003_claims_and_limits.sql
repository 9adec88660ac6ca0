-- Claims whose time is over are looked for at every tick.
CREATE INDEX tasks_claimed ON tasks (claim_until) WHERE claim_until IS NOT NULL;

-- What a parent waits for, its parts wait for. Few tasks have parts: which of those wait is found
-- out once for a whole question, and not anew for each part.
CREATE VIEW waiting_parents AS
WITH RECURSIVE
parents (id) AS MATERIALIZED (SELECT DISTINCT parent FROM tasks WHERE parent IS NOT NULL),
waiting (id) AS (
    SELECT id FROM parents WHERE EXISTS (SELECT 1 FROM need_states n WHERE n.task = parents.id AND n.state <> 'met')
    UNION
    SELECT p.id FROM waiting w CROSS JOIN parents p CROSS JOIN tasks t WHERE t.id = p.id AND t.parent = w.id
)
SELECT id FROM waiting;

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
        WHEN t.retry_at > unixepoch() THEN 'waiting'
        ELSE 'ready'
    END AS state
FROM tasks t;

-- Tasks that can be begun now.
CREATE VIEW ready_tasks AS
SELECT * FROM task_states WHERE status = 'open' AND state = 'ready';

-- Whether a limit has left the sprint less money, or its job less time, than without.
ALTER TABLE sprints ADD COLUMN cut_money INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN cut_time INTEGER NOT NULL DEFAULT 0;
-- Whether its loop was resumed since: then it does not count for "the same failure twice" and "no
-- improvement".
ALTER TABLE sprints ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
UPDATE sprints SET forgiven = 1 WHERE loop_id IS NOT NULL AND created_at < (SELECT judged_from FROM loops l WHERE l.id = loop_id);
-- The earlier sprint whose idea this one's job had again.
ALTER TABLE sprints ADD COLUMN repeats TEXT;
-- How a deleted sprint had ended: a completed one still counts for its loop.
ALTER TABLE forgotten ADD COLUMN status TEXT NOT NULL DEFAULT '';

-- Money that no sprint has cost: a plan that was asked for on this machine. When, RFC 3339.
ALTER TABLE forgotten ADD COLUMN spent_at TEXT;

-- A sprint that was parked goes on in a job that may have less time than the one before. Whether a
-- poll has seen a job at work tells later whether it ever ran.
ALTER TABLE jobs ADD COLUMN seconds INTEGER;
ALTER TABLE jobs ADD COLUMN ran INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN resume_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN resume_next INTEGER NOT NULL DEFAULT 0;
