-- A path looks back over no more than the newest touches of its user (MAX_PATH_TOUCHES in path.ts), whatever their number.
--
-- In:  asked, crowded, timelines  see conversions.sql; attribution, from the definitions
-- Out: asked, with after_seq and held_after_seq no older than the touch before these
-- Statements end with a semicolon at the end of a line.
--
-- Few users have that many touches: only theirs are numbered.
CREATE OR REPLACE TABLE numbered AS
  SELECT
    user_key, seq, now, before,
    count(CASE WHEN now THEN 1 END) OVER up_to AS n, count(CASE WHEN before THEN 1 END) OVER up_to AS held_n
  FROM timelines
  WHERE kind = 'touch' AND user_key IN (FROM crowded)
  WINDOW up_to AS (PARTITION BY user_key ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
UPDATE asked
  SET after_seq = greatest(after_seq, beyond.seq), held_after_seq = greatest(held_after_seq, beyond.held_seq)
  FROM (
    WITH of_crowded AS (
      SELECT rowid AS row, user_key, seq FROM asked WHERE user_key IN (FROM crowded)
    ),
    last AS (
      SELECT row, of_crowded.user_key, n - path_touches AS n, held_n - path_touches AS held_n
      FROM of_crowded ASOF JOIN numbered ON numbered.user_key = of_crowded.user_key AND numbered.seq <= of_crowded.seq, attribution
    )
    SELECT row, coalesce(newer.seq, -1) AS seq, coalesce(held.seq, -1) AS held_seq
    FROM last
    LEFT JOIN numbered AS newer ON newer.user_key = last.user_key AND newer.n = last.n AND newer.now
    LEFT JOIN numbered AS held ON held.user_key = last.user_key AND held.held_n = last.held_n AND held.before
  ) AS beyond
  WHERE asked.rowid = beyond.row;
