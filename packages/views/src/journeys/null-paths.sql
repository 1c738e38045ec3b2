-- The journeys that end without a conversion, now or before, as far as events that come or go may begin, end or change them.
--
-- In:  timelines, see conversions.sql; attribution, from the definitions
-- Out: asked, and these, of type ''
-- Statements end with a semicolon at the end of a line.
--
-- A journey ends where nothing follows within the lookback. In a slot of one lookback that can only be the last event, and what follows it
-- within the lookback lies in the next slot: so these are looked at alone. What is `held` is as it was before.
INSERT INTO asked
WITH slot AS MATERIALIZED (
  SELECT
    user_key, ts // lookback_ms AS slot, any_value(partition) AS partition,
    min(CASE WHEN now THEN ts END) AS first_ts, max(CASE WHEN now THEN seq END) AS seq,
    max(CASE WHEN now AND kind = 'touch' THEN seq END) AS touch_seq,
    min(CASE WHEN before THEN ts END) AS held_first_ts, max(CASE WHEN before THEN seq END) AS held_seq,
    max(CASE WHEN before AND kind = 'touch' THEN seq END) AS held_touch_seq
  FROM timelines, attribution
  GROUP BY user_key, slot
),
ending AS (
  SELECT
    slot.partition, slot.user_key, slot.seq, slot.held_seq,
    slot.touch_seq = slot.seq AND coalesce(next.first_ts > slot.seq // 524288 + lookback_ms, true) AS ends,
    slot.held_touch_seq = slot.held_seq AND coalesce(next.held_first_ts > slot.held_seq // 524288 + lookback_ms, true) AS held_ends
  FROM slot LEFT JOIN slot AS next ON next.user_key = slot.user_key AND next.slot = slot.slot + 1, attribution
),
ended AS (
  SELECT
    partition, user_key, seq, seq // 524288 AS ts, held_seq IS DISTINCT FROM seq AS comes,
    true AS now, coalesce(held_seq = seq AND held_ends, false) AS before
  FROM ending WHERE ends
  UNION ALL
  SELECT partition, user_key, held_seq, held_seq // 524288, false, false, true
  FROM ending WHERE held_ends AND NOT (coalesce(ends, false) AND held_seq = seq)
),
near AS (
  SELECT * FROM ended WHERE comes
  UNION ALL
  SELECT held.* EXCLUDE (lookback_ms) FROM (SELECT ended.*, lookback_ms FROM ended, attribution WHERE NOT comes) AS held
  SEMI JOIN (SELECT user_key, ts FROM timelines WHERE now <> before) AS news
    ON news.user_key = held.user_key AND news.ts >= held.ts - held.lookback_ms AND news.ts <= held.ts + held.lookback_ms
),
last_before AS (
  SELECT
    near.user_key, near.seq,
    max(CASE WHEN conversion.now THEN conversion.seq END) AS after_seq,
    max(CASE WHEN conversion.before THEN conversion.seq END) AS held_after_seq
  FROM near JOIN (SELECT user_key, seq, now, before FROM timelines WHERE kind = 'conversion') AS conversion
    ON conversion.user_key = near.user_key AND conversion.seq < near.seq
  GROUP BY near.user_key, near.seq
)
SELECT partition, user_key, seq, ts, '', '', 0, coalesce(after_seq, -1), coalesce(held_after_seq, -1), now, before, false, false
FROM near LEFT JOIN last_before USING (user_key, seq);
