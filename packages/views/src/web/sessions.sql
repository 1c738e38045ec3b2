-- Sessions of visitors (sessions/session.ts): web events with less than 30 min between one and the next, from the first that opens one; cut at the
-- midnight behind a whole UTC day without a pause.
--
-- In:  web_named  see events.sql
--      web_converting (user_key, ts, id, type, currency, value, once_key, fresh)  conversions, repetitions too; once_key: NULL where one has none
--      attribution, member_types, once_types, from the definitions
-- Out: web_sessions (sign, from_ts, page, layout, channel, campaign, exit_page, exit_layout, views, duration_ms, engaged_ms, converts)
--      sessions_converting (sign, user_key, session, from_ts, entry, currency, value, counts)  the conversions in them; counts: it repeats none (once.ts)
--      sign 1: as they are; −1: as they were without what is fresh
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE visits AS
  SELECT
    user_key, ts, id, fresh, page, layout, coalesce(channel, '(none)') AS channel, coalesce(campaign, '(none)') AS campaign, engaged_ms,
    type = 'page' AS is_view,
    touches_first AND type IN (SELECT type FROM member_types WHERE kind = 'conversion') AS is_last,
    type IN ('page', 'link')
      OR (type = 'click' AND coalesce(text_at(web, '$.kind') IN ('click', 'rage'), false))
      OR (type = 'form' AND coalesce(text_at(web, '$.action') IN ('focus', 'change', 'submit'), false)) AS opens
  FROM web_named, attribution WHERE NOT is_bot;
CREATE OR REPLACE TABLE visits_in_order AS
  WITH both_sides AS (
    SELECT 1 AS sign, * FROM visits
    UNION ALL
    SELECT -1, * FROM visits WHERE NOT fresh
  ), numbered AS (
    SELECT *, row_number() OVER own AS number, lag(ts) OVER own AS previous_ts
    FROM both_sides WINDOW own AS (PARTITION BY sign, user_key ORDER BY ts, is_last, id)
  ), unbroken AS (
    SELECT *, max(CASE WHEN previous_ts IS NULL OR ts - previous_ts >= 1800000 THEN ts END)
      OVER (PARTITION BY sign, user_key ORDER BY number ROWS UNBOUNDED PRECEDING) AS unbroken_from
    FROM numbered
  )
  SELECT
    *, sum(CASE
      WHEN previous_ts IS NULL OR ts - previous_ts >= 1800000 THEN 1
      WHEN ts // 86400000 > previous_ts // 86400000 AND unbroken_from <= previous_ts // 86400000 * 86400000 THEN 1
      ELSE 0 END) OVER (PARTITION BY sign, user_key ORDER BY number ROWS UNBOUNDED PRECEDING) AS session
  FROM unbroken;
CREATE OR REPLACE TABLE sessions_said AS
  WITH opened AS (
    SELECT *, min(CASE WHEN opens THEN number END) OVER (PARTITION BY sign, user_key, session) AS first_number FROM visits_in_order
  )
  SELECT
    sign, user_key, session, min(ts) AS from_ts, max(ts) AS last_ts, any_value(unbroken_from) AS unbroken_from,
    arg_min({'page': page, 'layout': layout, 'channel': channel, 'campaign': campaign}, number) AS entry,
    arg_max({'page': page, 'layout': layout}, number) FILTER (is_view) AS last_view,
    count(*) FILTER (is_view) AS views, sum(engaged_ms) AS engaged_ms
  FROM opened WHERE number >= first_number
  GROUP BY sign, user_key, session;
CREATE OR REPLACE TABLE sessions_converting AS
  WITH both_sides AS (
    SELECT 1 AS sign, * FROM web_converting
    UNION ALL
    SELECT -1, * FROM web_converting WHERE NOT fresh
  ), counted AS (
    SELECT both_sides.*, once_key IS NULL OR coalesce(ts - lag(ts) OVER same > within_ms, true) AS counts
    FROM both_sides LEFT JOIN once_types USING (type)
    WINDOW same AS (PARTITION BY sign, user_key, type, once_key ORDER BY ts, id)
  ), ending AS (
    SELECT *, least(last_ts + 1800000,
      CASE WHEN unbroken_from <= last_ts // 86400000 * 86400000 THEN (last_ts // 86400000 + 1) * 86400000 END) AS to_ts
    FROM sessions_said
  )
  SELECT sign, user_key, session, from_ts, entry, currency, value, counts
  FROM ending JOIN counted USING (sign, user_key)
  WHERE counted.ts >= from_ts AND counted.ts < to_ts;
CREATE OR REPLACE TABLE web_sessions AS
  WITH convert AS (SELECT DISTINCT sign, user_key, session FROM sessions_converting)
  SELECT
    sign, from_ts, entry.page AS page, entry.layout AS layout, entry.channel AS channel, entry.campaign AS campaign,
    coalesce(last_view.page, entry.page) AS exit_page, coalesce(last_view.layout, entry.layout) AS exit_layout,
    views, last_ts - from_ts AS duration_ms, engaged_ms, convert.session IS NOT NULL AS converts
  FROM sessions_said LEFT JOIN convert USING (sign, user_key, session);
