-- Where in the boxes of elements people click and move.
--
-- In:  web_clicks (day, page, layout, element, kind, ex, ey), web_cells (day, page, layout, element, cell, ms)  see web/events.sql
-- Out: day, page, layout, element, kind, cell, n
SELECT day_text(day) AS day, page, layout, element, kind, cell::VARCHAR AS cell, n
FROM (
  SELECT day, page, layout, element, kind, cell, sum(n) AS n
  FROM (
    SELECT day, page, layout, element, kind, ey * 16 // 10000 * 16 + ex * 16 // 10000 AS cell, 1 AS n
    FROM web_clicks WHERE kind IS NOT NULL AND ex IS NOT NULL AND ey IS NOT NULL
    UNION ALL
    SELECT day, page, layout, element, 'move', cell, ms FROM web_cells WHERE ms > 0
  )
  GROUP BY ALL
)
