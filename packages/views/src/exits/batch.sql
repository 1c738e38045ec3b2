-- Pages that sessions of visitors ended on.
--
-- In:  web_sessions (sign, from_ts, exit_page, exit_layout)  see web/sessions.sql
-- Out: day, page, layout, exits
SELECT day_text(day) AS day, page, layout, exits
FROM (SELECT from_ts // 86400000 AS day, exit_page AS page, exit_layout AS layout, sum(sign) AS exits FROM web_sessions GROUP BY ALL)
WHERE exits <> 0
