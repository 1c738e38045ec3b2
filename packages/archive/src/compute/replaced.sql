-- What of the base counts otherwise now.
--
-- In:  fresh, corrected; replaced, see reread.sql
-- Out: fresh and replaced, without the events that count as before
--      replaced_events, and the identities of those that do not
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE unchanged AS
  SELECT replaced.user_key, replaced.id
  FROM replaced JOIN fresh USING (user_key, id)
  WHERE replaced.channel IS NOT DISTINCT FROM fresh.channel AND replaced.campaign IS NOT DISTINCT FROM fresh.campaign
    AND replaced.cost IS NOT DISTINCT FROM fresh.cost AND replaced.value IS NOT DISTINCT FROM fresh.value
    AND replaced.corrected_by IS NOT DISTINCT FROM fresh.corrected_by AND replaced.dropped = fresh.dropped;
DELETE FROM fresh USING unchanged WHERE unchanged.user_key = fresh.user_key AND unchanged.id = fresh.id;
DELETE FROM replaced USING unchanged WHERE unchanged.user_key = replaced.user_key AND unchanged.id = replaced.id;
INSERT INTO replaced_events SELECT user_key, id FROM replaced;
