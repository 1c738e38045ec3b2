-- Conversions and their value by the steps of their path, consecutive repeats being one, up to a bound of steps.
--
-- In:  walked, path, channel, filed  see journeys/; attribution, from the definitions
-- Out: day, type, path, currency, partition, conversions, valueMinor
WITH distinct_paths AS (
  SELECT path_no FROM path, attribution WHERE NOT is_null AND changes <= path_steps
),
stepped AS (
  SELECT path_no, list_sort(list({i: i, channel_no: channel_no})) AS steps
  FROM walked SEMI JOIN distinct_paths USING (path_no)
  WHERE back_1 IS DISTINCT FROM channel_no
  GROUP BY path_no
),
counted AS (
  SELECT filed_no, partition, list_transform(steps, step -> step.channel_no) AS channel_nos, sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
  FROM path LEFT JOIN stepped USING (path_no)
  WHERE NOT is_null
  GROUP BY ALL
),
named AS (
  SELECT channel_nos, string_agg(CASE WHEN channel_no > 0 THEN channel ELSE '' END, chr(31) ORDER BY step) AS path
  FROM (
    SELECT channel_nos, unnest(channel_nos) AS channel_no, generate_subscripts(channel_nos, 1) AS step
    FROM (SELECT DISTINCT channel_nos FROM counted)
  )
  JOIN channel USING (channel_no)
  GROUP BY channel_nos
)
SELECT day, type, coalesce(path, '(other)') AS path, currency, partition, conversions, "valueMinor"
FROM counted LEFT JOIN named USING (channel_nos) JOIN filed USING (filed_no)
