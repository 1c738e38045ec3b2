-- Takes repetitions out of timelines: of conversions of one user, type and key that lie within the type's window the first counts,
-- in order of `seq` (once.ts).
--
-- In:  timelines (user_key, seq, ts, type, once_key, fresh, …)  once_key: NULL where an event has none
--      once_types, from the definitions
-- Out: timelines without repetitions
--      repeated (all columns of timelines, place, earlier_fresh)  the repetitions; whether the event that each repeats is fresh
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE repeated AS
  SELECT * EXCLUDE (since, within_ms)
  FROM (
    SELECT
      timelines.*, timelines.rowid AS place, within_ms,
      ts - lag(ts) OVER of_key AS since, lag(fresh) OVER of_key AS earlier_fresh
    FROM timelines JOIN once_types ON once_types.type = timelines.type
    WHERE once_key IS NOT NULL
    WINDOW of_key AS (PARTITION BY user_key, timelines.type, once_key ORDER BY seq)
  )
  WHERE since <= within_ms;
DELETE FROM timelines WHERE rowid IN (SELECT place FROM repeated);
