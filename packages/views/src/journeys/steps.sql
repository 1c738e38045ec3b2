-- The touches on the paths of journeys: as they are now, and as they were before. Both come from one join.
--
-- In:  asked, timelines  see conversions.sql; attribution, direct_channels, tracked_channels, from the definitions
-- Out: place    (place_no, channel, campaign, indirect, channel_no, of_channel)  where touches are filed; 0: (unattributed). `of_channel`: one
--               place_no of all places of the channel
--      channel  (channel_no, channel)  those that the definitions track, numbered in the order of their text
--      filed    (filed_no, day, type, currency)  what journeys are filed under
--      wanted   (path_no, sign, filed_no, partition, ts, value, is_null, repeats)  the paths: 2·row of asked as it is now, counted +1, and the next
--               number as it was before, counted −1
--      step     (path_no, seq, place_no, channel_no, indirect, view_through, age_hours)  their touches
-- Statements end with a semicolon at the end of a line.
--
-- Millions of steps pass through here, so they are narrow: text waits outside, under numbers.
CREATE OR REPLACE TABLE place AS
WITH numbered AS (
  SELECT
    row_number() OVER ()::INTEGER AS place_no, channel, campaign,
    channel NOT IN (FROM direct_channels) AS indirect,
    tracked, dense_rank() OVER (ORDER BY tracked)::INTEGER AS channel_no
  FROM (
    SELECT channel, campaign, CASE WHEN tracks_all OR channel IN (FROM tracked_channels) THEN channel ELSE '(other)' END AS tracked
    FROM (SELECT DISTINCT channel, campaign FROM timelines WHERE kind = 'touch'), attribution
  )
  UNION ALL
  SELECT 0, '(unattributed)', '(none)', true, '(unattributed)', 0
)
SELECT *, min(place_no) OVER (PARTITION BY channel) AS of_channel FROM numbered;
CREATE OR REPLACE TABLE channel AS
  SELECT DISTINCT channel_no, tracked AS channel FROM place;
CREATE OR REPLACE TABLE filed AS
  SELECT row_number() OVER ()::INTEGER AS filed_no, *, day_text(day_no) AS day
  FROM (SELECT DISTINCT ts // 86400000 AS day_no, type, currency FROM asked);
CREATE OR REPLACE TABLE wanted AS
WITH journey AS (
  SELECT asked.rowid::INTEGER AS journey_no, filed_no, partition, ts, value, asked.type = '' AS is_null, now, before, repeats, held_repeats
  FROM asked JOIN filed ON filed.day_no = ts // 86400000 AND filed.type = asked.type AND filed.currency = asked.currency
)
SELECT 2 * journey_no AS path_no, 1 AS sign, filed_no, partition, ts, value, is_null, repeats FROM journey WHERE now
UNION ALL
SELECT 2 * journey_no + 1, -1, filed_no, partition, ts, value, is_null, held_repeats FROM journey WHERE before;
CREATE OR REPLACE TABLE step AS
WITH touch AS (
  SELECT user_key, seq, ts, window_ms, view_through, now, before, place_no, channel_no, indirect
  FROM timelines JOIN (FROM place WHERE place_no > 0) AS place USING (channel, campaign)
  WHERE kind = 'touch'
),
eligible AS MATERIALIZED (
  SELECT
    asked.rowid::INTEGER AS journey_no, touch.seq, touch.place_no, touch.channel_no, touch.indirect, touch.view_through,
    ((asked.ts - touch.ts) // 3600000)::INTEGER AS age_hours,
    asked.now AND touch.now AND touch.seq > asked.after_seq AS now,
    asked.before AND touch.before AND touch.seq > asked.held_after_seq AS before
  FROM asked JOIN touch
    ON touch.user_key = asked.user_key
    -- A null path ends in a touch of its own.
    AND touch.seq <= asked.seq
    AND touch.seq > least(asked.after_seq, asked.held_after_seq)
    AND touch.ts >= asked.ts - touch.window_ms
)
SELECT 2 * journey_no AS path_no, * EXCLUDE (journey_no, now, before) FROM eligible WHERE now
UNION ALL
SELECT 2 * journey_no + 1, * EXCLUDE (journey_no, now, before) FROM eligible WHERE before;
