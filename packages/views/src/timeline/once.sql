-- Takes repetitions out of timelines: of conversions of one user, type and key that lie within the type's window the first counts,
-- in order of `seq` (once.ts). One that comes may repeat what stays, and one that goes may have been repeated: so what repeats is asked of
-- the timeline as it is now, and as it was before.
--
-- In:  timelines (user_key, seq, ts, type, once_key, now, before, …)  once_key: NULL where an event has none
--      once_types, from the definitions
-- Out: timelines without repetitions: what is one now is not there now, what was one was not there before
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE repeated AS
  SELECT place, coalesce(since <= within_ms, false) AS now, coalesce(held_since <= within_ms, false) AS before
  FROM (
    SELECT
      timelines.rowid AS place, within_ms,
      ts - max(CASE WHEN now THEN ts END) OVER earlier AS since, ts - max(CASE WHEN before THEN ts END) OVER earlier AS held_since
    FROM timelines JOIN once_types ON once_types.type = timelines.type
    WHERE once_key IS NOT NULL
    WINDOW earlier AS (
      PARTITION BY user_key, timelines.type, once_key ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
  )
  WHERE since <= within_ms OR held_since <= within_ms;
UPDATE timelines
  SET now = timelines.now AND NOT repeated.now, before = timelines.before AND NOT repeated.before
  FROM repeated
  WHERE repeated.place = timelines.rowid;
DELETE FROM timelines WHERE NOT now AND NOT before;
