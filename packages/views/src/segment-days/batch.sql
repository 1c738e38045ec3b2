-- Who entered and left the segments that are counted by day (passages.ts). What hangs on an instant follows from the one before and the one after.
--
-- In:  marked_around (user_key, ts, marks, fresh)  events that are something to such a segment: a digit for each, 1 enters, 2 exits; not fresh: those of
--        the base that rows of fresh ones may depend on
--      day_segments (number, name, version, for_ms, ttl_ms), from the definitions; for_ms: NULL where who enters is in at once
-- Out: day, segment, version, entered, left
WITH both_sides AS (
  SELECT 1 AS sign, user_key, ts, marks FROM marked_around
  UNION ALL
  SELECT -1, user_key, ts, marks FROM marked_around WHERE NOT fresh
), instants AS (
  SELECT sign, user_key, number, ts, bool_or(mark IN ('1', '3')) AS enters, bool_or(mark IN ('2', '3')) AS exits
  FROM (SELECT both_sides.*, number, substr(marks, number + 1, 1) AS mark FROM both_sides, day_segments)
  WHERE mark <> '0'
  GROUP BY ALL
), in_order AS (
  SELECT
    instants.*, for_ms, ttl_ms, lead(ts) OVER own AS next_ts,
    coalesce(lag(enters) OVER own AND ts < lag(ts) OVER own + ttl_ms, false) AS is_in
  FROM instants JOIN day_segments USING (number)
  WINDOW own AS (PARTITION BY sign, user_key, number ORDER BY ts)
), passages AS (
  SELECT sign, number, ts AS at_ts, 1 AS entered, 0 AS went FROM in_order WHERE for_ms IS NULL AND enters AND (NOT is_in OR exits)
  UNION ALL
  SELECT sign, number, ts, 0, 1 FROM in_order WHERE for_ms IS NULL AND is_in AND exits
  UNION ALL
  SELECT sign, number, ts + ttl_ms, 0, 1 FROM in_order
  WHERE for_ms IS NULL AND enters AND (next_ts IS NULL OR ts + ttl_ms <= next_ts)
  UNION ALL
  SELECT sign, number, ts + for_ms, 1, 0 FROM in_order WHERE enters AND for_ms IS NOT NULL AND (next_ts IS NULL OR ts + for_ms < next_ts)
  UNION ALL
  SELECT sign, number, least(next_ts, ts + for_ms + ttl_ms), 0, 1 FROM in_order
  WHERE enters AND for_ms IS NOT NULL AND (next_ts IS NULL OR ts + for_ms < next_ts)
)
SELECT day_text(day) AS day, segment, version, entered, "left"
FROM (
  SELECT at_ts // 86400000 AS day, name AS segment, version, sum(sign * entered) AS entered, sum(sign * went) AS "left"
  FROM passages JOIN day_segments USING (number)
  GROUP BY ALL
)
WHERE entered <> 0 OR "left" <> 0
