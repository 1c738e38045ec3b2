-- Views of a page that came to each twentieth of it, in the report that did.
--
-- In:  web_events (day, type, page, layout, is_bot, web)  see web/events.sql
-- Out: day, page, layout, band0Views … band19Views
SELECT day_text(day) AS day, * EXCLUDE (day)
FROM (
  SELECT
    day, page, layout,
    count(*) FILTER (before_bp <= 0 AND upto_bp > 0) AS "band0Views",
    count(*) FILTER (before_bp <= 500 AND upto_bp > 500) AS "band1Views",
    count(*) FILTER (before_bp <= 1000 AND upto_bp > 1000) AS "band2Views",
    count(*) FILTER (before_bp <= 1500 AND upto_bp > 1500) AS "band3Views",
    count(*) FILTER (before_bp <= 2000 AND upto_bp > 2000) AS "band4Views",
    count(*) FILTER (before_bp <= 2500 AND upto_bp > 2500) AS "band5Views",
    count(*) FILTER (before_bp <= 3000 AND upto_bp > 3000) AS "band6Views",
    count(*) FILTER (before_bp <= 3500 AND upto_bp > 3500) AS "band7Views",
    count(*) FILTER (before_bp <= 4000 AND upto_bp > 4000) AS "band8Views",
    count(*) FILTER (before_bp <= 4500 AND upto_bp > 4500) AS "band9Views",
    count(*) FILTER (before_bp <= 5000 AND upto_bp > 5000) AS "band10Views",
    count(*) FILTER (before_bp <= 5500 AND upto_bp > 5500) AS "band11Views",
    count(*) FILTER (before_bp <= 6000 AND upto_bp > 6000) AS "band12Views",
    count(*) FILTER (before_bp <= 6500 AND upto_bp > 6500) AS "band13Views",
    count(*) FILTER (before_bp <= 7000 AND upto_bp > 7000) AS "band14Views",
    count(*) FILTER (before_bp <= 7500 AND upto_bp > 7500) AS "band15Views",
    count(*) FILTER (before_bp <= 8000 AND upto_bp > 8000) AS "band16Views",
    count(*) FILTER (before_bp <= 8500 AND upto_bp > 8500) AS "band17Views",
    count(*) FILTER (before_bp <= 9000 AND upto_bp > 9000) AS "band18Views",
    count(*) FILTER (before_bp <= 9500 AND upto_bp > 9500) AS "band19Views"
  FROM (
    SELECT day, page, layout, exact_at(web, '$.fromScrollBp', 10000) AS before_bp, exact_at(web, '$.maxScrollBp', 10000) AS upto_bp
    FROM web_events WHERE type = 'activity' AND NOT is_bot
  )
  WHERE (before_bp + 499) // 500 < (upto_bp + 499) // 500
  GROUP BY day, page, layout
)
