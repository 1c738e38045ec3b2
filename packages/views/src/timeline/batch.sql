-- The timelines of many users: their touches and conversions, numbered in the order (ts, id) of each user.
--
-- In:  members (user_key, ts, id, …)  deduplicated touches and conversions, see membersSql in sql.ts
-- Out: seq (from 1 within a user), and all columns of members but id
SELECT row_number() OVER (PARTITION BY user_key ORDER BY ts, id) AS seq, members.* EXCLUDE (id)
FROM members
