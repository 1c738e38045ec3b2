-- What each channel has of a path.
--
-- In:  own  see own.sql; path  see walk.sql; channel, see steps.sql; asked, timelines  see conversions.sql; attribution, from the definitions
-- Out: part  (path_no, channel_nos)  the distinct channels of the path, in the order in which they first occur
--      coalition (filed_no, partition, is_null, channels, journeys, value)  journeys by the set of channels on their path
--                (coalitionOf in channels.ts)
--      again (filed_no, partition, channels, numbers, conversions)  conversions that are not a user's first order over each channel of their path,
--                by which order they are over each (ordersOver in repeat.ts)
-- Statements end with a semicolon at the end of a line.
-- Sorted as one integer: the first step, then its channel.
CREATE OR REPLACE TABLE part AS
  SELECT
    path_no,
    list_transform(list_sort(list(steps[1] >> 32 << 32 | channel_no)), step -> (step & 4294967295)::INTEGER) AS channel_nos
  FROM own
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
-- An order looks back over the last of its user and type that number it (MOST_BEFORE in repeat.ts); those before a path's first touch of the
-- channel are none that it repeats. Channel and number are one integer, and text is made of the rows that are left: to sum it by lists of text
-- takes three times as long.
CREATE OR REPLACE TABLE again AS
WITH both_sides AS (
  SELECT user_key, type, seq, unnest(CASE WHEN now AND before THEN [1, -1] WHEN now THEN [1] ELSE [-1] END) AS sign
  FROM timelines
  WHERE kind = 'conversion' AND value >= 0 AND user_key IN (SELECT user_key FROM asked WHERE repeats OR held_repeats)
),
orders AS (
  SELECT user_key, type, seq, sign, list(seq) OVER earlier AS earlier
  FROM both_sides
  WINDOW earlier AS (PARTITION BY sign, user_key, type ORDER BY seq ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING)
),
repeating AS (
  SELECT
    path_no, path.filed_no, path.partition, path.sign, path.value >= 0 AS is_order, coalesce(earlier, []) AS earlier,
    CASE WHEN reset_on_conversion THEN (asked.ts - lookback_ms) * 524288 END AS since
  FROM path JOIN asked ON asked.rowid = path_no // 2
  LEFT JOIN orders
    ON orders.user_key = asked.user_key AND orders.type = asked.type AND orders.seq = asked.seq AND orders.sign = path.sign,
  attribution
  WHERE NOT is_null AND (path.repeats OR path.value < 0)
),
met AS (
  SELECT
    path_no, channel_no,
    CASE WHEN is_order THEN 1 + len(list_filter(earlier, order_seq -> order_seq >= coalesce(since, own.seq))) ELSE 0 END AS number
  FROM repeating JOIN own USING (path_no)
  WHERE channel_no > 0
),
listed AS (
  SELECT path_no, list_sort(list(channel_no << 4 | number)) AS numbered, max(number) AS highest
  FROM met
  GROUP BY path_no
  HAVING bool_or(number <> 1)
),
counted AS (
  SELECT
    filed_no, partition,
    CASE WHEN len(numbered) <= 20 THEN numbered END AS numbered, CASE WHEN len(numbered) > 20 THEN highest END AS highest,
    sum(sign) AS conversions
  FROM listed JOIN repeating USING (path_no)
  GROUP BY ALL
),
names AS (
  SELECT list(channel ORDER BY channel_no) AS names FROM channel WHERE channel_no > 0
)
SELECT
  filed_no, partition,
  CASE WHEN numbered IS NULL THEN '(other)' ELSE array_to_string(list_transform(numbered, one -> names[one >> 4]), chr(31)) END AS channels,
  CASE WHEN numbered IS NULL THEN highest::VARCHAR ELSE array_to_string(list_transform(numbered, one -> one & 15), chr(31)) END AS numbers,
  conversions
FROM counted, names;
