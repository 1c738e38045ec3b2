-- All attention of a page, by basis.
--
-- In:  web_events (day, type, page, layout, is_bot, hover_ms, engaged_ms), web_clicks (day, page, layout, kind)  see web/events.sql
-- Out: day, page, layout, cursorMs, viewportMs, clicks
SELECT day_text(day) AS day, page, layout, "cursorMs", "viewportMs", clicks
FROM (
  SELECT day, page, layout, sum(hover_ms) AS "cursorMs", sum(engaged_ms) AS "viewportMs", sum(clicks) AS clicks
  FROM (
    SELECT day, page, layout, hover_ms, engaged_ms, 0 AS clicks FROM web_events WHERE type = 'activity' AND NOT is_bot
    UNION ALL
    SELECT day, page, layout, 0, 0, 1 FROM web_clicks WHERE kind IN ('click', 'rage')
  )
  GROUP BY ALL
)
