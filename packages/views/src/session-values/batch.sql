-- Conversions in sessions of visitors, and their value, by what the sessions began with.
--
-- In:  sessions_converting (sign, from_ts, entry, currency, value, counts)  see web/sessions.sql
-- Out: day, entry, layout, channel, campaign, currency, conversions, valueMinor
SELECT day_text(day) AS day, page AS entry, layout, channel, campaign, currency, conversions, "valueMinor"
FROM (
  SELECT
    from_ts // 86400000 AS day, entry.page AS page, entry.layout AS layout, entry.channel AS channel, entry.campaign AS campaign, currency,
    sum(sign) AS conversions, sum(sign * value) AS "valueMinor"
  FROM sessions_converting
  WHERE counts
  GROUP BY ALL
)
WHERE conversions <> 0 OR "valueMinor" <> 0
