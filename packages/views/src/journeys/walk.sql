-- Paths walked step by step.
--
-- In:  step, wanted  see steps.sql; decay, from the definitions
-- Out: walked  (path_no, i, place_no, channel_no, back_1 … back_4, weight, weights)  step i of a path, the channels of the steps
--              before it (as many as passages ask for, see sql.ts), its weight by age and the sum of weights up to it. A path without touches
--              walks one step, place 0.
--      path    (path_no, sign, filed_no, partition, is_null, repeats, ts, value, n, touches, changes, first_ts, decay_all, first_place, last_place, credited_place)  n steps, of which
--              `changes` begin or are of another channel than the one before
-- Statements end with a semicolon at the end of a line.
INSERT INTO step
  SELECT path_no, 0, 0, 0, true, false, 0 FROM wanted ANTI JOIN step USING (path_no);
CREATE OR REPLACE TABLE walked AS
  SELECT
    path_no, seq, place_no, channel_no, indirect, weight,
    (row_number() OVER walk)::INTEGER AS i, (sum(weight) OVER walk)::BIGINT AS weights,
    lag(channel_no, 1) OVER walk AS back_1, lag(channel_no, 2) OVER walk AS back_2,
    lag(channel_no, 3) OVER walk AS back_3, lag(channel_no, 4) OVER walk AS back_4
  FROM step JOIN decay ON decay.hour = step.age_hours
  WINDOW walk AS (PARTITION BY path_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
CREATE OR REPLACE TABLE path AS
  SELECT *
  FROM (
    SELECT
      path_no,
      count(*) AS n,
      count(CASE WHEN place_no > 0 THEN 1 END) AS touches,
      count(CASE WHEN back_1 IS DISTINCT FROM channel_no THEN 1 END) AS changes,
      min(seq) // 524288 AS first_ts,
      sum(weight)::BIGINT AS decay_all,
      (min(spot) & 4294967295)::INTEGER AS first_place, (max(spot) & 4294967295)::INTEGER AS last_place,
      -- Where last non-direct credits: an all-direct path goes to its last touch.
      coalesce((max(CASE WHEN indirect THEN spot END) & 4294967295)::INTEGER, last_place) AS credited_place
    FROM (SELECT *, i::BIGINT << 32 | place_no AS spot FROM walked)
    GROUP BY path_no
  )
  JOIN wanted USING (path_no);
