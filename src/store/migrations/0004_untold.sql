-- What calls have cost that told nothing of it: their runner was killed.
ALTER TABLE sprints ADD COLUMN untold_usd REAL NOT NULL DEFAULT 0;
ALTER TABLE sprints ADD COLUMN untold_tokens INTEGER NOT NULL DEFAULT 0;
