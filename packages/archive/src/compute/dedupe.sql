-- Law 3: of the events of one user with one id the first arrival in log order counts; later ones are duplicates.
-- Hashes only tell who is under suspicion; identity is compared in full.
--
-- In:  fresh (…, user_key, id, position, entry_index)  all arrivals
--      known (user_key, id)  identities among them that the base already holds
-- Out: fresh without the duplicates
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE suspects AS
  SELECT hash(user_key, id) AS identity FROM fresh GROUP BY identity HAVING count(*) > 1;
DELETE FROM fresh WHERE rowid IN (
  SELECT row FROM (
    SELECT rowid AS row, row_number() OVER (PARTITION BY user_key, id ORDER BY position, entry_index) AS arrival
    FROM fresh
    WHERE hash(user_key, id) IN (SELECT identity FROM suspects)
  )
  WHERE arrival > 1
);
DELETE FROM fresh USING known WHERE known.user_key = fresh.user_key AND known.id = fresh.id;
