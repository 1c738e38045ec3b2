-- Engaged time by twentieth of the page, one column each.
--
-- In:  web_bands (day, page, layout, band, ms)  see web/events.sql
-- Out: day, page, layout, band0Ms … band19Ms
SELECT day_text(day) AS day, * EXCLUDE (day)
FROM (
  SELECT
    day, page, layout,
    coalesce(sum(ms) FILTER (band = 0), 0) AS "band0Ms",
    coalesce(sum(ms) FILTER (band = 1), 0) AS "band1Ms",
    coalesce(sum(ms) FILTER (band = 2), 0) AS "band2Ms",
    coalesce(sum(ms) FILTER (band = 3), 0) AS "band3Ms",
    coalesce(sum(ms) FILTER (band = 4), 0) AS "band4Ms",
    coalesce(sum(ms) FILTER (band = 5), 0) AS "band5Ms",
    coalesce(sum(ms) FILTER (band = 6), 0) AS "band6Ms",
    coalesce(sum(ms) FILTER (band = 7), 0) AS "band7Ms",
    coalesce(sum(ms) FILTER (band = 8), 0) AS "band8Ms",
    coalesce(sum(ms) FILTER (band = 9), 0) AS "band9Ms",
    coalesce(sum(ms) FILTER (band = 10), 0) AS "band10Ms",
    coalesce(sum(ms) FILTER (band = 11), 0) AS "band11Ms",
    coalesce(sum(ms) FILTER (band = 12), 0) AS "band12Ms",
    coalesce(sum(ms) FILTER (band = 13), 0) AS "band13Ms",
    coalesce(sum(ms) FILTER (band = 14), 0) AS "band14Ms",
    coalesce(sum(ms) FILTER (band = 15), 0) AS "band15Ms",
    coalesce(sum(ms) FILTER (band = 16), 0) AS "band16Ms",
    coalesce(sum(ms) FILTER (band = 17), 0) AS "band17Ms",
    coalesce(sum(ms) FILTER (band = 18), 0) AS "band18Ms",
    coalesce(sum(ms) FILTER (band = 19), 0) AS "band19Ms"
  FROM web_bands
  WHERE ms > 0
  GROUP BY day, page, layout
)
