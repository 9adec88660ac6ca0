-- How many issues a review found critical; nothing when that is not known. Before, only the words of
-- `detail` said so.
ALTER TABLE steps ADD COLUMN critical INTEGER;
