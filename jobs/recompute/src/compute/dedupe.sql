-- Law 3: of the events of one user with one id the first arrival in log order counts; later ones are duplicates.
-- Hashes only tell who is under suspicion; identity is compared in full.
--
-- In:  arrivals (partition, user_key, ts, id, type, channel, campaign, cost, value, currency, position, entry_index, identity)
--        identity = hash(user_key, id)
--      known (user_key, id)  identities among these that the base already holds
-- Out: fresh (partition, user_key, ts, id, type, channel, campaign, cost, value, currency)
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TEMP TABLE suspects AS
  SELECT identity FROM arrivals GROUP BY identity HAVING count(*) > 1
  UNION
  SELECT hash(user_key, id) FROM known;
CREATE OR REPLACE TEMP TABLE fresh AS
  SELECT * EXCLUDE (position, entry_index, identity)
  FROM arrivals ANTI JOIN suspects USING (identity)
  UNION ALL
  SELECT * EXCLUDE (position, entry_index, identity)
  FROM (
    SELECT *
    FROM arrivals SEMI JOIN suspects USING (identity)
    QUALIFY row_number() OVER (PARTITION BY user_key, id ORDER BY position, entry_index) = 1
  ) AS firsts
  ANTI JOIN known USING (user_key, id);
