-- Views of pages, and for how long they were looked at.
--
-- In:  web_events (day, type, page, layout, is_bot, engaged_ms, visible_ms)  see web/events.sql
-- Out: day, page, layout, views, engagedMs, visibleMs, botViews
SELECT day_text(day) AS day, page, layout, views, "engagedMs", "visibleMs", "botViews"
FROM (
  SELECT
    day, page, layout,
    count(*) FILTER (type = 'page' AND NOT is_bot) AS views,
    coalesce(sum(engaged_ms) FILTER (NOT is_bot), 0) AS "engagedMs",
    coalesce(sum(visible_ms) FILTER (NOT is_bot), 0) AS "visibleMs",
    count(*) FILTER (type = 'page' AND is_bot) AS "botViews"
  FROM web_events
  WHERE type IN ('page', 'activity')
  GROUP BY day, page, layout
)
