-- The journeys that end in a conversion, as far as events that come or go may change their path.
--
-- In:  timelines (partition, user_key, seq, ts, type, kind, window_ms, value, currency, now, before)  the touches and conversions that come (now) or
--                go (before), and of their users all others within two lookbacks of them, which stay (now and before)
--      attribution, from the definitions
-- Out: asked (partition, user_key, seq, ts, type, currency, value, after_seq, held_after_seq, now, before, repeats, held_repeats)  their last
--            event; touches up to after_seq are not on the path, as it was before up to held_after_seq; whether the journey is there now,
--            and was there before; whether orders of the user come before it (ordersBefore in repeat.ts), now and as it was before
--      crowded (user_key)  users with more touches than a path looks back over
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE crowded AS
  SELECT user_key FROM timelines, attribution WHERE kind = 'touch'
  GROUP BY user_key, path_touches HAVING count(*) > path_touches;
CREATE OR REPLACE TABLE asked AS
WITH previous AS (
  SELECT
    user_key, seq,
    max(CASE WHEN now THEN seq END) OVER earlier AS after_seq,
    max(CASE WHEN before THEN seq END) OVER earlier AS held_after_seq
  FROM timelines, attribution
  WHERE kind = 'conversion' AND reset_on_conversion
  WINDOW earlier AS (PARTITION BY user_key ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
repeated AS (
  SELECT
    user_key, seq, ts,
    coalesce(ts - max(CASE WHEN now THEN ts END) OVER earlier <= lookback_ms, false) AS repeats,
    coalesce(ts - max(CASE WHEN before THEN ts END) OVER earlier <= lookback_ms, false) AS held_repeats
  FROM timelines, attribution
  WHERE kind = 'conversion' AND value >= 0
  WINDOW earlier AS (PARTITION BY user_key, type ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
-- A touch that comes or goes may change the conversions within its window, or which older touches are on the paths within reach; where
-- conversions end the paths before them, one may change those within reach. An order may change which order those within the lookback are.
news AS (
  SELECT
    user_key, seq,
    ts + CASE WHEN kind = 'touch' AND user_key NOT IN (FROM crowded) THEN window_ms ELSE lookback_ms END AS until
  FROM timelines, attribution
  WHERE now <> before AND (kind = 'touch' OR reset_on_conversion)
  UNION ALL
  SELECT user_key, seq, ts + lookback_ms FROM timelines, attribution WHERE now <> before AND kind = 'conversion' AND value >= 0
),
affected AS (
  SELECT * FROM timelines WHERE kind = 'conversion' AND now <> before
  UNION ALL
  SELECT * FROM (SELECT * FROM timelines WHERE kind = 'conversion' AND now AND before) AS held
  SEMI JOIN news ON news.user_key = held.user_key AND news.seq < held.seq AND news.until >= held.ts
)
SELECT
  partition, user_key, seq, affected.ts, type, currency, value,
  coalesce(after_seq, -1) AS after_seq, coalesce(held_after_seq, -1) AS held_after_seq,
  now, before,
  coalesce(repeats, false) AS repeats, coalesce(held_repeats, false) AS held_repeats
FROM affected LEFT JOIN previous USING (user_key, seq) LEFT JOIN repeated USING (user_key, seq);
