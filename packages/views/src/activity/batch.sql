-- How many distinct events of each type happened each day.
--
-- In:  anchors (ts, type)  deduplicated events
-- Out: day, type, events
SELECT day_text(day) AS day, type, events
FROM (SELECT ts // 86400000 AS day, type, count(*) AS events FROM anchors GROUP BY ALL)
