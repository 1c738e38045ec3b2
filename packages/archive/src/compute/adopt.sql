-- Which events count for which key, where keys of one person are joined (decision 43; packages/model/src/identity says the same in steps). Nothing here
-- depends on the order of arrival: links are a set, and of the messages on one event by one way the one with the largest version counts.
--
-- What was withdrawn is not among them (withdrawn.ts).
--
-- In:  everything (user_key, ts, id, type, received_at, is_known, said, …)  deduplicated; is_known: a merge alone moves it; said: what a message says, as JSON, NULL for an event of the key's own. A
--        message that lends an event has the type and the fields of that event
--      joined (window_ms, max_hops, most_of_day)  how far back from its receipt a link reaches, how many keys an event passes at most, and how many links of a key that
--        were received on one day count
-- Out: adopted (the columns of everything)  each event once, under the key that it counts for
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE joined_keys AS
  SELECT DISTINCT user_key FROM everything WHERE said IS NOT NULL;
-- What lies at `behind` or before it is out of reach: by its receipt, or as the record of the key had lost it (the lowest floor that was said).
CREATE OR REPLACE TABLE undoings AS
  SELECT user_key, said->>'$.from' AS owner, said->>'$.version' AS version,
    greatest(max(received_at - window_ms), coalesce(min(CAST(said->>'$.floor' AS BIGINT)), max(received_at - window_ms))) AS behind
  FROM everything, joined WHERE said IS NOT NULL AND type = 'tributary.unlink'
  GROUP BY ALL;
-- Each once. `up_to`: it holds up to then where it does not count any more, as the record of the key had lost what came before (the lowest that was said).
CREATE OR REPLACE TABLE said_links AS
  SELECT user_key, ts, received_at, said->>'$.to' AS owner, said->>'$.id' AS name, said->>'$.version' AS version,
    said->>'$.merges' IS NOT NULL AS merges,
    greatest(
      received_at - window_ms,
      coalesce(
        min(CAST(said->>'$.floor' AS BIGINT)) OVER (PARTITION BY user_key, said->>'$.id', said->>'$.version'),
        received_at - window_ms
      )
    ) AS behind,
    min(CAST(said->>'$.held' AS BIGINT)) OVER (PARTITION BY user_key, said->>'$.id', said->>'$.version') AS up_to
  FROM everything, joined WHERE said IS NOT NULL AND type = 'tributary.link'
  QUALIFY row_number() OVER (PARTITION BY user_key, name, version) = 1;
CREATE OR REPLACE TABLE counted_links AS
  SELECT *
  FROM (
    SELECT *
    FROM (
      SELECT * FROM said_links
      -- Each day looks at the one of a name that it received first, whatever other days did.
      QUALIFY row_number() OVER (PARTITION BY user_key, name, received_at // 86400000 ORDER BY received_at, version) = 1
    )
    -- Those of one millisecond count together, or not at all.
    QUALIFY count(*) OVER (PARTITION BY user_key, received_at // 86400000 ORDER BY received_at) <= (SELECT most_of_day FROM joined)
  )
  QUALIFY row_number() OVER (PARTITION BY user_key, name ORDER BY version) = 1;
-- One link of a name says anything about an instant: the first of those that hold up to then, about what happened after all of these the one that counts.
CREATE OR REPLACE TABLE links AS
  SELECT link.*, min(undoings.behind) AS undone_behind
  FROM (
    SELECT * REPLACE (
      greatest(behind, max(up_to) OVER (
        PARTITION BY user_key, name ORDER BY up_to NULLS LAST, version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      )) AS behind
    )
    FROM (
      SELECT * REPLACE (NULL AS up_to) FROM counted_links
      UNION ALL
      SELECT * FROM said_links ANTI JOIN counted_links USING (user_key, name, version) WHERE up_to IS NOT NULL
    )
  ) AS link
  LEFT JOIN undoings ON undoings.user_key = link.user_key AND undoings.owner = link.owner AND undoings.version > link.version
  GROUP BY ALL;
CREATE OR REPLACE TABLE lent AS
  SELECT *
  FROM (
    SELECT *, said->>'$.id' AS item, CAST(said->'$.path' AS VARCHAR[]) AS way
    FROM everything WHERE said IS NOT NULL AND type NOT IN ('tributary.link', 'tributary.unlink', 'tributary.withdraw')
    QUALIFY row_number() OVER (PARTITION BY user_key, item, way ORDER BY said->>'$.version' DESC) = 1
  )
  WHERE type <> 'tributary.take';
CREATE OR REPLACE TABLE items AS
  SELECT *, coalesce(way[1], user_key) AS origin FROM lent
  UNION ALL
  SELECT *, id AS item, CAST([] AS VARCHAR[]) AS way, user_key AS origin
  FROM everything SEMI JOIN joined_keys USING (user_key) WHERE said IS NULL;
CREATE OR REPLACE TABLE owners AS
  SELECT
    items.rowid AS row,
    coalesce(
      arg_max(links.owner, (links.ts, links.name)) FILTER (links.ts <= items.ts),
      arg_min(links.owner, (links.ts, links.name))
    ) AS owner
  FROM items JOIN links ON links.user_key = items.user_key
  WHERE items.ts > links.behind AND (up_to IS NULL OR items.ts <= up_to)
    AND (undone_behind IS NULL OR items.ts <= undone_behind)
    AND (merges OR NOT items.is_known)
  GROUP BY items.rowid;
CREATE OR REPLACE TABLE adopted AS
  SELECT * FROM everything ANTI JOIN joined_keys USING (user_key)
  UNION ALL
  SELECT * EXCLUDE (item, way, origin, row, owner, window_ms, max_hops, most_of_day) REPLACE (item AS id)
  FROM items LEFT JOIN owners ON owners.row = items.rowid, joined
  WHERE owner IS NULL OR owner = user_key OR list_contains(way, owner) OR len(way) >= max_hops
  QUALIFY row_number() OVER (PARTITION BY user_key, item ORDER BY origin <> user_key, origin, array_to_string(way, chr(10))) = 1;
