-- Conversions that fresh events take over: held events that repeat a fresh one were conversions before, and are none now. That `fresh` of a
-- member means "now, and not before" does not hold for them; so all of their users' members are looked at twice, each time as fresh: as
-- they are now, and, to be taken away, as they were before. Such users are few.
--
-- In:  timelines, repeated  see once.sql
-- Out: timelines   of such users all fresh
--      before      (the columns of members) what such users had before, all fresh
--      taken_over  (user_key, id)  their repetitions that were there before
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TABLE turned AS
  SELECT DISTINCT user_key FROM repeated WHERE earlier_fresh AND NOT fresh;
CREATE OR REPLACE TABLE taken_over AS
  SELECT user_key, id FROM repeated WHERE NOT fresh AND user_key IN (FROM turned);
CREATE OR REPLACE TABLE before AS
  SELECT * EXCLUDE (seq) REPLACE (true AS fresh)
  FROM (FROM timelines UNION ALL SELECT * EXCLUDE (place, earlier_fresh) FROM repeated)
  WHERE NOT fresh AND user_key IN (FROM turned);
UPDATE timelines SET fresh = true WHERE NOT fresh AND user_key IN (FROM turned);
