-- What each channel has of a path.
--
-- In:  walked, path  see walk.sql; channel, see steps.sql
-- Out: own   (path_no, channel_no, i, seq, own_i, own_n)  step i of the path is number own_i of its channel's own_n
--      part  (path_no, channel_nos)  the distinct channels of the path, in the order in which they first occur
--      coalition (filed_no, partition, is_null, channels, journeys, value, repeats)  journeys by the set of channels on their path
--                (coalitionOf in channels.ts), and how many of them are repeats
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
    sum(sign) AS journeys, sum(sign * value) AS value, sum(CASE WHEN repeats THEN sign ELSE 0 END) AS repeats
  FROM path JOIN part USING (path_no)
  GROUP BY ALL
),
named AS (
  SELECT channel_nos, string_agg(CASE WHEN channel_no > 0 THEN channel ELSE '' END, chr(31) ORDER BY channel_no) AS channels
  FROM (SELECT channel_nos, unnest(channel_nos) AS channel_no FROM (SELECT DISTINCT channel_nos FROM counted)) JOIN channel USING (channel_no)
  GROUP BY channel_nos
)
SELECT filed_no, partition, is_null, coalesce(channels, '(other)') AS channels, journeys, value, repeats
FROM counted LEFT JOIN named USING (channel_nos);
