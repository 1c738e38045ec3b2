-- Null paths by the set of channels on them.
--
-- In:  coalition, filed  see journeys/
-- Out: day, channels, partition, nulls
SELECT day, channels, partition, journeys AS nulls
FROM coalition JOIN filed USING (filed_no)
WHERE is_null
