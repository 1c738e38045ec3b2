-- Law 9: of whom nothing counts any longer, and from where on something does again. The same that the speed layer does line by line
-- (services/speed/src/apply/apply-erasure.ts).
--
-- In:  fresh (…, user_key, position, entry_index, type)  all arrivals, with the records that say so
--      erased_before (user_key)  those among their users who were erased when the base was cut
-- Out: forgotten (user_key, is_now, lifted)  `lifted`: the place after which events count; NULL: nothing counts
--      erased_now (user_key)  whose events in the base go
--      fresh without what does not count, and without the records
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE erasures AS
  SELECT user_key, type, {'position': position, 'entry_index': entry_index} AS place
  FROM fresh WHERE type IN ('tributary.erase', 'tributary.lift');
CREATE OR REPLACE TABLE forgotten AS
  WITH last_ones AS (SELECT user_key, max(place) AS place FROM erasures WHERE type = 'tributary.erase' GROUP BY user_key),
  begun AS (
    SELECT user_key, place, true AS is_now FROM last_ones
    UNION ALL SELECT user_key, NULL, false FROM erased_before ANTI JOIN last_ones USING (user_key)
  )
  SELECT begun.user_key, begun.is_now, min(lifts.place) AS lifted
  FROM begun LEFT JOIN erasures AS lifts
    ON lifts.user_key = begun.user_key AND lifts.type = 'tributary.lift' AND (begun.place IS NULL OR lifts.place > begun.place)
  GROUP BY begun.user_key, begun.is_now;
CREATE OR REPLACE TABLE erased_now AS SELECT user_key FROM forgotten WHERE is_now;
DELETE FROM fresh WHERE type IN ('tributary.erase', 'tributary.lift');
