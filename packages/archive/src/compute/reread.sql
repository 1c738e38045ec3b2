-- Events of the base that corrections of before, or those of now, say something of: as they were sent, to be corrected again.
--
-- In:  sent (…, user_key, id, ts, position, entry_index, is_member)  archived events of the ranges in which corrections changed
--      held (user_key, id, ts, …, corrected_by, dropped)  the base's events of these ranges
--      hits (user_key, id, …)  the arrivals that some correction of now changes
--      fresh, deduplicated
-- Out: replaced (the columns of held)  such events, as the base has them
--      fresh, and the first arrival of each
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE replaced AS
  SELECT * FROM held
  WHERE corrected_by IS NOT NULL OR (user_key, id) IN (SELECT (user_key, id) FROM hits);
CREATE OR REPLACE TABLE sent_first AS
  SELECT sent.* FROM sent SEMI JOIN replaced USING (user_key, id, ts)
  QUALIFY row_number() OVER (PARTITION BY user_key, id ORDER BY position, entry_index) = 1;
INSERT INTO fresh BY NAME SELECT * FROM sent_first;
