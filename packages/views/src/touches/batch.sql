-- Touches and what they cost, by channel and campaign.
--
-- In:  anchors (ts, type, kind, channel, campaign, currency, cost)  deduplicated touches and conversions
-- Out: day, channel, campaign, type, currency, touches, costMinor
SELECT day_text(day) AS day, channel, campaign, type, currency, touches, "costMinor"
FROM (
  SELECT ts // 86400000 AS day, channel, campaign, type, currency, count(*) AS touches, sum(cost) AS "costMinor"
  FROM anchors
  WHERE kind = 'touch'
  GROUP BY ALL
)
