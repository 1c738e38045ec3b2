-- Null paths by the set of channels on them.
--
-- In:  coalition, filed  see journeys/
-- Out: day, channels, nulls
SELECT day, channels, sum(sign) AS nulls
FROM coalition JOIN filed USING (filed_no)
WHERE is_null
GROUP BY ALL
