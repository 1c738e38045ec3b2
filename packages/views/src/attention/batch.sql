-- What elements have of the attention of a page.
--
-- In:  web_elements (day, page, layout, element, seen, cursor_ms, viewport_ms, x, y, width, height), web_clicks (day, page, layout, element, kind)
--        see web/events.sql
-- Out: day, page, layout, element, boxes, seenViews, cursorMs, viewportMs, clicks, xPx, yPx, widthPx, heightPx
SELECT
  day_text(day) AS day, page, layout, element, boxes, "seenViews", "cursorMs", "viewportMs", clicks, "xPx", "yPx", "widthPx", "heightPx"
FROM (
  SELECT
    day, page, layout, element, sum(boxes) AS boxes, sum(seen) AS "seenViews", sum(cursor_ms) AS "cursorMs", sum(viewport_ms) AS "viewportMs",
    sum(clicks) AS clicks, sum(x) AS "xPx", sum(y) AS "yPx", sum(width) AS "widthPx", sum(height) AS "heightPx"
  FROM (
    SELECT day, page, layout, element, 1 AS boxes, seen, cursor_ms, viewport_ms, 0 AS clicks, x, y, width, height FROM web_elements
    UNION ALL
    SELECT day, page, layout, element, 0, 0, 0, 0, 1, 0, 0, 0, 0 FROM web_clicks WHERE kind IN ('click', 'rage') AND element <> '(none)'
  )
  GROUP BY ALL
)
