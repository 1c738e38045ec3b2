-- The conversions whose path fresh events may change: fresh ones; those within the window after a fresh touch; and, where a
-- conversion ends the paths before it, those within reach after a fresh conversion.
--
-- In:  timelines (user_key, seq, ts, kind, window_ms, fresh)
--      attribution, see definition-tables.sql
--      $reach  the longest window, ms
-- Out: user_key, seq
SELECT user_key, seq FROM timelines WHERE fresh AND kind = 'conversion'
UNION ALL
SELECT user_key, seq
FROM (SELECT * FROM timelines WHERE NOT fresh AND kind = 'conversion') AS held
SEMI JOIN (
  SELECT user_key, ts, ts + CASE WHEN kind = 'touch' THEN window_ms ELSE $reach END AS until
  FROM timelines, attribution
  WHERE fresh AND (kind = 'touch' OR reset_on_conversion)
) AS news
  ON news.user_key = held.user_key
  AND news.ts <= held.ts
  AND news.until >= held.ts
