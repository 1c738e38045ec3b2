-- Events by what the definitions count over all users.
--
-- In:  events (ts, channel, campaign, counted)  deduplicated and corrected; counted: see relation.ts
-- Out: day, count, version, value, events
SELECT day_text(day) AS day, count, version, value, events
FROM (
  SELECT
    day, split_part(line, chr(9), 1) AS count, split_part(line, chr(9), 2) AS version,
    CASE split_part(line, chr(9), 3)
      WHEN chr(1) || 'channel' THEN name_of(channel, 200)
      WHEN chr(1) || 'campaign' THEN name_of(campaign, 200)
      ELSE split_part(line, chr(9), 3)
    END AS value,
    count(*) AS events
  FROM (SELECT ts // 86400000 AS day, channel, campaign, unnest(string_split(counted, chr(10))) AS line FROM events WHERE counted IS NOT NULL)
  GROUP BY ALL
)
