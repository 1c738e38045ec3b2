-- Engaged time by twentieth of the page.
--
-- In:  web_bands (day, page, layout, band, ms)  see web/events.sql
-- Out: day, page, layout, band, ms
SELECT day_text(day) AS day, page, layout, band::VARCHAR AS band, ms
FROM (SELECT day, page, layout, band, sum(ms) AS ms FROM web_bands WHERE ms > 0 GROUP BY ALL)
