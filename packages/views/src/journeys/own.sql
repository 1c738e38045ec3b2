-- The steps of each channel on a path.
--
-- In:  walked  see walk.sql
-- Out: own   (path_no, channel_no, steps, seq)  the steps of the channel, in order: i << 32 | place_no; seq: of the first
-- Statements end with a semicolon at the end of a line.
--
-- One list for each channel: one row for each step, numbered by windows, takes half as long again. Lists do not spill while they are made, so where there
-- are many steps sql.ts asks for some of the paths at a time.
CREATE OR REPLACE TABLE own AS
  SELECT path_no, channel_no, list_sort(list(i::BIGINT << 32 | place_no)) AS steps, min(seq) AS seq
  FROM walked
  GROUP BY path_no, channel_no;
