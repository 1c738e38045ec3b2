-- What each channel has of a path.
--
-- In:  walked, path  see walk.sql; channel, see steps.sql; asked, timelines  see conversions.sql; attribution, from the definitions
-- Out: own   (path_no, channel_no, i, seq, own_i, own_n)  step i of the path is number own_i of its channel's own_n
--      part  (path_no, channel_nos)  the distinct channels of the path, in the order in which they first occur
--      coalition (filed_no, partition, is_null, channels, journeys, value)  journeys by the set of channels on their path
--                (coalitionOf in channels.ts)
--      again (filed_no, partition, channels, numbers, conversions)  conversions that are not a user's first order over each channel of their path,
--                by which order they are over each (ordersOver in repeat.ts)
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE own AS
  SELECT
    path_no, channel_no, i, seq,
    (row_number() OVER (PARTITION BY path_no, channel_no ORDER BY i))::INTEGER AS own_i,
    (count(*) OVER (PARTITION BY path_no, channel_no))::INTEGER AS own_n
  FROM walked;
-- Sorted as one integer: the step, then its channel.
CREATE OR REPLACE TABLE part AS
  SELECT path_no, list_transform(list_sort(list(i::BIGINT << 32 | channel_no)), step -> (step & 4294967295)::INTEGER) AS channel_nos
  FROM own
  WHERE own_i = 1
  GROUP BY path_no;
CREATE OR REPLACE TABLE coalition AS
WITH counted AS (
  SELECT
    filed_no, partition, is_null,
    CASE WHEN len(part.channel_nos) <= 20 THEN list_sort(part.channel_nos) END AS channel_nos,
    sum(sign) AS journeys, sum(sign * value) AS value
  FROM path JOIN part USING (path_no)
  GROUP BY ALL
),
named AS (
  SELECT channel_nos, string_agg(CASE WHEN channel_no > 0 THEN channel ELSE '' END, chr(31) ORDER BY channel_no) AS channels
  FROM (SELECT channel_nos, unnest(channel_nos) AS channel_no FROM (SELECT DISTINCT channel_nos FROM counted)) JOIN channel USING (channel_no)
  GROUP BY channel_nos
)
SELECT filed_no, partition, is_null, coalesce(channels, '(other)') AS channels, journeys, value
FROM counted LEFT JOIN named USING (channel_nos);
-- Orders are numbered by user and type; those before a path's first touch of the channel are none that repeat it.
CREATE OR REPLACE TABLE again AS
WITH numbered AS (
  SELECT user_key, type, seq, count(*) OVER up_to AS n, count(CASE WHEN NOT fresh THEN 1 END) OVER up_to AS held_n
  FROM timelines
  WHERE kind = 'conversion' AND value >= 0
  WINDOW up_to AS (PARTITION BY user_key, type ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
met AS (
  SELECT
    path_no, path.filed_no, path.partition, sign, path.value >= 0 AS is_order, channel_no, user_key, asked.type, asked.seq,
    CASE WHEN reset_on_conversion THEN (asked.ts - lookback_ms) * 524288 ELSE own.seq END AS since
  FROM path JOIN own USING (path_no) JOIN asked ON asked.rowid = path_no // 2, attribution
  WHERE NOT is_null AND (path.repeats OR path.value < 0) AND own_i = 1 AND channel_no > 0
),
placed AS (
  SELECT
    met.*,
    -- Later ones count as that one (LATEST in repeat.ts).
    least(13, CASE
      WHEN NOT is_order THEN 0
      WHEN sign > 0 THEN own_order.n - coalesce(earlier.n, 0)
      ELSE own_order.held_n - coalesce(earlier.held_n, 0)
    END) AS number
  FROM met
  LEFT JOIN numbered AS own_order ON own_order.user_key = met.user_key AND own_order.type = met.type AND own_order.seq = met.seq
  ASOF LEFT JOIN numbered AS earlier ON earlier.user_key = met.user_key AND earlier.type = met.type AND earlier.seq < met.since
),
listed AS (
  SELECT
    path_no, filed_no, partition, sign, max(number) AS highest,
    string_agg(number::VARCHAR, chr(31) ORDER BY channel_no) AS numbers
  FROM placed
  GROUP BY path_no, filed_no, partition, sign
  HAVING bool_or(number <> 1)
),
counted AS (
  SELECT
    filed_no, partition,
    CASE WHEN len(part.channel_nos) <= 20 THEN list_sort(part.channel_nos) END AS channel_nos,
    CASE WHEN len(part.channel_nos) <= 20 THEN numbers ELSE highest::VARCHAR END AS numbers,
    sum(sign) AS conversions
  FROM listed JOIN part USING (path_no)
  GROUP BY ALL
),
named AS (
  SELECT channel_nos, string_agg(channel, chr(31) ORDER BY channel_no) AS channels
  FROM (SELECT channel_nos, unnest(channel_nos) AS channel_no FROM (SELECT DISTINCT channel_nos FROM counted)) JOIN channel USING (channel_no)
  GROUP BY channel_nos
)
SELECT filed_no, partition, coalesce(channels, '(other)') AS channels, numbers, conversions
FROM counted LEFT JOIN named USING (channel_nos);
