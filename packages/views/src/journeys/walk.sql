-- Paths walked step by step.
--
-- In:  step, wanted, channel  see batch.sql; decay, attribution
-- Out: path    (path_no, sign, filed_no, value, is_null, touches, …)
--      walked  (path_no, i, n, place_no, channel_no, back_1 … back_4, …)
INSERT INTO step
  SELECT path_no, 0, 0, 0, true, false, 0 FROM wanted ANTI JOIN step USING (path_no);
CREATE OR REPLACE TEMP TABLE numbered AS
  SELECT
    path_no, seq, place_no, channel_no, indirect, weight,
    row_number() OVER walk AS steps, (sum(weight) OVER walk)::BIGINT AS weights,
    lag(channel_no, 1) OVER walk AS back_1, lag(channel_no, 2) OVER walk AS back_2,
    lag(channel_no, 3) OVER walk AS back_3, lag(channel_no, 4) OVER walk AS back_4
  FROM step JOIN decay ON decay.hour = step.age_hours
  WINDOW walk AS (ORDER BY path_no, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
CREATE OR REPLACE TEMP TABLE path AS
  SELECT *
  FROM (
    SELECT
      path_no,
      count(*) AS n,
      count(*) FILTER (WHERE place_no > 0) AS touches,
      min(seq) // 524288 AS first_ts,
      sum(weight)::BIGINT AS decay_all,
      min(steps) - 1 AS steps_ahead,
      min(weights - weight) AS weights_ahead,
      -- The step that last non-direct credits: an all-direct path goes to its last touch.
      coalesce(max(CASE WHEN indirect THEN seq END), max(seq)) AS credited_seq
    FROM numbered
    GROUP BY path_no
  )
  JOIN wanted USING (path_no);
CREATE OR REPLACE TEMP TABLE walked AS
  SELECT
    path.*,
    place_no, channel_no, weight,
    seq = credited_seq AS credited,
    steps - steps_ahead AS i,
    weights - weights_ahead AS decay_upto,
    CASE WHEN steps - steps_ahead > 1 THEN back_1 END AS back_1,
    CASE WHEN steps - steps_ahead > 2 THEN back_2 END AS back_2,
    CASE WHEN steps - steps_ahead > 3 THEN back_3 END AS back_3,
    CASE WHEN steps - steps_ahead > 4 THEN back_4 END AS back_4
  FROM numbered JOIN path USING (path_no);
CREATE OR REPLACE TEMP TABLE coalition AS
  SELECT
    path_no, filed_no, sign, value, is_null,
    CASE WHEN touches = 0 THEN '' WHEN channels > 20 THEN '(other)' ELSE names END AS channels
  FROM path JOIN (
    SELECT path_no, count(*) AS channels, string_agg(channel, chr(31) ORDER BY channel_no) AS names
    FROM (SELECT DISTINCT path_no, channel_no FROM walked) JOIN channel USING (channel_no)
    GROUP BY path_no
  ) USING (path_no);
CREATE OR REPLACE TEMP TABLE edge AS
WITH passed AS (
  SELECT filed_no, is_null, i = n AS is_last, transition_order AS k,
    CASE k WHEN 1 THEN back_1 WHEN 2 THEN back_2 WHEN 3 THEN back_3 ELSE back_4 END AS leaves,
    CASE WHEN k > 3 THEN back_3 END AS c3, CASE WHEN k > 2 THEN back_2 END AS c2, CASE WHEN k > 1 THEN back_1 END AS c1, channel_no AS c0,
    sum(sign) AS passed, sum(sign * value) AS value
  FROM walked, attribution
  WHERE touches > 0 AND (i >= k OR i = n)
  GROUP BY ALL
),
named AS (
  SELECT passed.*,
    concat_ws(chr(31), n3.channel, n2.channel, n1.channel, n0.channel) AS state,
    CASE WHEN leaves IS NULL THEN '' ELSE concat_ws(chr(31), leaving.channel, n3.channel, n2.channel, n1.channel) END AS before_state
  FROM passed JOIN channel AS n0 ON n0.channel_no = c0
    LEFT JOIN channel AS n1 ON n1.channel_no = c1
    LEFT JOIN channel AS n2 ON n2.channel_no = c2
    LEFT JOIN channel AS n3 ON n3.channel_no = c3
    LEFT JOIN channel AS leaving ON leaving.channel_no = leaves
)
SELECT filed_no, is_null, before_state AS "from", state AS "to", passed, 0 AS value FROM named
UNION ALL
SELECT filed_no, is_null, state, '', passed, value FROM named WHERE is_last;
