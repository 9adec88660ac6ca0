-- Which limit keeps a parked sprint, whose questions are answered, from going on; empty when none does.
-- Before, the beginning of its note said so.
ALTER TABLE sprints ADD COLUMN waits TEXT NOT NULL DEFAULT '';
UPDATE sprints SET waits = substr(note, 17) WHERE status = 'parked' AND note LIKE 'does not go on: %';
