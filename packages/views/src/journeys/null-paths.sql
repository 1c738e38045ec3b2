-- The journeys that end without a conversion, now or before, as far as fresh events may begin, end or change them.
--
-- In:  timelines, see conversions.sql; attribution, from the definitions
-- Out: asked, and these, of type ''
-- Statements end with a semicolon at the end of a line.
--
-- A journey ends where nothing follows within the lookback. In a slot of one lookback that can only be the last event: so these are
-- looked at alone.
INSERT INTO asked
WITH slot AS (
  SELECT now, user_key, ts // lookback_ms AS slot, min(ts) AS first_ts, max(seq) AS seq
  FROM (SELECT true AS now, user_key, ts, seq FROM timelines UNION ALL SELECT false, user_key, ts, seq FROM timelines WHERE NOT fresh),
    attribution
  GROUP BY ALL
),
followed AS (
  SELECT *, lead(first_ts) OVER (PARTITION BY now, user_key ORDER BY slot) AS next_ts FROM slot
),
ending AS (
  SELECT timelines.*, followed.now
  FROM timelines JOIN followed USING (user_key, seq), attribution
  WHERE kind = 'touch' AND (next_ts IS NULL OR next_ts > ts + lookback_ms)
),
ended AS (
  SELECT user_key, seq, any_value(partition) AS partition, any_value(ts) AS ts, any_value(fresh) AS fresh, bool_or(now) AS now, bool_or(NOT now) AS before
  FROM ending
  GROUP BY ALL
),
near AS (
  SELECT * FROM ended WHERE fresh
  UNION ALL
  SELECT held.* EXCLUDE (lookback_ms) FROM (SELECT ended.*, lookback_ms FROM ended, attribution WHERE NOT fresh) AS held
  SEMI JOIN (SELECT user_key, ts FROM timelines WHERE fresh) AS news
    ON news.user_key = held.user_key AND news.ts >= held.ts - held.lookback_ms AND news.ts <= held.ts + held.lookback_ms
),
null_path AS (
  SELECT
    near.*,
    coalesce(max(conversion.seq), -1) AS after_seq,
    coalesce(max(CASE WHEN NOT conversion.fresh THEN conversion.seq END), -1) AS held_after_seq
  FROM near LEFT JOIN (SELECT user_key, seq, fresh FROM timelines WHERE kind = 'conversion') AS conversion
    ON conversion.user_key = near.user_key AND conversion.seq < near.seq
  GROUP BY ALL
)
SELECT partition, user_key, seq, ts, '', '', 0, after_seq, held_after_seq, now, before FROM null_path;
