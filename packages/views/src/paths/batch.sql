-- Conversions and their value by the steps of their path, consecutive repeats being one, up to a bound of steps.
--
-- In:  walked, path, channel, filed  see journeys/; attribution, from the definitions
-- Out: day, type, path, currency, partition, conversions, valueMinor
WITH distinct_paths AS (
  SELECT path_no FROM path, attribution WHERE NOT is_null AND changes <= path_steps
),
stepped AS (
  -- Sorted as one integer: the step, then its channel.
  SELECT path_no, list_sort(list(i::BIGINT << 32 | channel_no)) AS steps
  FROM walked SEMI JOIN distinct_paths USING (path_no)
  WHERE back_1 IS DISTINCT FROM channel_no
  GROUP BY path_no
),
counted AS (
  SELECT filed_no, partition, list_transform(steps, step -> (step & 4294967295)::INTEGER) AS channel_nos, sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
  FROM path LEFT JOIN stepped USING (path_no)
  WHERE NOT is_null
  GROUP BY ALL
),
names AS (
  SELECT list(channel ORDER BY channel_no) AS names FROM channel WHERE channel_no > 0
)
SELECT
  day, type,
  CASE
    WHEN channel_nos IS NULL THEN '(other)'
    ELSE array_to_string(list_transform(channel_nos, no -> CASE WHEN no > 0 THEN names[no] ELSE '' END), chr(31))
  END AS path,
  currency, partition, conversions, "valueMinor"
FROM counted JOIN filed USING (filed_no), names
