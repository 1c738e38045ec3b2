-- Links that were followed.
--
-- In:  web_events (day, type, page, is_bot, web)  see web/events.sql
-- Out: day, page, target, host, clicks
SELECT day_text(day) AS day, page, target, host, clicks
FROM (
  SELECT
    day, page,
    CASE WHEN text_at(web, '$.target') IN (SELECT target FROM web_targets) THEN text_at(web, '$.target') ELSE '(other)' END AS target,
    name_of(text_at(web, '$.host'), 253) AS host,
    count(*) AS clicks
  FROM web_events
  WHERE type = 'link' AND NOT is_bot
  GROUP BY ALL
)
