-- Conversions and their value by the steps of their path, consecutive repeats being one, up to a bound of steps.
--
-- In:  walked, path, channel, filed  see journeys/; attribution, from the definitions
-- Out: day, type, path, currency, conversions, valueMinor
WITH stepped AS (
  SELECT path_no, count(*) AS steps, string_agg(channel, chr(31) ORDER BY i) AS names
  FROM walked JOIN channel USING (channel_no)
  WHERE NOT is_null AND back_1 IS DISTINCT FROM channel_no
  GROUP BY path_no
)
SELECT
  day, type,
  CASE WHEN touches = 0 THEN '' WHEN steps > path_steps THEN '(other)' ELSE names END AS path,
  currency, sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
FROM stepped JOIN path USING (path_no) JOIN filed USING (filed_no), attribution
GROUP BY ALL
