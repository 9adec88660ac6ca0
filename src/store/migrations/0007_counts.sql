-- How many issues a review found critical; nothing when that is not known. Before, only the words of
-- `detail` said so.
ALTER TABLE steps ADD COLUMN critical INTEGER;

-- What a line adds to what its sprint has cost, in dollars: of calls, and of ends of steps, the part that
-- no call has told. Nothing for other lines, and for those that came before this was kept.
ALTER TABLE journal ADD COLUMN usd REAL;
