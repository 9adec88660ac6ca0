-- What calls have cost that told nothing of it: their runner was killed.
ALTER TABLE sprints ADD COLUMN untold_usd REAL NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN untold_tokens INTEGER NOT NULL DEFAULT 0;

-- How often, and since when, it is not clear whether the job is there. That is not yet missing.
ALTER TABLE sprints ADD COLUMN unclear_polls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN unclear_since INTEGER;
