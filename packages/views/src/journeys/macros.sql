-- What the views of conversions' paths and of null paths have in common, as table macros.
--
-- In:  walked, path  see walk.sql; part, see parts.sql; channel, see steps.sql; attribution, from the definitions
-- Statements end with a semicolon at the end of a line.

-- Journeys by the set of channels on their path (coalitionOf in channels.ts): filed_no, channels, journeys, value.
CREATE OR REPLACE TEMP MACRO coalition(of_null) AS TABLE (
  WITH counted AS (
    SELECT
      filed_no,
      CASE WHEN len(parts) <= 20 THEN list_sort(list_transform(parts, part -> part.channel_no)) END AS channel_nos,
      sum(sign) AS journeys, sum(sign * value) AS value
    FROM path JOIN part USING (path_no)
    WHERE is_null = of_null
    GROUP BY ALL
  ),
  named AS (
    SELECT channel_nos, string_agg(CASE WHEN channel_no > 0 THEN channel ELSE '' END, chr(31) ORDER BY channel_no) AS channels
    FROM (SELECT channel_nos, unnest(channel_nos) AS channel_no FROM (SELECT DISTINCT channel_nos FROM counted)) JOIN channel USING (channel_no)
    GROUP BY channel_nos
  )
  SELECT filed_no, coalesce(channels, '(other)') AS channels, journeys, value
  FROM counted LEFT JOIN named USING (channel_nos)
);

-- Passages from state to state, states being the last k channels (statesOf in channels.ts): filed_no, from, to, journeys, value; the
-- value lies on the edge to the end. Step i leaves the state of the k steps before it; a path of k steps or fewer is one state.
CREATE OR REPLACE TEMP MACRO edge(of_null) AS TABLE (
  WITH passed AS (
    SELECT
      filed_no, i = n AS is_last, transition_order AS k,
      CASE k WHEN 1 THEN back_1 WHEN 2 THEN back_2 WHEN 3 THEN back_3 ELSE back_4 END AS left_no,
      CASE WHEN k > 3 THEN back_3 END AS c3, CASE WHEN k > 2 THEN back_2 END AS c2, CASE WHEN k > 1 THEN back_1 END AS c1, channel_no AS c0,
      sum(sign) AS journeys, sum(sign * value) AS value
    FROM walked JOIN path USING (path_no), attribution
    WHERE is_null = of_null AND touches > 0 AND (i >= k OR i = n)
    GROUP BY ALL
  ),
  named AS (
    SELECT
      passed.*,
      CASE WHEN left_no IS NULL THEN '' ELSE concat_ws(chr(31), n4.channel, n3.channel, n2.channel, n1.channel) END AS "from",
      concat_ws(chr(31), n3.channel, n2.channel, n1.channel, n0.channel) AS "to"
    FROM passed
      JOIN channel AS n0 ON n0.channel_no = c0
      LEFT JOIN channel AS n1 ON n1.channel_no = c1
      LEFT JOIN channel AS n2 ON n2.channel_no = c2
      LEFT JOIN channel AS n3 ON n3.channel_no = c3
      LEFT JOIN channel AS n4 ON n4.channel_no = left_no
  )
  SELECT filed_no, "from", "to", journeys, 0 AS value FROM named
  UNION ALL
  SELECT filed_no, "to", '', journeys, value FROM named WHERE is_last
);
