-- Null paths by the set of channels on them.
--
-- In:  coalition(), filed  see journeys/
-- Out: day, channels, nulls
SELECT day, channels, journeys AS nulls
FROM coalition(true) JOIN filed USING (filed_no)
