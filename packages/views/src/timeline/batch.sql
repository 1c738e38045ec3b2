-- The timelines of many users: their touches and conversions, and `seq`, one integer that orders a user's events as `before` in timeline.ts
-- does: by ts, touches before conversions, then id. Few events share their instant, so only these are sorted: numbering all of them by a window takes twice the time.
--
-- In:  members (user_key, ts, id, …)  deduplicated touches and conversions, see membersSql in sql.ts
--      attribution, from the definitions
-- Out: timelines: all columns of members, and seq (0 or more; 2^19 events of one user at one instant are too many: an error)
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE timelines AS
  SELECT ts * 524288 AS seq, members.* FROM members;
CREATE OR REPLACE TABLE tied AS
  SELECT
    timelines.rowid AS row,
    row_number() OVER (PARTITION BY user_key, ts ORDER BY touches_first AND kind = 'conversion', id) - 1 AS tie
  FROM timelines, attribution
  -- A hash only narrows the search: alone at its instant, an event gets the number 0.
  WHERE hash(user_key, ts) IN (SELECT hash(user_key, ts) AS moment FROM timelines GROUP BY moment HAVING count(*) > 1);
UPDATE timelines
  SET seq = seq + CASE WHEN tie < 524288 THEN tie ELSE error('a user has 2^19 touches and conversions at one instant') END
  FROM tied
  WHERE tied.row = timelines.rowid AND tie > 0;
