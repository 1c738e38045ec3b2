-- Conversions and their value by the channels of their path, and the whole days from the first touch of each.
--
-- In:  own, path, channel, filed  see journeys/
-- Out: day, type, channel, lagDays, currency, conversions, valueMinor
SELECT day, type, channel, lag_days::VARCHAR AS "lagDays", currency, conversions, "valueMinor"
FROM (
  SELECT
    filed_no, own.channel_no, (ts - seq // 524288) // 86400000 AS lag_days,
    sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
  FROM own JOIN path USING (path_no)
  WHERE own.channel_no > 0 AND NOT is_null
  GROUP BY ALL
)
JOIN channel USING (channel_no) JOIN filed USING (filed_no)
