-- Conversions and their value.
--
-- In:  anchors (ts, type, kind, currency, value)  deduplicated touches and conversions
-- Out: day, type, currency, conversions, valueMinor
SELECT day_text(day) AS day, type, currency, conversions, "valueMinor"
FROM (
  SELECT ts // 86400000 AS day, type, currency, count(*) AS conversions, sum(value) AS "valueMinor"
  FROM anchors
  WHERE kind = 'conversion'
  GROUP BY ALL
)
