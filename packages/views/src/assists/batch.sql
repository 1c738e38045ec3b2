-- Conversions that a channel or campaign took part in, and those that it assisted: with some other touch than the last.
--
-- In:  walked, place, filed  see journeys/
-- Out: day, type, channel, campaign, currency, assisted, assistedValueMinor, participated, participatedValueMinor
WITH taking_part AS (
  SELECT path_no, filed_no, sign, value, channel, campaign, min(i) < any_value(n) AS assists
  FROM (
    SELECT walked.*, channel, unnest(['', campaign]) AS campaign
    FROM walked JOIN place USING (place_no)
    WHERE NOT is_null AND touches > 0
  )
  GROUP BY ALL
)
SELECT
  day, type, channel, campaign, currency,
  sum(CASE WHEN assists THEN sign ELSE 0 END) AS assisted, sum(CASE WHEN assists THEN sign * value ELSE 0 END) AS "assistedValueMinor",
  sum(sign) AS participated, sum(sign * value) AS "participatedValueMinor"
FROM taking_part JOIN filed USING (filed_no)
GROUP BY ALL
