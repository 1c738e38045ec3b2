-- The anchors whose rows a fresh event may change: those of its user from `revisable` before it to `reach` after it.
--
-- In:  timelines (user_no, seq, ts, fresh)
--      $reach, $revisable  of the view, ms
-- Out: user_no, seq, fresh
SELECT user_no, seq, fresh
FROM timelines SEMI JOIN (SELECT user_no, ts FROM timelines WHERE fresh) AS news
  ON news.user_no = timelines.user_no
  AND timelines.ts >= news.ts - $revisable
  AND timelines.ts <= news.ts + $reach
