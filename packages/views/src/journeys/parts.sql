-- What each channel has of a path.
--
-- In:  walked  see walk.sql
-- Out: own   (path_no, channel_no, i, own_i, own_n)  step i of the path is number own_i of its channel's own_n
--      part  (path_no, parts)  the distinct channels of the path, {i, channel_no}, in the order in which they first occur
-- Statements end with a semicolon at the end of a line.
CREATE OR REPLACE TEMP TABLE own AS
  SELECT
    path_no, channel_no, i,
    (row_number() OVER (PARTITION BY path_no, channel_no ORDER BY i))::INTEGER AS own_i,
    (count(*) OVER (PARTITION BY path_no, channel_no))::INTEGER AS own_n
  FROM walked;
CREATE OR REPLACE TEMP TABLE part AS
  SELECT path_no, list_sort(list({i: i, channel_no: channel_no})) AS parts
  FROM own
  WHERE own_i = 1
  GROUP BY path_no;
