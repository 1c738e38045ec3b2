-- The definitions as relations, so that no text of a user's is ever part of a statement.
--
-- In:  $1  JSON {touches: [{type, windowMs, defaultChannel, viewThrough}], conversions: [type], once: [{type, withinMs, path}], direct: [channel],
--              channels: [channel] or null, decayWeights: [weight], touchesFirst, resetOnConversion, firstPercent, lastPercent,
--              lookbackMs, transitionOrder, pathSteps, pathTouches, countTexts: [text],
--              daySegments: [{number, name, version, forMs or null, ttlMs}],
--              web: {layouts: [text], targets: [text], patterns: [{number, pattern, source}], namesAll, mostPage, scheme, query, host}}
-- Out: member_types   the types that make touches and conversions: type, kind, window_ms, default_channel, view_through
--      once_types     the types of conversions that are counted once: type, within_ms, path (of their key within the properties)
--      direct_channels, tracked_channels (channels; see tracks_all), decay (weight by age in whole hours), attribution (one row)
--      count_texts    the texts of what is counted (counts/relation.ts), a list in one row: texts
--      day_segments   the segments whose members are counted by day: number, name, version, for_ms (NULL: in at once), ttl_ms
--      web_layouts, web_targets, web_patterns (number, pattern, source: a regular expression for the whole path), web_bounds (one row)
-- Statements end with a semicolon at the end of a line; only the first takes the value.
CREATE OR REPLACE TABLE definitions AS SELECT $1::JSON AS json;
CREATE OR REPLACE TABLE member_types AS
  SELECT touch->>'type' AS type, 'touch' AS kind, (touch->>'windowMs')::BIGINT AS window_ms, touch->>'defaultChannel' AS default_channel,
    (touch->>'viewThrough')::BOOLEAN AS view_through
  FROM (SELECT unnest((json->'touches')::JSON[]) AS touch FROM definitions)
  UNION ALL
  SELECT unnest(json->>'$.conversions[*]'), 'conversion', NULL, '', false FROM definitions;
CREATE OR REPLACE TABLE once_types AS
  SELECT once->>'type' AS type, (once->>'withinMs')::BIGINT AS within_ms, once->>'path' AS path
  FROM (SELECT unnest((json->'once')::JSON[]) AS once FROM definitions);
CREATE OR REPLACE TABLE direct_channels AS
  SELECT unnest(json->>'$.direct[*]') AS channel FROM definitions;
CREATE OR REPLACE TABLE tracked_channels AS
  SELECT unnest(json->>'$.channels[*]') AS channel FROM definitions;
CREATE OR REPLACE TABLE decay AS
  SELECT unnest((json->'decayWeights')::BIGINT[]) AS weight,
    generate_subscripts((json->'decayWeights')::BIGINT[], 1) - 1 AS hour
  FROM definitions;
CREATE OR REPLACE TABLE attribution AS
  SELECT (json->>'touchesFirst')::BOOLEAN AS touches_first, (json->>'resetOnConversion')::BOOLEAN AS reset_on_conversion,
    (json->>'firstPercent')::BIGINT AS first_percent, (json->>'lastPercent')::BIGINT AS last_percent,
    (json->>'lookbackMs')::BIGINT AS lookback_ms,
    (json->>'channels') IS NULL AS tracks_all,
    (json->>'transitionOrder')::INTEGER AS transition_order, (json->>'pathSteps')::INTEGER AS path_steps,
    (json->>'pathTouches')::INTEGER AS path_touches
  FROM definitions;
CREATE OR REPLACE TABLE count_texts AS
  SELECT json->>'$.countTexts[*]' AS texts FROM definitions;
CREATE OR REPLACE TABLE day_segments AS
  SELECT (one->>'number')::INTEGER AS number, one->>'name' AS name, one->>'version' AS version,
    (one->>'forMs')::BIGINT AS for_ms, (one->>'ttlMs')::BIGINT AS ttl_ms
  FROM (SELECT unnest((json->'daySegments')::JSON[]) AS one FROM definitions);
CREATE OR REPLACE TABLE web_layouts AS
  SELECT unnest(json->>'$.web.layouts[*]') AS layout FROM definitions;
CREATE OR REPLACE TABLE web_targets AS
  SELECT unnest(json->>'$.web.targets[*]') AS target FROM definitions;
CREATE OR REPLACE TABLE web_patterns AS
  SELECT (one->>'number')::INTEGER AS number, one->>'pattern' AS pattern, one->>'source' AS source
  FROM (SELECT unnest((json->'$.web.patterns')::JSON[]) AS one FROM definitions);
CREATE OR REPLACE TABLE web_bounds AS
  SELECT (json->>'$.web.namesAll')::BOOLEAN AS names_all, (json->>'$.web.mostPage')::INTEGER AS most_page,
    json->>'$.web.scheme' AS scheme, json->>'$.web.query' AS query, json->>'$.web.host' AS host
  FROM definitions;
