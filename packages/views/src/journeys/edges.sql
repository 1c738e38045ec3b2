-- Passages along the paths.
--
-- In:  walked, path  see walk.sql; channel, see steps.sql; attribution, from the definitions
-- Out: edge (filed_no, partition, is_null, from, to, journeys, value)  passages from state to state, states being the last k channels
--           (statesOf in channels.ts); the value lies on the edge to the end. Step i leaves the state of the k steps before it; a
--           path of k steps or fewer is one state.
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE edge AS
WITH passed AS (
  SELECT
    filed_no, partition, is_null, i = n AS is_last,
    CASE transition_order WHEN 1 THEN back_1 WHEN 2 THEN back_2 WHEN 3 THEN back_3 ELSE back_4 END AS left_no,
    CASE WHEN transition_order > 3 THEN back_3 END AS c3, CASE WHEN transition_order > 2 THEN back_2 END AS c2,
    CASE WHEN transition_order > 1 THEN back_1 END AS c1, channel_no AS c0,
    sum(sign) AS journeys, sum(sign * value) AS value
  FROM walked JOIN path USING (path_no), attribution
  WHERE touches > 0 AND (i >= transition_order OR i = n)
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
SELECT filed_no, partition, is_null, "from", "to", journeys, 0 AS value FROM named
UNION ALL
SELECT filed_no, partition, is_null, "to", '', journeys, value FROM named WHERE is_last;
