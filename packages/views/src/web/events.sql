-- Web events with what views ask of them (web-event.ts): bounded, whatever they say.
--
-- In:  web_around (user_key, ts, id, type, channel, campaign, page, element, web, fresh)  deduplicated; web: the properties of events of these
--        types as JSON; NULL for all others; not fresh: sessions alone look at them
--      web_layouts, web_targets, web_patterns, web_bounds, from the definitions
-- Out: web_named (user_key, ts, id, fresh, day, type, channel, campaign, page, layout, is_bot, element, web, engaged_ms, visible_ms)
--      of the fresh ones: web_events (number, day, type, page, layout, is_bot, element, web, engaged_ms, visible_ms, hover_ms)
--      without those of bots, and of reports only the parts that are whole and no more than the report (all of a kind, or none):
--      web_clicks (day, page, layout, element, kind, ex, ey)  kind, ex, ey: NULL where they are not known
--      web_bands (day, page, layout, band, ms)
--      web_elements (day, page, layout, element, cursor_ms, viewport_ms, seen, x, y, width, height)
--      web_cells (day, page, layout, element, cell, ms)
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE web_said AS
  SELECT
    user_key, ts, id, fresh, channel, campaign, ts // 86400000 AS day, type, element, web,
    regexp_replace(regexp_replace(page, scheme, ''), query, '') AS address,
    (web->>'$.layout') AS layout,
    json_type(web, '$.bot') IS NOT DISTINCT FROM 'VARCHAR' AS is_bot
  FROM web_around, web_bounds
  WHERE web IS NOT NULL AND json_type(web, '$.viewId') = 'VARCHAR'
    AND json_type(web, '$.layout') = 'UBIGINT' AND (web->>'$.layout') IN (SELECT layout FROM web_layouts);
CREATE OR REPLACE TABLE web_pages AS
  WITH parts AS (
    SELECT DISTINCT address, regexp_extract(address, web_bounds.host) AS host,
      coalesce(nullif(regexp_replace(address, web_bounds.host, ''), ''), '/') AS path
    FROM web_said, web_bounds WHERE address <> '(other)'
  ), fitting AS (
    SELECT address, parts.host || path AS name FROM parts, web_bounds WHERE names_all
    UNION ALL
    SELECT address, arg_min(parts.host || pattern, number) FROM parts JOIN web_patterns ON regexp_matches(path, source) GROUP BY address
  )
  SELECT address, CASE WHEN length(name) <= most_page THEN name ELSE '(other)' END AS page FROM fitting, web_bounds;
CREATE OR REPLACE TABLE web_named AS
  SELECT
    user_key, ts, id, fresh, day, type, channel, campaign,
    CASE WHEN web_said.address IS NULL THEN '(none)' ELSE coalesce(web_pages.page, '(other)') END AS page,
    layout, is_bot, name_of(element, 128) AS element, web,
    CASE WHEN type = 'activity' THEN whole_at(web, '$.engagedMs', 60000) ELSE 0 END AS engaged_ms,
    CASE WHEN type = 'activity' THEN whole_at(web, '$.visibleMs', 31622400000) ELSE 0 END AS visible_ms
  FROM web_said LEFT JOIN web_pages ON web_pages.address = web_said.address;
CREATE OR REPLACE TABLE web_events AS
  SELECT
    day, type, page, layout, is_bot, element, web, engaged_ms, visible_ms,
    least(engaged_ms, CASE WHEN type = 'activity' THEN whole_at(web, '$.hoverMs', 60000) ELSE 0 END) AS hover_ms, row_number() OVER () AS number
  FROM web_named WHERE fresh;
CREATE OR REPLACE TABLE web_clicks AS
  SELECT
    day, page, layout, element,
    CASE WHEN text_at(web, '$.kind') IN ('click', 'rage', 'dead') THEN text_at(web, '$.kind') END AS kind,
    exact_at(web, '$.ex', 9999) AS ex, exact_at(web, '$.ey', 9999) AS ey
  FROM web_events WHERE type = 'click' AND NOT is_bot;
CREATE OR REPLACE TABLE web_parts AS
  SELECT number, day, page, layout, hover_ms, engaged_ms, web FROM web_events WHERE type = 'activity' AND NOT is_bot;
CREATE OR REPLACE TABLE bands_said AS
  SELECT * EXCLUDE (one), exact_at(one, '$', 60000) AS ms
  FROM (
    SELECT * EXCLUDE (web, bands), unnest(bands) AS one, generate_subscripts(bands, 1) - 1 AS band
    FROM (SELECT *, json_extract(web, '$.bands[*]') AS bands FROM web_parts)
  );
CREATE OR REPLACE TABLE web_bands AS
  SELECT day, page, layout, band, ms FROM bands_said WHERE number IN (
    SELECT number FROM bands_said GROUP BY number HAVING count(*) = 20 AND count(ms) = 20 AND sum(ms) <= any_value(engaged_ms)
  );
CREATE OR REPLACE TABLE elements_said AS
  SELECT
    * EXCLUDE (one), json_type(one) = 'ARRAY' AND json_array_length(one) = 8 AS is_row, text_at(one, '$[0]') AS element,
    exact_at(one, '$[1]', 10000000) AS cursor_ms, exact_at(one, '$[2]', 10000000) AS viewport_ms, exact_at(one, '$[3]', 10000000) AS seen,
    exact_at(one, '$[4]', 10000000) AS x, exact_at(one, '$[5]', 10000000) AS y,
    exact_at(one, '$[6]', 10000000) AS width, exact_at(one, '$[7]', 10000000) AS height
  FROM (SELECT * EXCLUDE (web), unnest(json_extract(web, '$.els[*]')) AS one FROM web_parts);
CREATE OR REPLACE TABLE web_elements AS
  SELECT * EXCLUDE (number, hover_ms, engaged_ms, is_row) REPLACE (name_of(element, 128) AS element, least(seen, 1) AS seen)
  FROM elements_said WHERE number IN (
    SELECT number FROM elements_said GROUP BY number
    HAVING count(*) <= 100 AND bool_and(is_row AND element IS NOT NULL AND
        cursor_ms IS NOT NULL AND viewport_ms IS NOT NULL AND seen IS NOT NULL AND
        x IS NOT NULL AND y IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL)
      AND sum(cursor_ms) <= any_value(hover_ms) AND sum(viewport_ms) <= any_value(engaged_ms)
  );
CREATE OR REPLACE TABLE cells_said AS
  SELECT
    * EXCLUDE (one), json_type(one) = 'ARRAY' AND json_array_length(one) = 3 AS is_row, text_at(one, '$[0]') AS element,
    exact_at(one, '$[1]', 1023) AS cell, exact_at(one, '$[2]', 10000000) AS ms
  FROM (SELECT * EXCLUDE (web), unnest(json_extract(web, '$.moves[*]')) AS one FROM web_parts);
CREATE OR REPLACE TABLE web_cells AS
  SELECT day, page, layout, name_of(element, 128) AS element, cell, ms
  FROM cells_said WHERE number IN (
    SELECT number FROM cells_said GROUP BY number
    HAVING count(*) <= 200 AND bool_and(is_row AND element IS NOT NULL AND cell IS NOT NULL AND ms IS NOT NULL)
      AND sum(ms) <= any_value(hover_ms)
  );
