-- Conversions that are not a user's first order over each channel of their path, by which order they are over each.
--
-- In:  again, filed  see journeys/
-- Out: day, type, channels, numbers, currency, partition, conversions
SELECT day, type, channels, numbers, currency, partition, conversions
FROM again JOIN filed USING (filed_no)
WHERE conversions <> 0
