-- Conversions that a channel or campaign took part in, and those that it assisted: with some other touch than the last.
--
-- In:  walked, path, place, filed  see journeys/
-- Out: day, type, channel, campaign, currency, assisted, assistedValueMinor, participated, participatedValueMinor
WITH first_at_place AS (
  SELECT path_no, place_no, min(i) AS i FROM walked WHERE place_no > 0 GROUP BY ALL
),
first_of_channel AS (
  SELECT path_no, of_channel AS place_no, min(i) AS i
  FROM first_at_place JOIN place USING (place_no)
  GROUP BY ALL
),
summed AS (
  SELECT
    filed_no, place_no, is_campaign,
    sum(CASE WHEN i < n THEN sign ELSE 0 END) AS assisted, sum(CASE WHEN i < n THEN sign * value ELSE 0 END) AS "assistedValueMinor",
    sum(sign) AS participated, sum(sign * value) AS "participatedValueMinor"
  FROM (SELECT *, true AS is_campaign FROM first_at_place UNION ALL SELECT *, false FROM first_of_channel) AS first_touch
    JOIN path USING (path_no)
  WHERE NOT is_null
  GROUP BY ALL
)
SELECT
  day, type, channel, CASE WHEN is_campaign THEN campaign ELSE '' END AS campaign, currency,
  assisted, "assistedValueMinor", participated, "participatedValueMinor"
FROM summed JOIN place USING (place_no) JOIN filed USING (filed_no)
