-- Conversions and their value by the set of channels on their path.
--
-- In:  coalition, filed  see journeys/
-- Out: day, type, channels, currency, partition, conversions, valueMinor
SELECT day, type, channels, currency, partition, journeys AS conversions, value AS "valueMinor"
FROM coalition JOIN filed USING (filed_no)
WHERE NOT is_null
