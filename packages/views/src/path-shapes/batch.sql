-- Conversions and their value by the length of their path and the whole days from its first touch.
--
-- In:  path, filed  see journeys/
-- Out: day, type, touches, lagDays, currency, conversions, valueMinor
SELECT
  day, type,
  CASE WHEN touches < 50 THEN touches::VARCHAR ELSE '50+' END AS touches, lag_days::VARCHAR AS "lagDays",
  currency, conversions, "valueMinor"
FROM (
  SELECT
    filed_no, least(touches, 50) AS touches, CASE WHEN touches = 0 THEN 0 ELSE (ts - first_ts) // 86400000 END AS lag_days,
    sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
  FROM path
  WHERE NOT is_null
  GROUP BY ALL
)
JOIN filed USING (filed_no)
