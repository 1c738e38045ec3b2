-- Sessions of visitors, by what they began with.
--
-- In:  web_sessions (sign, from_ts, page, layout, channel, campaign, views, duration_ms, engaged_ms, converts)  see web/sessions.sql
-- Out: day, entry, layout, channel, campaign, sessions, bounces, views, durationMs, engagedMs, converting
SELECT
  day_text(day) AS day, page AS entry, layout, channel, campaign, sessions, bounces, views, "durationMs", "engagedMs", converting
FROM (
  SELECT
    from_ts // 86400000 AS day, page, layout, channel, campaign,
    sum(sign) AS sessions,
    sum(CASE WHEN views <= 1 AND engaged_ms < 10000 AND NOT converts THEN sign ELSE 0 END) AS bounces,
    sum(sign * views) AS views, sum(sign * duration_ms) AS "durationMs", sum(sign * engaged_ms) AS "engagedMs",
    sum(CASE WHEN converts THEN sign ELSE 0 END) AS converting
  FROM web_sessions
  GROUP BY ALL
)
WHERE sessions <> 0 OR bounces <> 0 OR views <> 0 OR "durationMs" <> 0 OR "engagedMs" <> 0 OR converting <> 0
