-- Journeys: the conversions whose path fresh events may change, and the null paths that they may begin, end or change; each with
-- its path as it is now, and as it was without the fresh events. Every view of paths is computed from these, as the difference.
--
-- In:  timelines (user_key, seq, ts, type, kind, channel, campaign, window_ms, view_through, value, currency, fresh)
--                the fresh touches and conversions, and of their users all others that lie within two lookbacks of them
--      attribution, decay, direct_channels, told_apart   from the definitions, see definition-tables.sql
-- Out: place    (place_no, channel, campaign, indirect, channel_no)  where touches are filed; 0: (unattributed)
--      channel  (channel_no, channel)  those that the definitions tell apart, numbered in the order of their text
--      filed    (filed_no, day, type, currency)  what journeys are filed under; of null paths, type and currency are NULL
--      wanted   (path_no, sign, filed_no, ts, value, is_null)  the paths: 2·journey_no as it is now, counted +1, and
--               2·journey_no + 1 as it was before, counted −1
--      step     (path_no, seq, place_no, channel_no, indirect, view_through, age_hours)  their touches
-- Statements end with a semicolon at the end of a line.
--
-- Millions of steps pass through here, so they are narrow: text waits outside, under numbers. Both versions of a path come from one join.
CREATE OR REPLACE TEMP TABLE place AS
  SELECT
    row_number() OVER ()::INTEGER AS place_no, channel, campaign,
    channel NOT IN (FROM direct_channels) AS indirect,
    told, dense_rank() OVER (ORDER BY told)::INTEGER AS channel_no
  FROM (
    SELECT channel, campaign, CASE WHEN tells_all OR channel IN (FROM told_apart) THEN channel ELSE '(other)' END AS told
    FROM (SELECT DISTINCT channel, campaign FROM timelines WHERE kind = 'touch'), attribution
  )
  UNION ALL
  SELECT 0, '(unattributed)', '(none)', true, '(unattributed)', 0;
CREATE OR REPLACE TEMP TABLE channel AS
  SELECT DISTINCT channel_no, told AS channel FROM place;
CREATE OR REPLACE TEMP TABLE journey AS
WITH conversion AS (
  SELECT
    user_key, seq, ts, type, value, currency, fresh,
    -- Touches up to here are not eligible, with the fresh conversions and without them.
    CASE WHEN reset_on_conversion THEN lag(seq, 1, -1) OVER earlier ELSE -1 END AS after_seq,
    CASE WHEN reset_on_conversion THEN coalesce(max(CASE WHEN NOT fresh THEN seq END) OVER earlier, -1) ELSE -1 END AS held_after_seq
  FROM timelines, attribution
  WHERE kind = 'conversion'
  WINDOW earlier AS (PARTITION BY user_key ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
-- A fresh touch may change the conversions within its window; where these end the paths before them, a fresh conversion those within reach.
news AS (
  SELECT user_key, seq, ts + CASE WHEN kind = 'touch' THEN window_ms ELSE lookback_ms END AS until
  FROM timelines, attribution
  WHERE fresh AND (kind = 'touch' OR reset_on_conversion)
),
affected AS (
  SELECT * FROM conversion WHERE fresh
  UNION ALL
  SELECT * FROM (SELECT * FROM conversion WHERE NOT fresh) AS held
  SEMI JOIN news ON news.user_key = held.user_key AND news.seq < held.seq AND news.until >= held.ts
),
-- Null paths end where nothing follows within the lookback. In a slot of one lookback that can only be the last event: so these
-- are looked at alone. What is now, and what was before.
slot AS (
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
  SELECT user_key, seq, any_value(ts) AS ts, any_value(fresh) AS fresh, bool_or(now) AS now, bool_or(NOT now) AS before
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
SELECT
  row_number() OVER ()::INTEGER AS journey_no,
  dense_rank() OVER (ORDER BY ts // 86400000, type, currency)::INTEGER AS filed_no,
  *
FROM (
  SELECT user_key, seq, ts, type, currency, value, after_seq, held_after_seq, true AS now, NOT fresh AS before FROM affected
  UNION ALL
  SELECT user_key, seq, ts, NULL, NULL, 0, after_seq, held_after_seq, now, before FROM null_path
);
CREATE OR REPLACE TEMP TABLE filed AS
  SELECT DISTINCT filed_no, day_text(ts // 86400000) AS day, type, currency FROM journey;
CREATE OR REPLACE TEMP TABLE wanted AS
  SELECT 2 * journey_no AS path_no, 1 AS sign, filed_no, ts, value, type IS NULL AS is_null FROM journey WHERE now
  UNION ALL
  SELECT 2 * journey_no + 1, -1, filed_no, ts, value, type IS NULL FROM journey WHERE before;
CREATE OR REPLACE TEMP TABLE step AS
WITH touch AS (
  SELECT user_key, seq, ts, window_ms, view_through, fresh, place_no, channel_no, indirect
  FROM timelines JOIN (FROM place WHERE place_no > 0) AS place USING (channel, campaign)
  WHERE kind = 'touch'
),
eligible AS MATERIALIZED (
  SELECT
    journey.journey_no, touch.seq, touch.place_no, touch.channel_no, touch.indirect, touch.view_through,
    ((journey.ts - touch.ts) // 3600000)::INTEGER AS age_hours,
    journey.now AND touch.seq > journey.after_seq AS now,
    journey.before AND NOT touch.fresh AS before
  FROM journey JOIN touch
    ON touch.user_key = journey.user_key
    -- A null path ends in a touch of its own.
    AND touch.seq <= journey.seq
    AND touch.seq > journey.held_after_seq
    AND touch.ts >= journey.ts - touch.window_ms
)
SELECT 2 * journey_no AS path_no, * EXCLUDE (journey_no, now, before) FROM eligible WHERE now
UNION ALL
SELECT 2 * journey_no + 1, * EXCLUDE (journey_no, now, before) FROM eligible WHERE before;
