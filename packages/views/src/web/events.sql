-- Web events with what views ask of them (web-event.ts): bounded, whatever they say.
--
-- In:  events (ts, type, page, element, web, …)  deduplicated; web: the properties of events of these types as JSON; NULL for all others
--      web_layouts, web_patterns, web_bounds, from the definitions
-- Out: web_events (day, type, page, layout, is_bot, engaged_ms, visible_ms)
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE web_said AS
  SELECT
    ts // 86400000 AS day, type, web,
    regexp_replace(regexp_replace(page, scheme, ''), query, '') AS address,
    (web->>'$.layout') AS layout,
    json_type(web, '$.bot') IS NOT DISTINCT FROM 'VARCHAR' AS is_bot
  FROM events, web_bounds
  WHERE web IS NOT NULL AND json_type(web, '$.viewId') = 'VARCHAR'
    AND json_type(web, '$.layout') = 'UBIGINT' AND (web->>'$.layout') IN (SELECT layout FROM web_layouts);
CREATE OR REPLACE TABLE web_pages AS
  WITH parts AS (
    SELECT DISTINCT address, regexp_extract(address, web_bounds.host) AS host,
      coalesce(nullif(regexp_replace(address, web_bounds.host, ''), ''), '/') AS path
    FROM web_said, web_bounds WHERE address IS NOT NULL
  ), fitting AS (
    SELECT address, parts.host || path AS name FROM parts, web_bounds WHERE names_all
    UNION ALL
    SELECT address, arg_min(parts.host || pattern, number) FROM parts JOIN web_patterns ON regexp_matches(path, source) GROUP BY address
  )
  SELECT address, CASE WHEN length(name) <= most_page THEN name ELSE '(other)' END AS page FROM fitting, web_bounds;
CREATE OR REPLACE TABLE web_events AS
  SELECT
    day, type, CASE WHEN web_said.address IS NULL THEN '(none)' ELSE coalesce(web_pages.page, '(other)') END AS page,
    layout, is_bot,
    CASE WHEN type = 'activity' THEN whole_at(web, '$.engagedMs', 60000) ELSE 0 END AS engaged_ms,
    CASE WHEN type = 'activity' THEN whole_at(web, '$.visibleMs', 31622400000) ELSE 0 END AS visible_ms
  FROM web_said LEFT JOIN web_pages ON web_pages.address = web_said.address;
