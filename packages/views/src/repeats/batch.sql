-- Conversions of users who converted by the same type within the lookback before, by the set of channels on their path.
--
-- In:  coalition, filed  see journeys/
-- Out: day, type, channels, currency, partition, conversions
SELECT day, type, channels, currency, partition, repeats AS conversions
FROM coalition JOIN filed USING (filed_no)
WHERE NOT is_null AND repeats <> 0
