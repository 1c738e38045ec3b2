-- The timelines of many users: their touches and conversions, numbered in the order (ts, id) of each user. Users become
-- integers, for joining and sorting text millions of times is what would take the time.
--
-- In:  members (user_key, ts, id, …)  deduplicated touches and conversions, classified
-- Out: all columns of members but user_key and id, and user_no, seq (from 1 within a user)
WITH users AS (
  SELECT user_key, row_number() OVER () AS user_no FROM (SELECT DISTINCT user_key FROM members)
)
SELECT
  users.user_no,
  row_number() OVER (PARTITION BY users.user_no ORDER BY members.ts, members.id) AS seq,
  members.* EXCLUDE (user_key, id)
FROM members JOIN users USING (user_key)
